"""Whether what is stored for the index is what the features' records say, and vectors fit their texts.

Comparing only reads: what is missing is named, not made. `put_right` mends what was found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from market.search import queries
from market.search.models import vector_digest
from market.search.service import put_documents, remove_documents
from matching.encoder import Encoder
from matching.types import Document, Kind

PARTS = {"title": "标题", "body": "正文", "facets": "属性"}


@dataclass(frozen=True, slots=True)
class Difference:
    """Something stored for the index that is not as it should be.

    Attributes:
        kind: of the record.
        record_id: its id.
        words: what is wrong, in Chinese.
        document: what should be stored, with a vector made of it; None where nothing should be.
        lacks_vector: whether it is only the vector that is missing; opening an index makes it.
    """

    kind: Kind
    record_id: int
    words: str
    document: Document | None = None
    lacks_vector: bool = False

    @property
    def line(self) -> str:
        """The whole in Chinese."""
        return f"{self.kind.value} {self.record_id}：{self.words}"


def hold_moment(session: Session) -> None:
    """Let everything this session goes on to read show one moment; to be called before it reads anything.

    SQLite does so anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def compare_stored(
    session: Session, expected: Iterable[Sequence[Document]], *, encoder_key: str
) -> list[Difference]:
    """Compare what is stored with the records, and vectors with their texts; changes nothing.

    Args:
        session: open session that sees one moment of the data.
        expected: the documents of all records that may be found now, in batches.
        encoder_key: of the model the market runs on.
    """
    return [*_documents(session, expected), *_vectors(session, encoder_key)]


def put_right(session: Session, encoder: Encoder, differences: Iterable[Difference], *, now: datetime) -> int:
    """Store what should be stored, and take out what should not; replicas hear of it.

    Args:
        session: a writing transaction.
        encoder: the one the market runs on.
        differences: as `compare_stored` found them in this transaction.
        now: present time.

    Returns:
        The number of records.
    """
    wrong: dict[tuple[Kind, int], Document | None] = {}
    for one in differences:  # what the record says comes before what is stored of it
        wrong.setdefault((one.kind, one.record_id), one.document)
    put_documents(session, encoder, [document for document in wrong.values() if document], now=now)
    for kind in Kind:
        gone = [i for (of, i), document in wrong.items() if of is kind and document is None]
        remove_documents(session, kind, gone, now=now)
    return len(wrong)


def _documents(session: Session, expected: Iterable[Sequence[Document]]) -> Iterator[Difference]:
    seen: dict[Kind, set[int]] = {kind: set() for kind in Kind}
    for batch in expected:
        records = [(document.kind, int(document.key)) for document in batch]
        found = queries.load_documents(session, records, encoder_key="")
        stored = {(document.kind, int(document.key)): document for document, _ in found}
        for record, document in zip(records, batch, strict=True):
            kind, record_id = record
            seen[kind].add(record_id)
            words = _words(document, stored.get(record))
            if words is not None:
                yield Difference(kind, record_id, words, document)
    for kind in Kind:
        for record_id in sorted(queries.record_ids(session, kind) - seen[kind]):
            yield Difference(kind, record_id, "记录已不可检索，却仍存为可检索")


def _words(document: Document, stored: Document | None) -> str | None:
    if stored is None:
        return "记录可以检索，却没有存为可检索"
    parts = [name for part, name in PARTS.items() if getattr(document, part) != getattr(stored, part)]
    return f"存为可检索的{'、'.join(parts)}与记录不同" if parts else None


def _vectors(session: Session, encoder_key: str) -> Iterator[Difference]:
    for batch in queries.stream_vectors(session, encoder_key=encoder_key):
        for kept in batch:
            document, record_id = kept.document, int(kept.document.key)
            if kept.vector is None:
                yield Difference(document.kind, record_id, "缺少现用模型的向量", document, lacks_vector=True)
            elif kept.digest not in (None, vector_digest(document.text, kept.vector)):
                yield Difference(document.kind, record_id, "向量不是由所存的文字生成的", document)
    for kind, record_id in queries.stray_vectors(session):
        yield Difference(kind, record_id, "没有存为可检索，却有向量")
