"""Registering, changing and verifying organisations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts import queries
from market.accounts.models import Organisation
from market.accounts.rules import (
    ROLE_OF_KIND,
    SELF_REGISTERED,
    VERIFICATION_STEPS,
    Actor,
    OrganisationKind,
    OrganisationStatus,
    Role,
    is_valid_uscc,
    normalise_uscc,
    oversees,
)
from market.accounts.service.auditing import audit
from market.accounts.service.users import insert_user
from market.db import require_version
from market.errors import Conflict, PermissionDenied, violation
from market.reference.queries import check_codes, check_park, check_region
from market.reference.rules import Scheme


def register_organisation(
    session: Session, actor: Actor | None, *, form: Mapping[str, Any], now: datetime
) -> Organisation:
    """Enter an organisation, pending verification.

    Args:
        session: open transaction.
        actor: None when the organisation registers itself.
        form: kind, name, uscc, region_code and optional park_code, nature_code, tags, contact.
        now: present time.

    Raises:
        PermissionDenied: this kind is set up by the operator only.
        RuleViolation: a code is unknown, or the credit code is wrong or missing.
        Conflict: the credit code is registered already.
    """
    kind = OrganisationKind(form["kind"])
    if kind not in SELF_REGISTERED and (actor is None or actor.role is not Role.ADMIN):
        raise PermissionDenied("登记机构和主管部门由系统管理员设立。", code="kind-not-open")
    uscc = form.get("uscc")
    if uscc is None and kind is not OrganisationKind.BUREAU:
        raise violation("/uscc", "uscc-missing", "请填写统一社会信用代码。")
    if uscc is not None:
        uscc = _checked_uscc(session, uscc)
    check_region(session, form["region_code"], pointer="/region_code")
    check_park(session, form.get("park_code"), pointer="/park_code")
    check_codes(session, [("/nature_code", Scheme.PARTY_NATURE, form.get("nature_code"))])
    by_operator = actor is not None and actor.role is Role.ADMIN
    organisation = Organisation(
        kind=kind,
        name=form["name"],
        uscc=uscc,
        region_code=form["region_code"],
        park_code=form.get("park_code"),
        nature_code=form.get("nature_code"),
        tags=list(form.get("tags", ())) if by_operator else [],
        contact_name=form.get("contact_name"),
        contact_phone=form.get("contact_phone"),
        status=OrganisationStatus.VERIFIED if by_operator else OrganisationStatus.PENDING,
        created_at=now,
    )
    session.add(organisation)
    session.flush()  # the audit event and the caller need the id
    audit(session, actor, "organisation.register", organisation.id, now=now)
    return organisation


def _checked_uscc(session: Session, raw: str, *, own_id: int | None = None) -> str:
    uscc = normalise_uscc(raw)
    if not is_valid_uscc(uscc):
        raise violation(
            "/uscc", "uscc-invalid", "统一社会信用代码有误：应为18位且校验码正确（GB 32100-2015）。"
        )
    other = queries.find_organisation_by_uscc(session, uscc)
    if other is not None and other.id != own_id:
        raise Conflict("该统一社会信用代码已被登记。", code="uscc-taken")
    return uscc


def register_with_user(
    session: Session, *, form: Mapping[str, Any], user: Mapping[str, Any], now: datetime
) -> Organisation:
    """Enter an organisation that registers itself, with its first user.

    Raises:
        MarketError: as `register_organisation` and `create_user`.
    """
    organisation = register_organisation(session, None, form=form, now=now)
    insert_user(
        session, None, form=user, organisation=organisation, now=now, role=ROLE_OF_KIND[organisation.kind]
    )
    return organisation


def change_organisation(
    session: Session,
    actor: Actor,
    organisation_id: int,
    *,
    changes: Mapping[str, Any],
    version: int,
    now: datetime,
) -> Organisation:
    """Change an organisation's entry. A new name or credit code must be verified again.

    Raises:
        NotFound, StaleVersion, RuleViolation, Conflict: see the parts.
        PermissionDenied: the actor is neither a member, an overseer nor an admin, or a member sets tags.
    """
    organisation = queries.get_organisation(session, organisation_id)
    official = actor.role is Role.ADMIN or oversees(actor, organisation.region_code)
    if not official and actor.organisation_id != organisation_id:
        raise PermissionDenied("只能修改本单位的信息。")
    if "tags" in changes and not official:
        raise PermissionDenied("企业标签由主管部门维护。", code="tags-not-open")
    require_version(organisation.version, version)
    values = dict(changes)
    if values.get("uscc"):
        values["uscc"] = _checked_uscc(session, values["uscc"], own_id=organisation.id)
    if "region_code" in values:
        check_region(session, values["region_code"], pointer="/region_code")
    check_park(session, values.get("park_code"), pointer="/park_code")
    check_codes(session, [("/nature_code", Scheme.PARTY_NATURE, values.get("nature_code"))])
    identity = {"name", "uscc", "region_code"}
    if not official and any(getattr(organisation, key) != values[key] for key in identity & values.keys()):
        organisation.status = OrganisationStatus.PENDING
    for key, value in values.items():
        setattr(organisation, key, value)
    session.flush()  # draws the new version for the ETag
    audit(session, actor, "organisation.change", organisation.id, now=now, details={"fields": sorted(values)})
    return organisation


def verify_organisation(
    session: Session,
    actor: Actor,
    organisation_id: int,
    *,
    decision: OrganisationStatus,
    note: str | None,
    now: datetime,
) -> Organisation:
    """Decide whether an organisation is what it says, as the bureau of its region.

    Raises:
        NotFound: no such organisation.
        PermissionDenied: the actor is not a bureau over its region, nor an admin.
        Conflict: the step does not start from the present status.
        RuleViolation: a rejection or suspension without a note.
    """
    organisation = queries.get_organisation(session, organisation_id)
    if actor.role is not Role.ADMIN and not oversees(actor, organisation.region_code):
        raise PermissionDenied("只有单位所在地的主管部门可以核验。")
    if decision not in VERIFICATION_STEPS[organisation.status]:
        raise Conflict("该单位当前状态不允许此项核验结论。", code="illegal-transition")
    if decision is not OrganisationStatus.VERIFIED and not note:
        raise violation("/note", "note-missing", "请写明理由。")
    before = organisation.status
    organisation.status = decision
    organisation.status_note = note
    session.flush()  # draws the new version for the ETag
    audit(
        session,
        actor,
        "organisation.verify",
        organisation.id,
        now=now,
        details={"from": before.value, "to": decision.value},
    )
    return organisation
