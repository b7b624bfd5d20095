"""`python -m bench.peers`: every system on the same listings and questions, one after the other.

    python -m bench.peers --sizes 2000 10000
    python -m bench.peers --sizes 100000 --only local lancedb --json peers.json
    python -m bench.peers --no-speed --needs needs.jsonl --achievements a.jsonl b.csv --qrels qrels.jsonl

Each system is built in one process and asked in another, so that neither memory nor threads mix. An answer is
timed from the raw text of the need to ten keys: encoding and cutting into words are in it for every system,
for `local` also facets and reasons. While speed is measured a peer seeks the rarest words of a need only, as
`local` does for itself; for quality it seeks all of them: of the two settings always the one that favours the
peers. Needs the extra `bench`; a system that is not installed is left out and named in the report.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.engine import ROOT
from bench.peers.prepared import prepare, prepare_market
from bench.peers.running import Failed, Run, Unavailable, whole_memory
from bench.peers.system import SYSTEMS
from matching.dataset import read_documents, read_judgements, read_pool
from matching.evaluation import measure
from matching.types import Kind, Query

OWN_SET = ROOT / "tests" / "matching" / "data"
TIMED = tuple(name for name in SYSTEMS if name != "milvus")
COMPARED = 1_000
"""Listings on which `milvus` is compared with `local`."""


def speed(run: Run, names: Sequence[str], prepared: Path, sizes: Sequence[int]) -> list[dict[str, Any]]:
    """Measure systems at every size."""
    found = []
    for size in sizes:
        for name in names:
            _say(f"{name}, {size:,} listings")
            try:
                found.append(run.measure(name, prepared, size))
            except (Unavailable, Failed) as error:
                found.append({"system": name, "listings": size} | _not_measured(error))
    return found


def quality(
    run: Run,
    names: Sequence[str],
    *,
    needs: Path,
    achievements: list[Path],
    qrels: Path,
) -> dict[str, Any]:
    """Measure the ten best of every system against judgements."""
    pool = read_pool(achievements, kind=Kind.ACHIEVEMENT)
    judgements = read_judgements(qrels)
    asked = [
        need for need in read_documents(needs, kind=Kind.NEED) if any(judgements.get(need.key, {}).values())
    ]
    queries = [Query(need.title, need.body, Kind.ACHIEVEMENT, k=10, facets=need.facets) for need in asked]
    systems: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir=run.scratch) as folder:
        prepared = Path(folder)
        prepare(prepared, pool, queries, count=len(pool), encoder_name=run.encoder_name)
        for name in names:
            _say(f"{name}, {qrels.name}")
            try:
                rankings = run.rankings(name, prepared, len(pool))
            except (Unavailable, Failed) as error:
                systems[name] = _not_measured(error)
                continue
            by_need = {need.key: ranking for need, ranking in zip(asked, rankings, strict=True)}
            measures = measure(by_need, judgements).to_json()
            del measures["recall@50"]  # only ten are asked for
            systems[name] = measures
    return {"qrels": qrels.name, "needs": len(asked), "pool": len(pool), "systems": systems}


def agreement(run: Run, prepared: Path, size: int) -> dict[str, Any]:
    """Compare the ten best of `milvus` with those of `local`."""
    _say(f"milvus, {size:,} listings")
    try:
        theirs = run.rankings("milvus", prepared, size)
    except (Unavailable, Failed) as error:
        return {"listings": size} | _not_measured(error)
    ours = run.rankings("local", prepared, size)
    pairs = list(zip(ours, theirs, strict=True))
    return {
        "listings": size,
        "questions": len(pairs),
        "same_first": round(sum(one[:1] == other[:1] for one, other in pairs) / len(pairs), 3),
        "shared_of_ten": round(sum(len(set(one) & set(other)) for one, other in pairs) / len(pairs), 2),
    }


def table(report: dict[str, Any]) -> str:
    """Return a report as Markdown tables."""
    lines = []
    if report.get("speed"):
        lines += [
            "| system | listings | p50 ms | p99 ms | /s, 1 thread | /s, 2 threads | build s | first answer s "
            "| memory, serving MB | memory, building MB | disk MB |",
            "|---|---|---|---|---|---|---|---|---|---|---|",
        ]
        lines += [_speed_line(one) for one in report["speed"]]
    for judged in report.get("quality", ()):
        lines += ["", f"{judged['qrels']}: {judged['needs']} needs, pool of {judged['pool']}", ""]
        lines += ["| system | nDCG@10 | 95 % | Recall@10 | MRR |", "|---|---|---|---|---|"]
        lines += [_quality_line(name, one) for name, one in judged["systems"].items()]
    if "milvus" in report:
        lines += ["", f"milvus: {json.dumps(report['milvus'])}"]
    return "\n".join(lines)


def _speed_line(one: dict[str, Any]) -> str:
    if "serve" not in one:
        return f"| {one['system']} | {one['listings']:,} | {one.get('left_out') or one['failed']} |"
    serve, built = one["serve"], one["build"]
    alone, both = serve["one_thread"], serve["two_threads"]
    cells = [one["system"], f"{one['listings']:,}", alone["p50_ms"], alone["p99_ms"], alone["per_s"]]
    cells += [both["per_s"], built["build_s"], serve["first_answer_s"]]
    cells += [f"{whole_memory(serve):.0f}", f"{whole_memory(built):.0f}", one["disk_mb"]]
    return f"| {' | '.join(map(str, cells))} |"


def _quality_line(name: str, one: dict[str, Any]) -> str:
    if "ndcg@10" not in one:
        return f"| {name} | {one.get('left_out') or one['failed']} |"
    low, high = one["ci95"]
    cells = (f"{one['ndcg@10']:.3f}", f"{low:.3f}–{high:.3f}", f"{one['recall@10']:.3f}", f"{one['mrr']:.3f}")
    return f"| {name} | {' | '.join(cells)} |"


def _not_measured(error: Exception) -> dict[str, str]:
    name = "left_out" if isinstance(error, Unavailable) else "failed"
    _say(f"  {name}: {error}")
    return {name: str(error)}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def measure_all(options: argparse.Namespace) -> dict[str, Any]:
    """Run what the options ask for."""
    report: dict[str, Any] = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "question_words": options.question_words,
    }
    with tempfile.TemporaryDirectory(prefix="peers", dir=options.work) as name:
        scratch = Path(name)
        run = Run(scratch, options.encoder, options.question_words, options.seconds)
        if not options.no_speed:
            prepared = scratch / "prepared"
            prepared.mkdir()
            count = max(options.sizes)
            _say(f"preparing {count:,} listings")
            report["prepared"] = prepare_market(
                prepared, count=count, questions=options.questions, encoder_name=options.encoder
            )
            timed = [one for one in options.only if one in TIMED]
            report["speed"] = speed(run, timed, prepared, options.sizes)
            if "milvus" in options.only:
                report["milvus"] = agreement(run, prepared, min(COMPARED, count))
        if not options.no_quality:
            run = replace(run, question_words=0)
            report["quality"] = [
                quality(
                    run,
                    options.only,
                    needs=OWN_SET / "market_needs.jsonl",
                    achievements=[OWN_SET / "market_achievements.jsonl"],
                    qrels=OWN_SET / "market_qrels.jsonl",
                )
            ]
            if options.qrels:
                report["quality"].append(
                    quality(
                        run,
                        options.only,
                        needs=options.needs,
                        achievements=options.achievements,
                        qrels=options.qrels,
                    )
                )
    return report


def main() -> None:
    """Read the options, run, print and keep the report; exit 1 if a system failed."""
    parser = argparse.ArgumentParser("python -m bench.peers", description="systems side by side")
    parser.add_argument("--sizes", type=int, nargs="+", default=[2_000], metavar="N")
    parser.add_argument("--questions", type=int, default=200, help="measured, besides the warm-up")
    parser.add_argument("--only", nargs="+", choices=SYSTEMS, default=list(SYSTEMS), help="systems")
    parser.add_argument(
        "--question-words",
        type=int,
        default=16,
        help="rarest words a peer seeks while speed is measured; 0: all (default: 16)",
    )
    parser.add_argument(
        "--seconds", type=float, default=120, help="a client stops asking after so many (default: 120)"
    )
    parser.add_argument("--encoder", help="model folder or name; default: the shipped model")
    parser.add_argument("--no-speed", action="store_true", help="quality only")
    parser.add_argument("--no-quality", action="store_true", help="speed only")
    parser.add_argument("--needs", type=Path, help="a second judged set, besides our own")
    parser.add_argument("--achievements", type=Path, nargs="+", help="its pool")
    parser.add_argument("--qrels", type=Path, help="its judgements")
    parser.add_argument("--work", type=Path, help="folder for indexes; default: the system's temporary one")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report there")
    options = parser.parse_args()
    if len({bool(options.needs), bool(options.achievements), bool(options.qrels)}) > 1:
        parser.error("--needs, --achievements and --qrels go together")
    report = measure_all(options)
    print(table(report))
    if options.json:
        options.json.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if '"failed"' in json.dumps(report):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
