"""Registrations made elsewhere, many at once: the same checks and the same rows as one by one.

Years of old registrations come in files of a hundred thousand rows. What `enter_registered_contract`
asks the database for each of them is asked here once for all, and rows are written in bulk. No
certificates are issued: the contracts got theirs where they were registered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import REGCLASS
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from market.accounts.models import Organisation
from market.accounts.rules import Actor, OrganisationStatus
from market.audit.models import AuditEvent
from market.contracts.form_rules import CHINA_CODE, applicant_of, contract_identity
from market.contracts.ledger import Ledger, RegisteredParty, Registration
from market.contracts.models import Contract, ContractEvent, ContractParty
from market.contracts.rules import Action, Status
from market.contracts.service.bulk_rows import write_rows
from market.contracts.service.form import (
    FIELDS,
    PARTY_FIELDS,
    SIDES,
    to_json,
)
from market.contracts.service.registered_elsewhere import RegisteredElsewhere, among
from market.contracts.service.registration import check_entry, duplicate
from market.errors import Conflict, MarketError
from market.reference.models import Park, Region

ATTEMPTS = 3
"""How often a batch is tried while others register the same contracts at the same moment."""


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What became of each row, by its place in the sequence that was handed in.

    Attributes:
        entered: ids of the contracts that are registered now.
        refused: why the others are not.
    """

    entered: Mapping[int, int]
    refused: Mapping[int, MarketError]


@dataclass(frozen=True, slots=True)
class _Checked:
    """A row whose form holds; whether its contract is here already is not known yet."""

    place: int
    row: RegisteredElsewhere
    form: Mapping[str, Any]
    station: Organisation
    rule_version: str
    identity: str


def enter_registered_contracts(
    session: Session,
    actor: Actor,
    rows: Sequence[RegisteredElsewhere],
    *,
    ledger: Ledger,
    now: datetime,
) -> BulkResult:
    """Enter contracts that were registered elsewhere; a row that is refused stops no other.

    Of two rows about one contract, or with one number, the first is entered.

    Args:
        session: open transaction.
        actor: an admin, or a registrar of the station in each form.
        rows: some thousands at most; they are kept in memory.
        ledger: takes the registrations' lines.
        now: present time.

    Returns:
        The new contracts, and for the other rows the error `enter_registered_contract` raises.

    Raises:
        IntegrityError: others kept registering the same contracts; the caller may try again.
    """
    _hold_places(session, rows)
    checked: list[_Checked] = []
    refused: dict[int, MarketError] = {}
    for place, row in enumerate(rows):
        try:
            checked.append(_check(session, actor, place, row=row, now=now))
        except MarketError as error:
            refused[place] = error
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with session.begin_nested():
                entered, taken = _enter(session, actor, checked, ledger=ledger, now=now)
        except IntegrityError:  # a unique number or contract came in from elsewhere since we looked
            if attempt == ATTEMPTS:
                raise
        else:
            return BulkResult(entered, refused | taken)
    raise AssertionError("the last attempt returns or raises")


def _hold_places(session: Session, rows: Iterable[RegisteredElsewhere]) -> None:
    """Read the regions and parks of all forms at once and hold them, so that no form asks for its own."""
    parties = [party for row in rows for side in SIDES if (party := row.form.get(side))]
    held = session.info.setdefault("bulk_places", [])
    for column, name in ((Region.code, "region_code"), (Park.code, "park_code")):
        wanted = {party[name] for party in parties if party.get(name) is not None}
        held += session.scalars(select(column.class_).where(among(session, column, wanted)))


def _check(
    session: Session, actor: Actor, place: int, *, row: RegisteredElsewhere, now: datetime
) -> _Checked:
    entry = check_entry(
        session, actor, form=row.form, registered_on=row.registered_on, reg_no=row.reg_no, now=now
    )
    form = entry.form
    seller, buyer = form["seller"], form["buyer"]
    identity = contract_identity(
        seller=seller["uscc"] or seller["name"],
        buyer=buyer["uscc"] or buyer["name"],
        project_name=form["project_name"],
        total_amount_fen=form["total_amount_fen"],
        signed_on=form["signed_on"],
    )
    return _Checked(place, row, form, entry.station, entry.rules.version, identity)


def _enter(
    session: Session, actor: Actor, checked: Sequence[_Checked], *, ledger: Ledger, now: datetime
) -> tuple[dict[int, int], dict[int, MarketError]]:
    taken = _Taken(session, checked)
    refused: dict[int, MarketError] = {}
    entering: list[_Checked] = []
    for one in checked:
        error = taken.refusal(one)
        if error is None:
            taken.add(one)
            entering.append(one)
        else:
            refused[one.place] = error
    if not entering:
        return {}, refused
    ids = _insert(session, actor, entering, now=now)
    ledger.post_registrations(
        session,
        [_registration(one, contract_id) for one, contract_id in zip(entering, ids, strict=True)],
        now=now,
    )
    return {one.place: contract_id for one, contract_id in zip(entering, ids, strict=True)}, refused


