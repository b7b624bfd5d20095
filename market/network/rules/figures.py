"""What is told of a node: figures, what each counts in words, and who may see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from market.accounts.rules import Actor, Role, oversees


class TerritoryKind(StrEnum):
    """By what it is decided that a record lies under a node."""

    REGION = "region"
    PARK = "park"
    ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True)
class Territory:
    """What lies under a node: a region with all inside it, a park, or what one organisation has.

    Attributes:
        kind: which of them.
        code: of the region or park, or the organisation's id.
        name: in Chinese.
        region_code: where it lies; its bureau answers for it.
        organisation_id: of an organisation.
        is_station: whether the organisation registers contracts.
        is_agency: whether the organisation brings contracts about.
    """

    kind: TerritoryKind
    code: str
    name: str
    region_code: str
    organisation_id: int | None = None
    is_station: bool = False
    is_agency: bool = False


class FigureKey(StrEnum):
    """A number, or one number for each of several groups, that is told of every node."""

    NEEDS = "needs"
    VALID_NEEDS = "valid_needs"
    ACHIEVEMENTS = "achievements"
    SUGGESTIONS = "suggestions"
    REFERRALS = "referrals"
    REGISTERED = "registered"
    OUTPUT = "output"
    ABSORBED = "absorbed"
    BROKERED = "brokered"
    CHALLENGES_LISTED = "challenges_listed"
    CHALLENGES_AWARDED = "challenges_awarded"
    ENTRIES = "entries"


FIGURE_NAMES: Mapping[FigureKey, str] = {
    FigureKey.NEEDS: "发布的技术需求",
    FigureKey.VALID_NEEDS: "有效技术需求",
    FigureKey.ACHIEVEMENTS: "发布的科技成果",
    FigureKey.SUGGESTIONS: "匹配建议",
    FigureKey.REFERRALS: "引荐",
    FigureKey.REGISTERED: "登记技术合同",
    FigureKey.OUTPUT: "输出技术合同",
    FigureKey.ABSORBED: "吸纳技术合同",
    FigureKey.BROKERED: "促成技术合同",
    FigureKey.CHALLENGES_LISTED: "发榜项目",
    FigureKey.CHALLENGES_AWARDED: "揭榜立项项目",
    FigureKey.ENTRIES: "清单和库在列条目",
}

CONTRACTS = (FigureKey.REGISTERED, FigureKey.OUTPUT, FigureKey.ABSORBED, FigureKey.BROKERED)
PUBLIC_FIGURES = frozenset(
    {
        FigureKey.NEEDS,
        FigureKey.VALID_NEEDS,
        FigureKey.ACHIEVEMENTS,
        FigureKey.CHALLENGES_LISTED,
        FigureKey.CHALLENGES_AWARDED,
        FigureKey.ENTRIES,
    }
)


class Part(StrEnum):
    """What is told of contracts."""

    DEALS = "deals"
    TOTAL = "total_fen"
    TECH = "tech_fen"


PART_NAMES: Mapping[Part, str] = {
    Part.DEALS: "项数",
    Part.TOTAL: "合同成交额",
    Part.TECH: "技术交易额",
}

UNITS: Mapping[str, str] = {
    FigureKey.NEEDS: "项",
    FigureKey.VALID_NEEDS: "项",
    FigureKey.ACHIEVEMENTS: "项",
    FigureKey.SUGGESTIONS: "条",
    FigureKey.REFERRALS: "条",
    FigureKey.CHALLENGES_LISTED: "个",
    FigureKey.CHALLENGES_AWARDED: "个",
    FigureKey.ENTRIES: "条",
    Part.DEALS: "项",
    Part.TOTAL: "分",
    Part.TECH: "分",
}
"""Of figures and of the parts of contracts."""


class Basis(StrEnum):
    """Where a number comes from."""

    LIVE = "live"
    PUBLISHED = "published"


class Sight(StrEnum):
    """How much of a figure an actor sees."""

    ALL = "all"
    OPEN = "open"
    """What is open to the parties of a match: from the broker's recommendation on."""
    NONE = "none"


def has_contracts(territory: Territory, key: FigureKey) -> bool:
    """Tell whether a figure of contracts is told of a territory: of an organisation, what it does."""
    if territory.kind is not TerritoryKind.ORGANISATION:
        return key is not FigureKey.BROKERED
    if key is FigureKey.REGISTERED:
        return territory.is_station
    return key is not FigureKey.BROKERED or territory.is_agency


