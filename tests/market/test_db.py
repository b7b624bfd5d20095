"""Times, transactions, locks and keyset pages on both databases."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select, text, update
from sqlalchemy.exc import OperationalError, ProgrammingError, StatementError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from market.accounts.models import Organisation
from market.audit.models import AuditEvent
from market.audit.service import record
from market.contracts.models import RegistrationSerial
from market.db import (
    AdvisoryLock,
    BigId,
    Database,
    Page,
    PageRequest,
    SortKey,
    UtcDateTime,
    advisory_lock,
    create_database_engine,
    enum_type,
    get_or_not_found,
    paginate,
    require_version,
)
from market.errors import NotFound, RuleViolation, StaleVersion
from tests.factories import NOW, make_organisation

per_example = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Grade(StrEnum):
    LOW = "z-low"
    HIGH = "a-high"


class Tables(DeclarativeBase):
    """Apart from the market's tables, so that their schema stays what the migrations make."""


class Sample(Tables):
    """One column of every type that an order may name."""

    __tablename__ = "paging_samples"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[int]
    weight: Mapped[float]
    word: Mapped[str]
    grade: Mapped[Grade] = mapped_column(enum_type(Grade))
    day: Mapped[date]
    moment: Mapped[datetime] = mapped_column(UtcDateTime)


@pytest.fixture
def samples(database: Database) -> Database:
    """The rolled-back database with the table above, which goes when the test ends."""
    with database.transaction() as session:
        Tables.metadata.create_all(session.connection())
    return database


# Few distinct values, so that ties are common.
ROWS = st.lists(
    st.builds(
        dict,
        number=st.sampled_from([-3, 0, 7]),
        weight=st.sampled_from([-0.5, 0.1, 1 / 3]),
        word=st.sampled_from(["", "a", "B", "膜", "％'\""]),
        grade=st.sampled_from(Grade),
        day=st.sampled_from([date(2024, 2, 29), date(2025, 3, 1)]),
        moment=st.sampled_from([NOW, NOW + timedelta(microseconds=1), NOW - timedelta(days=400)]),
    ),
    max_size=12,
)
COLUMNS = (Sample.number, Sample.weight, Sample.word, Sample.grade, Sample.day, Sample.moment)
ORDERS = st.lists(
    st.builds(SortKey, st.sampled_from(COLUMNS), st.booleans()),
    max_size=3,
    unique_by=lambda key: key.column.key,
).flatmap(lambda keys: st.booleans().map(lambda down: [*keys, SortKey(Sample.id, down)]))


