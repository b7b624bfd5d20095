"""Records of talents that the table asks about."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from market.libraries.rules import EntryKind
from tests.market.libraries.factories_talents import make_talent, talent_form
from tests.market.permissions.entries import entry_records
from tests.market.permissions.people import People


def talent_records(session: Session, people: People) -> dict[str, Any]:
    """Insert them, and return their ids by the names that the lines use."""
    unit = people.home("seller")
    shown = make_talent(session, organisation_id=unit.id)
    return {
        **entry_records(session, people, "talents", EntryKind.TALENT, talent_form()),
        "talents": shown.id,
        "talents-hidden": make_talent(session, consents=(), organisation_id=unit.id).id,
        "role_id": shown.roles[0].id,
    }
