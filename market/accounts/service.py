"""Registering and verifying organisations, creating users, issuing and revoking tokens."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts import queries
from market.accounts.models import AccessToken, Organisation, User
from market.accounts.rules import (
    ROLE_OF_KIND,
    SELF_REGISTERED,
    VERIFICATION_STEPS,
    Actor,
    OrganisationKind,
    OrganisationStatus,
    Role,
    is_valid_uscc,
    normalise_uscc,
    oversees,
    password_fault,
)
from market.audit.service import record
from market.db import require_version
from market.errors import Conflict, PermissionDenied, Unauthenticated, violation
from market.reference.queries import check_codes, check_park, check_region
from market.reference.rules import Scheme

TOKEN_PREFIX = "mkt_"  # noqa: S105  # not a secret: it lets scanners recognise leaked tokens


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _decoy_hash() -> str:
    """A hash nobody's password has; checked for unknown logins so that timing tells nothing."""
    return _hasher().hash(secrets.token_urlsafe(16))


def _opens(user: User | None, password: str) -> bool:
    """Tell whether a password is the user's, in the same time whether there is a user or not."""
    try:
        return _hasher().verify(user.password_hash if user is not None else _decoy_hash(), password)
    except (VerifyMismatchError, InvalidHashError):  # a hash such as "!" locks an account
        return False


def register_organisation(
    session: Session, actor: Actor | None, *, form: Mapping[str, Any], now: datetime
) -> Organisation:
    """Enter an organisation, pending verification.

    Args:
        session: open transaction.
        actor: None when the organisation registers itself.
        form: kind, name, uscc, region_code and optional park_code, nature_code, tags, contact.
        now: present time.

    Raises:
        PermissionDenied: this kind is set up by the operator only.
        RuleViolation: a code is unknown, or the credit code is wrong or missing.
        Conflict: the credit code is registered already.
    """
    kind = OrganisationKind(form["kind"])
    if kind not in SELF_REGISTERED and (actor is None or actor.role is not Role.ADMIN):
        raise PermissionDenied("登记机构和主管部门由系统管理员设立。", code="kind-not-open")
    uscc = form.get("uscc")
    if uscc is None and kind is not OrganisationKind.BUREAU:
        raise violation("/uscc", "uscc-missing", "请填写统一社会信用代码。")
    if uscc is not None:
        uscc = _checked_uscc(session, uscc)
    check_region(session, form["region_code"], pointer="/region_code")
    check_park(session, form.get("park_code"), pointer="/park_code")
    check_codes(session, [("/nature_code", Scheme.PARTY_NATURE, form.get("nature_code"))])
    by_operator = actor is not None and actor.role is Role.ADMIN
    organisation = Organisation(
        kind=kind,
        name=form["name"],
        uscc=uscc,
        region_code=form["region_code"],
        park_code=form.get("park_code"),
        nature_code=form.get("nature_code"),
        tags=list(form.get("tags", ())) if by_operator else [],
        contact_name=form.get("contact_name"),
        contact_phone=form.get("contact_phone"),
        status=OrganisationStatus.VERIFIED if by_operator else OrganisationStatus.PENDING,
        created_at=now,
    )
    session.add(organisation)
    session.flush()  # the audit event and the caller need the id
    _audit(session, actor, "organisation.register", organisation.id, now=now)
    return organisation


def _checked_uscc(session: Session, raw: str, *, own_id: int | None = None) -> str:
    uscc = normalise_uscc(raw)
    if not is_valid_uscc(uscc):
        raise violation(
            "/uscc", "uscc-invalid", "统一社会信用代码有误：应为18位且校验码正确（GB 32100-2015）。"
        )
    other = queries.find_organisation_by_uscc(session, uscc)
    if other is not None and other.id != own_id:
        raise Conflict("该统一社会信用代码已被登记。", code="uscc-taken")
    return uscc


def register_with_user(
    session: Session, *, form: Mapping[str, Any], user: Mapping[str, Any], now: datetime
) -> Organisation:
    """Enter an organisation that registers itself, with its first user.

    Raises:
        MarketError: as `register_organisation` and `create_user`.
    """
    organisation = register_organisation(session, None, form=form, now=now)
    _create_user(
        session, None, form=user, organisation=organisation, now=now, role=ROLE_OF_KIND[organisation.kind]
    )
    return organisation


def change_organisation(
    session: Session,
    actor: Actor,
    organisation_id: int,
    *,
    changes: Mapping[str, Any],
    version: int,
    now: datetime,
) -> Organisation:
    """Change an organisation's entry. A new name or credit code must be verified again.

    Raises:
        NotFound, StaleVersion, RuleViolation, Conflict: see the parts.
        PermissionDenied: the actor is neither a member, an overseer nor an admin, or a member sets tags.
    """
    organisation = queries.get_organisation(session, organisation_id)
    official = actor.role is Role.ADMIN or oversees(actor, organisation.region_code)
    if not official and actor.organisation_id != organisation_id:
        raise PermissionDenied("只能修改本单位的信息。")
    if "tags" in changes and not official:
        raise PermissionDenied("企业标签由主管部门维护。", code="tags-not-open")
    require_version(organisation.version, version)
    values = dict(changes)
    if values.get("uscc"):
        values["uscc"] = _checked_uscc(session, values["uscc"], own_id=organisation.id)
    if "region_code" in values:
        check_region(session, values["region_code"], pointer="/region_code")
    check_park(session, values.get("park_code"), pointer="/park_code")
    check_codes(session, [("/nature_code", Scheme.PARTY_NATURE, values.get("nature_code"))])
    identity = {"name", "uscc", "region_code"}
    if not official and any(getattr(organisation, key) != values[key] for key in identity & values.keys()):
        organisation.status = OrganisationStatus.PENDING
    for key, value in values.items():
        setattr(organisation, key, value)
    session.flush()  # draws the new version for the ETag
    _audit(
        session, actor, "organisation.change", organisation.id, now=now, details={"fields": sorted(values)}
    )
    return organisation


