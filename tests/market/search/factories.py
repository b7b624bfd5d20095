"""Documents for tests of the index, and short ways to put them there and to look at a snapshot."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from market.db import Database
from market.search.models import IndexEncoder
from market.search.replica import Replica
from market.search.replica.copy import IndexCopy
from market.search.service import (
    encode_missing,
    forget_document,
    put_document,
    put_documents,
    record_encoder,
    remove_documents,
    switch_encoder,
)
from matching.encoder import Encoder, HashingEncoder
from matching.types import Document, Facets, Kind, Query
from tests.factories import NOW

ENCODER = HashingEncoder(dim=64)
TITLE = "高盐废水膜法脱盐"
BODY = "反渗透膜进水电导高，三个月就要清洗。"


def make_document(record_id: int, *, kind: Kind = Kind.NEED, title: str = TITLE, **facets: Any) -> Document:
    """Return a document about desalting; its owner is never the one who asks."""
    return Document(
        key=str(record_id),
        kind=kind,
        title=title,
        body=BODY,
        facets=Facets(**{"organisation": "1", **facets}),
    )


def put(session: Session, *documents: Document, now: datetime = NOW) -> None:
    """Make documents findable."""
    for document in documents:
        put_document(session, ENCODER, document, now=now)


def put_all(database: Database, *documents: Document, encoder: Encoder = ENCODER) -> None:
    """Make documents findable, committed."""
    with database.transaction() as session:
        put_documents(session, encoder, documents, now=NOW)


def remove_all(database: Database, *record_ids: int, kind: Kind = Kind.NEED) -> None:
    """Make records unfindable, committed."""
    with database.transaction() as session:
        remove_documents(session, kind, record_ids, now=NOW)


def forget(database: Database, record_id: int, *, kind: Kind = Kind.EXPERT) -> None:
    """Make a record unfindable and have its traces thrown away, committed."""
    with database.transaction() as session:
        forget_document(session, kind, record_id, now=NOW)


def make_replica(database: Database, folder: Path, **values: Any) -> Replica:
    """Return a replica that has not been opened; `values` are for it or its copies."""
    own = {name: values.pop(name) for name in ("load",) if name in values}
    encoder = values.pop("encoder", ENCODER)
    return Replica(
        database, encoder, make_copy=lambda one: IndexCopy(database, one, folder=folder, **values), **own
    )


def ask(replica: Replica, *, kind: Kind = Kind.NEED, text: str = TITLE, k: int = 200) -> set[int]:
    """Return the ids of all records found; below 200 documents that is every one there is."""
    ranking = replica.search(Query(title=text, body="", kind=kind, k=k))
    return {int(hit.key) for hit in ranking.hits}


def record_of(encoder: Encoder) -> IndexEncoder:
    """Return the row that names an encoder as the one the market runs on."""
    return IndexEncoder(id=1, name=encoder.name, key=encoder.key, switched_at=NOW)


def record(database: Database, encoder: Encoder) -> None:
    """Make an encoder the first of a market, committed."""
    with database.transaction() as session:
        record_encoder(session, record_of(encoder))


def switch(database: Database, encoder: Encoder) -> None:
    """Make the market run on another encoder, committed."""
    encode_missing(database, encoder)
    with database.transaction() as session:
        switch_encoder(session, encoder, record_of(encoder))


class Snapshot:
    """The current snapshot of a folder, as it lies on the disk."""

    def __init__(self, folder: Path) -> None:
        (self.place,) = folder.iterdir()  # one sub-folder for the one encoder

    @property
    def name(self) -> str:
        """The name that changes with every save."""
        return (self.place / "current").read_text(encoding="utf-8")

    @property
    def manifest(self) -> dict[str, Any]:
        """What the snapshot says of itself."""
        text = (self.place / self.name / "manifest.json").read_text(encoding="utf-8")
        manifest: dict[str, Any] = json.loads(text)
        return manifest

    def rewrite(self, **values: Any) -> None:
        """Change what the snapshot says of itself."""
        path = self.place / self.name / "manifest.json"
        path.write_text(json.dumps({**self.manifest, **values}), encoding="utf-8")

    def damage(self) -> None:
        """Cut the vectors off in the middle."""
        path = next((self.place / self.name).rglob("vectors.faiss"))
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
