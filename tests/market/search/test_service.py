"""What may be found is written down in the transaction of the deed, or not at all."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.db import Database
from market.search.models import ListingChange, ListingVector, Operation, SearchDocument
from market.search.service import encode_missing, lacks_vectors, put_document, remove_document, vector_bytes
from matching.encoder import HashingEncoder
from matching.types import Kind
from tests.factories import NOW
from tests.market.search.factories import BODY, ENCODER, make_document, put

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
    assert lacks_vectors(session, OTHER.key)


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


def test_encode_missing_encodes_what_has_no_vector_of_this_encoder(session: Session) -> None:
    documents = [make_document(number, title=f"第{number}项需求") for number in range(1, 6)]
    put(session, *documents[:1])
    for document in documents[1:]:
        put_document(session, OTHER, document, now=NOW)
    changes = changes_of(session)
    assert lacks_vectors(session, ENCODER.key)
    steps: list[int] = []
    assert encode_missing(session, ENCODER, batch=3, progress=steps.append) == 4
    assert steps == [3, 1]
    assert not lacks_vectors(session, ENCODER.key)
    for document, vector in zip(documents, ENCODER.encode([one.text for one in documents]), strict=True):
        assert np.array_equal(np.frombuffer(vector_of(session, int(document.key)) or b"", "<f4"), vector)
    assert count_of(session, ListingVector) == 9  # those of the other model stay, to go back to it
    assert changes_of(session) == changes  # nothing became findable that was not
    assert encode_missing(session, ENCODER) == 0


def test_vectors_are_little_endian_single_precision() -> None:
    assert vector_bytes(np.array([1.0, -2.0], dtype=">f8")) == b"\x00\x00\x80\x3f\x00\x00\x00\xc0"
