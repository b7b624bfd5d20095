"""Taking many texts apart, in this process or in several.

This is the slow part of filling an index, and threads do not help: most of it is Python. What is found
comes back packed into few large objects, since sending thousands of small ones would cost as much as
finding them.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching.character_table import character_counts
from matching.explain import Analysis, Tagger

MAX_CONCEPTS: Final = 16
"""So many concepts of a document are kept, the first ones; those of the title come first."""

WORTH_PROCESSES: Final = 20_000
"""From so many texts on, processes save more time than they take to start."""

Text = tuple[str, int]
"""A raw text and the number of its characters that are the title."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is indexed of one text.

    Attributes:
        words: as they are indexed.
        concepts: with the raw range of the first word that carries each.
        characters: counts by code.
        aligned: the normalised text if all characters kept their places, else empty.
    """

    words: Sequence[str]
    concepts: Mapping[str, tuple[int, int]]
    characters: Mapping[int, int]
    aligned: str


@dataclass(frozen=True, slots=True)
class Packed:
    """What is indexed of n texts.

    Attributes:
        words: of each text, separated by spaces.
        lengths: (n,) numbers of words.
        concepts: of each text.
        spans: (number of all concepts, 2) raw ranges of the first words that carry them.
        codes: of the characters of all texts, one text after the other.
        counts: of these codes.
        code_lengths: (n,) numbers of codes.
        aligned: normalised texts whose characters kept their places, empty for others.
    """

    words: Sequence[str]
    lengths: NDArray[np.int32]
    concepts: Sequence[Sequence[str]]
    spans: NDArray[np.uint16]
    codes: NDArray[np.uint16]
    counts: NDArray[np.uint8]
    code_lengths: NDArray[np.int64]
    aligned: Sequence[str]


def prepare(analysis: Analysis) -> Prepared:
    """Take from an analysis what is indexed."""
    concepts = {name: spans[0] for name, spans in islice(analysis.concepts.items(), MAX_CONCEPTS)}
    normalised = analysis.normalised
    aligned = normalised.text if normalised.aligned else ""
    return Prepared(analysis.words, concepts, character_counts(normalised.text), aligned)


def pack(texts: Iterable[Text], tagger: Tagger | None) -> Packed:
    """Take texts apart in this process."""
    found = [prepare(Analysis(raw, title_length=title, tagger=tagger)) for raw, title in texts]
    spans = [span for one in found for span in one.concepts.values()]
    codes = [code for one in found for code in one.characters]
    counts = [count for one in found for count in one.characters.values()]
    return Packed(
        words=[" ".join(one.words) for one in found],
        lengths=np.array([len(one.words) for one in found], np.int32),
        concepts=[tuple(one.concepts) for one in found],
        spans=np.array(spans, np.uint16).reshape(-1, 2),
        codes=np.array(codes, np.uint16),
        counts=np.array(counts, np.uint8),
        code_lengths=np.array([len(one.characters) for one in found], np.int64),
        aligned=[one.aligned for one in found],
    )


def pack_all(
    batches: Iterable[Sequence[Text]], tagger: Tagger | None, *, workers: int
) -> Generator[Packed, None, None]:
    """Take batches of texts apart, one result for each in their order.

    Args:
        batches: read a few ahead of the results.
        tagger: finds concepts; must be picklable if there are several workers.
        workers: processes; 1 does all in this one. They are started anew, not forked, so a program that
            asks for several must guard its main module by `if __name__ == "__main__"`.
    """
    if workers == 1:
        yield from (pack(batch, tagger) for batch in batches)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(tagger,))
    waiting: deque[Future[Packed]] = deque()
    try:
        for batch in batches:
            waiting.append(pool.submit(_pack_here, batch))
            if len(waiting) > workers + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def usual_workers(texts: int) -> int:
    """Return how many processes to take for so many texts: one for each core, or this one alone."""
    return (os.cpu_count() or 1) if texts >= WORTH_PROCESSES else 1


_tagger: Tagger | None = None  # of a worker process


def _begin(tagger: Tagger | None) -> None:
    global _tagger  # noqa: PLW0603 - a worker has no other place for what all its tasks need
    _tagger = tagger
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    """End this process when its parent is gone: a killed one cannot tell its workers to stop."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _pack_here(texts: Sequence[Text]) -> Packed:
    return pack(texts, _tagger)
