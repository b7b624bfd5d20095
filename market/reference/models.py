"""Tables of regions, parks and codes."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from market.db import Base, Code, enum_type
from market.reference.rules import RegionLevel, Scheme


class Region(Base):
    """A region of GB/T 2260, with the days between which its code is valid (None: open).

    A code that was given twice stands once, under its latest holder; `former` lists the earlier
    ones as `{"name", "valid_from", "valid_to"}`, newest first.
    """

    __tablename__ = "regions"

    code: Mapped[str] = mapped_column(String(6), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), index=True)
    level: Mapped[RegionLevel] = mapped_column(enum_type(RegionLevel))
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("regions.code"), index=True)
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    former: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)


class Park(Base):
    """A development zone; it has no GB/T 2260 code and stands beside the region tree."""

    __tablename__ = "parks"

    code: Mapped[str] = mapped_column(Code, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    source: Mapped[str] = mapped_column(String(200))


class CodeEntry(Base):
    """One code of one list. `verified` is False where no source was read."""

    __tablename__ = "codes"

    scheme: Mapped[Scheme] = mapped_column(enum_type(Scheme), primary_key=True)
    code: Mapped[str] = mapped_column(Code, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    parent_code: Mapped[str | None] = mapped_column(Code)
    sort: Mapped[int]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    source: Mapped[str] = mapped_column(String(200))
    verified: Mapped[bool]


class RegionSuccession(Base):
    """A region whose code ended and the one it became, from a day on.

    `whole` is False where it was divided among several: what counted for it can then not be told
    apart any more.
    """

    __tablename__ = "region_successions"

    old_code: Mapped[str] = mapped_column(ForeignKey("regions.code"), primary_key=True)
    new_code: Mapped[str] = mapped_column(ForeignKey("regions.code"), primary_key=True)
    effective_on: Mapped[date]
    whole: Mapped[bool]
    source: Mapped[str] = mapped_column(String(200))


class CalendarDay(Base):
    """A day the State Council's notice makes a holiday, or a weekend day it makes a working day."""

    __tablename__ = "calendar_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    workday: Mapped[bool]
    name: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(String(200))
