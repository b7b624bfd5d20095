"""The words of the figures: measures, areas, dimensions, kinds of lines and of breakdowns."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Measure(StrEnum):
    """Whose region a contract counts for; the three are never added."""

    REGISTERED = "registered"
    OUTPUT = "output"
    ABSORBED = "absorbed"


MEASURE_NAMES: Mapping[Measure, str] = {
    Measure.REGISTERED: "登记",
    Measure.OUTPUT: "输出",
    Measure.ABSORBED: "吸纳",
}
MEASURE_NOTES: Mapping[Measure, str] = {
    Measure.REGISTERED: "按技术合同登记机构所在地统计",
    Measure.OUTPUT: "按卖方所在地统计",
    Measure.ABSORBED: "按买方所在地统计",
}
MEASURE_NAMES_EN: Mapping[Measure, str] = {
    Measure.REGISTERED: "registered (by registration station)",
    Measure.OUTPUT: "output (by seller)",
    Measure.ABSORBED: "absorbed (by buyer)",
}


class AreaKind(StrEnum):
    """What a counter's area is.

    A region is the one a contract names, of whatever level. A province is the sum over all regions
    in it, kept so that a nation's figure need not be added up from thousands of counties. Parks and
    stations stand beside the regions.
    """

    REGION = "region"
    PROVINCE = "province"
    PARK = "park"
    STATION = "station"


class Reach(StrEnum):
    """Whether a contract crosses the border (涉外)."""

    DOMESTIC = "domestic"
    HMT = "hmt"
    FOREIGN = "foreign"


REACH_NAMES: Mapping[Reach, str] = {
    Reach.DOMESTIC: "境内",
    Reach.HMT: "涉港澳台",
    Reach.FOREIGN: "涉国外",
}

CHINA_CODE = "156"
HMT_CODES = frozenset({"344", "446", "158"})
"""Hong Kong, Macao and Taiwan in the numeric codes of ISO 3166-1, which statistics list apart (涉港澳台)."""


def reach_of(*countries: str) -> Reach:
    """Return how far a contract between parties of these countries reaches; foreign goes before 港澳台."""
    if any(code != CHINA_CODE and code not in HMT_CODES for code in countries):
        return Reach.FOREIGN
    return Reach.HMT if any(code in HMT_CODES for code in countries) else Reach.DOMESTIC


ABROAD = "abroad"
"""Stands for a party outside the mainland where a flow needs an area."""


def province_of(region: str) -> str:
    """Return the province a region of GB/T 2260 lies in; a province is its own."""
    return f"{region[:2]}0000"


def local_areas(seller: str | None, buyer: str | None) -> list[str]:
    """Return the areas below a province that hold both regions: the county if it is one, the prefecture."""
    if seller is None or buyer is None or seller[:4] != buyer[:4] or seller[2:4] == "00":
        return []
    prefecture = f"{seller[:4]}00"
    return [prefecture] if seller != buyer or seller == prefecture else [prefecture, seller]


class Dimension(StrEnum):
    """What a counter is broken down by, one dimension each; every dimension sums to the same whole."""

    TYPE = "type"
    FIELD = "field"
    TYPE_FIELD = "type_field"
    SELLER_NATURE = "seller_nature"
    BUYER_NATURE = "buyer_nature"
    IP_KIND = "ip_kind"
    PLAN_SOURCE = "plan_source"
    REACH = "reach"


DIMENSION_NAMES: Mapping[Dimension, str] = {
    Dimension.TYPE: "合同类别",
    Dimension.FIELD: "技术领域",
    Dimension.TYPE_FIELD: "类别和领域",
    Dimension.SELLER_NATURE: "卖方性质",
    Dimension.BUYER_NATURE: "买方性质",
    Dimension.IP_KIND: "知识产权类型",
    Dimension.PLAN_SOURCE: "计划来源",
    Dimension.REACH: "涉外",
}


class FlowLevel(StrEnum):
    """How far the two ends of a flow are rolled up: from a region to a province, and so on.

    Local flows have the same area at both ends: a county, or a prefecture with all inside it.
    """

    REGION_PROVINCE = "region_province"
    PROVINCE_REGION = "province_region"
    PROVINCES = "provinces"
    LOCAL = "local"


class ReleaseKind(StrEnum):
    """What a release reports on."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    ANNUAL = "annual"


RELEASE_KIND_NAMES: Mapping[ReleaseKind, str] = {
    ReleaseKind.MONTHLY: "月度快报",
    ReleaseKind.QUARTERLY: "季度通报",
    ReleaseKind.ANNUAL: "年度公报",
}


class Line(StrEnum):
    """Why a ledger line was written."""

    REGISTRATION = "registration"
    CHANGE = "change"
    REVERSAL = "reversal"


LINE_NAMES: Mapping[Line, str] = {
    Line.REGISTRATION: "登记",
    Line.CHANGE: "变更登记",
    Line.REVERSAL: "冲销",
}


class GroupBy(StrEnum):
    """How a figure is broken down."""

    NONE = "none"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    TYPE = "type"
    FIELD = "field"
    REGION = "region"
    PARK = "park"
    STATION = "station"
    SELLER_NATURE = "seller_nature"
    BUYER_NATURE = "buyer_nature"
    IP_KIND = "ip_kind"
    PLAN_SOURCE = "plan_source"
    REACH = "reach"


OF_TIME = frozenset({GroupBy.MONTH, GroupBy.QUARTER, GroupBy.YEAR})
"""Groups of time; they come in order, all others by value."""


class Source(StrEnum):
    """What a figure was read from; both give the same numbers."""

    COUNTERS = "counters"
    LEDGER = "ledger"


class Boundaries(StrEnum):
    """Whether regions are taken as they were when a contract was registered, or as they are now."""

    THEN = "then"
    NOW = "now"


class Direction(StrEnum):
    """Which way flows are looked at from an area; a matrix shows every pair of provinces."""

    OUT = "out"
    IN = "in"
    MATRIX = "matrix"


DIRECTION_NAMES: Mapping[Direction, str] = {
    Direction.OUT: "流出（本地卖方）",
    Direction.IN: "流入（本地买方）",
    Direction.MATRIX: "省际流向",
}


class PartnerLevel(StrEnum):
    """What the other ends of flows are rolled up to."""

    PROVINCE = "province"
    REGION = "region"
