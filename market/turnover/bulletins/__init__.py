"""A bulletin's tables: summing them, withholding what would expose a contract, freezing, comparing."""

from market.turnover.bulletins.comparison import ReleaseComparison, RowChange, compare_release
from market.turnover.bulletins.compute import Bulletin, bulletin
from market.turnover.bulletins.content import freeze
from market.turnover.bulletins.privacy import MIN_DEALS_SHOWN, hidden_rows
from market.turnover.bulletins.tables import Large, large_of

__all__ = [
    "MIN_DEALS_SHOWN",
    "Bulletin",
    "Large",
    "ReleaseComparison",
    "RowChange",
    "bulletin",
    "compare_release",
    "freeze",
    "hidden_rows",
    "large_of",
]