class _Taken:
    """Numbers and contracts that are here already, from before or from an earlier row."""

    def __init__(self, session: Session, checked: Sequence[_Checked]) -> None:
        self._held: dict[tuple[str, str], tuple[int, str | None, str | None]] = {}
        self._last = 0
        wanted: tuple[tuple[InstrumentedAttribute[Any], set[str]], ...] = (
            (Contract.reg_no, {one.row.reg_no for one in checked}),
            (Contract.live_identity, {one.identity for one in checked}),
            (Contract.external_id, {one.row.external_id for one in checked if one.row.external_id}),
        )
        for column, values in wanted:
            holders = select(Contract.id, column, Contract.reg_no, Contract.external_id)
            for contract_id, value, reg_no, external_id in session.execute(
                holders.where(among(session, column, values))
            ):
                self._held[column.key, value] = (contract_id, reg_no, external_id)
                self._last = max(self._last, contract_id)

    def refusal(self, one: _Checked) -> MarketError | None:
        """Return what stands against a row; of several contracts in its way the oldest is named."""
        holders = [self._held[key] for key in _keys(one) if key in self._held]
        if not holders:
            return None
        _, reg_no, external_id = min(holders)
        if one.row.external_id is not None and external_id == one.row.external_id:
            return Conflict("该外部编号的合同已经录入。", code="external-id-taken")
        if reg_no == one.row.reg_no:
            return Conflict("该登记编号已被使用。", code="reg-no-taken")
        return duplicate(reg_no)

    def add(self, one: _Checked) -> None:
        """Count a row among those that are here; it is younger than all before."""
        self._last += 1
        for key in _keys(one):
            self._held[key] = (self._last, one.row.reg_no, one.row.external_id)


def _keys(one: _Checked) -> Iterator[tuple[str, str]]:
    yield "reg_no", one.row.reg_no
    yield "live_identity", one.identity
    if one.row.external_id is not None:
        yield "external_id", one.row.external_id


def _insert(session: Session, actor: Actor, entering: Sequence[_Checked], *, now: datetime) -> Sequence[int]:
    """Write parties, contracts, events and audit records; return the contracts' ids in order."""
    ids = _reserve(session, Contract, len(entering))
    organisations = _organisations_by_uscc(session, entering)
    party_ids = iter(_reserve(session, ContractParty, len(SIDES) * len(entering)))
    parties: list[dict[str, Any]] = []
    contracts: list[dict[str, Any]] = []
    for one, contract_id in zip(entering, ids, strict=True):
        ends = {}
        for side in SIDES:
            party = one.form[side]
            ends[f"{side}_id"] = party_id = next(party_ids)
            parties.append(
                {
                    "id": party_id,
                    "organisation_id": organisations.get(party["uscc"]),
                    **{name: party[name] for name in PARTY_FIELDS},
                }
            )
        contracts.append(
            {
                "id": contract_id,
                **ends,
                **{name: one.form[name] for name in FIELDS},
                "status": Status.REGISTERED,
                "station_id": one.station.id,
                "external_id": one.row.external_id,
                "reg_no": one.row.reg_no,
                "rule_version": one.rule_version,
                "registered_on": one.row.registered_on,
                "live_identity": one.identity,
                "applicant": applicant_of(one.form),
                "abroad": any(one.form[side]["country_code"] != CHINA_CODE for side in SIDES),
                "created_by": actor.user_id,
                "created_at": now,
            }
        )
    write_rows(session, ContractParty, parties)
    write_rows(session, Contract, contracts)
    write_rows(
        session,
        ContractEvent,
        [
            {
                "contract_id": contract_id,
                "action": Action.REGISTER,
                "source": None,
                "target": Status.REGISTERED,
                "actor_id": actor.user_id,
                "snapshot": to_json(one.form),
                "at": now,
            }
            for one, contract_id in zip(entering, ids, strict=True)
        ],
    )
    details = {"from": None, "to": Status.REGISTERED.value}
    write_rows(
        session,
        AuditEvent,
        [
            {
                "at": now,
                "actor_id": actor.user_id,
                "action": f"contract.{Action.REGISTER.value}",
                "entity": "contract",
                "entity_id": contract_id,
                "details": details,
            }
            for contract_id in ids
        ],
    )
    return ids


def _reserve(session: Session, model: type[Contract | ContractParty], count: int) -> Sequence[int]:
    """Return ids nobody else will use, in ascending order.

    SQLite has one writer, and this transaction is it.
    """
    if session.get_bind().dialect.name == "sqlite":
        last = session.scalar(select(func.max(model.id))) or 0
        return range(last + 1, last + 1 + count)
    sequence = func.cast(func.pg_get_serial_sequence(model.__tablename__, "id"), REGCLASS)
    return sorted(session.scalars(select(func.nextval(sequence)).select_from(func.generate_series(1, count))))


def _organisations_by_uscc(session: Session, entering: Iterable[_Checked]) -> dict[str | None, int]:
    """Only a verified organisation is linked, as in `write_form`."""
    codes = {one.form[side]["uscc"] for one in entering for side in SIDES} - {None}
    rows = session.execute(
        select(Organisation.uscc, Organisation.id).where(
            among(session, Organisation.uscc, codes), Organisation.status == OrganisationStatus.VERIFIED
        )
    )
    return {row.uscc: row.id for row in rows}


def _registration(one: _Checked, contract_id: int) -> Registration:
    form = one.form
    return Registration(
        contract_id=contract_id,
        contract_version=1,
        registered_on=one.row.registered_on,
        station_id=one.station.id,
        station_region=one.station.region_code,
        station_park=one.station.park_code,
        seller=_party(form["seller"]),
        buyer=_party(form["buyer"]),
        type_code=form["type_code"],
        subtype_code=form["subtype_code"],
        tech_field=form["tech_field"],
        ip_kind=form["ip_kind"],
        plan_source=form["plan_source"],
        total_fen=form["total_amount_fen"],
        tech_fen=form["tech_amount_fen"],
    )


def _party(party: Mapping[str, Any]) -> RegisteredParty:
    return RegisteredParty(
        country_code=party["country_code"],
        region_code=party["region_code"],
        park_code=party["park_code"],
        nature_code=party["nature_code"],
    )
