"""Tables of the ledger, its counters and the targets; and the rule that a ledger line stays as written."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    DDL,
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
from market.turnover.rules import AreaKind, Line, Measure
from market.turnover.target_rules import Basis, Comparator


class TurnoverEntry(Base):
    """One line of the ledger: a contract counted (+1) or no longer counted (-1), with signed amounts.

    A line keeps the contract as it stood when the line was written, so a reversal takes away
    exactly what was added. `effective_on` is the day of the contract's original registration and
    decides the period; `recorded_at` is when the line was written and decides what was known when.
    A region of None means abroad.
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

    contract: Mapped[Contract] = relationship()


class TurnoverCounter(Base):
    """A stored sum of ledger lines: one measure, one leaf region or park, one month, type and field."""

    __tablename__ = "turnover_counters"

    measure: Mapped[Measure] = mapped_column(enum_type(Measure), primary_key=True)
    area_kind: Mapped[AreaKind] = mapped_column(enum_type(AreaKind), primary_key=True)
    area: Mapped[str] = mapped_column(Code, primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    type_code: Mapped[str] = mapped_column(Code, primary_key=True)
    tech_field: Mapped[str] = mapped_column(Code, primary_key=True)
    deals: Mapped[int]
    total_fen: Mapped[int] = mapped_column(BigInteger)
    tech_fen: Mapped[int] = mapped_column(BigInteger)


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


def _attach_append_only(table: Table) -> None:
    ddl: Any = DDL  # SQLAlchemy leaves it without types
    for dialect, statements in (("sqlite", SQLITE_APPEND_ONLY), ("postgresql", POSTGRESQL_APPEND_ONLY)):
        for statement in statements:
            event.listen(table, "after_create", ddl(statement).execute_if(dialect=dialect))
    event.listen(table, "after_drop", ddl(POSTGRESQL_DROP_APPEND_ONLY).execute_if(dialect="postgresql"))


_attach_append_only(Base.metadata.tables["turnover_entries"])
