"""Tables' common ground: base class, column types, engine, transactions, keyset pages.

SQLite and PostgreSQL behave alike through this module: aware UTC times, enforced foreign keys,
writers that queue instead of failing, and savepoints that work.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import IntEnum, StrEnum, unique
from math import isfinite
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Enum,
    Integer,
    MetaData,
    Select,
    String,
    TypeDecorator,
    and_,
    create_engine,
    event,
    false,
    func,
    make_url,
    or_,
    select,
    true,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from market.errors import NotFound, RuleViolation, StaleVersion, violation

log = structlog.get_logger()

Item = TypeVar("Item")

ATTEMPTS = 5
SACRIFICED = {"40001": "serialization failure", "40P01": "deadlock"}
"""SQLSTATEs by which PostgreSQL ends a transaction that would succeed if it were tried again."""

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

BigId = BigInteger().with_variant(Integer, "sqlite")
"""Key type: 64 bits on PostgreSQL; SQLite only auto-numbers a column declared INTEGER."""


class Base(DeclarativeBase):
    """Base of every table."""

    metadata = MetaData(naming_convention=NAMING)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime; SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """Return the type of the values; a decorator does not take it over from `impl`."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times; hand UTC to the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime must not reach the database")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - the signature is SQLAlchemy's
    ) -> datetime | None:
        """Return aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def enum_type(kind: type[StrEnum]) -> Enum:
    """Return a column type that stores a StrEnum by value, as text, on both databases."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=False,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


class Database:
    """One database: its engine and the two ways into it.

    Args:
        url: SQLAlchemy URL.
        bind: an open connection to stay on instead of the engine; for tests that roll back.
    """

    def __init__(self, url: str, *, bind: Connection | None = None) -> None:
        self.url = url
        self.engine = bind.engine if bind is not None else create_database_engine(url)
        self._sessions = sessionmaker(
            bind=bind if bind is not None else self.engine,
            expire_on_commit=False,
            join_transaction_mode="create_savepoint" if bind is not None else "conditional_savepoint",
        )

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open a writing transaction: leaving normally commits, an exception rolls back."""
        with self._sessions() as session, session.begin():
            # SQLite must take the write lock at once: upgrading a read transaction later
            # fails with "database is locked" instead of waiting.
            session.connection(execution_options={"market_begin": "BEGIN IMMEDIATE"})
            yield session

    def retrying(self, work: Callable[[Session], Item]) -> Item:
        """Do work in a writing transaction, again if PostgreSQL sacrificed it to let another one pass.

        The work must be safe to do twice, as everything is that only writes to its session.

        Raises:
            OperationalError: it was sacrificed `ATTEMPTS` times.
        """
        for attempt in range(1, ATTEMPTS):
            try:
                with self.transaction() as session:
                    return work(session)
            except OperationalError as error:
                reason = SACRIFICED.get(getattr(error.orig, "sqlstate", None) or "")
                if reason is None:
                    raise
                log.warning("transaction.retried", reason=reason, attempt=attempt)
        with self.transaction() as session:
            return work(session)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a read-only look at one moment of the data; nothing is ever committed."""
        with self._sessions() as session:
            yield session

    def dispose(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()


def create_database_engine(url: str) -> Engine:
    """Return an engine with the settings both databases need."""
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20, hide_parameters=True)
    engine = create_engine(url, connect_args={"timeout": 30}, hide_parameters=True)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, _: ConnectionPoolEntry) -> None:
    # The driver's own BEGIN comes too late for savepoints and DDL; we emit ours in _begin_sqlite.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA busy_timeout = 30000")
    # What is deleted is overwritten with zeros: the text of an erased person must not stay on free pages.
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("market_begin", "BEGIN"))


Row = TypeVar("Row", bound=Base)


def get_or_not_found(session: Session, model: type[Row], key: Any, *, name: str, lock: bool = False) -> Row:
    """Return the row with this primary key.

    Args:
        session: open session.
        model: table class.
        key: primary key.
        name: Chinese name of the thing, for the error.
        lock: take a row lock (PostgreSQL; SQLite has one writer anyway) and read afresh.

    Raises:
        NotFound: there is none.
    """
    row = session.get(model, key, with_for_update=True if lock else None, populate_existing=lock)
    if row is None:
        raise NotFound(f"没有找到该{name}。", code=f"{model.__tablename__.rstrip('s')}-not-found")
    return row


def require_version(current: int, expected: int) -> None:
    """Refuse to change a row that the caller has not seen in its present version.

    Raises:
        StaleVersion: the versions differ.
    """
    if current != expected:
        raise StaleVersion(f"记录已被他人修改：您看到的是第{expected}版，现为第{current}版，请刷新后重试。")


