"""How a plan's target is read: its comparator and basis, what counts as reached, who else would know.

Knows numbers and words only; where the numbers come from is `market.turnover.progress`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

INDICATOR_AMOUNT = "contract_amount"
INDICATOR_ABSORBED = "absorbed_contract_amount"


class Comparator(StrEnum):
    """How the plan relates the figure to its number."""

    EQUAL = "="
    ABOVE = ">"
    AT_LEAST = ">="
    ABOUT = "~"
    TIMES = "x"
    NONE = "none"


COMPARATOR_NAMES: Mapping[Comparator, str] = {
    Comparator.EQUAL: "达到",
    Comparator.ABOVE: "超过",
    Comparator.AT_LEAST: "不少于",
    Comparator.ABOUT: "约",
    Comparator.TIMES: "倍增至",
    Comparator.NONE: "未定数值",
}


class Basis(StrEnum):
    """Over what a target is counted."""

    CUMULATIVE = "cum"
    ANNUAL = "annual"
    STOCK = "stock"
    INCREASE = "incr"
    RELATIVE = "rel"
    RANKING = "ranking"
    INDEX = "index"
    SHARE = "share"


BASIS_NAMES: Mapping[Basis, str] = {
    Basis.CUMULATIVE: "计划期累计",
    Basis.ANNUAL: "年度",
    Basis.STOCK: "期末数",
    Basis.INCREASE: "计划期新增",
    Basis.RELATIVE: "相对基年的倍数",
    Basis.RANKING: "年度排名",
    Basis.INDEX: "指数",
    Basis.SHARE: "比例",
}

BOTH_AMOUNTS = frozenset({"技术合同交易额"})
"""Phrases that may mean the whole value (成交额) or its technical part (技术交易额); both are shown."""


def is_reached(comparator: Comparator, value: Decimal, target: Decimal) -> bool | None:
    """Tell whether a target is reached; None where the plan's words do not decide it.

    "About ten" is certainly reached at ten; how far below ten would do, the plan does not say.
    """
    if comparator is Comparator.NONE:
        return None
    if comparator is Comparator.ABOVE:
        return value > target
    if comparator is Comparator.ABOUT:
        return True if value >= target else None
    return value >= target


def percent_of(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """Return part ÷ whole in percent, to one decimal place, halves up; None if the whole is zero."""
    if not whole:
        return None
    return (Decimal(part) * 100 / Decimal(whole)).quantize(Decimal("0.1"), ROUND_HALF_UP)


def ratio(part: int, whole: int) -> Decimal | None:
    """Return part ÷ whole to three decimal places, halves up; None if the whole is zero."""
    if whole == 0:
        return None
    return (Decimal(part) / whole).quantize(Decimal("0.001"), ROUND_HALF_UP)


def elapsed_percent(start: date, end: date, today: date) -> Decimal:
    """Return how much of a plan's time has passed (序时进度), counting whole days, 0.0 to 100.0."""
    days = (end - start).days + 1
    passed = min(max((today - start).days + 1, 0), days)
    return percent_of(passed, days) or Decimal("0.0")


def year_in_question(start: date | None, end: date | None, today: date) -> int:
    """Return the year an annual target is read for when nobody names one.

    The present year while the plan runs; its last year afterwards, its first year before.
    """
    year = today.year
    if end is not None:
        year = min(year, end.year)
    if start is not None:
        year = max(year, start.year)
    return year


UNKNOWN_SOURCE = "本市场没有该项数据，须由计划的责任部门报送。"

_SOURCES: Mapping[str, tuple[str, ...]] = {
    "未来技术学院的活动记录": ("future_college_visits",),
    "科创载体的建设和认定台账（面积）": ("new_carrier_area",),
    "金融监管部门和引导基金管理人的登记数据": (
        "equity_institutions",
        "fund_scale",
        "early_stage_fund_share",
    ),
    "统计部门的科技服务业和企业统计": ("service_revenue", "service_staff", "large_sales_enterprises"),
    "市场监管部门的标准登记数据": ("standards_revised", "standards_organizations"),
    "计划责任部门的月报、季评和年度考核": ("action_items",),
}

MISSING_SOURCES: Mapping[str, str] = {
    **{
        indicator: f"本市场没有该项数据，应来自：{words}。"
        for words, indicators in _SOURCES.items()
        for indicator in indicators
    },
    "conversion_index": "指数由主管部门按公布的定义测算发布，见 /api/v1/conversion-index/values。",
}
"""Where the figure of an indicator would come from, for those the market's own tables do not hold."""
