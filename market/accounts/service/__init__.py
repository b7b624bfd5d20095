"""Organisations, users and tokens: what is done with them."""

from market.accounts.service.organisations import (
    change_organisation,
    register_organisation,
    register_with_user,
    verify_organisation,
)
from market.accounts.service.passwords import hash_password
from market.accounts.service.tokens import issue_token, revoke_token, token_digest
from market.accounts.service.users import (
    activate_user,
    change_password,
    create_user,
    deactivate_user,
    reset_password,
)

__all__ = [
    "activate_user",
    "change_organisation",
    "change_password",
    "create_user",
    "deactivate_user",
    "hash_password",
    "issue_token",
    "register_organisation",
    "register_with_user",
    "reset_password",
    "revoke_token",
    "token_digest",
    "verify_organisation",
]
