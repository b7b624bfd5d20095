"""Panels of experts: who may not sit on one, and a draw that anybody can repeat."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

SHORTEST_UNIT = 4
"""Characters from which a unit's name inside another one means the same unit: 某大学 in 某大学化工学院."""
SHORTEST_CORE = 3
CORE_HEAD = 4
"""Characters from which what a firm is called apart from place and legal form tells it from others, and how
many of them are looked for: 腾索金属 of 江阴腾索金属制品股份有限公司."""
SHORTEST_NAME = 2
"""Characters from which a person's name is looked for in what an expert stated."""
LEGAL_FORMS = (
    "股份有限公司",
    "有限责任公司",
    "有限公司",
    "总公司",
    "分公司",
    "公司",
    "控股",
    "集团",
    "股份",
    "总厂",
    "厂",
)


class Recusal(StrEnum):
    """Why somebody may not sit on a panel (回避); the last three are found only after the draw."""

    OWNER_UNIT = "owner_unit"
    BIDDER_UNIT = "bidder_unit"
    BIDDER = "bidder"
    SAME_PROJECT = "same_project"
    STATED = "stated"
    BARRED = "barred"
    BLACKLISTED = "blacklisted"
    DECLARED = "declared"
    OFF_POOL = "off_pool"
    NO_CONSENT = "no_consent"
    NO_ROLE = "no_role"


RECUSAL_NAMES: Mapping[Recusal, str] = {
    Recusal.OWNER_UNIT: "与需求方同一单位",
    Recusal.BIDDER_UNIT: "与揭榜方或其成员同一单位",
    Recusal.BIDDER: "本人参加揭榜",
    Recusal.SAME_PROJECT: "与揭榜成员同一项目",
    Recusal.STATED: "登记的利益关系",
    Recusal.BARRED: "诚信记录限制期内",
    Recusal.BLACKLISTED: "黑榜在列",
    Recusal.DECLARED: "本人声明回避",
    Recusal.OFF_POOL: "已不在人才库",
    Recusal.NO_CONSENT: "不再同意被查到",
    Recusal.NO_ROLE: "不再持有专家角色",
}


class SeatStatus(StrEnum):
    """State of an expert's seat on a panel."""

    CALLED = "called"
    CLEARED = "cleared"
    RECUSED = "recused"


SEAT_STATUS_NAMES: Mapping[SeatStatus, str] = {
    SeatStatus.CALLED: "待声明",
    SeatStatus.CLEARED: "无须回避",
    SeatStatus.RECUSED: "已回避",
}

