"""Making suggestions from what has become findable, and dropping those that have lost their ground.

The change log of the index is the queue: `suggestion_progress` remembers how far it has been
worked off, in the transaction that writes the suggestions. So each change is worked off once,
whoever does it and however often it is tried.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market.clock import Clock
from market.db import Database
from market.matches.models import SuggestionProgress
from market.matches.rules import Side
from market.matches.suggesting.listings import drop_suggestions, suggest
from market.matches.suggesting.referrals import Referring, forget_record
from market.search.documents import Kind
from market.search.queries import changes_after, last_seq
from market.search.replica import Replica

log = structlog.get_logger()

SUGGESTED = frozenset({Kind.NEED, Kind.ACHIEVEMENT})
"""Kinds that are suggested to each other, besides being referred to others."""

BATCH = 25
"""Changes worked off in one transaction; small, as it holds SQLite's write lock."""


def catch_up(
    database: Database, replica: Replica, clock: Clock, *, progress: Callable[[int], None] | None = None
) -> int:
    """Work off the change log to its end.

    Args:
        database: where the log is.
        replica: this process's index.
        clock: the time.
        progress: called with the number of changes worked off by each step.

    Returns:
        The number of suggestions and referrals made.
    """
    with database.reading() as session:
        if not pending(session):
            return 0
    made = 0
    while True:
        with database.transaction() as session:
            before, after, count = work_off(session, replica, now=clock.now())
        made += count
        if progress is not None:
            progress(after - before)
        if after == before:
            return made


def pending(session: Session) -> int:
    """Return how many changes have not been worked off."""
    progress = session.get(SuggestionProgress, 1)
    return last_seq(session) - (progress.seq if progress else 0)


def work_off(session: Session, replica: Replica, *, now: datetime) -> tuple[int, int, int]:
    """Work off the next batch of changes.

    Returns:
        The `seq` before, the `seq` after, and the number of suggestions and referrals made.
    """
    progress = _lock_progress(session)
    before = progress.seq
    changes = changes_after(session, before, limit=BATCH)
    referring = Referring(session, replica, now=now)
    made = 0
    for kind, record_id in changes.removals:
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
    progress.seq = changes.seq
    return before, changes.seq, made


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