def read_all(session: Session, order: Sequence[SortKey], limit: int) -> list[int]:
    found: list[int] = []
    cursor: str | None = None
    while True:
        page = paginate(session, select(Sample), order=order, page=PageRequest(cursor, limit))
        assert len(page.items) == limit or page.next_cursor is None
        found += [row.id for row in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found


def ordered(session: Session, order: Sequence[SortKey]) -> list[int]:
    directions = [key.column.desc() if key.descending else key.column.asc() for key in order]
    return list(session.scalars(select(Sample.id).order_by(*directions)))


@per_example
@given(rows=ROWS, order=ORDERS, limit=st.integers(1, 5))
def test_pages_put_together_are_the_whole_ordered_list(
    samples: Database, rows: list[dict[str, Any]], order: list[SortKey], limit: int
) -> None:
    with samples.reading() as session:
        session.add_all(Sample(**row) for row in rows)
        session.flush()
        found = read_all(session, order, limit)
        assert found == ordered(session, order)
        assert len(found) == len(rows)


@per_example
@given(rows=ROWS.filter(lambda rows: len(rows) > 2), late=ROWS, order=ORDERS, limit=st.integers(1, 2))
def test_rows_inserted_while_paging_shift_nothing(
    samples: Database,
    rows: list[dict[str, Any]],
    late: list[dict[str, Any]],
    order: list[SortKey],
    limit: int,
) -> None:
    with samples.reading() as session:
        session.add_all(Sample(**row) for row in rows)
        session.flush()
        before = ordered(session, order)
        first = paginate(session, select(Sample), order=order, page=PageRequest(limit=limit))
        session.add_all(Sample(**row) for row in late)
        session.flush()
        seen = [row.id for row in first.items]
        cursor = first.next_cursor
        while cursor is not None:
            page = paginate(session, select(Sample), order=order, page=PageRequest(cursor, limit))
            seen += [row.id for row in page.items]
            cursor = page.next_cursor
        assert [number for number in seen if number in set(before)] == before
        assert len(seen) == len(set(seen))


def test_last_full_page_has_no_cursor(samples: Database) -> None:
    row = {"number": 1, "weight": 1.0, "word": "", "grade": Grade.LOW, "day": date(2025, 1, 1), "moment": NOW}
    with samples.reading() as session:
        session.add_all(Sample(**row) for _ in range(2))
        session.flush()
        page = paginate(session, select(Sample), order=[SortKey(Sample.id)], page=PageRequest(limit=2))
        assert len(page.items) == 2
        assert page.next_cursor is None
        assert paginate(
            session, select(Sample).where(Sample.id < 0), order=[SortKey(Sample.id)], page=PageRequest()
        ) == Page([], None)


def cursor_of(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def refused_cursor(samples: Database, order: list[SortKey], cursor: str) -> RuleViolation:
    with samples.reading() as session, pytest.raises(RuleViolation) as caught:
        paginate(session, select(Sample), order=order, page=PageRequest(cursor))
    return caught.value


BY_ID = [SortKey(Sample.id)]


@pytest.mark.parametrize("values", [(), (1, 2), ("1",), (None,), (True,), (1.5,), (10**30,), ({"a": 1},)])
def test_cursor_of_another_list_is_refused(samples: Database, values: tuple[Any, ...]) -> None:
    error = refused_cursor(samples, BY_ID, cursor_of(*values))
    assert error.code == "bad-cursor"
    assert [item.pointer for item in error.fields] == ["/cursor"]


@pytest.mark.parametrize("raw", [b"{}", b"\xff[1]", b"[NaN]", b"[" * 300, b"1"])
def test_cursor_that_is_no_list_of_values_is_refused(samples: Database, raw: bytes) -> None:
    assert refused_cursor(samples, BY_ID, base64.urlsafe_b64encode(raw).decode()).code == "bad-cursor"


@pytest.mark.parametrize("cursor", ["", "!", "中", "abc"])
def test_cursor_of_nobody_is_refused(samples: Database, cursor: str) -> None:
    assert refused_cursor(samples, BY_ID, cursor).code == "bad-cursor"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (Sample.moment, "2025-06-10T02:00:00"),  # naive
        (Sample.moment, "0001-01-01T00:00:00+08:00"),  # before the first year in UTC
        (Sample.moment, 5),
        (Sample.day, "2025-02-30"),
        (Sample.day, "2025-06-10T02:00:00"),
        (Sample.grade, "LOW"),
        (Sample.word, 5),
        (Sample.word, "a\x00b"),
        (Sample.word, "\ud800"),
        (Sample.number, -(2**63) - 1),
        (Sample.weight, float("inf")),
        (Sample.weight, "1"),
    ],
)
def test_cursor_value_the_database_could_not_take_is_refused(
    samples: Database, column: Any, value: Any
) -> None:
    error = refused_cursor(samples, [SortKey(column), *BY_ID], cursor_of(value, 1))
    assert error.code == "bad-cursor"


@per_example
@given(
    cursor=st.one_of(
        st.text(max_size=20), st.lists(st.from_type(object) | st.integers(), max_size=3).map(str)
    )
)
def test_no_cursor_whatsoever_breaks_a_list(samples: Database, cursor: str) -> None:
    faults: list[str] = []
    with samples.reading() as session:
        try:
            paginate(session, select(Sample), order=BY_ID, page=PageRequest(cursor))
        except RuleViolation as error:
            faults.append(error.code)
    assert faults in ([], ["bad-cursor"])


