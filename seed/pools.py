"""People and projects of the sample market's two pools, played through the services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import select

from market.clock import china_day
from market.contracts.models import Contract
from market.contracts.service.projects import project_from_contract
from market.libraries.models import AgencyFiling, Project, Talent
from market.libraries.rules import EntryKind, EntryStatus
from market.libraries.rules.projects import Payer
from market.libraries.rules.talents import ConsentScope
from market.libraries.service import project_plans as plans
from market.libraries.service import projects
from market.libraries.service.project_origins import propose_from_achievement
from market.libraries.service.talent_roles import add_role
from market.libraries.service.talents import give_consent, link_account
from market.listings.models import Achievement
from seed.deeds import DRAFTED, PROPOSED, Deed, Desk, day_of, fen
from seed.records import read

EVIDENCE = "样例：同意书存于江阴市科学技术局，编号同外部编号"
CONTACT = "样例电话 0510-00000000"


def talent_deeds(desk: Desk) -> Iterator[Deed]:
    """Yield what is done with people: consent first, then they are listed."""
    for row in read("talents"):
        yield Deed(day_of(row), partial(_talent, desk, row))


def _talent(desk: Desk, row: Mapping[str, Any], now: datetime) -> None:
    names = (
        "person_name", "unit_name", "post", "fields", "works", "declared_interests", "availability",
    )  # fmt: skip
    common = {name: value for name, value in desk.common(row).items() if name != "title"}
    if "organisation" in row:
        common["unit_name"] = desk.organisations[row["organisation"]].name
    form = common | {name: row[name] for name in names if name in row}
    form |= {"tech_field": row["fields"][0], "contact": CONTACT}
    talent = desk.draft(EntryKind.TALENT, form, now=now)
    written = now - DRAFTED
    for role in row["roles"]:
        days = {
            name: day_of(role, name) for name in ("valid_from", "valid_until", "trained_on") if name in role
        }
        agency = role.get("agency")
        held = {name: value for name, value in role.items() if name != "agency"} | days
        held["agency_entry_id"] = desk.find(AgencyFiling, agency).id if agency else None
        add_role(desk.session, desk.proposer, talent.id, form=held, encoder=desk.encoder, now=written)
    for scope in row["consents"]:
        give_consent(
            desk.session,
            desk.proposer,
            talent.id,
            scope=ConsentScope(scope),
            given_on=china_day(written - PROPOSED),
            evidence=EVIDENCE,
            encoder=desk.encoder,
            now=written,
        )
    if "login" in row:
        link_account(desk.session, desk.proposer, talent.id, login=row["login"], now=written)
    desk.hand_in(talent, now=now)


def project_deeds(desk: Desk) -> Iterator[Deed]:
    """Yield what is done with projects, from the proposal to the closing."""
    for row in read("projects"):
        yield Deed(day_of(row), partial(_project, desk, row))
        for place, milestone in enumerate(row["milestones"]):
            if "submitted_on" in milestone:
                yield Deed(day_of(milestone, "submitted_on"), partial(_submit, desk, row, place, milestone))
            if "decided_on" in milestone:
                yield Deed(day_of(milestone, "decided_on"), partial(_decide, desk, row, place, milestone))
        for payment in row["payments"]:
            yield Deed(day_of(payment, "on"), partial(_pay, desk, row, payment))
        for step in row["stages"]:
            yield Deed(day_of(step, "on"), partial(_move, desk, row, step))
        if "closing" in row:
            yield Deed(day_of(row["closing"], "on"), partial(_close, desk, row))


def _project(desk: Desk, row: Mapping[str, Any], now: datetime) -> None:
    project = _proposal(desk, row, now=now)
    if project.status is EntryStatus.DRAFT:
        _plan(desk, project.id, row, now=now - DRAFTED)
        desk.hand_in(project, now=now)
    else:  # what follows from a contract is handed in as it is, and planned afterwards
        desk.check(project, now=now)
        _plan(desk, project.id, row, now=now)


def _proposal(desk: Desk, row: Mapping[str, Any], *, now: datetime) -> Project:
    form = {name: row[name] for name in ("category", "stage", "trl", "key_project") if name in row}
    form |= {"started_on": day_of(row, "started_on"), "ends_on": day_of(row, "ends_on")}
    form["grant_fen"] = fen(row["grant_wan"])
    if "total_wan" in row:
        form["total_fen"] = fen(row["total_wan"])
    if "leader" in row:
        form["leader_talent_id"] = desk.find(Talent, row["leader"]).id
    if "leader_name" in row:
        form["leader_name"] = row["leader_name"]
    form = desk.common(row) | form
    if "organisation" in row:
        own = desk.draft(EntryKind.PROJECT, form, now=now)
        assert isinstance(own, Project)
        return own
    for name in ("source", "source_date"):  # the record it follows from says so
        del form[name]
    if "achievement" in row:
        achievement = _achievement(desk, row["achievement"])
        return propose_from_achievement(
            desk.session, desk.proposer, achievement, form=form, now=now - DRAFTED
        )
    contract = desk.session.scalars(select(Contract).where(Contract.external_id == row["contract"])).one()
    assert contract.seller.organisation_id is not None
    seller = desk.member_of(contract.seller.organisation_id)
    return project_from_contract(desk.session, seller, contract.id, form=form, now=now - PROPOSED)


def _achievement(desk: Desk, number: str) -> int:
    return desk.session.scalars(select(Achievement.id).where(Achievement.external_id == number)).one()


def _plan(desk: Desk, project_id: int, row: Mapping[str, Any], *, now: datetime) -> None:
    for member in row["members"]:
        form = {name: value for name, value in member.items() if name != "talent"}
        if "talent" in member:
            form["talent_id"] = desk.find(Talent, member["talent"]).id
        plans.add_member(desk.session, desk.proposer, project_id, form=form, now=now)
    for milestone in row["milestones"]:
        form = {
            "name": milestone["name"],
            "target": milestone["target"],
            "due_on": day_of(milestone, "due_on"),
            "amount_fen": fen(milestone["amount_wan"]),
        }
        plans.add_milestone(desk.session, desk.proposer, project_id, form=form, encoder=desk.encoder, now=now)


def _submit(
    desk: Desk, row: Mapping[str, Any], place: int, milestone: Mapping[str, Any], now: datetime
) -> None:
    project = desk.find(Project, row["external_id"])
    assert project.organisation_id is not None
    projects.submit_milestone(
        desk.session,
        desk.member_of(project.organisation_id),
        project.id,
        project.milestones[place].id,
        evidence=milestone["evidence"],
        now=now,
    )


def _decide(
    desk: Desk, row: Mapping[str, Any], place: int, milestone: Mapping[str, Any], now: datetime
) -> None:
    project = desk.find(Project, row["external_id"])
    projects.decide_milestone(
        desk.session,
        desk.checker,
        project.id,
        project.milestones[place].id,
        accepted=milestone["accepted"],
        note=milestone.get("note"),
        encoder=desk.encoder,
        now=now,
    )


def _pay(desk: Desk, row: Mapping[str, Any], payment: Mapping[str, Any], now: datetime) -> None:
    project = desk.find(Project, row["external_id"])
    number = payment.get("milestone")
    amount_fen = fen(payment["amount_wan"])
    assert amount_fen is not None
    projects.record_payment(
        desk.session,
        desk.proposer,
        project.id,
        payer=Payer(payment["payer"]),
        amount_fen=amount_fen,
        paid_on=day_of(payment, "on"),
        milestone_id=None if number is None else project.milestones[number - 1].id,
        now=now,
    )


def _move(desk: Desk, row: Mapping[str, Any], step: Mapping[str, Any], now: datetime) -> None:
    projects.move_stage(
        desk.session,
        desk.proposer,
        desk.find(Project, row["external_id"]).id,
        stage=step["to"],
        trl=step.get("trl"),
        note=step.get("note"),
        encoder=desk.encoder,
        now=now,
    )


def _close(desk: Desk, row: Mapping[str, Any], now: datetime) -> None:
    closing = row["closing"]
    projects.decide_closing(
        desk.session,
        desk.checker,
        desk.find(Project, row["external_id"]).id,
        accepted=closing["accepted"],
        note=closing["note"],
        encoder=desk.encoder,
        now=now,
    )
