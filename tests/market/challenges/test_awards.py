"""Notices, objections, awards, contracts, reviews of the work, and the grant."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR
from market.challenges.models import Award, BidMember, GrantPayment
from market.challenges.queries.awards import (
    count_challenges,
    get_award,
    list_awards,
    list_notices,
    list_objections,
    see_award,
)
from market.challenges.queries.bids import list_integrity
from market.challenges.queries.challenges import list_challenges
from market.challenges.queries.panels import seats_of
from market.challenges.queries.scores import ranking
from market.challenges.rules import (
    AwardReviewKind,
    BidStatus,
    Mode,
    ObjectionStatus,
    Payee,
    ReviewDecision,
    Status,
)
from market.challenges.service.awards import award_challenge, mark_contracted, start_award
from market.challenges.service.notices import (
    answer_objection,
    publish_notice,
    raise_objection,
    withdraw_notice,
)
from market.challenges.service.performance import (
    pay_grant,
    record_integrity,
    review_award,
    terminate_award,
    withdraw_grant_payment,
)
from market.challenges.service.scoring import conclude_review, score_bid
from market.conduct.rules import Status as ConductStatus
from market.conduct.service import remove_record
from market.contracts import service as contracts
from market.contracts.rules import Status as ContractStatus
from market.db import PageRequest
from market.libraries.models import KeyTechnology, Project, Talent
from market.libraries.rules import EntryKind
from market.libraries.rules.talents import ErasureReason
from market.libraries.service.entries import delist_entry
from market.libraries.service.projects import decide_milestone, submit_milestone, withdraw_payment
from market.libraries.service.talents import erase_talent
from market.listings.rules import Status as NeedStatus
from tests.factories import JIANGYIN, NOW, make_actor
from tests.market.challenges.factories import (
    CLOSED,
    MILESTONES,
    NOTICE_OVER,
    Field,
    cast_of,
    make_field,
    make_team,
    points,
    reach,
    unit_of,
    winner,
)
from tests.market.challenges.refusing import refused
from tests.market.conduct.factories import conduct_form, make_office
from tests.market.conduct.factories import reach as conduct
from tests.market.contracts.factories import contract_form, make_application
from tests.market.libraries.factories import ENCODER, make_bureau, make_entry
from tests.market.libraries.factories_talents import make_talent

LONGEST = "现场检查" * 225
"""As many words as the forms take: those of a review are kept with the project it closes too."""


def notice(session: Session, scene: Field, *lines: dict[str, object], **values: object) -> None:
    """Publish a notice of the scene's challenge."""
    publish_notice(session, scene.bureau, scene.id, winners=lines, now=CLOSED, **values)  # type: ignore[arg-type]


def award(session: Session, scene: Field, *bids: int, milestones: object = MILESTONES) -> list[Award]:
    """Award these bids after the notice."""
    return award_challenge(
        session, scene.bureau, scene.id, projects=[{"bid_id": one, "milestones": milestones} for one in bids],
        encoder=ENCODER, now=NOTICE_OVER,
    )  # fmt: skip


def test_a_notice_keeps_to_ranks_money_and_days(session: Session) -> None:
    scene = make_field(session)
    challenge = reach(session, scene, Status.REVIEWED)
    first, second = scene.bids
    for lines, values, code in (
        ([winner(second)], {}, "winner-not-first"),
        ([], {}, "awards-out-of-range"),
        ([winner(first), winner(second)], {}, "awards-out-of-range"),
        ([winner(first), winner(first)], {}, "winner-twice"),
        ([{"bid_id": 0, "grant_fen": 0}], {}, "bid-not-found"),
        ([winner(first, amount_fen=60_000_001)], {}, "award-over-bid"),
        ([winner(first, grant_fen=20_000_001)], {}, "awards-over-grant"),
        ([winner(first)], {"days": 4}, "notice-too-short"),
    ):
        with refused(code):
            notice(session, scene, *lines, **values)
    assert list_notices(session, challenge) == []
    notice(session, scene, winner(second, amount_fen=50_000_000), reason="首位放弃")
    (found,) = list_notices(session, challenge)
    assert found.winners[0]["amount_fen"] == 50_000_000
    # 2025-06-21 is a Saturday: five working days later it is Friday.
    assert (found.starts_on, found.ends_on) == (date(2025, 6, 21), date(2025, 6, 27))


