"""Staffing stations and drawing their territories: admins, and bureaus over the station's region."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market.accounts.models import Organisation, User
from market.accounts.rules import Actor, Role
from market.audit.service import record
from market.clock import china_day
from market.contracts import queries
from market.contracts.form_rules import PLACE_RULE
from market.contracts.models import StationDuty, StationTerritory
from market.contracts.rules import DUTY_NAMES, Duty
from market.errors import Conflict, NotFound, PermissionDenied, violation
from market.reference.queries import check_region


def grant_duty(
    session: Session,
    actor: Actor,
    station_id: int,
    *,
    user_id: int,
    duty: Duty,
    valid_from: date | None,
    now: datetime,
) -> StationDuty:
    """Give one of a station's people a duty, from a day on until it is ended.

    Args:
        session: open transaction.
        actor: an admin, or a bureau over the station's region.
        station_id: which station.
        user_id: a registrar of that station.
        duty: what they may decide.
        valid_from: first day; today unless given.
        now: present time.

    Raises:
        NotFound: there is no such station.
        PermissionDenied: the actor does not look after it.
        RuleViolation: the person does not work there.
        Conflict: `duty-held`: they hold it already.
    """
    station = _staffed(session, actor, station_id)
    user = session.get(User, user_id)
    if user is None or user.organisation_id != station.id or user.role is not Role.REGISTRAR:
        raise violation("/user_id", "not-of-station", "该用户不是这个登记机构的人员。")
    row = StationDuty(
        station_id=station.id,
        user=user,
        duty=duty,
        valid_from=valid_from or china_day(now),
        granted_by=actor.user_id,
        granted_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        raise Conflict(f"该人员现在已经是{DUTY_NAMES[duty]}。", code="duty-held") from None
    _record(session, actor, row, verb="grant", now=now)
    return row


def end_duty(session: Session, actor: Actor, duty_id: int, *, now: datetime) -> StationDuty:
    """End a duty with yesterday, so that it gives nothing any more from this moment on.

    Raises:
        NotFound: there is none.
        PermissionDenied: the actor does not look after the station.
        Conflict: `duty-ended`.
    """
    row = queries.get_duty(session, duty_id)
    _staffed(session, actor, row.station_id)
    if row.valid_to is not None:
        raise Conflict("该项人员分工已经结束。", code="duty-ended")
    row.valid_to = china_day(now) - timedelta(days=1)
    _record(session, actor, row, verb="end", now=now)
    session.flush()  # the answer shows what is written
    return row


def _staffed(session: Session, actor: Actor, station_id: int) -> Organisation:
    station = queries.get_station(session, station_id)
    if not queries.may_staff(actor, station):
        raise PermissionDenied(
            "登记机构的人员分工和受理范围由其所在地的主管部门确定。", code="not-overseeing"
        )
    return station


def _record(session: Session, actor: Actor, row: StationDuty, *, verb: str, now: datetime) -> None:
    record(
        session,
        actor.user_id,
        action=f"station_duty.{verb}",
        entity="station_duty",
        entity_id=row.id,
        now=now,
        details={"station_id": row.station_id, "user_id": row.user_id, "duty": row.duty.value},
    )


def add_territory(
    session: Session, actor: Actor, station_id: int, *, region_code: str, source: str, now: datetime
) -> queries.DescribedStation:
    """Let a station serve a region with all regions inside it; saying it again renews the source.

    Args:
        session: open transaction.
        actor: an admin, or a bureau over the station's region.
        station_id: which station.
        region_code: the region.
        source: the paper that says so.
        now: present time.

    Raises:
        NotFound, PermissionDenied: as `grant_duty`.
        RuleViolation: there is no such region.
        Conflict: `territory-held`: somebody else said so at the same moment.
    """
    station = _staffed(session, actor, station_id)
    check_region(session, region_code, pointer="/region_code")
    row = session.get(StationTerritory, (station.id, region_code))
    try:
        with session.begin_nested():
            if row is None:
                session.add(StationTerritory(station_id=station.id, region_code=region_code, source=source))
            else:
                row.source = source
    except IntegrityError:
        raise Conflict("该地区刚刚已划入，请重试。", code="territory-held") from None
    _record_territory(session, actor, station, region_code, verb="add", now=now)
    return queries.describe_stations(session, [station])[0]


def remove_territory(
    session: Session, actor: Actor, station_id: int, region_code: str, *, now: datetime
) -> queries.DescribedStation:
    """Take a region out of what a station serves; applications it has stay with it.

    A station without any region named serves the one it stands in.

    Raises:
        NotFound: there is no such station, or it does not serve this region by itself.
        PermissionDenied: as `grant_duty`.
    """
    station = _staffed(session, actor, station_id)
    row = session.get(StationTerritory, (station.id, region_code))
    if row is None:
        raise NotFound("该登记机构的受理范围中没有这个地区。", code="territory-not-found")
    session.delete(row)
    session.flush()  # the answer shows what is written
    _record_territory(session, actor, station, region_code, verb="remove", now=now)
    return queries.describe_stations(session, [station])[0]


def _record_territory(
    session: Session, actor: Actor, station: Organisation, region_code: str, *, verb: str, now: datetime
) -> None:
    record(
        session,
        actor.user_id,
        action=f"station_territory.{verb}",
        entity="organisation",
        entity_id=station.id,
        now=now,
        details={"region_code": region_code},
    )


def require_territory(session: Session, station: Organisation, region_code: str) -> None:
    """Refuse an applicant from a region that a station does not serve (属地登记).

    Raises:
        RuleViolation: `outside-territory`, naming the stations that do.
    """
    if queries.serves(session, station, region_code):
        return
    region = check_region(session, region_code, pointer="/station_id")
    others = queries.stations_serving(session, region_code)
    names = "、".join(other.name for other in others)
    instead = f"请向{names}申请。" if others else "目前没有登记机构受理该地区，请联系主管部门。"
    raise violation(
        "/station_id",
        "outside-territory",
        f"{station.name}不受理{region.name}（{region.code}）的申请；{instead}",
        source=PLACE_RULE,
    )
