"""Awards: projects opened from them, their contracts, and the beginning of the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.challenges.models import Award, Bid, Challenge, Notice
from market.challenges.queries.awards import get_award
from market.challenges.queries.bids import leader_of, standing_bids
from market.challenges.queries.challenges import get_challenge
from market.challenges.queries.scores import facts_of, facts_of_award, standing_notice
from market.challenges.rules import (
    MOST_AHEAD,
    STEPS,
    Action,
    BidStatus,
    Mode,
    Status,
    months_later,
    start_action,
)
from market.challenges.service.bids import settle_bid, team_refusal
from market.challenges.service.steps import (
    note_event,
    require_possible,
    require_right,
    take_award_step,
    take_step,
)
from market.clock import china_day
from market.errors import Conflict, violation
from market.libraries.models import KeyTechnology, RegisterEntry, Talent
from market.libraries.rules import EntryStatus
from market.libraries.rules.projects import ProjectOrigin
from market.libraries.rules.technologies import PROGRESS_STEPS, TACKLING
from market.libraries.service.projects import open_project
from market.libraries.service.technologies import set_progress
from market.listings.models import Listing, Need
from market.listings.rules import TRANSITIONS
from market.listings.rules import Action as ListingAction
from market.listings.service import take_market_step
from market.search.documents import Encoder

CATEGORY = "challenge"
"""Code of `project_category`."""

LONGEST_TITLE = 200
LONGEST_UNIT = 100
"""Characters of a project's title, and of the team's name in it."""


def award_challenge(
    session: Session,
    actor: Actor,
    challenge_id: int,
    *,
    projects: Sequence[Mapping[str, Any]],
    encoder: Encoder,
    now: datetime,
) -> list[Award]:
    """Award those the notice named, as the bureau: a project of the pool is opened for each.

    Args:
        session: open transaction.
        actor: the bureau.
        challenge_id: a challenge whose notice has ended without an open objection.
        projects: one for each winner: `bid_id`, `milestones` (`name`, `target`, `due_on`, `amount_fen`)
            and optional `started_on`.
        encoder: makes vectors.
        now: present time.

    Raises:
        PermissionDenied: another region's bureau.
        Conflict: the notice is running, an objection is open, or a team has come under an integrity
            record or on the black list: `bidder-barred`, `conduct-blacklisted`.
        RuleViolation: not the winners of the notice, a beginning before the notice ended or far ahead, or
            milestones that do not fit.
    """
    challenge = get_challenge(session, actor, challenge_id, lock=True)
    require_right(actor, challenge, Action.AWARD)
    facts = facts_of(session, challenge, now=now)
    require_possible(Action.AWARD, facts)
    notice = standing_notice(session, challenge.id)
    assert notice is not None
    plans = {one["bid_id"]: one for one in projects}
    if set(plans) != {row["bid_id"] for row in notice.winners} or len(plans) != len(projects):
        raise violation("/projects", "winners-differ", "应当为公示的每个揭榜方各立一项，不多不少。")
    for place, one in enumerate(projects):
        _require_beginning(one.get("started_on"), notice, pointer=f"/projects/{place}/started_on", now=now)
    bids = {bid.id: bid for bid in standing_bids(session, challenge.id)}
    for bid_id in plans:
        refusal = team_refusal(session, bids[bid_id], day=china_day(now))
        if refusal is not None:
            raise Conflict(f"不能立项：{refusal.detail}", code=refusal.code)
    hold_origins(session, challenge)
    awards = []
    for row in notice.winners:
        bid = bids[row["bid_id"]]
        awards.append(
            _award(session, actor, challenge, bid, row=row, plan=plans[bid.id], encoder=encoder, now=now)
        )
    for bid in bids.values():
        if bid.status is BidStatus.PASSED:
            settle_bid(session, actor, bid, won=False, now=now)
    advance_technology(session, actor, challenge, TACKLING, encoder=encoder, now=now)
    take_step(session, actor, challenge, Action.AWARD, facts=facts, now=now)
    return awards


def _require_beginning(day: date | None, notice: Notice, *, pointer: str, now: datetime) -> None:
    if day is not None and not notice.ends_on < day <= china_day(now) + MOST_AHEAD:
        raise violation(pointer, "start-out-of-range", "开始日期应在公示期满以后、两年以内。")


def _award(
    session: Session,
    actor: Actor,
    challenge: Challenge,
    bid: Bid,
    *,
    row: Mapping[str, Any],
    plan: Mapping[str, Any],
    encoder: Encoder,
    now: datetime,
) -> Award:
    project = open_project(
        session,
        actor,
        values=_project_values(challenge, bid, row=row, plan=plan, now=now),
        members=[_team_member(one.talent, one.full_name, one.full_unit, one.duty) for one in bid.members],
        milestones=plan["milestones"],
        note=f"揭榜挂帅立项：{challenge.number}",
        encoder=encoder,
        now=now,
    )
    settle_bid(session, actor, bid, won=True, now=now)
    award = Award(
        challenge=challenge,
        bid=bid,
        organisation=bid.organisation,
        status=Status.AWARDED,
        amount_fen=row["amount_fen"],
        grant_fen=row["grant_fen"],
        project_id=project.id,
        awarded_by=actor.user_id,
        awarded_on=china_day(now),
        reviews=[],
        grant_payments=[],
    )
    session.add(award)
    session.flush()  # draws the id; a lost race stops here
    project.award_id = award.id
    return award


def _project_values(
    challenge: Challenge, bid: Bid, *, row: Mapping[str, Any], plan: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    starts_on = plan.get("started_on") or china_day(now)
    leader = _team_member(bid.leader, leader_of(bid), bid.organisation.name, None)
    # Projects of a race bear the names of their teams; names of units are as long as titles may be.
    suffix = f"（{bid.organisation.name[:LONGEST_UNIT]}）" if challenge.mode is Mode.RACE else ""
    return {
        "title": challenge.title[: LONGEST_TITLE - len(suffix)] + suffix,
        "summary": f"{challenge.summary}\n{challenge.goals}",
        "region_code": challenge.region_code,
        "organisation_id": bid.organisation_id,
        "tech_field": challenge.tech_field,
        "chain_code": challenge.chain_code,
        "category": CATEGORY,
        "key_project": challenge.key,
        "leader_talent_id": leader.get("talent_id"),
        "leader_name": leader.get("name"),
        "started_on": starts_on,
        "ends_on": months_later(starts_on, bid.months),
        "total_fen": row["amount_fen"] + row["grant_fen"],
        "grant_fen": row["grant_fen"],
        "origin": ProjectOrigin.CHALLENGE,
        "need_id": challenge.need_id,
        "challenge_id": challenge.id,
    }


def _team_member(talent: Talent | None, name: str, unit: str, duty: str | None) -> dict[str, Any]:
    """Return one of a team; of the talent pool by link alone, also who has left it meanwhile."""
    if talent is not None and talent.status is not EntryStatus.ERASED:
        return {"talent_id": talent.id, "duty": duty}
    return {"name": name, "unit": unit, "duty": duty}


def hold_origins(session: Session, challenge: Challenge) -> None:
    """Lock need and technology of a challenge before a project of it is written to the index.

    Whoever writes there holds the change log to the end, and whoever changes one of these rows waits for the
    log with the row in hand: taken in the other order they would wait for each other.
    """
    for model, parent, key in (
        (Need, Listing, challenge.need_id),
        (KeyTechnology, RegisterEntry, challenge.technology_id),
    ):
        if key is not None:
            session.get(model, key, with_for_update={"of": [parent, model]}, populate_existing=True)


def advance_technology(
    session: Session, actor: Actor, challenge: Challenge, progress: str, *, encoder: Encoder, now: datetime
) -> None:
    """Set how far the challenge's key technology is, where it is listed and this may follow."""
    if challenge.technology_id is None:
        return
    technology = session.get(KeyTechnology, challenge.technology_id)
    assert technology is not None
    if technology.status is EntryStatus.LISTED and progress in PROGRESS_STEPS[technology.progress]:
        set_progress(
            session, actor, technology, progress=progress, note=challenge.number, encoder=encoder, now=now
        )


