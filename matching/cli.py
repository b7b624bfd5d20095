"""Commands over files: `index`, `query`, `evaluate`, `calibrate` and `lexicon`. No database, no network.

Exit codes: 0 done, 2 the input or the arguments are wrong (the message names file and line).
"""

# ruff: noqa: T201 - a command prints

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from matching.dataset import Judgements, read_documents, read_judgements, read_pool
from matching.encoder import Encoder, EncoderMissing, load_encoder
from matching.engine import MAX_HITS, LocalEngine
from matching.errors import IndexDamaged, IndexMissing, ManifestMismatch, MatchingError
from matching.evaluation import evaluate, verdicts
from matching.learning import calibration, calibration_error, fit_weights, log_loss
from matching.lexicon import Lexicon, check
from matching.reranker import CrossEncoderReranker
from matching.scoring import PART_NAMES, Weights
from matching.text import normalise
from matching.train.teacher import TeacherMissing, teacher_folder
from matching.types import Document, Hit, Kind, Query, Ranking

WORDS = {
    IndexMissing: "没有找到已保存的索引，请先运行 index。",
    IndexDamaged: "索引已损坏，请重新生成。",
    ManifestMismatch: "索引与现在的程序、模型或词典不符，请重新生成。",
    EncoderMissing: "找不到所选的模型。",
}
"""What a person is told before the details, which are for whoever looks into it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: without the name of the program; None reads those of the process.

    Returns:
        The exit code.
    """
    parsed = _parser().parse_args(arguments)
    try:
        parsed.run(parsed)
    except MatchingError as error:
        words = next((words for kind, words in WORDS.items() if isinstance(error, kind)), "")
        print(f"错误：{words}{error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m matching", description="供需匹配引擎的文件工具")
    commands = parser.add_subparsers(required=True, metavar="命令")
    kinds = [kind.value for kind in Kind]

    index = commands.add_parser("index", help="由 JSONL 或 CSV 文件建立索引")
    index.add_argument("--input", action="append", required=True, type=Path, metavar="文件")
    index.add_argument("--output", required=True, type=Path, metavar="目录")
    index.add_argument("--kind", choices=kinds, default=Kind.ACHIEVEMENT.value, help="记录的种类")
    index.set_defaults(run=_index)

    query = commands.add_parser("query", help="在索引中查找，并说明理由")
    query.add_argument("--index", required=True, type=Path, metavar="目录")
    query.add_argument("--text", required=True, metavar="文字", help="需求的文字；- 表示读标准输入")
    query.add_argument("--kind", choices=kinds, default=Kind.ACHIEVEMENT.value, help="要找的种类")
    query.add_argument("--k", type=_hit_count, default=5, metavar="条数", help="1 至 200")
    query.add_argument("--json", action="store_true", help="输出 JSON")
    query.set_defaults(run=_query)

    measure = commands.add_parser("evaluate", help="用已评判的需求与成果、专家或资源等评测各种排序")
    measure.add_argument("--ablate", action="store_true", help="另测引擎逐一去掉各部分后的成绩")
    measure.set_defaults(run=_evaluate)

    scale = commands.add_parser("calibrate", help="用同样的评判核对得分是否可信，或重新拟合权重")
    scale.add_argument("--fit", type=Path, metavar="文件", help="把重新拟合的权重写入此文件")
    scale.add_argument("--version", default="fitted", metavar="名称", help="新权重的版本名")
    scale.set_defaults(run=_calibrate)

    for command in (measure, scale):
        command.add_argument("--needs", required=True, type=Path, metavar="文件")
        command.add_argument(
            *("--achievements", "--pool"), dest="pool", action="append", required=True, type=Path,
            metavar="文件", help="在其中查找的记录；可重复",
        )  # fmt: skip
        command.add_argument("--qrels", required=True, type=Path, metavar="文件")
        command.add_argument("--kind", choices=kinds, default=Kind.ACHIEVEMENT.value, help="查找的种类")
        command.add_argument("--weights", type=Path, metavar="文件", help="引擎的权重；默认用自带的")
        command.add_argument("--json", action="store_true", help="输出 JSON")

    reader = "精读模型（CrossEncoder）的目录或名称；默认不用"
    query.add_argument("--reranker", metavar="模型", help=reader)
    for command in (index, query, measure, scale):
        command.add_argument("--encoder", metavar="模型", help="模型目录或名称；默认用自带的")

    lexicon = commands.add_parser("lexicon", help="检查术语表，或标出文字中的概念")
    tasks = lexicon.add_subparsers(required=True, metavar="任务")
    checking = tasks.add_parser("check", help="检查术语表并给出数目")
    checking.set_defaults(run=_lexicon_check)
    tagging = tasks.add_parser("tag", help="标出文字中的概念")
    tagging.add_argument("--text", required=True, metavar="文字")
    tagging.set_defaults(run=_lexicon_tag)
    for task in (checking, tagging):
        task.add_argument("--folder", type=Path, metavar="目录", help="术语表目录；默认用自带的")
    return parser


