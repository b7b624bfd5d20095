"""Drafts: entering, editing and handing in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import get_organisation
from market.accounts.rules import ROLE_OF_KIND, Actor, Role
from market.clock import china_day
from market.db import require_version
from market.errors import Conflict, FieldError, PermissionDenied, RuleViolation, violation
from market.listings import queries
from market.listings.models import AnyListing, Need
from market.listings.rules import (
    EDITABLE,
    KIND_NAMES,
    OWNER_NAMES,
    OWNER_ROLES,
    STATUS_NAMES,
    Action,
    By,
    ListingKind,
    Status,
    default_expiry,
    expiry_fault,
    opening_fault,
)
from market.listings.service.gate import assess_need, is_outdated, undo_decisions
from market.listings.service.steps import note_event, require_owner, require_verified, take_step
from market.reference.identifiers import patent_number_fault
from market.reference.queries import check_codes
from market.reference.rules import Scheme

CODED_FIELDS: Mapping[str, Scheme] = {
    "tech_field": Scheme.TECH_FIELD,
    "industry_code": Scheme.INDUSTRY,
    "chain_code": Scheme.CHAIN,
    "need_type": Scheme.NEED_TYPE,
    "stage": Scheme.ACHIEVEMENT_STAGE,
    "attribute": Scheme.ACHIEVEMENT_ATTRIBUTE,
    "pricing_mode": Scheme.PRICING_MODE,
    "scenario_type": Scheme.SCENARIO_TYPE,
}
CODED_LISTS: Mapping[str, Scheme] = {
    "cooperation_modes": Scheme.COOPERATION_MODE,
    "transfer_modes": Scheme.TRANSFER_MODE,
}

REQUIRED_TO_SUBMIT: Mapping[str, str] = {
    "tech_field": "技术领域",
    "body": "详情",
    "scenario_type": "场景类型",
}
"""What must be filled in, where a kind has it."""


def create_listing(
    session: Session,
    actor: Actor,
    kind: ListingKind,
    *,
    form: Mapping[str, Any],
    now: datetime,
    organisation_id: int | None = None,
) -> AnyListing:
    """Enter a draft.

    Args:
        session: open transaction.
        actor: a member of an organisation that lists such things, or an admin.
        kind: what is listed.
        form: the listing's fields.
        now: present time.
        organisation_id: whose listing it is: an admin enters it for somebody, all others for their own.

    Raises:
        PermissionDenied: the actor's role does not list such things, or the organisation is another's.
        RuleViolation: a code is unknown, a date or a patent number is wrong.
        Conflict: the organisation has a listing with this external number.
    """
    owner = _owner(session, actor, kind, organisation_id)
    today = china_day(now)
    values = {"expires_on": default_expiry(today=today, closes_on=form.get("closes_on")), **form}
    check_form(session, values, today=today)
    external_id = values.get("external_id")
    if external_id:
        _require_free(session, owner.id, kind, external_id)
    listing = queries.MODELS[kind](
        kind=kind,
        organisation=owner,
        created_by=actor.user_id,
        region_code=owner.region_code,
        created_at=now,
        updated_at=now,
        status=Status.DRAFT,
        **values,
    )
    session.add(listing)
    session.flush()  # events need the id
    note_event(session, actor, listing, Action.CREATE, source=None, now=now, note=None, with_text=True)
    return listing


def _owner(session: Session, actor: Actor, kind: ListingKind, organisation_id: int | None) -> Organisation:
    if actor.role is Role.ADMIN:
        if organisation_id is None:
            raise violation("/organisation_id", "organisation-missing", "请指明所属单位。")
        owner = get_organisation(session, organisation_id)
    elif actor.role in OWNER_ROLES[kind] and actor.organisation_id is not None:
        if organisation_id not in {None, actor.organisation_id}:
            raise PermissionDenied(f"只能发布本单位的{KIND_NAMES[kind]}。", code="not-own-organisation")
        owner = get_organisation(session, actor.organisation_id)
    else:
        raise PermissionDenied(
            f"只有{OWNER_NAMES[kind]}可以发布{KIND_NAMES[kind]}。", code="role-not-allowed"
        )
    if ROLE_OF_KIND[owner.kind] not in OWNER_ROLES[kind]:
        raise violation("/organisation_id", "organisation-kind", f"该单位类型不能发布{KIND_NAMES[kind]}。")
    return owner


def _require_free(session: Session, organisation_id: int, kind: ListingKind, external_id: str) -> None:
    if queries.find_by_external_id(session, organisation_id, kind, external_id) is not None:
        raise Conflict(f"本单位已有外部编号为“{external_id}”的{KIND_NAMES[kind]}。", code="external-id-taken")


def check_form(
    session: Session, values: Mapping[str, Any], *, today: date, listing: AnyListing | None = None
) -> None:
    """Refuse values that break a rule or stand in no code list; values not given are not looked at.

    Args:
        session: open session.
        values: what is to be written.
        today: present day in China.
        listing: whose values stand beside those given; None for a new one.

    Raises:
        RuleViolation: with a pointer to each value at fault.
    """
    codes = [(f"/{name}", scheme, values.get(name)) for name, scheme in CODED_FIELDS.items()]
    for name, scheme in CODED_LISTS.items():
        codes += [(f"/{name}/{i}", scheme, code) for i, code in enumerate(values.get(name, ()))]
    check_codes(session, codes)
    _check_days(values, today=today, listing=listing)
    wrong = []
    for i, item in enumerate(values.get("ip", ())):
        fault = patent_number_fault(item["number"]) if "专利" in item["kind"] and item.get("number") else None
        if fault is not None:
            wrong.append(FieldError(f"/ip/{i}/number", "bad-patent-number", fault))
    if wrong:
        raise RuleViolation("有专利号不正确。", code="bad-patent-number", fields=tuple(wrong))


def _check_days(values: Mapping[str, Any], *, today: date, listing: AnyListing | None) -> None:
    def standing(name: str) -> date | None:
        day: date | None = values[name] if name in values else getattr(listing, name, None)
        return day

    opens_on, closes_on = standing("opens_on"), standing("closes_on")
    opening_given = not values.keys().isdisjoint({"opens_on", "closes_on"})
    if opening_given:
        fault = opening_fault(opens_on, closes_on)
        if fault is not None:
            raise violation("/closes_on", "bad-opening", fault)
    expires_on = standing("expires_on")
    if expires_on is not None and (opening_given or "expires_on" in values):
        fault = expiry_fault(expires_on, today=today, opens_on=opens_on, closes_on=closes_on)
        if fault is not None:
            raise violation("/expires_on", "bad-expiry", fault)


def edit_listing(
    session: Session,
    actor: Actor,
    kind: ListingKind,
    listing_id: int,
    *,
    changes: Mapping[str, Any],
    version: int,
    now: datetime,
) -> AnyListing:
    """Change a draft or a listing under rework; what it said before stays in its history.

    Raises:
        NotFound, PermissionDenied, StaleVersion, RuleViolation: see the parts.
        Conflict: the listing is not open for editing; a published one is first taken back for revision.
    """
    listing = queries.get_listing(session, actor, kind, listing_id, lock=True)
    require_owner(actor, listing)
    require_version(listing.version, version)
    if listing.status not in EDITABLE:
        raise Conflict(
            f"{STATUS_NAMES[listing.status]}的{KIND_NAMES[kind]}不能直接修改，请先发起修订。",
            code="not-editable",
        )
    check_form(session, changes, today=china_day(now), listing=listing)
    external_id = changes.get("external_id")
    if external_id and external_id != listing.external_id:
        _require_free(session, listing.organisation_id, kind, external_id)
    for name, value in changes.items():
        setattr(listing, name, value)
    listing.updated_at = now
    session.flush()  # draws the new version
    note_event(
        session, actor, listing, Action.EDIT, source=listing.status, now=now, note=None, with_text=True
    )
    return listing


def submit_listing(
    session: Session, actor: Actor, kind: ListingKind, listing_id: int, *, now: datetime
) -> AnyListing:
    """Hand a draft in for review. What the rules find in a need is noted, and keeps it from nothing.

    A need that was classed or found valid in other words has to be decided on anew.

    Raises:
        PermissionDenied: not the owner, or the owner has not been verified.
        Conflict: not in a state to be submitted.
        RuleViolation: it says too little to be reviewed, or its last day has passed.
    """
    listing = queries.get_listing(session, actor, kind, listing_id, lock=True)
    require_owner(actor, listing)
    require_verified(listing)
    missing = [
        FieldError(f"/{name}", "required-to-submit", f"提交审核前请填写{label}。")
        for name, label in REQUIRED_TO_SUBMIT.items()
        if not getattr(listing, name, True)
    ]
    if listing.expires_on < china_day(now):
        missing.append(FieldError("/expires_on", "bad-expiry", "有效期已过，请先修改。"))
    if missing:
        raise RuleViolation("内容尚不完整，不能提交审核。", code="incomplete-listing", fields=tuple(missing))
    if not isinstance(listing, Need):
        take_step(session, actor, listing, Action.SUBMIT, By.OWNER, encoder=None, now=now)
        return listing
    outdated = is_outdated(session, listing)
    note = "内容有改动，原来的分类和认定不再有效。" if outdated else None
    take_step(session, actor, listing, Action.SUBMIT, By.OWNER, encoder=None, now=now, note=note)
    if outdated:
        undo_decisions(session, actor, listing, now=now)
    assess_need(session, listing, now=now)
    return listing
