"""The broker's queue and each side's own list: what is in it, in what order, and page by page."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.db import PageRequest
from market.errors import NotFound, PermissionDenied
from market.matches import queries
from market.matches.rules import OPEN_TO_PARTIES, Side, Status
from tests.market.listings.factories import WUXI
from tests.market.matches.factories import NAMES, Scene, make_achievement, make_need, make_pair, make_scene

ALL = PageRequest(limit=100)
SEES_ALL = {"broker", "other_broker", "admin"}


@pytest.fixture
def scene(session: Session) -> Scene:
    """The people around a pair."""
    return make_scene(session)


def ids(session: Session, actor: Actor, **filters: Any) -> list[int]:
    return [row.id for row in queries.list_suggestions(session, actor, page=ALL, **filters).items]


@pytest.mark.parametrize("name", NAMES)
def test_lists_and_single_suggestions_show_the_same_to_the_same_person(
    session: Session, scene: Scene, name: str
) -> None:
    actor: Actor = getattr(scene, name)
    pairs = {make_pair(session, scene, status=status).id: status for status in Status}
    if name in {"bureau", "registrar", "unverified_broker"}:
        with pytest.raises(PermissionDenied) as caught:
            ids(session, actor)
        assert caught.value.code == "role-not-allowed"
        seen: set[Status] = set()
    else:
        seen = {pairs[i] for i in ids(session, actor)}
    party = name in {"enterprise", "university"}
    assert seen == (set(Status) if name in SEES_ALL else OPEN_TO_PARTIES if party else set())
    for pair_id, status in pairs.items():
        if status in seen:
            assert queries.get_suggestion(session, actor, pair_id).id == pair_id
        else:
            with pytest.raises(NotFound, match="没有找到该匹配建议"):
                queries.get_suggestion(session, actor, pair_id)


def test_a_side_sees_its_own_pairs_alone(session: Session, scene: Scene) -> None:
    other = make_scene(session)
    own = make_pair(session, scene, status=Status.RECOMMENDED)
    theirs = make_pair(session, other, status=Status.RECOMMENDED)
    assert ids(session, scene.enterprise) == ids(session, scene.university) == [own.id]
    assert ids(session, other.university) == [theirs.id]
    assert queries.side_of(scene.enterprise, own) is Side.NEED
    assert queries.side_of(scene.university, own) is Side.ACHIEVEMENT
    assert queries.side_of(other.enterprise, own) is None
    assert queries.side_of(scene.admin, own) is None


def test_best_come_first_and_equal_scores_in_the_order_they_were_made(session: Session, scene: Scene) -> None:
    made = [make_pair(session, scene, score=score).id for score in (0.2, 0.9, 0.5, 0.9)]
    assert ids(session, scene.broker) == [made[1], made[3], made[2], made[0]]


def test_filters_narrow_the_queue(session: Session, scene: Scene) -> None:
    oil = make_pair(session, scene, need=make_need(session, scene.buyer, tech_field="01"), score=0.1)
    far = make_pair(session, scene, need=make_need(session, scene.buyer, region_code="110101"), score=0.8)
    mine = make_pair(session, scene, status=Status.RECOMMENDED, broker_id=scene.broker.user_id, score=0.4)
    # The achievement's own field and region must not be taken for the need's.
    achievement = make_achievement(session, scene.seller, tech_field="02", region_code="110101")
    odd = make_pair(session, scene, achievement=achievement, broker_id=scene.other_broker.user_id, score=0.3)
    find = lambda **filters: ids(session, scene.broker, **filters)  # noqa: E731
    assert find() == [far.id, mine.id, odd.id, oil.id]
    assert find(status=Status.RECOMMENDED) == [mine.id]
    assert find(field="01") == [oil.id]
    assert find(field="02") == []
    assert find(region=WUXI) == [mine.id, odd.id, oil.id]
    assert find(region="110000") == [far.id]
    assert find(region="000000") == find()
    assert find(min_score=0.4) == [far.id, mine.id]
    assert find(assigned="me") == [mine.id]
    assert find(assigned="none") == [far.id, oil.id]
    assert find(need=oil.need_id) == [oil.id]
    assert find(achievement=achievement.id) == [odd.id]
    assert find(assigned="none", min_score=0.5, region="110000") == [far.id]
    assert find(assigned="me", min_score=0.5) == []


def test_pages_follow_each_other_whatever_comes_between(session: Session, scene: Scene) -> None:
    scores = [0.1 + 0.2, 0.3, 0.3, 1 / 3, 0.7]  # floats that a careless cursor would round
    made = {make_pair(session, scene, score=score).id: score for score in scores}
    expected = sorted(made, key=lambda i: (-made[i], i))
    seen: list[int] = []
    cursor = None
    for size in (2, 2, 1):
        page = queries.list_suggestions(session, scene.broker, page=PageRequest(cursor=cursor, limit=2))
        assert len(page.items) == size
        seen += [row.id for row in page.items]
        cursor = page.next_cursor
        make_pair(session, scene, score=0.99)
    assert seen == expected
    assert cursor is None


def test_reading_for_change_sees_what_others_changed(session: Session, scene: Scene) -> None:
    pair = make_pair(session, scene)
    again = queries.get_suggestion(session, scene.broker, pair.id, lock=True)
    assert again is pair
    assert (again.need.organisation.id, again.achievement.organisation.id) == (
        scene.buyer.id,
        scene.seller.id,
    )
