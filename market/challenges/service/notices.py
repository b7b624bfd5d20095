"""Notices of who is to be awarded, objections to them, and the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.challenges.models import Bid, Challenge, ChallengeObjection, Notice
from market.challenges.queries.challenges import get_challenge
from market.challenges.queries.scores import facts_of, ranking, standing_notice
from market.challenges.rules import (
    Action,
    ObjectionStatus,
    Status,
    grant_fault,
    skips_better,
)
from market.challenges.service.bids import team_refusal
from market.challenges.service.steps import require_possible, require_right, take_step
from market.clock import china_day
from market.db import get_or_not_found
from market.errors import Conflict, violation
from market.reference.queries import is_workday
from market.reference.rules import working_days_after


def publish_notice(
    session: Session,
    actor: Actor,
    challenge_id: int,
    *,
    winners: Sequence[Mapping[str, Any]],
    days: int | None = None,
    reason: str | None = None,
    now: datetime,
) -> Notice:
    """Make known who is to be awarded, as the bureau.

    Args:
        session: open transaction.
        actor: the bureau.
        challenge_id: a challenge whose review is concluded.
        winners: `bid_id`, `grant_fen` and optional `amount_fen` of each; the bid's amount unless given.
        days: working days; None for the rules' number, which is the least.
        reason: why bids that were ranked first are passed over; needed only then.
        now: present time.

    Raises:
        PermissionDenied: another region's bureau.
        Conflict: not the time for it, or a team that may not be awarded; see `team_refusal`.
        RuleViolation: no such bid, too many, too much money, a grant too large for what the demand side
            pays, too short, or bids passed over without a reason.
    """
    challenge = get_challenge(session, actor, challenge_id, lock=True)
    require_right(actor, challenge, Action.NOTICE)
    facts = facts_of(session, challenge, now=now)
    require_possible(Action.NOTICE, facts)
    least = challenge.demand_rules.notice_days
    if days is not None and days < least:
        raise violation("/days", "notice-too-short", f"公示不得少于{least}个工作日。")
    ranked = ranking(session, challenge)
    bids = {one.bid.id: one.bid for one in ranked}
    rows = _winners(challenge, bids, winners)
    for row in rows:
        refusal = team_refusal(session, bids[row["bid_id"]], day=china_day(now))
        if refusal is not None:
            raise Conflict(f"不能公示：{refusal.detail}", code=refusal.code)
    places = [one.place for one in ranked]
    if not reason and skips_better(places, {row["bid_id"] for row in rows}):
        raise violation("/reason", "winner-not-first", "未按评审名次确定的，请写明理由。")
    today = china_day(now)
    notice = Notice(
        challenge_id=challenge.id,
        winners=rows,
        reason=reason,
        starts_on=today,
        ends_on=working_days_after(today, days or least, is_workday=is_workday(session)),
        published_by=actor.user_id,
        published_at=now,
    )
    session.add(notice)
    session.flush()
    take_step(session, actor, challenge, Action.NOTICE, facts=facts, now=now)
    return notice


def _winners(
    challenge: Challenge, bids: Mapping[int, Bid], winners: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    if len({one["bid_id"] for one in winners}) != len(winners):
        raise violation("/winners", "winner-twice", "同一揭榜申报不能列两次。")
    if not 1 <= len(winners) <= challenge.max_awards:
        raise violation("/winners", "awards-out-of-range", f"该项目最多立{challenge.max_awards}项。")
    rows = []
    for place, one in enumerate(winners):
        bid = bids.get(one["bid_id"])
        if bid is None:
            raise violation(f"/winners/{place}/bid_id", "bid-not-found", "没有找到通过形式审查的该揭榜申报。")
        amount = one.get("amount_fen") or bid.amount_fen
        if amount > bid.amount_fen:
            raise violation(f"/winners/{place}/amount_fen", "award-over-bid", "金额不能超过揭榜方的报价。")
        rows.append(
            {
                "bid_id": bid.id,
                "unit": bid.organisation.name,
                "amount_fen": amount,
                "grant_fen": one["grant_fen"],
            }
        )
    if sum(row["amount_fen"] for row in rows) > challenge.budget_fen:
        raise violation("/winners", "awards-over-budget", "金额合计不能超过榜单的企业投入。")
    if sum(row["grant_fen"] for row in rows) > challenge.grant_fen:
        raise violation("/winners", "awards-over-grant", "资助合计不能超过榜单的财政资助。")
    for place, row in enumerate(rows):
        pointer, rules = f"/winners/{place}/grant_fen", challenge.demand_rules
        fault = grant_fault(row["amount_fen"], row["grant_fen"], rules, pointer=pointer)
        if fault is not None:
            raise violation(fault.pointer, fault.code, fault.detail, source=fault.source)
    return rows


def raise_objection(
    session: Session, actor: Actor, challenge_id: int, *, words: str, evidence: str | None, now: datetime
) -> ChallengeObjection:
    """Object to a notice while it runs, as anybody with an account.

    Raises:
        Conflict: no notice runs, or an earlier one of the actor is not answered yet.
    """
    challenge = get_challenge(session, actor, challenge_id, lock=True)
    require_right(actor, challenge, Action.OBJECT)
    facts = facts_of(session, challenge, now=now)
    require_possible(Action.OBJECT, facts)
    notice = standing_notice(session, challenge.id)
    assert notice is not None
    if facts.notice_ended:
        raise Conflict(f"公示期已于{notice.ends_on.isoformat()}届满。", code="objections-closed")
    earlier = select(ChallengeObjection.id).where(
        ChallengeObjection.challenge_id == challenge.id,
        ChallengeObjection.filed_by == actor.user_id,
        ChallengeObjection.status == ObjectionStatus.OPEN,
    )
    if session.scalar(earlier) is not None:
        raise Conflict("您已有一项异议待答复。", code="objection-filed")
    objection = ChallengeObjection(
        challenge_id=challenge.id,
        notice_id=notice.id,
        words=words,
        evidence=evidence,
        filed_by=actor.user_id,
        filed_at=now,
    )
    session.add(objection)
    session.flush()
    _ = objection.filer and objection.filer.organisation  # shown after the session ends
    take_step(session, actor, challenge, Action.OBJECT, facts=facts, now=now)
    return objection


def answer_objection(
    session: Session, actor: Actor, objection_id: int, *, upheld: bool, answer: str, now: datetime
) -> ChallengeObjection:
    """Answer an objection as the bureau. One that is upheld withdraws the notice and reopens the review.

    Where the review has been reopened, or the challenge called off, there is only the answer left to give.

    Raises:
        NotFound: there is none.
        PermissionDenied: another region's bureau.
        Conflict: answered already.
    """
    objection = get_or_not_found(session, ChallengeObjection, objection_id, name="异议")
    challenge = get_challenge(session, actor, objection.challenge_id, lock=True)
    require_right(actor, challenge, Action.ANSWER)
    session.refresh(objection)  # as it stands now that its challenge is locked
    _ = objection.filer and objection.filer.organisation  # shown after the session ends
    facts = facts_of(session, challenge, now=now)
    if objection.status is not ObjectionStatus.OPEN:
        raise Conflict("该异议已经答复。", code="objection-answered")
    require_possible(Action.ANSWER, facts)
    objection.status = ObjectionStatus.UPHELD if upheld else ObjectionStatus.DISMISSED
    objection.answer, objection.answered_by, objection.answered_at = answer, actor.user_id, now
    take_step(session, actor, challenge, Action.ANSWER, facts=facts, now=now)
    if upheld and challenge.status is Status.NOTICED:
        _reopen(session, actor, challenge, note="异议成立", now=now)
    return objection


def withdraw_notice(session: Session, actor: Actor, challenge_id: int, *, note: str, now: datetime) -> Notice:
    """Withdraw the notice that stands and reopen the review, as where a winner may no longer be awarded.

    Raises:
        PermissionDenied: another region's bureau.
        Conflict: no notice stands.
    """
    challenge = get_challenge(session, actor, challenge_id, lock=True)
    require_right(actor, challenge, Action.REOPEN)
    require_possible(Action.REOPEN, facts_of(session, challenge, now=now))
    return _reopen(session, actor, challenge, note=note, now=now)


def _reopen(session: Session, actor: Actor, challenge: Challenge, *, note: str, now: datetime) -> Notice:
    notice = standing_notice(session, challenge.id)
    assert notice is not None
    notice.withdrawn_at = now
    facts = facts_of(session, challenge, now=now)
    take_step(session, actor, challenge, Action.REOPEN, facts=facts, now=now, note=note)
    return notice
