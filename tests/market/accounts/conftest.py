"""Bureaus above and beside the test organisations, and what the audit log says of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import actor_of
from market.accounts.rules import Actor, OrganisationKind
from market.audit.models import AuditEvent
from tests.factories import as_actor, make_actor, make_organisation, make_uscc, make_user

PASSWORD = "correct horse battery"
ELSEWHERE = "320100"
PERSON = {"login": "first.user", "name": "王五", "password": PASSWORD}


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


@pytest.fixture
def organisation(session: Session) -> Organisation:
    return make_organisation(session, contact_name="赵六", contact_phone="0510-12345678")


@pytest.fixture
def member(session: Session, organisation: Organisation) -> dict[str, str]:
    """Headers of a member of that organisation."""
    return as_actor(session, actor_of(make_user(session, organisation)))


def refused(*errors: tuple[str, str]) -> dict[str, Any]:
    """Return the whole problem body of input that failed its schema."""
    return {
        "type": "urn:market:problem:validation-failed",
        "title": "输入有误",
        "status": 422,
        "detail": "提交的内容未通过校验，请查看各字段的说明。",
        "code": "validation-failed",
        "errors": [
            {"pointer": pointer, "code": "invalid-value", "detail": detail} for pointer, detail in errors
        ],
    }


def violated(pointer: str, code: str, detail: str) -> dict[str, Any]:
    """Return the whole problem body of input that broke a rule."""
    return {
        "type": f"urn:market:problem:{code}",
        "title": "不符合规则",
        "status": 422,
        "detail": detail,
        "code": code,
        "errors": [{"pointer": pointer, "code": code, "detail": detail}],
    }
