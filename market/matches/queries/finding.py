"""What could be referred to a record: the engine's hits that meet the conditions of the two kinds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from market.matches.queries.engine import ask_engine
from market.matches.queries.records import Record, document_of, load, suiting
from market.matches.rules.referrals import pair_of
from market.reference.queries import check_codes, check_region
from market.reference.rules import Scheme
from market.search.documents import Hit, Kind, Ranking
from market.search.models import SearchDocument
from market.search.replica import Replica

MOST = 200
"""As many hits as the engine gives."""

SPARE = 4
"""So many times as many hits are asked for where some of them will not do."""


@dataclass(frozen=True, slots=True)
class Found:
    """A hit that will do, and its place among those; `record` is as the database has it."""

    rank: int
    hit: Hit
    record: Record


def find_for(
    session: Session,
    replica: Replica,
    record: Record,
    kind: Kind,
    *,
    k: int,
    today: date,
    field: str | None = None,
    region: str | None = None,
    alike: bool = False,
    all_nodes: bool = False,
) -> tuple[Ranking, list[Found]]:
    """Rank the records of a kind that could be referred to one.

    Args:
        session: open session.
        replica: this process's index.
        record: what is asked for.
        kind: what is sought; where the two kinds are no pair, nothing but the engine decides.
        k: how many.
        today: what has expired on this day is left out.
        field: only this technical field.
        region: only this region and all inside it.
        alike: name the different words that make the vectors alike, too.
        all_nodes: nodes of chains that are no gaps, too.

    Returns:
        The engine's ranking, and at most `k` of its hits, best first.
    """
    pair = pair_of(record.kind, kind)
    more = pair is not None and pair[0].asks_for_more
    # A pilot base that asks for achievements has no use for a category of achievements.
    category = pair[0].category if pair is not None and kind is pair[0].supply else None
    ranking = ask_engine(
        session,
        replica,
        document_of(session, record),
        kind=kind,
        k=min(MOST, k * SPARE) if more else k,
        today=today,
        field=field,
        region=region,
        category=category,
        alike=alike,
    )
    # The index may be ahead of this transaction or behind a withdrawal in another one.
    records = load(session, kind, [int(hit.key) for hit in ranking.hits], today=today)
    others = {one.id: one for one in records.values() if one.findable}
    suits = set(others)
    if pair is not None:
        suits = suiting(session, pair[0], record, others.values(), all_nodes=all_nodes)
    kept = [hit for hit in ranking.hits if int(hit.key) in suits][:k]
    return ranking, [Found(rank, hit, others[int(hit.key)]) for rank, hit in enumerate(kept, start=1)]


def check_filters(session: Session, *, field: str | None, region: str | None) -> None:
    """Refuse to look in a technical field or a region that does not exist, instead of finding nothing.

    Raises:
        RuleViolation: `unknown-code`.
    """
    check_codes(session, [("/field", Scheme.TECH_FIELD, field)])
    if region is not None:
        check_region(session, region, pointer="/region")


def kinds_present(session: Session) -> set[Kind]:
    """Return the kinds of which something may be found."""
    kinds = list(Kind)
    row = session.execute(select(*(exists().where(SearchDocument.kind == kind) for kind in kinds))).one()
    return {kind for kind, present in zip(kinds, row, strict=True) if present}
