"""Who may look at figures, behind them, and along the thread."""

from __future__ import annotations

from market.accounts.rules import Actor, Role, oversees
from market.turnover.rules.measures import Measure


def may_see_figures(actor: Actor, *, region_code: str, station_id: int | None) -> bool:
    """Tell whether the actor may see figures of an area, or of one station in it, beyond what is published.

    Admins may, bureaus for their own region and all inside it, registrars for their own station.
    """
    if actor.role is Role.REGISTRAR:
        return actor.in_office and station_id is not None and station_id == actor.organisation_id
    return actor.role is Role.ADMIN or oversees(actor, region_code)


def may_drill_down(actor: Actor, *, region_code: str, station_id: int | None, measure: Measure) -> bool:
    """Tell whether the actor may see the contracts behind an area's figure.

    A registrar may for the registration figure of any area, which is then cut to the own station.
    """
    if actor.role is Role.REGISTRAR:
        return (
            actor.in_office and measure is Measure.REGISTERED and station_id in {None, actor.organisation_id}
        )
    return may_see_figures(actor, region_code=region_code, station_id=station_id)


def sees_all_words(actor: Actor, *, broker_id: int | None) -> bool:
    """Tell whether the actor may read all that was said on the way to a contract.

    Admins and the broker may. Others, bureaus too, read the broker's decision only: what a side
    told the broker was not for them.
    """
    return actor.role is Role.ADMIN or (broker_id is not None and actor.user_id == broker_id)
