"""Saying of a step that it is refused, and by which rule."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from market.errors import MarketError


@contextmanager
def refused(code: str, words: str = "") -> Iterator[None]:
    """Expect a refusal with this code, and with these words in its detail."""
    with pytest.raises(MarketError) as caught:
        yield
    assert caught.value.code == code, (caught.value.code, caught.value.detail)
    assert words in caught.value.detail
