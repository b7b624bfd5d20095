"""What the form of a project must obey besides its schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.errors import FieldError, NotFound, RuleViolation, violation
from market.libraries.models import Project, ProjectPayment, RegisterEntry, Talent
from market.libraries.queries.entries import get_entry
from market.libraries.rules import EntryStatus
from market.libraries.rules.projects import CLOSED, PLANNED, Paid, Plan, payment_faults, plan_faults
from market.libraries.service.project_access import require_not_held


def check_project(
    _session: Session, values: Mapping[str, Any], entry: RegisterEntry | None, _today: date
) -> None:
    """Demand that figures and days agree, with milestones and payments too; and one leader at most.

    Raises:
        RuleViolation: with a pointer to each value at fault.
        Conflict: an award rests on its money.
    """
    assert entry is None or isinstance(entry, Project)
    before = entry.stage if entry is not None else PLANNED
    stage = values.get("stage", before)
    if CLOSED in (stage, before) and stage != before:
        raise violation("/stage", "stage-by-closing", "“结题”由结题验收得出，不能直接填写或改动。")
    _check_leader(values, entry)
    if entry is not None and {"total_fen", "grant_fen"} & values.keys():
        require_not_held(entry)
    plan = plan_of(entry, values)
    refuse([*plan_faults(plan), *(payment_faults(plan, paid_of(entry)) if entry is not None else ())])


def _check_leader(values: Mapping[str, Any], entry: Project | None) -> None:
    talent_id = values.get("leader_talent_id", entry.leader_talent_id if entry else None)
    name = values.get("leader_name", entry.leader_name if entry else None)
    if talent_id is not None and name:
        raise violation("/leader_name", "leader-twice", "负责人已在人才库中指明，不再另填姓名。")


def check_leader(session: Session, actor: Actor, values: Mapping[str, Any]) -> None:
    """Refuse a leader of whom whoever writes the project may not know; see `check_talent`."""
    if values.get("leader_talent_id") is not None:
        check_talent(session, actor, values["leader_talent_id"], pointer="/leader_talent_id")


def check_talent(session: Session, actor: Actor, talent_id: int, *, pointer: str) -> None:
    """Refuse a person who is not listed in the talent pool, or of whom the actor may not know.

    Raises:
        RuleViolation: `talent-unknown` for both, so that nobody learns from it who is in the pool.
    """
    try:
        talent = get_entry(session, actor, Talent, talent_id)
    except NotFound:
        talent = None
    if talent is None or talent.status is not EntryStatus.LISTED:
        raise violation(pointer, "talent-unknown", f"人才库中没有在列的人员 {talent_id}。")


def plan_of(project: Project | None, changes: Mapping[str, Any]) -> Plan:
    """Return a project's figures and days, as they are once these values are changed."""

    def value(name: str) -> Any:
        return changes.get(name, getattr(project, name) if project is not None else None)

    return Plan(
        total_fen=value("total_fen"),
        grant_fen=value("grant_fen") or 0,
        started_on=value("started_on"),
        ends_on=value("ends_on"),
        milestones=[(one.amount_fen, one.due_on) for one in project.milestones] if project else (),
    )


def paid_of(project: Project, *more: ProjectPayment) -> list[Paid]:
    """Return the payments of a project that stand, and some more."""
    places = {milestone.id: place for place, milestone in enumerate(project.milestones)}
    standing = [one for one in project.payments if one.withdrawn_at is None]
    return [
        Paid(one.payer, one.amount_fen, places[one.milestone_id] if one.milestone_id is not None else None)
        for one in [*standing, *more]
    ]


def refuse(faults: Iterable[FieldError]) -> None:
    """Refuse values with these faults, if there are any.

    Raises:
        RuleViolation: named after the first of them.
    """
    found = tuple(faults)
    if found:
        raise RuleViolation(found[0].detail, code=found[0].code, fields=found)
