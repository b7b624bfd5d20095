"""The lexicon: reading, refusing, tagging."""

from __future__ import annotations

from pathlib import Path

import pytest

from matching.lexicon import MAX_CONCEPTS_PER_TERM, ConceptMatch, Coverage, Lexicon, LexiconError, check
from matching.lexicon.checking import STOCK_ENDING_USES
from matching.text import normalise

HEADER = "term\tsynonyms\tgloss\tbroader"
LINES = [
    "废水处理\t污水;COD去除;MBR\ttreating waste water\t环境保护",
    "膜生物反应器\t膜组件;MBR;膜污染\tbioreactor with a membrane\t废水处理",
    "一氧化碳报警\tCO;煤气报警\talarm for carbon monoxide\t",
]


def write(folder: Path, *lines: str, name: str = "07.tsv", header: str = HEADER) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def lexicon(tmp_path: Path) -> Lexicon:
    return Lexicon.load(write(tmp_path, *LINES))


def found(lexicon: Lexicon, raw: str) -> list[tuple[str, str]]:
    text = normalise(raw)
    return [(match.concept, text.text[match.start : match.end]) for match in lexicon.tag(text)]


def test_concepts_keep_their_columns(lexicon: Lexicon) -> None:
    concept = lexicon.concepts["废水处理"]
    assert concept.field == "07"
    assert concept.terms == ("废水处理", "污水", "COD去除", "MBR")
    assert concept.gloss == "treating waste water"
    assert lexicon.broader("膜生物反应器") == "废水处理"
    assert lexicon.broader("一氧化碳报警") is None
    assert lexicon.broader("无此概念") is None


def test_tag_gives_spans_of_the_normalised_text(lexicon: Lexicon) -> None:
    assert lexicon.tag(normalise("园区污水超标")) == [ConceptMatch("废水处理", 2, 4)]


def test_traditional_and_full_width_spellings_are_found(lexicon: Lexicon) -> None:
    assert found(lexicon, "廢水處理，ＣＯＤ去除") == [("废水处理", "废水处理"), ("废水处理", "cod去除")]


def test_the_longest_word_wins_and_words_do_not_overlap(tmp_path: Path) -> None:
    lexicon = Lexicon.load(
        write(tmp_path, "污水\t污泥\twaste water\t", "污水处理厂\t处理厂房\twaste water plant\t污水")
    )
    assert found(lexicon, "污水处理厂房与污泥") == [("污水处理厂", "污水处理厂"), ("污水", "污泥")]


def test_a_word_of_two_concepts_gives_both_by_name(lexicon: Lexicon) -> None:
    assert found(lexicon, "MBR") == [("废水处理", "mbr"), ("膜生物反应器", "mbr")]


@pytest.mark.parametrize("text", ["CO2减排", "ECO", "Co3", "COD"])
def test_latin_words_are_found_whole_only(lexicon: Lexicon, text: str) -> None:
    assert found(lexicon, text) == []


def test_latin_words_may_touch_chinese_characters(lexicon: Lexicon) -> None:
    assert found(lexicon, "矿井CO超限") == [("一氧化碳报警", "co")]


def test_a_match_refused_at_its_edge_hides_no_other(tmp_path: Path) -> None:
    lexicon = Lexicon.load(write(tmp_path, "OM检测\t光镜\toptical check\t", "检测线圈\t线圈\tsensing coil\t"))
    assert found(lexicon, "rom检测线圈") == [("检测线圈", "检测线圈")]


@pytest.mark.parametrize("text", ["", " ", "😀😀", "无关的话"])
def test_texts_without_words_have_no_concepts(lexicon: Lexicon, text: str) -> None:
    assert found(lexicon, text) == []


def test_the_version_follows_the_content(tmp_path: Path) -> None:
    one = Lexicon.load(write(tmp_path / "one", *LINES)).version
    assert Lexicon.load(write(tmp_path / "two", *LINES)).version == one
    assert Lexicon.load(write(tmp_path / "three", *LINES[:2])).version != one


def test_check_counts(tmp_path: Path) -> None:
    write(tmp_path, *LINES)
    report = check(write(tmp_path, "齿轮\t\ttoothed gear wheel\t机械传动", name="03.tsv"))
    assert report.fields == {"03": Coverage(1, 1, 1), "07": Coverage(3, 10, 2)}
    assert report.concepts == 4
    assert report.words == 11
    assert report.shared_words == 1
    assert report.groups == 2


UNRELATED = [
    "二氯甲烷\tDCM\tdichloromethane as a solvent\t有机溶剂",
    "扩张型心肌病\tDCM\tdilated cardiomyopathy of the heart\t心脏病",
]


def test_a_word_of_two_unrelated_concepts_needs_a_reason(tmp_path: Path) -> None:
    folder = write(tmp_path, *UNRELATED)
    assert set(found(Lexicon.load(folder), "DCM")) == {("二氯甲烷", "dcm"), ("扩张型心肌病", "dcm")}
    with pytest.raises(LexiconError, match=r"07\.tsv:\d: dcm stands for 二氯甲烷 and 扩张型心肌病"):
        check(folder)
    note = "dcm\t二氯甲烷;扩张型心肌病\t两个领域各自通行的英文缩写"
    assert check(write(folder, note, name="notes.tsv", header="word\tconcepts\tnote")).shared_words == 1
    (folder / "notes.tsv").unlink()
    write(folder, "扩张型心肌病\t二氯甲烷", name="related.tsv", header="concept\trelated")
    assert check(folder).shared_words == 1