def sight_of(actor: Actor | None, key: FigureKey, territory: Territory) -> Sight:
    """Tell how much of a figure the actor may see as it is now.

    Matches are counted for those who read or oversee them, and for the organisation itself; contracts of
    an organisation for itself and its bureau. Contracts of regions, parks and stations follow the rules of
    the figures of turnover, which know what is published besides.
    """
    if key in PUBLIC_FIGURES:
        return Sight.ALL
    if actor is None:
        return Sight.NONE
    if actor.role is Role.ADMIN or oversees(actor, territory.region_code):
        return Sight.ALL
    matching = key in {FigureKey.SUGGESTIONS, FigureKey.REFERRALS}
    if matching and actor.role is Role.BROKER and actor.verified:
        return Sight.ALL
    own = territory.organisation_id is not None and actor.organisation_id == territory.organisation_id
    if not own or not actor.in_office:
        return Sight.NONE
    return Sight.OPEN if matching else Sight.ALL


_WHO: Mapping[TerritoryKind, str] = {
    TerritoryKind.REGION: "{subject}所在地区为{name}",
    TerritoryKind.PARK: "{subject}所属单位登记在{name}",
    TerritoryKind.ORGANISATION: "{subject}所属单位为{name}",
}
_WHAT: Mapping[FigureKey, tuple[str, str]] = {
    FigureKey.NEEDS: ("需求", "最近一次审核发布的日期在{year}年内的技术需求数，以后下架、过期的仍计入"),
    FigureKey.VALID_NEEDS: ("需求", "现认定为有效、认定日期在{year}年内的技术需求数"),
    FigureKey.ACHIEVEMENTS: (
        "成果",
        "最近一次审核发布的日期在{year}年内的科技成果数，以后下架、过期的仍计入",
    ),
    FigureKey.CHALLENGES_LISTED: ("榜单项目", "发榜日期在{year}年内的榜单项目数"),
    FigureKey.CHALLENGES_AWARDED: ("榜单项目", "首次立项日期在{year}年内的榜单项目数，一榜多项的计一个"),
    FigureKey.ENTRIES: ("条目", "现在列于{group}并且任何人可见的条目数，与年度无关"),
    FigureKey.SUGGESTIONS: ("需求", "产生日期在{year}年内、现为“{group}”的匹配建议数"),
    FigureKey.REFERRALS: ("需求一方的记录", "产生日期在{year}年内、现为“{group}”的引荐数"),
}
_OF_ORGANISATION: Mapping[FigureKey, str] = {
    FigureKey.SUGGESTIONS: "{name}为需求方、成果方或其技术经纪人承办",
    FigureKey.REFERRALS: "{name}为任何一方或其技术经纪人承办",
    FigureKey.CHALLENGES_LISTED: "{name}出题或揭榜立项",
    FigureKey.CHALLENGES_AWARDED: "{name}出题或揭榜立项",
    FigureKey.REGISTERED: "由{name}登记",
    FigureKey.OUTPUT: "卖方为{name}",
    FigureKey.ABSORBED: "买方为{name}",
    FigureKey.BROKERED: "{name}记有促成份额",
}
_OF_PLACE: Mapping[FigureKey, str] = {
    FigureKey.REGISTERED: "登记机构所在地为{name}",
    FigureKey.OUTPUT: "卖方所在地为{name}",
    FigureKey.ABSORBED: "买方所在地为{name}",
}


def definition_of(
    key: FigureKey, territory: Territory, *, year: int, group: str = "", sight: Sight = Sight.ALL
) -> str:
    """Return a sentence that says exactly what a number counts.

    Args:
        key: of the figure.
        territory: of the node.
        year: in question.
        group: Chinese name of the state, or of the part of a contract.
        sight: `OPEN` where the reader sees a part of it only.
    """
    own = territory.kind is TerritoryKind.ORGANISATION
    if key in CONTRACTS:
        whose = _OF_ORGANISATION[key] if own else _OF_PLACE[key]
        brokered = "，份额不足全部的也按合同全额计" if key is FigureKey.BROKERED else ""
        words = f"登记日期在{year}年内的技术合同的{group}{brokered}，变更、注销和撤销的冲销已计入"
    else:
        subject, words = _WHAT[key]
        whose = _WHO[territory.kind].format(subject=subject, name="{name}")
        if own and key in _OF_ORGANISATION:
            whose = _OF_ORGANISATION[key]
        words = words.format(year=year, group=group)
    cut = "，推荐以前的不向当事单位显示" if sight is Sight.OPEN else ""
    within = "（含所辖地区）" if territory.kind is TerritoryKind.REGION else ""
    return f"{whose.format(name=territory.name + within)}、{words}{cut}。"
