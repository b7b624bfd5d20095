"""What may be found is written down in the transaction of the deed, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.db import Database
from market.search.models import IndexEncoder, ListingChange, ListingVector, Operation, SearchDocument
from market.search.queries import count_lacking, count_vectors, head, lacking_vectors, recorded_encoder
from market.search.service import (
    drop_other_vectors,
    encode_missing,
    forget_document,
    put_document,
    put_documents,
    record_encoder,
    remove_document,
    remove_documents,
    store_vectors,
    switch_encoder,
    vector_bytes,
)
from matching.encoder import Encoder, HashingEncoder
from matching.types import Kind
from tests.factories import NOW
from tests.market.listings.answers import statements
from tests.market.search.factories import BODY, ENCODER, make_document, put, record_of

OTHER = HashingEncoder(dim=32)


def changes_of(session: Session) -> list[tuple[Kind, int, Operation]]:
    rows = session.scalars(select(ListingChange).order_by(ListingChange.seq))
    return [(row.kind, row.record_id, row.operation) for row in rows]


def count_of(session: Session, model: type[object]) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def vector_of(session: Session, document_key: int, kind: Kind = Kind.NEED) -> bytes | None:
    return session.scalar(
        select(ListingVector.vector).where(
            ListingVector.kind == kind,
            ListingVector.record_id == document_key,
            ListingVector.encoder == ENCODER.key,
        )
    )


def test_document_vector_and_change_are_stored_together(session: Session) -> None:
    document = make_document(7, tech_field="07")
    put(session, document)
    row = session.get(SearchDocument, (Kind.NEED, 7))
    assert row is not None
    assert (row.title, row.body) == (document.title, BODY)
    assert row.facets == {"organisation": "1", "tech_field": "07"}
    assert vector_of(session, 7) == vector_bytes(ENCODER.encode([document.text])[0])
    (change,) = session.scalars(select(ListingChange))
    assert (change.kind, change.record_id, change.operation) == (Kind.NEED, 7, Operation.UPSERT)
    assert change.at == NOW


def test_a_deed_that_fails_leaves_nothing_behind(database: Database) -> None:
    def fail() -> None:
        with database.transaction() as session:
            put(session, make_document(7))
            remove_document(session, Kind.NEED, 8, now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.reading() as session:
        for model in (SearchDocument, ListingVector, ListingChange):
            assert count_of(session, model) == 0


def test_new_text_replaces_document_and_vector(session: Session) -> None:
    put(session, make_document(7, title="旧题目的文字"))
    before = vector_of(session, 7)
    changed = make_document(7, title="纳滤膜清洗周期延长")
    put(session, changed)
    session.expire_all()
    row = session.get(SearchDocument, (Kind.NEED, 7))
    assert row is not None
    assert row.title == changed.title
    assert vector_of(session, 7) == vector_bytes(ENCODER.encode([changed.text])[0]) != before
    assert count_of(session, ListingVector) == 1
    assert changes_of(session) == [(Kind.NEED, 7, Operation.UPSERT)] * 2


def test_new_text_drops_the_vectors_of_other_encoders(session: Session) -> None:
    put_document(session, OTHER, make_document(7), now=NOW)
    put(session, make_document(7, title="换了题目的需求"))
    assert session.scalars(select(ListingVector.encoder)).all() == [ENCODER.key]
    assert [one.key for one in lacking_vectors(session, OTHER.key)] == ["7"]


def test_needs_and_achievements_with_one_id_do_not_meet(session: Session) -> None:
    put(session, make_document(7), make_document(7, kind=Kind.ACHIEVEMENT))
    remove_document(session, Kind.NEED, 7, now=NOW)
    assert session.scalars(select(SearchDocument.kind)).all() == [Kind.ACHIEVEMENT]
    assert session.scalars(select(ListingVector.kind)).all() == [Kind.ACHIEVEMENT]


def test_removing_twice_does_no_harm(session: Session) -> None:
    put(session, make_document(7))
    for _ in range(2):
        remove_document(session, Kind.NEED, 7, now=NOW)
    assert count_of(session, SearchDocument) == count_of(session, ListingVector) == 0
    assert changes_of(session)[1:] == [(Kind.NEED, 7, Operation.REMOVE)] * 2


def test_a_record_removed_can_be_put_again_in_the_same_transaction(session: Session) -> None:
    put(session, make_document(7))
    remove_document(session, Kind.NEED, 7, now=NOW)
    put(session, make_document(7))
    assert vector_of(session, 7) is not None
    assert session.scalars(select(SearchDocument.record_id)).all() == [7]


def vectors_of(session: Session, encoder: Encoder) -> dict[int, bytes]:
    rows = session.execute(
        select(ListingVector.record_id, ListingVector.vector).where(ListingVector.encoder == encoder.key)
    )
    return dict(rows.all())


def test_encode_missing_encodes_what_has_no_vector_of_this_encoder(database: Database) -> None:
    documents = [make_document(number, title=f"第{number}项需求") for number in range(1, 6)]
    with database.transaction() as session:
        put(session, documents[0])
        for document in documents[1:]:
            put_document(session, OTHER, document, now=NOW)
        put_document(session, OTHER, make_document(9, kind=Kind.ACHIEVEMENT), now=NOW)
        changes = changes_of(session)
        assert count_lacking(session, ENCODER.key) == 5
    steps: list[int] = []
    assert encode_missing(database, ENCODER, batch=3, progress=steps.append) == 5
    assert steps == [3, 2]
    with database.reading() as session:
        assert count_lacking(session, ENCODER.key) == 0
        stored = vectors_of(session, ENCODER)
        for document, vector in zip(documents, ENCODER.encode([one.text for one in documents]), strict=True):
            assert stored[int(document.key)] == vector_bytes(vector)
        # Those of the other model stay, to go back to it.
        assert count_vectors(session) == {OTHER.key: 5, ENCODER.key: 6}
        assert changes_of(session) == changes  # nothing became findable that was not
    assert encode_missing(database, ENCODER) == 0


class Interrupted(Exception):
    pass


class Interrupting(HashingEncoder):
    """Breaks off when it is asked for the second batch."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__(dim=32)
        self.meanwhile = meanwhile
        self.batches: list[int] = []

    def encode(self, texts: Sequence[str], *, progress: bool = False) -> NDArray[np.float32]:
        self.batches.append(len(texts))
        if len(self.batches) == 2:
            self.meanwhile()
        return super().encode(texts, progress=progress)


