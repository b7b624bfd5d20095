"""Files in, documents out; mistakes are named by file and line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from matching.dataset import UNGRADED, read_documents, read_judgements, read_pool
from matching.errors import InvalidInput
from matching.types import Facets, Kind

DATA = Path(__file__).parent / "data"


def test_jsonl() -> None:
    documents = {one.key: one for one in read_documents(DATA / "achievements.jsonl", kind=Kind.ACHIEVEMENT)}
    assert list(documents) == ["A1", "A2", "A3", "A4"]
    assert documents["A1"].facets == Facets(tech_field="07", trl=6)
    assert documents["A2"].facets == Facets(trl=4)  # its field is a name, not a code
    assert documents["A3"].title == "热泵低温干燥"
    needs = read_documents(DATA / "needs.jsonl", kind=Kind.NEED)
    assert needs[1].facets.min_trl == 5
    assert needs[0].kind is Kind.NEED


def test_csv_with_chinese_names_and_bom() -> None:
    documents = read_documents(DATA / "pool.csv", kind=Kind.ACHIEVEMENT)
    assert [one.key for one in documents] == ["C1", "C2"]
    assert documents[0].body == "精炼渣系优化,降低氧含量\n轴承钢；夹杂物"
    assert documents[1].body == "回收低温余热"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_in_the_encodings_of_spreadsheets(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "pool.csv"
    path.write_text('id,title,description\n1,膜,"一\n二"\n', encoding=encoding)
    (document,) = read_documents(path, kind=Kind.PROJECT)
    assert (document.title, document.body) == ("膜", "一\n二")


def test_judgements() -> None:
    assert read_judgements(DATA / "qrels.jsonl") == {
        "N1": {"A1": 2},
        "N2": {"A2": 2, "A4": 0},
        "N3": {"A3": UNGRADED},
    }


def test_judgements_of_one_kind(tmp_path: Path) -> None:
    path = tmp_path / "qrels.jsonl"
    lines = [
        '{"need": "N1", "kind": "expert", "key": "X", "grade": 2}',
        '{"need": "N1", "kind": "resource", "key": "X"}',
        '{"need": "N2", "project": "P", "grade": 1}',
        '{"need": "N2", "achievement": "A"}',
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert read_judgements(path, kind=Kind.EXPERT) == {"N1": {"X": 2}}
    assert read_judgements(path, kind=Kind.RESOURCE) == {"N1": {"X": UNGRADED}}
    assert read_judgements(path, kind=Kind.PROJECT) == {"N2": {"P": 1}}
    assert read_judgements(path) == {"N2": {"A": UNGRADED}}


def test_facets_may_stand_beside_the_texts(tmp_path: Path) -> None:
    path = tmp_path / "resources.jsonl"
    row = {
        "id": "R1", "title": "膜分离中试基地", "description": "", "category": "pilot_base",
        "region": "320281", "chain": "c1", "tech_field": "07", "min_trl": 4, "max_trl": 7,
        "facets": {"min_trl": 5},
    }  # fmt: skip
    path.write_text(json.dumps(row), encoding="utf-8")
    (document,) = read_documents(path, kind=Kind.RESOURCE)
    assert document.facets == Facets(
        tech_field="07", chain="c1", category="pilot_base", region="320281", min_trl=5, max_trl=7
    )


GOOD = '{"id": "1", "title": "甲", "description": "乙"}\n'


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", GOOD + "{", r"a\.jsonl:2: 不是合法的JSON"),
        ("a.jsonl", GOOD + "\n[1]", r"a\.jsonl:3: 应为一个JSON对象"),
        ("a.jsonl", GOOD + GOOD, r"a\.jsonl:2: 编号 1 重复"),
        ("a.jsonl", '{"id": "1", "title": "甲"}', r"a\.jsonl:1: 缺少 description"),
        ("a.jsonl", '{"id": 1, "title": "甲", "description": ""}', r"a\.jsonl:1: 缺少 id"),
        ("a.jsonl", '{"id": "", "title": "甲", "description": ""}', r"a\.jsonl:1: 编号为空"),
        ("a.jsonl", '{"id": "1", "title": "", "description": "", "trl": 12}', r"a\.jsonl:1: trl"),
        ("a.jsonl", '{"id": "1", "title": "", "description": "", "max_trl": 0}', r"a\.jsonl:1: max_trl"),
        (
            "a.jsonl",
            '{"id": "1", "title": "", "description": "", "region": 32}',
            r"a\.jsonl:1: region 应为文本",
        ),
        ("a.jsonl", '{"id": "1", "title": "", "description": "", "trl": "5"}', r"a\.jsonl:1: trl 应为整数"),
        ("a.jsonl", '{"id": "1", "title": "", "description": "", "facets": {"x": 1}}', r"a\.jsonl:1: facets"),
        ("a.jsonl", "", r"a\.jsonl: 没有任何记录"),
        ("a.csv", "编号,成果名称\n", r"a\.csv:1: 缺少列 id、description"),
        ("a.csv", "id,title,description\n1,2,3\n1,2\n", r"a\.csv:3: 列数与表头不符"),
        ("a.csv", "id,title,description\n1,2,3,4\n", r"a\.csv:2: 列数与表头不符"),
        ("a.csv", 'id,title,description\n1,"2"x,3\n', r"a\.csv:2: 不是合法的CSV"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, name: str, content: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInput, match=message):
        read_documents(path, kind=Kind.NEED)


def test_other_encodings_and_absent_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(GOOD.encode() + b"\xff")
    with pytest.raises(InvalidInput, match=r"a\.jsonl:2: 文本编码"):
        read_documents(path, kind=Kind.NEED)
    with pytest.raises(InvalidInput, match="无法读取"):
        read_documents(tmp_path / "absent.jsonl", kind=Kind.NEED)


def test_an_id_may_stand_in_one_file_only(tmp_path: Path) -> None:
    path = tmp_path / "again.jsonl"
    path.write_text('{"id": "A1", "title": "甲", "description": "乙"}', encoding="utf-8")
    assert len(read_pool([DATA / "achievements.jsonl", DATA / "pool.csv"], kind=Kind.ACHIEVEMENT)) == 6
    with pytest.raises(InvalidInput, match="A1"):
        read_pool([DATA / "achievements.jsonl", path], kind=Kind.ACHIEVEMENT)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"need": "N1", "achievement": "A1", "grade": "2"}', r":1: grade"),
        ('{"need": "N1", "achievement": "A1", "grade": -1}', r":1: grade"),
        ('{"need": "N1", "achievement": "A1", "grade": true}', r":1: grade"),
        ('{"need": "N1"}', r":1: 缺少 achievement"),
        ('{"need": "N1", "kind": "person", "key": "X"}', r":1: 没有种类 'person'"),
        ('{"need": "N1", "kind": "expert"}', r":1: 缺少 key"),
        (
            '{"need": "N1", "achievement": "A1"}\n{"need": "N1", "achievement": "A1"}',
            r":2: N1 与 A1 已有评判",
        ),
        ("", "没有任何评判"),
    ],
)
def test_wrong_judgements_are_named(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "qrels.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInput, match=message):
        read_judgements(path)


def test_the_files_of_the_market_are_read_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "achievements.jsonl"
    row = {
        "external_id": "A-1",
        "title": "高盐废水脱盐",
        "body": "电渗析浓缩。",
        "keywords": ["纳滤", "回用"],
        "tech_field": "07",
    }
    path.write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")
    document = read_documents(path, kind=Kind.ACHIEVEMENT)[0]
    assert (document.key, document.body) == ("A-1", "电渗析浓缩。\n纳滤 回用")
    assert document.facets.tech_field == "07"
