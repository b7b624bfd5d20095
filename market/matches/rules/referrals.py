"""Suggestions across kinds (引荐): which kinds meet, under what condition, and who speaks for a side."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from market.accounts.rules import Actor, Role, oversees
from market.search.documents import Kind

PILOT_BASE = "pilot_base"
"""Code of scheme `resource_category`."""


class ReferralSide(StrEnum):
    """Which side of a referral a record stands on."""

    DEMAND = "demand"
    SUPPLY = "supply"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two kinds that are referred to each other.

    Attributes:
        demand: kind of what lacks something.
        supply: kind of what may provide it.
        category: only supplies of this category.
    """

    demand: Kind
    supply: Kind
    category: str | None = None

    @property
    def asks_for_more(self) -> bool:
        """Whether a condition is checked on what the engine found, so that it must find more than wanted."""
        return (
            self.category is not None
            or self.demand in {Kind.NODE, Kind.SCENARIO, Kind.TECHNOLOGY}
            or self.supply is Kind.PROJECT
        )


PAIRS = (
    Pair(Kind.NEED, Kind.EXPERT),
    Pair(Kind.NEED, Kind.RESOURCE),
    Pair(Kind.NEED, Kind.PROJECT),
    Pair(Kind.ACHIEVEMENT, Kind.RESOURCE, category=PILOT_BASE),
    Pair(Kind.SCENARIO, Kind.ACHIEVEMENT),
    Pair(Kind.NODE, Kind.ACHIEVEMENT),
    Pair(Kind.NODE, Kind.ENTERPRISE),
    Pair(Kind.TECHNOLOGY, Kind.ACHIEVEMENT),
    Pair(Kind.TECHNOLOGY, Kind.EXPERT),
)
"""Needs and achievements are suggested to each other apart, see `market.matches.rules.suggestions`."""

DEMANDING = frozenset({Kind.NEED, Kind.SCENARIO, Kind.NODE, Kind.TECHNOLOGY})
"""Kinds that lack something, whatever they are compared with."""


def pairs_of(kind: Kind) -> list[tuple[Pair, ReferralSide]]:
    """Return the pairs a kind takes part in, with the side it stands on."""
    return [
        (pair, side)
        for pair in PAIRS
        for side, one in ((ReferralSide.DEMAND, pair.demand), (ReferralSide.SUPPLY, pair.supply))
        if one is kind
    ]


def pair_of(kind: Kind, other: Kind) -> tuple[Pair, ReferralSide] | None:
    """Return the pair of two kinds with the side of the first; None if they are none."""
    sides = {ReferralSide.DEMAND: (kind, other), ReferralSide.SUPPLY: (other, kind)}
    for pair in PAIRS:
        for side, kinds in sides.items():
            if kinds == (pair.demand, pair.supply):
                return pair, side
    return None


def takes_in(trl: int | None, *, min_trl: int | None, max_trl: int | None) -> bool:
    """Tell whether a pilot base, or a scenario, takes in an achievement of this maturity.

    An achievement that does not state its maturity is not sent anywhere; a bound that is not stated does
    not bind.
    """
    return trl is not None and (min_trl is None or trl >= min_trl) and (max_trl is None or trl <= max_trl)


@dataclass(frozen=True, slots=True)
class Standing:
    """Who speaks for a record.

    Attributes:
        organisation_id: its unit; None where that is not on the market.
        user_id: the person it is about.
        region_code: where it lies.
        by_bureau: whether its bureau speaks for it, as for nodes and for what has nobody on the market.
    """

    organisation_id: int | None
    user_id: int | None
    region_code: str
    by_bureau: bool


def speaks_for(actor: Actor, standing: Standing) -> bool:
    """Tell whether the actor may say for a record whether it wants to talk."""
    if standing.by_bureau:
        return oversees(actor, standing.region_code)
    return is_involved(standing, organisation_id=actor.organisation_id, user_id=actor.user_id)


def is_involved(standing: Standing, *, organisation_id: int | None, user_id: int | None) -> bool:
    """Tell whether a record belongs to an organisation or is about a person: then these may not judge it."""
    own = organisation_id is not None and organisation_id == standing.organisation_id
    return own or (user_id is not None and user_id == standing.user_id)


def reads_all(actor: Actor) -> bool:
    """Tell whether the actor reads all referrals: admins and verified brokers."""
    return actor.role is Role.ADMIN or (actor.role is Role.BROKER and actor.verified)
