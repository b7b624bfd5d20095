"""Records of conduct records that the table asks about."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from tests.market.permissions.people import People


def conduct_records(session: Session, people: People) -> dict[str, Any]:
    """Insert them, and return their ids by the names that the lines use."""
    return {}
