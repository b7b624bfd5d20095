"""Two at the same moment: one of them is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from market.challenges.queries.challenges import get_challenge
from market.challenges.queries.panels import panels_of
from market.challenges.queries.scores import facts_of
from market.challenges.rules import Status
from market.challenges.service.awards import award_challenge
from market.challenges.service.bids import begin_bid, submit_bid
from market.challenges.service.calling import close_call
from market.challenges.service.panels import draw_panel
from market.db import Database
from market.errors import MarketError
from tests.factories import NOW
from tests.market.challenges.factories import (
    CLOSED,
    MILESTONES,
    NOTICE_OVER,
    bid_form,
    make_field,
    reach,
)
from tests.market.contracts.racing import at_once
from tests.market.libraries.factories import ENCODER


def test_two_draws_bids_against_the_closing_and_two_awards(own_database: Database) -> None:
    with own_database.transaction() as session:
        drawing, awarding, closing = (make_field(session, experts=5) for _ in range(3))
        reach(session, drawing, Status.CHECKED)
        reach(session, awarding, Status.NOTICED)
        reach(session, closing, Status.CALLING)
        winner_id, team = awarding.bids[0].id, closing.teams[0]
        bid_id = begin_bid(session, team, closing.id, form=bid_form(), now=NOW).id

    def alone(work: Callable[[Session], Any]) -> Callable[[], Any]:
        def run() -> Any:
            with own_database.transaction() as session:
                return work(session)

        return run

    draw = alone(lambda s: draw_panel(s, drawing.bureau, drawing.id, size=3, now=CLOSED))
    assert _codes(at_once(draw, draw)) == ["panel-drawn"]
    award = alone(
        lambda s: award_challenge(
            s,
            awarding.bureau,
            awarding.id,
            projects=[{"bid_id": winner_id, "milestones": MILESTONES}],
            encoder=ENCODER,
            now=NOTICE_OVER,
        )
    )
    assert _codes(at_once(award, award)) == ["illegal-transition"]
    close = alone(lambda s: close_call(s, closing.bureau, closing.id, now=CLOSED))
    # The request came in time by its own clock; what counts is whether the call was still open.
    submit = alone(lambda s: submit_bid(s, team, bid_id, now=NOW))
    late = _codes(at_once(close, submit))
    with own_database.reading() as session:
        challenge = get_challenge(session, closing.bureau, closing.id)
        standing = facts_of(session, challenge, now=CLOSED).standing
        assert len(panels_of(session, drawing.id)) == 1
    assert (late, challenge.status, standing) in [
        (["bid-after-deadline"], Status.FAILED, 0),
        ([], Status.CLOSED, 1),
    ]


def _codes(results: list[Any]) -> list[str]:
    return [result.code for result in results if isinstance(result, MarketError)]
