"""The work of an award: reviews, rectification, acceptance, termination, grant payments."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.challenges.models import Award, AwardReview, GrantPayment
from market.challenges.queries.awards import get_award, has_live_award
from market.challenges.queries.scores import facts_of_award
from market.challenges.rules import (
    REVIEW_ACTIONS,
    Action,
    AwardReviewKind,
    Payee,
    ReviewDecision,
    owner_part,
)
from market.challenges.service.awards import advance_technology, hold_origins, sign_need
from market.challenges.service.steps import require_possible, require_right, take_award_step
from market.clock import china_day
from market.errors import Conflict, NotFound, violation
from market.libraries.models import Project
from market.libraries.rules import EntryStatus
from market.libraries.rules.projects import CLOSED, Payer
from market.libraries.rules.technologies import OPEN, SOLVED
from market.libraries.service.project_access import require_acceptable
from market.libraries.service.projects import close_project, record_payment, withdraw_payment
from market.search.documents import Encoder
from market.typesetting.amounts import wan_text

PAYEE_NAMES = {Payee.SOLVER: "揭榜方", Payee.OWNER: "需求方"}


def review_award(
    session: Session,
    actor: Actor,
    award_id: int,
    *,
    kind: AwardReviewKind,
    decision: ReviewDecision,
    note: str,
    rectify_by: date | None = None,
    encoder: Encoder,
    now: datetime,
) -> Award:
    """Decide a midterm review or an acceptance, as the bureau.

    Each of the two asks for a rectification once at the most. Acceptance closes the project and solves
    the technology; termination closes it as not accepted. Other awards of a race go on.

    Args:
        session: open transaction.
        actor: the bureau.
        award_id: an award whose work has begun.
        kind: which review.
        decision: what it decides.
        note: grounds.
        rectify_by: last day of a rectification; needed for one.
        encoder: makes vectors.
        now: present time.

    Raises:
        NotFound: there is none.
        PermissionDenied: another region's bureau.
        Conflict: not under way, `rectified-already`, or `milestones-open`.
        RuleViolation: a rectification without a day ahead.
    """
    award = get_award(session, actor, award_id, lock=True)
    action = REVIEW_ACTIONS[kind, decision]
    require_right(actor, award.challenge, action)
    facts = facts_of_award(session, award, kind=kind)
    require_possible(action, facts)
    if decision is ReviewDecision.RECTIFY and (rectify_by is None or rectify_by <= china_day(now)):
        raise violation("/rectify_by", "rectify-by-missing", "请写明整改期限，且应在今天之后。")
    award.reviews.append(
        AwardReview(
            kind=kind,
            decision=decision,
            note=note,
            rectify_by=rectify_by if decision is ReviewDecision.RECTIFY else None,
            reviewed_by=actor.user_id,
            reviewed_at=now,
        )
    )
    if action in {Action.ACCEPT, Action.TERMINATE}:
        accepted = action is Action.ACCEPT
        _end(session, actor, award, accepted=accepted, note=note, encoder=encoder, now=now)
    take_award_step(session, actor, award, action, facts=facts, now=now, note=note)
    _follow(session, actor, award, action, encoder=encoder, now=now)
    return award


def terminate_award(
    session: Session, actor: Actor, award_id: int, *, note: str, encoder: Encoder, now: datetime
) -> Award:
    """End an award before it was accepted, whatever its state, as the bureau.

    Raises:
        NotFound: there is none.
        PermissionDenied: another region's bureau.
        Conflict: it is over.
    """
    award = get_award(session, actor, award_id, lock=True)
    require_right(actor, award.challenge, Action.TERMINATE)
    facts = facts_of_award(session, award)
    require_possible(Action.TERMINATE, facts)
    _end(session, actor, award, accepted=False, note=note, encoder=encoder, now=now)
    take_award_step(session, actor, award, Action.TERMINATE, facts=facts, now=now, note=note)
    _follow(session, actor, award, Action.TERMINATE, encoder=encoder, now=now)
    return award


def _end(
    session: Session,
    actor: Actor,
    award: Award,
    *,
    accepted: bool,
    note: str,
    encoder: Encoder,
    now: datetime,
) -> None:
    """Close the award's project too; one that was closed in the pool before must agree."""
    hold_origins(session, award.challenge)
    award.ended_on = china_day(now)
    project = session.get(Project, award.project_id)
    assert project is not None
    if project.stage == CLOSED and project.closing_accepted != accepted:
        raise Conflict("该项目已在项目库结题，结论与此不一致。", code="project-closed")
    if accepted:
        require_acceptable(project)
    if project.status is EntryStatus.LISTED and project.stage != CLOSED:
        close_project(session, actor, project, accepted=accepted, note=note, encoder=encoder, now=now)


