"""Tokens: hashed in the table, ending by time, by revocation and with their user."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts import queries, service
from market.accounts.models import AccessToken, User
from market.accounts.rules import OPERATOR, Actor, OrganisationKind, OrganisationStatus
from market.errors import NotFound, PermissionDenied, Unauthenticated
from tests.factories import NOW, make_actor, make_organisation, make_token, make_user
from tests.market.accounts.conftest import PASSWORD

Events = Callable[[str], list[Any]]


@pytest.fixture
def user(session: Session) -> User:
    return make_user(session, make_organisation(session), password_hash=PasswordHasher().hash(PASSWORD))


def issue(session: Session, user: User, *, days: int = 30, password: str = PASSWORD) -> str:
    secret, _ = service.issue_token(
        session, login=user.login.upper(), password=password, name="测试", days=days, now=NOW
    )
    return secret


def holder(session: Session, secret: str, **later: float) -> Actor | None:
    return queries.find_actor(session, service.token_digest(secret), now=NOW + timedelta(**later))


def test_token_opens_the_market(session: Session, user: User, events: Events) -> None:
    secret = issue(session, user)
    assert holder(session, secret) == Actor(user.id, user.role, user.organisation_id, "320281", verified=True)
    (event,) = events("token.issue")
    assert event[0] == user.id


def test_two_tokens_are_never_equal(session: Session, user: User) -> None:
    first, second = issue(session, user), issue(session, user)
    assert first != second
    assert min(len(first), len(second)) > 40


def test_table_holds_only_the_hash(session: Session, user: User) -> None:
    secret = issue(session, user)
    row = session.execute(select(AccessToken.__table__).where(AccessToken.user_id == user.id)).one()
    assert row.digest == hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in repr(row)


def test_token_ends_with_its_days(session: Session, user: User) -> None:
    secret = issue(session, user, days=2)
    assert holder(session, secret, days=2, seconds=-1) is not None
    assert holder(session, secret, days=2) is None


def test_unknown_token_opens_nothing(session: Session) -> None:
    assert holder(session, "mkt_unknown") is None


def test_revoked_token_opens_nothing(session: Session, user: User, events: Events) -> None:
    secret, other = issue(session, user), issue(session, user)
    actor = queries.actor_of(user)
    revoked, kept = sorted(queries.list_tokens(session, actor), key=lambda token: token.id)
    for _ in range(2):
        service.revoke_token(session, actor, revoked.id, now=NOW)
    assert holder(session, secret) is None
    assert holder(session, other) is not None
    assert queries.list_tokens(session, actor) == [kept]
    assert events("token.revoke") == [(user.id, "token", revoked.id, {})]


def test_own_tokens_are_listed_newest_first(session: Session, user: User) -> None:
    make_token(session, make_user(session))
    for _ in range(3):
        make_token(session, user)
    found = queries.list_tokens(session, queries.actor_of(user))
    assert len(found) == 3
    assert [token.id for token in found] == sorted((token.id for token in found), reverse=True)


def test_tokens_of_others_are_not_found(session: Session, user: User) -> None:
    issue(session, user)
    (token,) = queries.list_tokens(session, queries.actor_of(user))
    for token_id in (token.id, 999_999_999):
        with pytest.raises(NotFound) as caught:
            service.revoke_token(session, make_actor(session), token_id, now=NOW)
        assert caught.value.code == "token-not-found"


@pytest.mark.parametrize("fault", ["password", "login", "locked", "inactive"])
def test_all_wrong_credentials_look_alike(session: Session, user: User, fault: str) -> None:
    if fault == "login":
        user = User(login="nobody.here")
    if fault == "locked":
        user = make_user(session)  # its password hash is no hash
    if fault == "inactive":
        user.active = False
    with pytest.raises(Unauthenticated) as caught:
        issue(session, user, password="wrong password" if fault == "password" else PASSWORD)
    assert (caught.value.code, caught.value.detail) == ("bad-credentials", "登录名或密码不正确。")
    assert session.scalars(select(AccessToken.id).where(AccessToken.user_id == user.id)).all() == []


def test_password_hashed_with_old_parameters_is_hashed_anew(session: Session) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    user = make_user(session, password_hash=old)
    issue(session, user)
    assert user.password_hash != old
    assert PasswordHasher().verify(user.password_hash, PASSWORD)
    renewed = user.password_hash
    issue(session, user)
    assert user.password_hash == renewed


def test_deactivated_user_is_shut_out_at_once(session: Session, user: User, events: Events) -> None:
    secret, other = issue(session, user), issue(session, user)
    colleague = queries.actor_of(make_user(session, user.organisation))
    assert not service.deactivate_user(session, colleague, user.id, now=NOW).active
    assert holder(session, secret) is holder(session, other) is None
    assert queries.list_tokens(session, queries.actor_of(user)) == []
    assert events("user.deactivate") == [(colleague.user_id, "user", user.id, {})]


def test_tokens_of_an_inactive_user_open_nothing(session: Session, user: User) -> None:
    secret = issue(session, user)
    user.active = False
    session.flush()
    assert holder(session, secret) is None


def test_only_colleagues_and_admins_deactivate(session: Session, user: User, bureau: Actor) -> None:
    strangers = [bureau, make_actor(session), make_actor(session, OrganisationKind.AGENCY)]
    for stranger in strangers:
        with pytest.raises(PermissionDenied):
            service.deactivate_user(session, stranger, user.id, now=NOW)
    admin = make_user(session)
    with pytest.raises(PermissionDenied):
        service.deactivate_user(session, queries.actor_of(user), admin.id, now=NOW)
    assert not service.deactivate_user(session, OPERATOR, user.id, now=NOW).active
    with pytest.raises(NotFound):
        service.deactivate_user(session, OPERATOR, 999_999_999, now=NOW)


def test_actor_of_a_suspended_organisation_is_not_verified(session: Session) -> None:
    organisation = make_organisation(session, status=OrganisationStatus.SUSPENDED)
    secret = make_token(session, make_user(session, organisation))
    actor = holder(session, secret)
    assert actor is not None
    assert not actor.verified


def test_admin_belongs_nowhere(session: Session) -> None:
    actor = holder(session, make_token(session, make_user(session)))
    assert actor is not None
    assert (actor.organisation_id, actor.region_code, actor.verified) == (None, None, False)
