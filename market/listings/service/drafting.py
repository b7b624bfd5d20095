"""Drafts: entering, editing and handing in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import get_organisation
from market.accounts.rules import Actor, Role
from market.clock import china_day
from market.db import require_version
from market.errors import Conflict, FieldError, PermissionDenied, RuleViolation, violation
from market.listings import queries
from market.listings.models import Achievement, Need
from market.listings.rules import (
    DEFAULT_VALID_DAYS,
    EDITABLE,
    KIND_NAMES,
    OWNER_ROLE,
    STATUS_NAMES,
    Action,
    By,
    ListingKind,
    Status,
    expiry_fault,
)
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
}
CODED_LISTS: Mapping[str, Scheme] = {
    "cooperation_modes": Scheme.COOPERATION_MODE,
    "transfer_modes": Scheme.TRANSFER_MODE,
}


def create_listing(
    session: Session,
    actor: Actor,
    kind: ListingKind,
    *,
    form: Mapping[str, Any],
    now: datetime,
    organisation_id: int | None = None,
) -> Need | Achievement:
    """Enter a draft.

    Args:
        session: open transaction.
        actor: a member of an enterprise (needs) or university (achievements), or an admin.
        kind: what is listed.
        form: the listing's fields.
        now: present time.
        organisation_id: whose listing it is, where an admin enters it for somebody.

    Raises:
        PermissionDenied: the actor's role does not list such things.
        RuleViolation: a code is unknown, the expiry date or a patent number is wrong.
        Conflict: the organisation has a listing with this external number.
    """
    owner = _owner(session, actor, kind, organisation_id)
    today = china_day(now)
    values = {"expires_on": today + timedelta(days=DEFAULT_VALID_DAYS), **form}
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
    elif actor.role is OWNER_ROLE[kind] and actor.organisation_id is not None:
        owner = get_organisation(session, actor.organisation_id)
    else:
        wanted = "企业" if kind is ListingKind.NEED else "高校院所"
        raise PermissionDenied(f"只有{wanted}可以发布{KIND_NAMES[kind]}。", code="role-not-allowed")
    if owner.kind.value != OWNER_ROLE[kind].value:
        raise violation("/organisation_id", "organisation-kind", f"该单位类型不能发布{KIND_NAMES[kind]}。")
    return owner


def _require_free(session: Session, organisation_id: int, kind: ListingKind, external_id: str) -> None:
    if queries.find_by_external_id(session, organisation_id, kind, external_id) is not None:
        raise Conflict(f"本单位已有外部编号为“{external_id}”的{KIND_NAMES[kind]}。", code="external-id-taken")


def check_form(session: Session, values: Mapping[str, Any], *, today: date) -> None:
    """Refuse values that break a rule or stand in no code list; values not given are not looked at.

    Raises:
        RuleViolation: with a pointer to each value at fault.
    """
    codes = [(f"/{name}", scheme, values.get(name)) for name, scheme in CODED_FIELDS.items()]
    for name, scheme in CODED_LISTS.items():
        codes += [(f"/{name}/{i}", scheme, code) for i, code in enumerate(values.get(name, ()))]
    check_codes(session, codes)
    if "expires_on" in values:
        fault = expiry_fault(values["expires_on"], today=today)
        if fault is not None:
            raise violation("/expires_on", "bad-expiry", fault)
    wrong = []
    for i, item in enumerate(values.get("ip", ())):
        fault = patent_number_fault(item["number"]) if "专利" in item["kind"] and item.get("number") else None
        if fault is not None:
            wrong.append(FieldError(f"/ip/{i}/number", "bad-patent-number", fault))
    if wrong:
        raise RuleViolation("有专利号不正确。", code="bad-patent-number", fields=tuple(wrong))


def edit_listing(
    session: Session,
    actor: Actor,
    kind: ListingKind,
    listing_id: int,
    *,
    changes: Mapping[str, Any],
    version: int,
    now: datetime,
) -> Need | Achievement:
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
    check_form(session, changes, today=china_day(now))
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
) -> Need | Achievement:
    """Hand a draft in for review.

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
        for name, label in (("tech_field", "技术领域"), ("body", "详情"))
        if not getattr(listing, name)
    ]
    if listing.expires_on < china_day(now):
        missing.append(FieldError("/expires_on", "bad-expiry", "有效期已过，请先修改。"))
    if missing:
        raise RuleViolation("内容尚不完整，不能提交审核。", code="incomplete-listing", fields=tuple(missing))
    return take_step(session, actor, listing, Action.SUBMIT, By.OWNER, encoder=None, now=now)
