"""Taking a copy of a whole register away, which is written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.audit.service import record
from market.clock import china_day
from market.libraries.queries.editions import entries_in_state
from market.libraries.queries.kinds import freeze
from market.libraries.queries.registers import require_office
from market.libraries.rules import REGISTER_NAMES, EntryStatus, Frozen, Register
from market.reference.queries import check_region


@dataclass(frozen=True, slots=True)
class RegisterExport:
    """The listed entries of a register, as rows of a file, with what only the office sees."""

    title: str
    note: str
    rows: Sequence[Frozen]


def export_register(
    session: Session, actor: Actor, register: Register, *, region_code: str, now: datetime
) -> RegisterExport:
    """Return a register as it stands, and write down that a copy was taken.

    Raises:
        PermissionDenied: another region's bureau, or no bureau.
        RuleViolation: there is no such region.
    """
    require_office(actor, region_code)
    region = check_region(session, region_code, pointer="/region")
    entries = entries_in_state(session, register, region_code, EntryStatus.LISTED)
    record(
        session, actor.user_id, action="register.export", entity="register", entity_id=0, now=now,
        details={"register": register.value, "region": region_code, "rows": len(entries)},
    )  # fmt: skip
    return RegisterExport(
        title=f"{region.name}{REGISTER_NAMES[register]}",
        note=f"{china_day(now).isoformat()} 导出，共 {len(entries)} 条",
        rows=freeze(session, entries, office=True),
    )
