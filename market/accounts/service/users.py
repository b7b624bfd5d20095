"""Creating users, shutting them out, letting them in, changing their passwords."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts import queries
from market.accounts.models import Organisation, User
from market.accounts.rules import ROLE_OF_KIND, Actor, Role, password_fault
from market.accounts.service.auditing import audit
from market.accounts.service.passwords import hash_password, opens
from market.accounts.service.tokens import end_tokens
from market.errors import Conflict, PermissionDenied, Unauthenticated, violation


def create_user(
    session: Session,
    actor: Actor,
    *,
    form: Mapping[str, Any],
    now: datetime,
    password_hash: str | None = None,
) -> User:
    """Create a user: an admin for any organisation, a member for their own.

    Args:
        session: open transaction.
        actor: an admin, or a member of the organisation.
        form: login, name, password, role and optional organisation_id.
        now: present time.
        password_hash: of the password, where many users get the same first one; made here if left out.

    Raises:
        PermissionDenied: the actor may not create users there.
        RuleViolation: weak password, or role and organisation do not go together.
        Conflict: the login name is taken.
    """
    role = Role(form["role"])
    organisation_id = form.get("organisation_id")
    if actor.role is not Role.ADMIN and (role is Role.ADMIN or organisation_id != actor.organisation_id):
        raise PermissionDenied("只能为本单位创建用户。")
    organisation = None
    if organisation_id is not None:
        organisation = queries.get_organisation(session, organisation_id)
    if (organisation is None) != (role is Role.ADMIN):
        raise violation(
            "/organisation_id", "organisation-role-mismatch", "除管理员外，用户必须隶属于一个单位。"
        )
    if organisation is not None and ROLE_OF_KIND[organisation.kind] is not role:
        raise violation("/role", "organisation-role-mismatch", "该角色与单位类型不符。")
    return insert_user(
        session, actor, form=form, organisation=organisation, now=now, role=role, password_hash=password_hash
    )


def insert_user(
    session: Session,
    actor: Actor | None,
    *,
    form: Mapping[str, Any],
    organisation: Organisation | None,
    role: Role,
    now: datetime,
    password_hash: str | None = None,
) -> User:
    """Insert a user whom the caller has found to be in order, apart from login and password.

    Raises:
        RuleViolation: a weak password.
        Conflict: the login name is taken.
    """
    login = form["login"].lower()
    fault = password_fault(form["password"], login=login)
    if fault is not None:
        raise violation("/password", "weak-password", fault)
    if queries.find_user_by_login(session, login) is not None:
        raise Conflict("该登录名已被使用。", code="login-taken")
    user = User(
        login=login,
        name=form["name"],
        password_hash=password_hash or hash_password(form["password"]),
        role=role,
        organisation=organisation,
        created_at=now,
    )
    session.add(user)
    session.flush()  # the audit event needs the id
    audit(session, actor, "user.create", user.id, now=now, entity="user", details={"role": role.value})
    return user


def deactivate_user(session: Session, actor: Actor, user_id: int, *, now: datetime) -> User:
    """Shut a user out; all tokens end at once.

    Raises:
        NotFound: no such user.
        PermissionDenied: the actor is neither an admin nor a colleague.
    """
    user = _manageable_user(session, actor, user_id)
    user.active = False
    end_tokens(session, user, now=now)
    audit(session, actor, "user.deactivate", user.id, now=now, entity="user")
    return user


def activate_user(session: Session, actor: Actor, user_id: int, *, now: datetime) -> User:
    """Let a user in again.

    Raises:
        NotFound: no such user.
        PermissionDenied: the actor is neither an admin nor a colleague.
    """
    user = _manageable_user(session, actor, user_id)
    user.active = True
    audit(session, actor, "user.activate", user.id, now=now, entity="user")
    return user


def _manageable_user(session: Session, actor: Actor, user_id: int) -> User:
    user = queries.get_user(session, user_id)
    if actor.role is not Role.ADMIN and (
        user.organisation_id is None or user.organisation_id != actor.organisation_id
    ):
        raise PermissionDenied("只能管理本单位的用户。")
    return user


def change_password(session: Session, actor: Actor, *, old: str, new: str, now: datetime) -> None:
    """Change the actor's own password; all their tokens end, so that a thief's end too.

    Raises:
        Unauthenticated: the old password is wrong, or the actor is not a user.
        RuleViolation: the new one is too weak.
    """
    user = None if actor.user_id is None else queries.get_user(session, actor.user_id)
    if not opens(user, old) or user is None:
        raise Unauthenticated("原密码不正确。", code="bad-credentials")
    _set_password(session, actor, user, new, now=now)


def reset_password(session: Session, actor: Actor, user_id: int, *, new: str, now: datetime) -> User:
    """Give a user a new password, as an admin; all their tokens end.

    Raises:
        NotFound: no such user.
        PermissionDenied: the actor is not an admin.
        RuleViolation: the new password is too weak.
    """
    if actor.role is not Role.ADMIN:
        raise PermissionDenied("只有管理员可以重设他人的密码。")
    user = queries.get_user(session, user_id)
    _set_password(session, actor, user, new, now=now)
    return user


def _set_password(session: Session, actor: Actor, user: User, new: str, *, now: datetime) -> None:
    fault = password_fault(new, login=user.login)
    if fault is not None:
        raise violation("/new", "weak-password", fault)
    user.password_hash = hash_password(new)
    end_tokens(session, user, now=now)
    audit(session, actor, "user.password", user.id, now=now, entity="user")
