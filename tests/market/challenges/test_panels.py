"""Experts: drawn at random without those who have an interest, declared, and replaced in order."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR
from market.challenges.models import Panel
from market.challenges.queries.panels import list_seats, panels_of, seats_of
from market.challenges.queries.scores import facts_of, ranking, read_ranking
from market.challenges.rules import Mode, Recusal, SeatStatus, Status, drawn_order
from market.challenges.schemas.panels import DrawView, SeatView
from market.challenges.service.bids import begin_bid, check_bid, submit_bid
from market.challenges.service.calling import close_call
from market.challenges.service.integrity import record_integrity
from market.challenges.service.panels import declare, draw_panel
from market.challenges.service.scoring import appraise_bid, conclude_review, score_bid
from market.libraries.models import TalentRole
from market.libraries.rules.talents import ConsentScope, ErasureReason
from market.libraries.service.talents import erase_talent, withdraw_consent
from tests.factories import JIANGYIN, NOW
from tests.market.challenges.factories import (
    CLOSED,
    bid_form,
    clear_panel,
    make_expert,
    make_field,
    make_team,
    person_of,
    points,
    reach,
    score_all,
    unit_of,
)
from tests.market.challenges.refusing import refused
from tests.market.libraries.projects.factories import open_with


def reasons(panel: Panel) -> dict[int, str]:
    """Return who was set aside by a draw, and why."""
    return {int(one["talent_id"]): str(one["reason"]) for one in panel.excluded}


def test_a_draw_sets_aside_everybody_with_an_interest(session: Session) -> None:
    scene = make_field(session, teams=1, experts=3)
    owner, team = unit_of(session, scene.owner), unit_of(session, scene.teams[0])
    member = make_expert(session)
    colleague = make_expert(session)
    open_with(session, members=[{"talent_id": member.id}, {"talent_id": colleague.id}], milestones=[])
    of_owner, of_team = make_expert(session), make_expert(session)
    of_owner.unit_name, of_team.organisation_id = owner.name, team.id
    stated, barred, elsewhere = (
        make_expert(session),
        make_expert(session),
        make_expert(session, fields=["01"]),
    )
    stated.declared_interests = f"持有{owner.name}股份"
    session.flush()
    record_integrity(
        session, scene.bureau, region_code=JIANGYIN, talent_id=barred.id, reason="评审失当",
        barred_until=date(2026, 1, 1), now=NOW,
    )  # fmt: skip
    challenge = reach(session, scene, Status.CALLING)
    bid = begin_bid(
        session, scene.teams[0], challenge.id, form=bid_form(members=[{"talent_id": member.id}]), now=NOW
    )
    submit_bid(session, scene.teams[0], bid.id, now=NOW)
    close_call(session, scene.bureau, challenge.id, now=CLOSED)
    check_bid(session, scene.bureau, bid.id, passed=True, note=None, now=CLOSED)
    panel = draw_panel(session, scene.bureau, challenge.id, size=3, now=CLOSED)
    assert reasons(panel) == {
        member.id: Recusal.BIDDER,
        colleague.id: Recusal.SAME_PROJECT,
        of_owner.id: Recusal.OWNER_UNIT,
        of_team.id: Recusal.BIDDER_UNIT,
        stated.id: Recusal.STATED,
        barred.id: Recusal.BARRED,
    }
    assert panel.eligible == sorted(expert.id for expert in scene.experts)
    assert elsewhere.id not in panel.eligible
    assert list(drawn_order(panel.seed, panel.eligible)) == panel.order
    assert len(panel.seed) == 32
    assert [seat.talent_id for seat in seats_of(session, challenge.id)] == panel.order


def test_a_panel_is_odd_and_has_enough_to_choose_from(session: Session) -> None:
    scene = make_field(session, teams=1, experts=2)
    challenge = reach(session, scene, Status.CHECKED)
    for size, code in ((4, "panel-size-invalid"), (1, "panel-size-invalid"), (None, "too-few-experts")):
        with refused(code):
            draw_panel(session, scene.bureau, challenge.id, size=size, now=CLOSED)
    with refused("unknown-code"):
        draw_panel(session, scene.bureau, challenge.id, fields=["99"], now=CLOSED)
    with refused("role-not-allowed"):
        draw_panel(session, scene.owner, challenge.id, now=CLOSED)
    assert panels_of(session, challenge.id) == []


def test_who_stands_aside_is_replaced_in_order_and_then_by_another_draw(session: Session) -> None:
    scene = make_field(session, teams=1, experts=4)
    challenge = reach(session, scene, Status.CHECKED)
    panel = draw_panel(session, scene.bureau, challenge.id, size=3, seed="f0", now=CLOSED)
    with refused("panel-drawn"):
        draw_panel(session, scene.bureau, challenge.id, size=3, now=CLOSED)
    first, second, _third = seats_of(session, challenge.id)
    expert = person_of(session, first.talent)
    with refused("words-missing"):
        declare(session, expert, first.id, free=False, words=None, now=CLOSED)
    with refused("words-missing"):  # the bureau must say why
        declare(session, scene.bureau, first.id, free=False, words=None, now=CLOSED)
    with refused("expert-has-account"):
        declare(session, scene.bureau, first.id, free=True, words="声明书存档", now=CLOSED)
    with refused("seat-not-found"):
        declare(session, scene.owner, first.id, free=True, words="声明书", now=CLOSED)
    declare(session, expert, first.id, free=False, words="与揭榜方有合作", now=CLOSED)
    fourth = seats_of(session, challenge.id)[3]
    assert (fourth.talent_id, fourth.position) == (panel.order[3], 4)
    with refused("declared-already"):
        declare(session, expert, first.id, free=True, words=None, now=CLOSED)
    declare(session, scene.bureau, second.id, free=False, words="声明书存档", now=CLOSED)
    with refused("too-few-experts"):
        draw_panel(session, scene.bureau, challenge.id, now=CLOSED)
    fresh = make_expert(session)
    with refused("panel-size-fixed"):
        draw_panel(session, scene.bureau, challenge.id, size=5, now=CLOSED)
    again = draw_panel(session, scene.bureau, challenge.id, now=CLOSED)
    assert (again.round, again.order) == (2, [fresh.id])
    assert [seat.status for seat in seats_of(session, challenge.id)].count(SeatStatus.CALLED) == 3


def test_whoever_can_no_longer_be_asked_is_passed_over(session: Session) -> None:
    scene = make_field(session, teams=1, experts=8)
    challenge = reach(session, scene, Status.CHECKED)
    panel = draw_panel(session, scene.bureau, challenge.id, size=3, now=CLOSED)
    erased, unwilling, barred, retired, last = panel.order[3:]
    erase_talent(session, OPERATOR, erased, reason=ErasureReason.REQUEST, now=CLOSED)
    withdraw_consent(session, OPERATOR, unwilling, scope=ConsentScope.FIND, now=CLOSED)
    record_integrity(
        session, scene.bureau, region_code=JIANGYIN, talent_id=barred, reason="违规",
        barred_until=date(2026, 1, 1), now=CLOSED,
    )  # fmt: skip
    role = session.scalars(select(TalentRole).where(TalentRole.talent_id == retired)).one()
    role.valid_until = date(2025, 6, 20)
    session.flush()
    first, second, _ = seats_of(session, challenge.id)
    declare(session, scene.bureau, first.id, free=False, words="声明书存档", now=CLOSED)
    assert [seat.talent_id for seat in seats_of(session, challenge.id)][3:] == [last]
    declare(session, scene.bureau, second.id, free=False, words="声明书存档", now=CLOSED)
    (kept,) = panels_of(session, challenge.id)
    assert kept.passed_over == [
        {"talent_id": one, "reason": reason, "on": "2025-06-21"}
        for one, reason in (
            (erased, Recusal.OFF_POOL),
            (unwilling, Recusal.NO_CONSENT),
            (barred, Recusal.BARRED),
            (retired, Recusal.NO_ROLE),
        )
    ]
    assert DrawView().dump(kept)["passed_over"][0]["reason_name"] == "已不在人才库"
    fresh = make_expert(session)
    assert draw_panel(session, scene.bureau, challenge.id, now=CLOSED).order == [fresh.id]


def test_only_an_expert_who_is_free_scores_and_only_once(session: Session) -> None:
    scene = make_field(session, teams=1, experts=3)
    challenge = reach(session, scene, Status.CHECKED)
    draw_panel(session, scene.bureau, challenge.id, size=3, now=CLOSED)
    seat = seats_of(session, challenge.id)[0]
    expert, bid = person_of(session, seat.talent), scene.bids[0]

    def score(**values: object) -> None:
        form = {"bid_id": bid.id, "points": points(), "comment": None, **values}
        score_bid(session, expert, seat.id, now=CLOSED, **form)  # type: ignore[arg-type]

    with refused("expert-not-cleared"):
        score()
    declare(session, expert, seat.id, free=True, words=None, now=CLOSED)
    with refused("points-invalid"):
        score(points={"fit": 80})
    with refused("bid-not-found"):
        score(bid_id=0)
    score()
    with refused("scored-already"):
        score()
    with refused("panel-incomplete"):
        conclude_review(session, scene.bureau, challenge.id, note=None, now=CLOSED)
    for other in seats_of(session, challenge.id)[1:]:
        declare(session, person_of(session, other.talent), other.id, free=True, words=None, now=CLOSED)
    with refused("scores-missing"):
        conclude_review(session, scene.bureau, challenge.id, note=None, now=CLOSED)
    with refused("panel-needed"):
        appraise_bid(session, scene.owner, bid.id, points=points(), comment=None, now=CLOSED)


def test_a_conflict_that_comes_up_later_takes_the_sheets_with_it(session: Session) -> None:
    scene = make_field(session, teams=2, experts=4)
    challenge = reach(session, scene, Status.CHECKED)
    seats = clear_panel(session, scene)
    score_all(session, scene, seats)
    assert facts_of(session, challenge, now=CLOSED).sheets_missing == 0
    gone = seats[0]
    declare(session, scene.bureau, gone.id, free=False, words="举报属实，见笔录", now=CLOSED)
    facts = facts_of(session, challenge, now=CLOSED)
    assert (facts.cleared, facts.sheets_missing) == (2, 0)
    assert [len(one.sheets) for one in ranking(session, challenge)] == [2, 2]
    with refused("panel-incomplete"):
        conclude_review(session, scene.bureau, challenge.id, note=None, now=CLOSED)


def test_who_was_barred_since_the_draw_is_not_cleared(session: Session) -> None:
    scene = make_field(session, teams=1, experts=3)
    challenge = reach(session, scene, Status.CHECKED)
    draw_panel(session, scene.bureau, challenge.id, size=3, now=CLOSED)
    seat = seats_of(session, challenge.id)[0]
    record_integrity(
        session, scene.bureau, region_code=JIANGYIN, talent_id=seat.talent_id, reason="违规", now=CLOSED,
        barred_until=date(2026, 1, 1),
    )  # fmt: skip
    with refused("expert-conflicted"):
        declare(session, person_of(session, seat.talent), seat.id, free=True, words=None, now=CLOSED)


def test_names_of_experts_reach_the_teams_only_after_the_award(session: Session) -> None:
    scene = make_field(session, teams=2, experts=3)
    challenge = reach(session, scene, Status.NOTICED)
    expert = person_of(session, scene.experts[0])
    assert len(list_seats(session, scene.bureau, challenge)) == 3
    assert [seat.talent_id for seat in list_seats(session, expert, challenge)] == [scene.experts[0].id]
    assert list_seats(session, scene.teams[0], challenge) == list_seats(session, scene.owner, challenge) == []
    with refused("role-not-allowed"):
        read_ranking(session, scene.owner, challenge)
    later = make_field(session, teams=2, experts=0)
    later.experts = scene.experts
    awarded = reach(session, later, Status.AWARDED)
    named = SeatView(many=True).dump(list_seats(session, later.teams[1], awarded))
    drawn = {one.person_name for one in later.experts}
    assert {one["name"] for one in named if "words" not in one} == drawn
    assert list_seats(session, make_team(session), awarded) == []
    assert len(read_ranking(session, later.owner, awarded)) == 2


def test_small_crowdsourced_work_is_scored_by_the_demand_side(session: Session) -> None:
    scene = make_field(session, teams=2, experts=0)
    small: dict[str, Any] = {"mode": Mode.CROWDSOURCING, "budget_fen": 20_000_000, "grant_fen": 5_000_000}
    challenge = reach(session, scene, Status.CALLING, **small)
    scene.bids = [
        submit_bid(
            session,
            team,
            begin_bid(session, team, challenge.id, form=bid_form(amount_fen=15_000_000), now=NOW).id,
            now=NOW,
        )
        for team in scene.teams
    ]
    close_call(session, scene.bureau, challenge.id, now=CLOSED)
    for bid in scene.bids:
        check_bid(session, scene.bureau, bid.id, passed=True, note=None, now=CLOSED)
    with refused("panel-not-needed"):
        draw_panel(session, scene.bureau, challenge.id, now=CLOSED)
    with refused("role-not-allowed"):
        appraise_bid(session, scene.bureau, scene.bids[0].id, points=points(), comment=None, now=CLOSED)
    appraise_bid(session, scene.owner, scene.bids[0].id, points=points(), comment=None, now=CLOSED)
    with refused("scores-missing"):
        conclude_review(session, scene.bureau, challenge.id, note=None, now=CLOSED)
    appraise_bid(session, scene.owner, scene.bids[1].id, points=points(90), comment="更快", now=CLOSED)
    with refused("scored-already"):
        appraise_bid(session, scene.owner, scene.bids[1].id, points=points(), comment=None, now=CLOSED)
    conclude_review(session, scene.bureau, challenge.id, note=None, now=CLOSED)
    assert [one.bid for one in ranking(session, challenge)] == scene.bids[::-1]


def test_nothing_of_a_draw_names_a_person(session: Session) -> None:
    scene = make_field(session, teams=1, experts=3)
    challenge = reach(session, scene, Status.CHECKED)
    panel = draw_panel(session, scene.bureau, challenge.id, size=3, now=CLOSED)
    kept = json.dumps([panel.order, panel.eligible, panel.excluded], ensure_ascii=False)
    assert not any(expert.person_name in kept for expert in scene.experts)
