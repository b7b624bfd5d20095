"""Whoever tries whatever in whatever order: nothing is agreed on that no broker recommended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from market.accounts.models import User
from market.accounts.rules import OPERATOR, Actor, Role
from market.db import Database
from market.errors import MarketError, PermissionDenied
from market.listings.rules import Status as ListingStatus
from market.matches import queries, service
from market.matches.rules import OPEN_TO_PARTIES, RELEASED, Action, Side, Status
from tests.factories import NOW
from tests.market.listings.factories import ENCODER, findable
from tests.market.matches.factories import NAMES, make_need, make_pair, make_scene

ACTORS = st.sampled_from(NAMES)
PEOPLE = st.sampled_from([*NAMES, *["broker", "enterprise", "university"] * 4])
PAIRS = st.integers(0, 1)


class PeopleAndPairs(RuleBasedStateMachine):
    """Two suggestions on one need, and everybody trying every step on them."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.open = ExitStack()
        self.session = self.open.enter_context(self.database.reading())  # undone when it is closed
        self.scene = make_scene(self.session)
        need = make_need(self.session, self.scene.buyer)
        self.pairs = [make_pair(self.session, self.scene, need=need) for _ in range(2)]

    def teardown(self) -> None:
        self.open.close()

    def attempt(self, work: Callable[..., Any], name: str, number: int, **values: Any) -> None:
        """Do it as a view would: wholly, or not at all."""
        actor: Actor = getattr(self.scene, name)
        try:
            with self.session.begin_nested():
                work(self.session, actor, self.pairs[number].id, now=NOW, **values)
        except MarketError:
            self.session.expire_all()

    @rule(name=PEOPLE, number=PAIRS, to=ACTORS)
    def assign(self, name: str, number: int, to: str) -> None:
        self.attempt(service.assign_suggestion, name, number, broker_id=getattr(self.scene, to).user_id)

    @rule(name=PEOPLE, number=PAIRS, decline=st.sampled_from([False, False, True]))
    def review(self, name: str, number: int, decline: bool) -> None:
        decision, code = (Action.DECLINE, "budget") if decline else (Action.RECOMMEND, "team_record")
        self.attempt(
            service.review_suggestion, name, number, decision=decision, reason_code=code, words="理由"
        )

    @rule(name=PEOPLE, number=PAIRS, interested=st.sampled_from([True, True, True, False]))
    def interest(self, name: str, number: int, interested: bool) -> None:
        self.attempt(
            service.express_interest, name, number, interested=interested, words=None, encoder=ENCODER
        )

    @rule(number=PAIRS)
    def both_want(self, number: int) -> None:
        self.interest("enterprise", number, True)
        self.interest("university", number, True)

    @rule(name=PEOPLE, number=PAIRS)
    def note(self, name: str, number: int) -> None:
        self.attempt(service.add_note, name, number, words="进展")

    @rule(name=PEOPLE, number=PAIRS, signed=st.booleans())
    def outcome(self, name: str, number: int, signed: bool) -> None:
        code = None if signed else "price"
        self.attempt(
            service.record_outcome,
            name,
            number,
            signed=signed,
            reason_code=code,
            words="结果",
            encoder=ENCODER,
        )

    @rule(number=PAIRS, action=st.sampled_from([Action.LAPSE, Action.REVIVE]))
    def engine(self, number: int, action: Action) -> None:
        try:
            with self.session.begin_nested():
                service.take_engine_step(self.session, OPERATOR, self.pairs[number], action, now=NOW)
        except MarketError:
            self.session.expire_all()

    @rule(number=PAIRS)
    def lapse_revive_and_recommend_again(self, number: int) -> None:
        self.engine(number, Action.LAPSE)
        self.engine(number, Action.REVIVE)
        self.review("broker", number, False)

    @invariant()
    def nothing_goes_on_without_a_brokers_recommendation(self) -> None:
        brokers = set(self.session.scalars(select(User.id).where(User.role == Role.BROKER)))
        for pair in self.pairs:
            events = queries.list_events(self.session, pair)
            revived = max((i for i, event in enumerate(events) if event.action is Action.REVIVE), default=-1)
            since = events[revived + 1 :]
            by = {event.actor_id for event in since if event.action is Action.RECOMMEND}
            wanted = {event.side for event in since if event.action is Action.INTEREST}
            if pair.status in OPEN_TO_PARTIES:
                assert by
                assert by <= brokers
            if pair.status in RELEASED:
                assert wanted == set(Side)

    @invariant()
    def nothing_confidential_is_shown_before_both_agreed(self) -> None:
        for pair in self.pairs:
            for actor in (self.scene.enterprise, self.scene.university):
                try:
                    queries.confidential_parts(actor, pair)
                except PermissionDenied:
                    assert pair.status not in RELEASED
                else:
                    assert pair.status in RELEASED

    @invariant()
    def the_need_is_on_the_market_unless_it_is_talked_over_or_signed(self) -> None:
        statuses = {pair.status for pair in self.pairs}
        expected = (
            ListingStatus.CONTRACTED
            if Status.CONTRACTED in statuses
            else ListingStatus.MATCHING
            if Status.AGREED in statuses
            else ListingStatus.PUBLISHED
        )
        need = self.pairs[0].need
        assert need.status is expected
        assert (("need", need.id) in findable(self.session)) is (expected is ListingStatus.PUBLISHED)

    @invariant()
    def events_lead_from_state_to_state(self) -> None:
        for pair in self.pairs:
            status = Status.SUGGESTED
            for event in queries.list_events(self.session, pair):
                assert event.source is status
                status = event.target
            assert status is pair.status


def test_no_path_leads_around_the_broker(database: Database) -> None:
    machine = type("Machine", (PeopleAndPairs,), {"database": database})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine, settings=settings(max_examples=10, stateful_step_count=30, deadline=None)
    )