@pytest.mark.parametrize(
    ("name", "header", "lines", "message"),
    [
        ("notes.tsv", "word\tconcepts\tnote", ["dcm\t二氯甲烷\t缩写"], r"notes\.tsv:2: dcm does not stand"),
        ("notes.tsv", "word\tconcepts\tnote", ["甲\t乙;丙\t缩写"], r"notes\.tsv:2: 甲 does not stand"),
        (
            "notes.tsv",
            "word\tconcepts\tnote",
            ["dcm\t二氯甲烷;扩张型心肌病\t "],
            r"notes\.tsv:2: the note is empty",
        ),
        (
            "notes.tsv",
            "word\tconcepts\tnote",
            ["dcm\t二氯甲烷;扩张型心肌病\t缩写"] * 2,
            r"notes\.tsv:3: dcm has two notes",
        ),
        ("notes.tsv", "word\tnote", [], r"notes\.tsv:1: the header"),
        ("related.tsv", "concept\trelated", ["二氯甲烷\t甲醇"], r"related\.tsv:2: there is no concept 甲醇"),
        ("related.tsv", "concept\trelated", ["二氯甲烷\t二氯甲烷"], r"related\.tsv:2: .* are the same"),
    ],
)
def test_wrong_notes_and_relations_are_refused(
    tmp_path: Path, name: str, header: str, lines: list[str], message: str
) -> None:
    folder = write(write(tmp_path, *UNRELATED), *lines, name=name, header=header)
    with pytest.raises(LexiconError, match=message):
        check(folder)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["甲醇\t\tmethanol\t"], r"07\.tsv:2: the gloss has fewer than 3 words"),
        (
            ["甲醇\t\tsimplest of alcohols\t", "木精\t\tSimplest of alcohols.\t"],
            r"07\.tsv:3: the gloss stands already in 07\.tsv:2",
        ),
        (
            [f"物料{n}号\t\tmaterial {n} in production and use\t" for n in range(STOCK_ENDING_USES)],
            r"07\.tsv:7: the 6th gloss that ends in 'in production and use'",
        ),
    ],
)
def test_empty_and_stock_glosses_are_refused(tmp_path: Path, lines: list[str], message: str) -> None:
    folder = write(tmp_path, *lines)
    with pytest.raises(LexiconError, match=message):
        check(folder)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["甲醇\t乙醇"], r"07\.tsv:2: 2 cells instead of 4"),
        (
            ["甲醇\t木精\tmethanol\t", "甲醇\t木醇\tmethanol\t"],
            r"07\.tsv:3: 甲醇 stands already in 07\.tsv:2",
        ),
        (["甲醇\t木精;木精\tmethanol\t"], r"07\.tsv:2: 甲醇 has the same synonym twice"),
        (["甲醇\tＣＨ;ch\tmethanol\t"], r"07\.tsv:2: 甲醇 has the same synonym twice"),
        (["醇\t\talcohol\t"], r"07\.tsv:2: the term '醇' is shorter"),
        (["甲醇\t木精;\tmethanol\t"], r"07\.tsv:2: the term '' is shorter"),
        (["甲醇\t木精\t\t"], r"07\.tsv:2: the gloss"),
        (["甲醇\t木精\t一种醇\t"], r"07\.tsv:2: the gloss"),
        (["甲醇 \t木精\tmethanol\t"], r"07\.tsv:2: white space"),
        (["甲醇\t木精\tmethanol\t甲醇"], r"07\.tsv:2: 甲醇 is broader than itself"),
        (["甲醇\t\tmethanol\t乙醇", "乙醇\t\tethanol\t甲醇"], r"07\.tsv:2: 甲醇 is broader than itself"),
        (
            [f"概念{number}号\t通用词\tconcept\t" for number in range(MAX_CONCEPTS_PER_TERM + 1)],
            r"07\.tsv:5: 通用词 stands for more than 3 concepts",
        ),
    ],
)
def test_a_wrong_line_is_refused_with_file_and_line(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(LexiconError, match=message):
        Lexicon.load(write(tmp_path, *lines))


def test_a_wrong_header_name_encoding_or_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LexiconError, match=r"07\.tsv:1: the header"):
        Lexicon.load(write(tmp_path / "header", LINES[0], header="word"))
    with pytest.raises(LexiconError, match="not a technical field"):
        Lexicon.load(write(tmp_path / "name", LINES[0], name="12.tsv"))
    with pytest.raises(LexiconError, match="no lexicon files"):
        Lexicon.load(tmp_path / "nothing")
    folder = write(tmp_path / "encoding", LINES[0])
    (folder / "07.tsv").write_bytes("term\t废水".encode("gbk"))
    with pytest.raises(LexiconError, match="not UTF-8"):
        Lexicon.load(folder)


def test_the_shipped_lexicon_is_sound_and_covers_every_field() -> None:
    report = check()
    assert set(report.fields) == {f"{number:02}" for number in range(1, 12)}
    assert report.concepts >= 10_000
    assert report.words > 50_000
    assert all(field.concepts > 150 for field in report.fields.values())


def test_the_shipped_lexicon_joins_the_words_of_workshop_and_laboratory() -> None:
    lexicon = Lexicon.load()
    concept = lexicon.concepts["低功耗芯片设计"]
    need = {match.concept for match in lexicon.tag(normalise("电池供电产品待机电流大"))}
    achievement = {match.concept for match in lexicon.tag(normalise("采用近阈值电路的处理器"))}
    assert concept.term in need & achievement