def _follow(
    session: Session, actor: Actor, award: Award, action: Action, *, encoder: Encoder, now: datetime
) -> None:
    """Let technology and need follow the end of an award."""
    challenge = award.challenge
    if action is Action.ACCEPT:
        sign_need(session, actor, challenge, now=now)
        advance_technology(session, actor, challenge, SOLVED, encoder=encoder, now=now)
    elif action is Action.TERMINATE and not has_live_award(session, challenge.technology_id):
        advance_technology(session, actor, challenge, OPEN, encoder=encoder, now=now)


def pay_grant(
    session: Session,
    actor: Actor,
    award_id: int,
    *,
    payee: Payee,
    amount_fen: int,
    paid_on: date,
    note: str | None = None,
    now: datetime,
) -> GrantPayment:
    """Record a payment of the grant, as the bureau; it stands with the award's project too.

    Raises:
        NotFound: there is none.
        PermissionDenied: another region's bureau.
        Conflict: nothing is due yet, as before acceptance where the grant follows results; no registered
            contract stands, or the project was closed.
        RuleViolation: more than the grant or the demand side's part of it, or paid before the award.
    """
    award = get_award(session, actor, award_id, lock=True)
    challenge = award.challenge
    require_right(actor, challenge, Action.PAY)
    facts = facts_of_award(session, award)
    require_possible(Action.PAY, facts)
    if paid_on < award.awarded_on:
        raise violation("/paid_on", "paid-before-award", "拨付日期不能早于立项日期。")
    standing = [one for one in award.grant_payments if one.withdrawn_at is None]
    paid = sum(one.amount_fen for one in standing) + amount_fen
    kept = sum(one.amount_fen for one in standing if one.payee is Payee.OWNER)
    if paid > award.grant_fen:
        raise violation("/amount_fen", "payments-over-grant", "累计拨付不能超过立项的财政资助。")
    most = owner_part(award.grant_fen, challenge.solver_percent)
    if payee is Payee.OWNER and kept + amount_fen > most:
        raise violation(
            "/amount_fen", "solver-share-low",
            f"付给揭榜方的资助不得低于{challenge.solver_percent}%，拨给需求方的累计不能超过{wan_text(most)}万元。",
        )  # fmt: skip
    words = f"揭榜挂帅资助，付给{PAYEE_NAMES[payee]}"
    held = record_payment(
        session, actor, award.project_id, payer=Payer.GRANT, amount_fen=amount_fen, paid_on=paid_on,
        note=words, held_elsewhere=True, now=now,
    )  # fmt: skip
    payment = GrantPayment(
        project_payment_id=held.id,
        payee=payee,
        amount_fen=amount_fen,
        paid_on=paid_on,
        note=note,
        recorded_by=actor.user_id,
        recorded_at=now,
    )
    award.grant_payments.append(payment)
    take_award_step(session, actor, award, Action.PAY, facts=facts, now=now, note=words)
    return payment


def withdraw_grant_payment(
    session: Session, actor: Actor, payment_id: int, *, note: str, now: datetime
) -> GrantPayment:
    """Withdraw a payment of the grant that was recorded by mistake, here and with the project at once.

    Both stay on record and count no more.

    Raises:
        NotFound: there is none.
        PermissionDenied: another region's bureau.
        Conflict: it was withdrawn already.
    """
    award_id = session.scalar(select(GrantPayment.award_id).where(GrantPayment.id == payment_id))
    if award_id is None:
        raise NotFound("没有找到该笔资助拨付。", code="payment-not-found")
    award = get_award(session, actor, award_id, lock=True)
    require_right(actor, award.challenge, Action.WITHDRAW_PAYMENT)
    payment = next(one for one in award.grant_payments if one.id == payment_id)
    if payment.withdrawn_at is not None:
        raise Conflict("该笔资助拨付已经冲销。", code="payment-withdrawn")
    withdraw_payment(
        session, actor, award.project_id, payment.project_payment_id, note=note, held_elsewhere=True, now=now
    )
    payment.withdrawn_by, payment.withdrawn_at = actor.user_id, now
    facts = facts_of_award(session, award)
    take_award_step(session, actor, award, Action.WITHDRAW_PAYMENT, facts=facts, now=now, note=note)
    return payment
