"""Records of the red and black lists that the table asks about."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from market.conduct.rules import Status
from tests.factories import NOW, make_organisation
from tests.market.conduct.factories import NOTICE, Office, appealed, conduct_form, reach
from tests.market.permissions.people import People


def conduct_records(session: Session, people: People) -> dict[str, Any]:
    """Insert records about the buyer's unit, which bids for nothing, one for each state asked about."""
    office, past = Office(), NOW - NOTICE

    def form(ground: str) -> dict[str, Any]:
        return conduct_form(organisation_id=people.home("buyer").id, ground=f"black_{ground}")

    return {
        "conduct_id": reach(session, Status.LISTED, form("leak"), office=office, start=past).id,
        "conduct_id-proposed": reach(session, Status.PROPOSED, form("collusion"), office=office).id,
        "conduct_id-noticed": reach(session, Status.NOTICED, form("false_papers"), office=office).id,
        "conduct_id-objected": reach(session, Status.OBJECTED, form("non_performance"), office=office).id,
        "conduct_id-due": reach(
            session, Status.NOTICED, form("no_rectification"), office=office, start=past
        ).id,
        "conduct_id-appealed": appealed(session, form("disruption"), office=office, start=past).id,
        "conduct_unit": make_organisation(session).id,
    }