def test_encoding_that_is_interrupted_goes_on_with_what_is_missing(database: Database) -> None:
    def interrupt() -> None:
        raise Interrupted

    with database.transaction() as session:
        put(session, *(make_document(number) for number in range(1, 8)))
    encoder = Interrupting(interrupt)
    with pytest.raises(Interrupted):
        encode_missing(database, encoder, batch=3)
    with database.reading() as session:
        assert set(vectors_of(session, encoder)) == {1, 2, 3}
    assert encode_missing(database, encoder, batch=3) == 4
    assert encoder.batches == [3, 3, 3, 1]


def test_what_is_written_while_others_are_encoded_is_not_passed_over(database: Database) -> None:
    def write() -> None:
        with database.transaction() as session:
            put(
                session,
                make_document(1, title="编码之后换了文字"),
                make_document(4, title="正在编码时换文字"),
            )
            put(session, make_document(9, title="编码期间新来的"))
            remove_document(session, Kind.NEED, 5, now=NOW)

    with database.transaction() as session:
        put(session, *(make_document(number) for number in range(1, 7)))
    encoder = Interrupting(write)
    steps: list[int] = []
    assert encode_missing(database, encoder, batch=3, progress=steps.append) == 7
    # Of the second batch one has another text and one is gone; the next pass finds 1, 4 and 9.
    assert steps == [3, 1, 1, 2]
    with database.reading() as session:
        stored = vectors_of(session, encoder)
        assert set(stored) == {1, 2, 3, 4, 6, 9}
        for row in session.scalars(select(SearchDocument)):
            assert stored[row.record_id] == vector_bytes(encoder.encode([f"{row.title}\n{row.body}"])[0])


def test_a_vector_of_an_old_text_or_of_nothing_is_not_stored(session: Session) -> None:
    put(session, make_document(1), make_document(2), make_document(3))
    old = [make_document(number) for number in range(1, 5)]
    put(session, make_document(2, title="换了题目的需求"))
    remove_document(session, Kind.NEED, 3, now=NOW)
    made = OTHER.encode([one.text for one in old])
    assert store_vectors(session, OTHER.key, old, made) == 1
    assert set(vectors_of(session, OTHER)) == {1}
    assert store_vectors(session, OTHER.key, old, made) == 0  # another process was as quick


def test_the_first_model_recorded_stays_until_a_switch(session: Session) -> None:
    assert recorded_encoder(session) is None
    assert head(session).encoder is None
    assert record_encoder(session, record_of(ENCODER)).key == ENCODER.key
    assert record_encoder(session, record_of(OTHER)).key == ENCODER.key
    assert head(session).encoder == ENCODER.key


def test_a_switch_leaves_nothing_without_a_vector(session: Session) -> None:
    put(session, *(make_document(number) for number in range(1, 6)))
    record_encoder(session, record_of(ENCODER))
    put_document(session, OTHER, make_document(2), now=NOW)
    changes = changes_of(session)
    assert switch_encoder(session, OTHER, record_of(OTHER)) == 4
    assert set(vectors_of(session, OTHER)) == {1, 2, 3, 4, 5}
    session.expire_all()
    assert count_of(session, IndexEncoder) == 1
    assert head(session).encoder == OTHER.key
    assert changes_of(session) == changes


