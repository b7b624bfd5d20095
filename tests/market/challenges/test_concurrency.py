"""Two at the same moment: one of them is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR
from market.challenges.queries.challenges import get_challenge
from market.challenges.queries.panels import panels_of
from market.challenges.queries.scores import facts_of
from market.challenges.rules import Status
from market.challenges.service.awards import award_challenge
from market.challenges.service.bids import begin_bid, submit_bid
from market.challenges.service.calling import close_call
from market.challenges.service.collecting import collect_challenge
from market.challenges.service.panels import draw_panel
from market.db import Database
from market.errors import MarketError
from market.libraries.models import KeyTechnology
from market.libraries.queries.entries import get_entry
from market.libraries.rules import EntryKind, Register
from market.libraries.rules.technologies import TACKLING
from market.libraries.service.entries import record_with
from tests.factories import NOW
from tests.market.challenges.factories import (
    CLOSED,
    MILESTONES,
    NOTICE_OVER,
    bid_form,
    challenge_form,
    make_field,
    reach,
)
from tests.market.contracts.racing import at_once
from tests.market.libraries.factories import ENCODER, make_entry, publish


def test_two_draws_bids_against_the_closing_two_awards_and_two_collections(own_database: Database) -> None:
    with own_database.transaction() as session:
        drawing, awarding, closing = (make_field(session, experts=5) for _ in range(3))
        reach(session, drawing, Status.CHECKED)
        reach(session, awarding, Status.NOTICED)
        reach(session, closing, Status.CALLING)
        winner_id, team = awarding.bids[0].id, closing.teams[0]
        bid_id = begin_bid(session, team, closing.id, form=bid_form(), now=NOW).id
        technology = make_entry(session, EntryKind.TECHNOLOGY, {"title": "膜污染控制"})
        collecting = [make_field(session, teams=0, experts=0) for _ in range(2)]
        forms = [challenge_form(scene.need, technology_id=technology.id) for scene in collecting]

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
    collect = [
        alone(lambda s, form=form: collect_challenge(s, OPERATOR, form=form, now=NOW)) for form in forms
    ]
    assert _codes(at_once(*collect)) == ["technology-has-challenge"]
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


def test_an_award_and_a_change_of_its_technology_do_not_wait_for_each_other(own_database: Database) -> None:
    with own_database.transaction() as session:
        scene = make_field(session, experts=3)
        technology = make_entry(session, EntryKind.TECHNOLOGY, {"title": "膜污染控制"})
        publish(session, Register.TECHNOLOGIES)
        reach(session, scene, Status.NOTICED, technology_id=technology.id)
        winner_id = scene.bids[0].id
    held = threading.Event()

    def record() -> None:
        with own_database.transaction() as session:
            row = get_entry(session, OPERATOR, KeyTechnology, technology.id, lock=True)
            held.set()
            time.sleep(0.4)  # time for the award to come as far as it can
            record_with(session, OPERATOR, row, note="补充指标", encoder=ENCODER, now=NOW)

    def award() -> None:
        held.wait()
        with own_database.transaction() as session:
            award_challenge(
                session, scene.bureau, scene.id, projects=[{"bid_id": winner_id, "milestones": MILESTONES}],
                encoder=ENCODER, now=NOTICE_OVER,
            )  # fmt: skip

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(record), pool.submit(award)]:
            future.result(timeout=60)
    with own_database.reading() as session:
        assert session.get_one(KeyTechnology, technology.id).progress == TACKLING


def _codes(results: list[Any]) -> list[str]:
    return [result.code for result in results if isinstance(result, MarketError)]
