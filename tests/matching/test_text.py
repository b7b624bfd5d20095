"""Normalisation keeps its promises for every text, and tokens carry content."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from matching.text import (
    MAX_CHARACTERS,
    MAX_WORD_CHARACTERS,
    Normalised,
    carries_content,
    find_words,
    normalise,
    tokens,
    words,
)

# Pieces that the rules look for, so that random texts meet them.
PIECES = [
    *("废水", "廢水", "薴", "<b>", "</p>", "<a href='x'>", "&amp;", "&lt;", "&#38;", "&#xFF21;", "&nbsp;"),
    *("毫克/升", "毫克每升", "5毫克", "㎎/L", "μ", "µm", "℃", "㎡", "mg·L-1", "·m-1", " ", "\n", "\u200b"),
    *("\u3000", "😀", "ﬁ", "<!--", "-->", "<style>", "</style>", "é", "e\u0301", "1", ";", "&", "<", ">"),
    *("/", "米", "İ", "½"),
]
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=14).map("".join))


@pytest.mark.parametrize(
    ("raw", "folded"),
    [
        ("ＣＯＤ≤５０㎎／Ｌ", "cod≤50mg/l"),
        ("50 毫克/升，2毫克每升", "50 mg/l,2mg/l"),
        ("3 mg·L-1", "3 mg/l"),
        ("厚5纳米的纳米材料", "厚5nm的纳米材料"),
        ("10μm 与 10µm 与 10微米", "10um 与 10um 与 10um"),
        ("25℃、100㎡、2摄氏度", "25°c、100m2、2°c"),
        ("廢水處理裝置", "废水处理装置"),
        ("<p>高盐<br/>废水&nbsp;回用</p>", "高盐 废水 回用"),
        ("<script>var a = 1 < 2;</script>膜", "膜"),
        ("甲<!-- 注 -->乙", "甲 乙"),
        ("若 a<b 且 c>d", "若 a<b 且 c>d"),
        ("R&amp;D", "r&d"),
        ("Poincaré", "poincare"),
        ("高\u200b盐\ufeff废\u00ad水", "高盐废水"),
        ("  两\t\n行　字 ", "两 行 字"),
        ("😀👍🏽❤️", ""),
        ("", ""),
        ("膜", "膜"),
        ("\x00\x07", ""),
        ("\ud800孤", "孤"),
    ],
)
def test_spellings_become_equal(raw: str, folded: str) -> None:
    assert normalise(raw).text == folded


@settings(deadline=None)
@given(TEXTS)
@example("薴")
@example("μ克/升")
@example("<μl>")
@example("m·l-1·m-1")
@example("5立方米米")
@example("&#3&#56;;lt;")
def test_normalising_twice_changes_nothing(raw: str) -> None:
    once = normalise(raw).text
    assert normalise(once).text == once


@settings(deadline=None)
@given(TEXTS)
def test_offsets_lead_into_the_raw_text(raw: str) -> None:
    folded = normalise(raw)
    assert len(folded.offsets) == len(folded.text) + 1
    assert list(folded.offsets) == sorted(folded.offsets)
    assert folded.offsets[-1] <= len(raw)
    for place in range(len(folded.text)):
        start, end = folded.raw_span(place, place + 1)
        assert 0 <= start < end <= len(raw)


@settings(deadline=None)
@given(TEXTS)
def test_tokens_are_pieces_of_the_text(raw: str) -> None:
    folded = normalise(raw)
    found = tokens(folded)
    assert all(folded.text[token.start : token.end] == token.text for token in found)
    assert sorted(token.text for token in found) == sorted(words(folded.text))
    wanted = {token.text for token in found}
    places = find_words(folded, wanted)
    assert sorted(places) == sorted(wanted)
    assert sum(map(len, places.values())) == len(found)


@settings(deadline=None)
@given(TEXTS)
def test_aligned_texts_need_no_offsets(raw: str) -> None:
    folded = normalise(raw)
    if folded.aligned:
        assert Normalised.of_aligned(folded.text) == folded


def test_alignment() -> None:
    assert normalise("廢水，處理").aligned
    assert not normalise("５０㎎").aligned
    assert not normalise(" 膜").aligned


def test_raw_span_returns_what_the_owner_wrote() -> None:
    raw = "<b>５０㎎／Ｌ</b>的廢水"
    folded = normalise(raw)

    def written(part: str) -> str:
        start = folded.text.index(part)
        return raw[slice(*folded.raw_span(start, start + len(part)))]

    assert written("废水") == "廢水"
    assert written("mg") == "㎎"
    assert written("m") == "㎎"
    assert written("50mg/l") == "５０㎎／Ｌ"


def test_raw_span_refuses_places_outside() -> None:
    with pytest.raises(IndexError, match="outside"):
        Normalised("膜", (0, 1)).raw_span(0, 2)
    assert Normalised("膜", (0, 1)).raw_span(1, 1) == (1, 1)


def test_long_texts_are_read_to_the_limit() -> None:
    assert normalise("废" * 100_000).text == "废" * MAX_CHARACTERS


@pytest.mark.parametrize(
    "hostile",
    [
        "<a " * 7000,
        "<!--" * 5000,
        "<script>" * 2500,
        "&amp;" * 4000,
        "<a <b> c>" * 2200,
        "1" * 20_000,
        "1.2" * 6000,
    ],
)
def test_hostile_text_is_read_through(hostile: str) -> None:
    # Where a pattern went back over the whole text at each of its places, these took minutes.
    read = normalise(">-->" + hostile + ">")
    assert len(read.offsets) == len(read.text) + 1
    assert list(read.offsets) == sorted(read.offsets)


def test_tokens_leave_out_what_carries_nothing() -> None:
    found = [
        token.text
        for token in tokens(normalise("我们采用电渗析技术，脱盐率达到95%，产水 50 mg/L，盐、的、了。"))
    ]
    assert "渗析" in found or "电渗析" in found
    assert "盐" in found
    assert not {"我们", "采用", "技术", "95", "50", "mg", "的", "了", "，", "%"} & set(found)


@pytest.mark.parametrize(
    ("word", "kept"),
    [
        ("盐", True),
        ("的", False),
        ("废水", True),
        ("技术", False),
        ("100m2", False),
        ("5g", True),
        ("304", False),
        ("pm2.5", True),
        ("x" * MAX_WORD_CHARACTERS, True),
        ("x" * (MAX_WORD_CHARACTERS + 1), False),
    ],
)
def test_carries_content(word: str, kept: bool) -> None:
    assert carries_content(word) is kept
