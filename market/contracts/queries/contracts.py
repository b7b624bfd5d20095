"""Reading contracts, and who may know of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, case, false, func, or_, select, true, tuple_
from sqlalchemy.orm import Session, aliased, contains_eager, joinedload

from market.accounts.models import Organisation
from market.accounts.rules import Actor, Role
from market.clock import china_day
from market.contracts.models import Attribution, Contract, ContractParty
from market.contracts.queries.rulebook import rule_set_named, rule_set_on
from market.contracts.rules import (
    SELLER_ROLES,
    UNDER_REVIEW,
    RuleSet,
    Side,
    Status,
    days_left,
    is_large,
    needs_experts,
    years_reached,
)
from market.db import Page, PageRequest, SortKey, paginate
from market.errors import NotFound
from market.matches.models import Suggestion
from market.reference.models import CodeEntry, Park, Region
from market.reference.queries import holidays_known, is_workday
from market.reference.rules import Scheme, region_prefix

_Seller = aliased(ContractParty, name="seller")
_Buyer = aliased(ContractParty, name="buyer")

CODE_COLUMNS: Mapping[str, Scheme] = {
    "type_code": Scheme.CONTRACT_TYPE,
    "subtype_code": Scheme.CONTRACT_SUBTYPE,
    "tech_field": Scheme.TECH_FIELD,
    "ip_kind": Scheme.IP_KIND,
    "licence_kind": Scheme.LICENCE_KIND,
    "plan_source": Scheme.PLAN_SOURCE,
    "seo": Scheme.SEO,
    "industry_code": Scheme.INDUSTRY,
    "payment_mode": Scheme.PAYMENT_MODE,
    "royalty_base": Scheme.ROYALTY_BASE,
    "currency": Scheme.CURRENCY,
}
"""Columns of a contract that hold a code, and the list it stands in."""

PARTY_CODE_COLUMNS: Mapping[str, Scheme] = {
    "nature_code": Scheme.PARTY_NATURE,
    "country_code": Scheme.PARTY_COUNTRY,
}
"""The same for a party."""


@dataclass(frozen=True, slots=True)
class Names:
    """Chinese names of the codes, regions and parks that some contracts mention."""

    codes: Mapping[tuple[Scheme, str], str]
    regions: Mapping[str, str]
    parks: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DescribedContract:
    """A contract with the names a reader needs beside its codes, and what follows from its rules.

    Attributes:
        contract: the contract.
        names: of its codes, regions and parks.
        is_large: whether a second approver decides.
        experts_needed: whether experts are heard before it is registered.
        days_left: days until the station must have decided, working days where those count; negative
            when overdue, None while no time runs or where nobody said what day it is.
        due_is_provisional: whether the last day lies in a year whose holidays are not announced.
    """

    contract: Contract
    names: Names
    is_large: bool
    experts_needed: bool
    days_left: int | None
    due_is_provisional: bool

    @property
    def version(self) -> int:
        """Version of the contract, for the ETag."""
        return self.contract.version


def get_contract(session: Session, actor: Actor, contract_id: int, *, lock: bool = False) -> Contract:
    """Return a contract with its parties, station and suggestion.

    Args:
        session: open session.
        actor: who is asking.
        contract_id: its primary key.
        lock: lock the row (PostgreSQL; SQLite has one writer anyway) and read it afresh.

    Raises:
        NotFound: there is none, or the actor may not know of it.
    """
    found = session.scalars(_one_contract(actor, lock=lock), {"contract_id": contract_id})
    contract: Contract | None = found.unique().one_or_none()
    if contract is None:
        raise NotFound("没有找到该合同。", code="contract-not-found")
    return contract


@lru_cache(maxsize=256)
def _one_contract(actor: Actor, *, lock: bool) -> Select[Any]:
    """Select one contract for an actor; kept, because making the statement costs more than running it."""
    statement = visible_contracts(actor).where(Contract.id == bindparam("contract_id"))
    if lock:
        statement = statement.with_for_update(of=Contract).execution_options(populate_existing=True)
    return statement


def list_contracts(
    session: Session,
    actor: Actor,
    *,
    page: PageRequest,
    today: date | None = None,
    status: Status | None = None,
    station_id: int | None = None,
    type_code: str | None = None,
    tech_field: str | None = None,
    registered_from: date | None = None,
    registered_to: date | None = None,
    mine: bool = False,
    overdue: bool | None = None,
) -> Page[DescribedContract]:
    """List the contracts the actor may know of, newest first, in a constant number of queries.

    Args:
        session: open session.
        actor: who is asking.
        page: cursor and limit.
        today: present day in China; needed to count days and to tell who is overdue.
        status: only this status.
        station_id: only at this station.
        type_code: only this contract type.
        tech_field: only this technical field.
        registered_from: only registered on this day or later.
        registered_to: only registered on this day or earlier.
        mine: only those that the actor's own organisation applies for.
        overdue: only those the station should have decided before today, or only the others.
    """
    statement = visible_contracts(actor)
    if status is not None:
        statement = statement.where(Contract.status == status)
    if station_id is not None:
        statement = statement.where(Contract.station_id == station_id)
    if type_code is not None:
        statement = statement.where(Contract.type_code == type_code)
    if tech_field is not None:
        statement = statement.where(Contract.tech_field == tech_field)
    if registered_from is not None:
        statement = statement.where(Contract.registered_on >= registered_from)
    if registered_to is not None:
        statement = statement.where(Contract.registered_on <= registered_to)
    if mine:
        own = actor.organisation_id  # nobody's, for an admin: parties outside the market have none either
        statement = statement.where(_applicant_id() == own if own is not None else false())
    if overdue is not None:
        statement = statement.where(is_overdue(today) if overdue else ~is_overdue(today))
    found = paginate(session, statement, order=[SortKey(Contract.id, descending=True)], page=page)
    return Page(describe(session, found.items, today=today), found.next_cursor)


def is_overdue(today: date | None) -> ColumnElement[bool]:
    """Return the condition that a contract's last day has passed and it is still undecided."""
    assert today is not None  # a filter on days needs a day
    return Contract.status.in_(UNDER_REVIEW) & (func.coalesce(Contract.due_on, today) < today)


