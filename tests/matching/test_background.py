"""Frequencies from the shipped texts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from matching.background import PAIRS, Background
from matching.character_table import character_counts
from matching.errors import MatchingError
from tests.matching.samples import lexicon

ENTRY = {
    "need_title": "废水回用",
    "need": "废水里有盐",
    "achievement_title": "高盐废水处理",
    "achievement": "电渗析",
    "negative_title": "茶叶",
    "negative": "干燥",
}


def test_counts_each_text_once(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(ENTRY), encoding="utf-8")
    (tmp_path / "b.jsonl").write_text(json.dumps(ENTRY), encoding="utf-8")
    made = Background.load(lexicon(), folder=tmp_path)
    assert made.texts == 6
    assert made.words["废水"] == 4
    assert made.words["电渗析"] == 2
    assert "钢铁" not in made.words
    assert made.concepts == {"高盐废水处理": 2}
    (salt,) = character_counts("盐")
    assert made.characters[salt] == 4
    assert made.characters.sum() == sum(
        2 * len(character_counts(ENTRY[f"{side}_title"] + ENTRY[side]))
        for side in ("need", "achievement", "negative")
    )


def test_rarest_words_come_first_and_weigh_most(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(ENTRY), encoding="utf-8")
    made = Background.load(folder=tmp_path)
    weights = made.rarest(["废水", "茶叶", "废水", "钢铁", "干燥"], 3)
    assert list(weights) == ["钢铁", "干燥", "茶叶"]
    assert weights["钢铁"] > weights["干燥"] == weights["茶叶"] > made.inverse_frequency(made.texts) > 0
    assert weights["钢铁"] == pytest.approx(np.log(1 + (3 + 0.5) / 0.5))


def test_shipped_texts_know_the_trade() -> None:
    made = Background.load()
    assert made.texts == 3 * sum(
        len(file.read_text(encoding="utf-8").splitlines()) for file in PAIRS.glob("*.jsonl")
    )
    assert made.words["废水"] > made.words["电渗析"] > 0
    assert max(made.words.values()) <= made.texts
    assert made.characters.max() <= made.texts


@pytest.mark.parametrize("line", ["", "{", "[]", '{"need_title": "甲"}'])
def test_other_files_are_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.jsonl").write_text(line, encoding="utf-8")
    with pytest.raises(MatchingError, match=r"no texts here|a\.jsonl:1: not a pair"):
        Background.load(folder=tmp_path)
