"""Records of challenges that the table asks about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR
from market.challenges.models import Award
from market.challenges.queries.challenges import terms_digest
from market.challenges.queries.panels import seats_of
from market.challenges.rules import Mode, Payee, Status
from market.challenges.service.bids import begin_bid, check_bid
from market.challenges.service.calling import agree_to_terms, close_call, publish_list
from market.challenges.service.integrity import record_integrity
from market.challenges.service.notices import raise_objection
from market.challenges.service.panels import draw_panel
from market.challenges.service.performance import pay_grant
from market.listings.rules import Validation
from tests.factories import JIANGYIN, NOW, make_need, make_user
from tests.market.challenges.factories import (
    Field,
    bid_form,
    clear_panel,
    hand_in,
    make_expert,
    reach,
    score_all,
)
from tests.market.permissions.people import People

ANNEX = {"annex": "工艺窗口", "annex_terms": "不得披露。"}
CLOSING, NOTICING, WORKING = (timedelta(days=days) for days in (10, 11, 31))
"""How long ago a call began that is due today, a notice of today, or work that may begin today."""


def challenge_records(session: Session, people: People) -> dict[str, Any]:
    """Insert challenges of the buyer's needs for which the seller bids, one for each state asked about."""
    for _ in range(3):
        make_expert(session)
    barred = record_integrity(
        session, OPERATOR, region_code=JIANGYIN, organisation_id=people.home("desk").id, reason="虚报指标",
        barred_until=NOW.date(), now=NOW,
    )  # fmt: skip
    return {
        "integrity_id": barred.id,
        **_calls(session, people),
        **_reviews(session, people),
        **_awards(session, people),
    }


def _field(session: Session, people: People, ago: timedelta = timedelta()) -> Field:
    return Field(
        bureau=OPERATOR,
        owner=actor_of(people.buyer),
        teams=[actor_of(people.seller)],
        experts=[],
        need=make_need(session, people.home("buyer"), validation=Validation.VALID),
        start=NOW - ago,
    )


def _calls(session: Session, people: People) -> dict[str, Any]:
    collected, screened, listed, open_one, due, sealed = (_field(session, people) for _ in range(6))
    due.start = NOW - CLOSING
    reach(session, collected, Status.COLLECTED)
    reach(session, screened, Status.SCREENED)
    reach(session, listed, Status.SCREENED, mode=Mode.DIRECTED)
    publish_list(session, OPERATOR, region_code=JIANGYIN, ids=[listed.id], closes_at=listed.closes, now=NOW)
    reach(session, due, Status.CALLING)
    reach(session, sealed, Status.CALLING)
    challenge = reach(session, open_one, Status.CALLING, **ANNEX)
    seller, digest = actor_of(people.seller), terms_digest(challenge)
    assert digest is not None
    agree_to_terms(session, seller, challenge.id, digest=digest, now=NOW)
    return {
        "challenge_need": _field(session, people).need.id,
        "terms_digest": digest,
        "seller_unit": people.home("seller").id,
        "challenge_id": challenge.id,
        "challenge_id-collected": collected.id,
        "challenge_id-screened": screened.id,
        "challenge_id-listed": listed.id,
        "challenge_id-due": due.id,
        "bid_id-draft": begin_bid(session, seller, sealed.id, form=bid_form(), now=NOW).id,
    }


def _reviews(session: Session, people: People) -> dict[str, Any]:
    closed, checked, drawn, scored, reviewed, crowd = (_field(session, people, NOTICING) for _ in range(6))
    reach(session, closed, Status.CLOSED)
    for scene in (checked, drawn, scored):
        reach(session, scene, Status.CHECKED)
    draw_panel(session, OPERATOR, drawn.id, size=3, now=NOW)
    seats = clear_panel(session, scored)
    half = _field(session, people, NOTICING)
    reach(session, half, Status.CHECKED)
    cleared = clear_panel(session, half)
    score_all(session, scored, seats)
    reach(session, reviewed, Status.REVIEWED)
    small = {"mode": Mode.CROWDSOURCING, "budget_fen": 20_000_000, "grant_fen": 0}
    _small_bid(session, crowd, small)
    return {
        "bid_id": checked.bids[0].id,
        "bid_id-submitted": closed.bids[0].id,
        "bid_id-crowd": crowd.bids[0].id,
        "bid_id-half": half.bids[0].id,
        "bid_id-reviewed": reviewed.bids[0].id,
        "seat_id": seats_of(session, drawn.id)[0].id,
        "seat_id-account": seats_of(session, drawn.id)[0].id,
        "seat_id-cleared": cleared[0].id,
        "challenge_id-checked": checked.id,
        "challenge_id-scored": scored.id,
        "challenge_id-reviewed": reviewed.id,
    }


def _small_bid(session: Session, scene: Field, values: dict[str, Any]) -> None:
    reach(session, scene, Status.CALLING, **values)
    scene.bids.append(hand_in(session, scene, scene.teams[0], amount_fen=15_000_000))
    close_call(session, OPERATOR, scene.id, now=scene.closed)
    check_bid(session, OPERATOR, scene.bids[0].id, passed=True, note=None, now=scene.closed)


def _awards(session: Session, people: People) -> dict[str, Any]:
    noticed = _field(session, people, NOTICING)
    ended, signed, working = (_field(session, people, WORKING) for _ in range(3))
    reach(session, noticed, Status.NOTICED)
    objection = raise_objection(
        session, actor_of(make_user(session)), noticed.id, words="业绩不实", evidence=None, now=NOW
    )
    reach(session, ended, Status.NOTICED)
    reach(session, signed, Status.CONTRACTED)
    reach(session, working, Status.IMPLEMENTING)

    def award_of(scene: Field) -> int:
        return session.scalars(select(Award.id).where(Award.challenge_id == scene.id)).one()

    paid = pay_grant(
        session, OPERATOR, award_of(working), payee=Payee.SOLVER, amount_fen=100,
        paid_on=NOW.date(), now=NOW,
    )  # fmt: skip
    return {
        "payment_id-grant": paid.id,
        "challenge_id-noticed": noticed.id,
        "challenge_id-ended": ended.id,
        "bid_id-ended": ended.bids[0].id,
        "objection_id-challenge": objection.id,
        "award_id": award_of(working),
        "award_id-contracted": award_of(signed),
    }
