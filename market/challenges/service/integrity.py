"""The integrity record (诚信记录): who broke the rules of a challenge, and until when they take no part."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.rules import Actor, Role, oversees
from market.audit.service import record
from market.challenges.models import Challenge, IntegrityRecord
from market.clock import china_day
from market.errors import PermissionDenied, violation
from market.libraries.models import Talent
from market.libraries.rules import EntryStatus
from market.reference.queries import check_region


def record_integrity(
    session: Session,
    actor: Actor,
    *,
    region_code: str,
    talent_id: int | None = None,
    organisation_id: int | None = None,
    challenge_id: int | None = None,
    reason: str,
    barred_until: date,
    now: datetime,
) -> IntegrityRecord:
    """Record a breach of an expert or a unit, as the bureau; until the day neither takes part.

    Raises:
        PermissionDenied: another region's bureau.
        RuleViolation: not exactly one of the two, somebody unknown, or a day that is past.
    """
    check_region(session, region_code, pointer="/region_code")
    if actor.role is not Role.ADMIN and not oversees(actor, region_code):
        raise PermissionDenied("诚信记录由所在地主管部门登记。", code="role-not-allowed")
    if (talent_id is None) == (organisation_id is None):
        raise violation("/talent_id", "one-subject", "请指明一位人才库人员，或一家单位。")
    if talent_id is not None:
        talent = session.get(Talent, talent_id)
        if talent is None or talent.status is EntryStatus.ERASED:
            raise violation("/talent_id", "talent-unknown", f"人才库中没有人员 {talent_id}。")
    if organisation_id is not None and session.get(Organisation, organisation_id) is None:
        raise violation("/organisation_id", "organisation-not-found", "没有找到该单位。")
    if challenge_id is not None and session.get(Challenge, challenge_id) is None:
        raise violation("/challenge_id", "challenge-not-found", "没有找到该榜单项目。")
    if barred_until < china_day(now):
        raise violation("/barred_until", "day-past", "限制期的最后一天不能早于今天。")
    row = IntegrityRecord(
        region_code=region_code,
        talent_id=talent_id,
        organisation_id=organisation_id,
        challenge_id=challenge_id,
        reason=reason,
        barred_until=barred_until,
        recorded_by=actor.user_id,
        recorded_at=now,
    )
    session.add(row)
    session.flush()
    _ = row.talent, row.organisation  # shown after the session ends
    record(
        session, actor.user_id, action="integrity.record", entity="integrity", entity_id=row.id, now=now,
        details={"talent": talent_id, "organisation": organisation_id},
    )  # fmt: skip
    return row
