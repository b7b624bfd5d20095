"""Suggestions between needs and achievements: what becomes findable asks, what ceases to be is dropped."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from market.accounts.rules import OPERATOR
from market.clock import china_day
from market.matches import queries
from market.matches.models import Suggestion
from market.matches.queries.finding import Found, find_for
from market.matches.queries.records import load
from market.matches.rules import TRANSITIONS, Action, Side, Status
from market.matches.service import note_event, take_engine_step
from market.search.documents import Kind, Ranking
from market.search.replica import Replica

PER_LISTING = 10
"""Suggestions asked for when a listing becomes findable."""


def suggest(session: Session, replica: Replica, side: Side, record_id: int, *, now: datetime) -> int:
    """Suggest for a listing what is found for it, and return how many suggestions were made."""
    today = china_day(now)
    listing = load(session, Kind(side.value), [record_id], today=today).get(record_id)
    if listing is None or not listing.findable:
        return 0
    ranking, found = find_for(
        session, replica, listing, queries.OPPOSITE[side], k=PER_LISTING, today=today, alike=True
    )
    known = _known(session, side, record_id)
    new, revived = [], 0
    for one in found:
        existing = known.get(one.record.id)
        if existing is None:
            new.append(_new(side, record_id, one, ranking, now=now))
        elif existing.status is Status.LAPSED:
            _describe(existing, side, one, ranking)
            take_engine_step(session, OPERATOR, existing, Action.REVIVE, now=now)
            revived += 1
    session.add_all(new)
    session.flush()  # the events need the ids
    for suggestion in new:
        note_event(session, OPERATOR, suggestion, Action.SUGGEST, source=None, now=now)
    return len(new) + revived


def _known(session: Session, side: Side, record_id: int) -> dict[int, Suggestion]:
    own, other = (
        (Suggestion.need_id, "achievement_id")
        if side is Side.NEED
        else (Suggestion.achievement_id, "need_id")
    )
    rows = session.scalars(select(Suggestion).where(own == record_id))
    return {getattr(row, other): row for row in rows}


def _new(side: Side, record_id: int, found: Found, ranking: Ranking, *, now: datetime) -> Suggestion:
    other_id = found.record.id
    need_id, achievement_id = (record_id, other_id) if side is Side.NEED else (other_id, record_id)
    suggestion = Suggestion(
        need_id=need_id, achievement_id=achievement_id, status=Status.SUGGESTED, created_at=now
    )
    _describe(suggestion, side, found, ranking)
    return suggestion


def _describe(suggestion: Suggestion, side: Side, found: Found, ranking: Ranking) -> None:
    suggestion.asked_by = side
    suggestion.rank = found.hit.rank
    suggestion.score = found.hit.score
    suggestion.reasons = queries.reasons_of(found.hit, ranking, asked_by=side)
    suggestion.encoder = ranking.encoder
    suggestion.lexicon = ranking.lexicon
    suggestion.weights = ranking.weights


def drop_suggestions(session: Session, side: Side, record_id: int, *, now: datetime) -> None:
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
