"""What the vendored fonts can print."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.typesetting.glyphs import printable, unprintable
from tests.market.typesetting.samples import RARE


def test_rare_characters_of_names_and_all_of_gb2312_can_be_printed() -> None:
    pairs = (bytes((row, cell)) for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF))
    characters = "".join(pair.decode("gb2312", "ignore") for pair in pairs)
    assert len(characters) == 6763
    assert unprintable(characters + RARE + "（）“”—…·℃㎡‰①") == ""


@pytest.mark.parametrize(
    ("text", "printed", "missing"),
    [
        ("𠮷𠮷野家😀", "〓〓野家〓", "𠮷😀"),
        ("张\u200b三\u202e\ufeff\x00", "张三", ""),
        ("葛\ufe00\U000e0100城", "葛城", ""),
        ("一\n二\t三", "一\n二\t三", ""),
        ("한국", "〓〓", "한국"),
        ("\ud83d", "〓", "\ud83d"),
        ("", "", ""),
    ],
)
def test_what_is_replaced_and_what_is_dropped(text: str, printed: str, missing: str) -> None:
    assert printable(text) == printed
    assert unprintable(text) == missing


@given(st.text())
def test_what_is_printable_stays(text: str) -> None:
    once = printable(text)
    assert printable(once) == once
    assert unprintable(once) == ""
