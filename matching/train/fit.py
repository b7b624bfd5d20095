"""Vectors for the tokens: a start from co-occurrence and the teacher, then training towards both."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from matching.train.corpus import Corpus
from matching.train.sampling import Sampler, Tokens
from matching.train.teacher import Lessons
from matching.train.vocabulary import token_ids, token_weights

_WARM_UP_STEPS = 100
_HEAD_LEARNING_RATE = 1e-3


@dataclass(frozen=True, slots=True)
class Settings:
    """How the model is trained; equal settings and texts give equal models on one machine.

    Attributes:
        dim: length of a vector.
        steps: batches seen.
        triples: triples in a batch.
        concepts: concepts in a batch.
        temperature: of the contrastive loss.
        learning_rate: of Adam, at its peak.
        dropout: share of the tokens of a text left out in each draw.
        random_share: how much of the start is random and not co-occurrence, 0 to 1.
        teacher_share: how much the teacher's words count in the start, beside the rest at 1.
        distillation: weight of what the teacher says in the loss.
        teacher_temperature: of the contrastive loss towards the teacher.
        members: models trained with seeds of their own and folded into one.
        seed: of every random choice; member n takes `seed` + n.
    """

    dim: int = 256
    steps: int = 800
    triples: int = 128
    concepts: int = 512
    temperature: float = 0.1
    learning_rate: float = 3e-3
    dropout: float = 0.5
    random_share: float = 0.5
    teacher_share: float = 0.5
    distillation: float = 0.5
    teacher_temperature: float = 0.07
    members: int = 2
    seed: int = 0


def fit(
    corpus: Corpus,
    tokenizer: Tokenizer,
    *,
    settings: Settings,
    lessons: Lessons | None = None,
    on_step: Callable[[float], None] | None = None,
) -> NDArray[np.float32]:
    """Train a vector for every token.

    The loss is InfoNCE (van den Oord et al. 2018, "Representation learning with contrastive predictive
    coding", section 2.3) with the other rows of the batch as negatives, in both directions; and towards the
    teacher, through a linear map that is thrown away afterwards.

    Args:
        corpus: the texts.
        tokenizer: of `build_tokenizer`.
        settings: see there.
        lessons: what the teacher says of this corpus; None trains without.
        on_step: called after every step with its loss.

    Returns:
        (vocabulary size, dim) float32.
    """
    start = initial_vectors(corpus, tokenizer, settings=settings, lessons=lessons)
    table = torch.tensor(start, dtype=torch.float32, requires_grad=True)
    sampler = Sampler(corpus, tokenizer, seed=settings.seed, dropout=settings.dropout)
    distiller = Distiller(lessons, settings) if lessons is not None and settings.distillation else None
    groups: list[dict[str, Any]] = [{"params": [table], "lr": settings.learning_rate}]
    if distiller is not None:
        groups.append({"params": distiller.parameters(), "lr": _HEAD_LEARNING_RATE})
    optimiser = torch.optim.Adam(groups)
    peaks = [group["lr"] for group in optimiser.param_groups]
    for step in range(settings.steps):
        for group, peak in zip(optimiser.param_groups, peaks, strict=True):
            group["lr"] = peak * _schedule(step, settings.steps)
        loss = _triple_loss(table, sampler, settings) + _concept_loss(table, sampler, settings)
        if distiller is not None:
            loss = loss + settings.distillation * distiller.loss(table, sampler)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimiser.step()
        if on_step:
            on_step(loss.item())
    vectors: NDArray[np.float32] = table.detach().numpy()
    return vectors


class Distiller:
    """Draws Chinese texts to where the teacher puts their English rendering."""

    def __init__(self, lessons: Lessons, settings: Settings) -> None:
        self._settings = settings
        self._glosses = torch.from_numpy(lessons.glosses)
        self._summaries = torch.from_numpy(lessons.summaries)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self._head = torch.nn.Linear(settings.dim, lessons.dim, bias=False)
            torch.nn.init.orthogonal_(self._head.weight)

    def parameters(self) -> list[Tensor]:
        """Return what is trained along with the table."""
        return list(self._head.parameters())

    def loss(self, table: Tensor, sampler: Sampler) -> Tensor:
        """Return the loss of a batch of concepts, and half of that of needs and achievements."""
        concepts = sampler.lessons(self._settings.concepts)
        total = self._towards(table, concepts.texts, self._glosses[concepts.numbers])
        for lesson in sampler.summaries(self._settings.triples):
            total = total + 0.5 * self._towards(table, lesson.texts, self._summaries[lesson.numbers])
        return total

    def _towards(self, table: Tensor, texts: Sequence[Tokens], wanted: Tensor) -> Tensor:
        found = F.normalize(self._head(_encode(table, texts)), dim=1, eps=1e-6)
        scores = found @ wanted.T / self._settings.teacher_temperature
        contrast = F.cross_entropy(scores, torch.arange(len(texts)))
        return contrast + (1 - (found * wanted).sum(dim=1)).mean()


def initial_vectors(
    corpus: Corpus, tokenizer: Tokenizer, *, settings: Settings, lessons: Lessons | None = None
) -> NDArray[np.float32]:
    """Place tokens that occur together near each other.

    Latent semantic analysis (Deerwester et al. 1990, "Indexing by latent semantic analysis") of the texts,
    where a need, its achievement and their English summary are one text, and so are all words of a concept.
    A random part keeps tokens apart that always occur together. A token also moves towards the mean of what
    the teacher says of the concepts and triples it occurs in. The norm of a row is the weight of its token.

    Returns:
        (vocabulary size, dim) float32.
    """
    size = tokenizer.get_vocab_size()
    generator = np.random.default_rng(settings.seed)
    spread = generator.standard_normal((size, settings.dim)) / math.sqrt(settings.dim)
    found = _unit(_latent_vectors(corpus, tokenizer, settings=settings))
    mixed = _unit((1 - settings.random_share) * found + settings.random_share * spread)
    if lessons is not None and settings.teacher_share:
        taught = _unit(_taught_vectors(corpus, tokenizer, lessons, dim=settings.dim))
        mixed = _unit(mixed + settings.teacher_share * taught)
    return (mixed * token_weights(tokenizer, corpus)[:, None]).astype(np.float32)


def _latent_vectors(corpus: Corpus, tokenizer: Tokenizer, *, settings: Settings) -> NDArray[np.float64]:
    texts = [" ".join((*concept.terms, concept.gloss, concept.broader)) for concept in corpus.concepts]
    for triple in corpus.triples:
        texts += (f"{triple.need_text} {triple.achievement_text} {triple.english}", triple.negative_text)
    documents = [sorted(set(tokens)) for tokens in token_ids(tokenizer, texts)]
    size = tokenizer.get_vocab_size()
    rows = np.repeat(np.arange(len(documents)), [len(tokens) for tokens in documents])
    columns = np.concatenate([np.array(tokens, dtype=np.int64) for tokens in documents])
    idf = np.log(len(documents) / (1 + np.bincount(columns, minlength=size)).clip(1))
    values = idf[columns]
    norms = np.sqrt(np.bincount(rows, weights=values**2, minlength=len(documents)))
    matrix = torch.sparse_coo_tensor(
        torch.from_numpy(np.stack([rows, columns])),
        torch.from_numpy(values / norms[rows]),
        (len(documents), size),
        check_invariants=True,
    ).coalesce()
    rank = min(settings.dim, *matrix.shape)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        _, strengths, directions = torch.svd_lowrank(matrix, q=rank, niter=4)
    vectors = np.zeros((size, settings.dim))
    vectors[:, :rank] = (directions * strengths.sqrt()).numpy()
    return vectors


def _taught_vectors(
    corpus: Corpus, tokenizer: Tokenizer, lessons: Lessons, *, dim: int
) -> NDArray[np.float64]:
    """Return for every token the sum of the teacher's vectors of its texts, on `dim` main directions."""
    everything = np.concatenate([lessons.glosses, lessons.summaries]).astype(np.float64)
    directions = np.linalg.svd(everything, full_matrices=False)[2][:dim].T
    texts = [" ".join(concept.terms) for concept in corpus.concepts]
    texts += [f"{triple.need_text} {triple.achievement_text}" for triple in corpus.triples]
    projected = everything @ directions
    vectors = np.zeros((tokenizer.get_vocab_size(), dim))
    for tokens, row in zip(token_ids(tokenizer, texts), projected, strict=True):
        vectors[sorted(set(tokens)), : projected.shape[1]] += row
    return vectors


def _triple_loss(table: Tensor, sampler: Sampler, settings: Settings) -> Tensor:
    batch = sampler.triples(settings.triples)
    left, right = _encode(table, batch.left), _encode(table, batch.right)
    negatives = _encode(table, batch.negatives)
    scores = left @ right.T / settings.temperature
    labels = torch.arange(len(batch.left))
    with_negatives = torch.cat([scores, left @ negatives.T / settings.temperature], dim=1)
    return F.cross_entropy(with_negatives, labels) + F.cross_entropy(scores.T, labels)


def _concept_loss(table: Tensor, sampler: Sampler, settings: Settings) -> Tensor:
    batch = sampler.concepts(settings.concepts)
    scores = _encode(table, batch.left) @ _encode(table, batch.right).T / settings.temperature
    scores = scores.masked_fill(torch.from_numpy(batch.related), -1e4)
    labels = torch.arange(len(batch.left))
    return F.cross_entropy(scores, labels) + F.cross_entropy(scores.T, labels)


def _encode(table: Tensor, texts: Sequence[Tokens]) -> Tensor:
    """Return the unit mean of the vectors of each text; (n, dim)."""
    lengths = [len(tokens) for tokens in texts]
    offsets = torch.tensor(np.cumsum([0, *lengths[:-1]]), dtype=torch.long)
    flat = torch.tensor([token for tokens in texts for token in tokens], dtype=torch.long)
    return F.normalize(F.embedding_bag(flat, table, offsets, mode="mean"), dim=1, eps=1e-6)


def _schedule(step: int, steps: int) -> float:
    """Rise over the first steps, then fall to zero in a straight line."""
    return min(1.0, (step + 1) / _WARM_UP_STEPS) * (1 - step / steps)


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    units = np.zeros_like(rows)
    np.divide(rows, norms, out=units, where=norms > 0)
    return units