@unique
class AdvisoryLock(IntEnum):
    """Keys of the locks that PostgreSQL keeps for us; they stand together so that no two are the same."""

    CHANGE_LOG = 7_340_021
    """A `seq` of the change log is drawn under it."""
    SHARED_INDEX = 7_340_022
    """The index server is written to under it; its `part` stands for the model."""
    EDITIONS = 7_340_023
    """The number of an edition is drawn under it."""
    CHAIN_ENTERPRISES = 7_340_024
    """Enterprises, agencies and nodes come on their lists under it."""
    REGISTER_IMPORTS = 7_340_031
    """Imported rows of registers are written under it."""
    NETWORK_TREE = 7_340_041
    """The tree of the network changes its shape under it."""


def advisory_lock(session: Session | Connection, key: AdvisoryLock, part: int | None = None) -> None:
    """Wait until nobody else holds a lock, and hold it until the transaction ends.

    On SQLite this does nothing: a writing transaction keeps all other writers out anyway.

    Args:
        session: open transaction, or the connection it is on.
        key: what the lock is for.
        part: which part of it, 32 bits; None for the whole. A part and the whole do not meet.
    """
    bind = session.get_bind() if isinstance(session, Session) else session
    if bind.dialect.name == "postgresql":
        keys = (int(key),) if part is None else (int(key), part)
        session.execute(select(func.pg_advisory_xact_lock(*keys)))


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page of a list; `next_cursor` is None on the last."""

    items: Sequence[Item]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Where a page starts and how long it is (1 to 100)."""

    cursor: str | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True)
class SortKey:
    """One column of an order; the last key of an order must be unique and never null."""

    column: InstrumentedAttribute[Any]
    descending: bool = False


def paginate(
    session: Session, statement: Select[Any], *, order: Sequence[SortKey], page: PageRequest
) -> Page[Any]:
    """Return one page by keyset: rows after the cursor's values, so that inserts shift nothing.

    Args:
        session: open session.
        statement: selects one entity; must carry no order of its own.
        order: columns of that entity, most significant first, all non-null.
        page: cursor and limit.

    Raises:
        RuleViolation: the cursor was not issued for this order.
    """
    if page.cursor is not None:
        values = _read_cursor(page.cursor, order)
        statement = statement.where(_after(order, values))
    for key in order:
        statement = statement.order_by(key.column.desc() if key.descending else key.column.asc())
    rows: list[Any] = list(session.scalars(statement.limit(page.limit + 1)).unique())
    if len(rows) <= page.limit:
        return Page(rows, None)
    rows = rows[: page.limit]
    return Page(rows, _write_cursor([getattr(rows[-1], key.column.key) for key in order]))


def _after(order: Sequence[SortKey], values: Sequence[Any]) -> Any:
    condition: Any = false()
    equal: Any = true()
    for key, value in zip(order, values, strict=True):
        beyond = key.column < value if key.descending else key.column > value
        condition = or_(condition, and_(equal, beyond))
        equal = and_(equal, key.column == value)
    return condition


def _write_cursor(values: Sequence[Any]) -> str:
    plain = [value.isoformat() if isinstance(value, date) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def _read_cursor(cursor: str, order: Sequence[SortKey]) -> list[Any]:
    try:
        plain = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(plain, list) or len(plain) != len(order):
            raise ValueError
        return [
            _from_cursor(key.column.type.python_type, value) for key, value in zip(order, plain, strict=True)
        ]
    except (ValueError, TypeError, OverflowError):
        raise bad_cursor() from None


def _from_cursor(kind: type, value: Any) -> Any:
    """Return a cursor's value as its column's type; anybody can write a cursor, so any value may come."""
    if issubclass(kind, datetime):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError(value)
        return moment.astimezone(UTC)
    if issubclass(kind, date):
        return date.fromisoformat(value)
    if issubclass(kind, StrEnum):
        return kind(value)
    if kind is str and isinstance(value, str) and "\x00" not in value:
        value.encode()  # a lone surrogate is a ValueError here, and an error of the driver later
        return value
    if kind is int and type(value) is int and -(2**63) <= value < 2**63:
        return value
    if kind is float and type(value) in {int, float} and isfinite(value):
        return value
    raise ValueError(value)


def bad_cursor() -> RuleViolation:
    """Return the error for a cursor that this list did not issue."""
    return violation("/cursor", "bad-cursor", "分页游标无效，请从第一页重新开始。")


Code = String(32)
"""Column type of a reference code."""
