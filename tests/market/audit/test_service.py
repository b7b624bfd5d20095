"""Audit events stand in the transaction of the deed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market.audit.models import AuditEvent
from market.audit.service import record, record_now
from market.db import Database
from tests.factories import NOW, make_user


def stored(session: Session) -> AuditEvent:
    return session.scalars(select(AuditEvent).where(AuditEvent.action == "need.publish")).one()


@pytest.mark.parametrize("write", [record, record_now])
def test_event_keeps_who_what_and_when(session: Session, write: Any) -> None:
    user = make_user(session)
    write(
        session,
        user.id,
        action="need.publish",
        entity="need",
        entity_id=2**40,
        now=NOW,
        details={"from": "draft", "to": "published"},
    )
    session.flush()
    session.expire_all()
    event = stored(session)
    assert (event.actor_id, event.entity, event.entity_id, event.at) == (user.id, "need", 2**40, NOW)
    assert event.details == {"from": "draft", "to": "published"}


@pytest.mark.parametrize("write", [record, record_now])
def test_operator_has_no_number(session: Session, write: Any) -> None:
    write(session, None, action="need.publish", entity="need", entity_id=1, now=NOW)
    session.flush()
    assert stored(session).actor_id is None
    assert stored(session).details == {}


@pytest.mark.parametrize("write", [record, record_now])
def test_event_of_a_deed_undone_is_gone(database: Database, write: Any) -> None:
    def fail_late() -> None:
        with database.transaction() as session:
            write(session, None, action="need.publish", entity="need", entity_id=1, now=NOW)
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_late()
    with database.reading() as session:
        assert session.scalars(select(AuditEvent).where(AuditEvent.action == "need.publish")).all() == []


def test_actor_must_exist(session: Session) -> None:
    record(session, 999_999_999, action="need.publish", entity="need", entity_id=1, now=NOW)
    with pytest.raises(IntegrityError):
        session.flush()


def test_actor_must_exist_for_an_event_written_at_once_too(session: Session) -> None:
    with pytest.raises(IntegrityError), session.begin_nested():
        record_now(session, 999_999_999, action="need.publish", entity="need", entity_id=1, now=NOW)
