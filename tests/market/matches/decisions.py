"""Many decisions of brokers whose taste is known."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from market.listings.rules import Status as ListingStatus
from market.matches.models import Suggestion
from market.matches.rules import Status
from tests.factories import NOW
from tests.market.matches.factories import Scene, make_achievement, make_need, make_pair

Taste = Callable[[Mapping[str, float], random.Random], bool]


def thrifty(values: Mapping[str, float], _: random.Random) -> bool:
    """Decline what is over budget, and recommend the rest if it is about the same thing."""
    return values["price"] > 0 and values["dense"] > 0.4


def by_lot(_: Mapping[str, float], generator: random.Random) -> bool:
    """Decide without looking."""
    return generator.random() < 0.5


def reasons_with(values: Mapping[str, float], *, base: bool = True) -> dict[str, Any]:
    """Return reasons as the engine gives them, their parts having these values."""
    named = {"base": 1.0, **values} if base else dict(values)
    parts = [
        {"name": name, "label": name, "value": value, "weight": 1.0, "contribution": 0.0}
        for name, value in named.items()
    ]
    return {"parts": parts, "terms": [], "concepts": [], "facets": []}


def drawn_values(generator: random.Random) -> dict[str, float]:
    """Return values of parts as a search could give them."""
    return {
        "dense": generator.uniform(0.2, 0.9),
        "lexical": generator.random(),
        "characters": generator.uniform(0, 0.5),
        "concepts": generator.random(),
        "price": generator.choice([-1.0, 1.0]),
        "region": generator.choice([-1.0, 0.0, 1.0]),
    }


def decide(
    session: Session,
    scene: Scene,
    taste: Taste,
    *,
    needs: int = 15,
    each: int = 8,
    seed: int = 0,
    **values: Any,
) -> list[Suggestion]:
    """Insert pairs that were decided, `each` of every need; their listings have left the market since."""
    generator = random.Random(seed)
    gone = {"status": ListingStatus.WITHDRAWN}
    achievements = [make_achievement(session, scene.seller, **gone) for _ in range(each)]
    made = []
    for _ in range(needs):
        need = make_need(session, scene.buyer, **gone)
        for rank, achievement in enumerate(achievements, start=1):
            parts = drawn_values(generator)
            relevant = taste(parts, generator)
            decision = {
                "status": Status.RECOMMENDED if relevant else Status.DECLINED,
                "reason_code": "indicators_fit" if relevant else "budget",
                "decided_at": NOW,
                "rank": rank,
                "reasons": reasons_with(parts),
            }
            pair = {"need": need, "achievement": achievement, **decision, **values}
            made.append(make_pair(session, scene, **pair))
    return made
