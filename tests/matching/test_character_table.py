"""Cosines of single characters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from matching.character_table import MAX_CODES, CharacterTable, character_counts

TEXTS = ["高盐废水膜法回用回用", "叶片裂纹巡检", "脱盐", "", "pm2 cod 废水"]


def table(*texts: str) -> CharacterTable:
    made = CharacterTable()
    for text in texts:
        made.append(character_counts(text))
    return made


def test_cosines_are_those_of_tf_idf() -> None:
    filled = [text for text in TEXTS if text]
    measure = TfidfVectorizer(
        tokenizer=lambda text: [c for c in text if c > "\u3400"] + [w for w in text.split() if w.isascii()],
        token_pattern=None, lowercase=False, sublinear_tf=True,
    )  # fmt: skip
    matrix = measure.fit_transform(filled)
    expected = (matrix @ measure.transform(["废水脱盐盐"]).T).toarray().ravel()
    made = table(*filled)
    found = made.cosines(character_counts("废水脱盐盐"), np.arange(len(filled)))
    assert found == pytest.approx(expected, abs=1e-6)


def test_rows_without_characters_have_cosine_zero() -> None:
    made = table(*TEXTS)
    asked = character_counts("废水")
    assert made.cosines(asked, np.array([3, 0, 3])).tolist()[::2] == [0.0, 0.0]
    assert made.cosines({}, np.array([0, 1])).tolist() == [0.0, 0.0]
    assert made.cosines(asked, np.array([3])).tolist() == [0.0]
    assert made.cosines(asked, np.empty(0, np.int64)).tolist() == []


def test_removed_rows_leave_no_trace_in_the_weights() -> None:
    made, fresh = table(*TEXTS, "废水废水膜", "裂纹"), table(*TEXTS)
    asked, rows = character_counts("废水脱盐裂纹"), np.arange(len(TEXTS))
    assert made.cosines(asked, rows) != pytest.approx(fresh.cosines(asked, rows))
    made.remove(np.array([5, 6]))
    assert made.cosines(asked, rows) == pytest.approx(fresh.cosines(asked, rows))


def test_loaded_table_is_the_same_and_grows(tmp_path: Path) -> None:
    made = table(*TEXTS)
    made.save(tmp_path)
    again = CharacterTable.load(tmp_path, texts=len(TEXTS))
    for one in (made, again):
        one.append(character_counts("膜脱盐"))
        one.remove(np.array([0]))
    rows, asked = np.arange(len(TEXTS) + 1), character_counts("盐膜")
    assert again.cosines(asked, rows) == pytest.approx(made.cosines(asked, rows))


def test_counts_are_bounded() -> None:
    assert character_counts("膜" * 1000) == {ord("膜"): 255}
    many = "".join(chr(code) for code in range(0x4E00, 0x4E00 + 1000))
    assert len(character_counts(many)) == MAX_CODES
    assert character_counts("，。123 😀") == {}
