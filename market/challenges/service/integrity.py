"""The integrity record (诚信记录): who broke the rules of a challenge, and until when they take no part.

Whoever recorded one by mistake has somebody else withdraw it; nothing is deleted.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.rules import Actor, Role, oversees
from market.audit.service import record
from market.challenges.models import Challenge, IntegrityRecord
from market.challenges.queries.integrity import lock_integrity
from market.challenges.rules.integrity import bar_fault
from market.clock import china_day
from market.errors import Conflict, PermissionDenied, violation
from market.libraries.service.forms.projects import check_talent
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
    """Record a breach of an expert or a unit, as the bureau; until the day neither takes part in the region.

    Raises:
        PermissionDenied: another region's bureau.
        RuleViolation: not exactly one of the two, somebody unknown, a day that is past or too far.
    """
    check_region(session, region_code, pointer="/region_code")
    if actor.role is not Role.ADMIN and not oversees(actor, region_code):
        raise PermissionDenied("诚信记录由所在地主管部门登记。", code="role-not-allowed")
    if (talent_id is None) == (organisation_id is None):
        raise violation("/talent_id", "one-subject", "请指明一位人才库人员，或一家单位。")
    if talent_id is not None:
        check_talent(session, actor, talent_id, pointer="/talent_id")
    if organisation_id is not None and session.get(Organisation, organisation_id) is None:
        raise violation("/organisation_id", "organisation-not-found", "没有找到该单位。")
    if challenge_id is not None and session.get(Challenge, challenge_id) is None:
        raise violation("/challenge_id", "challenge-not-found", "没有找到该榜单项目。")
    fault = bar_fault(barred_until, today=china_day(now))
    if fault is not None:
        raise violation("/barred_until", *fault)
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


def withdraw_integrity(
    session: Session, actor: Actor, record_id: int, *, note: str, now: datetime
) -> IntegrityRecord:
    """Withdraw a record that was wrong or has been made good; from then on it bars nobody.

    Args:
        session: open transaction.
        actor: the bureau of its region, another person than who recorded it.
        record_id: which record.
        note: why.
        now: present time.

    Raises:
        PermissionDenied: in charge of no region, or whoever recorded it.
        NotFound: there is none, or it is another region's.
        Conflict: it was withdrawn already.
    """
    row = lock_integrity(session, actor, record_id)
    if row.withdrawn_at is not None:
        raise Conflict("该诚信记录已经撤销。", code="integrity-withdrawn")
    if actor.user_id is not None and actor.user_id == row.recorded_by:
        raise PermissionDenied("登记诚信记录的人不能自己撤销，请由另一人办理。", code="checker-is-recorder")
    row.withdrawn_by, row.withdrawn_at, row.withdrawal_note = actor.user_id, now, note
    session.flush()
    record(
        session, actor.user_id, action="integrity.withdraw", entity="integrity", entity_id=row.id, now=now,
    )  # fmt: skip
    return row
