"""When a resource may be booked, what overlaps, and the life of a booking as a table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from market.clock import CHINA

SHORTEST = timedelta(minutes=15)
LONGEST = timedelta(days=7)
FURTHEST = timedelta(days=365)
"""How long a booking may be, and how far ahead."""

INSTRUMENT = "instrument"
"""The category of instruments in the table of resource categories."""

FULL_USE_MINUTES = 1200 * 60
"""Use of a large instrument (大型仪器) in a year that counts as full: 1,200 hours."""


class BookingStatus(StrEnum):
    """State of a booking."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    MISSED = "missed"


BOOKING_STATUS_NAMES: Mapping[BookingStatus, str] = {
    BookingStatus.REQUESTED: "待确认",
    BookingStatus.CONFIRMED: "已确认",
    BookingStatus.DECLINED: "未接受",
    BookingStatus.CANCELLED: "已取消",
    BookingStatus.COMPLETED: "已完成",
    BookingStatus.MISSED: "未到",
}

HOLDING = frozenset({BookingStatus.REQUESTED, BookingStatus.CONFIRMED, BookingStatus.COMPLETED})
"""States in which a booking keeps its time from others."""


class BookingAction(StrEnum):
    """A step with a booking."""

    CONFIRM = "confirm"
    DECLINE = "decline"
    CANCEL = "cancel"
    COMPLETE = "complete"
    MISS = "miss"


BOOKING_STEPS: Mapping[BookingAction, tuple[frozenset[BookingStatus], BookingStatus]] = {
    BookingAction.CONFIRM: (frozenset({BookingStatus.REQUESTED}), BookingStatus.CONFIRMED),
    BookingAction.DECLINE: (frozenset({BookingStatus.REQUESTED}), BookingStatus.DECLINED),
    BookingAction.CANCEL: (
        frozenset({BookingStatus.REQUESTED, BookingStatus.CONFIRMED}),
        BookingStatus.CANCELLED,
    ),
    BookingAction.COMPLETE: (frozenset({BookingStatus.CONFIRMED}), BookingStatus.COMPLETED),
    BookingAction.MISS: (frozenset({BookingStatus.CONFIRMED}), BookingStatus.MISSED),
}

OPEN = BOOKING_STEPS[BookingAction.CANCEL][0]
"""States of a booking that may still be given up."""

KEPT = frozenset({BookingStatus.CONFIRMED, BookingStatus.COMPLETED, BookingStatus.MISSED})
"""States of a booking that was accepted and not given up; who booked may know whom to ask."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A half-open span of time, both ends aware."""

    start: datetime
    end: datetime

    def overlaps(self, other: Slot) -> bool:
        """Tell whether the two have a moment in common; one may begin where the other ends."""
        return self.start < other.end and other.start < self.end

    @property
    def minutes(self) -> int:
        """Whole minutes."""
        return int((self.end - self.start) / timedelta(minutes=1))


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """When a resource is open, in China's time. No hours means round the clock.

    Attributes:
        weekdays: 1 Monday to 7 Sunday; empty means every day.
        opens: first moment of a day.
        closes: last moment of a day, after `opens`.
    """

    weekdays: Collection[int] = ()
    opens: time | None = None
    closes: time | None = None

    def covers(self, slot: Slot) -> bool:
        """Tell whether a slot lies within the hours; with hours given it lies within one day."""
        start, end = slot.start.astimezone(CHINA), slot.end.astimezone(CHINA)
        last = end - timedelta(microseconds=1)  # a slot up to midnight ends that day
        days = (last.date() - start.date()).days
        if self.weekdays:
            touched = {(start + timedelta(days=day)).isoweekday() for day in range(days + 1)}
            if not touched <= set(self.weekdays):
                return False
        if self.opens is None or self.closes is None:
            return True
        closes = datetime.combine(start.date(), self.closes, CHINA)
        return days == 0 and start.time() >= self.opens and end <= closes


def slot_fault(slot: Slot, *, hours: OpeningHours, now: datetime) -> tuple[str, str] | None:
    """Say what is wrong with a slot: a code and Chinese words; None if nothing is."""
    if slot.start >= slot.end:
        return "slot-empty", "结束时间应晚于开始时间。"
    if slot.start <= now:
        return "slot-past", "只能预约今后的时间。"
    if any(end.second or end.microsecond for end in (slot.start, slot.end)):
        return "slot-not-in-minutes", "起止时间应为整分钟。"
    if slot.end - slot.start < SHORTEST:
        return "slot-too-short", f"一次至少预约 {SHORTEST // timedelta(minutes=1)} 分钟。"
    if slot.end - slot.start > LONGEST:
        return "slot-too-long", f"一次最多预约 {LONGEST.days} 天。"
    if slot.start - now > FURTHEST:
        return "slot-too-far", f"最多提前 {FURTHEST.days} 天预约。"
    if not hours.covers(slot):
        return "outside-opening-hours", "预约时间不在开放时间内。"
    return None


def use_fault(slot: Slot, used_minutes: int, *, now: datetime) -> tuple[str, str] | None:
    """Say what is wrong with a use to be recorded: it lies within the booking and in the past."""
    if used_minutes > slot.minutes:
        return "used-more-than-booked", "使用时间不能超过预约的时间。"
    if used_minutes > Slot(slot.start, now).minutes:
        return "use-ahead", "使用时间不能超过从预约开始到现在的时间。"
    return None


def full_use_permille(minutes: int, span: Slot) -> int:
    """Return a use in thousandths of full use, of which a span holds the share that it has of a year."""
    tick = timedelta(microseconds=1)
    full, used = FULL_USE_MINUTES * ((span.end - span.start) // tick), minutes * (timedelta(days=365) // tick)
    return (2000 * used + full) // (2 * full)


def first_overlap(slot: Slot, taken: Iterable[Slot]) -> Slot | None:
    """Return the first of the slots taken that a new one would overlap."""
    return next((other for other in taken if slot.overlaps(other)), None)


def fee_fen(rate_fen_per_hour: int | None, minutes: int) -> int:
    """Return the fee of a use in fen, halves up; nothing where no rate is stated."""
    return 0 if rate_fen_per_hour is None else (rate_fen_per_hour * minutes + 30) // 60
