"""Tables of the ledger, its counters and the targets; and the rule that a ledger line stays as written."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Table,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.contracts.models import Contract
from market.db import Base, BigId, Code, UtcDateTime, enum_type
from market.reference.models import Region
from market.turnover.rules import AreaKind, Dimension, FlowLevel, Line, Measure, Reach, ReleaseKind
from market.turnover.target_rules import Basis, Comparator


class TurnoverEntry(Base):
    """One line of the ledger: a contract counted (+1) or no longer counted (-1), with signed amounts.

    A line keeps the contract as it stood when the line was written, so a reversal takes away
    exactly what was added. `effective_on` is the day of the contract's original registration and
    decides the period; `recorded_at` is when the line was written and decides what was known when.
    A region of None means abroad. `reach` follows from the countries of both parties.
    """

    __tablename__ = "turnover_entries"
    __table_args__ = (
        CheckConstraint("(line = 'reversal') = (reverses_id IS NOT NULL)", name="reversal"),
        CheckConstraint("count = CASE WHEN line = 'reversal' THEN -1 ELSE 1 END", name="sign"),
        Index(
            "uq_turnover_entries_registration",
            "contract_id",
            unique=True,
            sqlite_where=text("line = 'registration'"),
            postgresql_where=text("line = 'registration'"),
        ),
        # A small area is found by its own index, a large one by walking back through time.
        Index("ix_turnover_entries_effective_on_id", "effective_on", "id"),
        *(
            Index(
                f"ix_turnover_entries_{column}_effective_on",
                column,
                "effective_on",
                sqlite_where=text(f"{column} IS NOT NULL"),
                postgresql_where=text(f"{column} IS NOT NULL"),
            )
            for side in ("station", "seller", "buyer")
            for column in (f"{side}_region", f"{side}_park")
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"), index=True)
    contract_version: Mapped[int]
    line: Mapped[Line] = mapped_column(enum_type(Line))
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("turnover_entries.id"), unique=True)
    count: Mapped[int]
    total_fen: Mapped[int] = mapped_column(BigInteger)
    tech_fen: Mapped[int] = mapped_column(BigInteger)
    effective_on: Mapped[date]
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    station_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    station_region: Mapped[str] = mapped_column(String(6))
    station_park: Mapped[str | None] = mapped_column(Code)
    seller_region: Mapped[str | None] = mapped_column(String(6))
    seller_park: Mapped[str | None] = mapped_column(Code)
    buyer_region: Mapped[str | None] = mapped_column(String(6))
    buyer_park: Mapped[str | None] = mapped_column(Code)
    seller_nature: Mapped[str] = mapped_column(Code)
    buyer_nature: Mapped[str] = mapped_column(Code)
    type_code: Mapped[str] = mapped_column(Code)
    subtype_code: Mapped[str | None] = mapped_column(Code)
    tech_field: Mapped[str] = mapped_column(Code)
    ip_kind: Mapped[str] = mapped_column(Code)
    plan_source: Mapped[str] = mapped_column(Code)
    reach: Mapped[Reach] = mapped_column(enum_type(Reach))

    contract: Mapped[Contract] = relationship()


class TurnoverCounter(Base):
    """A stored sum of ledger lines: one measure, area and month, and one value of one dimension.

    The primary key is in the order figures are read in: a range of areas within one dimension.
    """

    __tablename__ = "turnover_counters"

    measure: Mapped[Measure] = mapped_column(enum_type(Measure), primary_key=True)
    area_kind: Mapped[AreaKind] = mapped_column(enum_type(AreaKind), primary_key=True)
    dimension: Mapped[Dimension] = mapped_column(enum_type(Dimension), primary_key=True)
    area: Mapped[str] = mapped_column(Code, primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Code, primary_key=True)
    deals: Mapped[int]
    total_fen: Mapped[int] = mapped_column(BigInteger)
    tech_fen: Mapped[int] = mapped_column(BigInteger)


class TurnoverFlow(Base):
    """A stored sum of ledger lines: what went from one area to another in a month."""

    __tablename__ = "turnover_flows"
    __table_args__ = (Index("ix_turnover_flows_level_buyer_area", "level", "buyer_area", "month"),)

    level: Mapped[FlowLevel] = mapped_column(enum_type(FlowLevel), primary_key=True)
    seller_area: Mapped[str] = mapped_column(Code, primary_key=True)
    buyer_area: Mapped[str] = mapped_column(Code, primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    deals: Mapped[int]
    total_fen: Mapped[int] = mapped_column(BigInteger)
    tech_fen: Mapped[int] = mapped_column(BigInteger)


class Release(Base):
    """Figures of a region and period as they were published; `content` never changes afterwards.

    `known_at` is the moment of the ledger they were taken from, `digest` the SHA-256 of the canonical
    JSON of `content`. A release found wrong is withdrawn and superseded by another, not altered.
    """

    __tablename__ = "releases"
    __table_args__ = (
        Index(
            "uq_releases_standing",
            "region_code",
            "kind",
            "period",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    kind: Mapped[ReleaseKind] = mapped_column(enum_type(ReleaseKind))
    period: Mapped[str] = mapped_column(String(16))
    period_start: Mapped[date]
    period_end: Mapped[date]
    title: Mapped[str] = mapped_column(String(200))
    known_at: Mapped[datetime] = mapped_column(UtcDateTime)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    digest: Mapped[str] = mapped_column(String(64))
    note: Mapped[str | None] = mapped_column(String(1000))
    published_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdraw_reason: Mapped[str | None] = mapped_column(String(1000))
    superseded_by: Mapped[int | None] = mapped_column(ForeignKey("releases.id"))

    region: Mapped[Region] = relationship()


class Target(Base):
    """What a plan promises for a region, in the plan's own phrase.

    `value` is the decimal number as printed, kept as text so that no database rounds it;
    None where the plan names the indicator without a number.
    """

    __tablename__ = "targets"
    __table_args__ = (UniqueConstraint("region_code", "indicator", "phrase", "basis"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    indicator: Mapped[str] = mapped_column(String(64))
    phrase: Mapped[str] = mapped_column(String(200))
    comparator: Mapped[Comparator] = mapped_column(enum_type(Comparator))
    value: Mapped[str | None] = mapped_column(String(32))
    unit: Mapped[str] = mapped_column(String(16))
    basis: Mapped[Basis] = mapped_column(enum_type(Basis))
    period_start: Mapped[date | None]
    period_end: Mapped[date | None]
    base_year: Mapped[int | None]
    source: Mapped[str] = mapped_column(String(300))
    note: Mapped[str] = mapped_column(String(500))

    region: Mapped[Region] = relationship()

    @property
    def number(self) -> Decimal | None:
        """The target as an exact number."""
        return None if self.value is None else Decimal(self.value)


SQLITE_APPEND_ONLY = tuple(
    f"CREATE TRIGGER turnover_entries_no_{deed.lower()} BEFORE {deed} ON turnover_entries "
    "BEGIN SELECT RAISE(ABORT, 'turnover_entries is append-only'); END"
    for deed in ("UPDATE", "DELETE")
)
"""Statements that make SQLite refuse to change or delete a line."""

POSTGRESQL_APPEND_ONLY = (
    """
    CREATE FUNCTION turnover_entries_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'turnover_entries is append-only' USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE TRIGGER turnover_entries_no_change BEFORE UPDATE OR DELETE ON turnover_entries
    FOR EACH ROW EXECUTE FUNCTION turnover_entries_refuse()
    """,
    """
    CREATE TRIGGER turnover_entries_no_truncate BEFORE TRUNCATE ON turnover_entries
    FOR EACH STATEMENT EXECUTE FUNCTION turnover_entries_refuse()
    """,
)
"""Statements that make PostgreSQL refuse to change, delete or truncate lines."""

POSTGRESQL_DROP_APPEND_ONLY = "DROP FUNCTION IF EXISTS turnover_entries_refuse()"
"""Run after the table is dropped: triggers go with their table, the function does not."""


FROZEN_COLUMNS = "region_code, kind, period, period_start, period_end, title, known_at, content, digest"
"""What no statement may change in a release once it is published."""

SQLITE_FROZEN = (
    f"CREATE TRIGGER releases_no_update BEFORE UPDATE OF {FROZEN_COLUMNS} ON releases "
    "BEGIN SELECT RAISE(ABORT, 'a release is frozen'); END",
    "CREATE TRIGGER releases_no_delete BEFORE DELETE ON releases "
    "BEGIN SELECT RAISE(ABORT, 'a release is frozen'); END",
)
POSTGRESQL_FROZEN = (
    """
    CREATE FUNCTION releases_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'a release is frozen' USING ERRCODE = 'restrict_violation';
    END $$
    """,
    f"""
    CREATE TRIGGER releases_no_change BEFORE DELETE OR UPDATE OF {FROZEN_COLUMNS} ON releases
    FOR EACH ROW EXECUTE FUNCTION releases_refuse()
    """,
    """
    CREATE TRIGGER releases_no_truncate BEFORE TRUNCATE ON releases
    FOR EACH STATEMENT EXECUTE FUNCTION releases_refuse()
    """,
)
POSTGRESQL_DROP_FROZEN = "DROP FUNCTION IF EXISTS releases_refuse()"


def _attach(table: Table, *, sqlite: tuple[str, ...], postgresql: tuple[str, ...], dropped: str) -> None:
    ddl: Any = DDL  # SQLAlchemy leaves it without types
    for dialect, statements in (("sqlite", sqlite), ("postgresql", postgresql)):
        for statement in statements:
            event.listen(table, "after_create", ddl(statement).execute_if(dialect=dialect))
    event.listen(table, "after_drop", ddl(dropped).execute_if(dialect="postgresql"))


_attach(
    Base.metadata.tables["turnover_entries"],
    sqlite=SQLITE_APPEND_ONLY,
    postgresql=POSTGRESQL_APPEND_ONLY,
    dropped=POSTGRESQL_DROP_APPEND_ONLY,
)
_attach(
    Base.metadata.tables["releases"],
    sqlite=SQLITE_FROZEN,
    postgresql=POSTGRESQL_FROZEN,
    dropped=POSTGRESQL_DROP_FROZEN,
)
