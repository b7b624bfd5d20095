"""Finding out who is asking, from the `Authorization: Bearer` header."""

from __future__ import annotations

import flask
from sqlalchemy.orm import Session

from market.accounts.queries import find_actor
from market.accounts.rules import Actor
from market.accounts.service import token_digest
from market.errors import Unauthenticated
from market.http.edge import now


def find_current_actor(session: Session) -> Actor | None:
    """Return who is asking; None when no token is sent.

    Raises:
        Unauthenticated: a token is sent but is unknown, expired or revoked.
    """
    header = flask.request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, secret = header.partition(" ")
    actor = None
    if scheme.lower() == "bearer" and secret:
        actor = find_actor(session, token_digest(secret.strip()), now=now())
    if actor is None:
        raise Unauthenticated("访问令牌无效或已过期，请重新登录。", code="bad-token")
    return actor


def current_actor(session: Session) -> Actor:
    """Return who is asking.

    Raises:
        Unauthenticated: nobody we know.
    """
    actor = find_current_actor(session)
    if actor is None:
        raise Unauthenticated("请先登录，并在请求头中提供访问令牌。")
    return actor


def current_user_id(actor: Actor) -> int:
    """Return the user behind an HTTP request; every HTTP actor is a user.

    Raises:
        Unauthenticated: the actor is the operator, who does not come by HTTP.
    """
    if actor.user_id is None:
        raise Unauthenticated("请先登录，并在请求头中提供访问令牌。")
    return actor.user_id
