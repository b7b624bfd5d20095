"""Making suggestions from what has become findable, and dropping those that have lost their ground.

The change log of the index is the queue: `suggestion_progress` remembers how far it has been
worked off, in the transaction that writes the suggestions. So each change is worked off once,
whoever does it and however often it is tried.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from market.accounts.rules import OPERATOR
from market.clock import Clock, china_day
from market.db import Database
from market.listings.models import Achievement, Need
from market.listings.rules import is_searchable
from market.matches import queries
from market.matches.models import Suggestion, SuggestionProgress
from market.matches.rules import TRANSITIONS, Action, Side, Status
from market.matches.service import note_event, take_engine_step
from market.search.documents import Kind, Ranking
from market.search.queries import changes_after, last_seq
from market.search.replica import Replica

log = structlog.get_logger()

PER_LISTING = 10
"""Suggestions asked for when a listing becomes findable."""

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
        The number of suggestions made.
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
        The `seq` before, the `seq` after, and the number of suggestions made.
    """
    progress = _lock_progress(session)
    before = progress.seq
    changes = changes_after(session, before, limit=BATCH)
    made = 0
    for kind, record_id in changes.removals:
        if kind in (Kind.NEED, Kind.ACHIEVEMENT):
            _drop(session, Side(kind.value), record_id, now=now)
    for kind, record_id in changes.upserts:
        if kind in (Kind.NEED, Kind.ACHIEVEMENT):
            made += _suggest(session, replica, Side(kind.value), record_id, now=now)
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


def _suggest(session: Session, replica: Replica, side: Side, record_id: int, *, now: datetime) -> int:
    listing: Need | Achievement | None = (
        session.get(Need, record_id) if side is Side.NEED else session.get(Achievement, record_id)
    )
    today = china_day(now)
    if listing is None or not is_searchable(listing.status, listing.expires_on, today=today):
        return 0
    ranking = queries.ask_engine(session, replica, listing, k=PER_LISTING, today=today, alike=True)
    found = queries.load_listings(session, queries.OPPOSITE[side], [int(hit.key) for hit in ranking.hits])
    known = _known(session, side, record_id)
    made = 0
    for hit in ranking.hits:
        other = found.get(int(hit.key))
        # The index may be ahead of this transaction or behind a withdrawal in another one.
        if other is None or not is_searchable(other.status, other.expires_on, today=today):
            continue
        existing = known.get(other.id)
        if existing is None:
            suggestion = _new(side, record_id, other.id, ranking, hit.rank - 1, now=now)
            session.add(suggestion)
            session.flush()  # the event needs the id
            note_event(session, OPERATOR, suggestion, Action.SUGGEST, source=None, now=now)
            made += 1
        elif existing.status is Status.LAPSED:
            _describe(existing, side, ranking, hit.rank - 1)
            take_engine_step(session, OPERATOR, existing, Action.REVIVE, now=now)
            made += 1
    return made


def _known(session: Session, side: Side, record_id: int) -> dict[int, Suggestion]:
    own, other = (
        (Suggestion.need_id, "achievement_id")
        if side is Side.NEED
        else (Suggestion.achievement_id, "need_id")
    )
    rows = session.scalars(select(Suggestion).where(own == record_id))
    return {getattr(row, other): row for row in rows}


def _new(
    side: Side, record_id: int, other_id: int, ranking: Ranking, index: int, *, now: datetime
) -> Suggestion:
    need_id, achievement_id = (record_id, other_id) if side is Side.NEED else (other_id, record_id)
    suggestion = Suggestion(
        need_id=need_id, achievement_id=achievement_id, status=Status.SUGGESTED, created_at=now
    )
    _describe(suggestion, side, ranking, index)
    return suggestion


def _describe(suggestion: Suggestion, side: Side, ranking: Ranking, index: int) -> None:
    hit = ranking.hits[index]
    suggestion.asked_by = side
    suggestion.rank = hit.rank
    suggestion.score = hit.score
    suggestion.reasons = queries.reasons_of(hit, ranking, asked_by=side)
    suggestion.encoder = ranking.encoder
    suggestion.lexicon = ranking.lexicon
    suggestion.weights = ranking.weights


def _drop(session: Session, side: Side, record_id: int, *, now: datetime) -> None:
    """Let suggestions lapse whose listing left the market before the sides agreed."""
    rows = session.scalars(
        select(Suggestion)
        .options(joinedload(Suggestion.need), joinedload(Suggestion.achievement))
        .where(
            (Suggestion.need_id if side is Side.NEED else Suggestion.achievement_id) == record_id,
            Suggestion.status.in_(TRANSITIONS[Action.LAPSE].sources),
        )
        .with_for_update(of=Suggestion)
    )
    for suggestion in rows:
        take_engine_step(session, OPERATOR, suggestion, Action.LAPSE, now=now)
