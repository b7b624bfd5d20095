"""Running an import: all rows or none, or the good ones only; trying it on; and keeping what came of it."""

from __future__ import annotations

import gc
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.audit.service import record
from market.clock import Clock
from market.contracts.ledger import Ledger
from market.db import Database, get_or_not_found
from market.errors import FieldError, MarketError, RuleViolation
from market.exchange.models import ImportRun
from market.exchange.rules.field import ORGANISATION, ORGANISATION_USCC
from market.exchange.rules.guarded import guarded, guarded_heading, guarded_name
from market.exchange.rules.rows import CellReader, RowForm, error_at, errors_of, read_row
from market.exchange.rules.runs import (
    PERSONAL,
    REGISTERS,
    ImportKind,
    Mode,
    Outcome,
    Result,
    RowError,
    SourceRow,
)
from market.exchange.service.contracts import ContractWriter
from market.exchange.service.listings import ListingWriter
from market.exchange.service.plan import LISTING_KINDS, ImportPlan, Owners, Units
from market.exchange.service.registers import RegisterWriter
from market.search.documents import Encoder

ERRORS_KEPT = 200
"""Refused rows that are stored with an import; the report file has all."""


class Writer(Protocol):
    """Writes rows of one kind.

    Attributes:
        batch: rows that are written together; one transaction where rows may be skipped.
    """

    batch: int

    def key_fields(self) -> tuple[str, ...]:
        """Return the fields by which a row is told from others."""
        ...

    def keys_of(self, owner_id: int, values: Mapping[str, Any], /) -> tuple[object, ...]:
        """Return what no other row of the file may have."""
        ...

    def write(
        self, session: Session, rows: Sequence[tuple[int, Mapping[str, Any]]], *, now: datetime
    ) -> Sequence[Outcome | MarketError]:
        """Write rows, of owner and values; of each, say what became of it or why it was refused."""
        ...


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of an import: the stored record, and every refused row."""

    run: ImportRun
    errors: list[RowError]


def run_import(
    database: Database,
    actor: Actor,
    plan: ImportPlan,
    *,
    encoder: Encoder | None,
    ledger: Ledger | None,
    clock: Clock,
    progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Import a file in transactions of its own.

    All or nothing is one transaction. Otherwise, and in a dry run, each batch of rows is one, so that the
    market can go on working meanwhile; a run that breaks off leaves whole rows only, and running the file
    again completes it.

    Args:
        database: where to.
        actor: who imports.
        plan: from `plan_import`, for this actor; its file is still open.
        encoder: needed to publish, and for registers.
        ledger: needed for contracts.
        clock: tells the time of each batch.
        progress: called with the number of rows that were dealt with.

    Raises:
        ValueError: the encoder or the ledger is missing.
    """
    importer = _Importer(actor, plan, encoder=encoder, ledger=ledger)
    with database.transaction() as session:
        run_id = _start(session, actor, plan, now=clock.now()).id
    with closing(plan.source.rows()) as rows, _few_collections():
        batches = importer.batches(rows, progress)
        if plan.options.mode is Mode.ALL_OR_NOTHING and not plan.options.dry_run:
            with database.transaction() as session:
                tally = importer.write(session, batches, now=clock.now())
        else:
            tally = Tally()
            for batch in batches:
                # A tally of its own: a batch that another transaction pushed aside is counted once.
                tally.add(database.retrying(partial(importer.write, batches=[batch], now=clock.now())))
    with database.transaction() as session:
        run = get_or_not_found(session, ImportRun, run_id, name="导入记录")
        _finish(session, actor, run, tally, now=clock.now())
    return ImportReport(run, tally.errors)


@contextmanager
def _few_collections() -> Iterator[None]:
    """Have the collector of cycles look less often.

    An import makes millions of values that live for one batch and hold no cycles; looking through them again
    and again took a sixth of its time.
    """
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def import_within(
    session: Session,
    actor: Actor,
    plan: ImportPlan,
    *,
    encoder: Encoder | None,
    ledger: Ledger | None,
    now: datetime,
) -> ImportReport:
    """Import a file inside the caller's transaction.

    Args:
        session: open transaction.
        actor: who imports.
        plan: from `plan_import`, for this actor; its file is still open.
        encoder: needed to publish, and for registers.
        ledger: needed for contracts.
        now: present time.

    Raises:
        RuleViolation: `import-rejected`: rows are bad and it was to be all or nothing; not in a dry run.
        ValueError: the encoder or the ledger is missing.
    """
    importer = _Importer(actor, plan, encoder=encoder, ledger=ledger)
    run = _start(session, actor, plan, now=now)
    with closing(plan.source.rows()) as rows:
        tally = importer.write(session, importer.batches(rows, None), now=now)
    if tally.rejected(plan.options.mode) and not plan.options.dry_run:
        raise _rejection(tally.errors)
    _finish(session, actor, run, tally, now=now)
    return ImportReport(run, tally.errors)