def _applicant_id() -> ColumnElement[int | None]:
    return case((Contract.applicant == Side.BUYER, _Buyer.organisation_id), else_=_Seller.organisation_id)


def visible_contracts(actor: Actor) -> Select[Any]:
    """Select the contracts an actor may know of, with parties, station and suggestion."""
    return (
        select(Contract)
        .join(_Seller, Contract.seller)
        .join(_Buyer, Contract.buyer)
        .join(Contract.station)
        .options(
            contains_eager(Contract.seller.of_type(_Seller)),
            contains_eager(Contract.buyer.of_type(_Buyer)),
            contains_eager(Contract.station),
            joinedload(Contract.suggestion),
        )
        .where(_is_visible(actor))
    )


def _is_visible(actor: Actor) -> ColumnElement[bool]:
    """Both parties, the station, bureaus over it, brokers in charge or credited; no draft for a station."""
    if actor.role is Role.ADMIN:
        return true()
    if not actor.in_office:
        return false()
    if actor.role in SELLER_ROLES and actor.organisation_id is not None:
        return or_(
            _Seller.organisation_id == actor.organisation_id, _Buyer.organisation_id == actor.organisation_id
        )
    if actor.role is Role.BROKER and actor.user_id is not None:
        matched = Contract.suggestion_id.in_(
            select(Suggestion.id).where(Suggestion.broker_id == actor.user_id)
        ) | Contract.id.in_(
            select(Attribution.contract_id).where(
                Attribution.broker_id == actor.user_id, Attribution.withdrawn_at.is_(None)
            )
        )
        if actor.organisation_id is None:
            return matched
        # An agency is itself the party that applies under a brokerage contract (技术中介).
        return matched | or_(*(side.organisation_id == actor.organisation_id for side in (_Seller, _Buyer)))
    handed_in = Contract.status != Status.DRAFT
    if actor.role is Role.REGISTRAR and actor.organisation_id is not None:
        return (Contract.station_id == actor.organisation_id) & handed_in
    if actor.role is Role.BUREAU and actor.region_code is not None:
        prefix = region_prefix(actor.region_code)
        columns = (Organisation.region_code, _Seller.region_code, _Buyer.region_code)
        return or_(*(column.startswith(prefix) for column in columns)) & handed_in
    return false()


