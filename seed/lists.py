"""Resources, key technologies, agencies and consortia of the sample market, played through the services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select

from market.accounts.rules import OrganisationKind
from market.clock import china_day
from market.libraries.models import AgencyFiling, Booking, ChainNode, KeyTechnology, Resource
from market.libraries.rules import EntryKind
from market.libraries.service.records import add_member, add_recognition, record_evaluation
from market.libraries.service.resources import book, complete_booking, decide_booking
from market.libraries.service.technologies import link_need, record_progress
from market.listings.models import Need
from seed.deeds import DRAFTED, Deed, Desk, day_of, fen
from seed.records import read

RESOURCE_FIELDS = (
    "category", "level", "place", "model", "min_trl", "max_trl", "area_m2", "opening_terms", "bookable",
    "open_weekdays", "contact",
)  # fmt: skip


def resource_deeds(desk: Desk) -> Iterator[Deed]:
    """Yield what is done with resources and their bookings."""
    for row in read("resources"):
        yield Deed(day_of(row), partial(_resource, desk, row))
        yield from _evaluations(desk, Resource, row)
        for booking in row.get("bookings", ()):
            yield from _booking(desk, row, booking)


def _resource(desk: Desk, row: Mapping[str, Any], now: datetime) -> None:
    form = desk.common(row) | {name: row[name] for name in RESOURCE_FIELDS if name in row}
    form |= {name: time.fromisoformat(row[name]) for name in ("opens_at", "closes_at") if name in row}
    fee = row.get("fee_yuan_per_hour")
    form["value_fen"] = fen(row.get("value_wan"))
    form["fee_fen_per_hour"] = None if fee is None else fee * 100
    resource = desk.draft(EntryKind.RESOURCE, form, now=now)
    _recognise(desk, resource.id, row, now=now - DRAFTED)
    desk.hand_in(resource, now=now)


def _booking(desk: Desk, row: Mapping[str, Any], booking: Mapping[str, Any]) -> Iterator[Deed]:
    asked_on = day_of(booking, "asked_on")
    yield Deed(asked_on, partial(_book, desk, row, booking))
    if booking["confirmed"]:
        yield Deed(asked_on + timedelta(days=1), partial(_confirm, desk, row, booking))
    if "used_minutes" in booking:
        ended_on = china_day(datetime.fromisoformat(booking["ends_at"]))
        yield Deed(ended_on + timedelta(days=1), partial(_complete, desk, row, booking))


def _book(desk: Desk, row: Mapping[str, Any], booking: Mapping[str, Any], now: datetime) -> None:
    book(
        desk.session,
        desk.member(booking["by"]),
        desk.find(Resource, row["external_id"]).id,
        starts_at=datetime.fromisoformat(booking["starts_at"]),
        ends_at=datetime.fromisoformat(booking["ends_at"]),
        purpose=booking["purpose"],
        now=now,
    )


def _booked(desk: Desk, row: Mapping[str, Any], booking: Mapping[str, Any]) -> int:
    resource = desk.find(Resource, row["external_id"])
    starts_at = datetime.fromisoformat(booking["starts_at"])
    mine = select(Booking.id).where(Booking.resource_id == resource.id, Booking.starts_at == starts_at)
    return desk.session.scalars(mine).one()


def _confirm(desk: Desk, row: Mapping[str, Any], booking: Mapping[str, Any], now: datetime) -> None:
    minder, booked = desk.member(row["organisation"]), _booked(desk, row, booking)
    decide_booking(desk.session, minder, booked, accepted=True, note=None, now=now)


def _complete(desk: Desk, row: Mapping[str, Any], booking: Mapping[str, Any], now: datetime) -> None:
    complete_booking(
        desk.session,
        desk.member(row["organisation"]),
        _booked(desk, row, booking),
        used_minutes=booking["used_minutes"],
        charged_fen=None,
        now=now,
    )


def technology_deeds(desk: Desk) -> Iterator[Deed]:
    """Yield what is done with key technologies."""
    for row in read("technologies"):
        yield Deed(day_of(row), partial(_technology, desk, row))
        for step in row["progress"]:
            yield Deed(day_of(step, "on"), partial(_progress, desk, row, step))


def _technology(desk: Desk, row: Mapping[str, Any], now: datetime) -> None:
    form = desk.common(row) | {name: row[name] for name in ("indicators", "gap", "gap_public")}
    form["node_id"] = desk.find(ChainNode, row["node"]).id
    technology = desk.draft(EntryKind.TECHNOLOGY, form, now=now)
    for number in row["needs"]:
        need_id = desk.session.scalars(select(Need.id).where(Need.external_id == number)).one()
        link_need(desk.session, desk.proposer, technology.id, need_id=need_id, now=now - DRAFTED)
    desk.hand_in(technology, now=now)


def _progress(desk: Desk, row: Mapping[str, Any], step: Mapping[str, Any], now: datetime) -> None:
    record_progress(
        desk.session,
        desk.proposer,
        desk.find(KeyTechnology, row["external_id"]).id,
        progress=step["to"],
        note=step["note"],
        encoder=desk.encoder,
        now=now,
    )


def agency_deeds(desk: Desk) -> Iterator[Deed]:
    """Yield what is done with agencies on file."""
    for row in read("agencies"):
        yield Deed(day_of(row), partial(_agency, desk, row))
        yield from _evaluations(desk, AgencyFiling, row)


def _agency(desk: Desk, row: Mapping[str, Any], now: datetime) -> None:
    names = ("category", "tier", "services", "transfer_staff", "above_scale", "uscc")
    form = desk.common(row) | {name: row[name] for name in names if name in row}
    form |= {name: day_of(row, name) for name in ("filed_on", "valid_until") if name in row}
    if "organisation" in row:
        form["uscc"] = desk.organisations[row["organisation"]].uscc
    agency = desk.draft(EntryKind.AGENCY, form, now=now)
    _recognise(desk, agency.id, row, now=now - DRAFTED)
    desk.hand_in(agency, now=now)


def consortium_deeds(desk: Desk) -> Iterator[Deed]:
    """Yield what is done with consortia."""
    for row in read("consortia"):
        yield Deed(day_of(row), partial(_consortium, desk, row))


def _consortium(desk: Desk, row: Mapping[str, Any], now: datetime) -> None:
    form = desk.common(row) | {"category": row["category"], "founded_on": day_of(row, "founded_on")}
    consortium = desk.draft(EntryKind.CONSORTIUM, form, now=now)
    for member in row["members"]:
        joining = {**member, "joined_on": day_of(member, "joined_on")}
        if "organisation" in member:
            organisation = desk.organisations[joining.pop("organisation")]
            joining |= {
                "organisation_id": organisation.id,
                "is_enterprise": organisation.kind is OrganisationKind.ENTERPRISE,
            }
        add_member(desk.session, desk.proposer, consortium.id, form=joining, now=now - DRAFTED)
    _recognise(desk, consortium.id, row, now=now - DRAFTED)
    desk.hand_in(consortium, now=now)


def _recognise(desk: Desk, entry_id: int, row: Mapping[str, Any], *, now: datetime) -> None:
    for recognition in row.get("recognitions", ()):
        form = {**recognition, "recognised_on": day_of(recognition, "recognised_on")}
        add_recognition(desk.session, desk.proposer, entry_id, form=form, now=now)


def _evaluations(
    desk: Desk, model: type[Resource] | type[AgencyFiling], row: Mapping[str, Any]
) -> Iterator[Deed]:
    for evaluation in row.get("evaluations", ()):
        # Those of years before the entry was listed are entered with it.
        on = max(day_of(evaluation, "on"), day_of(row))
        yield Deed(on, partial(_evaluate, desk, model, row, evaluation))


def _evaluate(
    desk: Desk,
    model: type[Resource] | type[AgencyFiling],
    row: Mapping[str, Any],
    evaluation: Mapping[str, Any],
    now: datetime,
) -> None:
    form = {name: value for name, value in evaluation.items() if name != "on"}
    entry = desk.find(model, row["external_id"])
    record_evaluation(desk.session, desk.proposer, entry.id, form=form, now=now)
