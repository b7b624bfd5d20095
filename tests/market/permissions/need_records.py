"""Needs on every side of the gate, and scenarios, of the enterprise that buys."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR
from market.listings.rules import Status, Triage
from market.listings.service import triage_need
from tests.factories import NOW, make_need
from tests.market.listings.factories import SOLID, VAGUE, make_scenario
from tests.market.permissions.people import People


def need_records(session: Session, people: People) -> dict[str, Any]:
    """Insert them, and return their ids by the names that the lines use."""
    enterprise = people.home("buyer")
    triaged = make_need(session, enterprise, **SOLID)
    triage_need(session, OPERATOR, triaged.id, decided=Triage.DIRECT, note=None, visit_note=None, now=NOW)
    return {
        "need_id-triaged": triaged.id,
        "need_id-pending": make_need(session, enterprise, status=Status.PENDING, **VAGUE).id,
        "need_id-matching": make_need(session, enterprise, status=Status.MATCHING).id,
        "need_id-contracted": make_need(session, enterprise, status=Status.CONTRACTED).id,
        "scenarios": make_scenario(session, enterprise).id,
        **{
            f"scenarios-{status}": make_scenario(session, enterprise, status=status).id
            for status in (Status.DRAFT, Status.PENDING, Status.EXPIRED)
        },
    }
