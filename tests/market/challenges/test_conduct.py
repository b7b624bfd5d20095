"""What the black list entails for challenges: no bids, and no seat on a panel."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.challenges.models import Bid
from market.challenges.queries.panels import seats_of
from market.challenges.rules import Recusal, SeatStatus
from market.challenges.rules import Status as ChallengeStatus
from market.challenges.service.bids import begin_bid, submit_bid, withdraw_bid
from market.challenges.service.panels import declare, draw_panel
from market.conduct.rules import Status
from market.conduct.service import remove_record
from tests.factories import NOW
from tests.market.challenges.factories import CLOSED, bid_form, make_expert, make_field, person_of
from tests.market.challenges.factories import reach as reach_challenge
from tests.market.challenges.refusing import refused
from tests.market.conduct.factories import NOTICE, conduct_form, make_office, reach


def test_whoever_stands_on_the_black_list_bids_for_nothing(session: Session) -> None:
    scene = make_field(session, teams=2, experts=0)
    challenge = reach_challenge(session, scene, ChallengeStatus.CALLING)
    team, other = scene.teams
    begun = begin_bid(session, team, challenge.id, form=bid_form(), now=NOW)
    office = make_office(session)
    about = conduct_form(organisation_id=team.organisation_id, expires_on=NOW.date() + timedelta(days=2))
    record = reach(session, Status.LISTED, about, office=office, start=NOW - NOTICE)
    withdraw_bid(session, team, begun.id, now=NOW)  # which stays open to it
    with refused("conduct-blacklisted"):
        begin_bid(session, team, challenge.id, form=bid_form(), now=NOW)
    assert session.scalar(select(func.count()).select_from(Bid)) == 1
    begin_bid(session, other, challenge.id, form=bid_form(), now=NOW)
    remove_record(session, office.checker, record.id, note="已完成信用修复", now=NOW)
    begin_bid(session, team, challenge.id, form=bid_form(), now=NOW)


def test_nobody_bids_with_a_member_from_the_black_list(session: Session) -> None:
    scene = make_field(session, teams=2, experts=1)
    challenge = reach_challenge(session, scene, ChallengeStatus.CALLING)
    team, barred_unit = scene.teams
    (person,) = scene.experts
    office = make_office(session)
    for about, member in (
        ({"organisation_id": barred_unit.organisation_id}, {"name": "李明"}),
        ({"entry_id": person.id}, {"talent_id": person.id}),
    ):
        reach(session, Status.LISTED, conduct_form(**about), office=office, start=NOW - NOTICE)
        unit = {"organisation_id": about["organisation_id"]} if "organisation_id" in about else {}
        form = bid_form(members=[{**member, **unit, "duty": "中试"}])
        bid = begin_bid(session, team, challenge.id, form=form, now=NOW)
        with refused("conduct-blacklisted"):
            submit_bid(session, team, bid.id, now=NOW)
        withdraw_bid(session, team, bid.id, now=NOW)


def test_whoever_stands_on_the_black_list_is_not_drawn_and_not_cleared(session: Session) -> None:
    scene = make_field(session, teams=1, experts=3)
    challenge = reach_challenge(session, scene, ChallengeStatus.CHECKED)
    office, listed = make_office(session), make_expert(session)

    def put_on_list(talent_id: int) -> None:
        reach(session, Status.LISTED, conduct_form(entry_id=talent_id), office=office, start=NOW)

    put_on_list(listed.id)
    panel = draw_panel(session, scene.bureau, challenge.id, size=3, now=CLOSED)
    assert panel.excluded == [{"talent_id": listed.id, "reason": Recusal.BLACKLISTED.value}]
    assert listed.id not in panel.order
    seat = seats_of(session, challenge.id)[0]
    put_on_list(seat.talent_id)  # after the draw
    with refused("expert-conflicted"):
        declare(session, person_of(session, seat.talent), seat.id, free=True, words=None, now=CLOSED)
    assert seat.status is SeatStatus.CALLED
