"""Bureaus above and beside the test organisations, and what the audit log says of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor, OrganisationKind
from market.audit.models import AuditEvent
from tests.factories import make_actor, make_uscc

PASSWORD = "correct horse battery"
ELSEWHERE = "320100"


@pytest.fixture
def bureau(session: Session) -> Actor:
    """The bureau of 无锡, above 江阴."""
    return make_actor(session, OrganisationKind.BUREAU, region_code="320200")


@pytest.fixture
def other_bureau(session: Session) -> Actor:
    """The bureau of 南京."""
    return make_actor(session, OrganisationKind.BUREAU, region_code=ELSEWHERE)


@pytest.fixture
def events(session: Session) -> Callable[..., list[Any]]:
    """Return (actor, entity id, details) of the audit events of one action."""

    def of_action(action: str) -> list[Any]:
        session.flush()
        rows = session.scalars(select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id))
        return [(row.actor_id, row.entity, row.entity_id, row.details) for row in rows]

    return of_action


def organisation_form(**values: Any) -> dict[str, Any]:
    """Return a valid form of an enterprise in 江阴."""
    form = {"kind": "enterprise", "name": "江阴新材有限公司", "uscc": make_uscc(), "region_code": "320281"}
    return {**form, **values}
