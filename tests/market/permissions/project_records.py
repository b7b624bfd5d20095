"""Records of projects and key technologies that the table asks about."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR
from market.libraries.rules import EntryKind, Register
from market.libraries.rules.projects import Payer
from market.libraries.service.projects import record_payment, submit_milestone
from market.libraries.service.technologies import link_need
from tests.factories import NOW, make_achievement, make_need
from tests.market.libraries.factories import TODAY, make_entry, publish
from tests.market.libraries.projects.factories import open_with
from tests.market.permissions.entries import entry_records
from tests.market.permissions.people import People

TECHNOLOGY = {"title": "高温合金真空熔炼纯净化"}


def project_records(session: Session, people: People) -> dict[str, Any]:
    """Insert them, and return their ids by the names that the lines use."""
    return {**_projects(session, people), **_technologies(session, people)}


def _projects(session: Session, people: People) -> dict[str, Any]:
    unit = people.home("seller")
    running = open_with(session, organisation_id=unit.id, members=[{"name": "顾明川"}])
    payment = record_payment(
        session, OPERATOR, running.id, payer=Payer.GRANT, amount_fen=100, paid_on=TODAY, now=NOW
    )
    submitted = open_with(session, organisation_id=unit.id)
    milestone = submitted.milestones[0].id
    submit_milestone(session, actor_of(people.seller), submitted.id, milestone, evidence="检测报告", now=NOW)
    form = {"title": "膜装备产业化", "category": "research", "total_fen": 100_000}
    return {
        **entry_records(session, people, "projects", EntryKind.PROJECT, form),
        "projects-running": running.id,
        "member_id-running": running.members[0].id,
        "milestone_id-running": running.milestones[0].id,
        "payment_id-running": payment.id,
        "projects-submitted": submitted.id,
        "milestone_id-submitted": milestone,
        "achievement_id": make_achievement(session, unit).id,
    }


def _technologies(session: Session, people: People) -> dict[str, Any]:
    owned = {**TECHNOLOGY, "organisation_id": people.home("seller").id}
    listed, linked = (make_entry(session, EntryKind.TECHNOLOGY, owned).id for _ in range(2))
    publish(session, Register.TECHNOLOGIES)
    need = make_need(session, people.home("buyer"))
    link_need(session, OPERATOR, linked, need_id=need.id, now=NOW)
    return {
        **entry_records(session, people, "key-technologies", EntryKind.TECHNOLOGY, TECHNOLOGY),
        "key-technologies": listed,
        "key-technologies-linked": linked,
        "need_id-linked": need.id,
    }
