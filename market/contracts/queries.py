"""Reading contracts, and who may know of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, false, or_, select, true, tuple_
from sqlalchemy.orm import Session, aliased, contains_eager, joinedload

from market.accounts.models import Organisation
from market.accounts.rules import Actor, Role
from market.contracts.models import Contract, ContractEvent, ContractParty, ContractRequest
from market.contracts.rules import SELLER_ROLES, Action, Status
from market.db import Page, PageRequest, SortKey, paginate
from market.errors import NotFound
from market.matches.models import Suggestion
from market.reference.models import CodeEntry, Park, Region
from market.reference.queries import code_names
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
    """A contract with the names a reader needs beside its codes."""

    contract: Contract
    names: Names

    @property
    def version(self) -> int:
        """Version of the contract, for the ETag."""
        return self.contract.version


@dataclass(frozen=True, slots=True)
class DescribedEvent:
    """A step of a contract with the name of its reason."""

    event: ContractEvent
    reason_name: str | None


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
    statement = _visible_contracts(actor).where(Contract.id == contract_id)
    if lock:
        statement = statement.with_for_update(of=Contract).execution_options(populate_existing=True)
    contract: Contract | None = session.scalars(statement).unique().one_or_none()
    if contract is None:
        raise NotFound("没有找到该合同。", code="contract-not-found")
    return contract


def list_contracts(
    session: Session,
    actor: Actor,
    *,
    page: PageRequest,
    status: Status | None = None,
    station_id: int | None = None,
    type_code: str | None = None,
    tech_field: str | None = None,
    registered_from: date | None = None,
    registered_to: date | None = None,
    mine: bool = False,
) -> Page[DescribedContract]:
    """List the contracts the actor may know of, newest first, in a constant number of queries.

    Args:
        session: open session.
        actor: who is asking.
        page: cursor and limit.
        status: only this status.
        station_id: only at this station.
        type_code: only this contract type.
        tech_field: only this technical field.
        registered_from: only registered on this day or later.
        registered_to: only registered on this day or earlier.
        mine: only those that the actor's own organisation sells under.
    """
    statement = _visible_contracts(actor)
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
        statement = statement.where(_Seller.organisation_id == own if own is not None else false())
    found = paginate(session, statement, order=[SortKey(Contract.id, descending=True)], page=page)
    return Page(describe(session, found.items), found.next_cursor)


def _visible_contracts(actor: Actor) -> Select[Any]:
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
    """Both parties, the station, bureaus concerned and the broker; a draft is not yet the station's."""
    if actor.role is Role.ADMIN:
        return true()
    if actor.role in SELLER_ROLES and actor.organisation_id is not None:
        return or_(
            _Seller.organisation_id == actor.organisation_id, _Buyer.organisation_id == actor.organisation_id
        )
    if actor.role is Role.BROKER and actor.user_id is not None:
        return Contract.suggestion_id.in_(select(Suggestion.id).where(Suggestion.broker_id == actor.user_id))
    handed_in = Contract.status != Status.DRAFT
    if actor.role is Role.REGISTRAR and actor.organisation_id is not None:
        return (Contract.station_id == actor.organisation_id) & handed_in
    if actor.role is Role.BUREAU and actor.region_code is not None:
        prefix = region_prefix(actor.region_code)
        columns = (Organisation.region_code, _Seller.region_code, _Buyer.region_code)
        return or_(*(column.startswith(prefix) for column in columns)) & handed_in
    return false()


def list_events(session: Session, actor: Actor, contract_id: int) -> list[DescribedEvent]:
    """Return the steps of a contract, oldest first.

    Raises:
        NotFound: there is no such contract, or the actor may not know of it.
    """
    get_contract(session, actor, contract_id)
    events = session.scalars(
        select(ContractEvent).where(ContractEvent.contract_id == contract_id).order_by(ContractEvent.id)
    )
    reasons = code_names(session, Scheme.REFUSAL_REASON)
    return [DescribedEvent(event, reasons.get(event.reason_code or "")) for event in events]


def list_requests(session: Session, actor: Actor, contract_id: int) -> list[ContractRequest]:
    """Return what was asked to be done with a registered contract, oldest first.

    Raises:
        NotFound: there is no such contract, or the actor may not know of it.
    """
    get_contract(session, actor, contract_id)
    return list(
        session.scalars(
            select(ContractRequest)
            .where(ContractRequest.contract_id == contract_id)
            .order_by(ContractRequest.id)
        )
    )


def get_request(session: Session, actor: Actor, request_id: int) -> ContractRequest:
    """Return one request of a contract that the actor may know of.

    Raises:
        NotFound: there is none, or the actor may not know of its contract.
    """
    request = session.get(ContractRequest, request_id)
    if request is None:
        raise NotFound("没有找到该变更或注销申请。", code="contract-request-not-found")
    get_contract(session, actor, request.contract_id)
    return request


def find_open_request(session: Session, contract_id: int) -> ContractRequest | None:
    """Return the request of a contract that awaits the station's answer, if any; there is at most one."""
    return session.scalar(
        select(ContractRequest).where(
            ContractRequest.contract_id == contract_id, ContractRequest.decided_at.is_(None)
        )
    )


def find_last_event(session: Session, contract_id: int, action: Action) -> ContractEvent | None:
    """Return the latest step of this kind a contract has taken."""
    return session.scalar(
        select(ContractEvent)
        .where(ContractEvent.contract_id == contract_id, ContractEvent.action == action)
        .order_by(ContractEvent.id.desc())
        .limit(1)
    )


def describe(session: Session, contracts: Sequence[Contract]) -> list[DescribedContract]:
    """Return contracts with the names of their codes, read in three queries for all of them.

    Parties, station and suggestion are loaded too where they are not, so that a described
    contract can be shown after the session ends.
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
    return [DescribedContract(contract, names) for contract in contracts]


def describe_one(session: Session, contract: Contract) -> DescribedContract:
    """Return one contract with the names of its codes, after writing what is pending."""
    session.flush()  # draws the new version for the ETag
    return describe(session, [contract])[0]


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
