"""Notices, objections, awards and their contracts."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR
from market.challenges.models import Award, BidMember
from market.challenges.queries.awards import (
    list_awards,
    list_notices,
    list_objections,
)
from market.challenges.queries.panels import seats_of
from market.challenges.queries.scores import ranking
from market.challenges.rules import (
    BidStatus,
    Mode,
    ObjectionStatus,
    Status,
)
from market.challenges.service.awards import award_challenge
from market.challenges.service.integrity import record_integrity
from market.challenges.service.notices import (
    answer_objection,
    publish_notice,
    raise_objection,
    withdraw_notice,
)
from market.challenges.service.performance import (
    terminate_award,
)
from market.challenges.service.scoring import conclude_review, score_bid
from market.conduct.rules import Status as ConductStatus
from market.conduct.service import remove_record
from market.contracts import service as contracts
from market.contracts.rules import Status as ContractStatus
from market.libraries.models import Project, Talent
from market.libraries.service.entries import delist_entry
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
from tests.market.libraries.factories import ENCODER
from tests.market.libraries.factories_talents import make_talent

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
        ([winner(first, amount_fen=39_999_999)], {}, "budget-below-grant"),
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
    delist_entry(session, OPERATOR, Talent, gone.id, note="调离", encoder=ENCODER, now=NOW)
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
    with refused("objection-open"):  # it is still owed an answer
        conclude_review(session, scene.bureau, challenge.id, note="复核", now=CLOSED)
    answer_objection(session, scene.bureau, other.id, upheld=True, answer="并入重新评审", now=CLOSED)
    assert (challenge.status, len(list_notices(session, challenge))) == (Status.CHECKED, 1)
    conclude_review(session, scene.bureau, challenge.id, note="复核", now=CLOSED)
    notice(session, scene, winner(first), reason="首位放弃")
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
    for day, code in (
        (date(2025, 6, 27), "start-out-of-range"),  # the last day of the notice
        (date(2027, 7, 13), "start-out-of-range"),
        (date(9999, 12, 31), "start-out-of-range"),
        (date(2026, 1, 1), "milestone-outside-project"),  # it would be due before
    ):
        plan = {"bid_id": scene.bids[0].id, "milestones": MILESTONES, "started_on": day}
        with refused(code), session.begin_nested():
            award_challenge(
                session, scene.bureau, challenge.id, projects=[plan], encoder=ENCODER, now=NOTICE_OVER
            )


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
