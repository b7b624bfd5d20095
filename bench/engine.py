"""How fast the matching engine is: build, ask, save, and start again from a snapshot.

    python -m bench.engine --documents 100000 --queries 500 --json

Documents and questions are made from sentence patterns and the words of the lexicon, the same ones every
time; the words follow a Zipf-like law. One question at a time. Processor time stands beside the time on the
clock, because on a busy machine only the former tells about the engine.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from matching.encoder import Encoder, HashingEncoder, load_encoder
from matching.engine import LocalEngine
from matching.lexicon import Lexicon
from matching.types import Document, Facets, Kind, Query

ROOT = Path(__file__).parent.parent
TODAY = date(2026, 6, 30)
REGIONS = ("330106", "330108", "330282", "320505", "310115", "440305", "370102", "510107")
ACHIEVEMENT_PATTERNS = (
    "针对{a}中{b}不稳定的问题，提出了{c}与{d}相结合的新路线。",
    "以{a}为核心，配套{b}和{c}，在{d}环节完成了中试，连续运行{n}天无故障。",
    "项目建立了{a}模型，解决了{b}难题，形成{c}成套工艺。",
    "与传统{a}相比，能耗下降{n}%，{b}寿命延长{m}倍。",
    "已在{n}家企业的{a}产线上试用，{b}合格率达到{m}%。",
    "可用于{a}、{b}、{c}等场合，替代进口{d}。",
)
NEED_PATTERNS = (
    "我厂{a}工序经常出现{b}，希望找到{c}方面的办法。",
    "现有{a}成本高，客户要求{b}，寻求{c}替代方案。",
    "需要一套{a}，能处理{b}，温度不超过{n}℃，投资{m}万元以内。",
    "{a}与{b}之间的匹配做不好，{c}一直过不了验收。",
)


class Generator:
    """Makes texts; the same seed makes the same texts."""

    def __init__(self, lexicon: Lexicon, *, seed: int) -> None:
        self._random = random.Random(seed)
        concepts = sorted(lexicon.concepts.values(), key=lambda concept: concept.term)
        random.Random(0).shuffle(concepts)  # which concepts are frequent does not depend on the seed
        self._concepts = concepts
        self._shares = list(itertools.accumulate(1 / (rank + 10) ** 0.8 for rank in range(len(concepts))))

    def documents(self, count: int) -> Iterator[Document]:
        """Yield achievements of about 250 characters."""
        for number in range(count):
            field = self._concept().field
            facets = Facets(
                tech_field=field,
                region=self._random.choice(REGIONS),
                trl=self._random.randint(2, 9),
                price_fen=self._random.randint(5, 500) * 1_000_000,
                organisation=f"o{self._random.randint(1, 3000)}",
                published_on=TODAY - timedelta(days=self._random.randint(0, 1500)),
                expires_on=TODAY + timedelta(days=self._random.randint(-30, 700)),
            )
            title = f"{self._word()}与{self._word()}关键技术"
            if number % 8 == 0:  # about as often as in real listings a unit is spelt so that places shift
                title += f"（{self._random.randint(2, 99)}千瓦）"
            yield Document(
                f"a{number:07}", Kind.ACHIEVEMENT, title, self._body(ACHIEVEMENT_PATTERNS, 240), facets
            )

    def query(self) -> Query:
        """Return a need of about 120 characters that wants ten achievements."""
        facets = Facets(
            tech_field=self._concept().field,
            region=self._random.choice(REGIONS),
            min_trl=self._random.randint(4, 7),
            budget_fen=self._random.randint(10, 300) * 1_000_000,
            organisation=f"o{self._random.randint(1, 3000)}",
        )
        title = f"寻求{self._word()}技术"
        return Query(
            title, self._body(NEED_PATTERNS, 110), Kind.ACHIEVEMENT, k=10, facets=facets, as_of=TODAY
        )

    def _body(self, patterns: tuple[str, ...], length: int) -> str:
        text = ""
        while len(text) < length:
            words = {name: self._word() for name in "abcd"}
            text += self._random.choice(patterns).format(
                **words, n=self._random.randint(2, 99), m=self._random.randint(2, 99)
            )
        return text

    def _concept(self) -> Any:
        return self._random.choices(self._concepts, cum_weights=self._shares)[0]

    def _word(self) -> str:
        return self._random.choice(self._concept().terms)


def encoder_named(name: str | None) -> Encoder:
    """Return the encoder of an option; `hashing` needs no model."""
    return HashingEncoder(256) if name == "hashing" else load_encoder(name)


def percentiles(seconds: list[float]) -> dict[str, float]:
    """Return p50, p95 and p99 in milliseconds."""
    return {f"p{q}_ms": round(float(np.percentile(seconds, q)) * 1e3, 2) for q in (50, 95, 99)}


def timed(run: Callable[[], Any], now: Callable[[], float] = time.perf_counter) -> float:
    """Return how many seconds a call takes by a clock."""
    start = now()
    run()
    return now() - start


def first_answer(folder: Path, encoder_name: str | None, count: int) -> None:
    """Load a snapshot, as a server does; print how long the first answer took, and how long others do."""
    start = time.perf_counter()
    importlib.import_module("sentence_transformers")  # the libraries, which are not ours to make quick
    imported = time.perf_counter()
    encoder, lexicon = encoder_named(encoder_name), Lexicon.load()
    ready = time.perf_counter()
    engine = LocalEngine.load(folder, encoder, lexicon=lexicon)
    loaded = time.perf_counter()
    engine.search(Generator(lexicon, seed=2).query())
    answered = time.perf_counter()
    asking = Generator(lexicon, seed=3)
    queries = [asking.query() for _ in range(count)]
    for query in queries[:20]:
        engine.search(query)
    asked = percentiles([timed(lambda query=query: engine.search(query)) for query in queries])  # type: ignore[misc]
    engine.close()
    times = {
        "import_libraries_s": imported - start,
        "encoder_and_lexicon_s": ready - imported,
        "load_s": loaded - ready,
        "first_answer_after_import_s": answered - imported,
    }
    print(json.dumps({name: round(value, 3) for name, value in times.items()} | {"search": asked}))


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure everything and return the report."""
    encoder, lexicon = encoder_named(arguments.encoder), Lexicon.load()
    documents = list(Generator(lexicon, seed=1).documents(arguments.documents))
    asking = Generator(lexicon, seed=2)
    queries = [asking.query() for _ in range(arguments.queries)]
    sample = [document.text for document in documents[:5000]]
    encode_seconds = timed(lambda: encoder.encode(sample))
    engine = LocalEngine(encoder, lexicon=lexicon)
    build_seconds = timed(lambda: engine.upsert(documents, progress=sys.stderr.isatty()))
    for query in queries[:20]:
        engine.search(query)
    asked = [timed(lambda query=query: engine.search(query)) for query in queries]  # type: ignore[misc]
    worked = [timed(lambda q=query: engine.search(q), time.process_time) for query in queries]  # type: ignore[misc]
    given = [encoder.encode([query.text])[0] for query in queries]
    with_vector = [
        timed(lambda q=query, v=vector: engine.search(q, vector=v))  # type: ignore[misc]
        for query, vector in zip(queries, given, strict=True)
    ]
    changes = [timed(lambda one=one: engine.upsert([one])) for one in documents[:20]]  # type: ignore[misc]
    removals = [timed(lambda key=one.key: engine.remove(Kind.ACHIEVEMENT, [key])) for one in documents[20:40]]  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as folder:
        save_seconds = timed(lambda: engine.save(Path(folder), labels={}))
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        command = [sys.executable, "-m", "bench.engine", "--open", folder]
        command += ["--encoder", arguments.encoder] if arguments.encoder else []
        command += ["--queries", str(arguments.queries)]
        opened = json.loads(
            subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout
        )
    engine.close()
    return {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "encoder": encoder.key,
        "documents": len(documents),
        "characters_per_document": round(sum(len(one.text) for one in documents) / len(documents)),
        "queries": len(queries),
        "characters_per_query": round(sum(len(one.text) for one in queries) / len(queries)),
        "encode_per_s": round(len(sample) / encode_seconds),
        "build_s": round(build_seconds, 2),
        "search": percentiles(asked),
        "search_processor_time": percentiles(worked),
        "search_with_vector": percentiles(with_vector),
        "change_one": percentiles(changes),
        "remove_one": percentiles(removals),
        "save_s": round(save_seconds, 2),
        "snapshot_mb": round(size / 1e6, 1),
        "snapshot_start": opened,
    }


def table(report: dict[str, Any]) -> str:
    """Return a report as lines of name and value."""
    lines = []
    for name, value in report.items():
        shown = ", ".join(f"{key} {one}" for key, one in value.items()) if isinstance(value, dict) else value
        lines.append(f"{name:<26}{shown}")
    return "\n".join(lines)


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--encoder", help="model folder or name, or `hashing`; default: the shipped model")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    parser.add_argument("--open", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.open:
        first_answer(arguments.open, arguments.encoder, arguments.queries)
        return
    report = run(arguments)
    if not arguments.json:
        print(table(report), file=sys.stderr)
    print(json.dumps(report, ensure_ascii=False))


if __name__ == "__main__":
    main()