def test_a_race_within_the_budget(session: Session) -> None:
    scene = make_field(session, experts=3)
    reach(session, scene, Status.REVIEWED, mode=Mode.RACE, max_awards=2)
    with refused("awards-over-budget"):
        notice(session, scene, *(winner(bid) for bid in scene.bids))


def test_nobody_is_awarded_before_the_notice_ends_or_while_an_objection_is_open(session: Session) -> None:
    scene = make_field(session, experts=3)
    challenge = reach(session, scene, Status.NOTICED)
    bid = scene.bids[0]
    last = CLOSED + timedelta(days=6)  # 2025-06-27
    with refused("notice-running"):
        award_challenge(
            session, scene.bureau, challenge.id, projects=[{"bid_id": bid.id, "milestones": MILESTONES}],
            encoder=ENCODER, now=last,
        )  # fmt: skip
    citizen = make_actor(session)
    objection = raise_objection(session, citizen, challenge.id, words="业绩不实", evidence="见附件", now=last)
    with refused("objection-filed"):
        raise_objection(session, citizen, challenge.id, words="再提", evidence=None, now=last)
    with refused("objections-closed"):
        raise_objection(
            session, make_team(session), challenge.id, words="迟了", evidence=None, now=NOTICE_OVER
        )
    with refused("objection-open"):
        award(session, scene, bid.id)
    assert list_objections(session, citizen, challenge) == [objection]
    assert list_objections(session, scene.owner, challenge) == []
    with refused("role-not-allowed"):
        answer_objection(session, scene.owner, objection.id, upheld=False, answer="无据", now=last)
    answer_objection(session, scene.bureau, objection.id, upheld=False, answer="经核属实", now=last)
    with refused("objection-answered"):
        answer_objection(session, scene.bureau, objection.id, upheld=True, answer="改判", now=last)
    assert objection.status is ObjectionStatus.DISMISSED
    with refused("winners-differ"):
        award(session, scene, scene.bids[1].id)
    assert [one.status for one in award(session, scene, bid.id)] == [Status.AWARDED]
    assert [one.status for one in scene.bids] == [BidStatus.AWARDED, BidStatus.NOT_AWARDED]


def test_whoever_left_the_talent_pool_is_named_by_link_alone(session: Session) -> None:
    scene = make_field(session, teams=1, experts=3)
    team = unit_of(session, scene.teams[0])
    team.name = "揭榜大学" * 50
    reach(session, scene, Status.NOTICED, mode=Mode.RACE, max_awards=2)
    gone = make_talent(session, person_name="顾澄波")
    scene.bids[0].members.append(BidMember(talent_id=gone.id))
    scene.bids[0].leader, scene.bids[0].leader_name = gone, None
    delist_entry(session, OPERATOR, Talent, gone.id, note="调离", now=NOW)
    (made,) = award(session, scene, scene.bids[0].id)
    project = session.get_one(Project, made.project_id)
    assert (project.leader_talent_id, project.leader_name) == (gone.id, None)
    assert [(one.talent_id, one.name, one.full_name) for one in project.members] == [
        (gone.id, None, "顾澄波")
    ]
    assert len(project.title) <= 200


def test_an_objection_that_is_right_reopens_the_review(session: Session) -> None:
    scene = make_field(session, experts=3)
    challenge = reach(session, scene, Status.NOTICED)
    one, other = (
        raise_objection(session, team, challenge.id, words="名次有误", evidence=None, now=CLOSED)
        for team in scene.teams
    )
    answer_objection(session, scene.bureau, one.id, upheld=True, answer="重新评审", now=CLOSED)
    assert challenge.status is Status.CHECKED
    assert list_notices(session, challenge)[0].withdrawn_at == CLOSED
    with refused("illegal-transition"):
        answer_objection(session, scene.bureau, other.id, upheld=False, answer="并入重审", now=CLOSED)
    first, second = scene.bids
    seat = seats_of(session, challenge.id)[0]

    def score() -> None:
        score_bid(
            session, scene.bureau, seat.id, bid_id=second.id, points=points(100), comment=None, now=CLOSED
        )

    score()
    with refused("scored-already"):
        score()
    assert [row.bid for row in ranking(session, challenge)] == [second, first]
    assert [len(row.sheets) for row in ranking(session, challenge)] == [3, 3]
    (kept,) = ranking(session, challenge)[0].replaced
    assert (kept.round, kept.total) == (1, 8900)
    conclude_review(session, scene.bureau, challenge.id, note="复核", now=CLOSED)
    notice(session, scene, winner(first), reason="首位放弃")
    with refused("objection-open"):  # it is still owed an answer
        award(session, scene, scene.bids[0].id)
    answer_objection(session, scene.bureau, other.id, upheld=False, answer="已复核", now=NOTICE_OVER)
    award(session, scene, scene.bids[0].id)
    assert len(list_notices(session, challenge)) == 2


