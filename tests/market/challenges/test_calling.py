"""Lists, deadlines, and challenges that are called off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR
from market.challenges.queries.awards import list_notices, list_objections
from market.challenges.queries.bids import Sight, list_bids
from market.challenges.queries.challenges import list_challenges, list_events
from market.challenges.queries.scores import read_ranking
from market.challenges.rules import MOST_AHEAD, Action, BidStatus, Mode, Status
from market.challenges.service.bids import begin_bid
from market.challenges.service.calling import (
    cancel_challenge,
    close_call,
    invite,
    postpone_call,
    publish_list,
)
from market.challenges.service.collecting import collect_challenge, screen_challenge
from market.challenges.service.notices import answer_objection, raise_objection
from market.challenges.service.performance import terminate_award
from market.db import PageRequest
from market.errors import RuleViolation
from market.libraries.models import KeyTechnology
from market.libraries.rules import EntryKind
from market.libraries.service.entries import delist_entry
from market.listings.rules import ListingKind, Validation
from market.listings.service import revise_listing
from tests.factories import JIANGYIN, NOW
from tests.market.challenges.factories import (
    CLOSED,
    CLOSES,
    NOTICE_OVER,
    bid_form,
    challenge_form,
    hand_in,
    make_field,
    reach,
)
from tests.market.challenges.refusing import refused
from tests.market.libraries.factories import ENCODER, make_entry


def test_what_was_sealed_stays_sealed_when_a_challenge_is_called_off(session: Session) -> None:
    scene = make_field(session, teams=1, experts=0)
    challenge = reach(session, scene, Status.CALLING)
    hand_in(session, scene, scene.teams[0])
    cancel_challenge(session, scene.bureau, challenge.id, note="需求变化", now=CLOSED)  # late, and not closed
    seen = [list_bids(session, who, challenge) for who in (scene.bureau, scene.owner, *scene.teams)]
    assert [len(bids) for bids in seen] == [0, 0, 1]
    # What is collected anew begins with the same secrets kept.
    collect_challenge(session, scene.bureau, form=challenge_form(scene.need), now=CLOSED)
    assert list_bids(session, scene.bureau, challenge) == []


def test_a_notice_goes_with_its_challenge_and_the_ranking_stays_with_the_bureau(session: Session) -> None:
    scene = make_field(session, experts=3)
    challenge = reach(session, scene, Status.NOTICED)
    objection = raise_objection(
        session, scene.teams[1], challenge.id, words="名次有误", evidence=None, now=CLOSED
    )
    cancel_challenge(session, scene.bureau, challenge.id, note="需求变化", now=CLOSED)
    (notice,) = list_notices(session, challenge)
    assert notice.withdrawn_at == CLOSED
    assert {bid.status for bid in scene.bids} == {BidStatus.NOT_AWARDED}
    with refused("role-not-allowed"):
        read_ranking(session, scene.owner, challenge)
    assert len(read_ranking(session, scene.bureau, challenge)) == 2
    assert {one.sight for one in list_bids(session, scene.owner, challenge)} == {Sight.PLAN}  # as before
    answer_objection(session, scene.bureau, objection.id, upheld=True, answer="榜单已撤销", now=NOTICE_OVER)
    assert challenge.status is Status.TERMINATED
    (answered,) = list_objections(session, scene.bureau, challenge)
    assert answered.filer is not None
    assert answered.filer.organisation_id == scene.teams[1].organisation_id


def test_a_list_takes_nothing_of_a_need_or_technology_that_fell_since(session: Session) -> None:
    technology = make_entry(session, EntryKind.TECHNOLOGY, {"title": "抗污染膜材料", "indicators": []})
    scene, invalid, revised, delisted = (make_field(session, teams=0, experts=0) for _ in range(4))
    standing = reach(session, scene, Status.SCREENED)
    for other in (invalid, revised):
        reach(session, other, Status.SCREENED)
    reach(session, delisted, Status.SCREENED, technology_id=technology.id)
    invalid.need.validation = Validation.INVALID
    revise_listing(session, revised.owner, ListingKind.NEED, revised.need.id, now=NOW)
    delist_entry(session, OPERATOR, KeyTechnology, technology.id, note="不再攻关", encoder=ENCODER, now=NOW)
    for fallen, code in ((invalid, "need-not-valid"), (revised, "need-not-valid"), (delisted, "technology-")):
        with pytest.raises(RuleViolation) as caught:
            publish_list(
                session, scene.bureau, region_code=JIANGYIN, ids=[standing.id, fallen.id], closes_at=CLOSES,
                now=NOW,
            )  # fmt: skip
        (error,) = caught.value.fields
        assert (error.pointer, error.code.startswith(code)) == ("/ids/1", True)
    assert (standing.status, standing.number) == (Status.SCREENED, None)


def test_a_deadline_is_put_off_before_all_eyes_and_never_brought_forward(session: Session) -> None:
    scene = make_field(session, teams=2, experts=0)
    challenge = reach(session, scene, Status.CALLING)
    later = CLOSES + timedelta(days=5)

    def postpone(closes_at: datetime, now: datetime = NOW) -> None:
        postpone_call(session, scene.bureau, challenge.id, closes_at=closes_at, note="申报不足", now=now)

    for moment, now, code in (
        (CLOSES, NOW, "deadline-earlier"),
        (NOW + timedelta(days=1), NOW, "deadline-earlier"),
        (later, later, "deadline-past"),
        (NOW + MOST_AHEAD + timedelta(days=1), NOW, "deadline-too-far"),
    ):
        with refused(code):
            postpone(moment, now)
    with refused("role-not-allowed"):
        postpone_call(session, scene.owner, challenge.id, closes_at=later, note="申报不足", now=NOW)
    postpone(later, CLOSED)  # the old one is over, and nobody has read a bid
    begin_bid(session, scene.teams[0], challenge.id, form=bid_form(), now=CLOSED)
    (shown,) = challenge.postponements
    assert (shown["announced"], shown["closes_at"], shown["note"]) == (
        CLOSES.isoformat(),
        later.isoformat(),
        "申报不足",
    )
    event = list_events(session, scene.bureau, challenge)[-1]
    assert (event.action, event.note, event.target) == (Action.POSTPONE, "申报不足", Status.CALLING)
    with refused("call-still-open"):
        close_call(session, scene.bureau, challenge.id, now=CLOSED)
    close_call(session, scene.bureau, challenge.id, now=later)
    with refused("illegal-transition"):
        postpone(later + timedelta(days=9), later)


def test_no_call_lasts_for_ever(session: Session) -> None:
    scene = make_field(session, teams=1, experts=0)
    challenge = reach(session, scene, Status.SCREENED, mode=Mode.DIRECTED)
    never = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)

    def publish(closes_at: datetime) -> None:
        publish_list(
            session, scene.bureau, region_code=JIANGYIN, ids=[challenge.id], closes_at=closes_at, now=NOW
        )

    with refused("deadline-too-far"):
        publish(never)
    publish(NOW + MOST_AHEAD)
    unit = scene.teams[0].organisation_id
    assert unit is not None
    with refused("deadline-too-far"):
        invite(session, scene.bureau, challenge.id, organisation_id=unit, closes_at=never, now=NOW)


def test_a_technology_has_one_live_challenge_and_follows_all_its_awards(session: Session) -> None:
    technology: KeyTechnology = make_entry(
        session, EntryKind.TECHNOLOGY, {"title": "抗污染膜材料", "indicators": []}
    )
    first, second = (make_field(session, teams=1, experts=3) for _ in range(2))
    reach(session, first, Status.SCREENED, technology_id=technology.id)
    form = challenge_form(second.need, technology_id=technology.id)
    with refused("technology-has-challenge"):
        collect_challenge(session, second.owner, form=form, now=NOW)
    screen_challenge(session, first.owner, first.id, chosen=False, note="改为自主研发", now=NOW)
    reach(session, second, Status.IMPLEMENTING, technology_id=technology.id)
    # As it was before one technology had one live challenge at most.
    other = make_field(session, teams=1, experts=3)
    running = reach(session, other, Status.IMPLEMENTING)
    running.technology_id = technology.id
    session.flush()
    terminate_award(
        session, second.bureau, second.awards[0].id, note="路线不可行", encoder=ENCODER, now=NOTICE_OVER
    )
    assert technology.progress == "tackling"
    terminate_award(
        session, other.bureau, other.awards[0].id, note="路线不可行", encoder=ENCODER, now=NOTICE_OVER
    )
    assert technology.progress == "open"


def test_a_challenge_is_found_by_its_number_and_by_its_project(session: Session) -> None:
    scene, other = make_field(session, teams=1, experts=3), make_field(session, teams=0, experts=0)
    challenge, _ = reach(session, scene, Status.AWARDED), reach(session, other, Status.CALLING)
    page, project = PageRequest(), scene.awards[0].project_id
    assert list(list_challenges(session, None, page=page, number=challenge.number).items) == [challenge]
    assert list(list_challenges(session, None, page=page, project_id=project).items) == [challenge]
    assert list_challenges(session, None, page=page, project_id=0).items == []
