"""What an answer about a target says, and how a value is set against the plan's number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from market.turnover.models import Target
from market.turnover.progress.outlook import Method, Pace
from market.turnover.rules import FEN_PER_YI, Measure, Span, amount_text
from market.turnover.target_rules import is_reached, percent_of


@dataclass(frozen=True, slots=True)
class Reading:
    """One value for a target.

    Attributes:
        name: what was counted, in Chinese.
        value: exact, in the target's unit.
        text: for people.
        fen: the same amount in fen; None where the value is no amount.
        percent: of the target's number; None where the plan gives none.
        reached: whether that is enough; None where the plan does not decide it.
    """

    name: str
    value: Decimal
    text: str
    fen: int | None
    percent: Decimal | None
    reached: bool | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the period will end with if things go on as before; and whether that would be enough."""

    method: Method
    reading: Reading


@dataclass(frozen=True, slots=True)
class Publication:
    """Which releases an amount was read from.

    Attributes:
        known_at: the state of the books behind the newest of them.
        span: months covered, without a gap.
        months: the same in Chinese.
        releases: their numbers.
    """

    known_at: datetime
    span: Span
    months: str
    releases: Sequence[int]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a region has come with a target, as of a day.

    Attributes:
        as_of: the day.
        span: the days or months counted; None for the state on the day itself.
        year: the year an annual target is read for.
        measure: where contracts are counted.
        reading: None when the market's tables do not hold it; then `missing_source` says who would.
        alternative: a second reading where the plan's phrase may mean two things.
        published: the releases an amount comes from; None where it was counted live.
        definition: what exactly was counted, and by which dates; None where nothing was.
        records: addresses of the lists that hold what was counted.
        records_note: where these lists show more or less than that.
        elapsed_percent: how much of the plan's time, or the year's, has passed (序时进度).
        pace: what must still come; None once it is reached or over, or if the plan has no number.
        forecast: of the first reading; None once the period is over, or with nothing to go by.
        remark: what a reader must know about the value.
        missing_source: where the value would come from.
    """

    as_of: date
    span: Span | None = None
    year: int | None = None
    measure: Measure | None = None
    reading: Reading | None = None
    alternative: Reading | None = None
    published: Publication | None = None
    definition: str | None = None
    records: Sequence[str] = ()
    records_note: str | None = None
    elapsed_percent: Decimal | None = None
    pace: Pace | None = None
    forecast: Forecast | None = None
    remark: str | None = None
    missing_source: str | None = None


def reading_of(target: Target, name: str, value: Decimal, *, text: str, fen: int | None) -> Reading:
    """Set a value against the target's number."""
    number = target.number
    return Reading(
        name=name,
        value=value,
        text=text,
        fen=fen,
        percent=None if number is None else percent_of(value, number),
        reached=None if number is None else is_reached(target.comparator, value, number),
    )


def amount_reading(target: Target, name: str, fen: int) -> Reading:
    """Set an amount against a target in 亿元."""
    return reading_of(target, name, Decimal(fen) / FEN_PER_YI, text=amount_text(fen), fen=fen)


def count_reading(target: Target, name: str, count: int | None) -> Reading:
    """Set a number of things against the target."""
    value = Decimal(count or 0)
    return reading_of(target, name, value, text=f"{value}{target.unit}", fen=None)
