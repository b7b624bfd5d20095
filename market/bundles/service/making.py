"""Making bundles: what they say, and which achievements are in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.queries import get_organisation
from market.accounts.rules import Actor, Role, oversees
from market.audit.service import record
from market.bundles.models import Bundle, BundleItem
from market.bundles.rules import Action, makes_bundles
from market.bundles.service.steps import bundle_for_step, finish_step
from market.db import require_version
from market.errors import FieldError, NotFound, PermissionDenied, RuleViolation, violation
from market.listings.models import Achievement
from market.listings.queries import get_listing
from market.listings.rules import ListingKind
from market.reference.queries import check_codes, check_region
from market.reference.rules import Scheme


def create_bundle(session: Session, actor: Actor, *, form: Mapping[str, Any], now: datetime) -> Bundle:
    """Make a bundle without achievements, as a draft.

    Args:
        session: open transaction.
        actor: a verified broker, a bureau for its region, an admin.
        form: `title`, `summary`, `chain_code`, `release_on`, optional `region_code`; the region of the
            actor's unit unless given.
        now: present time.

    Raises:
        PermissionDenied: the actor makes no bundles, or not there.
        RuleViolation: an unknown code or region, or none where the actor has none.
    """
    if not makes_bundles(actor):
        raise PermissionDenied("成果包由主管部门和已核验机构的技术经纪人制作。", code="role-not-allowed")
    values = {**form, "region_code": form.get("region_code") or actor.region_code}
    if values["region_code"] is None:
        raise violation("/region_code", "region-missing", "请填写行政区划。")
    check_region(session, values["region_code"], pointer="/region_code")
    if actor.role is Role.BUREAU and not oversees(actor, values["region_code"]):
        raise PermissionDenied("只能制作本地区的成果包。", code="outside-region")
    check_codes(session, [("/chain_code", Scheme.CHAIN, values["chain_code"])])
    bundle = Bundle(
        **values,
        organisation_id=actor.organisation_id,
        created_by=actor.user_id,
        created_at=now,
        updated_at=now,
    )
    bundle.items = []
    bundle.organisation = (
        get_organisation(session, actor.organisation_id) if actor.organisation_id is not None else None
    )
    session.add(bundle)
    session.flush()  # draws the id
    record(
        session, actor.user_id, action="bundle.create", entity="bundle", entity_id=bundle.id, now=now,
        details={"chain": bundle.chain_code, "region": bundle.region_code},
    )  # fmt: skip
    return bundle


def edit_bundle(
    session: Session, actor: Actor, bundle_id: int, *, changes: Mapping[str, Any], version: int, now: datetime
) -> Bundle:
    """Change what a draft says.

    Raises:
        NotFound, PermissionDenied, Conflict: see `bundle_for_step`.
        StaleVersion: the caller has seen another version.
        RuleViolation: an unknown chain.
    """
    bundle = bundle_for_step(session, actor, bundle_id, Action.EDIT)
    require_version(bundle.version, version)
    check_codes(session, [("/chain_code", Scheme.CHAIN, changes.get("chain_code"))])
    for name, value in changes.items():
        setattr(bundle, name, value)
    finish_step(session, actor, bundle, Action.EDIT, now=now, details={"fields": sorted(changes)})
    return bundle


def set_items(
    session: Session,
    actor: Actor,
    bundle_id: int,
    *,
    items: Sequence[Mapping[str, Any]],
    version: int,
    now: datetime,
) -> Bundle:
    """Put achievements into a draft, in this order, in place of those that were in it.

    Args:
        session: open transaction.
        actor: who keeps the bundle.
        bundle_id: a draft.
        items: `achievement_id` and `words`, why it is in. The achievements may be published later, but
            the actor must know of them.
        version: of the bundle that the caller has seen.
        now: present time.

    Raises:
        NotFound, PermissionDenied, Conflict: see `bundle_for_step`.
        StaleVersion: the caller has seen another version.
        RuleViolation: an achievement that is unknown or named twice.
    """
    bundle = bundle_for_step(session, actor, bundle_id, Action.EDIT)
    require_version(bundle.version, version)
    achievements = _achievements(session, actor, [item["achievement_id"] for item in items])
    bundle.items.clear()
    session.flush()  # or the new rows would be written before the old ones go
    for position, (item, achievement) in enumerate(zip(items, achievements, strict=True), start=1):
        row = BundleItem(
            achievement_id=achievement.id, achievement=achievement, position=position, words=item["words"]
        )
        row.copy_achievement()
        bundle.items.append(row)
    ids = [one.id for one in achievements]
    finish_step(session, actor, bundle, Action.EDIT, now=now, details={"achievements": ids})
    return bundle


def _achievements(session: Session, actor: Actor, ids: Sequence[int]) -> list[Achievement]:
    found, faults = [], []
    for place, achievement_id in enumerate(ids):
        pointer = f"/items/{place}/achievement_id"
        if achievement_id in ids[:place]:
            faults.append(FieldError(pointer, "achievement-twice", "同一成果不能列两次。"))
            continue
        try:
            row = get_listing(session, actor, ListingKind.ACHIEVEMENT, achievement_id)
        except NotFound as error:
            faults.append(FieldError(pointer, "achievement-not-found", error.detail))
            continue
        assert isinstance(row, Achievement)
        found.append(row)
    if faults:
        raise RuleViolation("成果清单有误。", code="items-invalid", fields=tuple(faults))
    return found
