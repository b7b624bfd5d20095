"""The conversion index (科技成果转化指数): a definition as data, and the arithmetic that it drives.

Each indicator is set against the same months of the base year; the index is the weighted sum, 100 where
everything is as it was then. All numbers are decimals. Rounding, halves away from zero: a normalised value
to six places, a contribution to two; the index is the plain sum of the contributions, so that the parts
shown always add up to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from market.errors import RuleViolation, violation

NORMALISED = Decimal("0.000001")
CONTRIBUTION = Decimal("0.01")
"""To what the two steps are rounded."""

FULL_WEIGHT = Decimal(100)


class IndicatorKey(StrEnum):
    """What the market can measure; a definition chooses among these."""

    OUTPUT_TECH = "output_tech_wan"
    ABSORBED_TECH = "absorbed_tech_wan"
    TECH_SHARE = "tech_share_percent"
    MATCHED_DEALS = "matched_deals"
    DAYS_TO_CONTRACT = "median_days_to_contract"
    PUBLISHED_ACHIEVEMENTS = "published_achievements"
    VALID_NEEDS = "valid_needs"
    CONVERSION_RATE = "recommendation_conversion_percent"
    LICENCES_AND_TRANSFERS = "licences_and_transfers"
    AGENCY_DEALS = "agency_landed_deals"


class Direction(StrEnum):
    """Whether more is better."""

    UP = "up"
    DOWN = "down"


class Method(StrEnum):
    """How a value is set against the base: as a ratio, or by its place between two bounds (min-max)."""

    RATIO = "ratio"
    RANGE = "range"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator of a definition.

    Attributes:
        key: what is measured.
        name: in Chinese.
        unit: in Chinese.
        direction: whether more is better.
        weight: out of 100.
        method: how it is normalised.
        cap: the most a normalised value can be, so that one indicator does not carry the index.
        low: lower bound of the range; None with the ratio.
        high: upper bound.
    """

    key: IndicatorKey
    name: str
    unit: str
    direction: Direction
    weight: Decimal
    method: Method
    cap: Decimal
    low: Decimal | None = None
    high: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What was measured; without a value, `missing` says why in Chinese."""

    value: Decimal | None
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """An indicator's part in a value of the index; without a contribution, `missing` says why."""

    indicator: Indicator
    raw: Decimal | None
    base: Decimal | None
    normalised: Decimal | None
    contribution: Decimal | None
    missing: str | None


def part_of(indicator: Indicator, *, now: Reading, base: Reading) -> Part:
    """Return an indicator's part, given what was measured in the period and in the base period."""
    missing = None
    if base.value is None:
        missing = f"基期：{base.missing}"
    elif now.value is None:
        missing = now.missing
    elif _score(indicator, base.value) <= 0:
        missing = "基期值折算后为零，不能相比。"
    if missing is not None or now.value is None or base.value is None:
        return Part(indicator, now.value, base.value, None, None, missing)
    normalised = _normalised(indicator, now.value, base.value)
    contribution = _rounded(normalised * indicator.weight, CONTRIBUTION)
    return Part(indicator, now.value, base.value, normalised, contribution, None)


def index_value(parts: Sequence[Part]) -> Decimal | None:
    """Return the sum of the contributions; None if one is missing, for the rest would not be the index."""
    found = [part.contribution for part in parts if part.contribution is not None]
    return sum(found, Decimal("0.00")) if len(found) == len(parts) else None


def _normalised(indicator: Indicator, value: Decimal, base: Decimal) -> Decimal:
    if indicator.method is Method.RATIO and indicator.direction is Direction.DOWN:
        ratio = base / value if value > 0 else indicator.cap
    else:
        ratio = _score(indicator, value) / _score(indicator, base)
    return _rounded(max(Decimal(0), min(ratio, indicator.cap)), NORMALISED)


def _score(indicator: Indicator, value: Decimal) -> Decimal:
    """Return the value itself, or its place between the bounds, 0 to 1, 1 being the better end."""
    if indicator.low is None or indicator.high is None:
        return value
    place = max(Decimal(0), min(Decimal(1), (value - indicator.low) / (indicator.high - indicator.low)))
    return place if indicator.direction is Direction.UP else 1 - place


def _rounded(value: Decimal, step: Decimal) -> Decimal:
    return value.quantize(step, ROUND_HALF_UP)


def read_indicators(rows: Sequence[Mapping[str, Any]]) -> tuple[Indicator, ...]:
    """Read the indicators of a definition.

    Raises:
        RuleViolation: `bad-definition`, with a pointer to what is wrong.
    """
    found = tuple(_read_indicator(place, row) for place, row in enumerate(rows))
    for place, indicator in enumerate(found):
        if any(other.key is indicator.key for other in found[:place]):
            raise _fault(f"/{place}/key", "同一指标不能出现两次。")
    if sum(indicator.weight for indicator in found) != FULL_WEIGHT:
        raise _fault("", "各指标的权重之和应为100。")
    return found


def _read_indicator(place: int, row: Mapping[str, Any]) -> Indicator:
    def enum(kind: type[StrEnum], name: str) -> Any:
        try:
            return kind(str(row.get(name)))
        except ValueError:
            choices = "、".join(kind)
            raise _fault(f"/{place}/{name}", f"应为以下之一：{choices}。") from None

    def number(name: str) -> Decimal:
        try:
            value = Decimal(str(row.get(name)))
        except InvalidOperation:
            raise _fault(f"/{place}/{name}", "应为十进制数。") from None
        if not value.is_finite() or abs(value) > 10**12:
            raise _fault(f"/{place}/{name}", "应为十进制数。")
        return value

    method = enum(Method, "method")
    bounds = (number("low"), number("high")) if method is Method.RANGE else (None, None)
    if bounds[0] is not None and bounds[1] is not None and bounds[0] >= bounds[1]:
        raise _fault(f"/{place}/high", "上限应大于下限。")
    indicator = Indicator(
        key=enum(IndicatorKey, "key"),
        name=str(row.get("name") or ""),
        unit=str(row.get("unit") or ""),
        direction=enum(Direction, "direction"),
        weight=number("weight"),
        method=method,
        cap=number("cap"),
        low=bounds[0],
        high=bounds[1],
    )
    if not indicator.name:
        raise _fault(f"/{place}/name", "请写明指标名称。")
    if indicator.weight <= 0:
        raise _fault(f"/{place}/weight", "权重应大于零。")
    if indicator.cap < 1:
        raise _fault(f"/{place}/cap", "封顶倍数不能小于1，否则基期也达不到100。")
    return indicator


def _fault(pointer: str, words: str) -> RuleViolation:
    return violation(f"/indicators{pointer}", "bad-definition", words)
