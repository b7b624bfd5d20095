"""The operator acts at the command line; behind a request stands a user."""

from __future__ import annotations

import pytest

from market.accounts.auth import current_user_id
from market.accounts.rules import OPERATOR, Actor, Role
from market.errors import Unauthenticated


def test_user_behind_a_request() -> None:
    assert current_user_id(Actor(user_id=7, role=Role.BROKER)) == 7


def test_operator_does_not_come_by_http() -> None:
    with pytest.raises(Unauthenticated):
        current_user_id(OPERATOR)
