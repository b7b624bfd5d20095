"""Every step of a suggestion against the table, and the broker's desk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.models import User
from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, OrganisationKind
from market.audit.models import AuditEvent
from market.errors import Conflict, NotFound, PermissionDenied, RuleViolation
from market.matches import queries, service
from market.matches.models import Suggestion
from market.matches.rules import TRANSITIONS, Action, Side, Status
from tests.factories import NOW, make_organisation, make_user
from tests.market.listings.refusals import code_of
from tests.market.matches.factories import (
    NAMES,
    Scene,
    make_achievement,
    make_need,
    make_pair,
    make_scene,
    want,
)
from tests.market.matches.steps import actions_of, assign, end, review

Perform = Callable[[Session, Scene, Suggestion], Any]


@pytest.fixture
def scene(session: Session) -> Scene:
    """The people around a pair."""
    return make_scene(session)


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
            done = select(AuditEvent).where(AuditEvent.entity == "suggestion").order_by(AuditEvent.id.desc())
            audit = session.scalars(done).first()
            assert audit is not None
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
