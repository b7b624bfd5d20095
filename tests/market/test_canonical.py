"""Content has one form in JSON, and a digest that any change alters."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from market.canonical import canonical_json, digest_of

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), VALUES))
def test_the_digest_does_not_depend_on_the_order_of_keys(content: dict[str, object]) -> None:
    turned = dict(reversed(content.items()))
    assert digest_of(content) == digest_of(turned)
    assert digest_of(content) == hashlib.sha256(canonical_json(content)).hexdigest()


def test_the_digest_depends_on_every_value() -> None:
    content = {"reg_no": "2025320281000001", "total_amount_fen": 100}
    assert canonical_json(content) == b'{"reg_no":"2025320281000001","total_amount_fen":100}'
    assert digest_of(content) != digest_of({**content, "total_amount_fen": 101})
