"""Publishing lists, inviting, closing calls, calling off, and the annex for those who agreed to its terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.queries import get_organisation
from market.accounts.rules import Actor, OrganisationStatus, Role, oversees
from market.audit.service import record
from market.challenges.models import AnnexAgreement, Challenge, ChallengeRuleSet
from market.challenges.queries.bids import standing_bids
from market.challenges.queries.challenges import (
    get_challenge,
    has_agreed,
    is_bureau,
    is_owner,
    terms_digest,
)
from market.challenges.queries.panels import is_cleared
from market.challenges.queries.scores import facts_of, standing_notice
from market.challenges.rules import (
    BID_STEPS,
    MODE_NAMES,
    MOST_AHEAD,
    STEPS,
    Action,
    BidAction,
    DemandRules,
    Facts,
    Mode,
    Status,
    is_late,
)
from market.challenges.service.bids import settle_bid
from market.challenges.service.collecting import require_origins
from market.challenges.service.steps import BIDDERS, require_possible, require_right, take_step
from market.clock import china_day
from market.errors import Conflict, NotFound, PermissionDenied, violation
from market.libraries.models import Edition
from market.libraries.queries.challenges import CHALLENGE
from market.libraries.rules import Frozen, Register
from market.libraries.service.editions import freeze_edition, require_publisher
from market.reference.queries import check_region
from market.reference.rules import lies_within


def publish_list(
    session: Session,
    actor: Actor,
    *,
    region_code: str,
    ids: Sequence[int],
    closes_at: datetime,
    title: str | None = None,
    note: str | None = None,
    now: datetime,
) -> Edition:
    """Put screened challenges on a frozen, published list, and open the call for them.

    Commissioned ones (定向委托) stand on the list too; their call opens by an invitation.

    Args:
        session: open transaction.
        actor: the bureau of the region.
        region_code: whose list; challenges of regions inside it may stand on it.
        ids: which challenges, in this order.
        closes_at: the moment from which no bid is taken.
        title: of the list; None for one made of region and day.
        note: words that go with it.
        now: present time.

    Raises:
        PermissionDenied: another region's bureau.
        Conflict: one of them is not screened.
        RuleViolation: one is unknown, lies outside, or is of a need or technology that could not be
            collected any more; or the call would close before now or much later.
    """
    require_publisher(actor, region_code)
    _require_ahead(closes_at, now=now)
    chosen = []
    for place, challenge_id in enumerate(dict.fromkeys(ids)):
        try:
            challenge = get_challenge(session, actor, challenge_id)
        except NotFound as error:
            raise violation(f"/ids/{place}", "challenge-not-found", error.detail) from None
        if not lies_within(challenge.region_code, region_code):
            raise violation(f"/ids/{place}", "outside-region", "该榜单项目不属于本地区。")
        chosen.append(challenge)
    for challenge_id in sorted(challenge.id for challenge in chosen):  # always in one order
        get_challenge(session, actor, challenge_id, lock=True)
    for challenge in chosen:
        require_possible(Action.LIST, _unconditional(challenge, Action.LIST))
        require_origins(session, actor, challenge, pointer=f"/ids/{ids.index(challenge.id)}")
    for challenge in chosen:
        challenge.number = f"JB{china_day(now).year}{challenge.id:06d}"
        challenge.listed_at = now
        challenge.closes_at = None if challenge.mode is Mode.DIRECTED else closes_at
    session.flush()
    edition = freeze_edition(
        session, actor, Register.CHALLENGES, region_code=region_code, title=title, as_of=china_day(now),
        note=note, rows=[_frozen(challenge) for challenge in chosen], now=now,
    )  # fmt: skip
    for challenge in chosen:
        challenge.edition_id = edition.id
        facts = _unconditional(challenge, Action.LIST)
        take_step(session, actor, challenge, Action.LIST, facts=facts, now=now)
        if challenge.mode is not Mode.DIRECTED:
            facts = _unconditional(challenge, Action.OPEN)
            take_step(session, actor, challenge, Action.OPEN, facts=facts, now=now)
    return edition


def _unconditional(challenge: Challenge, action: Action) -> Facts:
    """Return the facts of a step without conditions, for which nothing has to be read; a list is long."""
    assert not STEPS[action].needs
    return Facts(mode=challenge.mode, status=challenge.status)


def _require_ahead(closes_at: datetime, *, now: datetime) -> None:
    if is_late(closes_at, now=now):
        raise violation("/closes_at", "deadline-past", "揭榜截止时间应在当前时间之后。")
    if closes_at > now + MOST_AHEAD:
        raise violation("/closes_at", "deadline-too-far", "揭榜截止时间应在两年以内。")


def _frozen(challenge: Challenge) -> Frozen:
    content: dict[str, Any] = {
        "kind": CHALLENGE,
        "number": challenge.number,
        "title": challenge.title,
        "mode": MODE_NAMES[challenge.mode],
        "owner": challenge.organisation.name,
        "region_code": challenge.region_code,
        "tech_field": challenge.tech_field,
        "chain_code": challenge.chain_code,
        "goals": challenge.goals,
        "indicators": [f"{one['name']}：{one['value']}" for one in challenge.indicators],
        "budget_fen": challenge.budget_fen,
        "grant_fen": challenge.grant_fen,
        "duration_months": challenge.duration_months,
        "closes_on": china_day(challenge.closes_at).isoformat() if challenge.closes_at else None,
    }
    return Frozen(challenge.id, f"{CHALLENGE}:{challenge.id}", challenge.title, content)


def invite(
    session: Session,
    actor: Actor,
    challenge_id: int,
    *,
    organisation_id: int,
    closes_at: datetime,
    now: datetime,
) -> Challenge:
    """Invite the one unit that is to be commissioned, as the bureau; nobody else may bid.

    Raises:
        PermissionDenied: another region's bureau.
        Conflict: not a commissioned challenge on a list.
        RuleViolation: the unit cannot bid, or the time is past or too far ahead.
    """
    challenge = get_challenge(session, actor, challenge_id, lock=True)
    require_right(actor, challenge, Action.INVITE)
    facts = facts_of(session, challenge, now=now)
    require_possible(Action.INVITE, facts)
    _require_ahead(closes_at, now=now)
    try:
        unit = get_organisation(session, organisation_id)
    except NotFound as error:
        raise violation("/organisation_id", "organisation-not-found", error.detail) from None
    bids = unit.kind.value in {role.value for role in BIDDERS} and unit.id != challenge.organisation_id
    if not bids or unit.status is not OrganisationStatus.VERIFIED:
        raise violation(
            "/organisation_id", "cannot-be-invited", "只能邀请已核验的企业或高校院所，且不能是需求方本身。"
        )
    challenge.invited, challenge.closes_at = unit, closes_at
    take_step(session, actor, challenge, Action.INVITE, facts=facts, now=now)
    return challenge


def postpone_call(
    session: Session, actor: Actor, challenge_id: int, *, closes_at: datetime, note: str, now: datetime
) -> Challenge:
    """Put the deadline of a call off, as the bureau; the challenge shows when and why it was done.

    The published list stays as it is. No bid has been read yet, whether the old deadline is over or not.

    Raises:
        PermissionDenied: another region's bureau.
        Conflict: the call is not open.
        RuleViolation: a moment past, too far ahead, or not later than the announced one.
    """
    challenge = get_challenge(session, actor, challenge_id, lock=True)
    require_right(actor, challenge, Action.POSTPONE)
    facts = _unconditional(challenge, Action.POSTPONE)
    require_possible(Action.POSTPONE, facts)
    _require_ahead(closes_at, now=now)
    announced = challenge.closes_at
    assert announced is not None
    if closes_at <= announced:
        raise violation("/closes_at", "deadline-earlier", "截止时间只能往后延，应晚于已经公布的时间。")
    challenge.postponements = [
        *challenge.postponements,
        {
            "announced": announced.isoformat(),
            "closes_at": closes_at.isoformat(),
            "note": note,
            "at": now.isoformat(),
        },
    ]
    challenge.closes_at = closes_at
    take_step(session, actor, challenge, Action.POSTPONE, facts=facts, now=now, note=note)
    return challenge


def close_call(session: Session, actor: Actor, challenge_id: int, *, now: datetime) -> Challenge:
    """Close a call whose time is over, as the bureau; without any bid the challenge has failed.

    Raises:
        PermissionDenied: another region's bureau.
        Conflict: the call is not open, or its time is not over.
    """
    challenge = get_challenge(session, actor, challenge_id, lock=True)
    require_right(actor, challenge, Action.CLOSE)
    facts = facts_of(session, challenge, now=now)
    take_step(session, actor, challenge, Action.CLOSE, facts=facts, now=now)
    closed = facts_of(session, challenge, now=now)
    if closed.standing == 0:
        take_step(session, actor, challenge, Action.FAIL, facts=closed, now=now, note="无人揭榜")
    return challenge


def cancel_challenge(
    session: Session, actor: Actor, challenge_id: int, *, note: str, now: datetime
) -> Challenge:
    """Call a challenge off before anything is awarded, as the bureau.

    Its notice is withdrawn, and bids that could have won are passed over. What was sealed stays sealed.

    Raises:
        PermissionDenied: another region's bureau.
        Conflict: it is not on a list, or has been awarded.
    """
    challenge = get_challenge(session, actor, challenge_id, lock=True)
    require_right(actor, challenge, Action.CANCEL)
    take_step(
        session, actor, challenge, Action.CANCEL, facts=facts_of(session, challenge, now=now), now=now,
        note=note,
    )  # fmt: skip
    notice = standing_notice(session, challenge.id)
    if notice is not None:
        notice.withdrawn_at = now
    for bid in standing_bids(session, challenge.id):
        if bid.status in BID_STEPS[BidAction.PASS_OVER].sources:
            settle_bid(session, actor, bid, won=False, now=now)
    return challenge


def agree_to_terms(
    session: Session, actor: Actor, challenge_id: int, *, digest: str, now: datetime
) -> AnnexAgreement:
    """Agree to the terms on which the annex may be read, for the actor's unit. Twice does no harm.

    Args:
        session: open transaction.
        actor: member of a verified enterprise or university; of the invited one where one is invited.
        challenge_id: a challenge whose call is open.
        digest: of the terms that were read, as the challenge shows it.
        now: present time.

    Raises:
        PermissionDenied: the actor's unit does not bid.
        Conflict: there is no annex, or the call is not open.
        RuleViolation: `terms-changed`: the digest is of other words.
    """
    challenge = get_challenge(session, actor, challenge_id, lock=True)
    if actor.role not in BIDDERS or not actor.verified:
        raise PermissionDenied("只有已核验的企业和高校院所可以申请阅读保密附件。", code="role-not-allowed")
    assert actor.user_id is not None
    assert actor.organisation_id is not None
    if challenge.invited_id not in {None, actor.organisation_id}:
        raise PermissionDenied("该项目定向委托给其他单位。", code="not-invited")
    if challenge.status is not Status.CALLING or is_late(challenge.closes_at, now=now):
        raise Conflict("只有揭榜期间可以申请阅读保密附件。", code="call-not-open")
    current = terms_digest(challenge)
    if current is None:
        raise Conflict("该项目没有保密附件。", code="no-annex")
    if digest != current:
        raise violation("/terms_digest", "terms-changed", "保密条款的摘要不符，请重新阅读条款。")
    known = session.scalar(
        select(AnnexAgreement).where(
            AnnexAgreement.challenge_id == challenge.id,
            AnnexAgreement.organisation_id == actor.organisation_id,
            AnnexAgreement.terms_digest == current,
        )
    )
    if known is not None:
        _ = known.organisation  # shown after the session ends
        return known
    agreement = AnnexAgreement(
        challenge_id=challenge.id,
        organisation_id=actor.organisation_id,
        terms_digest=current,
        agreed_by=actor.user_id,
        agreed_at=now,
    )
    session.add(agreement)
    session.flush()
    _ = agreement.organisation  # shown after the session ends
    _audit(session, actor, challenge, "agree", now=now, details={"terms": current})
    return agreement


def read_annex(session: Session, actor: Actor, challenge_id: int, *, now: datetime) -> str:
    """Return a challenge's annex; every reading is written down.

    Raises:
        PermissionDenied: `annex-not-agreed`, but for demand side, bureau and experts without a conflict.
        NotFound: there is no annex.
    """
    challenge = get_challenge(session, actor, challenge_id)
    free = (
        is_owner(actor, challenge) or is_bureau(actor, challenge) or is_cleared(session, actor, challenge.id)
    )
    if not free and not has_agreed(session, actor, challenge):
        raise PermissionDenied("请先由贵单位同意保密条款，再阅读保密附件。", code="annex-not-agreed")
    if challenge.annex is None:
        raise NotFound("该项目没有保密附件。", code="no-annex")
    _audit(session, actor, challenge, "read_annex", now=now)
    return challenge.annex


def _audit(
    session: Session,
    actor: Actor,
    challenge: Challenge,
    verb: str,
    *,
    now: datetime,
    details: Mapping[str, Any] | None = None,
) -> None:
    record(
        session, actor.user_id, action=f"challenge.{verb}", entity="challenge", entity_id=challenge.id,
        now=now, details=dict(details or {}),
    )  # fmt: skip


def record_rules(
    session: Session,
    actor: Actor,
    *,
    version: str,
    region_code: str | None,
    in_force_from: date,
    content: Mapping[str, Any],
    now: datetime,
) -> ChallengeRuleSet:
    """Record demand rules of a region, or of everywhere, as the bureau of the region or an admin.

    Challenges keep the rules they were collected under.

    Raises:
        PermissionDenied: another region's bureau, or a bureau for everywhere.
        Conflict: the version exists.
        RuleViolation: an unknown region, or sizes of panels that are even or in disorder.
    """
    if actor.role is not Role.ADMIN and not oversees(actor, region_code or ""):
        raise PermissionDenied(
            "榜单规则由所在地主管部门登记，各地通用的由管理员登记。", code="role-not-allowed"
        )
    if region_code is not None:
        check_region(session, region_code, pointer="/region_code")
    if session.get(ChallengeRuleSet, version) is not None:
        raise Conflict(f"规则版本“{version}”已存在。", code="version-taken")
    row = ChallengeRuleSet(
        version=version,
        region_code=region_code,
        in_force_from=in_force_from,
        content=dict(content),
        recorded_by=actor.user_id,
        recorded_at=now,
    )
    rules: DemandRules = row.rules
    if rules.panel_least % 2 == 0 or rules.panel_size % 2 == 0 or rules.panel_size < rules.panel_least:
        raise violation("/panel_size", "panel-size-invalid", "评审组人数应为奇数，且不少于最低人数。")
    session.add(row)
    session.flush()
    record(
        session, actor.user_id, action="challenge_rules.record", entity="challenge_rules", entity_id=0,
        now=now, details={"version": version, "region": region_code},
    )  # fmt: skip
    return row
