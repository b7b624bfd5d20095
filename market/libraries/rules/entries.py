"""Registers, what they hold, and the life of an entry as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from market.accounts.rules import Role


class Register(StrEnum):
    """A list or a pool that a city keeps."""

    CHAINS = "chains"
    RESOURCES = "resources"
    TECHNOLOGIES = "technologies"
    PROJECTS = "projects"
    TALENTS = "talents"
    AGENCIES = "agencies"
    CONSORTIA = "consortia"
    CHALLENGES = "challenges"
    """Editions only: what stands on it is kept by the feature of that name."""


REGISTER_NAMES: Mapping[Register, str] = {
    Register.CHAINS: "重点产业链上下游核心关联企业清单",
    Register.RESOURCES: "创新资源清单",
    Register.TECHNOLOGIES: "关键核心技术攻关清单",
    Register.PROJECTS: "科技项目库",
    Register.TALENTS: "科技人才库",
    Register.AGENCIES: "技术转移和科技服务机构名录",
    Register.CONSORTIA: "校企联盟和创新联合体名录",
    Register.CHALLENGES: "揭榜挂帅榜单",
}

POOLS = frozenset({Register.PROJECTS, Register.TALENTS})
"""Registers without editions: an entry is public once it is listed, and every step is on record."""


class EntryKind(StrEnum):
    """What an entry describes."""

    NODE = "node"
    ENTERPRISE = "enterprise"
    RESOURCE = "resource"
    TECHNOLOGY = "technology"
    PROJECT = "project"
    TALENT = "talent"
    AGENCY = "agency"
    CONSORTIUM = "consortium"


ENTRY_KIND_NAMES: Mapping[EntryKind, str] = {
    EntryKind.NODE: "产业链环节",
    EntryKind.ENTERPRISE: "链上企业",
    EntryKind.RESOURCE: "创新资源",
    EntryKind.TECHNOLOGY: "攻关技术",
    EntryKind.PROJECT: "科技项目",
    EntryKind.TALENT: "科技人才",
    EntryKind.AGENCY: "服务机构",
    EntryKind.CONSORTIUM: "联合体",
}

REGISTER_OF: Mapping[EntryKind, Register] = {
    EntryKind.NODE: Register.CHAINS,
    EntryKind.ENTERPRISE: Register.CHAINS,
    EntryKind.RESOURCE: Register.RESOURCES,
    EntryKind.TECHNOLOGY: Register.TECHNOLOGIES,
    EntryKind.PROJECT: Register.PROJECTS,
    EntryKind.TALENT: Register.TALENTS,
    EntryKind.AGENCY: Register.AGENCIES,
    EntryKind.CONSORTIUM: Register.CONSORTIA,
}


class EntryStatus(StrEnum):
    """State of an entry."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    RETURNED = "returned"
    REJECTED = "rejected"
    LISTED = "listed"
    DELISTED = "delisted"
    ERASED = "erased"


ENTRY_STATUS_NAMES: Mapping[EntryStatus, str] = {
    EntryStatus.DRAFT: "草稿",
    EntryStatus.PROPOSED: "待核对",
    EntryStatus.RETURNED: "退回",
    EntryStatus.REJECTED: "不予列入",
    EntryStatus.LISTED: "在列",
    EntryStatus.DELISTED: "已移出",
    EntryStatus.ERASED: "已删除",
}


class EntryAction(StrEnum):
    """A step in the life of an entry."""

    CREATE = "create"
    EDIT = "edit"
    PROPOSE = "propose"
    LIST = "list"
    RETURN = "return"
    REJECT = "reject"
    REVISE = "revise"
    DELIST = "delist"
    ERASE = "erase"
    NOTE = "note"
    """Something was recorded with the entry and its state stayed: a tag, a milestone, an evaluation."""


class By(StrEnum):
    """Who may take a step."""

    KEEPER = "keeper"
    """Whoever proposed the entry, or belongs to the unit it is about; its bureau too."""
    UNIT = "unit"
    """Whoever belongs to the unit the entry is about; its bureau too."""
    CHECKER = "checker"
    """The bureau of its region, but nobody who proposed it or has changed it since it was last checked."""
    MARKET = "market"
    """The market itself, as the consequence of another deed: an award, a registration, a request."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the table of steps; a target of None leaves the state as it is."""

    sources: frozenset[EntryStatus]
    target: EntryStatus | None
    by: frozenset[By]


def _step(sources: set[EntryStatus], target: EntryStatus | None, *by: By) -> Step:
    return Step(frozenset(sources), target, frozenset(by))


_HELD = frozenset(EntryStatus) - {EntryStatus.ERASED}

STEPS: Mapping[EntryAction, Step] = {
    EntryAction.PROPOSE: _step(
        {EntryStatus.DRAFT, EntryStatus.RETURNED}, EntryStatus.PROPOSED, By.KEEPER, By.MARKET
    ),
    EntryAction.LIST: _step({EntryStatus.PROPOSED}, EntryStatus.LISTED, By.CHECKER, By.MARKET),
    EntryAction.RETURN: _step({EntryStatus.PROPOSED}, EntryStatus.RETURNED, By.CHECKER),
    EntryAction.REJECT: _step({EntryStatus.PROPOSED}, EntryStatus.REJECTED, By.CHECKER),
    EntryAction.REVISE: _step(
        {EntryStatus.LISTED, EntryStatus.DELISTED, EntryStatus.REJECTED}, EntryStatus.RETURNED, By.KEEPER
    ),
    EntryAction.DELIST: _step({EntryStatus.LISTED}, EntryStatus.DELISTED, By.UNIT, By.CHECKER),
    EntryAction.ERASE: _step(set(_HELD), EntryStatus.ERASED, By.KEEPER, By.MARKET),
    EntryAction.NOTE: _step(set(_HELD), None, By.KEEPER, By.CHECKER, By.MARKET),
}


def takers(action: EntryAction, status: EntryStatus) -> frozenset[By]:
    """Return who may take a step with an entry in a state.

    What a bureau has checked and listed stays so for its proposer: only its unit or its bureau takes it back.
    """
    by = STEPS[action].by
    if action is EntryAction.REVISE and status is EntryStatus.LISTED:
        return by - {By.KEEPER} | {By.UNIT}
    return by


CHECKS = frozenset({EntryAction.LIST, EntryAction.RETURN, EntryAction.REJECT})
"""What a check may decide."""

AUTHORING = frozenset({EntryAction.CREATE, EntryAction.EDIT, EntryAction.PROPOSE})
"""Steps after which somebody else has to check."""

EDITABLE = frozenset({EntryStatus.DRAFT, EntryStatus.RETURNED})

PROPOSERS = frozenset({Role.UNIVERSITY, Role.BROKER, Role.BUREAU, Role.ADMIN})
"""Who may propose entries; a university only for itself (permissions: lists and pools)."""


def source_date_fault(day: date | None, *, today: date) -> tuple[str, str] | None:
    """Say what is wrong with the day as of which facts hold: a code and Chinese words; None if nothing is."""
    if day is not None and day > today:
        return "day-ahead", "数据日期不能晚于今天。"
    return None


def is_public(kind: EntryKind, status: EntryStatus, *, published: bool) -> bool:
    """Tell whether anyone may read the public part of an entry, and the index may hold it.

    Args:
        kind: decides whether the register has editions.
        status: present state.
        published: whether it stands in a published edition.
    """
    return status is EntryStatus.LISTED and (published or REGISTER_OF[kind] in POOLS)
