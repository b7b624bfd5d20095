"""How long an integrity record may bar somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from market.challenges.rules.awards import months_later


@dataclass(frozen=True, slots=True, kw_only=True)
class BarTerms:
    """The longest bar.

    Attributes:
        longest_months: counted from the day of the record.
        source: where this is from, and how well it is known.
        verified: whether somebody has compared it with an official text.
    """

    longest_months: int
    source: str
    verified: bool


BAR_TERMS = BarTerms(
    longest_months=60,
    source="科研失信行为处理中限制申报资格的通行期限（最长五年），未经核对",
    verified=False,
)


def bar_fault(barred_until: date, *, today: date) -> tuple[str, str] | None:
    """Return code and words of what is wrong with the last day of a new bar; None if nothing is."""
    if barred_until < today:
        return "day-past", "限制期的最后一天不能早于今天。"
    last = months_later(today, BAR_TERMS.longest_months)
    if barred_until > last:
        years = BAR_TERMS.longest_months // 12
        return "bar-too-long", f"限制期最长{years}年，最后一天不能晚于{last.isoformat()}。"
    return None
