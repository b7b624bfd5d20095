"""Collecting challenges from needs and key technologies, and screening them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import get_organisation
from market.accounts.rules import Actor, OrganisationKind, Role, oversees
from market.challenges.models import Challenge
from market.challenges.queries.challenges import get_challenge, rules_on
from market.challenges.queries.scores import facts_of
from market.challenges.rules import (
    DEFAULT_CRITERIA,
    Action,
    Criterion,
    DemandRules,
    Status,
    criteria_fault,
    demand_faults,
)
from market.challenges.service.steps import note_event, require_possible, require_right, take_step
from market.clock import china_day
from market.db import require_version
from market.errors import Conflict, FieldError, NotFound, PermissionDenied, RuleViolation, violation
from market.libraries.models import KeyTechnology
from market.libraries.queries.entries import get_entry
from market.libraries.rules import EntryStatus
from market.listings.models import Need
from market.listings.queries import get_listing
from market.listings.rules import PUBLIC, ListingKind, Validation
from market.reference.queries import check_codes
from market.reference.rules import Scheme, lies_within

OVER = (Status.DROPPED, Status.FAILED, Status.TERMINATED)
"""States after which a need or a technology may be tried again."""

DEFAULTS: Mapping[str, Any] = {
    "indicators": (),
    "key": False,
    "max_awards": 1,
    "solver_percent": 100,
    "annex": None,
    "annex_terms": None,
}


def collect_challenge(session: Session, actor: Actor, *, form: Mapping[str, Any], now: datetime) -> Challenge:
    """Propose a challenge, as the enterprise whose need it is, or as the bureau of its region.

    Args:
        session: open transaction.
        actor: member of the demand side, a bureau or an admin.
        form: `need_id` or `technology_id` or both, `mode`, `goals`, `conditions`, `ip_terms`,
            `budget_fen`, `grant_fen`, `duration_months`; from need or technology, title, summary, codes
            and indicators are taken where they are not given. A bureau names `organisation_id` where a
            technology belongs to no unit.
        now: present time.

    Raises:
        PermissionDenied: neither demand side nor bureau.
        Conflict: the need or the technology has a challenge already.
        RuleViolation: the need is not a valid one, need and technology lie apart, or the form breaks a
            demand rule; named after it.
    """
    need = _need(session, actor, form.get("need_id"), pointer="/need_id")
    technology = _technology(session, actor, form.get("technology_id"), pointer="/technology_id")
    origin = need or technology
    if origin is None:
        raise violation("/need_id", "origin-missing", "请指明来自哪项需求或哪项攻关技术。")
    if need is not None and technology is not None:
        _require_one_place(need, technology)
    owner = _owner(session, origin, form)
    _require_collector(actor, owner=owner, origin=origin)
    _require_untried(session, need, technology)
    values = {**DEFAULTS, **_told_by(origin), **form, "organisation_id": owner.id}
    rules = rules_on(session, origin.region_code, day=china_day(now))
    criteria = _criteria(values.pop("criteria", None))
    check_challenge(session, values, rules=rules)
    challenge = Challenge(
        **values,
        status=Status.COLLECTED,
        region_code=origin.region_code,
        rules=rules.to_json(),
        criteria=criteria,
        created_by=actor.user_id,
        created_at=now,
        updated_at=now,
    )
    challenge.organisation, challenge.invited = owner, None  # shown after the session ends
    session.add(challenge)
    session.flush()  # draws the id
    note_event(session, actor, challenge, Action.COLLECT, source=None, now=now)
    return challenge


def require_origins(session: Session, actor: Actor, challenge: Challenge, *, pointer: str) -> None:
    """Refuse a challenge whose need or technology could not be collected any more, and lock both.

    Raises:
        RuleViolation: the need is not public or valid now, or the technology has left its list.
    """
    _need(session, actor, challenge.need_id, pointer=pointer)
    _technology(session, actor, challenge.technology_id, pointer=pointer)


def _need(session: Session, actor: Actor, need_id: int | None, *, pointer: str) -> Need | None:
    if need_id is None:
        return None
    try:
        need = get_listing(session, actor, ListingKind.NEED, need_id, lock=True)
    except NotFound as error:
        raise violation(pointer, "need-not-found", error.detail) from None
    assert isinstance(need, Need)
    if need.status not in PUBLIC or need.validation is not Validation.VALID:
        raise violation(pointer, "need-not-valid", "该需求未发布或未认定为有效技术需求。")
    return need


def _technology(
    session: Session, actor: Actor, technology_id: int | None, *, pointer: str
) -> KeyTechnology | None:
    if technology_id is None:
        return None
    try:
        technology = get_entry(session, actor, KeyTechnology, technology_id, lock=True)
    except NotFound as error:
        raise violation(pointer, "technology-not-found", error.detail) from None
    if technology.status is not EntryStatus.LISTED:
        raise violation(pointer, "technology-not-listed", "该攻关技术不在列。")
    return technology


def _require_one_place(need: Need, technology: KeyTechnology) -> None:
    """Refuse a technology of another bureau's list: the award of the challenge sets how far it is."""
    ours, theirs = need.region_code, technology.region_code
    if not lies_within(ours, theirs) and not lies_within(theirs, ours):
        raise violation("/technology_id", "outside-region", "该攻关技术属于其他地区，不能合并发榜。")


