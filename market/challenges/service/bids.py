"""Bids of teams: written, handed in and withdrawn before the deadline, formally checked after it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.rules import Actor, OrganisationStatus
from market.challenges.models import Bid, BidMember, Challenge
from market.challenges.queries.bids import lock_bid
from market.challenges.queries.challenges import get_challenge
from market.challenges.queries.panels import is_anyone_barred
from market.challenges.queries.scores import facts_of
from market.challenges.rules import (
    BID_STATUS_NAMES,
    BID_STEPS,
    SEALED,
    Action,
    BidAction,
    BidStatus,
    Mode,
    Refusal,
    Status,
    is_late,
)
from market.challenges.service.steps import BIDDERS, audit_bid, require_possible, require_right, take_step
from market.clock import china_day
from market.conduct.queries import barred_people, blocking
from market.conduct.rules import NO_BIDS
from market.db import require_version
from market.errors import Conflict, PermissionDenied, violation
from market.libraries.service.forms.projects import check_talent


def begin_bid(
    session: Session, actor: Actor, challenge_id: int, *, form: Mapping[str, Any], now: datetime
) -> Bid:
    """Begin a bid as the unit that leads a team.

    Args:
        session: open transaction.
        actor: member of a verified enterprise or university other than the demand side.
        challenge_id: a challenge whose call is open.
        form: `leader_name` or `leader_talent_id`, `plan`, `amount_fen`, `months`, and optional
            `confidential`, `results` and `members`.
        now: present time.

    Raises:
        PermissionDenied: the unit does not bid here, or is barred.
        Conflict: `bid-after-deadline`, the call has not begun, or the unit has a bid already.
        RuleViolation: an unknown person or unit, or more money or time than the challenge has.
    """
    challenge = get_challenge(session, actor, challenge_id, lock=True)
    _require_bidder(session, actor, challenge, now=now)
    require_open_call(challenge, now=now)
    values = dict(form)
    members = values.pop("members", [])
    _check_form(session, actor, challenge, values=values, given=values, members=members)
    assert actor.organisation_id is not None
    bid = Bid(
        **values,
        challenge=challenge,
        organisation_id=actor.organisation_id,
        status=BidStatus.DRAFT,
        members=[_member(one) for one in members],
        created_by=actor.user_id,
        created_at=now,
        updated_at=now,
    )
    standing = select(Bid.id).where(
        Bid.challenge_id == challenge.id,
        Bid.organisation_id == actor.organisation_id,
        Bid.status != BidStatus.WITHDRAWN,
    )
    if session.scalar(standing) is not None:
        raise _bid_exists()
    session.add(bid)
    try:
        session.flush()  # draws the id; a lost race stops here
    except IntegrityError as error:
        if "standing" in str(error.orig) or "challenge_bids.challenge_id" in str(error.orig):
            raise _bid_exists() from None
        raise
    session.refresh(bid)
    audit_bid(session, actor, bid.id, BidAction.CREATE, now=now)
    return bid


def _bid_exists() -> Conflict:
    return Conflict("贵单位对该项目已有揭榜申报。", code="bid-exists")


def _require_bidder(session: Session, actor: Actor, challenge: Challenge, *, now: datetime) -> None:
    if actor.role not in BIDDERS:
        raise PermissionDenied("由企业或高校院所作为牵头单位揭榜。", code="role-not-allowed")
    if not actor.verified:
        raise PermissionDenied("贵单位尚未通过核验，不能揭榜。", code="organisation-not-verified")
    assert actor.organisation_id is not None
    if actor.organisation_id == challenge.organisation_id:
        raise PermissionDenied("需求方不能揭自己的榜。", code="bidder-is-owner")
    if challenge.mode is Mode.DIRECTED and challenge.invited_id != actor.organisation_id:
        raise PermissionDenied("该项目定向委托给其他单位。", code="not-invited")
    region, unit = challenge.region_code, actor.organisation_id
    if is_anyone_barred(session, [unit], talent_ids=(), region=region, day=china_day(now)):
        raise PermissionDenied("贵单位在诚信记录限制期内，不能揭榜。", code="bidder-barred")
    listed = blocking(session, [actor.organisation_id], china_day(now))
    if listed:
        detail = f"贵单位在黑榜上，至{listed[0].expires_on.isoformat()}届满；红黑榜规则：{NO_BIDS}。"
        raise PermissionDenied(detail, code="conduct-blacklisted")


def require_open_call(challenge: Challenge, *, now: datetime) -> None:
    """Refuse what is only done while the call is open, by the server's clock.

    Raises:
        Conflict: `bid-after-deadline`, or `illegal-transition` where the call has not begun.
    """
    if challenge.status in SEALED - {Status.CALLING}:
        raise Conflict("该项目尚未开始揭榜。", code="illegal-transition")
    if challenge.status is not Status.CALLING or is_late(challenge.closes_at, now=now):
        raise Conflict("揭榜已经截止，不再接受申报、修改和撤回。", code="bid-after-deadline")


def _check_form(
    session: Session,
    actor: Actor,
    challenge: Challenge,
    *,
    values: Mapping[str, Any],
    given: Mapping[str, Any],
    members: Sequence[Mapping[str, Any]] | None,
    standing: Collection[int | None] = (),
) -> None:
    """Check a bid as it will stand; people only where they are `given` now.

    `members` are those given, None if the `standing` ones of the talent pool stay.
    """
    if (values.get("leader_name") is None) == (values.get("leader_talent_id") is None):
        raise violation("/leader_name", "leader-missing", "请填写负责人姓名，或指明人才库中的一人。")
    if given.get("leader_talent_id") is not None:
        check_talent(session, actor, given["leader_talent_id"], pointer="/leader_talent_id")
        if members is None and given["leader_talent_id"] in standing:
            raise violation("/leader_talent_id", "member-twice", "负责人已在团队成员中，同一人不能出现两次。")
    if values["amount_fen"] > challenge.budget_fen:
        raise violation("/amount_fen", "bid-over-budget", "报价不能超过榜单的企业投入。")
    if values["months"] > challenge.duration_months:
        raise violation("/months", "bid-too-long", "实施期限不能超过榜单的期限。")
    linked = [values.get("leader_talent_id")]
    for place, member in enumerate(members or ()):
        if (member.get("name") is None) == (member.get("talent_id") is None):
            raise violation(
                f"/members/{place}/name", "member-missing", "请填写成员姓名，或指明人才库中的一人。"
            )
        if member.get("talent_id") is not None:
            check_talent(session, actor, member["talent_id"], pointer=f"/members/{place}/talent_id")
            if member["talent_id"] in linked:
                raise violation(f"/members/{place}/talent_id", "member-twice", "同一人在团队中出现两次。")
            linked.append(member["talent_id"])
        if member.get("organisation_id") is not None and (
            session.get(Organisation, member["organisation_id"]) is None
        ):
            raise violation(f"/members/{place}/organisation_id", "organisation-not-found", "没有找到该单位。")


def _member(form: Mapping[str, Any]) -> BidMember:
    """Return one of a team; of somebody in the talent pool neither name nor unit is kept."""
    linked = form.get("talent_id") is not None
    return BidMember(
        talent_id=form.get("talent_id"),
        name=None if linked else form["name"],
        unit=None if linked else form.get("unit"),
        organisation_id=form.get("organisation_id"),
        duty=form.get("duty"),
    )


def _own_bid(session: Session, actor: Actor, bid_id: int, action: BidAction, *, now: datetime) -> Bid:
    """Return one's own bid, with its challenge locked, if this step can be taken now."""
    bid = lock_bid(session, actor, bid_id)
    if bid.organisation_id != actor.organisation_id:
        raise PermissionDenied("只有牵头单位可以办理自己的揭榜申报。", code="not-lead-unit")
    if action is not BidAction.WITHDRAW:  # which is open to those who were barred meanwhile
        _require_bidder(session, actor, bid.challenge, now=now)
    require_open_call(bid.challenge, now=now)
    _require_bid_state(bid, action)
    return bid


