"""Reading the calendar: which days are worked in China."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.reference.models import CalendarDay
from market.reference.rules import workdays, year_is_known

CALENDAR_CACHE = "calendar_days"
"""Key in `session.info`; whoever writes the table drops it."""


def is_workday(session: Session) -> Callable[[date], bool]:
    """Return a calendar: days the operator has loaded, then announced ones, then Monday to Friday."""
    return workdays(_loaded_days(session))


def holidays_known(session: Session, year: int) -> bool:
    """Tell whether the holidays of a year are known, so that a limit reaching into it is certain."""
    return year_is_known(year, _loaded_days(session))


def _loaded_days(session: Session) -> dict[date, bool]:
    cached: dict[date, bool] | None = session.info.get(CALENDAR_CACHE)
    if cached is None:
        cached = {
            row.day: row.workday for row in session.execute(select(CalendarDay.day, CalendarDay.workday))
        }
        session.info[CALENDAR_CACHE] = cached
    return cached
