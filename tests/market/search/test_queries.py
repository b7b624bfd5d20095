"""Reading the change log and the stored documents."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from market.errors import Unavailable
from market.search import queries
from market.search.models import IndexIdentity
from market.search.service import put_document, remove_document
from matching.encoder import HashingEncoder
from matching.types import Kind
from tests.factories import NOW
from tests.market.search.factories import ENCODER, make_document, put

NEED, ACHIEVEMENT = Kind.NEED, Kind.ACHIEVEMENT


def test_changes_name_each_record_once_with_its_last_change(session: Session) -> None:
    start = queries.last_seq(session)
    put(session, make_document(1), make_document(2))
    remove_document(session, NEED, 1, now=NOW)
    put(session, make_document(1, kind=ACHIEVEMENT), make_document(2, title="第二版的题目"))
    changes = queries.changes_after(session, start)
    assert sorted(changes.upserts) == [(ACHIEVEMENT, 1), (NEED, 2)]
    assert changes.removals == [(NEED, 1)]
    assert changes.seq == queries.last_seq(session) > start


def test_changes_come_in_batches_that_leave_nothing_out(session: Session) -> None:
    start = seq = queries.last_seq(session)
    put(session, *(make_document(number) for number in range(1, 6)))
    seen: list[int] = []
    while (changes := queries.changes_after(session, seq, limit=2)).seq != seq:
        assert len(changes.upserts) <= 2
        seen += [record_id for _, record_id in changes.upserts]
        seq = changes.seq
    assert seen == [1, 2, 3, 4, 5]
    assert queries.changes_after(session, seq) == queries.Changes(seq, [], [])
    assert len(queries.changes_after(session, start).upserts) == 5


def test_a_removal_in_a_later_batch_is_not_lost(session: Session) -> None:
    start = queries.last_seq(session)
    put(session, make_document(1))
    remove_document(session, NEED, 1, now=NOW)
    first = queries.changes_after(session, start, limit=1)
    assert first.upserts == [(NEED, 1)]
    assert queries.changes_after(session, first.seq).removals == [(NEED, 1)]


def test_an_empty_log_ends_at_zero(session: Session) -> None:
    assert queries.last_seq(session) == 0
    assert queries.changes_after(session, 0) == queries.Changes(0, [], [])


def test_loaded_documents_are_what_was_stored(session: Session) -> None:
    document = make_document(
        7, tech_field="07", modes=("joint", "licence"), budget_fen=10**12, expires_on=date(2026, 6, 10)
    )
    put(session, document, make_document(8))
    ((loaded, vector),) = queries.load_documents(session, [(NEED, 7), (NEED, 99)], encoder_key=ENCODER.key)
    assert loaded == document
    assert np.array_equal(vector, ENCODER.encode([document.text])[0])
    assert queries.load_documents(session, [], encoder_key=ENCODER.key) == []


def test_a_document_without_a_vector_of_the_encoder_is_loaded_without_one(session: Session) -> None:
    document = make_document(7)
    put_document(session, HashingEncoder(dim=32), document, now=NOW)
    assert queries.load_documents(session, [(NEED, 7)], encoder_key=ENCODER.key) == [(document, None)]
    assert list(queries.stream_documents(session, encoder_key=ENCODER.key)) == [[(document, None)]]


def test_what_lacks_a_vector_comes_in_order_from_any_place_on(session: Session) -> None:
    put(session, make_document(2))
    other = HashingEncoder(dim=32)
    for kind in (NEED, ACHIEVEMENT):
        for number in (3, 1):
            put_document(session, other, make_document(number, kind=kind), now=NOW)

    def lacking(**options: Any) -> list[tuple[Kind, str]]:
        found = queries.lacking_vectors(session, ENCODER.key, **options)
        return [(document.kind, document.key) for document in found]

    everything = [(ACHIEVEMENT, "1"), (ACHIEVEMENT, "3"), (NEED, "1"), (NEED, "3")]
    assert lacking() == everything
    assert queries.count_lacking(session, ENCODER.key) == 4
    assert lacking(limit=3) == everything[:3]
    assert lacking(after=(ACHIEVEMENT, 1)) == everything[1:]
    assert lacking(after=(NEED, 1), limit=5) == everything[3:]
    assert lacking(after=(NEED, 3)) == []
    assert lacking(among=[(NEED, 1), (NEED, 2), (ACHIEVEMENT, 3), (NEED, 99)]) == everything[1:3]
    assert [document.key for document in queries.lacking_vectors(session, other.key)] == ["2"]
    assert queries.count_vectors(session) == {other.key: 4, ENCODER.key: 1}


def test_streaming_yields_every_document_once_in_batches(session: Session) -> None:
    documents = [make_document(n, kind=kind) for kind in (NEED, ACHIEVEMENT) for n in (3, 1, 2, 5, 4)]
    put(session, *documents)
    batches = list(queries.stream_documents(session, encoder_key=ENCODER.key, batch=2))
    assert [len(batch) for batch in batches] == [2, 2, 1, 2, 2, 1]
    streamed = [document for batch in batches for document, _ in batch]
    assert streamed == sorted(documents, key=lambda one: (list(Kind).index(one.kind), int(one.key)))


def test_counts_and_ids_by_kind(session: Session) -> None:
    put(session, make_document(1), make_document(2), make_document(2, kind=ACHIEVEMENT))
    assert queries.count_documents(session) == {NEED: 2, ACHIEVEMENT: 1}
    assert queries.record_ids(session, NEED) == {1, 2}
    assert queries.record_ids(session, Kind.EXPERT) == set()


def test_a_database_without_its_name_is_not_ready(session: Session) -> None:
    assert len(queries.database_identity(session)) == 32
    session.execute(delete(IndexIdentity))
    with pytest.raises(Unavailable, match="market db upgrade") as caught:
        queries.database_identity(session)
    assert caught.value.code == "database-not-initialised"
