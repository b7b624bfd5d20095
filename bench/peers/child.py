"""One system in a process of its own: builds its index, or opens it and answers. Started by `running`.

python -m bench.peers.child build local PREPARED INDEX --count 2000 --report FILE
"""

from __future__ import annotations

import argparse
import importlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from bench.peers.prepared import WARM_UP, Prepared
from bench.peers.system import SYSTEMS, System, system
from matching.types import Query


def memory(name: str) -> float:
    """Return `VmHWM` (highest so far) or `VmRSS` (now) of this process in megabytes; Linux only."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return round(int(line.split()[1]) * 1024 / 1e6, 1)
    raise RuntimeError(f"/proc/self/status holds no {name}")


def build(peer: System, prepared: Prepared) -> dict[str, Any]:
    """Build and time it."""
    peer.ready()
    before = memory("VmRSS")
    started = time.perf_counter()
    peer.build(prepared)
    seconds = time.perf_counter() - started
    in_memory = peer.files_in_memory()
    peer.close()
    return {
        "build_s": round(seconds, 2),
        "listings_per_s": round(prepared.count / seconds),
        "memory_before_mb": before,
        "peak_memory_mb": memory("VmHWM"),
        "files_in_memory_mb": round(in_memory / 1e6, 1),
    }


def serve(peer: System, prepared: Prepared, *, seconds: float) -> dict[str, Any]:
    """Open, answer once, warm up, then measure one client and two.

    Args:
        peer: built before, by another process.
        prepared: with the questions.
        seconds: no client asks longer than that.
    """
    questions = prepared.questions()
    before = memory("VmRSS")
    started = time.perf_counter()
    peer.open(prepared)
    opened = time.perf_counter()
    peer.ask(questions[-1])
    answered = time.perf_counter()
    measured = questions[:-WARM_UP]
    _ask_all(peer, questions[-WARM_UP:], until=answered + seconds)
    report: dict[str, Any] = {
        "open_s": round(opened - started, 3),
        "first_answer_s": round(answered - started, 3),
        "one_thread": _clients(peer, [measured], seconds=seconds),
        # Each of the two asks its own half.
        "two_threads": _clients(peer, [measured[::2], measured[1::2]], seconds=seconds),
    }
    report["memory_before_mb"] = before
    report["peak_memory_mb"] = memory("VmHWM")
    report["files_in_memory_mb"] = round(peer.files_in_memory() / 1e6, 1)
    return report


def rank(peer: System, prepared: Prepared) -> dict[str, Any]:
    """Return the keys found for every question."""
    peer.open(prepared)
    return {"rankings": [peer.ask(query) for query in prepared.questions()]}


def _clients(peer: System, shares: list[list[Query]], *, seconds: float) -> dict[str, Any]:
    started = time.perf_counter()
    with ThreadPoolExecutor(len(shares)) as pool:
        parts = pool.map(lambda share: _ask_all(peer, share, until=started + seconds), shares)
        answers = [answer for part in parts for answer in part]
    elapsed = time.perf_counter() - started
    times = [time_taken for time_taken, _ in answers]
    return {
        "asked": len(answers),
        "fewer_than_ten": sum(found < query_k for _, (found, query_k) in answers),
        "p50_ms": round(float(np.percentile(times, 50)) * 1e3, 2),
        "p99_ms": round(float(np.percentile(times, 99)) * 1e3, 2),
        "per_s": round(len(answers) / elapsed, 1),
    }


def _ask_all(peer: System, questions: list[Query], *, until: float) -> list[tuple[float, tuple[int, int]]]:
    answers = []
    for query in questions:
        started = time.perf_counter()
        if started > until and answers:
            break
        found = peer.ask(query)
        answers.append((time.perf_counter() - started, (len(found), query.k)))
    return answers


def main() -> None:
    """Do one task and write its report."""
    parser = argparse.ArgumentParser(description="one system, in this process")
    parser.add_argument("task", choices=["build", "serve", "rank"])
    parser.add_argument("system", choices=SYSTEMS)
    parser.add_argument("prepared", type=Path)
    parser.add_argument("index", type=Path)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--encoder")
    parser.add_argument("--question-words", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--report", type=Path, required=True)
    options = parser.parse_args()
    started = time.perf_counter()
    if options.task != "build":
        importlib.import_module("sentence_transformers")  # every system's questions need it
    peer = system(
        options.system, options.index, encoder_name=options.encoder, most_words=options.question_words
    )
    imported = round(time.perf_counter() - started, 2)
    prepared = Prepared(options.prepared, options.count)
    try:
        if options.task == "build":
            report = build(peer, prepared) | {"parameters": peer.parameters()}
        elif options.task == "serve":
            report = {"import_s": imported} | serve(peer, prepared, seconds=options.seconds)
        else:
            report = rank(peer, prepared)
    finally:
        peer.close()
    options.report.write_text(json.dumps(report, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
