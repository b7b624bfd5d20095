"""Scoring sheets: criteria, totals and the ranking, in whole numbers throughout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FULL_WEIGHT = 100
MAX_POINTS = 100
OUTLYING = 2_000
"""Distance from the median of a bid's totals, in hundredths of a point, from which a total is marked."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """What experts give 0 to 100 points for; weights are percent and add up to 100."""

    key: str
    name: str
    weight: int


DEFAULT_CRITERIA = (
    Criterion("fit", "与榜单目标和指标的符合程度", 30),
    Criterion("feasibility", "技术路线的可行性", 25),
    Criterion("team", "团队能力和已有基础", 20),
    Criterion("benefit", "应用前景和预期效益", 15),
    Criterion("cost", "经费和进度安排的合理性", 10),
)
"""Used where a challenge names none; our own set."""


def criteria_fault(criteria: Sequence[Criterion]) -> str | None:
    """Say in Chinese what is wrong with criteria; None if nothing is."""
    if len({criterion.key for criterion in criteria}) != len(criteria):
        return "评分指标的代码不能重复。"
    if any(criterion.weight <= 0 for criterion in criteria):
        return "评分指标的权重应为正整数。"
    if sum(criterion.weight for criterion in criteria) != FULL_WEIGHT:
        return "评分指标的权重之和应为100。"
    return None


def points_fault(points: Mapping[str, int], criteria: Sequence[Criterion]) -> str | None:
    """Say in Chinese what is wrong with a sheet's points; None if nothing is."""
    keys = {criterion.key for criterion in criteria}
    if set(points) != keys:
        return f"应对每项评分指标各给一个分数：{'、'.join(criterion.key for criterion in criteria)}。"
    if any(not 0 <= value <= MAX_POINTS for value in points.values()):
        return "分数应为0至100的整数。"
    return None


def total_of(points: Mapping[str, int], criteria: Sequence[Criterion]) -> int:
    """Return a sheet's weighted total in hundredths of a point: 0 to 10000."""
    return sum(criterion.weight * points[criterion.key] for criterion in criteria)


@dataclass(frozen=True, slots=True)
class Place:
    """A bid's place.

    Attributes:
        bid_id: which bid.
        rank: from 1; equal sums share a rank, and the next one is passed over.
        sheets: how many sheets it has.
        total: sum of their totals, in hundredths of a point; what the ranking goes by.
        mean: the total by sheet, in hundredths of a point, rounded down; for showing only.
        outlying: places in the order given of totals far from the median.
    """

    bid_id: int
    rank: int
    sheets: int
    total: int
    mean: int
    outlying: tuple[int, ...]


def rank_bids(totals: Mapping[int, Sequence[int]]) -> list[Place]:
    """Rank bids by the sum of their sheets' totals, best first, equals by id.

    Each bid has a sheet of the same experts, so that sums compare as means would, without rounding.
    """
    sums = {bid: sum(values) for bid, values in totals.items()}
    return [
        Place(
            bid_id=bid,
            rank=1 + sum(other > sums[bid] for other in sums.values()),
            sheets=len(totals[bid]),
            total=sums[bid],
            mean=sums[bid] // len(totals[bid]) if totals[bid] else 0,
            outlying=outliers(totals[bid]),
        )
        for bid in sorted(totals, key=lambda bid: (-sums[bid], bid))
    ]


def outliers(totals: Sequence[int]) -> tuple[int, ...]:
    """Return the places of totals further than `OUTLYING` from the median; of fewer than three, none."""
    if len(totals) < 3:
        return ()
    ordered = sorted(totals)
    middle = len(ordered) // 2
    twice_median = ordered[middle] + ordered[middle - 1 + len(ordered) % 2]
    return tuple(place for place, total in enumerate(totals) if abs(2 * total - twice_median) > 2 * OUTLYING)
