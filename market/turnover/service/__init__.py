"""Checking and renewing the books, and publishing releases."""

from market.turnover.service.releases import (
    Draft,
    compare_release,
    draft_release,
    publish_release,
    withdraw_release,
)
from market.turnover.service.verification import (
    BOOK_NAMES,
    Books,
    Difference,
    Report,
    rebuild_counters,
    verify,
)

__all__ = [
    "BOOK_NAMES",
    "Books",
    "Difference",
    "Draft",
    "Report",
    "compare_release",
    "draft_release",
    "publish_release",
    "rebuild_counters",
    "verify",
    "withdraw_release",
]