SEATED = frozenset({SeatStatus.CALLED, SeatStatus.CLEARED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An expert who might be drawn.

    Attributes:
        talent_id: entry of the talent pool.
        name: of the person.
        units: names of the units the person belongs to.
        organisation_ids: units of the market the person belongs to.
        project_ids: projects the person is or was a member of.
        interests: what the person stated about interests of their own.
        barred: whether an integrity record bars the person today.
        blacklisted: whether the person stands on the black list today.
    """

    talent_id: int
    name: str
    units: tuple[str, ...] = ()
    organisation_ids: frozenset[int] = frozenset()
    project_ids: frozenset[int] = frozenset()
    interests: str = ""
    barred: bool = False
    blacklisted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Concerned:
    """Everybody with an interest in the outcome.

    Attributes:
        owner_units: names of the demand side.
        owner_ids: its organisations.
        bidder_units: names of lead units and of members' units.
        bidder_ids: their organisations.
        cores: short names of these firms; see `core_of`.
        people: name and unit of leaders and members.
        talent_ids: those of them in the talent pool.
        project_ids: projects any of them leads, is or was a member of, by link or by name.
    """

    owner_units: tuple[str, ...] = ()
    owner_ids: frozenset[int] = frozenset()
    bidder_units: tuple[str, ...] = ()
    bidder_ids: frozenset[int] = frozenset()
    cores: tuple[str, ...] = ()
    people: tuple[tuple[str, str], ...] = ()
    talent_ids: frozenset[int] = frozenset()
    project_ids: frozenset[int] = frozenset()


def plain(name: str) -> str:
    """Return a name without blanks, brackets and width, for comparing."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(letter for letter in folded if letter.isalnum())


def same_unit(one: str, other: str) -> bool:
    """Tell whether two names mean the same unit, or one a part of the other."""
    short, long = sorted((plain(one), plain(other)), key=len)
    return bool(short) and (short == long or (len(short) >= SHORTEST_UNIT and short in long))


def core_of(unit: str, places: Iterable[str]) -> str | None:
    """Return what a firm is called apart from place and legal form, as people mention it.

    None for other units and for what is too short to tell one firm from another.

    Args:
        unit: its full name.
        places: names of regions that may stand before it.
    """
    whole = stem = plain(unit)
    while form := next((one for one in LEGAL_FORMS if stem.endswith(one)), None):
        stem = stem.removesuffix(form)
    if stem == whole:
        return None
    names = sorted(filter(None, map(plain, places)), key=len, reverse=True)
    while place := next((one for one in names if stem.startswith(one)), None):
        stem = stem.removeprefix(place)
    return stem[:CORE_HEAD] if len(stem) >= SHORTEST_CORE else None


def _any_same(units: Iterable[str], others: Collection[str]) -> bool:
    return any(same_unit(one, other) for one in units for other in others)


def recusal_of(candidate: Candidate, concerned: Concerned) -> Recusal | None:
    """Return why a candidate may not be drawn; None if nothing is known against it."""
    if candidate.barred:
        return Recusal.BARRED
    if candidate.blacklisted:
        return Recusal.BLACKLISTED
    namesake = any(
        plain(name) == plain(candidate.name) and _any_same(candidate.units, (unit,))
        for name, unit in concerned.people
    )
    if candidate.talent_id in concerned.talent_ids or namesake:
        return Recusal.BIDDER
    if candidate.organisation_ids & concerned.owner_ids or _any_same(candidate.units, concerned.owner_units):
        return Recusal.OWNER_UNIT
    if candidate.organisation_ids & concerned.bidder_ids or _any_same(
        candidate.units, concerned.bidder_units
    ):
        return Recusal.BIDDER_UNIT
    if candidate.project_ids & concerned.project_ids:
        return Recusal.SAME_PROJECT
    if _mentions(plain(candidate.interests), concerned):
        return Recusal.STATED
    return None


def _mentions(stated: str, concerned: Concerned) -> bool:
    """Tell whether words name a unit concerned, in full or as it is called, or a person."""
    units = (plain(unit) for unit in (*concerned.owner_units, *concerned.bidder_units))
    names = (plain(name) for name, _ in concerned.people)
    wanted = (
        *concerned.cores,
        *(unit for unit in units if len(unit) >= SHORTEST_UNIT),
        *(name for name in names if len(name) >= SHORTEST_NAME),
    )
    return any(words in stated for words in wanted)


@dataclass(frozen=True, slots=True)
class Draw:
    """The outcome of sorting candidates into an order.

    Attributes:
        eligible: ids without a known reason to stand aside, ascending.
        excluded: the others with their reason.
        order: the eligible in drawn order; seats are filled from its beginning.
    """

    eligible: tuple[int, ...]
    excluded: Mapping[int, Recusal] = field(default_factory=dict)
    order: tuple[int, ...] = ()


def drawn_order(seed: str, talent_ids: Iterable[int]) -> tuple[int, ...]:
    """Return candidates in drawn order: ascending by SHA-256 of "seed:id" in hexadecimal digits.

    Needs nothing but the seed and the ids, so that anybody can repeat it with any tool.
    """
    return tuple(
        sorted(set(talent_ids), key=lambda one: hashlib.sha256(f"{seed}:{one}".encode()).hexdigest())
    )


def draw(seed: str, candidates: Iterable[Candidate], concerned: Concerned) -> Draw:
    """Set aside who may not sit, and put the rest in drawn order."""
    reasons = {candidate.talent_id: recusal_of(candidate, concerned) for candidate in candidates}
    eligible = tuple(sorted(one for one, reason in reasons.items() if reason is None))
    excluded = {one: reason for one, reason in sorted(reasons.items()) if reason is not None}
    return Draw(eligible, excluded, drawn_order(seed, eligible))


def size_fault(size: int, *, least: int) -> str | None:
    """Say in Chinese what is wrong with the size of a panel; None if nothing is."""
    if size < least:
        return f"评审组至少{least}人。"
    if size % 2 == 0:
        return "评审组人数应为奇数。"
    return None