def _require_bid_state(bid: Bid, action: BidAction) -> None:
    if bid.status not in BID_STEPS[action].sources:
        detail = f"该揭榜申报现为“{BID_STATUS_NAMES[bid.status]}”，不能进行此操作。"
        raise Conflict(detail, code="illegal-transition")


def edit_bid(
    session: Session,
    actor: Actor,
    bid_id: int,
    *,
    changes: Mapping[str, Any],
    version: int,
    now: datetime,
) -> Bid:
    """Change one's own bid before the deadline, also one that was handed in.

    Raises:
        NotFound, PermissionDenied, StaleVersion, Conflict, RuleViolation: as `begin_bid`; of one that was
            handed in, also as `submit_bid`.
    """
    bid = _own_bid(session, actor, bid_id, BidAction.EDIT, now=now)
    require_version(bid.version, version)
    names = ("leader_name", "leader_talent_id", "amount_fen", "months")
    given = dict(changes)
    if given.get("leader_talent_id") is not None:
        given.setdefault("leader_name", None)
    elif given.get("leader_name") is not None:
        given.setdefault("leader_talent_id", None)
    members = given.pop("members", None)
    values = {**{name: getattr(bid, name) for name in names}, **given}
    standing = {one.talent_id for one in bid.members}
    _check_form(session, actor, bid.challenge, values=values, given=given, members=members, standing=standing)
    for name, value in given.items():
        setattr(bid, name, value)
    if members is not None:
        bid.members.clear()
        session.flush()  # the old ones go before the new ones come
        bid.members.extend(_member(one) for one in members)
    bid.updated_at = now
    session.flush()  # draws the new version
    session.refresh(bid)
    if bid.status is BidStatus.SUBMITTED:
        _require_complete(session, bid, now=now)
    audit_bid(session, actor, bid.id, BidAction.EDIT, now=now)
    return bid


def _require_complete(session: Session, bid: Bid, *, now: datetime) -> None:
    """Refuse a bid that cannot stand as handed in."""
    if bid.challenge.mode is Mode.POST_SUBSIDY and not bid.results:
        raise violation("/results", "results-missing", "竞争后补助的申报须写明已取得的成果。")
    refusal = team_refusal(session, bid, day=china_day(now))
    if refusal is not None:
        raise PermissionDenied(refusal.detail, code=refusal.code)


