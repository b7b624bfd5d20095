"""The life of a bundle, what keeps it from being released, who keeps it, and whom it suits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from market.accounts.rules import Actor, Role, oversees


class Status(StrEnum):
    """State of a bundle."""

    DRAFT = "draft"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"


STATUS_NAMES: Mapping[Status, str] = {
    Status.DRAFT: "待发布",
    Status.RELEASED: "已发布",
    Status.WITHDRAWN: "已撤回",
}


class Action(StrEnum):
    """A step in the life of a bundle."""

    EDIT = "edit"
    RELEASE = "release"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the table; a target of None leaves the state as it is."""

    sources: frozenset[Status]
    target: Status | None


STEPS: Mapping[Action, Step] = {
    Action.EDIT: Step(frozenset({Status.DRAFT}), None),
    Action.RELEASE: Step(frozenset({Status.DRAFT}), Status.RELEASED),
    # A draft too, or one that is given up would be due for ever.
    Action.WITHDRAW: Step(frozenset({Status.DRAFT, Status.RELEASED}), Status.WITHDRAWN),
}

OFF_MARKET = "已下架"
NOT_PUBLISHED = "未发布"
ON_MARKET = "在架"

SUBSCRIBERS = frozenset({Role.ENTERPRISE, Role.UNIVERSITY})
"""Who subscribes, each for its own unit."""

PER_NEED = 5
"""At most so many achievements of a bundle are sent for one need."""

LEAST_SCORE = 0.2
"""A pair below this chance of being relevant is not sent.

Of the judged pairs in `tests/matching/data`, from this score on two thirds are relevant, and two thirds of
the relevant ones are reached. Suggestions need no such bound, as a broker reads each of them; what a release
sends nobody has read before.
"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a bundle cannot be released: a stable code and words for people."""

    code: str
    detail: str


def release_refusal(
    release_on: date, achievements: Sequence[tuple[str, bool]], *, today: date
) -> Refusal | None:
    """Say what keeps a draft from being released; None if nothing does.

    Args:
        release_on: its day.
        achievements: title of each, and whether it may be found on the market today.
        today: present day in China.
    """
    if today < release_on:
        return Refusal("bundle-not-due", f"该成果包定于{release_on.isoformat()}发布，未到日期不能发布。")
    if not achievements:
        return Refusal("bundle-empty", "成果包中还没有成果，不能发布。")
    missing = [title for title, findable in achievements if not findable]
    if missing:
        named = "”“".join(missing)
        return Refusal(
            "bundle-unpublished-achievement",
            f"成果包只收已发布且在有效期内的成果，以下成果不是：“{named}”。",
        )
    return None


@dataclass(frozen=True, slots=True)
class ShownItem:
    """An achievement as a bundle shows it.

    Attributes:
        achievement_id: where it is read; None where nobody may read it any more.
        state_name: whether it is still on the market, in Chinese.
        title: as copied, at the latest at the release; likewise `provider` and `trl`.
        provider: name of the unit it belongs to.
        trl: its maturity; None where not stated.
        words: why it is in.
    """

    achievement_id: int | None
    state_name: str
    title: str
    provider: str
    trl: int | None
    words: str


def place_of(status: Status, achievement_id: int, *, public: bool) -> tuple[int | None, str]:
    """Return the achievement to lead to, if any, and where it stands, in Chinese.

    Args:
        status: of the bundle; who keeps a draft is led to what is not published yet, too.
        achievement_id: which one.
        public: whether anyone may read it now.
    """
    if public:
        return achievement_id, ON_MARKET
    return (achievement_id, NOT_PUBLISHED) if status is Status.DRAFT else (None, OFF_MARKET)


def makes_bundles(actor: Actor) -> bool:
    """Tell whether the actor may make bundles at all: verified brokers, bureaus in office, admins."""
    if actor.role is Role.BUREAU:
        return actor.in_office
    return actor.role is Role.ADMIN or (actor.role is Role.BROKER and actor.verified)


def keeps(actor: Actor | None, *, organisation_id: int | None, region_code: str) -> bool:
    """Tell whether the actor is in charge of a bundle.

    Args:
        actor: who is asking; None for anyone.
        organisation_id: the unit that made it; None where an admin did.
        region_code: its region.
    """
    if actor is None or not makes_bundles(actor):
        return False
    if actor.role is Role.BROKER:
        return actor.organisation_id == organisation_id
    return actor.role is Role.ADMIN or oversees(actor, region_code)


def suits(
    *, wanted_chain: str | None, wanted_field: str | None, chain: str, fields: Collection[str | None]
) -> bool:
    """Tell whether a subscription asks for a bundle.

    Args:
        wanted_chain: only bundles of this chain; None for all.
        wanted_field: only bundles with an achievement of this field; None for all.
        chain: of the bundle.
        fields: of its achievements.
    """
    return wanted_chain in {None, chain} and (wanted_field is None or wanted_field in fields)
