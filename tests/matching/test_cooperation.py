"""Cooperation modes of both sides, set against the market's own code lists."""

from __future__ import annotations

import csv

import pytest

from matching.cooperation import FAMILIES, families
from seed.loaders import REFERENCE


def names_of(scheme: str) -> dict[str, str]:
    """Return the codes of a scheme by their names."""
    with (REFERENCE / "codes.csv").open(encoding="utf-8", newline="") as file:
        return {row["name"]: row["code"] for row in csv.DictReader(file) if row["scheme"] == scheme}


def test_the_table_has_every_code_of_both_lists_and_no_other() -> None:
    both = names_of("cooperation_mode").values(), names_of("transfer_mode").values()
    assert set().union(*both) == FAMILIES.keys()


def test_what_the_two_sides_have_in_common() -> None:
    asked, offered = names_of("cooperation_mode"), names_of("transfer_mode")
    pairs = {(a, b) for a in asked for b in offered if families([asked[a]]) & families([offered[b]])}
    assert pairs == {
        ("委托开发", "合作实施"),
        ("合作开发", "合作实施"),
        ("技术转让", "转让"),
        ("技术许可", "许可"),
        ("技术入股", "作价投资"),
    }


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([], set()),
        (["other"], set()),
        (["commission", "joint", "licence"], {"development", "licence"}),
        (["new"], {"new"}),
    ],
)
def test_families_of_codes(codes: list[str], expected: set[str]) -> None:
    assert families(codes) == expected