def submit_bid(session: Session, actor: Actor, bid_id: int, *, now: datetime) -> Bid:
    """Hand one's own bid in before the deadline.

    Raises:
        NotFound, PermissionDenied, Conflict: as `begin_bid`; a member may be barred too.
        RuleViolation: results are missing where the grant follows them.
    """
    bid = _own_bid(session, actor, bid_id, BidAction.SUBMIT, now=now)
    _require_complete(session, bid, now=now)
    bid.submitted_at = now
    _take(session, actor, bid, BidAction.SUBMIT, now=now)
    return bid


def team_refusal(session: Session, bid: Bid, *, day: date) -> Refusal | None:
    """Say why a team may not bid or be awarded on a day: a unit without standing, a record, the black list.

    Asked of the lead unit, of the units of members, and of whoever is linked to the talent pool. The lead
    unit must be verified, and no unit suspended.
    """
    fallen = _without_standing(session, bid)
    if fallen is not None:
        return Refusal("organisation-not-verified", f"{fallen}未通过核验，或者已被停用。")
    units = {bid.organisation_id, *(one.organisation_id for one in bid.members)} - {None}
    people = {bid.leader_talent_id, *(one.talent_id for one in bid.members)} - {None}
    named = [one for one in people if one is not None]
    homes = [one for one in units if one is not None]
    if is_anyone_barred(session, homes, talent_ids=named, region=bid.challenge.region_code, day=day):
        return Refusal("bidder-barred", f"{bid.organisation.name}的团队中有单位或人员在诚信记录限制期内。")
    if blocking(session, homes, day) or barred_people(session, named, day):
        detail = f"{bid.organisation.name}的团队中有单位或人员在黑榜上；红黑榜规则：{NO_BIDS}。"
        return Refusal("conduct-blacklisted", detail)
    return None


def _without_standing(session: Session, bid: Bid) -> str | None:
    if bid.organisation.status is not OrganisationStatus.VERIFIED:
        return bid.organisation.name
    suspended = select(Organisation.name).where(
        Organisation.id.in_([one.organisation_id for one in bid.members if one.organisation_id is not None]),
        Organisation.status == OrganisationStatus.SUSPENDED,
    )
    return session.scalar(suspended.limit(1))


def withdraw_bid(session: Session, actor: Actor, bid_id: int, *, now: datetime) -> Bid:
    """Take one's own bid back before the deadline; the unit may begin another one.

    Raises:
        NotFound, PermissionDenied, Conflict: as `begin_bid`.
    """
    bid = _own_bid(session, actor, bid_id, BidAction.WITHDRAW, now=now)
    _take(session, actor, bid, BidAction.WITHDRAW, now=now)
    return bid


def _take(session: Session, actor: Actor, bid: Bid, action: BidAction, *, now: datetime) -> None:
    _require_bid_state(bid, action)
    bid.status = BID_STEPS[action].target or bid.status
    bid.updated_at = now
    session.flush()  # draws the new version
    audit_bid(session, actor, bid.id, action, now=now)


def settle_bid(session: Session, actor: Actor, bid: Bid, *, won: bool, now: datetime) -> None:
    """Mark a bid as chosen or passed over, as the consequence of the award."""
    _take(session, actor, bid, BidAction.AWARD if won else BidAction.PASS_OVER, now=now)


def check_bid(
    session: Session, actor: Actor, bid_id: int, *, passed: bool, note: str | None, now: datetime
) -> Bid:
    """Decide a bid's formal check as the bureau; with the last one the checks are finished.

    Where none has passed by then, the challenge has failed.

    Raises:
        NotFound: there is none that was handed in, or the call is open.
        PermissionDenied: another region's bureau.
        Conflict: checked already, not the time for it, or a team that may not pass; see `team_refusal`.
        RuleViolation: refused without a note.
    """
    bid = lock_bid(session, actor, bid_id)
    challenge = bid.challenge
    require_right(actor, challenge, Action.CHECK_BID)
    facts = facts_of(session, challenge, now=now)
    require_possible(Action.CHECK_BID, facts)
    if not passed and not note:
        raise violation("/note", "note-missing", "形式审查不通过时请写明理由。")
    refusal = team_refusal(session, bid, day=china_day(now)) if passed else None
    if refusal is not None:
        raise Conflict(f"形式审查不能通过：{refusal.detail}", code=refusal.code)
    bid.checked_by, bid.checked_at, bid.check_note = actor.user_id, now, note
    _take(session, actor, bid, BidAction.PASS if passed else BidAction.REFUSE, now=now)
    take_step(session, actor, challenge, Action.CHECK_BID, facts=facts, now=now, note=note, bid_id=bid.id)
    facts = facts_of(session, challenge, now=now)
    if facts.unchecked == 0:
        action = Action.FINISH_CHECKS if facts.passed else Action.FAIL
        take_step(session, actor, challenge, action, facts=facts, now=now)
    return bid