def _owner(session: Session, origin: Need | KeyTechnology, form: Mapping[str, Any]) -> Organisation:
    """Return the demand side: whose need it is, or the unit the technology belongs to or is asked for by."""
    known, named = origin.organisation_id, form.get("organisation_id")
    if isinstance(origin, Need) and named not in {None, known}:
        raise violation("/organisation_id", "owner-fixed", "需求方是该需求的发布单位，不能另指。")
    if known is None and named is None:
        raise violation("/organisation_id", "owner-missing", "该技术没有所属单位，请指明需求方。")
    try:
        owner = get_organisation(session, named or known or 0)
    except NotFound as error:
        raise violation("/organisation_id", "organisation-not-found", error.detail) from None
    if owner.kind is not OrganisationKind.ENTERPRISE:
        raise violation("/organisation_id", "owner-not-enterprise", "需求方应为企业。")
    return owner


def _require_collector(actor: Actor, *, owner: Organisation, origin: Need | KeyTechnology) -> None:
    if actor.role is Role.ADMIN or oversees(actor, origin.region_code):
        return
    if actor.organisation_id is None or {owner.id, origin.organisation_id} != {actor.organisation_id}:
        raise PermissionDenied("榜单由需求单位或所在地主管部门提出。", code="role-not-allowed")
    if not actor.verified:
        raise PermissionDenied("贵单位尚未通过核验。", code="organisation-not-verified")


def _require_untried(session: Session, need: Need | None, technology: KeyTechnology | None) -> None:
    live = select(Challenge.id).where(Challenge.status.not_in(OVER)).limit(1)
    if need is not None and session.scalar(live.where(Challenge.need_id == need.id)) is not None:
        raise Conflict("该需求已有榜单项目。", code="need-has-challenge")
    if technology is None:
        return
    if session.scalar(live.where(Challenge.technology_id == technology.id)) is not None:
        raise Conflict("该攻关技术已有榜单项目。", code="technology-has-challenge")


def _told_by(origin: Need | KeyTechnology) -> dict[str, Any]:
    told: dict[str, Any] = {
        "title": origin.title,
        "tech_field": origin.tech_field,
        "chain_code": origin.chain_code,
    }
    if isinstance(origin, Need):
        return {**told, "summary": origin.body, "indicators": list(origin.indicators)}
    indicators = [
        {"name": str(one["name"]), "value": str(one.get("target") or "")} for one in origin.indicators
    ]
    return {**told, "summary": origin.summary, "indicators": indicators}


def _criteria(given: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    criteria = [Criterion(**one) for one in given] if given else list(DEFAULT_CRITERIA)
    fault = criteria_fault(criteria)
    if fault is not None:
        raise violation("/criteria", "criteria-invalid", fault)
    return [{"key": one.key, "name": one.name, "weight": one.weight} for one in criteria]


def check_challenge(session: Session, values: Mapping[str, Any], *, rules: DemandRules) -> None:
    """Check a complete form against codes and demand rules.

    Raises:
        RuleViolation: with a pointer to each value at fault, named after the first rule.
    """
    check_codes(
        session,
        [
            ("/tech_field", Scheme.TECH_FIELD, values.get("tech_field")),
            ("/chain_code", Scheme.CHAIN, values.get("chain_code")),
        ],
    )
    faults = [
        FieldError(fault.pointer, fault.code, fault.detail, fault.source)
        for fault in demand_faults(values, rules)
    ]
    if values.get("annex") and not values.get("annex_terms"):
        detail = "有保密附件的，请写明保密条款。"
        faults.append(FieldError("/annex_terms", "annex-terms-missing", detail))
    if faults:
        raise RuleViolation(faults[0].detail, code=faults[0].code, fields=tuple(faults))


def edit_challenge(
    session: Session,
    actor: Actor,
    challenge_id: int,
    *,
    changes: Mapping[str, Any],
    version: int,
    now: datetime,
) -> Challenge:
    """Change a challenge that has not been screened.

    Raises:
        PermissionDenied, StaleVersion, RuleViolation: see the parts.
        Conflict: it has been screened.
    """
    challenge = get_challenge(session, actor, challenge_id, lock=True)
    require_right(actor, challenge, Action.EDIT)
    require_version(challenge.version, version)
    facts = facts_of(session, challenge, now=now)
    require_possible(Action.EDIT, facts)
    names = (*DEFAULTS, "mode", "tech_field", "chain_code", "budget_fen", "grant_fen", "duration_months")
    values = {**{name: getattr(challenge, name) for name in names}, **changes}
    if "criteria" in changes:
        values["criteria"] = _criteria(changes["criteria"])
    check_challenge(session, values, rules=challenge.demand_rules)
    for name in changes:
        setattr(challenge, name, values[name])
    take_step(session, actor, challenge, Action.EDIT, facts=facts, now=now)
    return challenge


def screen_challenge(
    session: Session,
    actor: Actor,
    challenge_id: int,
    *,
    chosen: bool,
    key: bool | None = None,
    note: str | None,
    now: datetime,
) -> Challenge:
    """Choose a challenge for the next list or drop it, as the bureau; the demand side may drop its own.

    Whether a chosen one is a key one (重点) is decided here; None lets it be as it says. Until it stands
    on a list the bureau may choose it again and decide otherwise.

    Raises:
        PermissionDenied: neither.
        Conflict: it stands on a list, or was dropped.
        RuleViolation: dropped without a note.
    """
    challenge = get_challenge(session, actor, challenge_id, lock=True)
    action = Action.SCREEN if chosen else Action.DROP
    require_right(actor, challenge, action)
    facts = facts_of(session, challenge, now=now)
    require_possible(action, facts)
    if not chosen and not note:
        raise violation("/note", "note-missing", "不予入选时请写明理由。")
    challenge.screening_note = note
    if chosen:
        challenge.key = challenge.key if key is None else key
        note = "；".join(filter(None, ["定为重点" if challenge.key else "不作为重点", note]))
    take_step(session, actor, challenge, action, facts=facts, now=now, note=note)
    return challenge
