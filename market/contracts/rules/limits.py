"""Rule sets of registration, and the time limits that follow from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from market.reference.rules import working_days_after


class LargeBy(StrEnum):
    """Which amount makes a contract large."""

    TOTAL = "total"
    TECH = "tech"


class Condition(StrEnum):
    """When a paper is needed."""

    ALWAYS = "always"
    IP = "ip"
    FOREIGN = "foreign"
    GOVERNMENT_PLAN = "government_plan"
    BROKERAGE = "brokerage"
    ROYALTY = "royalty"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """The rules under which a contract is registered, chosen by the day it is accepted.

    Attributes:
        version: name stored with the registration.
        in_force_from: first day.
        types: contract types it knows.
        limit_days: days the station has from acceptance.
        large_limit_days: the same for a large or disputed contract.
        working_days: whether those are working days.
        large_from_fen: amount from which a contract is large.
        large_by: which of the two amounts that is.
        approver_differs: whether nobody may approve what they examined.
        experts_from_fen: the same amount from which experts are heard; None if only when called.
        min_experts: how many opinions a review needs.
        needs_forecast: whether a transfer must state expected input and output (新增投入、新增产值).
        source: where this is written, and how well it is known.
        verified: whether somebody has compared it with the official text.
    """

    version: str
    in_force_from: date
    types: frozenset[str]
    limit_days: int
    large_limit_days: int
    working_days: bool
    large_from_fen: int
    large_by: LargeBy
    approver_differs: bool
    experts_from_fen: int | None
    min_experts: int
    needs_forecast: bool
    source: str
    verified: bool


def amount_that_counts(rules: RuleSet, *, total_amount_fen: int, tech_amount_fen: int) -> int:
    """Return the amount that decides whether a contract is large, in fen."""
    return total_amount_fen if rules.large_by is LargeBy.TOTAL else tech_amount_fen


def is_large(rules: RuleSet, *, total_amount_fen: int, tech_amount_fen: int) -> bool:
    """Tell whether a contract needs the second approver."""
    counts = amount_that_counts(rules, total_amount_fen=total_amount_fen, tech_amount_fen=tech_amount_fen)
    return counts >= rules.large_from_fen


def needs_experts(rules: RuleSet, *, total_amount_fen: int, tech_amount_fen: int) -> bool:
    """Tell whether experts are heard about a contract of these amounts even if nobody calls them."""
    counts = amount_that_counts(rules, total_amount_fen=total_amount_fen, tech_amount_fen=tech_amount_fen)
    return rules.experts_from_fen is not None and counts >= rules.experts_from_fen


def due_on(accepted_on: date, rules: RuleSet, *, extended: bool, is_workday: Callable[[date], bool]) -> date:
    """Return the last day on which the station may decide, not counting the day of acceptance.

    Args:
        accepted_on: day of acceptance.
        rules: rule set of that day.
        extended: whether the contract is large or disputed.
        is_workday: calendar of working days.
    """
    days = rules.large_limit_days if extended else rules.limit_days
    if not rules.working_days:
        return accepted_on + timedelta(days=days)
    return working_days_after(accepted_on, days, is_workday=is_workday)


def days_left(today: date, due: date, *, working_days: bool, is_workday: Callable[[date], bool]) -> int:
    """Return how many days are left to decide after today; 0 on the last one, negative when overdue.

    Args:
        today: day to count from.
        due: last day.
        working_days: count working days only.
        is_workday: calendar of working days.
    """
    if not working_days:
        return (due - today).days
    first, last = sorted((today, due))
    span = (last - first).days
    count = sum(is_workday(first + timedelta(days=step)) for step in range(1, span + 1))
    return count if today <= due else -count


def years_reached(accepted_on: date, due: date) -> range:
    """Return the years whose holidays a limit depends on."""
    return range(accepted_on.year, due.year + 1)
