"""The broker's desk and the two sides: who may take which step, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.models import User
from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.audit.models import AuditEvent
from market.errors import Conflict, MarketError, NotFound, PermissionDenied, RuleViolation
from market.listings import service as listings
from market.listings.rules import Status as ListingStatus
from market.matches import queries, service
from market.matches.models import Suggestion
from market.matches.rules import RELEASED, TRANSITIONS, Action, Side, Status
from tests.factories import NOW, make_organisation, make_user
from tests.market.listings.factories import ENCODER, findable
from tests.market.matches.factories import (
    NAMES,
    NEED_SECRET,
    Scene,
    agree,
    make_achievement,
    make_need,
    make_pair,
    make_scene,
    recommend,
    want,
)

Perform = Callable[[Session, Scene, Suggestion], Any]


@pytest.fixture
def scene(session: Session) -> Scene:
    """The people around a pair."""
    return make_scene(session)


def assign(session: Session, actor: Actor, pair: Suggestion, broker: Actor | None = None) -> Suggestion:
    broker_id = (broker or actor).user_id
    assert broker_id is not None
    return service.assign_suggestion(session, actor, pair.id, broker_id=broker_id, now=NOW)


def review(
    session: Session,
    actor: Actor,
    pair: Suggestion,
    decision: Action = Action.RECOMMEND,
    *,
    reason_code: str | None = None,
) -> Suggestion:
    reason_code = reason_code or ("indicators_fit" if decision is Action.RECOMMEND else "off_topic")
    return service.review_suggestion(
        session, actor, pair.id, decision=decision, reason_code=reason_code, words="依据指标判断", now=NOW
    )


def end(
    session: Session, actor: Actor, pair: Suggestion, *, signed: bool, reason_code: str | None = None
) -> Suggestion:
    return service.record_outcome(
        session,
        actor,
        pair.id,
        signed=signed,
        reason_code=reason_code,
        words="谈判三轮",
        encoder=ENCODER,
        now=NOW,
    )


def code_of(session: Session, work: Callable[[], Any], kind: type[MarketError] = MarketError) -> str:
    """Return the code of the error; what the work did is undone."""
    with pytest.raises(kind) as caught, session.begin_nested():
        work()
    return caught.value.code


def actions_of(session: Session, pair: Suggestion) -> list[Action]:
    return [event.action for event in queries.list_events(session, pair)]


PERFORM: Mapping[Action, Perform] = {
    Action.ASSIGN: lambda s, scene, pair: assign(s, scene.broker, pair),
    Action.DECLINE: lambda s, scene, pair: review(s, scene.broker, pair, Action.DECLINE),
    Action.RECOMMEND: lambda s, scene, pair: review(s, scene.broker, pair),
    Action.INTEREST: lambda s, scene, pair: want(s, scene.enterprise, pair),
    Action.DISINTEREST: lambda s, scene, pair: want(s, scene.university, pair, interested=False),
    Action.NOTE: lambda s, scene, pair: service.add_note(
        s, scene.broker, pair.id, words="约定下周考察", now=NOW
    ),
    Action.SIGN: lambda s, scene, pair: end(s, scene.broker, pair, signed=True),
    Action.FAIL: lambda s, scene, pair: end(s, scene.broker, pair, signed=False, reason_code="price"),
    Action.LAPSE: lambda s, scene, pair: service.take_engine_step(s, OPERATOR, pair, Action.LAPSE, now=NOW),
    Action.REVIVE: lambda s, scene, pair: service.take_engine_step(s, OPERATOR, pair, Action.REVIVE, now=NOW),
}


def test_every_step_of_the_table_is_tried_here() -> None:
    assert set(PERFORM) == set(TRANSITIONS) - {Action.AGREE}  # which follows from the second interest


@pytest.mark.parametrize("action", PERFORM)
def test_a_step_starts_from_its_states_alone_and_is_written_down(
    session: Session, scene: Scene, action: Action
) -> None:
    step = TRANSITIONS[action]
    for status in Status:
        pair = make_pair(session, scene, status=status, broker_id=scene.broker.user_id)
        if status in step.sources:
            PERFORM[action](session, scene, pair)
            assert pair.status is (step.target or status), status
            event = queries.list_events(session, pair)[-1]
            assert (event.action, event.source, event.target) == (action, status, pair.status)
            assert event.at == NOW
            audit = session.scalars(select(AuditEvent).where(AuditEvent.entity == "suggestion")).all()[-1]
            assert (audit.action, audit.entity_id) == (f"suggestion.{action.value}", pair.id)
            assert audit.actor_id == event.actor_id
            assert audit.details == {"from": status.value, "to": pair.status.value}
        else:
            # To the two sides, what is not recommended does not exist at all.
            expected = {"illegal-transition", "suggestion-not-found"}
            assert code_of(session, lambda p=pair: PERFORM[action](session, scene, p)) in expected, status  # type: ignore[misc]
            assert pair.status is status
            assert actions_of(session, pair) == []


# --- the desk


def test_a_broker_takes_a_suggestion_and_nobody_takes_it_away(session: Session, scene: Scene) -> None:
    pair = make_pair(session, scene)
    assert assign(session, scene.broker, pair).broker_id == scene.broker.user_id
    assert assign(session, scene.broker, pair).broker_id == scene.broker.user_id
    assert code_of(session, lambda: assign(session, scene.other_broker, pair), Conflict) == "already-assigned"
    others = lambda: assign(session, scene.broker, pair, scene.other_broker)  # noqa: E731
    assert code_of(session, others, PermissionDenied) == "role-not-allowed"
    assert assign(session, scene.admin, pair, scene.other_broker).broker_id == scene.other_broker.user_id


def test_only_active_brokers_are_given_suggestions(session: Session, scene: Scene) -> None:
    pair = make_pair(session, scene)
    to = lambda broker: code_of(session, lambda: assign(session, scene.admin, pair, broker))  # noqa: E731
    assert to(scene.bureau) == "not-a-broker"
    user = session.get(User, scene.broker.user_id)
    assert user is not None
    user.active = False
    session.flush()
    assert to(scene.broker) == "not-a-broker"
    missing = lambda: service.assign_suggestion(  # noqa: E731
        session, scene.admin, pair.id, broker_id=10**9, now=NOW
    )
    assert code_of(session, missing, NotFound) == "user-not-found"


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"broker", "other_broker"}))
def test_deciding_is_for_verified_brokers(session: Session, scene: Scene, name: str) -> None:
    actor = getattr(scene, name)
    pair = make_pair(session, scene, status=Status.SUGGESTED)
    for decision in (Action.RECOMMEND, Action.DECLINE):
        code = code_of(session, lambda d=decision: review(session, actor, pair, d))  # type: ignore[misc]
        assert code == ("role-not-allowed" if name == "admin" else "suggestion-not-found")
    open_pair = make_pair(session, scene, status=Status.RECOMMENDED)
    if name in {"enterprise", "university"}:
        assert code_of(session, lambda: review(session, actor, open_pair)) == "role-not-allowed"
        assert code_of(session, lambda: assign(session, actor, open_pair)) == "role-not-allowed"
    assert pair.status is Status.SUGGESTED


def test_a_decision_keeps_who_when_and_why(session: Session, scene: Scene) -> None:
    pair = review(session, scene.broker, make_pair(session, scene))
    assert (pair.status, pair.broker_id) == (Status.RECOMMENDED, scene.broker.user_id)
    assert (pair.reason_code, pair.decided_at) == ("indicators_fit", NOW)
    (event,) = queries.list_events(session, pair)
    assert (event.actor_id, event.reason_code, event.words) == (
        scene.broker.user_id,
        "indicators_fit",
        "依据指标判断",
    )


@pytest.mark.parametrize(
    ("decision", "code"),
    [
        (Action.RECOMMEND, "off_topic"),
        (Action.DECLINE, "indicators_fit"),
        (Action.DECLINE, "price"),
        (Action.RECOMMEND, "none"),
    ],
)
def test_a_reason_comes_from_the_list_of_its_decision(
    session: Session, scene: Scene, decision: Action, code: str
) -> None:
    pair = make_pair(session, scene)
    with pytest.raises(RuleViolation) as caught, session.begin_nested():
        review(session, scene.broker, pair, decision, reason_code=code)
    assert [(field.pointer, field.code) for field in caught.value.fields] == [
        ("/reason_code", "unknown-code")
    ]


def test_another_brokers_desk_is_left_alone(session: Session, scene: Scene) -> None:
    pair = make_pair(session, scene)
    assign(session, scene.broker, pair)
    work = lambda: review(session, scene.other_broker, pair)  # noqa: E731
    assert code_of(session, work, PermissionDenied) == "already-assigned"
    assert pair.status is Status.SUGGESTED


@pytest.mark.parametrize("side", Side)
def test_a_broker_whose_organisation_stands_on_a_side_stays_out(session: Session, side: Side) -> None:
    scene = make_scene(session)
    agency = make_organisation(session, OrganisationKind.AGENCY)
    involved = actor_of(make_user(session, agency))
    colleague = actor_of(make_user(session, agency))
    own: dict[str, Any] = (
        {"need": make_need(session, agency)}
        if side is Side.NEED
        else {"achievement": make_achievement(session, agency)}
    )
    pair = make_pair(session, scene, **own)
    for actor in (involved, colleague):
        for work in (
            lambda a=actor: assign(session, a, pair),
            lambda a=actor: assign(session, scene.admin, pair, a),
            lambda a=actor: review(session, a, pair),
            lambda a=actor: review(session, a, pair, Action.DECLINE),
        ):
            assert code_of(session, work, PermissionDenied) == "conflict-of-interest"
    assert (pair.status, pair.broker_id) == (Status.SUGGESTED, None)
    assert review(session, scene.broker, pair).status is Status.RECOMMENDED


# --- the two sides


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


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("name", NAMES)
def test_the_confidential_parts_are_released_by_agreement_and_to_the_pairs_own_people(
    session: Session, scene: Scene, name: str, status: Status
) -> None:
    pair = make_pair(session, scene, status=status, broker_id=scene.broker.user_id)
    actor = getattr(scene, name)
    party = name in {"enterprise", "university"}
    if name == "broker" or (party and status in RELEASED):
        parts = queries.confidential_parts(actor, queries.get_suggestion(session, actor, pair.id))
        assert parts["need"].confidential == NEED_SECRET
        assert parts["achievement"] is pair.achievement
        return
    with pytest.raises((PermissionDenied, NotFound)) as caught:
        queries.confidential_parts(actor, queries.get_suggestion(session, actor, pair.id))
    if name in {"admin", "other_broker"}:
        assert caught.value.code == "confidential"
    elif party and status in {Status.RECOMMENDED, Status.NOT_INTERESTED}:
        assert caught.value.code == "not-released"
    else:
        assert caught.value.code == "suggestion-not-found"