def verify_organisation(
    session: Session,
    actor: Actor,
    organisation_id: int,
    *,
    decision: OrganisationStatus,
    note: str | None,
    now: datetime,
) -> Organisation:
    """Decide whether an organisation is what it says, as the bureau of its region.

    Raises:
        NotFound: no such organisation.
        PermissionDenied: the actor is not a bureau over its region, nor an admin.
        Conflict: the step does not start from the present status.
        RuleViolation: a rejection or suspension without a note.
    """
    organisation = queries.get_organisation(session, organisation_id)
    if actor.role is not Role.ADMIN and not oversees(actor, organisation.region_code):
        raise PermissionDenied("只有单位所在地的主管部门可以核验。")
    if decision not in VERIFICATION_STEPS[organisation.status]:
        raise Conflict("该单位当前状态不允许此项核验结论。", code="illegal-transition")
    if decision is not OrganisationStatus.VERIFIED and not note:
        raise violation("/note", "note-missing", "请写明理由。")
    before = organisation.status
    organisation.status = decision
    organisation.status_note = note
    session.flush()  # draws the new version for the ETag
    _audit(
        session,
        actor,
        "organisation.verify",
        organisation.id,
        now=now,
        details={"from": before.value, "to": decision.value},
    )
    return organisation


def create_user(session: Session, actor: Actor, *, form: Mapping[str, Any], now: datetime) -> User:
    """Create a user: an admin for any organisation, a member for their own.

    Args:
        session: open transaction.
        actor: an admin, or a member of the organisation.
        form: login, name, password, role and optional organisation_id.
        now: present time.

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
    return _create_user(session, actor, form=form, organisation=organisation, now=now, role=role)


def _create_user(
    session: Session,
    actor: Actor | None,
    *,
    form: Mapping[str, Any],
    organisation: Organisation | None,
    role: Role,
    now: datetime,
) -> User:
    login = form["login"].lower()
    fault = password_fault(form["password"], login=login)
    if fault is not None:
        raise violation("/password", "weak-password", fault)
    if queries.find_user_by_login(session, login) is not None:
        raise Conflict("该登录名已被使用。", code="login-taken")
    user = User(
        login=login,
        name=form["name"],
        password_hash=_hasher().hash(form["password"]),
        role=role,
        organisation=organisation,
        created_at=now,
    )
    session.add(user)
    session.flush()  # the audit event needs the id
    _audit(session, actor, "user.create", user.id, now=now, entity="user", details={"role": role.value})
    return user


def issue_token(
    session: Session, *, login: str, password: str, name: str, days: int, now: datetime
) -> tuple[str, AccessToken]:
    """Exchange login and password for a bearer token.

    Returns:
        The token, shown this once only, and its record.

    Raises:
        Unauthenticated: login or password is wrong, or the user is not active.
    """
    user = queries.find_user_by_login(session, login.lower())
    if not _opens(user, password) or user is None or not user.active:
        raise Unauthenticated("登录名或密码不正确。", code="bad-credentials")
    if _hasher().check_needs_rehash(user.password_hash):
        user.password_hash = _hasher().hash(password)
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = AccessToken(
        user_id=user.id,
        name=name,
        digest=token_digest(secret),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    session.add(token)
    session.flush()  # the answer shows the id
    record(session, user.id, action="token.issue", entity="token", entity_id=token.id, now=now)
    return secret, token


def token_digest(secret: str) -> str:
    """Return the SHA-256 of a token in hex, the only form that is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def revoke_token(session: Session, actor: Actor, token_id: int, *, now: datetime) -> None:
    """End one of the actor's tokens; ending it twice does no harm.

    Raises:
        NotFound: it is not the actor's.
    """
    token = queries.get_own_token(session, actor, token_id)
    if token.revoked_at is None:
        token.revoked_at = now
        _audit(session, actor, "token.revoke", token.id, now=now, entity="token")


def deactivate_user(session: Session, actor: Actor, user_id: int, *, now: datetime) -> User:
    """Shut a user out; all tokens end at once.

    Raises:
        NotFound: no such user.
        PermissionDenied: the actor is neither an admin nor a colleague.
    """
    user = _manageable_user(session, actor, user_id)
    user.active = False
    _end_tokens(session, user, now=now)
    _audit(session, actor, "user.deactivate", user.id, now=now, entity="user")
    return user


def activate_user(session: Session, actor: Actor, user_id: int, *, now: datetime) -> User:
    """Let a user in again.

    Raises:
        NotFound: no such user.
        PermissionDenied: the actor is neither an admin nor a colleague.
    """
    user = _manageable_user(session, actor, user_id)
    user.active = True
    _audit(session, actor, "user.activate", user.id, now=now, entity="user")
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
    if not _opens(user, old) or user is None:
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
    user.password_hash = _hasher().hash(new)
    _end_tokens(session, user, now=now)
    _audit(session, actor, "user.password", user.id, now=now, entity="user")


def _end_tokens(session: Session, user: User, *, now: datetime) -> None:
    live = select(AccessToken).where(AccessToken.user_id == user.id, AccessToken.revoked_at.is_(None))
    for token in session.scalars(live):
        token.revoked_at = now


def _audit(
    session: Session,
    actor: Actor | None,
    action: str,
    entity_id: int,
    *,
    now: datetime,
    entity: str = "organisation",
    details: dict[str, Any] | None = None,
) -> None:
    actor_id = actor.user_id if actor is not None else None
    record(session, actor_id, action=action, entity=entity, entity_id=entity_id, now=now, details=details)
