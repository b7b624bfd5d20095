"""Writing listings: drafts, review, publication, and leaving the market again.

Every step goes through `_take`, which checks the transition table, writes the event and keeps the
index in line in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import get_organisation
from market.accounts.rules import OPERATOR, Actor, OrganisationStatus, Role, oversees
from market.audit.service import record
from market.clock import china_day
from market.db import require_version
from market.errors import Conflict, FieldError, PermissionDenied, RuleViolation, violation
from market.listings import queries
from market.listings.models import Achievement, Listing, ListingEvent, Need
from market.listings.rules import (
    DEFAULT_VALID_DAYS,
    EDITABLE,
    KIND_NAMES,
    OWNER_ROLE,
    STATUS_NAMES,
    TRANSITIONS,
    Action,
    By,
    ListingKind,
    Status,
    Validation,
    expiry_fault,
    is_searchable,
)
from market.reference.identifiers import patent_number_fault
from market.reference.queries import check_codes
from market.reference.rules import Scheme
from market.search.documents import Encoder, Kind
from market.search.service import put_document, remove_document

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
UNRECORDED = frozenset({"id", "version", "updated_at", "status"})


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
    _check(session, values, today=today)
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
    _note(session, actor, listing, Action.CREATE, source=None, now=now, note=None, with_text=True)
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


def _check(session: Session, values: Mapping[str, Any], *, today: date) -> None:
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
    _require_owner(actor, listing)
    require_version(listing.version, version)
    if listing.status not in EDITABLE:
        raise Conflict(
            f"{STATUS_NAMES[listing.status]}的{KIND_NAMES[kind]}不能直接修改，请先发起修订。",
            code="not-editable",
        )
    _check(session, changes, today=china_day(now))
    external_id = changes.get("external_id")
    if external_id and external_id != listing.external_id:
        _require_free(session, listing.organisation_id, kind, external_id)
    for name, value in changes.items():
        setattr(listing, name, value)
    listing.updated_at = now
    session.flush()  # draws the new version
    _note(session, actor, listing, Action.EDIT, source=listing.status, now=now, note=None, with_text=True)
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
    _require_owner(actor, listing)
    _require_verified(listing)
    missing = [
        FieldError(f"/{name}", "required-to-submit", f"提交审核前请填写{label}。")
        for name, label in (("tech_field", "技术领域"), ("body", "详情"))
        if not getattr(listing, name)
    ]
    if listing.expires_on < china_day(now):
        missing.append(FieldError("/expires_on", "bad-expiry", "有效期已过，请先修改。"))
    if missing:
        raise RuleViolation("内容尚不完整，不能提交审核。", code="incomplete-listing", fields=tuple(missing))
    return _take(session, actor, listing, Action.SUBMIT, By.OWNER, encoder=None, now=now)


def review_listing(
    session: Session,
    actor: Actor,
    kind: ListingKind,
    listing_id: int,
    *,
    decision: Action,
    note: str | None,
    encoder: Encoder,
    now: datetime,
) -> Need | Achievement:
    """Publish, return or reject a listing, as a broker or as the bureau of its region.

    Args:
        session: open transaction.
        actor: the reviewer.
        kind: need or achievement.
        listing_id: which one.
        decision: PUBLISH, RETURN or REJECT.
        note: words to the owner; required unless it is published.
        encoder: makes the vector of a published listing.
        now: present time.

    Raises:
        PermissionDenied: the actor does not review, or has an interest in it.
        Conflict: it is not waiting for review.
        RuleViolation: no note where one is due.
    """
    listing = queries.get_listing(session, actor, kind, listing_id, lock=True)
    _require_reviewer(actor, listing)
    if decision is not Action.PUBLISH and not note:
        raise violation("/note", "note-missing", "退回或驳回时请写明理由。")
    if decision is Action.PUBLISH:
        _require_verified(listing)
        listing.published_at = now
    return _take(session, actor, listing, decision, By.REVIEWER, encoder=encoder, now=now, note=note)


def withdraw_listing(
    session: Session, actor: Actor, kind: ListingKind, listing_id: int, *, note: str | None, now: datetime
) -> Need | Achievement:
    """Take a published listing off the market; it is not found from the commit on.

    Raises:
        PermissionDenied: neither the owner nor a reviewer.
        Conflict: it is not on the market.
    """
    listing = queries.get_listing(session, actor, kind, listing_id, lock=True)
    by = By.OWNER
    if not queries.is_owner(actor, listing) and actor.role is not Role.ADMIN:
        _require_reviewer(actor, listing)
        by = By.REVIEWER
    return _take(session, actor, listing, Action.WITHDRAW, by, encoder=None, now=now, note=note)


def revise_listing(
    session: Session, actor: Actor, kind: ListingKind, listing_id: int, *, now: datetime
) -> Need | Achievement:
    """Take a listing back to change its text; it leaves the index and must be reviewed again."""
    listing = queries.get_listing(session, actor, kind, listing_id, lock=True)
    _require_owner(actor, listing)
    return _take(session, actor, listing, Action.REVISE, By.OWNER, encoder=None, now=now)


def renew_listing(
    session: Session,
    actor: Actor,
    kind: ListingKind,
    listing_id: int,
    *,
    expires_on: date,
    encoder: Encoder,
    now: datetime,
) -> Need | Achievement:
    """Give a published or expired listing a new last day.

    Raises:
        PermissionDenied: not the owner.
        Conflict: neither published nor expired.
        RuleViolation: the day is past or more than three years ahead.
    """
    listing = queries.get_listing(session, actor, kind, listing_id, lock=True)
    _require_owner(actor, listing)
    _check(session, {"expires_on": expires_on}, today=china_day(now))
    listing.expires_on = expires_on
    return _take(session, actor, listing, Action.RENEW, By.OWNER, encoder=encoder, now=now)


def reopen_listing(
    session: Session, actor: Actor, kind: ListingKind, listing_id: int, *, encoder: Encoder, now: datetime
) -> Need | Achievement:
    """Put a listing in negotiation back on the market, as its owner."""
    listing = queries.get_listing(session, actor, kind, listing_id, lock=True)
    _require_owner(actor, listing)
    return _take(session, actor, listing, Action.REOPEN, By.OWNER, encoder=encoder, now=now)


def complete_listing(
    session: Session, actor: Actor, kind: ListingKind, listing_id: int, *, now: datetime
) -> Need | Achievement:
    """Close a contracted listing whose contract has been performed, as its owner."""
    listing = queries.get_listing(session, actor, kind, listing_id, lock=True)
    _require_owner(actor, listing)
    return _take(session, actor, listing, Action.COMPLETE, By.OWNER, encoder=None, now=now)


def validate_need(session: Session, actor: Actor, need_id: int, *, result: Validation, now: datetime) -> Need:
    """Record whether a need is a real one (有效技术需求).

    Raises:
        PermissionDenied: the actor does not review.
        Conflict: it has not been published.
    """
    need = queries.get_listing(session, actor, ListingKind.NEED, need_id, lock=True)
    assert isinstance(need, Need)
    _require_reviewer(actor, need)
    if need.published_at is None:
        raise Conflict("需求发布后才能认定是否有效。", code="illegal-transition")
    need.validation = result
    need.validated_by = actor.user_id
    need.validated_at = now
    session.flush()  # draws the new version
    record(
        session, actor.user_id, action="need.validate", entity="need", entity_id=need.id, now=now,
        details={"result": result.value},
    )  # fmt: skip
    return need


def expire_due(session: Session, *, encoder: Encoder | None = None, now: datetime, limit: int = 500) -> int:
    """Expire published listings whose last day has passed; returns how many."""
    due = queries.list_due(session, today=china_day(now), limit=limit)
    for listing in due:
        _take(session, OPERATOR, listing, Action.EXPIRE, By.MARKET, encoder=encoder, now=now)
    return len(due)


def take_market_step(
    session: Session,
    actor: Actor,
    listing: Listing,
    action: Action,
    *,
    encoder: Encoder | None,
    now: datetime,
) -> None:
    """Move a listing as the consequence of a match or a contract.

    Raises:
        Conflict: the step does not start from its present state.
    """
    _take(session, actor, listing, action, By.MARKET, encoder=encoder, now=now)


def _take(
    session: Session,
    actor: Actor,
    listing: Any,
    action: Action,
    by: By,
    *,
    encoder: Encoder | None,
    now: datetime,
    note: str | None = None,
) -> Any:
    step = TRANSITIONS[action]
    if by not in step.by:
        raise PermissionDenied("您不能进行这一步操作。", code="step-not-allowed")
    if listing.status not in step.sources:
        raise Conflict(
            f"该{KIND_NAMES[listing.kind]}现为“{STATUS_NAMES[listing.status]}”，不能进行此操作。",
            code="illegal-transition",
        )
    source, listing.status, listing.updated_at = listing.status, step.target, now
    session.flush()  # draws the new version; a lost race stops here
    _note(session, actor, listing, action, source=source, now=now, note=note)
    searchable = is_searchable(listing.status, listing.expires_on, today=china_day(now))
    if searchable and encoder is not None:
        put_document(session, encoder, queries.to_document(listing), now=now)
    elif searchable:
        raise ValueError(f"{action} makes a listing findable and needs an encoder")
    elif source is Status.PUBLISHED:
        remove_document(session, Kind(listing.kind.value), listing.id, now=now)
    return listing


def _note(
    session: Session,
    actor: Actor,
    listing: Listing,
    action: Action,
    *,
    source: Status | None,
    now: datetime,
    note: str | None,
    with_text: bool = False,
) -> None:
    session.add(
        ListingEvent(
            listing_id=listing.id,
            action=action,
            source=source,
            target=listing.status,
            actor_id=actor.user_id,
            note=note,
            version=listing.version,
            snapshot=_snapshot(listing) if with_text else None,
            at=now,
        )
    )
    record(
        session,
        actor.user_id,
        action=f"{listing.kind.value}.{action.value}",
        entity=listing.kind.value,
        entity_id=listing.id,
        now=now,
        details={"from": source.value if source else None, "to": listing.status.value},
    )


def _snapshot(listing: Listing) -> dict[str, Any]:
    columns = inspect(listing).mapper.column_attrs
    values = {column.key: getattr(listing, column.key) for column in columns if column.key not in UNRECORDED}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def _require_owner(actor: Actor, listing: Listing) -> None:
    if not queries.is_owner(actor, listing) and actor.role is not Role.ADMIN:
        raise PermissionDenied(f"只有发布单位可以操作该{KIND_NAMES[listing.kind]}。", code="not-owner")


def _require_verified(listing: Need | Achievement) -> None:
    if listing.organisation.status is not OrganisationStatus.VERIFIED:
        raise PermissionDenied("单位尚未通过主管部门核验，不能发布。", code="organisation-not-verified")


def _require_reviewer(actor: Actor, listing: Listing) -> None:
    if queries.is_owner(actor, listing):
        raise PermissionDenied("不能审核本单位的信息。", code="conflict-of-interest")
    if actor.role not in {Role.BROKER, Role.ADMIN} and not oversees(actor, listing.region_code):
        raise PermissionDenied("只有技术经纪人或所在地主管部门可以审核。", code="role-not-allowed")
    if actor.role is Role.BROKER and not actor.verified:
        raise PermissionDenied("所在机构尚未通过核验。", code="organisation-not-verified")
