"""Writing imported needs and achievements, through the same steps that people take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.errors import MarketError, violation
from market.exchange import queries
from market.exchange.rules.runs import Outcome
from market.listings import service
from market.listings.models import AnyListing
from market.listings.queries import MODELS, to_document
from market.listings.rules import EDITABLE, Action, ListingKind, Status
from market.search.documents import Encoder

ON_THE_WAY = frozenset({Status.DRAFT, Status.REWORK, Status.PENDING})
"""States from which publication is still to come."""

REVISED_FIRST = frozenset({Status.PUBLISHED, Status.EXPIRED})
"""States that an import which publishes takes back for revision, to publish the new text."""


class BatchEncoder:
    """An encoder that has encoded a batch of texts at once, and hands the vectors out one by one.

    Models are many times faster on batches, while publishing asks for one text at a time.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._vectors: dict[str, NDArray[np.float32]] = {}
        self.name, self.revision = encoder.name, encoder.revision
        self.dim, self.key = encoder.dim, encoder.key

    def prepare(self, texts: Sequence[str]) -> None:
        """Encode these texts, and forget those before."""
        vectors = self._encoder.encode(texts) if texts else ()
        self._vectors = dict(zip(texts, vectors, strict=True))

    def encode(self, texts: Sequence[str], *, progress: bool = False) -> NDArray[np.float32]:
        """Return vectors as `Encoder.encode` does; texts that were not prepared are encoded now."""
        if all(text in self._vectors for text in texts):
            return np.stack([self._vectors[text] for text in texts])
        return self._encoder.encode(texts, progress=progress)

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return vectors as `Encoder.encode_queries` does; nothing of them is prepared."""
        return self._encoder.encode_queries(texts)


class ListingWriter:
    """Writes the rows of one file of listings.

    Args:
        actor: who imports.
        kind: needs or achievements.
        encoder: given if and only if the listings are to be published.
    """

    batch = 200

    def __init__(self, actor: Actor, kind: ListingKind, *, encoder: Encoder | None) -> None:
        self._actor = actor
        self._kind = kind
        self._encoder = BatchEncoder(encoder) if encoder is not None else None
        self._known: dict[tuple[int, str], AnyListing] = {}

    def key_fields(self) -> tuple[str, ...]:
        """Return the fields by which a row is told from others of the same owner."""
        return ("external_id",)

    def keys_of(self, owner_id: int, values: Mapping[str, Any]) -> tuple[object, ...]:
        """Return what no other row of the file may have."""
        return ((owner_id, values["external_id"]),)

    def write(
        self, session: Session, rows: Sequence[tuple[int, Mapping[str, Any]]], *, now: datetime
    ) -> list[Outcome | MarketError]:
        """Create the listings, or change them where the file says something else.

        A published listing is only changed by an import that publishes: it is taken back for revision,
        edited and published anew, each step with its event.
        """
        self._prepare(session, rows)
        return [self._write(session, owner_id, values, now=now) for owner_id, values in rows]

    def _prepare(self, session: Session, rows: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
        """Look up which of these rows are there, and encode what will be new."""
        self._known = queries.find_listings(
            session,
            self._kind,
            owners={owner_id for owner_id, _ in rows},
            external_ids={values["external_id"] for _, values in rows},
        )
        if self._encoder is not None:
            self._encoder.prepare(
                [self._text(values) for owner_id, values in rows if self._is_news(owner_id, values)]
            )

    def _write(
        self, session: Session, owner_id: int, values: Mapping[str, Any], *, now: datetime
    ) -> Outcome | MarketError:
        try:
            with session.begin_nested():
                return self._write_one(session, owner_id, values, now=now)
        except MarketError as error:
            return error
        except IntegrityError as error:
            if not is_repetition(error):
                raise
            return violation("/external_id", "duplicate-record", "与刚刚由他人写入的记录重复。")

    def _write_one(
        self, session: Session, owner_id: int, values: Mapping[str, Any], *, now: datetime
    ) -> Outcome:
        listing = self._known.get((owner_id, values["external_id"]))
        if listing is None:
            created = service.create_listing(
                session, self._actor, self._kind, form=values, now=now, organisation_id=owner_id
            )
            self._publish(session, created, now=now)
            return Outcome.CREATED
        changes = _changes(listing, values)
        pending = self._encoder is not None and listing.status in ON_THE_WAY
        if not changes and not pending:
            return Outcome.UNCHANGED
        if changes:
            if self._encoder is not None and listing.status in REVISED_FIRST:
                listing = service.revise_listing(session, self._actor, self._kind, listing.id, now=now)
            listing = service.edit_listing(
                session,
                self._actor,
                self._kind,
                listing.id,
                changes=changes,
                version=listing.version,
                now=now,
            )
        self._publish(session, listing, now=now)
        return Outcome.UPDATED

    def _publish(self, session: Session, listing: AnyListing, *, now: datetime) -> None:
        if self._encoder is None:
            return
        if listing.status in EDITABLE:
            service.submit_listing(session, self._actor, self._kind, listing.id, now=now)
        service.review_listing(
            session,
            self._actor,
            self._kind,
            listing.id,
            decision=Action.PUBLISH,
            note=None,
            encoder=self._encoder,
            now=now,
        )

    def _is_news(self, owner_id: int, values: Mapping[str, Any]) -> bool:
        listing = self._known.get((owner_id, values["external_id"]))
        return listing is None or listing.status in ON_THE_WAY or bool(_changes(listing, values))

    def _text(self, values: Mapping[str, Any]) -> str:
        """Return the text the index will see of a row; never added to a session."""
        lists = {"keywords": values.get("keywords") or [], "indicators": values.get("indicators") or []}
        modes = "cooperation_modes" if self._kind is ListingKind.NEED else "transfer_modes"
        return to_document(
            MODELS[self._kind](
                kind=self._kind, title=values["title"], body=values["body"], **lists, **{modes: []}
            )
        ).text


def _changes(listing: AnyListing, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if getattr(listing, name) != value}


def is_repetition(error: IntegrityError) -> bool:
    """Tell whether a statement failed because a row is there already."""
    cause = error.orig
    return (
        getattr(cause, "sqlstate", None) == "23505"
        or getattr(cause, "sqlite_errorname", None) == "SQLITE_CONSTRAINT_UNIQUE"
    )
