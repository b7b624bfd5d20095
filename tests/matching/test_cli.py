"""`python -m matching` as a user calls it."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import matching.cli
from matching.cli import main
from matching.encoder import HashingEncoder
from matching.scoring import Weights
from tests.matching.samples import lexicon

DATA = Path(__file__).parent / "data"


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands load a model and a lexicon; here they get small ones."""
    monkeypatch.setattr(matching.cli, "load_encoder", lambda _name: HashingEncoder(64))
    monkeypatch.setattr(matching.cli.Lexicon, "load", lambda _folder=None: lexicon())


@pytest.fixture
def index(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    folder = tmp_path / "index"
    files = ["--input", f"{DATA / 'achievements.jsonl'}", "--input", f"{DATA / 'pool.csv'}"]
    assert main(["index", *files, "--output", str(folder)]) == 0
    assert "6 条" in capsys.readouterr().out
    return folder


def test_query_for_people(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", "--index", str(index), "--text", "废水含盐，膜结垢", "--k", "2"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("1. 印染高盐废水分盐与回用（A1）")
    assert "「废水含盐」与「高盐废水」同属「高盐废水处理」" in shown
    assert "共同用词：" in shown
    assert "用字" in shown
    assert "\n2. " in shown
    assert "\n3. " not in shown


def test_query_for_programs(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", "--index", str(index), "--text", "叶片裂纹", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["hits"][0]["key"] == "A2"
    assert answer["hits"][0]["title"] == "不停机叶片裂纹巡检"
    assert answer["encoder"] == HashingEncoder(64).key
    assert len(answer["hits"]) == 5


def test_query_without_hits(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", "--index", str(index), "--text", "叶片", "--kind", "expert"]) == 0
    assert capsys.readouterr().out == "没有找到匹配的记录。\n"


def test_query_reads_the_standard_input(
    index: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", (DATA / "needs.jsonl").open(encoding="utf-8"))
    with sys.stdin:
        assert main(["query", "--index", str(index), "--text", "-", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["hits"]


def evaluation(**files: Path) -> list[str]:
    chosen = {name: DATA / f"{name}.jsonl" for name in ("needs", "achievements", "qrels")} | files
    return ["evaluate", *(part for name, path in chosen.items() for part in (f"--{name}", str(path)))]


def test_evaluate_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*evaluation(), "--achievements", str(DATA / "pool.csv"), "--json"]) == 0
    output = capsys.readouterr()
    report = json.loads(output.out)
    assert (report["pool"], report["needs"]) == (6, 3)
    assert set(report["systems"]["engine"]) == {"ndcg@10", "recall@10", "recall@50", "mrr", "top1", "ci95"}
    assert output.err == ""


def test_evaluate_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(evaluation()) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "待查 4 条，需求 3 条"
    assert [line.split()[0] for line in lines[3:]][-1] == "engine"


def test_evaluate_warns_of_judgements_it_cannot_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "qrels.jsonl"
    lines = [
        '{"need": "N1", "achievement": "A1"}',
        '{"need": "N1", "achievement": "Z"}',
        '{"need": "X", "achievement": "A1"}',
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert main([*evaluation(qrels=path), "--json"]) == 0
    warned = capsys.readouterr().err
    assert "1 条有评判的需求不在" in warned
    assert "1 条有评判的记录不在" in warned


def test_any_kind_of_pool_can_be_evaluated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people, judged = tmp_path / "experts.jsonl", tmp_path / "qrels.jsonl"
    rows = [
        {
            "id": "E1",
            "title": "周以宁 研究员",
            "description": "电渗析脱盐，印染废水回用。",
            "region": "320200",
        },
        {"id": "E2", "title": "孙遥 副教授", "description": "叶片气动设计。", "tech_field": "06"},
    ]
    people.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    lines = [
        '{"need": "N1", "kind": "expert", "key": "E1", "grade": 2}',
        '{"need": "N1", "kind": "resource", "key": "R1", "grade": 2}',
        '{"need": "N2", "kind": "resource", "key": "R1", "grade": 1}',
    ]
    judged.write_text("\n".join(lines), encoding="utf-8")
    asked = ["--needs", str(DATA / "needs.jsonl"), "--pool", str(people), "--qrels", str(judged)]
    assert main(["evaluate", *asked, "--kind", "expert", "--json"]) == 0
    output = capsys.readouterr()
    report = json.loads(output.out)
    assert (report["pool"], report["needs"]) == (2, 1)
    assert report["systems"]["engine"]["top1"] == report["systems"]["bm25"]["top1"] == 1
    assert output.err == ""
    assert main(["calibrate", *asked, "--kind", "expert", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["examples"] == 2
    assert main(["evaluate", *asked, "--kind", "project"]) == 2
    assert "没有任何评判" in capsys.readouterr().err


def test_evaluate_with_other_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "weights.json"
    backwards = Weights("x", intercept=0, dense=-1, lexical=-1, characters=-1, concepts=-1).to_json()
    path.write_text(json.dumps(backwards), encoding="utf-8")
    assert main([*evaluation(), "--weights", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["systems"]["engine"]["top1"] == 0


Arguments = Callable[[Path], list[str]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (lambda folder: evaluation(needs=folder / "absent.jsonl"), "absent.jsonl: 无法读取"),
        (lambda folder: evaluation(qrels=folder / "bad.jsonl"), "bad.jsonl:2: 不是合法的JSON"),
        (lambda folder: ["query", "--index", str(folder), "--text", "膜"], "there is no saved index"),
        (
            lambda folder: ["index", "--input", str(folder / "bad.jsonl"), "--output", str(folder / "x")],
            "bad.jsonl:1",
        ),
    ],
)
def test_bad_input_ends_with_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: Arguments, message: str
) -> None:
    (tmp_path / "bad.jsonl").write_text('{"need": "N1", "achievement": "A1"}\n{', encoding="utf-8")
    assert main(arguments(tmp_path)) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [[], ["query", "--index", "x"], ["query", "--index", "x", "--text", "y", "--k", "0"]]
)
def test_wrong_arguments_end_with_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err


def test_lexicon_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lexicon", "check"]) == 0
    assert "概念" in capsys.readouterr().out
    assert main(["lexicon", "tag", "--text", "印染高鹽廢水回用"]) == 0
    assert capsys.readouterr().out == "高鹽廢水 → 高盐废水处理\n"


def test_module_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["matching", "lexicon", "tag", "--text", "叶片查伤"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("matching", run_name="__main__")
    assert ended.value.code == 0
    assert "查伤 → 裂纹检测" in capsys.readouterr().out
