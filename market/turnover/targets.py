"""The plans' targets: loading them, and reading them with the progress made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from market.accounts.rules import Actor
from market.db import get_or_not_found
from market.errors import violation
from market.turnover.models import Target
from market.turnover.progress import Progress, progress
from market.turnover.rules import may_see_figures
from market.turnover.target_rules import Basis, Comparator


@dataclass(frozen=True, slots=True)
class TargetProgress:
    """A target with the progress made."""

    target: Target
    progress: Progress


def load_targets(session: Session, rows: Iterable[Mapping[str, Any]]) -> int:
    """Insert or update targets; loading the same rows twice changes nothing.

    A target is known by region, indicator, phrase and basis.

    Args:
        session: open transaction.
        rows: the columns of `targets`; `value` as decimal text or None.

    Returns:
        The number of rows read.

    Raises:
        ValueError: a comparator, basis or number cannot be read.
    """
    known = {_key(target): target for target in session.scalars(select(Target))}
    count = 0
    for row in rows:
        count += 1
        values = {**row, "comparator": Comparator(row["comparator"]), "basis": Basis(row["basis"])}
        _check_number(row["value"])
        target = Target(**values)
        existing = known.get(_key(target))
        if existing is None:
            session.add(target)
            known[_key(target)] = target
            continue
        for name, value in values.items():
            if getattr(existing, name) != value:
                setattr(existing, name, value)
    session.flush()
    return count


def _key(target: Target) -> tuple[str, str, str, str]:
    return target.region_code, target.indicator, target.phrase, target.basis.value


def _check_number(value: str | None) -> None:
    try:
        if value is not None and not Decimal(value).is_finite():
            raise ValueError(f"{value!r} is not a number")
    except InvalidOperation:
        raise ValueError(f"{value!r} is not a number") from None


def get_target(
    session: Session, actor: Actor | None, target_id: int, *, today: date, year: int | None = None
) -> TargetProgress:
    """Return one target with its progress, an annual one for the year asked.

    Args:
        session: open session.
        actor: who is asking; None for anyone. Decides whether amounts are live or as published.
        target_id: which target.
        today: the day in China.
        year: for which year to read an annual target.

    Raises:
        NotFound: there is none.
    """
    target = get_or_not_found(session, Target, target_id, name="目标")
    _ = target.region  # loaded while the session is open
    return _with_progress(session, actor, target, today=today, year=year)


def list_targets(
    session: Session,
    actor: Actor | None,
    *,
    region: str | None,
    indicator: str | None,
    today: date,
    year: int | None = None,
) -> list[TargetProgress]:
    """Return targets in the order they were entered, with the progress of each.

    Only those of exactly this region; the plans of regions inside it are theirs.

    Args:
        session: open session.
        actor: who is asking; None for anyone. Decides whether amounts are live or as published.
        region: only of this region; None for all.
        indicator: only of this indicator.
        today: the day in China.
        year: for which year to read annual targets.

    Raises:
        RuleViolation: nobody is signed in and names no region; each target costs a statement or two.
    """
    if actor is None and region is None:
        raise violation("/region", "region-missing", "未登录时请写明地区，如 region=320281。")
    statement = select(Target).options(joinedload(Target.region)).order_by(Target.id)
    if region is not None:
        statement = statement.where(Target.region_code == region)
    if indicator is not None:
        statement = statement.where(Target.indicator == indicator)
    return [
        _with_progress(session, actor, target, today=today, year=year)
        for target in session.scalars(statement).all()
    ]


def _with_progress(
    session: Session, actor: Actor | None, target: Target, *, today: date, year: int | None
) -> TargetProgress:
    live = _sees_live(actor, target.region_code)
    return TargetProgress(target, progress(session, target, today=today, live=live, year=year))


def _sees_live(actor: Actor | None, region_code: str) -> bool:
    """Admins do, and bureaus for their own region and all inside it; others see what is published."""
    return actor is not None and may_see_figures(actor, region_code=region_code, station_id=None)
