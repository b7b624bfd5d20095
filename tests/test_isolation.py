"""What every other database test relies on: nothing leaks from one test into the next."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market.accounts.models import Organisation, User
from market.accounts.rules import Role
from market.db import Database
from tests.factories import NOW, make_organisation

NAME = "隔离测试有限公司"


def count_of(session: Session) -> int:
    return (
        session.scalar(select(func.count()).select_from(Organisation).where(Organisation.name == NAME)) or 0
    )


@pytest.mark.parametrize("turn", [1, 2])
def test_commits_of_one_test_are_not_seen_by_the_next(database: Database, turn: int) -> None:
    with database.reading() as session:
        assert count_of(session) == 0
    with database.transaction() as session:
        make_organisation(session, name=NAME)
    with database.reading() as session:
        assert count_of(session) == 1


def test_commits_of_a_test_are_not_seen_by_other_connections(
    database: Database, shared_database: Database
) -> None:
    with database.transaction() as session:
        make_organisation(session, name=NAME)
    with shared_database.reading() as session:
        assert count_of(session) == 0


def test_rolled_back_savepoint_leaves_the_rest_of_the_transaction(session: Session) -> None:
    make_organisation(session, name=NAME)
    savepoint = session.begin_nested()
    make_organisation(session, name=NAME)
    assert count_of(session) == 2
    savepoint.rollback()
    assert count_of(session) == 1


def test_exception_rolls_back_the_whole_transaction(database: Database) -> None:
    def fail_late() -> None:
        with database.transaction() as session:
            make_organisation(session, name=NAME)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_late()
    with database.reading() as session:
        assert count_of(session) == 0


def test_foreign_key_to_nothing_is_refused(database: Database) -> None:
    orphan = User(
        login="orphan",
        name="测试",
        password_hash="!",
        role=Role.ENTERPRISE,
        organisation_id=999_999_999,
        created_at=NOW,
    )
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"), database.transaction() as session:
        session.add(orphan)
    with database.reading() as session:
        assert session.scalar(select(User.id).where(User.login == "orphan")) is None
