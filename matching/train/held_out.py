"""How well a model does on triples it has not seen.

A check that training works; the engine as a whole is judged by `matching.evaluation`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import numpy as np

from matching.encoder import Encoder
from matching.train.corpus import Corpus, TrainingDataError, Triple


@dataclass(frozen=True, slots=True)
class HeldOutFigures:
    """Figures of one run.

    Attributes:
        needs: number of needs asked.
        pool: number of texts each was compared with.
        mrr: mean of 1 / place of the achievement that belongs to the need.
        recall_at_10: share of needs whose achievement is among the first ten.
        beats_negative: share of needs whose achievement stands before their hard negative.
    """

    needs: int
    pool: int
    mrr: float
    recall_at_10: float
    beats_negative: float


def split(corpus: Corpus, *, share: float, seed: int) -> tuple[Corpus, tuple[Triple, ...]]:
    """Take a share of the triples out of the corpus.

    Returns:
        The rest, and the triples taken out.

    Raises:
        TrainingDataError: the share leaves nothing to train on, or nothing to ask.
    """
    triples = list(corpus.triples)
    random.Random(seed).shuffle(triples)  # noqa: S311 - nothing secret
    taken = round(len(triples) * share)
    if not 0 < taken < len(triples):
        raise TrainingDataError(f"a share of {share} of {len(triples)} triples cannot be held out")
    return replace(corpus, triples=tuple(triples[taken:])), tuple(triples[:taken])


def figures(encoder: Encoder, asked: tuple[Triple, ...], others: tuple[Triple, ...]) -> HeldOutFigures:
    """Rank the achievements and negatives of all triples for the needs of `asked`."""
    everything = (*asked, *others)
    texts = [t.achievement_text for t in everything] + [t.negative_text for t in everything]
    scores = encoder.encode([t.need_text for t in asked]) @ encoder.encode(texts).T
    rows = np.arange(len(asked))
    own = scores[rows, rows]
    places = 1 + (scores > own[:, None]).sum(axis=1)
    return HeldOutFigures(
        needs=len(asked),
        pool=len(texts),
        mrr=float((1 / places).mean()),
        recall_at_10=float((places <= 10).mean()),
        beats_negative=float((own > scores[rows, len(everything) + rows]).mean()),
    )
