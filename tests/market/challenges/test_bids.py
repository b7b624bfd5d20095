"""Bids: written before the deadline, sealed until it, checked after it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, OrganisationKind, OrganisationStatus
from market.challenges.models import Bid
from market.challenges.queries.bids import Sight, get_bid, list_bids, read_bid
from market.challenges.rules import BidStatus, Mode, Status
from market.challenges.service.bids import begin_bid, check_bid, edit_bid, submit_bid, withdraw_bid
from market.challenges.service.calling import close_call
from market.challenges.service.integrity import record_integrity
from market.challenges.service.notices import publish_notice
from market.challenges.service.scoring import conclude_review
from market.libraries.rules.talents import ConsentScope
from market.libraries.service.talents import withdraw_consent
from tests.factories import JIANGYIN, NOW, make_actor
from tests.market.challenges.factories import (
    CLOSED,
    CLOSES,
    bid_form,
    clear_panel,
    hand_in,
    make_expert,
    make_field,
    person_of,
    reach,
    score_all,
    unit_of,
    winner,
)
from tests.market.challenges.refusing import refused
from tests.market.libraries.factories_talents import make_talent


def test_a_team_writes_changes_hands_in_and_takes_back(session: Session) -> None:
    scene = make_field(session, teams=1, experts=0)
    challenge = reach(session, scene, Status.CALLING)
    team, expert = scene.teams[0], make_expert(session)
    members = [{"name": "李明", "unit": "膜工程公司", "duty": "中试"}, {"talent_id": expert.id, "name": None}]
    bid = begin_bid(session, team, challenge.id, form=bid_form(members=members), now=NOW)
    with refused("bid-exists"):
        begin_bid(session, team, challenge.id, form=bid_form(), now=NOW)
    seen = read_bid(session, team, bid.id)
    assert [(one.name, one.unit) for one in seen.team] == [
        ("李明", "膜工程公司"),
        (expert.person_name, expert.unit_name),
    ]
    assert bid.members[1].name is None  # kept in the talent pool alone
    with refused("stale-version"):
        edit_bid(session, team, bid.id, changes={}, version=99, now=NOW)
    submit_bid(session, team, bid.id, now=NOW)
    edit_bid(
        session, team, bid.id, changes={"months": 12, "members": [], "leader_talent_id": expert.id},
        version=bid.version, now=NOW,
    )  # fmt: skip
    assert (bid.status, bid.months, bid.members, bid.leader_name) == (BidStatus.SUBMITTED, 12, [], None)
    assert read_bid(session, team, bid.id).leader == expert.person_name
    withdraw_bid(session, team, bid.id, now=NOW)
    with refused("illegal-transition"):
        submit_bid(session, team, bid.id, now=NOW)
    assert begin_bid(session, team, challenge.id, form=bid_form(), now=NOW).id != bid.id


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount_fen": 80_000_001}, "bid-over-budget"),
        ({"months": 25}, "bid-too-long"),
        ({"leader_name": None}, "leader-missing"),
        ({"leader_name": None, "leader_talent_id": 0}, "talent-unknown"),
        ({"members": [{"duty": "试验"}]}, "member-missing"),
        ({"members": [{"talent_id": 0}]}, "talent-unknown"),
        ({"members": [{"name": "李明", "organisation_id": 0}]}, "organisation-not-found"),
    ],
)
def test_what_does_not_fit_the_challenge_is_refused(
    session: Session, change: dict[str, object], code: str
) -> None:
    scene = make_field(session, teams=1, experts=0)
    challenge = reach(session, scene, Status.CALLING)
    with refused(code):
        begin_bid(session, scene.teams[0], challenge.id, form={**bid_form(), **change}, now=NOW)
    assert session.scalar(select(func.count()).select_from(Bid)) == 0


def test_who_may_not_bid(session: Session) -> None:
    scene = make_field(session, teams=1, experts=0)
    challenge = reach(session, scene, Status.CALLING)
    barred = scene.teams[0]
    record_integrity(
        session, scene.bureau, region_code=JIANGYIN, organisation_id=barred.organisation_id,
        reason="虚报指标", barred_until=date(2026, 6, 10), now=NOW,
    )  # fmt: skip
    unchecked = make_actor(session, OrganisationKind.UNIVERSITY, status=OrganisationStatus.PENDING)
    for actor, code in (
        (scene.owner, "bidder-is-owner"),
        (barred, "bidder-barred"),
        (unchecked, "organisation-not-verified"),
        (make_actor(session, OrganisationKind.AGENCY), "role-not-allowed"),
        (scene.bureau, "role-not-allowed"),
    ):
        with refused(code):
            begin_bid(session, actor, challenge.id, form=bid_form(), now=NOW)


def test_one_who_is_barred_may_not_be_on_a_team(session: Session) -> None:
    scene = make_field(session, teams=1, experts=1)
    challenge = reach(session, scene, Status.CALLING)
    expert = scene.experts[0]
    record_integrity(
        session, scene.bureau, region_code=JIANGYIN, talent_id=expert.id, reason="泄露评审情况",
        barred_until=date(2025, 6, 10), now=NOW,
    )  # fmt: skip
    form = bid_form(members=[{"talent_id": expert.id}])
    bid = begin_bid(session, scene.teams[0], challenge.id, form=form, now=NOW)
    with refused("bidder-barred"):
        submit_bid(session, scene.teams[0], bid.id, now=NOW)
    submit_bid(session, scene.teams[0], bid.id, now=NOW + timedelta(days=1))  # the last day is over


def test_a_bid_that_was_handed_in_takes_nobody_who_may_not_bid(session: Session) -> None:
    scene = make_field(session, teams=1, experts=2)
    reach(session, scene, Status.CALLING)
    team, (barred, member) = scene.teams[0], scene.experts
    record_integrity(
        session, scene.bureau, region_code=JIANGYIN, talent_id=barred.id, reason="泄露评审情况",
        barred_until=date(2026, 6, 10), now=NOW,
    )  # fmt: skip
    bid = hand_in(session, scene, team, members=[{"talent_id": member.id}])
    for changes, code in (
        ({"leader_talent_id": member.id}, "member-twice"),
        ({"members": [{"talent_id": make_talent(session, consents=()).id}]}, "talent-unknown"),
        ({"members": [{"talent_id": barred.id}]}, "bidder-barred"),
    ):
        with refused(code), session.begin_nested():
            edit_bid(session, team, bid.id, changes=changes, version=bid.version, now=NOW)
    session.refresh(bid)
    assert [one.talent_id for one in bid.members] == [member.id]
    withdraw_consent(session, OPERATOR, member.id, scope=ConsentScope.FIND, now=NOW)
    edit_bid(
        session, team, bid.id, changes={"months": 12}, version=bid.version, now=NOW
    )  # who stays is not asked


def test_a_team_that_fell_meanwhile_passes_no_check_and_stands_in_no_notice(session: Session) -> None:
    scene = make_field(session, teams=2, experts=3)
    challenge = reach(session, scene, Status.CLOSED)
    first, second = scene.bids
    home = unit_of(session, scene.teams[0])
    home.status = OrganisationStatus.SUSPENDED
    session.flush()
    with refused("organisation-not-verified"):
        check_bid(session, scene.bureau, first.id, passed=True, note=None, now=CLOSED)
    home.status = OrganisationStatus.VERIFIED
    for bid in (first, second):
        check_bid(session, scene.bureau, bid.id, passed=True, note=None, now=CLOSED)
    score_all(session, scene, clear_panel(session, scene))
    conclude_review(session, scene.bureau, challenge.id, note=None, now=CLOSED)
    home.status = OrganisationStatus.SUSPENDED
    session.flush()
    with refused("organisation-not-verified"):
        publish_notice(session, scene.bureau, challenge.id, winners=[winner(first)], now=CLOSED)
    publish_notice(
        session, scene.bureau, challenge.id, winners=[winner(second)], reason="第一名已停用", now=CLOSED
    )


def test_nothing_is_taken_from_the_closing_moment_on(session: Session) -> None:
    scene = make_field(session, teams=2, experts=0)
    challenge = reach(session, scene, Status.CALLING)
    team, late = scene.teams
    bid = hand_in(session, scene, team)
    just_before = CLOSES - timedelta(seconds=1)
    draft = begin_bid(session, late, challenge.id, form=bid_form(), now=just_before)
    for work in (
        lambda: edit_bid(session, team, bid.id, changes={}, version=bid.version, now=CLOSES),
        lambda: withdraw_bid(session, team, bid.id, now=CLOSES),
        lambda: submit_bid(session, late, draft.id, now=CLOSES),
        lambda: begin_bid(session, scene.teams[1], challenge.id, form=bid_form(), now=CLOSES),
    ):
        with refused("bid-after-deadline"):
            work()
    close_call(session, scene.bureau, challenge.id, now=CLOSES)
    with refused("bid-after-deadline"):  # whatever its clock says
        submit_bid(session, late, draft.id, now=just_before)
    assert (bid.status, draft.status) == (BidStatus.SUBMITTED, BidStatus.DRAFT)


def test_results_are_shown_where_the_grant_follows_them(session: Session) -> None:
    scene = make_field(session, teams=1, experts=0)
    challenge = reach(session, scene, Status.CALLING, mode=Mode.POST_SUBSIDY)
    bid = begin_bid(session, scene.teams[0], challenge.id, form=bid_form(), now=NOW)
    with refused("results-missing"):
        submit_bid(session, scene.teams[0], bid.id, now=NOW)
    edit_bid(session, scene.teams[0], bid.id, changes={"results": "已应用"}, version=bid.version, now=NOW)
    submit_bid(session, scene.teams[0], bid.id, now=NOW)


def test_only_the_invited_unit_bids_where_work_is_commissioned(session: Session) -> None:
    scene = make_field(session, teams=2, experts=0)
    challenge = reach(session, scene, Status.CALLING, mode=Mode.DIRECTED)
    with refused("not-invited"):
        begin_bid(session, scene.teams[1], challenge.id, form=bid_form(), now=NOW)
    begin_bid(session, scene.teams[0], challenge.id, form=bid_form(), now=NOW)


def test_bids_are_sealed_and_then_seen_by_those_who_must(session: Session) -> None:
    scene = make_field(session, teams=2, experts=3)
    challenge = reach(session, scene, Status.CALLING)
    team, other = scene.teams
    bid = hand_in(session, scene, team)
    draft = begin_bid(session, other, challenge.id, form=bid_form(), now=NOW)
    for actor in (scene.bureau, scene.owner, other):
        with refused("bid-not-found"):
            get_bid(session, actor, bid.id)
    assert list_bids(session, scene.bureau, challenge) == []
    close_call(session, scene.bureau, challenge.id, now=CLOSED)
    assert [seen.bid for seen in list_bids(session, scene.bureau, challenge)] == [bid]
    assert list_bids(session, scene.owner, challenge) == []
    with refused("bid-not-found"):
        get_bid(session, scene.bureau, draft.id)
    check_bid(session, scene.bureau, bid.id, passed=True, note=None, now=CLOSED)
    scene.bids = [bid]
    assert [seen.sight for seen in list_bids(session, scene.owner, challenge)] == [Sight.PLAN]
    expert = person_of(session, scene.experts[0])
    assert list_bids(session, expert, challenge) == []
    clear_panel(session, scene)
    assert [seen.sight for seen in list_bids(session, expert, challenge)] == [Sight.WHOLE]
    assert list_bids(session, other, challenge)[0].bid is draft


def test_the_last_formal_check_opens_the_review_or_ends_the_challenge(session: Session) -> None:
    scene = make_field(session, teams=2, experts=0)
    challenge = reach(session, scene, Status.CLOSED)
    first, second = scene.bids
    with refused("role-not-allowed"):
        check_bid(session, scene.teams[0], first.id, passed=True, note=None, now=CLOSED)
    with refused("note-missing"):
        check_bid(session, scene.bureau, first.id, passed=False, note=None, now=CLOSED)
    check_bid(session, scene.bureau, first.id, passed=False, note="缺少承诺书", now=CLOSED)
    with refused("illegal-transition"):
        check_bid(session, scene.bureau, first.id, passed=True, note=None, now=CLOSED)
    assert challenge.status is Status.CLOSED
    check_bid(session, scene.bureau, second.id, passed=True, note=None, now=CLOSED)
    assert (challenge.status, first.status, second.status) == (
        Status.CHECKED,
        BidStatus.REFUSED,
        BidStatus.PASSED,
    )
    none_left = make_field(session, teams=1, experts=0)
    failed = reach(session, none_left, Status.CLOSED)
    check_bid(session, none_left.bureau, none_left.bids[0].id, passed=False, note="超范围", now=CLOSED)
    assert failed.status is Status.FAILED