def sign_need(session: Session, actor: Actor, challenge: Challenge, *, now: datetime) -> None:
    """Mark the need as contracted, where it is in a state from which it can be."""
    if challenge.need_id is None:
        return
    session.flush()  # before it is read afresh
    need = session.get(
        Need, challenge.need_id, with_for_update={"of": [Listing, Need]}, populate_existing=True
    )
    assert need is not None
    if need.status in TRANSITIONS[ListingAction.SIGN].sources:
        take_market_step(session, actor, need, ListingAction.SIGN, encoder=None, now=now)


def mark_contracted(session: Session, actor: Actor, award_id: int, *, now: datetime) -> None:
    """Record that a contract of an award has been registered; the need is contracted with it.

    Saying it twice, or late, does no harm: a contract may be registered when the work is under way.
    """
    award = get_award(session, actor, award_id, lock=True)
    known, award.contracted_on = award.contracted_on, award.contracted_on or china_day(now)
    if award.status in STEPS[Action.SIGN].sources:
        take_award_step(session, actor, award, Action.SIGN, facts=facts_of_award(session, award), now=now)
    elif known is None:
        _note_contract(session, actor, award, Action.SIGN, now=now)
    sign_need(session, actor, award.challenge, now=now)


def mark_uncontracted(session: Session, actor: Actor, award_id: int, *, note: str, now: datetime) -> None:
    """Record that no registered contract of an award stands any more.

    It waits for one again; where its work has begun that goes on, and no grant is paid until one stands.
    """
    award = get_award(session, actor, award_id, lock=True)
    if award.contracted_on is None:
        return
    award.contracted_on = None
    if award.status in STEPS[Action.UNSIGN].sources:
        facts = facts_of_award(session, award)
        take_award_step(session, actor, award, Action.UNSIGN, facts=facts, now=now, note=note)
    else:
        _note_contract(session, actor, award, Action.UNSIGN, now=now, note=note)


def _note_contract(
    session: Session, actor: Actor, award: Award, action: Action, *, now: datetime, note: str | None = None
) -> None:
    """Write down what became of an award's contracts where its state does not change by it."""
    session.flush()
    note_event(
        session, actor, award.challenge, action, source=award.status, target=award.status, now=now, note=note,
        award_id=award.id,
    )  # fmt: skip


def start_award(session: Session, actor: Actor, award_id: int, *, note: str | None, now: datetime) -> Award:
    """Begin the work of an award, as the bureau: after its contract, or at once where the grant follows.

    Raises:
        NotFound: there is none.
        PermissionDenied: another region's bureau.
        Conflict: no registered contract stands, the work has begun, or its project was closed.
    """
    award = get_award(session, actor, award_id, lock=True)
    action = start_action(award.challenge.mode)
    require_right(actor, award.challenge, action)
    take_award_step(session, actor, award, action, facts=facts_of_award(session, award), now=now, note=note)
    return award
