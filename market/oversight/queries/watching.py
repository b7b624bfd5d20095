"""Who may look into what: bureaus into their region, registrars into their station, admins into all."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from market.accounts.rules import Actor, Role
from market.contracts.queries import get_station
from market.errors import PermissionDenied
from market.reference.queries import check_region
from market.reference.rules import NATION_CODE, lies_within


@dataclass(frozen=True, slots=True)
class Watch:
    """What is looked into: a region with all inside it, and maybe one station only."""

    region: str
    station_id: int | None = None


def get_watch(session: Session, actor: Actor, *, region: str | None, station: int | None = None) -> Watch:
    """Return what an actor may look into, as far as asked for.

    Args:
        session: open session.
        actor: who is asking.
        region: a bureau's own or one inside it; None means all the actor may look into.
        station: only this station.

    Raises:
        PermissionDenied: `not-overseeing`, `outside-region`, or `not-the-station` for a registrar who asks
            about another one.
        NotFound: there is no such station.
        RuleViolation: the region's code is unknown.
    """
    require_overseer(actor)
    if region is not None:
        check_region(session, region, pointer="/region")
    if actor.role is Role.REGISTRAR:
        if station not in {None, actor.organisation_id}:
            raise PermissionDenied("您只能查看本登记机构的情况。", code="not-the-station")
        return Watch(region or NATION_CODE, actor.organisation_id)
    if station is not None:
        get_station(session, station)
    return Watch(bounded_region(actor, region), station)


def require_overseer(actor: Actor) -> None:
    """Refuse everyone but bureaus, registrars and admins.

    Raises:
        PermissionDenied: `not-overseeing`.
    """
    officials = actor.role in {Role.BUREAU, Role.REGISTRAR} and actor.verified
    if actor.role is not Role.ADMIN and not officials:
        raise PermissionDenied("只有主管部门和登记机构可以查看。", code="not-overseeing")


def bounded_region(actor: Actor, region: str | None) -> str:
    """Return the region asked for, within that of a bureau; everything for an admin who asks for none.

    Raises:
        PermissionDenied: `outside-region`.
    """
    if actor.role is Role.ADMIN:
        return region or NATION_CODE
    assert actor.region_code is not None  # a bureau stands somewhere
    if region is not None and not lies_within(region, actor.region_code):
        raise PermissionDenied("您只能查看本地区的情况。", code="outside-region")
    return region or actor.region_code
