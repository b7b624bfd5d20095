"""Comparing what is stored for the index with the records: every tampering is named, and mended."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from market.db import Database
from market.search import queries
from market.search.models import ListingChange, ListingVector, SearchDocument
from market.search.replica import compare_stored, hold_moment, put_right
from matching.types import Document, Facets, Kind
from tests.factories import NOW
from tests.market.search.factories import ENCODER, make_document, make_replica, put, put_all

DOCUMENTS = [make_document(number, title=f"第{number}项", tech_field="05") for number in (1, 2, 3)]


def _lines(session: Session, expected: list[Document] = DOCUMENTS) -> list[str]:
    return [one.line for one in compare_stored(session, [expected], encoder_key=ENCODER.key)]


def _of(model: type[SearchDocument | ListingVector], record_id: int) -> tuple[bool, ...]:
    return (model.kind == Kind.NEED, model.record_id == record_id)  # type: ignore[return-value]  # conditions


def test_what_was_put_agrees(session: Session) -> None:
    put(session, *DOCUMENTS)
    assert _lines(session) == []


def test_a_document_that_is_not_what_the_record_says_is_named(session: Session) -> None:
    put(session, *DOCUMENTS)
    session.execute(delete(SearchDocument).where(*_of(SearchDocument, 1)))
    changed = update(SearchDocument).where(*_of(SearchDocument, 2))
    session.execute(changed.values(title="别的", facets=Facets(tech_field="06").to_json()))
    assert _lines(session, DOCUMENTS[:2]) == [
        "need 1：记录可以检索，却没有存为可检索",
        "need 2：存为可检索的标题、属性与记录不同",
        "need 3：记录已不可检索，却仍存为可检索",
        "need 2：向量不是由所存的文字生成的",
        "need 1：没有存为可检索，却有向量",
    ]


def test_a_vector_that_is_missing_or_of_another_record_is_named_and_not_made(session: Session) -> None:
    put(session, *DOCUMENTS)
    session.execute(delete(ListingVector).where(*_of(ListingVector, 1)))
    other = session.execute(
        select(ListingVector.vector, ListingVector.digest).where(*_of(ListingVector, 3))
    ).one()
    session.execute(
        update(ListingVector).where(*_of(ListingVector, 2)).values(vector=other.vector, digest=other.digest)
    )
    assert _lines(session) == ["need 1：缺少现用模型的向量", "need 2：向量不是由所存的文字生成的"]
    assert queries.count_lacking(session, ENCODER.key) == 1


def test_a_vector_of_a_program_that_kept_no_digest_is_not_judged(session: Session) -> None:
    put(session, *DOCUMENTS)
    session.execute(update(ListingVector).values(digest=None))
    assert _lines(session) == []


def test_what_differs_is_put_right_and_replicas_hear_of_it(session: Session) -> None:
    put(session, *DOCUMENTS)
    session.execute(delete(SearchDocument).where(*_of(SearchDocument, 1)))
    session.execute(update(SearchDocument).where(*_of(SearchDocument, 2)).values(title="别的"))
    session.execute(
        insert(ListingVector).values(
            kind=Kind.EXPERT, record_id=9, encoder=ENCODER.key, vector=b"", digest=None
        )
    )
    before = queries.last_seq(session)
    found = compare_stored(session, [DOCUMENTS[:2]], encoder_key=ENCODER.key)
    assert put_right(session, ENCODER, found, now=NOW) == 4
    assert _lines(session, DOCUMENTS[:2]) == []
    heard = session.execute(
        select(ListingChange.kind, ListingChange.record_id).where(ListingChange.seq > before)
    )
    assert {tuple(row) for row in heard} == {(Kind.NEED, n) for n in (1, 2, 3)} | {(Kind.EXPERT, 9)}


def test_one_moment_is_held_while_others_write(own_database: Database) -> None:
    put_all(own_database, *DOCUMENTS)
    with own_database.reading() as session:
        hold_moment(session)
        assert _lines(session) == []
        put_all(own_database, make_document(4))
        assert _lines(session) == []


def test_a_title_the_index_has_not_heard_of_is_named(
    database: Database, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    put_all(database, *DOCUMENTS)
    replica = make_replica(database, tmp_path / "index").open()
    request.addfinalizer(replica.close)
    with database.transaction() as session:  # behind the change log's back
        session.execute(update(SearchDocument).where(*_of(SearchDocument, 2)).values(title="别的"))
    assert replica.verify() == ["need 2：索引中的标题与数据库不同"]
