"""Filter expressions in the language of Milvus.

Whatever comes from outside goes through `quoted`, which is all that keeps a value from being read as part of
the expression. Milvus also knows placeholders for values; its small edition does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from matching.types import Query

_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r"})
_FIRST_SURROGATE, _LAST_SURROGATE = 0xD800, 0xDFFF
_LAST_CODE: Final = 0x10FFFF


def storable(text: str) -> str:
    """Return a text that can be written in UTF-8: each lone surrogate becomes U+FFFD, so lengths stay."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if _FIRST_SURROGATE <= ord(one) <= _LAST_SURROGATE else one for one in text)
    return text


def quoted(value: str) -> str:
    """Return a string literal that stands for this value and nothing else."""
    return f'"{storable(value).translate(_ESCAPES)}"'


def one_of(field: str, values: Sequence[str]) -> str:
    """Return the condition that a field has one of some values."""
    return f"{field} in [{', '.join(map(quoted, values))}]"


def allowed(query: Query) -> str | None:
    """Return the condition a question puts on documents: empty if none, None if no document can fulfil it."""
    conditions = []
    if query.as_of is not None:
        conditions.append(f"(expires_on == 0 or expires_on >= {query.as_of.toordinal()})")
    if query.tech_field is not None:
        if not query.tech_field:
            return None  # empty means "not stated", and what is not stated is not the field asked for
        conditions.append(f"tech_field == {quoted(query.tech_field)}")
    if query.category is not None:
        if not query.category:
            return None
        conditions.append(f"category == {quoted(query.category)}")
    if query.region_prefix:
        conditions.append(begins_with("region", query.region_prefix))
    if query.facets.organisation:
        conditions.append(f"organisation != {quoted(query.facets.organisation)}")
    return " and ".join(conditions)


def begins_with(field: str, prefix: str) -> str:
    """Return the condition that a field begins with a text.

    As a range, not as `like`: there is no pattern in it in which a sign could have a meaning. Texts are
    ordered by their UTF-8 bytes, which is the order of their characters' codes.
    """
    prefix = storable(prefix)
    condition = f"{field} >= {quoted(prefix)}"
    head = prefix.rstrip(chr(_LAST_CODE))
    if not head:
        return condition
    code = ord(head[-1]) + 1
    if _FIRST_SURROGATE <= code <= _LAST_SURROGATE:
        code = _LAST_SURROGATE + 1
    return f"{condition} and {field} < {quoted(head[:-1] + chr(code))}"
