"""Steps of a referral: made by the engine, decided by a broker, carried on by the two sides.

Every step goes through `steps.take_step`, as those of suggestions do.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from market.accounts.queries import get_user
from market.accounts.rules import Actor, Role
from market.clock import china_day
from market.errors import Conflict, NotFound, PermissionDenied, violation
from market.libraries.models import Talent
from market.libraries.service.talents import contact_of
from market.matches.models import Referral
from market.matches.queries import referrals as queries
from market.matches.queries.referrals import Case
from market.matches.rules import Action, Status
from market.matches.rules.referrals import ReferralSide, is_involved
from market.matches.service.steps import take_step
from market.matches.service.suggestions import REASON_SCHEMES
from market.reference.queries import check_codes


def assign_referral(
    session: Session, actor: Actor, referral_id: int, *, broker_id: int, now: datetime
) -> Case:
    """Put a referral on a broker's desk: brokers take it themselves, an admin gives it to anyone.

    Raises:
        NotFound: no such referral or user.
        PermissionDenied: the actor may not assign it, or the broker has an interest in it.
        Conflict: it is not open any more, or on another broker's desk.
        RuleViolation: the user is not a broker.
    """
    case = _locked(session, actor, referral_id, now=now)
    if actor.role is not Role.ADMIN:
        if actor.role is not Role.BROKER or broker_id != actor.user_id:
            raise PermissionDenied("技术经纪人只能把引荐领到自己名下。", code="role-not-allowed")
        if case.referral.broker_id not in {None, actor.user_id}:
            raise Conflict("该引荐已由其他技术经纪人承办。", code="already-assigned")
    broker = get_user(session, broker_id)
    if broker.role is not Role.BROKER or not broker.active:
        raise violation("/broker_id", "not-a-broker", "承办人必须是在任的技术经纪人。")
    _refuse_conflict(case, organisation_id=broker.organisation_id, user_id=broker.id)
    case.referral.broker_id = broker.id
    take_step(session, actor, case.referral, Action.ASSIGN, now=now)
    return case


def review_referral(
    session: Session,
    actor: Actor,
    referral_id: int,
    *,
    decision: Action,
    reason_code: str,
    words: str,
    now: datetime,
) -> Case:
    """Recommend or decline a referral, as a broker without an interest in it.

    Args:
        session: open transaction.
        actor: the broker; an unassigned referral becomes theirs.
        referral_id: which one.
        decision: RECOMMEND or DECLINE.
        reason_code: of the list `recommend_reason` or `decline_reason`.
        words: the reason in the broker's words; both sides read it if it is recommended.
        now: present time.

    Raises:
        NotFound: no such referral.
        PermissionDenied: not a verified broker, an interest, or another broker's desk.
        Conflict: it has been decided.
        RuleViolation: the reason code is unknown.
    """
    case = _locked(session, actor, referral_id, now=now)
    referral = case.referral
    if actor.role is not Role.BROKER or not actor.verified:
        raise PermissionDenied("只有已核验机构的技术经纪人可以审核引荐。", code="role-not-allowed")
    _refuse_conflict(case, organisation_id=actor.organisation_id, user_id=actor.user_id)
    if referral.broker_id not in {None, actor.user_id}:
        raise PermissionDenied("该引荐由其他技术经纪人承办。", code="already-assigned")
    check_codes(session, [("/reason_code", REASON_SCHEMES[decision], reason_code)])
    referral.broker_id = actor.user_id
    referral.decided_at = now
    referral.reason_code = reason_code
    take_step(session, actor, referral, decision, now=now, reason_code=reason_code, words=words)
    return case


def express_interest(
    session: Session,
    actor: Actor,
    referral_id: int,
    *,
    interested: bool,
    words: str | None,
    now: datetime,
) -> Case:
    """Say for one side whether it wants to talk; whoever speaks for both says it for both.

    The records stay on the market: to talk to an expert does not end the search for an achievement.

    Raises:
        NotFound: no such referral, or not recommended.
        PermissionDenied: the actor speaks for neither side.
        Conflict: the referral is not waiting for this, or one of the records is no longer on the market.
    """
    case = _locked(session, actor, referral_id, now=now)
    referral = case.referral
    if not case.sides:
        raise PermissionDenied("只有引荐的双方可以表达意向。", code="not-a-party")
    if not interested:
        take_step(session, actor, referral, Action.DISINTEREST, now=now, side=case.sides[0], words=words)
    for side in case.sides:
        if interested:
            take_step(session, actor, referral, Action.INTEREST, now=now, side=side, words=words)
        if side is ReferralSide.DEMAND:
            referral.demand_interest = interested
        else:
            referral.supply_interest = interested
    if referral.demand_interest and referral.supply_interest:
        if not (case.demand.on_market and case.supply.on_market):
            raise Conflict("其中一方已不在市场上，不能开始对接。", code="record-off-market")
        take_step(session, actor, referral, Action.AGREE, now=now)
    session.flush()  # draws the new version
    return case


def record_outcome(
    session: Session,
    actor: Actor,
    referral_id: int,
    *,
    signed: bool,
    reason_code: str | None,
    words: str,
    now: datetime,
) -> Case:
    """Say how the talks ended: with an arrangement, or without.

    Args:
        session: open transaction.
        actor: one of the sides, or the broker in charge.
        referral_id: which one.
        signed: whether a contract, a booking or another arrangement was made.
        reason_code: of the list `failure_reason`; required if nothing was made.
        words: what happened.
        now: present time.

    Raises:
        PermissionDenied: neither a side nor the broker in charge.
        Conflict: the sides have not agreed to talk, or the outcome is known.
        RuleViolation: no reason, or an unknown one.
    """
    case = _locked(session, actor, referral_id, now=now)
    referral = case.referral
    in_charge = actor.role is Role.BROKER and referral.broker_id == actor.user_id
    if not case.sides and not in_charge:
        raise PermissionDenied("只有引荐的双方和承办的技术经纪人可以操作。", code="not-a-party")
    side = case.sides[0] if case.sides else None
    if signed:
        take_step(session, actor, referral, Action.SIGN, now=now, side=side, words=words)
        return case
    if reason_code is None:
        raise violation("/reason_code", "reason-missing", "未成交时请选择原因。")
    check_codes(session, [("/reason_code", REASON_SCHEMES[Action.FAIL], reason_code)])
    take_step(session, actor, referral, Action.FAIL, now=now, side=side, reason_code=reason_code, words=words)
    return case


def read_contact(session: Session, actor: Actor, referral_id: int, *, now: datetime) -> str | None:
    """Return how the expert of a referral can be reached, once both sides want to talk.

    Args:
        session: open transaction; who asked is written down in it.
        actor: the side that needs the expert, or the broker in charge.
        referral_id: a referral of an expert.
        now: present time.

    Raises:
        NotFound: no such referral, or it is none of an expert.
        PermissionDenied: the sides have not agreed, the actor has no part in it, or the person did not
            consent to being contacted.
    """
    case = _locked(session, actor, referral_id, now=now)
    talent = case.supply.row
    if not isinstance(talent, Talent):
        raise NotFound("该引荐不涉及人才库中的人，没有个人联系方式。", code="no-contact")
    in_charge = actor.role is Role.BROKER and case.referral.broker_id == actor.user_id
    agreed = case.referral.status in {Status.AGREED, Status.CONTRACTED}
    concerned = in_charge or ReferralSide.DEMAND in case.sides
    return contact_of(session, actor, talent, released=agreed and concerned, now=now)


def take_engine_step(
    session: Session, actor: Actor, referral: Referral, action: Action, *, now: datetime
) -> None:
    """Record that the engine dropped or revived a referral."""
    if action is Action.REVIVE:
        # What was decided and said was about the records as they stood before.
        referral.reason_code = referral.decided_at = None
        referral.demand_interest = referral.supply_interest = None
    take_step(session, actor, referral, action, now=now)


def _locked(session: Session, actor: Actor, referral_id: int, *, now: datetime) -> Case:
    return queries.get_referral(session, actor, referral_id, today=china_day(now), lock=True)


def _refuse_conflict(case: Case, *, organisation_id: int | None, user_id: int | None) -> None:
    for one in (case.demand, case.supply):
        if is_involved(one.standing, organisation_id=organisation_id, user_id=user_id):
            raise PermissionDenied("本单位或本人是其中一方，应当回避。", code="conflict-of-interest")
