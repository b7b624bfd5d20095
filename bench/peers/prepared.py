"""Listings and questions on disk, with vectors and words, made once for all systems.

Encoding and cutting into words is done here and timed here: no peer is charged for either while it builds.
(`LocalEngine` gets the vectors too, and cuts its words itself, since it keeps more than words.)
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.engine import Generator
from matching.encoder import Encoder, load_encoder
from matching.lexicon import Lexicon
from matching.text import normalise, words
from matching.types import Document, Facets, Kind, Query

BATCH = 5_000

WARM_UP = 20
"""The last so many questions of a market are asked before the clock runs, and not measured."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A folder that `prepare` filled, of which the first `count` listings are used."""

    folder: Path
    count: int

    def documents(self) -> Iterator[Document]:
        """Yield the listings in order."""
        for row in _rows(self.folder / "listings.jsonl", self.count):
            facets = Facets.from_json(row["facets"])
            yield Document(row["key"], Kind.ACHIEVEMENT, row["title"], row["body"], facets)

    def keys_and_words(self) -> Iterator[tuple[str, str]]:
        """Yield key and words, the words parted by blanks, of every listing in order."""
        for line in _lines(self.folder / "words.tsv", self.count):
            key, text = line.rstrip("\n").split("\t")
            yield key, text

    def vectors(self) -> NDArray[np.float32]:
        """Return the (count, dim) vectors of the listings, read from disk as they are needed."""
        found: NDArray[np.float32] = np.load(self.folder / "vectors.npy", mmap_mode="r")
        return found[: self.count]

    def questions(self) -> list[Query]:
        """Return the questions in order."""
        return [
            Query(
                row["title"],
                row["body"],
                Kind.ACHIEVEMENT,
                k=10,
                facets=Facets.from_json(row["facets"]),
                as_of=date.fromisoformat(row["as_of"]) if row["as_of"] else None,
            )
            for row in _rows(self.folder / "questions.jsonl", None)
        ]

    def frequencies(self) -> dict[str, int]:
        """Return in how many of all prepared listings each word stands."""
        found: dict[str, int] = json.loads((self.folder / "frequencies.json").read_text(encoding="utf-8"))
        return found


class Asking:
    """Makes of a raw question what a peer asks with: its vector and its rarest words."""

    def __init__(self, encoder: Encoder, frequencies: dict[str, int], *, most: int) -> None:
        """Make it.

        Args:
            encoder: the one that made the vectors of the listings.
            frequencies: of words; others are not sought, since no listing has them.
            most: words sought at most, the rarest; 0 seeks all.
        """
        self._encoder = encoder
        self._frequencies = frequencies
        self._most = most or None

    @classmethod
    def load(cls, prepared: Prepared, encoder_name: str | None, *, most: int) -> Asking:
        """Load the encoder and the frequencies."""
        return cls(load_encoder(encoder_name), prepared.frequencies(), most=most)

    def __call__(self, query: Query) -> tuple[NDArray[np.float32], list[str]]:
        """Return the (dim,) vector and the words sought."""
        vector = self._encoder.encode_queries([query.text])[0]
        known = {word for word in words(normalise(query.text).text) if word in self._frequencies}
        return vector, sorted(known, key=lambda word: (self._frequencies[word], word))[: self._most]


def prepare_market(folder: Path, *, count: int, questions: int, encoder_name: str | None) -> dict[str, Any]:
    """Make listings and questions of `bench.engine.Generator`; `WARM_UP` questions more than named."""
    lexicon = Lexicon.load()
    asking = Generator(lexicon, seed=2)
    return prepare(
        folder,
        Generator(lexicon, seed=1).documents(count),
        [asking.query() for _ in range(questions + WARM_UP)],
        count=count,
        encoder_name=encoder_name,
    )


def prepare(
    folder: Path,
    documents: Iterable[Document],
    questions: Sequence[Query],
    *,
    count: int,
    encoder_name: str | None,
) -> dict[str, Any]:
    """Encode listings, cut them into words, and write all of it into an existing, empty folder.

    Args:
        folder: see above.
        documents: `count` of them.
        questions: written beside them.
        count: number of documents.
        encoder_name: folder or name of a model; None means the shipped one.

    Returns:
        What it took: `encode_s` and `cut_into_words_s`, and the key of the encoder.
    """
    encoder = load_encoder(encoder_name)
    vectors = np.lib.format.open_memmap(
        folder / "vectors.npy", mode="w+", dtype=np.float32, shape=(count, encoder.dim)
    )
    frequencies: Counter[str] = Counter()
    encode_seconds = word_seconds = 0.0
    first = 0
    rest = iter(documents)
    with (
        (folder / "listings.jsonl").open("w", encoding="utf-8") as listings,
        (folder / "words.tsv").open("w", encoding="utf-8") as table,
    ):
        while batch := list(islice(rest, BATCH)):
            started = time.perf_counter()
            vectors[first : first + len(batch)] = encoder.encode([one.text for one in batch])
            encode_seconds += time.perf_counter() - started
            first += len(batch)
            started = time.perf_counter()
            cut = [words(normalise(one.text).text) for one in batch]
            word_seconds += time.perf_counter() - started
            for document, found in zip(batch, cut, strict=True):
                frequencies.update(set(found))
                table.write(f"{document.key}\t{' '.join(found)}\n")
                listings.write(_line(_listing(document)))
    vectors.flush()
    with (folder / "questions.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(_line(_question(one)) for one in questions)
    (folder / "frequencies.json").write_text(json.dumps(frequencies, ensure_ascii=False), encoding="utf-8")
    return {
        "encoder": encoder.key,
        "dim": encoder.dim,
        "listings": count,
        "encode_s": round(encode_seconds, 1),
        "cut_into_words_s": round(word_seconds, 1),
    }


def _listing(document: Document) -> dict[str, Any]:
    return {
        "key": document.key,
        "title": document.title,
        "body": document.body,
        "facets": document.facets.to_json(),
    }


def _question(query: Query) -> dict[str, Any]:
    return {
        "title": query.title,
        "body": query.body,
        "facets": query.facets.to_json(),
        "as_of": query.as_of.isoformat() if query.as_of else None,
    }


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def _rows(path: Path, count: int | None) -> Iterator[dict[str, Any]]:
    return map(json.loads, _lines(path, count))


def _lines(path: Path, count: int | None) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        yield from islice(file, count)
