"""Mappings kept in files: written, read back, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import RuleViolation
from market.exchange.rules.mapping import guess_mapping
from market.exchange.rules.runs import ImportKind
from market.exchange.service.mapping_file import MappingFile, read_mapping_file, write_mapping_file

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
PAIRS = st.dictionaries(WORDS, WORDS, max_size=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mapping")


@given(
    columns=PAIRS, defaults=PAIRS, words=st.dictionaries(WORDS, PAIRS, max_size=3),
    suffix=st.sampled_from([".toml", ".json"]),
)  # fmt: skip
def test_what_is_written_is_read_back(
    folder: Path,
    columns: dict[str, str],
    defaults: dict[str, str],
    words: dict[str, dict[str, str]],
    suffix: str,
) -> None:
    mapping = MappingFile(columns, defaults, words)
    path = folder / f"对应{suffix}"
    write_mapping_file(path, mapping)
    assert read_mapping_file(path) == mapping


def test_what_was_guessed_is_kept_with_its_unit() -> None:
    mapping = guess_mapping(
        ImportKind.CONTRACTS,
        ("登记编号", "合同金额（万元）", "经办人", "买方国别（海关代码）"),
        chosen={},
        one_organisation=True,
    )
    kept = MappingFile.of(mapping, defaults={"tech_field": "07"}, words={})
    assert kept.columns == {
        "登记编号": "reg_no",
        "合同金额（万元）": "total_amount_fen:万元",
        "经办人": "",
        "买方国别（海关代码）": "buyer.country_code:海关",
    }
    again = guess_mapping(
        ImportKind.CONTRACTS, list(kept.columns), chosen=kept.columns, one_organisation=True
    )
    assert [(each.column, each.field, each.unit) for each in again.columns] == [
        (each.column, each.field, each.unit) for each in mapping.columns
    ]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", "[columns\n", "无法解析"),
        ("a.json", "[" * 100_000, "无法解析"),
        ("a.json", "[]", "columns、defaults、words"),
        ("a.toml", "[colums]\n", "columns、defaults、words"),
        ("a.toml", "[defaults]\ntech_field = 7\n", "值须加引号"),
        ("a.json", '{"words": "KF"}', "按字段分列"),
        ("a.yaml", "", ".toml 或 .json"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(RuleViolation, match=said) as refusal:
        read_mapping_file(tmp_path / name)
    assert refusal.value.code == "mapping-unreadable"