def _hit_count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= MAX_HITS:
        raise argparse.ArgumentTypeError(f"应在 1 与 {MAX_HITS} 之间")
    return count


def _index(arguments: argparse.Namespace) -> None:
    pool = read_pool(arguments.input, kind=Kind(arguments.kind))
    engine = LocalEngine(load_encoder(arguments.encoder), lexicon=Lexicon.load())
    engine.upsert(pool, progress=sys.stderr.isatty())
    sources = ",".join(path.name for path in arguments.input)
    engine.save(arguments.output, labels={"sources": sources})
    recall = engine.recall(Kind(arguments.kind))
    engine.close()
    print(f"已建立索引：{len(pool)} 条，存于 {arguments.output}")
    found = "逐条比较，不会漏查" if recall is None else f"分组查找，前十名召回率 {recall:.1%}"
    print(f"语义检索：{found}")


def _query(arguments: argparse.Namespace) -> None:
    text = sys.stdin.read() if arguments.text == "-" else arguments.text
    engine = LocalEngine.load(
        arguments.index,
        load_encoder(arguments.encoder),
        lexicon=Lexicon.load(),
        reranker=CrossEncoderReranker(arguments.reranker) if arguments.reranker else None,
    )
    query = Query("", text, Kind(arguments.kind), k=arguments.k)
    ranking = engine.search(query)
    titles = {hit.key: engine.title(query.kind, hit.key) for hit in ranking.hits}
    engine.close()
    if arguments.json:
        print(json.dumps(_ranking_json(ranking, titles), ensure_ascii=False, indent=1))
    elif not ranking.hits:
        print("没有找到匹配的记录。")
    else:
        print("\n\n".join(_hit_text(hit, titles[hit.key]) for hit in ranking.hits))


def _evaluate(arguments: argparse.Namespace) -> None:
    needs, pool, judgements = _judged(arguments)
    report = evaluate(
        needs,
        pool,
        judgements,
        encoder=load_encoder(arguments.encoder),
        others=_other_encoders(),
        lexicon=Lexicon.load(),
        weights=Weights.load(arguments.weights),
        ablate=arguments.ablate,
        progress=sys.stderr.isatty(),
    )
    print(json.dumps(report, ensure_ascii=False, indent=1) if arguments.json else _report_text(report))


def _calibrate(arguments: argparse.Namespace) -> None:
    needs, pool, judgements = _judged(arguments)
    weights = Weights.load(arguments.weights)
    engine = LocalEngine(load_encoder(arguments.encoder), lexicon=Lexicon.load(), weights=weights)
    engine.upsert(pool, progress=sys.stderr.isatty())
    examples = verdicts(needs, judgements, engine, kind=Kind(arguments.kind))
    engine.close()
    if arguments.fit:
        weights = fit_weights(examples, weights, version=arguments.version)
        text = json.dumps(weights.to_json(), ensure_ascii=False, indent=2)
        arguments.fit.write_text(text + "\n", encoding="utf-8")
    bins = calibration(examples, weights)
    report = {
        "weights": weights.version,
        "examples": len(examples),
        "log_loss": round(log_loss(examples, weights), 4),
        "calibration_error": round(calibration_error(bins), 4),
        "bins": [asdict(one) for one in bins],
    }
    if arguments.json:
        print(json.dumps(report, indent=1))
        return
    print(f"权重 {weights.version}：{len(examples)} 对，对数损失 {report['log_loss']}")
    for one in bins:
        share = f"平均得分 {one.mean_score:.2f}，相关占 {one.relevant_share:.2f}"
        print(f"  {one.low:.1f}–{one.high:.1f}：{one.count:>5} 对，{share}")
    print(f"平均偏差 {report['calibration_error']}")


