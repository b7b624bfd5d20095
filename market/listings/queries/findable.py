"""Everything of the listings that the index should hold, read anew from the listings themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.listings.models import AnyListing, Listing
from market.listings.queries.listings import to_document
from market.listings.rules import Status
from market.search.documents import Document

BATCH = 1000


def stream_findable(session: Session) -> Iterator[list[Document]]:
    """Yield the documents of all published listings, in batches; what was read is let go after each.

    A listing past its last day stays in the index, which does not show it, until it is marked as expired.
    """
    after = 0
    while True:
        statement = (
            select(Listing)
            .where(Listing.status == Status.PUBLISHED, Listing.id > after)
            .order_by(Listing.id)
            .limit(BATCH)
        )
        rows = cast("Sequence[AnyListing]", session.scalars(statement).all())
        if not rows:
            return
        after = rows[-1].id
        yield [to_document(row) for row in rows]
        session.expunge_all()
