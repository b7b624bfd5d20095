"""No value from outside is ever read as part of a filter: asked of a parser of the same language."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from milvus_lite.search.filter import parse_expr
from milvus_lite.search.filter.ast import And, CmpOp, FieldRef, InOp, IntLit, Or, StringLit

from matching.milvus.filters import allowed, begins_with, one_of, quoted, storable
from matching.types import Facets, Kind, Query

SIGNS = ('"', "\\", "'", "\n", "\r", "\t", " or ", "key", "==", "{x}", "%", "]", "甲", "\x00", "\ud800")
ANY_TEXT = st.one_of(
    st.text(st.characters(exclude_categories=())),
    st.lists(st.sampled_from(SIGNS)).map("".join),
)


@given(ANY_TEXT)
def test_a_quoted_value_is_one_literal(value: str) -> None:
    parsed = parse_expr(f"organisation != {quoted(value)}")
    assert isinstance(parsed, CmpOp)
    assert isinstance(parsed.left, FieldRef)
    assert isinstance(parsed.right, StringLit)
    assert (parsed.op, parsed.left.name, parsed.right.value) == ("!=", "organisation", storable(value))


@given(st.lists(ANY_TEXT, min_size=1))
def test_keys_stay_keys(values: list[str]) -> None:
    parsed = parse_expr(one_of("key", values))
    assert isinstance(parsed, InOp)
    assert not parsed.negate
    assert [one.value for one in parsed.values.elements] == [storable(value) for value in values]


@given(ANY_TEXT.filter(bool), ANY_TEXT.filter(bool), ANY_TEXT.filter(bool), ANY_TEXT.filter(bool))
def test_a_filter_has_the_same_shape_whatever_is_asked(
    field: str, category: str, region: str, organisation: str
) -> None:
    query = Query(
        "", "膜", Kind.NEED, facets=Facets(organisation=organisation), as_of=date(2026, 5, 1),
        tech_field=field, category=category, region_prefix=region,
    )  # fmt: skip
    condition = allowed(query)
    assert condition is not None
    parsed = parse_expr(condition)
    assert isinstance(parsed, And)
    expiry, in_field, in_category, *in_region, own = parsed.operands
    assert isinstance(expiry, Or)
    assert [one.right.value for one in expiry.operands] == [0, date(2026, 5, 1).toordinal()]
    assert all(isinstance(one.right, IntLit) for one in expiry.operands)
    compared = [
        (one.left.name, one.op, one.right.value) for one in (in_field, in_category, in_region[0], own)
    ]
    assert compared == [
        ("tech_field", "==", storable(field)),
        ("category", "==", storable(category)),
        ("region", ">=", storable(region)),
        ("organisation", "!=", storable(organisation)),
    ]
    assert [(one.left.name, one.op) for one in in_region[1:]] in ([], [("region", "<")])


@given(ANY_TEXT, ANY_TEXT.filter(bool), st.booleans())
def test_a_range_of_texts_is_a_prefix(text: str, prefix: str, begins: bool) -> None:
    text, prefix = storable(text), storable(prefix)
    text = prefix + text if begins else text
    parsed = parse_expr(begins_with("region", prefix))
    bounds = parsed.operands if isinstance(parsed, And) else (parsed,)
    inside = text.encode() >= bounds[0].right.value.encode()
    if len(bounds) > 1:
        inside = inside and text.encode() < bounds[1].right.value.encode()
    assert inside == text.startswith(prefix)


@pytest.mark.parametrize(
    ("prefix", "upper"), [("33", "34"), ("甲\ud7ff", "甲\ue000"), ("a\U0010ffff", "b"), ("\U0010ffff", None)]
)
def test_ends_of_a_range(prefix: str, upper: str | None) -> None:
    last = "" if upper is None else f' and region < "{upper}"'
    assert begins_with("region", prefix) == f'region >= "{prefix}"{last}'


@given(ANY_TEXT)
def test_what_is_stored_can_be_written_and_has_the_same_length(text: str) -> None:
    kept = storable(text)
    kept.encode()
    assert len(kept) == len(text)
    assert all(
        a == b or ("\ud800" <= a <= "\udfff" and b == "\ufffd") for a, b in zip(text, kept, strict=True)
    )


def test_no_wishes_no_filter() -> None:
    assert allowed(Query("", "膜", Kind.NEED)) == ""
    assert allowed(Query("", "膜", Kind.NEED, tech_field="")) is None
    assert allowed(Query("", "膜", Kind.NEED, category="")) is None
