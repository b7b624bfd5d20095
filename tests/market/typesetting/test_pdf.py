"""Documents that were really compiled, and what the compiler refuses."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from market.typesetting.glyphs import printable
from market.typesetting.pdf import TypesettingError, typeset
from market.typesetting.qr import qr_svg
from tests.market.typesetting.reading import fonts, page_texts
from tests.market.typesetting.samples import MARKUP, RARE, SAMPLE, sample_data

HERE = "tests.market.typesetting"
DAY = {"document_date": date(2025, 3, 1)}
QR = {"qr.svg": qr_svg("https://market.example/verify/2025330100001234")}


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def plain(text: str) -> bytes:
    return typeset(f"{HERE}:plain.typ", {**DAY, "text": text})


def test_every_part_of_the_common_style() -> None:
    pdf = typeset(SAMPLE, sample_data(), images=QR)
    first, second, third = map(squeezed, page_texts(pdf))
    assert first.count("技术合同登记证明") == 2, "running head and title"
    assert f"{RARE}研究所" in first
    assert squeezed(MARKUP) in first
    assert "成交额（万元）1,234.56技术交易额—备注一" in first
    assert "扫码核验" in first
    for page, text in enumerate((first, second), start=1):
        assert "序号单位名称登记日期成交额（万元）" in text, "the header stands on every page"
        assert f"编号2025330100001234第{page}页·共3页" in text
    assert "第40号精密仪器有限公司2025-03-0140,234.50合计98,765.43" in second
    assert "高新技术产业开发区12.50" in second
    assert "−1,00001,0002,0003,0004,000" in third
    assert third.count("1月2月3月") == 1 + third.count("登记输出") - 1
    assert "2025年3月1日经办人：" in third
    assert fonts(pdf) == {"NotoSansSC-Regular", "NotoSansSC-Bold"}


def test_a_longer_table_takes_more_pages() -> None:
    assert len(page_texts(typeset(SAMPLE, sample_data(200), images=QR))) > 6


def test_parts_without_data_and_values_below_zero() -> None:
    pages = page_texts(typeset(f"{HERE}:empty.typ", DAY))
    text = squeezed("".join(pages))
    assert text.startswith("空" + "（暂无数据）" * 3)
    assert "00.10.20.30.40.5一二三小数二" in text
    assert "0100,000,000200,000,000" in text
    assert "第0周2024年第3周" in text, "labels that would touch are left out"
    assert "负−3正1.5" in text


def test_the_same_input_gives_the_same_bytes_in_every_thread() -> None:
    def one(number: int) -> bytes:
        return typeset(SAMPLE, {**sample_data(5), "number": f"编号 {number % 2}"}, images=QR)

    with ThreadPoolExecutor(4) as threads:
        files = list(threads.map(one, range(12)))
    assert len(set(files)) == 2
    assert files[:2] == files[-2:] == [one(0), one(1)]


def test_the_date_in_the_file_is_the_documents() -> None:
    pdf = typeset(f"{HERE}:plain.typ", {"document_date": "2024-02-29", "text": "字"})
    assert b"/CreationDate(D:20240228160000Z)" in pdf, "midnight in China"
    assert b"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>U</pdfaid:conformance>" in pdf


def test_what_the_font_lacks_stands_as_geta() -> None:
    assert squeezed(page_texts(plain("𠮷野家\u202e😀\x07"))[0]).startswith("〓野家〓〓野家〓")


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40))
@example("0\u0300㙓\u0300𬭎\u3099")
def test_any_text_can_be_typeset_and_read_back(text: str) -> None:
    content = squeezed(page_texts(plain(text))[0])
    assert content == squeezed(printable(text)) * 2 + "第1页·共1页"


@pytest.mark.parametrize(
    ("template", "data", "message"),
    [
        ("broken.typ", DAY, r'key "nothing"'),
        ("missing.typ", DAY, "there is no template"),
        ("../pdf.typ", DAY, "not the name of a template"),
        ("reading.typ", DAY, "file not found"),
        ("font.typ", DAY, "unknown font family"),
        ("picture.typ", DAY, "file not found"),
        ("plain.typ", {"text": "字"}, "need a day in 'document_date'"),
        ("plain.typ", {"text": "字", "document_date": "2025-13-01"}, "need a day"),
        ("plain.typ", {"text": "字", "document_date": None}, "need a day"),
        ("plain.typ", {**DAY, "text": object()}, "plain.typ/text: object cannot be typeset"),
        ("plain.typ", {**DAY, "text": [datetime(2025, 3, 1, tzinfo=UTC)]}, "text/0: datetime cannot"),
        ("plain.typ", {**DAY, "text": Decimal("NaN")}, "text: Decimal cannot"),
    ],
)
def test_what_cannot_be_typeset_is_refused_with_the_reason(
    template: str, data: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypesettingError, match=message):
        typeset(f"{HERE}:{template}", data)


def test_packages_are_refused() -> None:
    with pytest.raises(TypesettingError, match="packages would be fetched"):
        typeset(f"{HERE}.fetching:fetching.typ", DAY)
    with pytest.raises(TypesettingError, match=r"there is no template 'market\.nowhere:a\.typ'"):
        typeset("market.nowhere:a.typ", DAY)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [("../qr.svg", QR["qr.svg"], "not a name for an image"), ("qr.svg", b"<no", "failed to parse SVG")],
)
def test_an_image_that_is_none_is_refused(name: str, content: bytes, message: str) -> None:
    with pytest.raises(TypesettingError, match=message):
        typeset(f"{HERE}:picture.typ", DAY, images={name: content})
