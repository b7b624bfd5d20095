"""Records of talents that the table asks about."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from market.libraries.rules import EntryStatus
from market.libraries.rules.talents import ConsentScope
from tests.market.libraries.factories_talents import make_talent
from tests.market.permissions.people import People


def talent_records(session: Session, people: People) -> dict[str, Any]:
    """Insert them, and return their ids by the names that the lines use."""
    unit = people.home("seller")
    shown = make_talent(session, organisation_id=unit.id)
    waiting = {
        f"talents-{state}": make_talent(
            session, roles=(), consents=(ConsentScope.KEEP,), status=state, organisation_id=unit.id
        ).id
        for state in (EntryStatus.DRAFT, EntryStatus.PROPOSED)
    }
    return {
        **waiting,
        "talents": shown.id,
        "talents-hidden": make_talent(session, consents=(), organisation_id=unit.id).id,
        "role_id": shown.roles[0].id,
    }
