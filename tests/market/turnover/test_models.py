"""The database itself keeps the ledger append-only and its lines consistent."""

from __future__ import annotations

import pytest
from sqlalchemy import Executable, delete, inspect, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market.db import Base, Database
from market.turnover.ledger import COPIED
from market.turnover.models import TurnoverEntry
from market.turnover.rules import Line
from tests.factories import NOW
from tests.market.turnover.factories import end, register


def _line_of(session: Session, contract_id: int) -> TurnoverEntry:
    return session.scalars(select(TurnoverEntry).where(TurnoverEntry.contract_id == contract_id)).one()


def _deeds(session: Session) -> list[Executable]:
    deeds: list[Executable] = [update(TurnoverEntry).values(total_fen=1), delete(TurnoverEntry)]
    if session.get_bind().dialect.name == "postgresql":  # SQLite has no TRUNCATE
        deeds.append(text("TRUNCATE turnover_entries CASCADE"))
    return deeds


def test_lines_cannot_be_changed_deleted_or_truncated(session: Session) -> None:
    register(session)
    for deed in _deeds(session):
        with pytest.raises(IntegrityError, match="append-only"), session.begin_nested():
            session.execute(deed)


def _copy(copied: TurnoverEntry, **values: object) -> TurnoverEntry:
    kept = {name: getattr(copied, name) for name in COPIED}
    kept |= {"contract_version": 1, "recorded_at": NOW, "count": 1, "line": Line.CHANGE}
    return TurnoverEntry(**{**kept, **values})


@pytest.mark.parametrize(
    "values",
    [
        {"line": Line.REGISTRATION},
        {"line": Line.REVERSAL, "count": -1, "reverses_id": None},
        {"line": Line.CHANGE, "count": -1},
    ],
    ids=["registered twice", "reversal of nothing", "change that takes away"],
)
def test_inconsistent_lines_are_refused(session: Session, values: dict[str, object]) -> None:
    line = _line_of(session, register(session).id)
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(_copy(line, **values))


def test_a_line_is_reversed_once_only(session: Session) -> None:
    contract = register(session)
    line = _line_of(session, contract.id)
    end(session, contract)
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(_copy(line, line=Line.REVERSAL, count=-1, reverses_id=line.id))


def test_dropping_the_schema_leaves_nothing_behind(own_database: Database) -> None:
    Base.metadata.drop_all(own_database.engine)
    assert "turnover_entries" not in inspect(own_database.engine).get_table_names()
    Base.metadata.create_all(own_database.engine)
