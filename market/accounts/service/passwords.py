"""Passwords: hashing them, and telling whether one is right."""

from __future__ import annotations

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from market.accounts.models import User


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _decoy_hash() -> str:
    """A hash nobody's password has; checked for unknown logins so that timing tells nothing."""
    return _hasher().hash(secrets.token_urlsafe(16))


def opens(user: User | None, password: str) -> bool:
    """Tell whether a password is the user's, in the same time whether there is a user or not."""
    try:
        return _hasher().verify(user.password_hash if user is not None else _decoy_hash(), password)
    except (VerifyMismatchError, InvalidHashError):  # a hash such as "!" locks an account
        return False


def hash_password(password: str) -> str:
    """Return the Argon2 hash of a password, salt and parameters included."""
    return _hasher().hash(password)


def renew_hash(user: User, password: str) -> None:
    """Hash a password anew that was right, if it was hashed with parameters of former days."""
    if _hasher().check_needs_rehash(user.password_hash):
        user.password_hash = hash_password(password)