def test_a_switch_that_fails_changes_nothing(database: Database) -> None:
    class Failing(HashingEncoder):
        def encode(self, texts: Sequence[str], *, progress: bool = False) -> NDArray[np.float32]:
            raise Interrupted

    with database.transaction() as session:
        put(session, make_document(1))
        record_encoder(session, record_of(ENCODER))
    failing = Failing(dim=16)
    with pytest.raises(Interrupted), database.transaction() as session:
        switch_encoder(session, failing, record_of(failing))
    with database.reading() as session:
        assert head(session).encoder == ENCODER.key
        assert count_vectors(session) == {ENCODER.key: 1}


def test_only_the_vectors_of_the_recorded_model_are_kept(database: Database) -> None:
    third = HashingEncoder(dim=16)
    with database.transaction() as session:
        put(session, *(make_document(number) for number in range(1, 6)))
    for encoder in (OTHER, third):
        assert encode_missing(database, encoder) == 5
    assert drop_other_vectors(database) == 0  # nothing is recorded, so nothing is superfluous
    with database.transaction() as session:
        record_encoder(session, record_of(OTHER))
    assert drop_other_vectors(database, batch=3) == 10
    with database.reading() as session:
        assert count_vectors(session) == {OTHER.key: 5}


def test_vectors_are_little_endian_single_precision() -> None:
    assert vector_bytes(np.array([1.0, -2.0], dtype=">f8")) == b"\x00\x00\x80\x3f\x00\x00\x00\xc0"


class Counting(HashingEncoder):
    """Remembers how many texts it was given in each call."""

    def __init__(self) -> None:
        super().__init__(dim=64)
        self.calls: list[int] = []

    def encode(self, texts: Sequence[str], *, progress: bool = False) -> NDArray[np.float32]:
        self.calls.append(len(texts))
        return super().encode(texts, progress=progress)


def stored_of(session: Session) -> list[tuple[object, ...]]:
    document, vector = SearchDocument, ListingVector
    rows = session.execute(
        select(document.kind, document.record_id, document.title, document.facets, vector.vector)
        .join(vector, (vector.kind == document.kind) & (vector.record_id == document.record_id))
        .order_by(document.kind, document.record_id)
    )
    return [tuple(row) for row in rows]


def test_many_documents_are_put_as_one_by_one_but_in_few_statements(database: Database) -> None:
    documents = [make_document(n, title=f"第{n}项仪器", kind=Kind.RESOURCE) for n in range(1, 301)]
    documents += [
        make_document(1),
        make_document(2, title="先来的题目"),
        make_document(2, title="后来的题目"),
    ]
    with database.transaction() as session:
        put_document(session, OTHER, documents[0], now=NOW)
        put_document(session, OTHER, make_document(1, title="旧题目"), now=NOW)
    encoder = Counting()
    with statements(database) as sent, database.transaction() as session:
        put_documents(session, encoder, documents, now=NOW)
        put_documents(session, encoder, [], now=NOW)
    assert encoder.calls == [302]
    assert len(sent) <= 12
    with database.transaction() as session:
        together = stored_of(session)
        assert changes_of(session)[2:] == [
            *((Kind.RESOURCE, n, Operation.UPSERT) for n in range(1, 301)),
            (Kind.NEED, 1, Operation.UPSERT),
            (Kind.NEED, 2, Operation.UPSERT),
        ]
        assert count_of(session, ListingVector) == 302
        for document in documents:
            put_document(session, ENCODER, document, now=NOW)
        assert stored_of(session) == together


def test_many_documents_are_removed_in_few_statements(database: Database) -> None:
    with database.transaction() as session:
        put(session, *(make_document(number) for number in range(1, 6)), make_document(1, kind=Kind.EXPERT))
    with statements(database) as sent, database.transaction() as session:
        remove_documents(session, Kind.NEED, [2, 4, 5, 4, 9], now=NOW)
        remove_documents(session, Kind.NEED, [], now=NOW)
    assert len(sent) <= 6
    with database.reading() as session:
        assert [row[:2] for row in stored_of(session)] == [(Kind.EXPERT, 1), (Kind.NEED, 1), (Kind.NEED, 3)]
        removed = [(Kind.NEED, number, Operation.REMOVE) for number in (2, 4, 5, 9)]
        assert changes_of(session)[6:] == removed


def test_what_is_forgotten_is_removed_and_the_log_says_that_it_was_to_be_forgotten(session: Session) -> None:
    put(session, make_document(7), make_document(8))
    put_document(session, OTHER, make_document(7), now=NOW)
    for _ in range(2):
        forget_document(session, Kind.NEED, 7, now=NOW)
    assert session.scalars(select(SearchDocument.record_id)).all() == [8]
    assert session.scalars(select(ListingVector.record_id)).all() == [8]
    assert changes_of(session)[3:] == [(Kind.NEED, 7, Operation.FORGET)] * 2