def rules_of(session: Session, contract: Contract) -> RuleSet:
    """Return the rules a contract stands under: those of its acceptance, or of its first day here."""
    if contract.rule_version is not None:
        return rule_set_named(session, contract.rule_version)
    return rule_set_on(session, contract.registered_on or china_day(contract.created_at))


def describe(
    session: Session, contracts: Sequence[Contract], *, today: date | None = None
) -> list[DescribedContract]:
    """Return contracts with the names of their codes, read in a few queries for all of them.

    Parties, station and suggestion are loaded too where they are not, so that a described
    contract can be shown after the session ends.

    Args:
        session: open session.
        contracts: rows to show.
        today: present day in China; without it no days are counted.
    """
    codes: set[tuple[Scheme, str]] = set()
    regions: set[str] = set()
    parks: set[str] = set()
    for contract in contracts:
        codes |= _codes_in(contract, CODE_COLUMNS)
        regions.add(contract.station.region_code)
        for party in (contract.seller, contract.buyer):
            codes |= _codes_in(party, PARTY_CODE_COLUMNS)
            regions.update(filter(None, [party.region_code]))
            parks.update(filter(None, [party.park_code]))
        _ = contract.suggestion
    names = Names(
        codes=_code_names(session, codes),
        regions=_names(session, Region, regions),
        parks=_names(session, Park, parks),
    )
    return [_described(session, contract, names, today=today) for contract in contracts]


def _described(
    session: Session, contract: Contract, names: Names, *, today: date | None
) -> DescribedContract:
    rules = rules_of(session, contract)
    left, guessed = _time_left(session, contract, rules, today=today)
    return DescribedContract(
        contract=contract,
        names=names,
        is_large=is_large(
            rules, total_amount_fen=contract.total_amount_fen, tech_amount_fen=contract.tech_amount_fen
        ),
        experts_needed=needs_review(contract, rules),
        days_left=left,
        due_is_provisional=guessed,
    )


def needs_review(contract: Contract, rules: RuleSet) -> bool:
    """Tell whether experts are to be heard about a contract: by its amount, or because they were called."""
    return contract.experts_called or needs_experts(
        rules, total_amount_fen=contract.total_amount_fen, tech_amount_fen=contract.tech_amount_fen
    )


def _time_left(
    session: Session, contract: Contract, rules: RuleSet, *, today: date | None
) -> tuple[int | None, bool]:
    """Return the days left and whether the last day is provisional."""
    accepted, due = contract.accepted_on, contract.due_on
    if contract.status not in UNDER_REVIEW or accepted is None or due is None:
        return None, False
    guessed = rules.working_days and not all(
        holidays_known(session, year) for year in years_reached(accepted, due)
    )
    if today is None:
        return None, guessed
    calendar = is_workday(session)
    return days_left(today, due, working_days=rules.working_days, is_workday=calendar), guessed


def describe_one(session: Session, contract: Contract, *, today: date | None = None) -> DescribedContract:
    """Return one contract with the names of its codes, after writing what is pending."""
    session.flush()  # draws the new version for the ETag
    return describe(session, [contract], today=today)[0]


def _codes_in(row: Contract | ContractParty, columns: Mapping[str, Scheme]) -> set[tuple[Scheme, str]]:
    pairs = ((scheme, getattr(row, column)) for column, scheme in columns.items())
    return {(scheme, code) for scheme, code in pairs if code is not None}


def _code_names(session: Session, wanted: Iterable[tuple[Scheme, str]]) -> dict[tuple[Scheme, str], str]:
    pairs = sorted(wanted)
    if not pairs:
        return {}
    rows = session.execute(
        select(CodeEntry.scheme, CodeEntry.code, CodeEntry.name).where(
            tuple_(CodeEntry.scheme, CodeEntry.code).in_(pairs)
        )
    )
    return {(scheme, code): name for scheme, code, name in rows}


def _names(session: Session, model: type[Region | Park], codes: set[str]) -> dict[str, str]:
    if not codes:
        return {}
    rows = session.execute(select(model.code, model.name).where(model.code.in_(sorted(codes))))
    return {row.code: row.name for row in rows}
