"""The tree: which level hangs under which, whose region lies in whose, who keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from market.accounts.rules import Actor, Role, oversees
from market.reference.rules import lies_within


class Level(StrEnum):
    """Where a node stands in the tree."""

    HUB = "hub"
    COUNTY = "county"
    NODE = "node"


LEVEL_NAMES: Mapping[Level, str] = {
    Level.HUB: "市平台",
    Level.COUNTY: "分中心",
    Level.NODE: "工作站",
}

PARENT_LEVELS: Mapping[Level, frozenset[Level]] = {
    Level.HUB: frozenset(),
    Level.COUNTY: frozenset({Level.HUB}),
    Level.NODE: frozenset({Level.HUB, Level.COUNTY}),
}


class NodeStatus(StrEnum):
    """Whether a node is at work."""

    ACTIVE = "active"
    CLOSED = "closed"


NODE_STATUS_NAMES: Mapping[NodeStatus, str] = {NodeStatus.ACTIVE: "运行中", NodeStatus.CLOSED: "已关闭"}


class StaffDuty(StrEnum):
    """What somebody does at a node."""

    HEAD = "head"
    BROKERAGE = "brokerage"
    REGISTRATION = "registration"
    COLLECTION = "collection"
    LIAISON = "liaison"


DUTY_NAMES: Mapping[StaffDuty, str] = {
    StaffDuty.HEAD: "负责人",
    StaffDuty.BROKERAGE: "技术经纪",
    StaffDuty.REGISTRATION: "合同登记辅导",
    StaffDuty.COLLECTION: "需求与成果征集",
    StaffDuty.LIAISON: "联络",
}


@dataclass(frozen=True, slots=True)
class Place:
    """What the rules see of a node."""

    level: Level
    region_code: str
    active: bool


@dataclass(frozen=True, slots=True)
class Fault:
    """Why the tree cannot be so: a code and words for people."""

    code: str
    detail: str


def parent_fault(level: Level, region_code: str, parent: Place | None) -> Fault | None:
    """Say what is wrong with a node of this level and region hanging under a parent; None if nothing is."""
    if level is Level.HUB:
        return None if parent is None else Fault("network-hub-has-parent", "市平台是根节点，没有上级。")
    if parent is None:
        return Fault("network-parent-missing", f"{LEVEL_NAMES[level]}必须有上级节点。")
    if parent.level not in PARENT_LEVELS[level]:
        allowed = "或".join(LEVEL_NAMES[one] for one in Level if one in PARENT_LEVELS[level])
        return Fault("network-parent-level", f"{LEVEL_NAMES[level]}的上级只能是{allowed}。")
    if not parent.active:
        return Fault("network-parent-closed", "上级节点已关闭。")
    if not lies_within(region_code, parent.region_code):
        return Fault("network-region-outside", "节点的行政区划不在上级节点的行政区划之内。")
    return None


def park_fault(level: Level, region_code: str, park_region: str) -> Fault | None:
    """Say what is wrong with a node serving a park; None if nothing is.

    Args:
        level: of the node.
        region_code: of the node.
        park_region: region the park lies in.
    """
    if level is Level.HUB:
        return Fault("network-hub-has-park", "市平台服务全市，不能限于一个园区。")
    if not lies_within(park_region, region_code):
        return Fault("network-park-outside", "园区不在节点的行政区划之内。")
    return None


def closes_cycle(parents: Mapping[int, int | None], node: int, parent: int) -> bool:
    """Tell whether a node would come to stand above itself.

    Args:
        parents: of every node, without a cycle.
        node: that is moved.
        parent: where it is to hang.
    """
    upper: int | None = parent
    while upper is not None and upper != node:
        upper = parents[upper]
    return upper == node


def days_fault(opened_on: date, closed_on: date | None, *, today: date) -> Fault | None:
    """Say what is wrong with the days of a node; None if nothing is. It may open later."""
    if closed_on is None:
        return None
    if closed_on > today:
        return Fault("day-ahead", "关闭日期不能晚于今天。")
    if closed_on < opened_on:
        return Fault("network-closed-before-opened", "关闭日期早于启用日期。")
    return None


def overlaps(first: tuple[date, date | None], second: tuple[date, date | None]) -> bool:
    """Tell whether two spans of days share one; None leaves an end open."""
    (since, until), (other_since, other_until) = first, second
    return (until is None or other_since <= until) and (other_until is None or since <= other_until)


def may_keep(actor: Actor | None, region_code: str) -> bool:
    """Tell whether the actor keeps the nodes of a region: its bureau, or an admin."""
    return actor is not None and (actor.role is Role.ADMIN or oversees(actor, region_code))
