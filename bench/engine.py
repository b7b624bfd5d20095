"""How fast the matching engine is: build, ask, save, and start again from a snapshot.

    python -m bench.engine --documents 100000 --queries 500 --json
    python -m bench.engine --sizes 10000,100000,1000000

Documents and questions are made from sentence patterns and the words of the lexicon, the same ones every
time; the words follow a Zipf-like law. One question at a time. Processor time stands beside the time on the
clock, because on a busy machine only the former tells about the engine.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from matching.encoder import Encoder, HashingEncoder, load_encoder
from matching.engine import LocalEngine
from matching.lexicon import Lexicon
from matching.scoring import Weights
from matching.types import Document, Facets, Kind, Query

ROOT = Path(__file__).parent.parent
TODAY = date(2026, 6, 30)
Item = TypeVar("Item")
REGIONS = ("330106", "330108", "330282", "320505", "310115", "440305", "370102", "510107")
ACHIEVEMENT_PATTERNS = (
    "针对{a}中{b}不稳定的问题，提出了{c}与{d}相结合的新路线。",
    "以{a}为核心，配套{b}和{c}，在{d}环节完成了中试，连续运行{n}天无故障。",
    "项目建立了{a}模型，解决了{b}难题，形成{c}成套工艺。",
    "与传统{a}相比，能耗下降{n}%，{b}寿命延长{m}倍。",
    "已在{n}家企业的{a}产线上试用，{b}合格率达到{m}%。",
    "可用于{a}、{b}、{c}等场合，替代进口{d}。",
)
OWN_FIELD = 700
"""Of a thousand words so many come from the technical field of the text."""

_BLOCK = 4096
NEED_PATTERNS = (
    "我厂{a}工序经常出现{b}，希望找到{c}方面的办法。",
    "现有{a}成本高，客户要求{b}，寻求{c}替代方案。",
    "需要一套{a}，能处理{b}，温度不超过{n}℃，投资{m}万元以内。",
    "{a}与{b}之间的匹配做不好，{c}一直过不了验收。",
)


class Generator:
    """Makes texts; the same seed makes the same texts.

    A text keeps to its technical field: seven words in ten come from there, the others from anywhere. The
    words of a field follow a Zipf-like law. About 20,000 documents a second.
    """

    def __init__(self, lexicon: Lexicon, *, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        concepts = sorted(lexicon.concepts.values(), key=lambda concept: concept.term)
        random.Random(0).shuffle(concepts)  # which concepts are frequent does not depend on the seed
        fields = sorted({concept.field for concept in concepts})
        self._anywhere = self._words([concept.terms for concept in concepts])
        self._inside = {
            field: self._words([one.terms for one in concepts if one.field == field]) for field in fields
        }
        self._fields = self._drawn(fields)
        self._regions = self._drawn(REGIONS)
        self._shares = self._drawn(range(1000))

    def documents(self, count: int) -> Iterator[Document]:
        """Yield achievements of about 250 characters."""
        for number in range(count):
            field = next(self._fields)
            facets = Facets(
                tech_field=field,
                region=next(self._regions),
                trl=self._between(2, 9),
                price_fen=self._between(5, 500) * 1_000_000,
                organisation=f"o{self._between(1, 1000)}",
                published_on=TODAY - timedelta(days=self._between(0, 999)),
                expires_on=TODAY + timedelta(days=self._between(-30, 700)),
            )
            title = f"{self._word(field)}与{self._word(field)}关键技术"
            if number % 8 == 0:  # about as often as in real listings a unit is spelt so that places shift
                title += f"（{self._between(2, 99)}千瓦）"
            body = self._body(field, ACHIEVEMENT_PATTERNS, 240)
            yield Document(f"a{number:07}", Kind.ACHIEVEMENT, title, body, facets)

    def query(self) -> Query:
        """Return a need of about 120 characters that wants ten achievements."""
        field = next(self._fields)
        facets = Facets(
            tech_field=field,
            region=next(self._regions),
            min_trl=self._between(4, 7),
            budget_fen=self._between(10, 300) * 1_000_000,
            organisation=f"o{self._between(1, 1000)}",
        )
        title = f"寻求{self._word(field)}技术"
        body = self._body(field, NEED_PATTERNS, 110)
        return Query(title, body, Kind.ACHIEVEMENT, k=10, facets=facets, as_of=TODAY)

    def _body(self, field: str, patterns: tuple[str, ...], length: int) -> str:
        text = ""
        while len(text) < length:
            text += patterns[next(self._shares) % len(patterns)].format(
                a=self._word(field), b=self._word(field), c=self._word(field), d=self._word(field),
                n=self._between(2, 99), m=self._between(2, 99),
            )  # fmt: skip
        return text

    def _word(self, field: str) -> str:
        return next(self._inside[field] if next(self._shares) < OWN_FIELD else self._anywhere)

    def _between(self, low: int, high: int) -> int:
        return low + next(self._shares) % (high - low + 1)

    def _drawn(self, values: Sequence[Item]) -> Iterator[Item]:
        """Yield values, each as likely as the others; drawn in blocks, which is ten times faster."""
        while True:
            for number in self._random.integers(len(values), size=_BLOCK).tolist():
                yield values[number]

    def _words(self, groups: Sequence[Sequence[str]]) -> Iterator[str]:
        """Yield words, those of the first groups more often."""
        limits = np.cumsum(1 / (np.arange(len(groups)) + 10) ** 0.8)
        while True:
            chosen = np.searchsorted(limits, self._random.random(_BLOCK) * limits[-1], side="right")
            places = self._random.random(_BLOCK)
            for group, place in zip(chosen.tolist(), places.tolist(), strict=True):
                words = groups[group]
                yield words[int(place * len(words))]


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


def memory() -> dict[str, int]:
    """Return what this process holds in MB: its own pages, and those of files, which others may share."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    wanted = {"RssAnon": "own_mb", "RssFile": "files_mb", "RssShmem": "shared_memory_mb", "VmHWM": "peak_mb"}
    found = dict(line.split(":", 1) for line in lines)
    return {name: round(int(found[field].split()[0]) / 1000) for field, name in wanted.items()}


