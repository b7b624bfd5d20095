"""QR codes as images."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
import segno

from market.typesetting.qr import qr_svg

ADDRESS = "https://market.example/verify/2025330100001234"


def test_a_code_is_a_square_with_its_quiet_zone() -> None:
    root = ET.fromstring(qr_svg(ADDRESS))  # noqa: S314  # our own
    modules = segno.make_qr(ADDRESS, error="m").symbol_size(border=0)[0]
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("width") == root.get("height") == str((modules + 2 * 4) * 4)


def test_the_same_text_gives_the_same_image_and_another_another() -> None:
    assert qr_svg(ADDRESS) == qr_svg(ADDRESS)
    assert qr_svg(ADDRESS) != qr_svg(ADDRESS + "0")
    assert qr_svg("技术合同") != qr_svg("技术市场")


@pytest.mark.parametrize("text", ["", "x" * 3000])
def test_a_text_that_no_code_can_hold_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the library's own words for the second
        qr_svg(text)
