"""The work of awards: reviews, acceptance, the grant, the integrity record, and what is counted."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

from market.challenges.models import Award, GrantPayment
from market.challenges.queries.awards import (
    count_challenges,
    get_award,
    see_award,
)
from market.challenges.queries.challenges import list_challenges
from market.challenges.rules import (
    AwardReviewKind,
    Mode,
    Payee,
    ReviewDecision,
    Status,
)
from market.challenges.service.awards import mark_contracted, start_award
from market.challenges.service.performance import (
    pay_grant,
    review_award,
    terminate_award,
    withdraw_grant_payment,
)
from market.db import PageRequest
from market.libraries.models import KeyTechnology, Project
from market.libraries.rules import EntryKind
from market.libraries.service.projects import decide_milestone, submit_milestone, withdraw_payment
from market.listings.rules import Status as NeedStatus
from tests.factories import JIANGYIN
from tests.market.challenges.factories import (
    NOTICE_OVER,
    Field,
    make_field,
    reach,
)
from tests.market.challenges.refusing import refused
from tests.market.libraries.factories import ENCODER, make_entry

LONGEST = "现场检查" * 225


def work_done(session: Session, scene: Field, one: Award) -> None:
    """Have the milestones of an award handed in and accepted."""
    project = session.get(Project, one.project_id)
    assert project is not None
    team = next(team for team in scene.teams if team.organisation_id == one.organisation_id)
    for milestone in project.milestones:
        submit_milestone(session, team, project.id, milestone.id, evidence="报告", now=NOTICE_OVER)
        decide_milestone(
            session, scene.bureau, project.id, milestone.id, accepted=True, note=None, encoder=ENCODER,
            now=NOTICE_OVER,
        )  # fmt: skip


def review(
    session: Session,
    scene: Field,
    one: Award,
    kind: AwardReviewKind,
    decision: ReviewDecision,
    rectify_by: date | None = None,
) -> None:
    """Decide a review of an award."""
    review_award(
        session, scene.bureau, one.id, kind=kind, decision=decision, note=LONGEST, rectify_by=rectify_by,
        encoder=ENCODER, now=NOTICE_OVER,
    )  # fmt: skip


MIDTERM, ACCEPTANCE = AwardReviewKind.MIDTERM, AwardReviewKind.ACCEPTANCE
AHEAD = date(2025, 9, 30)


def test_work_is_rectified_once_and_then_accepted(session: Session) -> None:
    technology: KeyTechnology = make_entry(
        session, EntryKind.TECHNOLOGY, {"title": "抗污染膜材料", "indicators": []}
    )
    scene = make_field(session, experts=3)
    challenge = reach(session, scene, Status.AWARDED, technology_id=technology.id)
    (one,) = scene.awards
    assert technology.progress == "tackling"
    with refused("illegal-transition"):
        start_award(session, scene.bureau, one.id, note=None, now=NOTICE_OVER)
    mark_contracted(session, scene.bureau, one.id, now=NOTICE_OVER)
    with refused("role-not-allowed"):
        start_award(session, scene.teams[0], one.id, note=None, now=NOTICE_OVER)
    start_award(session, scene.bureau, one.id, note=None, now=NOTICE_OVER)
    with refused("rectify-by-missing"):
        review(session, scene, one, MIDTERM, ReviewDecision.RECTIFY)
    review(session, scene, one, MIDTERM, ReviewDecision.RECTIFY, AHEAD)
    assert challenge.status is Status.RECTIFYING
    review(session, scene, one, MIDTERM, ReviewDecision.PASS)
    with refused("rectified-already"):
        review(session, scene, one, MIDTERM, ReviewDecision.RECTIFY, AHEAD)
    with refused("milestones-open"):
        review(session, scene, one, ACCEPTANCE, ReviewDecision.PASS)
    work_done(session, scene, one)
    review(session, scene, one, ACCEPTANCE, ReviewDecision.RECTIFY, AHEAD)
    review(session, scene, one, ACCEPTANCE, ReviewDecision.PASS)
    project = session.get(Project, one.project_id)
    assert project is not None
    assert (challenge.status, project.closing_accepted, technology.progress) == (
        Status.ACCEPTED,
        True,
        "solved",
    )
    assert [row.decision for row in see_award(scene.teams[0], one).reviews or ()] == [
        ReviewDecision.RECTIFY,
        ReviewDecision.PASS,
        ReviewDecision.RECTIFY,
        ReviewDecision.PASS,
    ]
    assert see_award(scene.teams[1], one).reviews is None
    with refused("illegal-transition"):
        terminate_award(session, scene.bureau, one.id, note="误", encoder=ENCODER, now=NOTICE_OVER)


def test_one_of_a_race_stops_and_the_others_go_on(session: Session) -> None:
    technology: KeyTechnology = make_entry(
        session, EntryKind.TECHNOLOGY, {"title": "抗污染膜材料", "indicators": []}
    )
    scene = make_field(session, experts=3)
    challenge = reach(
        session, scene, Status.IMPLEMENTING, winners=2, mode=Mode.RACE, max_awards=2,
        technology_id=technology.id,
    )  # fmt: skip
    stopped, other = scene.awards
    titles = {session.get_one(Project, one.project_id).title for one in scene.awards}
    assert len(titles) == 2
    review(session, scene, stopped, MIDTERM, ReviewDecision.TERMINATE)
    assert (stopped.status, other.status, challenge.status) == (
        Status.TERMINATED,
        Status.IMPLEMENTING,
        Status.IMPLEMENTING,
    )
    assert technology.progress == "tackling"
    terminate_award(session, scene.bureau, other.id, note="技术路线不可行", encoder=ENCODER, now=NOTICE_OVER)
    assert (challenge.status, technology.progress) == (Status.TERMINATED, "open")
    assert session.get_one(Project, other.project_id).closing_accepted is False


def pay(session: Session, scene: Field, one: Award, payee: Payee, amount_fen: int) -> GrantPayment:
    """Record a payment of the grant."""
    return pay_grant(
        session, scene.bureau, one.id, payee=payee, amount_fen=amount_fen, paid_on=date(2025, 7, 10),
        now=NOTICE_OVER,
    )  # fmt: skip


def test_the_solver_gets_the_share_of_the_grant(session: Session) -> None:
    scene = make_field(session, experts=3)
    reach(session, scene, Status.IMPLEMENTING)
    (one,) = scene.awards  # 10 million fen, 60 percent of it to the solver
    with refused("solver-share-low", "4.00万元"):
        pay(session, scene, one, Payee.OWNER, 4_000_001)
    with refused("paid-before-award"):
        pay_grant(
            session, scene.bureau, one.id, payee=Payee.SOLVER, amount_fen=1, paid_on=date(2025, 7, 9),
            now=NOTICE_OVER,
        )  # fmt: skip
    pay(session, scene, one, Payee.OWNER, 4_000_000)
    pay(session, scene, one, Payee.SOLVER, 6_000_000)
    with refused("payments-over-grant"):
        pay(session, scene, one, Payee.SOLVER, 1)
    with refused("role-not-allowed"):
        pay_grant(
            session, scene.owner, one.id, payee=Payee.SOLVER, amount_fen=1, paid_on=date(2025, 7, 10),
            now=NOTICE_OVER,
        )  # fmt: skip
    assert sum(row.amount_fen for row in session.get_one(Project, one.project_id).payments) == 10_000_000
    assert len(see_award(scene.owner, get_award(session, scene.owner, one.id)).payments or ()) == 2


def test_a_payment_is_withdrawn_here_and_with_the_project_at_once(session: Session) -> None:
    scene = make_field(session, experts=3)
    reach(session, scene, Status.IMPLEMENTING)
    (one,) = scene.awards
    wrong = pay(session, scene, one, Payee.OWNER, 4_000_000)
    held = wrong.project_payment_id
    with refused("payment-of-award"):
        withdraw_payment(session, scene.bureau, one.project_id, held, note="误记", now=NOTICE_OVER)
    with refused("role-not-allowed"):
        withdraw_grant_payment(session, scene.owner, wrong.id, note="误记", now=NOTICE_OVER)
    with refused("payment-not-found"):
        withdraw_grant_payment(session, scene.bureau, 0, note="误记", now=NOTICE_OVER)
    withdraw_grant_payment(session, scene.bureau, wrong.id, note="误记", now=NOTICE_OVER)
    with refused("payment-withdrawn"):
        withdraw_grant_payment(session, scene.bureau, wrong.id, note="误记", now=NOTICE_OVER)
    (kept,) = session.get_one(Project, one.project_id).payments
    assert (kept.id, kept.withdrawn_at, wrong.withdrawn_at) == (held, NOTICE_OVER, NOTICE_OVER)
    pay(session, scene, one, Payee.OWNER, 4_000_000)  # which no sum of what was withdrawn stops
    rest = pay(session, scene, one, Payee.SOLVER, 6_000_000)
    terminate_award(session, scene.bureau, one.id, note="协商解除", encoder=ENCODER, now=NOTICE_OVER)
    withdraw_grant_payment(session, scene.bureau, rest.id, note="未实际拨付", now=NOTICE_OVER)
    assert (one.status, one.challenge.status) == (Status.TERMINATED, Status.TERMINATED)


def test_where_the_grant_follows_results_it_is_paid_after_acceptance(session: Session) -> None:
    scene = make_field(session, experts=3)
    challenge = reach(session, scene, Status.AWARDED, mode=Mode.POST_SUBSIDY)
    (one,) = scene.awards
    with refused("illegal-transition"):
        pay(session, scene, one, Payee.SOLVER, 1)
    start_award(session, scene.bureau, one.id, note=None, now=NOTICE_OVER)
    with refused("grant-before-acceptance"):
        pay(session, scene, one, Payee.SOLVER, 1)
    work_done(session, scene, one)
    review(session, scene, one, ACCEPTANCE, ReviewDecision.PASS)
    pay(session, scene, one, Payee.SOLVER, 10_000_000)
    assert (challenge.status, scene.need.status) == (Status.ACCEPTED, NeedStatus.CONTRACTED)


@pytest.mark.parametrize(
    ("region", "start", "end", "counts"),
    [
        (JIANGYIN, None, date(2025, 12, 31), (2, 1)),
        ("320000", date(2025, 6, 11), date(2025, 12, 31), (0, 1)),
        (JIANGYIN, date(2025, 6, 10), date(2025, 6, 10), (2, 0)),
        (JIANGYIN, None, date(2025, 6, 9), (0, 0)),
        ("340800", None, date(2025, 12, 31), (0, 0)),
    ],
)
def test_challenges_are_counted_once_by_the_day_of_their_first_award(
    session: Session, region: str, start: date | None, end: date, counts: tuple[int, int]
) -> None:
    scene, other = make_field(session, experts=3), make_field(session, experts=0)
    reach(session, scene, Status.CONTRACTED, winners=2, mode=Mode.RACE, max_awards=2)
    reach(session, other, Status.CALLING)
    found = count_challenges(session, region, start=start, end=end)
    assert (found.listed, found.awarded) == counts
    keys = count_challenges(session, region, start=start, end=end, key_only=True)
    assert (keys.listed, keys.awarded) == (0, 0)
    behind = list_challenges(
        session, None, page=PageRequest(), region=region, awarded_since=start, awarded_until=end
    )
    assert len(behind.items) == found.awarded