@dataclass(slots=True)
class Tally:
    """What came of some rows."""

    rows: int = 0
    failed: int = 0
    counts: Counter[Outcome] = field(default_factory=Counter)
    errors: list[RowError] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add what came of other rows, further down in the file."""
        self.rows += other.rows
        self.failed += other.failed
        self.counts += other.counts
        self.errors += other.errors

    def refuse(self, errors: Sequence[RowError]) -> None:
        """Count one row that was refused."""
        self.failed += 1
        self.errors += errors

    def rejected(self, mode: Mode) -> bool:
        """Tell whether the whole file is refused because of some of its rows."""
        return bool(self.errors) and mode is Mode.ALL_OR_NOTHING


class _Importer:
    """Takes the rows of one file, batch by batch; a batch may come again after its transaction failed."""

    def __init__(
        self, actor: Actor, plan: ImportPlan, *, encoder: Encoder | None, ledger: Ledger | None
    ) -> None:
        self.plan = plan
        registers = plan.options.kind in REGISTERS
        self._owners: Owners | Units = Units(actor, plan) if registers else Owners(actor, plan)
        self._reader = CellReader(plan.tables, plan.words)
        self._seen: dict[object, int] = {}
        self._writer = _writer(actor, plan, encoder=encoder, ledger=ledger)

    def batches(
        self, rows: Iterator[SourceRow], progress: Callable[[int], None] | None
    ) -> Iterator[list[SourceRow]]:
        """Cut rows into batches; `progress` hears of each when it has been dealt with."""
        while batch := list(itertools.islice(rows, self._writer.batch)):
            yield batch
            if progress is not None:
                progress(len(batch))  # the consumer has come back for the next one

    def write(self, session: Session, batches: Iterable[Sequence[SourceRow]], *, now: datetime) -> Tally:
        """Write these rows, and undo them all if nothing may stay."""
        whole, tally = session.begin_nested(), Tally()
        for batch in batches:
            self._write_batch(session, batch, tally, now=now)
        if self.plan.options.dry_run or tally.rejected(self.plan.options.mode):
            whole.rollback()
        else:
            whole.commit()
        return tally

    def _write_batch(
        self, session: Session, batch: Sequence[SourceRow], tally: Tally, *, now: datetime
    ) -> None:
        refused: list[tuple[int, list[RowError]]] = []
        good: list[tuple[RowForm, int]] = []
        for row in batch:
            form, owner_id, errors = self._read(session, row)
            if errors:
                refused.append((row.number, errors))
            else:
                good.append((form, owner_id))
        outcomes = self._writer.write(session, [(owner_id, form.values) for form, owner_id in good], now=now)
        for (form, _), outcome in zip(good, outcomes, strict=True):
            if isinstance(outcome, MarketError):
                refused.append((form.row.number, self._errors(form.row, outcome)))
            else:
                tally.counts[outcome] += 1
        for _, errors in sorted(refused, key=lambda each: each[0]):
            tally.refuse(errors)
        tally.rows += len(batch)

    def _read(self, session: Session, row: SourceRow) -> tuple[RowForm, int, list[RowError]]:
        plan = self.plan
        form, errors = read_row(
            plan.options.kind,
            row,
            mapping=plan.mapping,
            defaults=plan.defaults,
            reader=self._reader,
            ordered=plan.source.ordered,
        )
        if errors:
            return form, 0, [self._guarded(error) for error in errors]
        owner = self._owners.of(session, form)
        if isinstance(owner, tuple):
            names = (ORGANISATION_USCC, ORGANISATION) if form.organisation_uscc else (ORGANISATION,)
            return form, 0, [self._error(row, names, *owner)]
        for key in self._writer.keys_of(owner, form.values):
            first = self._seen.setdefault(key, row.number)
            if first != row.number:
                detail = f"与第{first}行编号相同，同一文件中一条记录只能出现一次。"
                return form, 0, [self._error(row, self._writer.key_fields(), "duplicate-in-file", detail)]
        return form, owner, []

    def _errors(self, row: SourceRow, error: MarketError) -> list[RowError]:
        plan = self.plan
        found = errors_of(plan.options.kind, row, error, mapping=plan.mapping, ordered=plan.source.ordered)
        return [self._guarded(each) for each in found]

    def _error(self, row: SourceRow, names: tuple[str, ...], code: str, detail: str) -> RowError:
        mapping, ordered = self.plan.mapping, self.plan.source.ordered
        return self._guarded(error_at(row, names, code, detail, mapping=mapping, ordered=ordered))

    def _guarded(self, error: RowError) -> RowError:
        return guarded(error, self.plan.mapping) if self.plan.options.kind in PERSONAL else error


def _writer(actor: Actor, plan: ImportPlan, *, encoder: Encoder | None, ledger: Ledger | None) -> Writer:
    if plan.options.kind is ImportKind.CONTRACTS:
        if ledger is None:
            raise ValueError("importing contracts needs a ledger")
        return ContractWriter(actor, ledger=ledger)
    if plan.options.kind in REGISTERS:
        if encoder is None:
            raise ValueError("importing entries of registers needs an encoder")
        return RegisterWriter(actor, plan.options.kind, encoder=encoder, draft=plan.options.draft)
    if plan.options.publish and encoder is None:
        raise ValueError("publishing needs an encoder")
    return ListingWriter(
        actor, LISTING_KINDS[plan.options.kind], encoder=encoder if plan.options.publish else None
    )


def _start(session: Session, actor: Actor, plan: ImportPlan, *, now: datetime) -> ImportRun:
    guarded_file = plan.options.kind in PERSONAL
    headings = {
        name: guarded_heading(i) if guarded_file else name for i, name in enumerate(plan.source.columns)
    }
    run = ImportRun(
        kind=plan.options.kind,
        file_name=guarded_name(plan.options.kind, plan.file_name) if guarded_file else plan.file_name,
        sha256=plan.sha256,
        mode=plan.options.mode,
        dry_run=plan.options.dry_run,
        publish=plan.options.publish,
        mapping=[
            {
                "column": headings[mapped.column],
                "field": mapped.field.name,
                "label": mapped.field.label,
                "unit": mapped.unit,
            }
            for mapped in plan.mapping.columns
        ],
        unmapped=[headings[name] for name in plan.mapping.unmapped],
        actor_id=actor.user_id,
        organisation_id=actor.organisation_id,
        started_at=now,
    )
    session.add(run)
    session.flush()  # the audit event needs the id
    return run


def _finish(session: Session, actor: Actor, run: ImportRun, tally: Tally, *, now: datetime) -> None:
    rejected = tally.rejected(run.mode)
    counts = Counter[Outcome]() if rejected and not run.dry_run else tally.counts
    run.result = Result.REJECTED if rejected else Result.DONE
    run.rows = tally.rows
    run.created = counts[Outcome.CREATED]
    run.updated = counts[Outcome.UPDATED]
    run.unchanged = counts[Outcome.UNCHANGED]
    run.failed = tally.failed
    run.errors = [_stored(error) for error in tally.errors[:ERRORS_KEPT]]
    run.finished_at = now
    record(
        session,
        actor.user_id,
        action="import.run",
        entity="import",
        entity_id=run.id,
        now=now,
        details={
            "kind": run.kind.value,
            "rows": run.rows,
            "result": run.result.value,
            "dry_run": run.dry_run,
        },
    )


def _stored(error: RowError) -> dict[str, Any]:
    return {name: value for name, value in asdict(error).items() if name != "value"}


def _rejection(errors: Sequence[RowError]) -> RuleViolation:
    return RuleViolation(
        f"有{len({error.row for error in errors})}行不符合要求，整个文件未导入。",
        code="import-rejected",
        fields=tuple(
            FieldError(_pointer(error), error.code, f"第{error.row}行：{error.detail}", error.source)
            for error in errors[:ERRORS_KEPT]
        ),
    )


def _pointer(error: RowError) -> str:
    column = "" if error.column is None else "/" + error.column.replace("~", "~0").replace("/", "~1")
    return f"/rows/{error.row}{column}"