def test_a_team_that_was_barred_after_the_notice_is_not_awarded(session: Session) -> None:
    scene = make_field(session, experts=3)
    reach(session, scene, Status.NOTICED)
    bid, (partner, person) = scene.bids[0], (make_team(session), make_talent(session))
    bid.members += [BidMember(name="李明", organisation_id=partner.organisation_id)]
    bid.members += [BidMember(talent_id=person.id)]
    session.flush()
    about = conduct_form(entry_id=person.id)
    office = make_office(session)
    listed = conduct(session, ConductStatus.LISTED, about, office=office, start=NOW)
    with refused("conduct-blacklisted"):
        award(session, scene, bid.id)
    remove_record(session, office.checker, listed.id, note="已完成信用修复", now=CLOSED)
    record_integrity(
        session, scene.bureau, region_code=JIANGYIN, organisation_id=partner.organisation_id, reason="虚报",
        barred_until=date(2025, 7, 10), now=CLOSED,
    )  # fmt: skip
    with refused("bidder-barred"):
        award(session, scene, bid.id)
    assert (bid.status, list_awards(session, bid.challenge)) == (BidStatus.PASSED, [])
    # The bureau may wait until the bar is over, or take the notice back and choose another one.
    with refused("role-not-allowed"):
        withdraw_notice(session, scene.owner, scene.id, note="中榜方受限", now=NOTICE_OVER)
    withdraw_notice(session, scene.bureau, scene.id, note="中榜方受限", now=NOTICE_OVER)
    with refused("illegal-transition"):
        withdraw_notice(session, scene.bureau, scene.id, note="中榜方受限", now=NOTICE_OVER)
    conclude_review(session, scene.bureau, scene.id, note=None, now=CLOSED)
    notice(session, scene, winner(scene.bids[1]), reason="首位受限")
    assert [one.bid for one in award(session, scene, scene.bids[1].id)] == [scene.bids[1]]


def test_an_award_that_cannot_open_its_project_changes_nothing(session: Session) -> None:
    scene = make_field(session, experts=3)
    challenge = reach(session, scene, Status.NOTICED)
    late = [{**MILESTONES[0], "due_on": date(2030, 1, 1)}]
    with refused("milestone-outside-project"), session.begin_nested():
        award(session, scene, scene.bids[0].id, milestones=late)
    session.refresh(challenge)
    assert challenge.status is Status.NOTICED
    assert list_awards(session, challenge) == []


def test_the_contract_of_an_award_is_between_winner_and_demand_side(session: Session) -> None:
    scene = make_field(session, experts=3)
    challenge = reach(session, scene, Status.AWARDED)
    won, cast = scene.awards[0], cast_of(session, scene)
    form = {**contract_form(cast), "award_id": won.id}
    stranger = contract_form(cast, buyer={"name": "旁人公司", "uscc": None, "nature_code": "150"})
    with refused("award-other-buyer"):
        contracts.apply_for_registration(
            session, cast.seller, form={**stranger, "award_id": won.id}, now=NOTICE_OVER
        )
    with refused("not-the-applicant"):
        contracts.apply_for_registration(session, scene.teams[1], form=form, now=NOTICE_OVER)
    with refused("award-not-found"):
        contracts.apply_for_registration(session, cast.seller, form={**form, "award_id": 0}, now=NOTICE_OVER)
    bare = {name: value for name, value in form.items() if name not in {"buyer", "project_name"}}
    draft = contracts.apply_for_registration(session, cast.seller, form=bare, now=NOTICE_OVER)
    assert (draft.project_name, draft.buyer.organisation_id, draft.project_id) == (
        challenge.title,
        scene.owner.organisation_id,
        won.project_id,
    )
    with refused("award-other-buyer"):
        contracts.edit_contract(
            session, cast.seller, draft.id, changes={"buyer": {"name": "旁人公司"}}, version=draft.version,
            now=NOTICE_OVER,
        )  # fmt: skip
    make_application(session, cast, status=ContractStatus.REGISTERED, award_id=won.id)
    assert (won.status, scene.need.status) == (Status.CONTRACTED, NeedStatus.CONTRACTED)
    make_application(session, cast, status=ContractStatus.REGISTERED, award_id=won.id)  # a second one
    assert won.status is Status.CONTRACTED
    terminate_award(session, scene.bureau, won.id, note="协商解除", encoder=ENCODER, now=NOTICE_OVER)
    with refused("award-over"):
        contracts.apply_for_registration(session, cast.seller, form=form, now=NOTICE_OVER)


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
        session, scene.bureau, one.id, payee=payee, amount_fen=amount_fen, paid_on=date(2025, 7, 1),
        now=NOTICE_OVER,
    )  # fmt: skip


