"""Finding codes by name: exact first, usual endings next, a beginning only where one name has it."""

from __future__ import annotations

import pytest

from market.exchange.rules.codes import CodeTable

INDUSTRY = CodeTable.of({"17": "纺织业", "18": "纺织服装、服饰业", "36": "汽车制造业", "41": "其他制造业"})
NATURE = CodeTable.of({"020": "事业法人", "0211": "事业法人", "150": "有限责任公司"}, {"有限公司": "150"})


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("纺织", "17"),
        ("纺织业", "17"),
        ("汽车", "36"),
        ("纺织服装", "18"),
        ("纺织服装 服饰业", "18"),
        ("36 汽车制造业", "36"),
        ("17 汽车制造业", None),
        ("纺", None),
        ("机械", None),
        ("", None),
    ],
)
def test_by_name(text: str, code: str | None) -> None:
    assert INDUSTRY.find(text) == code


def test_a_name_of_several_codes_finds_the_general_one_or_none() -> None:
    assert NATURE.find("事业法人") == "020"
    assert CodeTable.of({"0211": "法人", "0221": "法人"}).find("法人") is None
    assert NATURE.find("0211") == "0211"
    assert NATURE.find("20") == "020"
    assert NATURE.find("有限公司") == "150"


def test_digits_with_two_paddings_find_none() -> None:
    assert CodeTable.of({"01": "甲", "001": "乙"}).find("1") is None
