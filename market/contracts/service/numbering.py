"""Numbers that a station gives one by one within a year."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from market.accounts.models import Organisation
from market.clock import china_day
from market.contracts.rules.certificates import serial_prefix


def draw_number(
    session: Session,
    column: InstrumentedAttribute[Any],
    *,
    kind: str,
    station: Organisation,
    now: datetime,
) -> str:
    """Return the next free number of a kind at a station; the station's row stays locked until the end.

    Args:
        session: open transaction; it locks contracts before, never after.
        column: where these numbers are kept; none is ever deleted.
        kind: see `rules.certificates.serial_prefix`.
        station: who gives it.
        now: present time; serials begin anew each year.
    """
    # Weaker than FOR UPDATE, so that writing a contract of this station need not wait.
    session.execute(
        select(Organisation.id).where(Organisation.id == station.id).with_for_update(key_share=True)
    )
    year = china_day(now).year
    prefix = serial_prefix(kind, year=year, area=station.region_code, station_id=station.id)
    given = session.scalar(select(func.count()).where(column.startswith(prefix)))
    return f"{prefix}{(given or 0) + 1:04d}"
