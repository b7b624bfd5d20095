"""The two sides of a pair: interest, agreement, talks, outcome, and what may be read when."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, Actor
from market.errors import Conflict, NotFound, PermissionDenied, RuleViolation
from market.listings import service as listings
from market.listings.rules import Status as ListingStatus
from market.matches import queries, service
from market.matches.rules import RELEASED, Action, Side, Status
from tests.factories import NOW
from tests.market.listings.factories import findable
from tests.market.listings.refusals import code_of
from tests.market.matches.factories import (
    NAMES,
    NEED_SECRET,
    Scene,
    agree,
    make_need,
    make_pair,
    make_scene,
    recommend,
    want,
)
from tests.market.matches.steps import actions_of, end


@pytest.fixture
def scene(session: Session) -> Scene:
    """The people around a pair."""
    return make_scene(session)


@pytest.mark.parametrize("first", ["enterprise", "university"])
def test_the_second_interest_makes_the_agreement(session: Session, scene: Scene, first: str) -> None:
    pair = make_pair(session, scene)
    recommend(session, scene, pair)
    second = {"enterprise": "university", "university": "enterprise"}[first]
    want(session, getattr(scene, first), pair)
    assert pair.status is Status.RECOMMENDED
    assert pair.need.status is ListingStatus.PUBLISHED
    want(session, getattr(scene, first), pair)  # saying it twice is no agreement
    assert pair.status is Status.RECOMMENDED
    want(session, getattr(scene, second), pair)
    assert pair.status is Status.AGREED
    assert (pair.need_interest, pair.achievement_interest) == (True, True)
    assert pair.need.status is ListingStatus.MATCHING
    assert findable(session) == {("achievement", pair.achievement_id)}
    expected = [Action.RECOMMEND, Action.INTEREST, Action.INTEREST, Action.INTEREST, Action.AGREE]
    assert actions_of(session, pair) == expected
    sides = [event.side for event in queries.list_events(session, pair)][1:4]
    assert (
        sides == [Side(s) for s in ("need", "need", "achievement")]
        if first == "enterprise"
        else [Side(s) for s in ("achievement", "achievement", "need")]
    )


@pytest.mark.parametrize("name", ["enterprise", "university"])
def test_one_side_without_interest_ends_it(session: Session, scene: Scene, name: str) -> None:
    pair = make_pair(session, scene)
    recommend(session, scene, pair)
    other = scene.university if name == "enterprise" else scene.enterprise
    want(session, other, pair)
    want(session, getattr(scene, name), pair, interested=False)
    assert pair.status is Status.NOT_INTERESTED
    assert False in (pair.need_interest, pair.achievement_interest)
    assert code_of(session, lambda: want(session, other, pair), Conflict) == "illegal-transition"
    assert pair.need.status is ListingStatus.PUBLISHED


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"enterprise", "university"}))
def test_nobody_else_speaks_for_a_side(session: Session, scene: Scene, name: str) -> None:
    pair = make_pair(session, scene, status=Status.RECOMMENDED)
    code = code_of(session, lambda: want(session, getattr(scene, name), pair))
    knows = name in {"broker", "other_broker", "admin"}
    assert code == ("not-a-party" if knows else "suggestion-not-found")


def test_a_suggestion_that_comes_back_is_decided_and_agreed_on_anew(session: Session, scene: Scene) -> None:
    pair = make_pair(session, scene)
    recommend(session, scene, pair)
    want(session, scene.enterprise, pair)
    for action in (Action.LAPSE, Action.REVIVE):
        service.take_engine_step(session, OPERATOR, pair, action, now=NOW)
    assert (pair.need_interest, pair.achievement_interest) == (None, None)
    assert (pair.reason_code, pair.decided_at) == (None, None)
    recommend(session, scene, pair)
    want(session, scene.university, pair)
    assert pair.status is Status.RECOMMENDED  # the enterprise spoke of the listing as it was before
    want(session, scene.enterprise, pair)
    assert pair.status is Status.AGREED


def test_a_need_off_the_market_is_not_agreed_on(session: Session, scene: Scene) -> None:
    pair = make_pair(session, scene)
    recommend(session, scene, pair)
    want(session, scene.university, pair)
    listings.withdraw_listing(session, scene.enterprise, pair.need.kind, pair.need_id, note=None, now=NOW)
    work = lambda: want(session, scene.enterprise, pair)  # noqa: E731
    assert code_of(session, work, Conflict) == "illegal-transition"
    assert pair.status is Status.RECOMMENDED


def test_an_achievement_off_the_market_is_not_agreed_on(session: Session, scene: Scene) -> None:
    pair = make_pair(session, scene)
    recommend(session, scene, pair)
    want(session, scene.university, pair)
    listings.withdraw_listing(
        session, scene.university, pair.achievement.kind, pair.achievement_id, note=None, now=NOW
    )
    work = lambda: want(session, scene.enterprise, pair)  # noqa: E731
    assert code_of(session, work, Conflict) == "listing-off-market"
    assert pair.status is Status.RECOMMENDED
    assert pair.need.status is ListingStatus.PUBLISHED


def test_a_need_may_be_talked_over_with_two_at_once(session: Session, scene: Scene) -> None:
    need = make_need(session, scene.buyer)
    first, second = (make_pair(session, scene, need=need) for _ in range(2))
    recommend(session, scene, second)
    agree(session, scene, first)
    want(session, scene.enterprise, second)
    want(session, scene.university, second)
    assert (first.status, second.status) == (Status.AGREED, Status.AGREED)
    end(session, scene.enterprise, first, signed=False, reason_code="price")
    assert need.status is ListingStatus.MATCHING  # the other pair still talks
    end(session, scene.university, second, signed=False, reason_code="other")
    assert need.status is ListingStatus.PUBLISHED
    assert ("need", need.id) in findable(session)


def test_notes_are_for_those_who_talk(session: Session, scene: Scene) -> None:
    pair = make_pair(session, scene)
    agree(session, scene, pair)
    for name in NAMES:
        actor: Actor = getattr(scene, name)
        if name not in {"enterprise", "university", "broker"}:
            work = lambda a=actor: service.add_note(session, a, pair.id, words="考察", now=NOW)  # noqa: E731
            assert code_of(session, work) in {"not-a-party", "suggestion-not-found"}
            continue
        event = service.add_note(session, actor, pair.id, words="约定考察", now=NOW)
        assert (event.action, event.words, event.actor_id) == (Action.NOTE, "约定考察", actor.user_id)
        assert event.side == {"enterprise": Side.NEED, "university": Side.ACHIEVEMENT}.get(name)
    assert pair.status is Status.AGREED


@pytest.mark.parametrize("name", NAMES)
def test_outcomes_are_recorded_by_those_who_talk(session: Session, scene: Scene, name: str) -> None:
    pair = make_pair(session, scene)
    agree(session, scene, pair)
    actor = getattr(scene, name)
    if name in {"enterprise", "university", "broker"}:
        assert end(session, actor, pair, signed=True).status is Status.CONTRACTED
        assert pair.need.status is ListingStatus.CONTRACTED
        assert pair.achievement.status is ListingStatus.PUBLISHED  # others may want it too
    else:
        work = lambda: end(session, actor, pair, signed=True)  # noqa: E731
        assert code_of(session, work) in {"not-a-party", "suggestion-not-found"}
        assert pair.status is Status.AGREED


def test_talks_that_fail_give_a_reason_and_return_the_need_to_the_market(
    session: Session, scene: Scene
) -> None:
    pair = make_pair(session, scene)
    agree(session, scene, pair)
    for reason_code, code in ((None, "reason-missing"), ("off_topic", "unknown-code")):
        with pytest.raises(RuleViolation) as caught, session.begin_nested():
            end(session, scene.broker, pair, signed=False, reason_code=reason_code)
        assert [(fault.pointer, fault.code) for fault in caught.value.fields] == [("/reason_code", code)]
    end(session, scene.enterprise, pair, signed=False, reason_code="ip_dispute")
    assert (pair.status, pair.need.status) == (Status.FAILED, ListingStatus.PUBLISHED)
    assert ("need", pair.need_id) in findable(session)
    event = queries.list_events(session, pair)[-1]
    assert (event.reason_code, event.side, event.words) == ("ip_dispute", Side.NEED, "谈判三轮")


def test_a_need_withdrawn_during_talks_is_not_put_back_by_their_failure(
    session: Session, scene: Scene
) -> None:
    pair = make_pair(session, scene)
    agree(session, scene, pair)
    listings.withdraw_listing(session, scene.enterprise, pair.need.kind, pair.need_id, note=None, now=NOW)
    end(session, scene.broker, pair, signed=False, reason_code="withdrawn")
    assert (pair.status, pair.need.status) == (Status.FAILED, ListingStatus.WITHDRAWN)


def test_a_registered_contract_marks_its_deal_once(session: Session, scene: Scene) -> None:
    pair = make_pair(session, scene)
    agree(session, scene, pair)
    for _ in range(2):
        service.mark_contracted(session, scene.registrar, pair, now=NOW)
    assert (pair.status, pair.need.status) == (Status.CONTRACTED, ListingStatus.CONTRACTED)
    assert actions_of(session, pair).count(Action.SIGN) == 1
    said = make_pair(session, scene)
    agree(session, scene, said)
    end(session, scene.enterprise, said, signed=True)
    service.mark_contracted(session, scene.registrar, said, now=NOW)
    assert actions_of(session, said).count(Action.SIGN) == 1


def test_a_contract_without_agreement_marks_nothing(session: Session, scene: Scene) -> None:
    pair = make_pair(session, scene, status=Status.RECOMMENDED)
    work = lambda: service.mark_contracted(session, scene.registrar, pair, now=NOW)  # noqa: E731
    assert code_of(session, work, Conflict) == "illegal-transition"


def test_signing_the_second_deal_on_one_need_leaves_the_need_as_it_is(session: Session, scene: Scene) -> None:
    need = make_need(session, scene.buyer)
    first, second = (make_pair(session, scene, need=need) for _ in range(2))
    recommend(session, scene, second)
    agree(session, scene, first)
    want(session, scene.enterprise, second)
    want(session, scene.university, second)
    end(session, scene.broker, first, signed=True)
    listings.complete_listing(session, scene.enterprise, need.kind, need.id, now=NOW)
    end(session, scene.broker, second, signed=True)
    assert (second.status, need.status) == (Status.CONTRACTED, ListingStatus.COMPLETED)


# --- what each may read


@pytest.mark.parametrize("name", NAMES)
def test_the_confidential_parts_are_released_by_agreement_and_to_the_pairs_own_people(
    session: Session, scene: Scene, name: str
) -> None:
    actor = getattr(scene, name)
    party = name in {"enterprise", "university"}
    for status in Status:
        pair = make_pair(session, scene, status=status, broker_id=scene.broker.user_id)
        if name == "broker" or (party and status in RELEASED):
            parts = queries.confidential_parts(actor, queries.get_suggestion(session, actor, pair.id))
            assert parts["need"].confidential == NEED_SECRET
            assert parts["achievement"] is pair.achievement
            continue
        with pytest.raises((PermissionDenied, NotFound)) as caught:
            queries.confidential_parts(actor, queries.get_suggestion(session, actor, pair.id))
        if name in {"admin", "other_broker"}:
            assert caught.value.code == "confidential"
        elif party and status in {Status.RECOMMENDED, Status.NOT_INTERESTED}:
            assert caught.value.code == "not-released"
        else:
            assert caught.value.code == "suggestion-not-found"
