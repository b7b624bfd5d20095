"""Listings and entries of registers as one sort of thing: records that can be referred to each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ScalarResult, select
from sqlalchemy.orm import Session, joinedload

from market.accounts.rules import Actor
from market.libraries.models import (
    ChainEnterprise,
    ChainNode,
    KeyTechnology,
    Project,
    RegisterEntry,
    Resource,
    Talent,
)
from market.libraries.queries.chains import gaps
from market.libraries.queries.entries import load_entries, sees_internal
from market.libraries.queries.kinds import SPECS
from market.libraries.queries.kinds import to_document as entry_document
from market.libraries.rules import EntryKind, EntryStatus, is_public
from market.libraries.rules.technologies import UNSOLVED
from market.listings.models import Achievement, AnyListing, Listing, Scenario
from market.listings.queries import MODELS
from market.listings.queries import to_document as listing_document
from market.listings.rules import PUBLIC, ListingKind, is_searchable
from market.matches.rules.referrals import PILOT_BASE, Pair, Standing, takes_in
from market.search.documents import Document, Kind

Key = tuple[Kind, int]

LISTING_KINDS: Mapping[Kind, ListingKind] = {Kind(kind.value): kind for kind in ListingKind}
ENTRY_KINDS: Mapping[Kind, EntryKind] = {
    spec.index_kind: kind for kind, spec in SPECS.items() if spec.index_kind is not None
}


@dataclass(frozen=True, slots=True)
class Record:
    """A listing or an entry.

    Attributes:
        kind: as the index names it.
        row: as its own feature keeps it, with its unit.
        findable: whether it may be found now; expired listings are not.
    """

    kind: Kind
    row: AnyListing | RegisterEntry
    findable: bool

    @property
    def id(self) -> int:
        """Its id, unique within its kind."""
        return self.row.id

    @property
    def key(self) -> Key:
        """Kind and id."""
        return self.kind, self.row.id

    @property
    def title(self) -> str:
        """Its public title."""
        return self.row.title

    @property
    def region_code(self) -> str:
        """Where it lies."""
        return self.row.region_code

    @property
    def owner_id(self) -> int | None:
        """The organisation it belongs to; None where that is not on the market."""
        return self.row.organisation_id

    @property
    def owner_name(self) -> str | None:
        """Name of that organisation."""
        return self.row.organisation.name if self.row.organisation else None

    @property
    def on_market(self) -> bool:
        """Whether talks about it may begin: it is public, if perhaps under negotiation already."""
        return self.row.status in PUBLIC if isinstance(self.row, Listing) else self.findable

    @property
    def standing(self) -> Standing:
        """Who speaks for it."""
        person = self.row.user_id if isinstance(self.row, Talent) else None
        return Standing(
            organisation_id=self.owner_id,
            user_id=person,
            region_code=self.region_code,
            by_bureau=self.kind is Kind.NODE or (self.owner_id is None and person is None),
        )


def load(session: Session, kind: Kind, ids: Sequence[int], *, today: date) -> dict[int, Record]:
    """Return records of a kind by id, with their units; what does not exist is left out.

    Args:
        session: open session.
        kind: of the records.
        ids: which ones.
        today: listings expired on this day may not be found.
    """
    if not ids:
        return {}
    if kind in LISTING_KINDS:
        model = MODELS[LISTING_KINDS[kind]]
        rows: ScalarResult[Any] = session.scalars(
            select(model).options(joinedload(model.organisation)).where(model.id.in_(ids))
        )
        return {
            row.id: Record(kind, row, is_searchable(row.status, row.expires_on, today=today)) for row in rows
        }
    entries = load_entries(session, ENTRY_KINDS[kind], ids)
    shown = _shown(session, ENTRY_KINDS[kind], list(entries))
    return {
        entry.id: Record(
            kind,
            entry,
            entry.id in shown
            and is_public(entry.kind, entry.status, published=entry.published_at is not None),
        )
        for entry in entries.values()
    }


def _shown(session: Session, kind: EntryKind, ids: Sequence[int]) -> set[int]:
    """Return those that meet the further condition of their kind, such as a consent."""
    spec = SPECS[kind]
    if spec.shown is None or not ids:
        return set(ids)
    return set(session.scalars(select(spec.model.id).where(spec.model.id.in_(ids), spec.shown)))


def load_all(session: Session, keys: Iterable[Key], *, today: date) -> dict[Key, Record]:
    """Return records of several kinds, in a fixed number of statements per kind."""
    by_kind: dict[Kind, list[int]] = {}
    for kind, record_id in dict.fromkeys(keys):
        by_kind.setdefault(kind, []).append(record_id)
    return {
        record.key: record
        for kind, ids in by_kind.items()
        for record in load(session, kind, ids, today=today).values()
    }


def document_of(session: Session, record: Record) -> Document:
    """Return what the index sees of a record."""
    if isinstance(record.row, RegisterEntry):
        return entry_document(session, record.row)
    return listing_document(record.row)


def may_see(actor: Actor | None, record: Record) -> bool:
    """Tell whether the actor may read the public part of a record that is named to them.

    What an entry said is shown while anyone may read it; later, and of people who no longer agree, to
    those alone who keep the entry.
    """
    if not isinstance(record.row, RegisterEntry) or record.findable:
        return True
    return record.row.status is not EntryStatus.ERASED and sees_internal(actor, record.row)


def suiting(
    session: Session, pair: Pair, record: Record, others: Iterable[Record], *, all_nodes: bool = False
) -> set[int]:
    """Return the ids of those that a record may be referred to, by what the engine does not check.

    Args:
        session: open session.
        pair: of which the record is one side.
        record: one side.
        others: of the other side, any of them.
        all_nodes: those, too, on which an enterprise stands; a referral is for gaps alone.
    """
    others = list(others)
    nodes = [one.row for one in (record, *others) if isinstance(one.row, ChainNode)]
    open_nodes = {node.id for node in nodes} if all_nodes or not nodes else gaps(session, nodes)
    found = set()
    for other in others:
        demand, supply = (record, other) if record.kind is pair.demand else (other, record)
        owners_differ = demand.owner_id is None or demand.owner_id != supply.owner_id
        if owners_differ and _suits(pair, demand, supply, open_nodes):
            found.add(other.id)
    return found


def _suits(pair: Pair, demand: Record, supply: Record, open_nodes: set[int]) -> bool:
    if isinstance(demand.row, ChainNode) and demand.id not in open_nodes:
        return False
    if isinstance(demand.row, KeyTechnology) and demand.row.progress not in UNSOLVED:
        return False
    row = supply.row
    if isinstance(demand.row, Scenario) and isinstance(row, Achievement) and demand.row.min_trl is not None:
        return takes_in(row.trl, min_trl=demand.row.min_trl, max_trl=None)
    if isinstance(row, Resource) and pair.category is not None:
        if row.category != pair.category:
            return False
        if pair.category == PILOT_BASE and isinstance(demand.row, Achievement):
            return takes_in(demand.row.trl, min_trl=row.min_trl, max_trl=row.max_trl)
    if isinstance(row, Project):
        return row.need_id != demand.id  # a project made for a need is no news to it
    if isinstance(row, ChainEnterprise):
        return all(position.node_id != demand.id for position in row.positions)
    return True
