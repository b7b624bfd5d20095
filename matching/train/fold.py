"""Several models folded into one table.

Models that differ in their seed alone make different mistakes; side by side they make fewer. Their tables,
put next to each other and turned to the main directions of the texts they were trained on, are one again.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from matching.encoder import unit_rows
from matching.train.corpus import Corpus
from matching.train.vocabulary import token_ids

_LARGEST_NORM = 16.0
"""Norms are scaled to this, because half precision loses digits below 1e-4. The scale changes no cosine."""


def fold(
    tables: Sequence[NDArray[np.float32]], corpus: Corpus, tokenizer: Tokenizer, *, dim: int
) -> NDArray[np.float32]:
    """Fold tables of equal tokens into one.

    Args:
        tables: each (vocabulary size, n) float32; one table of `dim` columns is returned as it is.
        corpus: whose texts say which directions matter.
        tokenizer: of the tables.
        dim: columns of the result.

    Returns:
        (vocabulary size, dim) float32.
    """
    wide = np.concatenate(list(tables), axis=1)
    if wide.shape[1] <= dim:
        return wide
    texts = [text for triple in corpus.triples for text in triple.texts]
    texts += [text for concept in corpus.concepts for text in (" ".join(concept.terms), concept.gloss)]
    sums = np.zeros((len(texts), wide.shape[1]), np.float32)
    for row, tokens in zip(sums, token_ids(tokenizer, texts), strict=True):
        if tokens:
            row[:] = wide[tokens].sum(axis=0)
    rows = unit_rows(sums).astype(np.float64)
    directions = np.linalg.eigh(rows.T @ rows)[1][:, ::-1][:, :dim]
    return np.asarray(wide @ directions, dtype=np.float32)


def to_half(vectors: NDArray[np.float32]) -> NDArray[np.float16]:
    """Scale a table so that half precision holds it well; row 0, the unknown token, becomes zero."""
    known = vectors.copy()
    known[0] = 0.0
    largest = np.linalg.norm(known, axis=1).max()
    return np.asarray(known * (_LARGEST_NORM / largest), dtype=np.float16)
