"""The calendar: what an operator loaded stands over what was announced."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from market.reference import queries
from market.reference.service import load_calendar


def holiday(day: date, *, workday: bool = False) -> dict[str, object]:
    return {"day": day, "workday": workday, "name": "测试", "source": "测试"}


def test_announced_days_need_no_table(session: Session) -> None:
    is_workday = queries.is_workday(session)
    assert not is_workday(date(2026, 10, 1))
    assert is_workday(date(2026, 11, 23))
    assert queries.holidays_known(session, 2026)


def test_loaded_days_count_at_once(session: Session) -> None:
    assert queries.is_workday(session)(date(2199, 10, 1))
    assert not queries.holidays_known(session, 2199)
    rows = [holiday(date(2199, 1, 1)), holiday(date(2199, 10, 1)), holiday(date(2199, 9, 28), workday=True)]
    assert load_calendar(session, rows) == 3
    is_workday = queries.is_workday(session)
    assert not is_workday(date(2199, 10, 1))
    assert is_workday(date(2199, 9, 28))  # a Saturday
    assert queries.holidays_known(session, 2199)
