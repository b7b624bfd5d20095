"""Changing and resetting passwords, letting users back in; each ends or spares the tokens it should."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from market.accounts import queries, service
from market.accounts.models import User
from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.db import PageRequest
from market.errors import NotFound, PermissionDenied, RuleViolation, Unauthenticated
from tests.factories import NOW, make_actor, make_organisation, make_token, make_user
from tests.market.accounts.conftest import PASSWORD

NEW = "another long phrase"
Events = Callable[[str], list[Any]]


@pytest.fixture
def user(session: Session) -> User:
    return make_user(session, make_organisation(session), password_hash=PasswordHasher().hash(PASSWORD))


def opens(session: Session, user: User, password: str) -> bool:
    try:
        service.issue_token(session, login=user.login, password=password, name="测试", days=1, now=NOW)
    except Unauthenticated:
        return False
    return True


def test_changed_password_ends_all_tokens(session: Session, user: User, events: Events) -> None:
    make_token(session, user)
    actor = queries.actor_of(user)
    service.change_password(session, actor, old=PASSWORD, new=NEW, now=NOW)
    assert queries.list_tokens(session, actor) == []
    assert (opens(session, user, NEW), opens(session, user, PASSWORD)) == (True, False)
    assert events("user.password") == [(user.id, "user", user.id, {})]


def test_password_is_not_changed_without_the_old_one(session: Session, user: User) -> None:
    locked = make_user(session)
    for actor in (queries.actor_of(user), queries.actor_of(locked), OPERATOR):
        with pytest.raises(Unauthenticated) as caught:
            service.change_password(session, actor, old="wrong password", new=NEW, now=NOW)
        assert caught.value.code == "bad-credentials"
    assert opens(session, user, PASSWORD)


def test_weak_password_is_refused(session: Session, user: User) -> None:
    with pytest.raises(RuleViolation) as caught:
        service.change_password(session, queries.actor_of(user), old=PASSWORD, new="short", now=NOW)
    assert caught.value.code == "weak-password"
    assert [item.pointer for item in caught.value.fields] == ["/new"]


def test_admin_resets_a_password(session: Session, user: User, events: Events) -> None:
    make_token(session, user)
    admin = queries.actor_of(make_user(session))
    assert service.reset_password(session, admin, user.id, new=NEW, now=NOW) is user
    assert queries.list_tokens(session, queries.actor_of(user)) == []
    assert opens(session, user, NEW)
    assert events("user.password") == [(admin.user_id, "user", user.id, {})]
    with pytest.raises(NotFound):
        service.reset_password(session, admin, 999_999_999, new=NEW, now=NOW)


def test_nobody_else_resets_a_password(session: Session, user: User, bureau: Actor) -> None:
    colleague = queries.actor_of(make_user(session, user.organisation))
    for actor in (colleague, bureau):
        with pytest.raises(PermissionDenied):
            service.reset_password(session, actor, user.id, new=NEW, now=NOW)
    assert opens(session, user, PASSWORD)


def test_user_is_let_in_again_with_no_old_token(session: Session, user: User, events: Events) -> None:
    make_token(session, user)
    colleague = queries.actor_of(make_user(session, user.organisation))
    service.deactivate_user(session, colleague, user.id, now=NOW)
    assert not opens(session, user, PASSWORD)
    assert service.activate_user(session, colleague, user.id, now=NOW).active
    assert queries.list_tokens(session, queries.actor_of(user)) == []
    assert opens(session, user, PASSWORD)
    assert events("user.activate") == [(colleague.user_id, "user", user.id, {})]
    with pytest.raises(PermissionDenied):
        service.activate_user(session, make_actor(session), user.id, now=NOW)


def test_users_of_the_own_organisation_are_listed(session: Session, user: User) -> None:
    colleague = make_user(session, user.organisation)
    stranger = make_user(session, make_organisation(session, OrganisationKind.AGENCY))
    page = PageRequest(limit=100)
    own = queries.list_users(session, queries.actor_of(user), page=page)
    assert [row.id for row in own.items] == [user.id, colleague.id]
    everyone = queries.list_users(session, OPERATOR, page=page)
    assert {user.id, colleague.id, stranger.id} <= {row.id for row in everyone.items}
    theirs = queries.list_users(session, OPERATOR, page=page, organisation=stranger.organisation_id)
    assert [row.id for row in theirs.items] == [stranger.id]
    foreign = stranger.organisation_id
    assert queries.list_users(session, queries.actor_of(user), page=page, organisation=foreign).items == []


def test_a_bureau_sees_the_people_of_its_stations(session: Session) -> None:
    bureau = make_actor(session, OrganisationKind.BUREAU, uscc=None, region_code="320200")
    inside = make_user(session, make_organisation(session, OrganisationKind.STATION, region_code="320281"))
    outside = make_user(session, make_organisation(session, OrganisationKind.STATION, region_code="320402"))
    enterprise = make_user(session, make_organisation(session, region_code="320281"))
    seen = {user.id for user in queries.list_users(session, bureau, page=PageRequest()).items}
    assert seen == {bureau.user_id, inside.id}
    assert not seen & {outside.id, enterprise.id}