# Hypothesis takes the bounds without a zone.
FIRST, LAST = (NOW.replace(year=year, tzinfo=None) for year in (1900, 2200))
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@per_example
@given(moment=st.datetimes(FIRST, LAST, timezones=ZONES))
def test_aware_time_comes_back_as_the_same_moment_in_utc(database: Database, moment: datetime) -> None:
    with database.reading() as session:
        record(session, None, action="test.time", entity="test", entity_id=1, now=moment)
        session.flush()
        session.expire_all()
        found = session.scalars(select(AuditEvent.at).where(AuditEvent.action == "test.time")).one()
    assert found == moment
    assert found.utcoffset() == timedelta(0)


def test_time_is_utc_whatever_zone_the_server_speaks(database: Database) -> None:
    if database.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no zone of its own")
    with database.reading() as session:
        session.execute(text("SET LOCAL TIME ZONE 'Asia/Shanghai'"))
        record(session, None, action="test.time", entity="test", entity_id=1, now=NOW)
        session.flush()
        session.expire_all()
        found = session.scalars(select(AuditEvent.at).where(AuditEvent.action == "test.time")).one()
    assert found == NOW
    assert found.tzinfo is UTC


def test_naive_time_is_refused(database: Database) -> None:
    with database.reading() as session:
        record(session, None, action="test.time", entity="test", entity_id=1, now=NOW.replace(tzinfo=None))
        with pytest.raises(StatementError, match="naive") as caught:
            session.flush()
    assert isinstance(caught.value.orig, ValueError)


def test_missing_time_stays_missing() -> None:
    kind = UtcDateTime()
    dialect = create_database_engine("sqlite://").dialect
    assert kind.process_bind_param(None, dialect) is None
    assert kind.process_result_value(None, dialect) is None


def test_enum_is_stored_by_its_value(samples: Database) -> None:
    with samples.reading() as session:
        session.add(Sample(number=1, weight=1.0, word="", grade=Grade.HIGH, day=date(2025, 1, 1), moment=NOW))
        session.flush()
        assert session.scalar(text("SELECT grade FROM paging_samples")) == "a-high"


def test_sqlite_enforces_keys_and_keeps_a_write_ahead_log(own_database: Database) -> None:
    if own_database.engine.dialect.name != "sqlite":
        pytest.skip("pragmas are SQLite's")
    with own_database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000


def test_sqlite_leaves_nothing_of_what_was_deleted_on_its_pages(tmp_path: Path) -> None:
    file, name = tmp_path / "market.db", "已注销的示例公司" * 100
    engine = create_database_engine(f"sqlite:///{file}")
    # As some builds of SQLite begin; ours are told otherwise after this.
    event.listen(
        engine, "connect", lambda raw, _: raw.execute("PRAGMA secure_delete = OFF").close(), insert=True
    )
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE names (name TEXT)")
        connection.exec_driver_sql("INSERT INTO names VALUES (?), (?)", (name, "other"))
    for statement, there in (("SELECT 1", True), ("DELETE FROM names WHERE name <> 'other'", False)):
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
        raw = engine.raw_connection()  # outside of a transaction, in which the log is not emptied
        raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        raw.close()
        assert (name.encode() in file.read_bytes()) is there
    engine.dispose()


def test_writers_that_read_first_queue_instead_of_failing(own_database: Database) -> None:
    """On SQLite a transaction that begins as a reader fails as soon as another has written."""
    rounds, faults = 8, []

    def write() -> None:
        try:
            for _ in range(rounds):
                with own_database.transaction() as session:
                    seen = len(list(session.scalars(select(AuditEvent.id))))
                    record(session, None, action="test.write", entity="test", entity_id=seen, now=NOW)
        except OperationalError as error:
            faults.append(error)

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with own_database.reading() as session:
        seen = sorted(session.scalars(select(AuditEvent.entity_id)))
    assert len(seen) == 3 * rounds
    if own_database.engine.dialect.name == "sqlite":
        assert all(later == earlier + 1 for earlier, later in pairwise(seen))


def test_reading_is_never_committed(own_database: Database) -> None:
    with own_database.reading() as session:
        record(session, None, action="test.write", entity="test", entity_id=1, now=NOW)
        session.flush()
    with own_database.reading() as session:
        assert session.scalars(select(AuditEvent.id)).all() == []