def _judged(arguments: argparse.Namespace) -> tuple[list[Document], list[Document], Judgements]:
    kind = Kind(arguments.kind)
    needs = read_documents(arguments.needs, kind=Kind.NEED)
    pool = read_pool(arguments.pool, kind=kind)
    judgements = read_judgements(arguments.qrels, kind=kind)
    _warn_of_strangers(judgements, {need.key for need in needs}, {document.key for document in pool})
    return needs, pool, judgements


def _other_encoders() -> dict[str, Encoder]:
    """Return the teacher under its own name, where it is installed: a baseline in English."""
    try:
        return {"all-MiniLM-L6-v2": load_encoder(teacher_folder())}
    except TeacherMissing as error:
        print(f"注意：未评测 all-MiniLM-L6-v2（{error}）", file=sys.stderr)
        return {}


def _warn_of_strangers(judgements: Judgements, needs: set[str], pool: set[str]) -> None:
    unknown_needs = judgements.keys() - needs
    unknown = {key for need in judgements.keys() & needs for key in judgements[need]} - pool
    if unknown_needs:
        print(f"注意：{len(unknown_needs)} 条有评判的需求不在需求文件中，不计", file=sys.stderr)
    if unknown:
        print(f"注意：{len(unknown)} 条有评判的记录不在所给文件中，按未找到计", file=sys.stderr)


def _lexicon_check(arguments: argparse.Namespace) -> None:
    report = check(arguments.folder)
    print(f"版本 {report.version}：概念 {report.concepts} 个，词语 {report.words} 个")
    print(f"其中 {report.shared_words} 个词语分属两三个概念；另有 {report.groups} 个仅作上位的类名")
    for field, coverage in report.fields.items():
        counts = f"概念 {coverage.concepts:>5}，词语 {coverage.words:>6}，上位类 {coverage.groups:>4}"
        print(f"  领域 {field}：{counts}")


def _lexicon_tag(arguments: argparse.Namespace) -> None:
    text = normalise(arguments.text)
    for match in Lexicon.load(arguments.folder).tag(text):
        start, end = text.raw_span(match.start, match.end)
        print(f"{arguments.text[start:end]} → {match.concept}")


def _ranking_json(ranking: Ranking, titles: dict[str, str]) -> dict[str, Any]:
    data = asdict(ranking)
    for hit in data["hits"]:
        hit["title"] = titles[hit["key"]]
    return data


def _hit_text(hit: Hit, title: str) -> str:
    parts = "，".join(f"{PART_NAMES[p.name]} {p.contribution:.3f}" for p in hit.parts if p.contribution)
    lines = [f"{hit.rank}. {title}（{hit.key}）", f"   得分 {hit.score:.3f}：{parts or '无'}"]
    if hit.terms:
        lines.append("   共同用词：" + "、".join(f"{one.term}（{one.weight:.0%}）" for one in hit.terms))
    for concept in hit.concepts:
        ours, theirs = "、".join(concept.query_words), "、".join(concept.document_words)
        both = f"「{ours}」" if ours == theirs else f"「{ours}」与「{theirs}」同"
        lines.append(f"   {both}属「{concept.concept}」")
    if hit.facets:
        lines.append("   条件：" + "；".join(verdict.words for verdict in hit.facets))
    return "\n".join(lines)


def _report_text(report: dict[str, Any]) -> str:
    lines = [f"待查 {report['pool']} 条，需求 {report['needs']} 条", ""]
    names = ("ndcg@10", "recall@10", "recall@50", "mrr", "top1")
    lines.append(f"{'system':<18}" + "".join(f"{name:>11}" for name in names) + "   ci95(ndcg@10)")
    for system, measures in report["systems"].items():
        low, high = measures["ci95"]
        values = "".join(f"{measures[name]:>11.4f}" for name in names)
        lines.append(f"{system:<18}{values}   {low:.4f}–{high:.4f}")
    return "\n".join(lines)
