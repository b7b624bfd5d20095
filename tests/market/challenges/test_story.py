"""One challenge from a need to an accepted milestone, step by step as people take them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.challenges.queries.awards import count_challenges
from market.challenges.queries.panels import seats_of
from market.challenges.queries.scores import ranking
from market.challenges.rules import AwardReviewKind, ReviewDecision, SeatStatus, Status
from market.challenges.service.awards import award_challenge, start_award
from market.challenges.service.bids import check_bid
from market.challenges.service.calling import close_call, publish_list
from market.challenges.service.collecting import collect_challenge, screen_challenge
from market.challenges.service.notices import publish_notice
from market.challenges.service.panels import declare, draw_panel
from market.challenges.service.performance import review_award
from market.challenges.service.scoring import conclude_review, score_bid
from market.clock import china_day
from market.contracts.models import Contract
from market.contracts.rules import Status as ContractStatus
from market.libraries.models import EditionRow, Project
from market.libraries.queries.entries import get_entry
from market.libraries.rules.projects import MilestoneStatus, ProjectOrigin
from market.libraries.service.projects import decide_milestone, submit_milestone
from market.listings.rules import Status as NeedStatus
from market.listings.rules import Triage, Validation
from market.listings.service import triage_need, validate_need
from market.turnover.queries.entries import get_thread
from market.turnover.schemas.threads import ThreadView
from tests.factories import JIANGYIN, NOW
from tests.market.challenges.factories import (
    CLOSED,
    CLOSES,
    MILESTONES,
    NOTICE_OVER,
    cast_of,
    challenge_form,
    hand_in,
    make_field,
    person_of,
    points,
    winner,
)
from tests.market.contracts.factories import Cast, make_application
from tests.market.libraries.factories import ENCODER


def test_from_a_need_to_an_accepted_milestone(session: Session) -> None:
    scene = make_field(session, experts=4, validation=Validation.OPEN)
    bureau, (first, second) = scene.bureau, scene.teams

    # The need becomes a valid one, and a challenge on a published list.
    need_id = scene.need.id
    triage_need(session, bureau, need_id, decided=Triage.LONG_TERM, note="共性难题", visit_note=None, now=NOW)
    validate_need(
        session, bureau, need_id, result=Validation.VALID, override_note="已现场核实指标。", now=NOW
    )
    scene.challenge = challenge = collect_challenge(
        session, scene.owner, form=challenge_form(scene.need, key=True), now=NOW
    )
    screen_challenge(session, bureau, challenge.id, chosen=True, note="共性难题", now=NOW)
    edition = publish_list(
        session, bureau, region_code=JIANGYIN, ids=[challenge.id], closes_at=CLOSES, now=NOW
    )
    row = session.scalars(select(EditionRow).where(EditionRow.edition_id == edition.id)).one()
    assert (row.title, row.content["budget_fen"]) == (challenge.title, 80_000_000)

    # Two teams bid, and both pass the formal check.
    bids = [hand_in(session, scene, team) for team in (first, second)]
    close_call(session, bureau, challenge.id, now=CLOSED)
    for bid in bids:
        check_bid(session, bureau, bid.id, passed=True, note=None, now=CLOSED)

    # Three experts are drawn; one stands aside, and the fourth takes the seat.
    draw_panel(session, bureau, challenge.id, size=3, now=CLOSED)
    recused = seats_of(session, challenge.id)[0]
    declare(
        session,
        person_of(session, recused.talent),
        recused.id,
        free=False,
        words="曾任该企业顾问",
        now=CLOSED,
    )
    for seat in seats_of(session, challenge.id):
        if seat.status is SeatStatus.CALLED:
            expert = person_of(session, seat.talent)
            declare(session, expert, seat.id, free=True, words=None, now=CLOSED)
            for bid, value in zip(bids, (88, 75), strict=True):
                score_bid(
                    session, expert, seat.id, bid_id=bid.id, points=points(value), comment=None, now=CLOSED
                )
    conclude_review(session, bureau, challenge.id, note=None, now=CLOSED)
    assert [(one.bid.id, one.place.rank, one.place.mean) for one in ranking(session, challenge)] == [
        (bids[0].id, 1, 8800),
        (bids[1].id, 2, 7500),
    ]

    # After the notice the first is awarded, and its project stands in the pool.
    publish_notice(session, bureau, challenge.id, winners=[winner(bids[0])], now=CLOSED)
    (award,) = award_challenge(
        session, bureau, challenge.id, projects=[{"bid_id": bids[0].id, "milestones": MILESTONES}],
        encoder=ENCODER, now=NOTICE_OVER,
    )  # fmt: skip
    project = get_entry(session, None, Project, award.project_id)
    assert (project.origin, project.total_fen, project.key_project) == (
        ProjectOrigin.CHALLENGE,
        70_000_000,
        True,
    )

    # The contract is registered, and leads back to the need.
    contract = _register(session, award_id=award.id, cast=cast_of(session, scene))
    assert (award.status, challenge.status, scene.need.status) == (
        Status.CONTRACTED,
        Status.CONTRACTED,
        NeedStatus.CONTRACTED,
    )
    thread = get_thread(session, bureau, contract_id=contract.id)
    shown = ThreadView().dump(thread)["award"]
    assert (shown["number"], shown["need_id"], shown["status_name"]) == (challenge.number, need_id, "已签约")
    assert thread.need is not None
    assert thread.award is not None
    assert thread.project is not None
    assert (thread.need.id, thread.award.challenge_id, thread.project.id) == (
        need_id,
        challenge.id,
        project.id,
    )

    # The work is done, its milestone accepted, and the challenge closed.
    start_award(session, bureau, award.id, note=None, now=NOTICE_OVER)
    milestone = project.milestones[0]
    submit_milestone(session, first, project.id, milestone.id, evidence="第三方检测报告", now=NOTICE_OVER)
    decide_milestone(
        session, bureau, project.id, milestone.id, accepted=True, note=None, encoder=ENCODER, now=NOTICE_OVER
    )
    assert milestone.status is MilestoneStatus.ACCEPTED
    review_award(
        session, bureau, award.id, kind=AwardReviewKind.ACCEPTANCE, decision=ReviewDecision.PASS,
        note="指标全部达到。", encoder=ENCODER, now=NOTICE_OVER,
    )  # fmt: skip
    assert (challenge.status, project.closing_accepted) == (Status.ACCEPTED, True)
    day = china_day(NOTICE_OVER)
    counted = count_challenges(session, JIANGYIN, start=china_day(NOW), end=day, key_only=True)
    assert (counted.listed, counted.awarded) == (1, 1)


def _register(session: Session, *, award_id: int, cast: Cast) -> Contract:
    return make_application(
        session, cast, status=ContractStatus.REGISTERED, award_id=award_id, total_amount_fen=60_000_000,
        tech_amount_fen=60_000_000,
    )  # fmt: skip