def test_rows_can_be_read_after_the_commit(database: Database) -> None:
    with database.transaction() as session:
        organisation = make_organisation(session, name="提交后可读")
    assert organisation.name == "提交后可读"


def test_get_names_what_is_missing(session: Session) -> None:
    with pytest.raises(NotFound) as caught:
        get_or_not_found(session, Organisation, 999_999_999, name="单位")
    assert caught.value.code == "organisation-not-found"
    assert caught.value.detail == "没有找到该单位。"


def test_lock_reads_the_row_afresh(session: Session) -> None:
    organisation = make_organisation(session, name="旧名")
    session.execute(
        update(Organisation).where(Organisation.id == organisation.id).values(name="新名"),
        execution_options={"synchronize_session": False},
    )
    assert get_or_not_found(session, Organisation, organisation.id, name="单位").name == "旧名"
    assert get_or_not_found(session, Organisation, organisation.id, name="单位", lock=True).name == "新名"


def test_version_that_was_not_seen_is_refused() -> None:
    require_version(3, 3)
    with pytest.raises(StaleVersion) as caught:
        require_version(4, 3)
    assert caught.value.detail == "记录已被他人修改：您看到的是第3版，现为第4版，请刷新后重试。"


def test_a_transaction_that_postgresql_sacrifices_is_done_again(own_database: Database) -> None:
    if own_database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer, so nobody can lock anybody out")
    accounts = [make_serial(own_database, area) for area in ("320281", "320282")]
    both_hold_one = threading.Barrier(2)
    tries: list[int] = []

    def move(first: int, second: int) -> None:
        def work(session: Session) -> None:
            tries.append(first)
            add_one(session, first)
            if len(tries) <= 2:
                both_hold_one.wait(timeout=20)
            add_one(session, second)

        own_database.retrying(work)

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(move, *accounts), pool.submit(move, *reversed(accounts))]:
            future.result(timeout=60)
    with own_database.reading() as session:
        assert session.scalars(select(RegistrationSerial.last)).all() == [2, 2]
    assert len(tries) == 3


def make_serial(database: Database, area: str) -> int:
    with database.transaction() as session:
        row = RegistrationSerial(area=area, year=2025, last=0)
        session.add(row)
        session.flush()
        return row.id


def add_one(session: Session, serial_id: int) -> None:
    session.execute(
        update(RegistrationSerial)
        .where(RegistrationSerial.id == serial_id)
        .values(last=RegistrationSerial.last + 1)
    )


def test_an_advisory_lock_is_held_until_the_transaction_ends(own_database: Database) -> None:
    order: list[str] = []
    held = threading.Event()

    def hold() -> None:
        with own_database.transaction() as session:
            advisory_lock(session, AdvisoryLock.EDITIONS)
            held.set()
            time.sleep(0.2)
            order.append("first")

    def follow() -> None:
        assert held.wait(timeout=20)
        with own_database.transaction() as session:
            advisory_lock(session, AdvisoryLock.EDITIONS)
            order.append("second")

    with ThreadPoolExecutor(2) as pool:
        for future in (pool.submit(hold), pool.submit(follow)):
            future.result(timeout=60)
    assert order == ["first", "second"]


def test_other_keys_and_parts_do_not_wait_for_an_advisory_lock(own_database: Database) -> None:
    if own_database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer")
    with own_database.transaction() as session, own_database.engine.begin() as other:
        other.execute(text("SET LOCAL lock_timeout = 100"))
        advisory_lock(session, AdvisoryLock.EDITIONS)
        advisory_lock(session, AdvisoryLock.SHARED_INDEX, 1)
        advisory_lock(other, AdvisoryLock.CHANGE_LOG)
        advisory_lock(other, AdvisoryLock.SHARED_INDEX, 2)
        with pytest.raises(OperationalError):
            advisory_lock(other, AdvisoryLock.SHARED_INDEX, 1)


def test_what_would_fail_again_is_not_tried_again(database: Database) -> None:
    tries: list[int] = []

    def work(session: Session) -> None:
        tries.append(1)
        session.execute(text("SELECT nothing FROM nowhere"))

    with pytest.raises((OperationalError, ProgrammingError)):
        database.retrying(work)
    assert len(tries) == 1
