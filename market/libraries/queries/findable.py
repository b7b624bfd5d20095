"""Everything of the registers that the index should hold, read anew from the entries themselves."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.libraries.models import RegisterEntry
from market.libraries.queries.kinds import SPECS, may_be_found, to_document
from market.libraries.rules import EntryStatus
from market.search.documents import Document

BATCH = 500


def stream_findable(session: Session) -> Iterator[list[Document]]:
    """Yield the documents of all entries that anyone may find, in batches; what was read is let go."""
    indexed = [kind for kind, spec in SPECS.items() if spec.index_kind is not None]
    after = 0
    while True:
        statement = (
            select(RegisterEntry)
            .where(
                RegisterEntry.kind.in_(indexed),
                RegisterEntry.status == EntryStatus.LISTED,
                RegisterEntry.id > after,
            )
            .order_by(RegisterEntry.id)
            .limit(BATCH)
        )
        rows = session.scalars(statement).all()
        if not rows:
            return
        after = rows[-1].id
        yield [to_document(session, row) for row in rows if may_be_found(session, row)]
        session.expunge_all()
