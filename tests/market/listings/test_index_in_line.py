"""Whatever is done to listings in whatever order, exactly the published and unexpired ones may be found."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from market.accounts.rules import OPERATOR
from market.clock import china_day
from market.db import Database
from market.errors import MarketError
from market.listings import service
from market.listings.rules import Action, ListingKind, Status
from market.search.models import ListingChange, ListingVector, Operation
from tests.factories import NOW
from tests.market.listings.factories import ENCODER, findable, make_cast, make_listing, published

NUMBERS = st.integers(0, 2)


class ListingsAndIndex(RuleBasedStateMachine):
    """Two needs and an achievement, and everything that can be done to them; each day ends with expiry."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.open = ExitStack()
        self.session = self.open.enter_context(self.database.reading())  # undone when it is closed
        self.now = NOW
        casts = [make_cast(self.session, kind) for kind in (ListingKind.NEED, ListingKind.ACHIEVEMENT)]
        self.casts = [casts[0], casts[0], casts[1]]
        self.listings = [
            make_listing(self.session, kind, cast.organisation, status=Status.DRAFT)
            for kind, cast in zip(
                (ListingKind.NEED, ListingKind.NEED, ListingKind.ACHIEVEMENT), self.casts, strict=True
            )
        ]
        self.taken = 0

    def teardown(self) -> None:
        self.open.close()

    def attempt(self, work: Callable[..., Any], *args: Any, **values: Any) -> None:
        """Do it as a view would: wholly, or not at all."""
        try:
            with self.session.begin_nested():
                work(self.session, *args, now=self.now, **values)
                self.taken += 1
        except MarketError:
            self.session.expire_all()

    def of(self, number: int) -> tuple[ListingKind, int]:
        return self.listings[number].kind, self.listings[number].id

    @rule(number=NUMBERS, days=st.integers(0, 90))
    def edit(self, number: int, days: int) -> None:
        listing = self.listings[number]
        changes = {"title": f"第{self.taken}次修改", "expires_on": china_day(self.now) + timedelta(days=days)}
        self.attempt(
            service.edit_listing,
            self.casts[number].owner,
            *self.of(number),
            changes=changes,
            version=listing.version,
        )

    @rule(number=NUMBERS)
    def submit(self, number: int) -> None:
        self.attempt(service.submit_listing, self.casts[number].owner, *self.of(number))

    @rule(number=NUMBERS, decision=st.sampled_from([Action.PUBLISH] * 3 + [Action.RETURN, Action.REJECT]))
    def review(self, number: int, decision: Action) -> None:
        actor = self.casts[number].broker
        self.attempt(
            service.review_listing, actor, *self.of(number), decision=decision, note="理由", encoder=ENCODER
        )

    @rule(number=NUMBERS)
    def submit_and_publish(self, number: int) -> None:
        self.submit(number)
        self.review(number, Action.PUBLISH)

    @rule(number=NUMBERS)
    def withdraw(self, number: int) -> None:
        self.attempt(service.withdraw_listing, self.casts[number].bureau, *self.of(number), note=None)

    @rule(number=NUMBERS)
    def revise(self, number: int) -> None:
        self.attempt(service.revise_listing, self.casts[number].owner, *self.of(number))

    @rule(number=NUMBERS, days=st.integers(-5, 60))
    def renew(self, number: int, days: int) -> None:
        day = china_day(self.now) + timedelta(days=days)
        actor = self.casts[number].owner
        self.attempt(service.renew_listing, actor, *self.of(number), expires_on=day, encoder=ENCODER)

    @rule(number=NUMBERS)
    def reopen(self, number: int) -> None:
        self.attempt(service.reopen_listing, self.casts[number].owner, *self.of(number), encoder=ENCODER)

    @rule(number=NUMBERS)
    def complete(self, number: int) -> None:
        self.attempt(service.complete_listing, self.casts[number].owner, *self.of(number))

    @rule(number=NUMBERS, action=st.sampled_from([Action.START_MATCHING, Action.REOPEN, Action.SIGN]))
    def market_step(self, number: int, action: Action) -> None:
        self.attempt(service.take_market_step, OPERATOR, self.listings[number], action, encoder=ENCODER)

    @precondition(lambda self: self.now < NOW + timedelta(days=800))
    @rule(days=st.integers(1, 120))
    def days_pass(self, days: int) -> None:
        self.now += timedelta(days=days)
        self.attempt(service.expire_due)

    @invariant()
    def exactly_the_published_and_unexpired_may_be_found(self) -> None:
        expected = published(self.session, today=china_day(self.now))
        assert findable(self.session) == expected
        rows = self.session.execute(select(ListingVector.kind, ListingVector.record_id))
        assert {(row.kind.value, row.record_id) for row in rows} == expected

    @invariant()
    def the_change_log_leads_every_replica_there(self) -> None:
        reached: set[tuple[str, int]] = set()
        for change in self.session.scalars(select(ListingChange).order_by(ListingChange.seq)):
            record = (change.kind.value, change.record_id)
            (reached.add if change.operation is Operation.UPSERT else reached.discard)(record)
        assert reached == findable(self.session)


def test_the_index_follows_every_sequence_of_steps(database: Database) -> None:
    machine = type("Machine", (ListingsAndIndex,), {"database": database})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine, settings=settings(max_examples=12, stateful_step_count=30, deadline=None)
    )
