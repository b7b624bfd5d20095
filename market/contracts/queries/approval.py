"""What an approval has to know besides the contract itself, in one statement.

Stations approve all day long, and each question by itself costs more in asking than in answering.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, String, bindparam, func, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from market.accounts.rules import Actor
from market.contracts.models import Contract, ContractEvent, ContractParty, RegistrationRules, StationDuty
from market.contracts.queries.contracts import CODE_COLUMNS, Names, rules_of
from market.contracts.queries.rulebook import RULE_COLUMNS, rule_set_of
from market.contracts.queries.station import holds
from market.contracts.rules import Action, Duty, RuleSet
from market.reference.models import CodeEntry, Region
from market.reference.rules import Scheme

PRINTED_CODES: Mapping[str, str] = {
    "type_name": "type_code",
    "subtype_name": "subtype_code",
    "tech_field_name": "tech_field",
    "ip_kind_name": "ip_kind",
}
"""What a certificate prints of a contract's codes, and the column each of them stands in."""


@dataclass(frozen=True, slots=True)
class ApprovalFacts:
    """What decides on an approval, and what the certificate prints.

    Attributes:
        rules: the rules the contract stands under.
        duties: the actor's at the contract's station.
        examined_by: who took the last examination; None where there was none.
        escalated_by: who passed it on to a second review last; None where nobody did.
        registered_as: number of another registration of the same contract that counts.
        names: of the codes that are printed, and of both parties' regions and countries.
    """

    rules: RuleSet
    duties: frozenset[Duty]
    examined_by: int | None
    escalated_by: int | None
    registered_as: str | None
    names: Names


def approval_facts(session: Session, actor: Actor, contract: Contract, *, day: date) -> ApprovalFacts:
    """Return what an approval of a locked contract has to know.

    Args:
        session: open transaction, nothing pending in it.
        actor: who approves; may be anybody who knows of the contract.
        contract: locked before, so that nobody adds a step to it meanwhile.
        day: present day in China.

    Raises:
        NotFound, Unavailable: as `rules_of`.
    """
    row = (
        session.connection()
        .execute(
            _FACTS,
            {
                "contract_id": contract.id,
                "user_id": actor.user_id,
                "day": day,
                "identity": contract.identity,
            },
        )
        .one()
    )
    return ApprovalFacts(
        rules=rule_set_of(row) if row.version is not None else rules_of(session, contract),
        duties=frozenset(map(Duty, filter(None, (row.duties or "").split(",")))),
        examined_by=row.examined_by,
        escalated_by=row.escalated_by,
        registered_as=row.registered_as,
        names=_names(contract, row),
    )


def _names(contract: Contract, row: Row[Any]) -> Names:
    codes = {
        (CODE_COLUMNS[column], getattr(contract, column)): getattr(row, shown)
        for shown, column in PRINTED_CODES.items()
    }
    regions = {}
    for party, region, country in (
        (contract.seller, row.seller_region, row.seller_country),
        (contract.buyer, row.buyer_region, row.buyer_country),
    ):
        codes[(Scheme.PARTY_COUNTRY, party.country_code)] = country
        regions[party.region_code] = region
    known = {code: name for code, name in regions.items() if code is not None and name is not None}
    return Names({key: name for key, name in codes.items() if name is not None}, known, {})


def _last_actor(action: Action) -> ColumnElement[int | None]:
    return (
        select(ContractEvent.actor_id)
        .where(ContractEvent.contract_id == Contract.id, ContractEvent.action == action)
        .order_by(ContractEvent.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def _code_name(scheme: Scheme, column: InstrumentedAttribute[Any]) -> ColumnElement[str | None]:
    return (
        select(CodeEntry.name).where(CodeEntry.scheme == scheme, CodeEntry.code == column).scalar_subquery()
    )


def _region_name(column: InstrumentedAttribute[str | None]) -> ColumnElement[str | None]:
    return select(Region.name).where(Region.code == column).scalar_subquery()


def _facts() -> Select[Any]:
    seller, buyer, other = aliased(ContractParty), aliased(ContractParty), aliased(Contract)
    duties = func.aggregate_strings(type_coerce(StationDuty.duty, String), ",")
    held = holds(bindparam("user_id"), Contract.station_id, day=bindparam("day"))
    registered = select(other.reg_no).where(
        other.live_identity == bindparam("identity"), other.id != Contract.id
    )
    printed = {
        shown: _code_name(CODE_COLUMNS[column], getattr(Contract, column))
        for shown, column in PRINTED_CODES.items()
    }
    answers: dict[str, ColumnElement[Any]] = {
        "duties": select(duties).where(held).correlate(Contract).scalar_subquery(),
        "examined_by": _last_actor(Action.EXAMINE),
        "escalated_by": _last_actor(Action.ESCALATE),
        "registered_as": registered.scalar_subquery(),
        "seller_region": _region_name(seller.region_code),
        "seller_country": _code_name(Scheme.PARTY_COUNTRY, seller.country_code),
        "buyer_region": _region_name(buyer.region_code),
        "buyer_country": _code_name(Scheme.PARTY_COUNTRY, buyer.country_code),
        **printed,
    }
    return (
        select(*RULE_COLUMNS, *(answer.label(name) for name, answer in answers.items()))
        .select_from(Contract)
        .join(seller, Contract.seller_id == seller.id)
        .join(buyer, Contract.buyer_id == buyer.id)
        .outerjoin(RegistrationRules, RegistrationRules.version == Contract.rule_version)
        .where(Contract.id == bindparam("contract_id"))
    )


_FACTS = _facts()
