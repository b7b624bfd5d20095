"""How far a region has come with a plan's target.

A value is given only where the market's own tables hold it; for everything else the answer says
where it would have to come from. Amounts of contracts are counted live for those who answer for the
region; everybody else reads what was published.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from sqlalchemy.orm import Session

from market.turnover.models import Target
from market.turnover.progress.amounts import NO_START, amount_progress
from market.turnover.progress.counts import COMPUTED, UNPUBLISHED
from market.turnover.progress.model import Forecast, Progress, Publication, Reading
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

__all__ = ["COMPUTED", "Forecast", "Progress", "Publication", "Reading", "progress"]


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
    if target.indicator in {INDICATOR_AMOUNT, INDICATOR_ABSORBED}:
        return amount_progress(session, target, base, live=live)
    compute = COMPUTED.get((target.indicator, target.basis))
    if compute is None:
        return replace(base, missing_source=MISSING_SOURCES.get(target.indicator, UNKNOWN_SOURCE))
    if target.indicator in UNPUBLISHED and not live:
        return replace(base, missing_source=UNPUBLISHED[target.indicator])
    if target.basis in {Basis.CUMULATIVE, Basis.INCREASE} and base.span is None:
        return replace(base, missing_source=NO_START)
    return compute(session, target, base)


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
