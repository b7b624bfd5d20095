"""Issuing and revoking bearer tokens."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts import queries
from market.accounts.models import AccessToken, User
from market.accounts.rules import Actor
from market.accounts.service.auditing import audit
from market.accounts.service.passwords import opens, renew_hash
from market.audit.service import record
from market.errors import Unauthenticated

TOKEN_PREFIX = "mkt_"  # noqa: S105  # not a secret: it lets scanners recognise leaked tokens


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
    if not opens(user, password) or user is None or not user.active:
        raise Unauthenticated("登录名或密码不正确。", code="bad-credentials")
    renew_hash(user, password)
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
        audit(session, actor, "token.revoke", token.id, now=now, entity="token")


def end_tokens(session: Session, user: User, *, now: datetime) -> None:
    """End all tokens of a user."""
    live = select(AccessToken).where(AccessToken.user_id == user.id, AccessToken.revoked_at.is_(None))
    for token in session.scalars(live):
        token.revoked_at = now
