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
    "市科技主管部门的技术转移机构设立、备案和示范认定名录": (
        "demonstration_agencies",
        "linked_regional_centres",
        "linked_national_agencies",
        "regional_branches",
        "industry_branches",
    ),
    "技术经理人培训、考核和从业登记台账": ("cultivated_brokers", "trained_brokers", "transfer_staff"),
    "科技项目管理系统（立项、实施和验收记录）": (
        "new_conversion_projects",
        "key_challenge_projects",
        "key_innovation_projects",
        "core_technology_breakthroughs",
        "new_talent_projects",
        "enterprise_project_share",
    ),
    "产学研合作项目备案台账": (
        "key_collaboration_projects",
        "collaboration_projects",
        "new_university_enterprise_alliances",
        "new_innovation_consortia",
        "future_college_partner_enterprises",
        "future_college_visits",
    ),
    "科技资源共享服务平台的服务记录": (
        "resource_platform_agencies",
        "resource_platform_served_enterprises",
    ),
    "新型研发机构年度考核报告": (
        "new_rd_institutions",
        "rd_institutions",
        "rd_institution_served_enterprises",
        "rd_institution_matches",
        "rd_institution_conversion_projects",
        "rd_institution_platforms",
        "incubated_enterprises",
    ),
    "高新技术企业认定和科技型中小企业评价入库名单": (
        "sme_tech_enterprises",
        "hitech_enterprises",
        "hitech_pool_intake",
        "four_tech_standard_enterprises",
        "attracted_tech_enterprises",
    ),
    "专精特新“小巨人”和雏鹰、瞪羚、准独角兽企业名单": (
        "little_giant_enterprises",
        "new_little_giant_enterprises",
        "eaglet_enterprises",
        "new_eaglet_enterprises",
        "gazelle_enterprises",
        "new_gazelle_enterprises",
        "quasi_unicorn_enterprises",
        "new_quasi_unicorn_enterprises",
    ),
    "科技创新平台、载体和孵化器的认定名录": (
        "new_rd_units",
        "new_carrier_area",
        "incubators",
        "new_incubators",
        "new_provincial_incubators",
        "industrial_innovation_platforms",
        "complexes",
        "maker_communities",
        "offshore_centres",
        "industrialisation_bases",
        "service_clusters",
    ),
    "金融监管部门和引导基金管理人的登记数据": (
        "equity_institutions",
        "fund_scale",
        "early_stage_fund_share",
        "new_star_market_listings",
    ),
    "统计部门的科技服务业和企业统计": (
        "service_agencies",
        "service_revenue",
        "service_staff",
        "attracted_global_agencies",
        "large_sales_enterprises",
    ),
    "市场监管部门的标准登记数据": ("standards_revised", "standards_organizations"),
    "主管部门的专员选派记录": ("chain_fusion_specialists", "industrial_internet_specialists"),
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
