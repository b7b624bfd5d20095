"""Valid rows with few defaults. Flushed, never committed."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from stdnum.cn import uscc

from market.accounts.models import AccessToken, Organisation, User
from market.accounts.queries import actor_of
from market.accounts.rules import ROLE_OF_KIND, Actor, OrganisationKind, OrganisationStatus, Role
from market.accounts.service import token_digest
from market.listings.models import Achievement, Need
from market.listings.rules import ListingKind, Status

NOW = datetime(2025, 6, 10, 2, 0, tzinfo=UTC)
JIANGYIN = "320281"
_numbers = itertools.count(1)


def make_uscc(region: str = JIANGYIN) -> str:
    """Return a valid unified social credit code nobody else has in this run."""
    head = f"91{region}MA{next(_numbers):07d}"
    return head + uscc.calc_check_digit(head)


def make_organisation(
    session: Session, kind: OrganisationKind = OrganisationKind.ENTERPRISE, **values: Any
) -> Organisation:
    """Insert a verified organisation in 江阴."""
    number = next(_numbers)
    row = Organisation(
        **{
            "kind": kind,
            "name": f"测试单位{number}",
            "uscc": make_uscc(),
            "region_code": JIANGYIN,
            "status": OrganisationStatus.VERIFIED,
            "created_at": NOW,
            **values,
        }
    )
    session.add(row)
    session.flush()
    return row


def make_user(session: Session, organisation: Organisation | None = None, **values: Any) -> User:
    """Insert a user of that organisation; an admin without one. The password opens nothing."""
    role = ROLE_OF_KIND[organisation.kind] if organisation is not None else Role.ADMIN
    row = User(
        **{
            "login": f"user{next(_numbers)}",
            "name": "测试用户",
            "password_hash": "!",
            "role": role,
            "organisation": organisation,
            "created_at": NOW,
            **values,
        }
    )
    session.add(row)
    session.flush()
    return row


def make_actor(
    session: Session, kind: OrganisationKind = OrganisationKind.ENTERPRISE, **values: Any
) -> Actor:
    """Insert an organisation of that kind with one user, and return the user as an actor."""
    return actor_of(make_user(session, make_organisation(session, kind, **values)))


def make_token(session: Session, user: User | int, **values: Any) -> str:
    """Insert a live token and return its secret."""
    secret = f"mkt_test_{next(_numbers)}"
    session.add(
        AccessToken(
            **{
                "user_id": user if isinstance(user, int) else user.id,
                "name": "测试",
                "digest": token_digest(secret),
                "created_at": NOW,
                "expires_at": NOW + timedelta(days=400),
                **values,
            }
        )
    )
    session.flush()
    return secret


def bearer(secret: str, **headers: str) -> dict[str, str]:
    """Return request headers with this token; underscores in names become hyphens."""
    return {"Authorization": f"Bearer {secret}", **{k.replace("_", "-"): v for k, v in headers.items()}}


def as_actor(session: Session, actor: Actor, **headers: str) -> dict[str, str]:
    """Return request headers for an actor."""
    assert actor.user_id is not None
    return bearer(make_token(session, actor.user_id), **headers)


def make_need(session: Session, organisation: Organisation | int, **values: Any) -> Need:
    """Insert a published need. The index hears of it only through `market.listings.service`."""
    return _make_listing(
        session,
        Need,
        organisation,
        {
            "kind": ListingKind.NEED,
            "title": "印染废水回用膜污堵严重",
            "body": "进水电导高，反渗透膜三个月就要清洗，希望延长清洗周期。",
            "tech_field": "07",
            "budget_fen": 80_000_000,
            **values,
        },
    )


def make_achievement(session: Session, organisation: Organisation | int, **values: Any) -> Achievement:
    """Insert a published achievement. The index hears of it only through `market.listings.service`."""
    return _make_listing(
        session,
        Achievement,
        organisation,
        {
            "kind": ListingKind.ACHIEVEMENT,
            "title": "高盐废水抗污染纳滤—电渗析耦合脱盐",
            "body": "以荷电纳滤截留有机物，电渗析浓缩盐分，连续运行一年通量衰减低于8%。",
            "tech_field": "07",
            "trl": 7,
            "price_fen": 60_000_000,
            **values,
        },
    )


def _make_listing(session: Session, model: type[Any], organisation: Any, values: dict[str, Any]) -> Any:
    organisation_id = organisation if isinstance(organisation, int) else organisation.id
    row = model(
        **{
            "organisation_id": organisation_id,
            "region_code": JIANGYIN,
            "status": Status.PUBLISHED,
            "expires_on": date(2026, 6, 10),
            "published_at": NOW,
            "created_at": NOW,
            "updated_at": NOW,
            **values,
        }
    )
    session.add(row)
    session.flush()
    return row


def post(client: FlaskClient, url: str, headers: dict[str, str], body: Any = None) -> Any:
    """POST a JSON body and return the response."""
    return client.post(f"/api/v1{url}", json=body if body is not None else {}, headers=headers)