def throughput(engine: LocalEngine, queries: Sequence[Query]) -> dict[str, float]:
    """Return questions answered a second by one and by two threads."""
    rates = {}
    for count in (1, 2):
        with ThreadPoolExecutor(count) as pool:
            seconds = timed(lambda pool=pool: list(pool.map(engine.search, queries)))  # type: ignore[misc]
        rates[f"threads_{count}_per_s"] = round(len(queries) / seconds, 1)
    return rates


class WatchingEncoder:
    """An encoder that remembers which documents that passed through are nearest to some questions."""

    def __init__(self, encoder: Encoder, questions: NDArray[np.float32]) -> None:
        self._encoder = encoder
        self._questions = questions
        self._cosines = np.zeros((len(questions), 0), np.float32)
        self._places = np.zeros((len(questions), 0), np.int64)
        self._seen = 0
        self.name, self.revision, self.dim, self.key = (
            encoder.name,
            encoder.revision,
            encoder.dim,
            encoder.key,
        )

    def encode(self, texts: Sequence[str], *, progress: bool = False) -> NDArray[np.float32]:
        """Encode documents."""
        vectors = self._encoder.encode(texts, progress=progress)
        cosines = np.concatenate([self._cosines, self._questions @ vectors.T], axis=1)
        seen = np.broadcast_to(np.arange(self._seen, self._seen + len(texts)), (len(cosines), len(texts)))
        places = np.concatenate([self._places, seen], axis=1)
        best = np.argsort(-cosines, axis=1)[:, :10]
        self._cosines = np.take_along_axis(cosines, best, axis=1)
        self._places = np.take_along_axis(places, best, axis=1)
        self._seen += len(texts)
        return vectors

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode questions."""
        return self._encoder.encode_queries(texts)

    def nearest(self, question: int) -> set[int]:
        """Return the numbers of the ten nearest documents, in the order in which they were encoded."""
        return set(self._places[question].tolist())


def recall_of_needs(engine: LocalEngine, queries: Sequence[Query], watching: WatchingEncoder) -> float:
    """Return the mean share of the ten nearest documents that the engine finds when only vectors count.

    Candidates come by words too, so this may be higher than what the vector index finds alone.
    """
    only_dense = Weights("dense", 0.0, 1.0, 0.0, 0.0, 0.0)
    shares = []
    for number, query in enumerate(queries):
        bare = replace(query, facets=Facets(), as_of=None)
        found = {int(hit.key[1:]) for hit in engine.search(bare, weights=only_dense).hits}
        shares.append(len(found & watching.nearest(number)) / 10)
    return round(float(np.mean(shares)), 4)


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
    times = {
        "import_libraries_s": imported - start,
        "encoder_and_lexicon_s": ready - imported,
        "load_s": loaded - ready,
        "first_answer_after_import_s": answered - imported,
    }
    report: dict[str, Any] = {name: round(value, 3) for name, value in times.items()}
    asking = Generator(lexicon, seed=3)
    queries = [asking.query() for _ in range(count)]
    for query in queries[:20]:
        engine.search(query)
    report["search"] = percentiles([timed(lambda query=query: engine.search(query)) for query in queries])  # type: ignore[misc]
    report["throughput"] = throughput(engine, queries)
    report["memory"] = memory()
    engine.close()
    print(json.dumps(report))


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure everything for one size and return the report."""
    lexicon = Lexicon.load()
    asking = Generator(lexicon, seed=2)
    queries = [asking.query() for _ in range(arguments.queries)]
    encoder = encoder_named(arguments.encoder)
    watching = WatchingEncoder(encoder, encoder.encode_queries([query.text for query in queries]))
    documents = list(Generator(lexicon, seed=1).documents(arguments.documents))
    sample = [document.text for document in documents[:5000]]
    encode_seconds = timed(lambda: encoder.encode(sample))
    engine = LocalEngine(watching, lexicon=lexicon)
    before = memory()
    bar = sys.stderr.isatty()
    build_seconds = timed(lambda: engine.upsert(documents, progress=bar, workers=arguments.workers))
    after = memory()
    nearest = recall_of_needs(engine, queries, watching)
    for query in queries[:20]:
        engine.search(query)
    asked = [timed(lambda query=query: engine.search(query)) for query in queries]  # type: ignore[misc]
    worked = [timed(lambda q=query: engine.search(q), time.process_time) for query in queries]  # type: ignore[misc]
    given = encoder.encode_queries([query.text for query in queries])
    with_vector = [
        timed(lambda q=query, v=vector: engine.search(q, vector=v))  # type: ignore[misc]
        for query, vector in zip(queries, given, strict=True)
    ]
    with tempfile.TemporaryDirectory() as folder:
        save_seconds = timed(lambda: engine.save(Path(folder), labels={}))
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        command = [sys.executable, "-m", "bench.engine", "--open", folder]
        command += ["--encoder", arguments.encoder] if arguments.encoder else []
        command += ["--queries", str(arguments.queries)]
        opened = json.loads(
            subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout
        )
    # Last, since they change the index that the figures above are about.
    changes = [timed(lambda one=one: engine.upsert([one])) for one in documents[:20]]  # type: ignore[misc]
    removals = [timed(lambda key=one.key: engine.remove(Kind.ACHIEVEMENT, [key])) for one in documents[20:40]]  # type: ignore[misc]
    measured = engine.recall(Kind.ACHIEVEMENT)
    engine.close()
    return {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]},
        "encoder": encoder.key,
        "documents": len(documents),
        "characters_per_document": round(sum(len(one.text) for one in documents) / len(documents)),
        "queries": len(queries),
        "characters_per_query": round(sum(len(one.text) for one in queries) / len(queries)),
        "encode_per_s": round(len(sample) / encode_seconds),
        "build_s": round(build_seconds, 2),
        "memory_before_build": before,
        "memory_after_build": after,
        "recall_at_10_of_engine": nearest,
        "recall_at_10_of_lists": "exact" if measured is None else round(measured, 4),
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


def run_alone(size: int, options: Sequence[str]) -> None:
    """Measure one size in a process of its own, whose memory tells of this size only."""
    command = [sys.executable, "-m", "bench.engine", "--documents", str(size), *options]
    subprocess.run(command, check=True, cwd=ROOT)


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--sizes", help="several numbers of documents, e.g. 10000,100000,1000000")
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--workers", type=int, help="processes that take texts apart")
    parser.add_argument("--encoder", help="model folder or name, or `hashing`; default: the shipped model")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    parser.add_argument("--open", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.open:
        first_answer(arguments.open, arguments.encoder, arguments.queries)
        return
    if arguments.sizes:
        options = ["--queries", str(arguments.queries)]
        options += ["--encoder", arguments.encoder] if arguments.encoder else []
        options += ["--workers", str(arguments.workers)] if arguments.workers else []
        options += ["--json"] if arguments.json else []
        for size in arguments.sizes.split(","):
            run_alone(int(size), options)
        return
    report = run(arguments)
    if not arguments.json:
        print(table(report), file=sys.stderr)
    print(json.dumps(report, ensure_ascii=False))


if __name__ == "__main__":
    main()