def test_the_solver_gets_the_share_of_the_grant(session: Session) -> None:
    scene = make_field(session, experts=3)
    reach(session, scene, Status.IMPLEMENTING)
    (one,) = scene.awards  # 10 million fen, 60 percent of it to the solver
    with refused("solver-share-low"):
        pay(session, scene, one, Payee.OWNER, 4_000_001)
    pay(session, scene, one, Payee.OWNER, 4_000_000)
    pay(session, scene, one, Payee.SOLVER, 6_000_000)
    with refused("payments-over-grant"):
        pay(session, scene, one, Payee.SOLVER, 1)
    with refused("role-not-allowed"):
        pay_grant(
            session, scene.owner, one.id, payee=Payee.SOLVER, amount_fen=1, paid_on=date(2025, 7, 1),
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


def test_integrity_is_recorded_of_one_and_for_the_future(session: Session) -> None:
    scene = make_field(session, teams=1, experts=1)
    unit, person = scene.teams[0].organisation_id, scene.experts[0].id

    def write(actor: object = scene.bureau, until: date = date(2026, 6, 10), **of: int | None) -> None:
        record_integrity(
            session, actor, region_code=JIANGYIN, reason="失信", barred_until=until, now=NOW, **of,  # type: ignore[arg-type]
        )  # fmt: skip

    for of, code in (
        ({}, "one-subject"),
        ({"talent_id": person, "organisation_id": unit}, "one-subject"),
        ({"talent_id": 0}, "talent-unknown"),
        ({"organisation_id": 0}, "organisation-not-found"),
        ({"organisation_id": unit, "challenge_id": 0}, "challenge-not-found"),
    ):
        with refused(code):
            write(**of)
    with refused("day-past"):
        write(until=date(2025, 6, 9), talent_id=person)
    with refused("role-not-allowed"):
        write(actor=scene.owner, talent_id=person)
    write(talent_id=person)
    elsewhere, _ = make_bureau(session, "320282")
    assert [row.talent_id for row in list_integrity(session, scene.bureau)] == [person]
    assert [row.talent_id for row in list_integrity(session, OPERATOR)] == [person]
    assert list_integrity(session, elsewhere) == []
    erase_talent(session, OPERATOR, person, reason=ErasureReason.REQUEST, now=NOW)
    with refused("talent-unknown"):
        write(talent_id=person)
    with refused("role-not-allowed"):
        list_integrity(session, scene.owner)


@pytest.mark.parametrize(
    ("region", "start", "end", "counts"),
    [
        (JIANGYIN, None, date(2025, 12, 31), (2, 1, 1)),
        ("320000", date(2025, 6, 11), date(2025, 12, 31), (0, 1, 1)),
        (JIANGYIN, None, date(2025, 6, 10), (2, 0, 0)),
        ("340800", None, date(2025, 12, 31), (0, 0, 0)),
    ],
)
def test_challenges_are_counted_once_by_the_day_of_their_first_award(
    session: Session, region: str, start: date | None, end: date, counts: tuple[int, int, int]
) -> None:
    scene, other = make_field(session, experts=3), make_field(session, experts=0)
    reach(session, scene, Status.CONTRACTED, winners=2, mode=Mode.RACE, max_awards=2)
    reach(session, other, Status.CALLING)
    found = count_challenges(session, region, start=start, end=end)
    assert (found.listed, found.awarded, found.contracted) == counts
    keys = count_challenges(session, region, start=start, end=end, key_only=True)
    assert (keys.listed, keys.awarded) == (0, 0)
    behind = list_challenges(
        session, None, page=PageRequest(), region=region, awarded_since=start, awarded_until=end
    )
    assert len(behind.items) == found.awarded
