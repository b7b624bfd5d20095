"""Making suggestions from what has become findable, and dropping those that have lost their ground.

The change log of the index is the queue: `suggestion_progress` remembers how far it has been
worked off, in the transaction that writes the suggestions. So each change is worked off once
in its turn, whoever does it and however often it is tried.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy import select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market.clock import Clock
from market.db import Database
from market.matches.models import SuggestionProgress
from market.matches.rules import Side
from market.matches.suggesting.listings import drop_suggestions, suggest
from market.matches.suggesting.referrals import Referring, forget_record
from market.search.documents import Kind
from market.search.models import ListingChange, Operation
from market.search.queries import Changes, changes_after, last_seq
from market.search.replica import Replica

log = structlog.get_logger()

SUGGESTED = frozenset({Kind.NEED, Kind.ACHIEVEMENT})
"""Kinds that are suggested to each other, besides being referred to others."""

BATCH = 25
"""Changes worked off in one transaction; small, as it holds SQLite's write lock."""

REQUEST_BATCH = 1
"""The same while somebody waits for an answer, and others to write."""

REQUEST_SECONDS = 1.0
"""So long a request works on what is in line; then it is left to the next ones and to the daily command."""

NEWEST = 2
"""Last changes that a request works off before their turn, where it leaves some."""


def catch_up(
    database: Database,
    replica: Replica,
    clock: Clock,
    *,
    seconds: float | None = None,
    timer: Callable[[], float] = time.monotonic,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Work off the change log, to its end or as far as time allows.

    What is left stands in the log, and is worked off by whoever calls next. The last changes do not wait
    for it: who has just published a need finds its suggestions, however much is in line before it.

    Args:
        database: where the log is.
        replica: this process's index.
        clock: the time.
        seconds: begin no further batch after so long; None for no limit.
        timer: seconds since some moment.
        progress: called with the number of changes worked off by each step.

    Returns:
        The number of suggestions and referrals made.
    """
    with database.reading() as session:
        if not pending(session):
            return 0
    limit = BATCH if seconds is None else REQUEST_BATCH
    end = None if seconds is None else timer() + seconds
    made = 0
    while True:
        with database.transaction() as session:
            before, after, count = work_off(session, replica, now=clock.now(), limit=limit)
        made += count
        if progress is not None:
            progress(after - before)
        if after == before:
            return made
        if end is not None and timer() >= end:
            break
    with database.transaction() as session:
        return made + _work_off_newest(session, replica, now=clock.now())


def pending(session: Session) -> int:
    """Return how many changes have not been worked off."""
    progress = session.get(SuggestionProgress, 1)
    return last_seq(session) - (progress.seq if progress else 0)


def work_off(
    session: Session, replica: Replica, *, now: datetime, limit: int = BATCH
) -> tuple[int, int, int]:
    """Work off the next batch of changes.

    Returns:
        The `seq` before, the `seq` after, and the number of suggestions and referrals made.
    """
    progress = _lock_progress(session)
    before = progress.seq
    changes = changes_after(session, before, limit=limit)
    made = _follow(session, replica, changes, now=now)
    progress.seq = changes.seq
    return before, changes.seq, made


def _work_off_newest(session: Session, replica: Replica, *, now: datetime) -> int:
    """Work off the last changes, and all that is to be forgotten, without moving on in the log.

    They are worked off again when their turn comes, which does no harm.
    """
    progress = _lock_progress(session)
    left = session.execute(
        select(ListingChange.kind, ListingChange.record_id).where(
            ListingChange.seq > progress.seq, ListingChange.operation == Operation.FORGET
        )
    )
    for kind, record_id in left.all():
        forget_record(session, kind, record_id)
    newest = select(ListingChange.seq).order_by(ListingChange.seq.desc()).offset(NEWEST).limit(1)
    seq = max(progress.seq, session.scalar(newest) or 0)
    return _follow(session, replica, changes_after(session, seq), now=now)


def _follow(session: Session, replica: Replica, changes: Changes, *, now: datetime) -> int:
    """Do what follows from changes, and return the number of suggestions and referrals made."""
    referring = Referring(session, replica, now=now)
    made = 0
    for kind, record_id in _gone(session, changes):
        if kind in SUGGESTED:
            drop_suggestions(session, Side(kind.value), record_id, now=now)
        referring.drop(kind, record_id)
    for kind, record_id in changes.forgotten:
        forget_record(session, kind, record_id)
    changed = (*changes.removals, *changes.upserts)
    # Before what follows, by which a gap that has just opened would look like one that was asked for.
    made += referring.fill_gaps([record_id for kind, record_id in changed if kind is Kind.ENTERPRISE])
    for kind, record_id in changes.upserts:
        if kind in SUGGESTED:
            made += suggest(session, replica, Side(kind.value), record_id, now=now)
        made += referring.refer(kind, record_id)
    return made


def _gone(session: Session, changes: Changes) -> list[tuple[Kind, int]]:
    """Return the removals that no later change takes back; one may have been worked off already."""
    if not changes.removals:
        return []
    back = select(ListingChange.kind, ListingChange.record_id).where(
        ListingChange.seq > changes.seq,
        ListingChange.operation == Operation.UPSERT,
        tuple_(ListingChange.kind, ListingChange.record_id).in_(changes.removals),
    )
    again = {(row.kind, row.record_id) for row in session.execute(back)}
    return [record for record in changes.removals if record not in again]


def _lock_progress(session: Session) -> SuggestionProgress:
    """Return the one row, locked, so that others wait until this batch is done; the first call makes it."""
    progress = session.get(SuggestionProgress, 1, with_for_update=True, populate_existing=True)
    if progress is not None:
        return progress
    try:
        with session.begin_nested():
            session.add(SuggestionProgress(id=1, seq=0))
    except IntegrityError:
        log.info("suggesting.lost_race")  # somebody else was the first; their row does as well
    return session.get_one(SuggestionProgress, 1, with_for_update=True, populate_existing=True)
