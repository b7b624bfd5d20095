"""Files of registers, and what takes them in."""

from __future__ import annotations

import io
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, Actor
from market.exchange.rules.runs import ImportKind, ImportOptions, Mode
from market.exchange.service import ImportReport, import_within, plan_import
from market.libraries.printing import SheetFormat, sheets_file
from market.libraries.rules import EntryAction, EntryKind, Frozen, Register
from market.libraries.service.entries import check_register
from market.libraries.service.registers import export_register
from tests.factories import JIANGYIN, NOW
from tests.market.exchange.factories import csv_file
from tests.market.libraries.factories import ENCODER

YIXING = "320282"


def bring(
    session: Session,
    kind: ImportKind,
    content: str | io.BytesIO,
    *,
    actor: Actor = OPERATOR,
    name: str = "清单.csv",
    **options: Any,
) -> ImportReport:
    """Import a file, skipping bad rows."""
    stream = csv_file(content) if isinstance(content, str) else content
    chosen = ImportOptions(**{"kind": kind, "mode": Mode.SKIP_BAD_ROWS, **options})
    plan = plan_import(session, actor, stream=stream, file_name=name, options=chosen)
    return import_within(session, actor, plan, encoder=ENCODER, ledger=None, now=NOW)


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    """Return how many rows were new, changed, the same, and refused."""
    return report.run.created, report.run.updated, report.run.unchanged, report.run.failed


def faults(report: ImportReport) -> list[tuple[int, str | None, str]]:
    """Return row, column and code of each error."""
    return [(error.row, error.column, error.code) for error in report.errors]


def exported(
    session: Session, register: Register, region: str, file_format: SheetFormat, kind: EntryKind
) -> io.BytesIO:
    """Return the file that the bureau of a region is given."""
    found = export_register(session, OPERATOR, register, region_code=region, now=NOW)
    only = kind.value if file_format is SheetFormat.CSV else None
    content = sheets_file(
        session, found.rows, title=found.title, notes=(found.note,), created_at=NOW, file_format=file_format,
        kind=only, office=True,
    )  # fmt: skip
    return io.BytesIO(content)


def listed(session: Session, register: Register, region: str) -> list[Frozen]:
    """Return the rows of an export."""
    return list(export_register(session, OPERATOR, register, region_code=region, now=NOW).rows)


def check_all(session: Session, register: Register, region: str = JIANGYIN, actor: Actor = OPERATOR) -> int:
    """List everything that waits; returns how many."""
    checked = check_register(
        session, actor, register, region_code=region, ids=(), decision=EntryAction.LIST, note=None,
        encoder=ENCODER, now=NOW,
    )  # fmt: skip
    return len(checked)
