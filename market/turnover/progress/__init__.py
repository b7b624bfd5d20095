"""How far a region has come with a plan's target.

A value is given only where the market's own tables hold it; for everything else the answer says
where it would have to come from. Amounts of contracts are counted live for those who answer for the
region; everybody else reads what was published. Counts of registers and listings are public: they say
how many there are, and the lists behind them show to each reader what that reader may see.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from sqlalchemy.orm import Session

from market.turnover.models import Target
from market.turnover.progress.amounts import amount_progress
from market.turnover.progress.counting import counted
from market.turnover.progress.landed import LANDED, landed
from market.turnover.progress.model import Forecast, Progress, Publication, Reading
from market.turnover.progress.shares import ENTERPRISE_SHARE, enterprise_share
from market.turnover.progress.table import COUNTERS
from market.turnover.rules import Span, year_period
from market.turnover.target_rules import (
    INDICATOR_ABSORBED,
    INDICATOR_AMOUNT,
    MISSING_SOURCES,
    UNKNOWN_SOURCE,
    Basis,
    elapsed_percent,
    year_in_question,
)

__all__ = ["COUNTED", "Forecast", "Progress", "Publication", "Reading", "progress"]

AMOUNTS = frozenset({INDICATOR_AMOUNT, INDICATOR_ABSORBED})
COUNTED = AMOUNTS | LANDED | {ENTERPRISE_SHARE} | COUNTERS.keys()
"""Indicators that the market's own tables answer; `MISSING_SOURCES` has all others."""


def progress(
    session: Session, target: Target, *, today: date, live: bool, year: int | None = None
) -> Progress:
    """Tell how far a region has come with a target.

    Args:
        session: open session.
        target: the target.
        today: the day in China.
        live: whether the reader may see amounts that are not published yet.
        year: for which year to read an annual target; by default the present one, or the plan's
            nearest.
    """
    base = _frame(target, today, year)
    if target.indicator in AMOUNTS:
        return amount_progress(session, target, base, live=live)
    if target.indicator in LANDED and target.basis is Basis.RANKING:
        return landed(session, target, base, live=live)
    if target.indicator == ENTERPRISE_SHARE and target.basis is Basis.SHARE:
        return enterprise_share(session, target, base)
    counter = COUNTERS.get(target.indicator)
    if counter is not None:
        return counted(session, target, base, counter=counter)
    return replace(base, missing_source=MISSING_SOURCES.get(target.indicator, UNKNOWN_SOURCE))


def _frame(target: Target, today: date, year: int | None) -> Progress:
    """Return what is known of a progress before anything is counted: days, year, time passed."""
    start, end = target.period_start, target.period_end
    if target.basis in {Basis.ANNUAL, Basis.RANKING, Basis.RELATIVE}:
        asked = year_in_question(start, end, today) if year is None else year
        period = year_period(asked)
        passed = elapsed_percent(period.start, period.end, today)
        return Progress(today, span=Span(period.start, period.end), year=asked, elapsed_percent=passed)
    passed_of_plan = elapsed_percent(start, end, today) if start and end else None
    span = None
    if target.basis in {Basis.CUMULATIVE, Basis.INCREASE} and start is not None:
        span = Span(start, min(today, end) if end else today)
    return Progress(today, span=span, elapsed_percent=passed_of_plan)
