"""The tokenizer of the encoder, and how much each of its tokens weighs at the start.

The tokenizer is a Unigram model whose scores are word frequencies: Chinese text is cut into the likeliest
words, and into characters where no word is known. Tokens are kept short on purpose: with whole technical
terms as tokens, a term shares nothing with its parts; with words, it is the sum of them.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import rjieba
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer
from tokenizers.models import Unigram
from tokenizers.normalizers import NFKC, Lowercase
from tokenizers.normalizers import Sequence as NormalizerSequence
from tokenizers.pre_tokenizers import Split

from matching.text import carries_content
from matching.train.corpus import Corpus

UNKNOWN = "[unk]"
"""Token 0. Its vector is zero, so that unknown signs neither add nor take anything."""

MIN_COUNT = 2
MIN_COUNT_LATIN = 3
MAX_WORD_LENGTH = 6

_CHARACTER_PENALTY = 2.0
"""Taken from the logarithmic score of single characters, so that words win over their characters."""

_PIECE = r"[\u3400-\u9fff]+|(?<![a-z\d.])(?:[a-z][a-z\d]*|[2-6][dg](?![a-z\d]))"
"""What is tokenised at all: runs of Chinese characters, Latin words, and `3d`, `5g` and the like. Numbers are
dropped: as tokens they would make texts alike that share a percentage."""

_GENERAL_WORDS = 60_000_000
"""Sum of the frequencies in the dictionary of jieba."""


def build_tokenizer(corpus: Corpus) -> Tokenizer:
    """Choose the tokens that occur in the corpus often enough and score them by frequency.

    Texts are best normalised by `matching.text.normalise` first; the tokenizer itself only folds width and
    case. The order of tokens is that of their spelling, so equal corpora give equal tokenizers.
    """
    words: Counter[str] = Counter()
    characters: Counter[str] = Counter()
    short_terms: set[str] = set()
    for triple in corpus.triples:
        for text in triple.texts:
            _count(text, words=words, characters=characters)
    for concept in corpus.concepts:
        for text in (*concept.terms, concept.gloss, concept.broader):
            _count(text, words=words, characters=characters)
        short_terms.update(term for term in concept.terms if len(term) == 2 and not term.isascii())
    kept = {word: count for word, count in words.items() if _is_kept(word, count)}
    for term in short_terms:
        kept.setdefault(term, 1)
    total = sum(kept.values()) + sum(characters.values())
    scores = {word: math.log(count / total) for word, count in kept.items()}
    for character, count in characters.items():
        scores[character] = math.log(count / total) - _CHARACTER_PENALTY
    tokenizer = Tokenizer(Unigram([(UNKNOWN, -30.0), *sorted(scores.items())], unk_id=0, byte_fallback=False))
    tokenizer.normalizer = NormalizerSequence([NFKC(), Lowercase()])
    tokenizer.pre_tokenizer = Split(Regex(_PIECE), behavior="removed", invert=True)
    return tokenizer


def token_ids(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Return the tokens of every text, unknown ones left out."""
    encodings = tokenizer.encode_batch(list(texts), add_special_tokens=False)
    return [[token for token in encoding.ids if token] for encoding in encodings]


def token_weights(tokenizer: Tokenizer, corpus: Corpus) -> NDArray[np.float64]:
    """Estimate how much each token says, from how rare it is.

    Smooth inverse frequency, a / (a + p) (Arora, Liang and Ma 2017, "A simple but tough-to-beat baseline for
    sentence embeddings", section 3), taken for the share of texts that hold the token and for its share of
    general Chinese, and averaged geometrically. Stop words and single characters weigh less.

    Returns:
        (vocabulary size,) values between 0 and 1; 0 for the unknown token.
    """
    size = tokenizer.get_vocab_size()
    in_texts = _share_of_texts(token_ids(tokenizer, [text for t in corpus.triples for text in t.texts]), size)
    concept_texts = [" ".join(c.terms) for c in corpus.concepts] + [c.gloss for c in corpus.concepts]
    in_concepts = _share_of_texts(token_ids(tokenizer, concept_texts), size)
    shares = 0.7 * in_texts + 0.3 * in_concepts
    jieba = rjieba.Jieba()
    weights = np.zeros(size)
    for token, number in tokenizer.get_vocab().items():
        if token == UNKNOWN:
            continue
        general = jieba.suggest_freq(token) / _GENERAL_WORDS if jieba.has_word(token) else 0.0
        weight = math.sqrt(1e-3 / (1e-3 + shares[number])) * math.sqrt(1e-4 / (1e-4 + general))
        if len(token) == 1:
            weight *= 0.5
        elif not carries_content(token):
            weight *= 0.2
        weights[number] = weight
    return weights


def _is_kept(word: str, count: int) -> bool:
    if word.isascii():
        return count >= MIN_COUNT_LATIN and len(word) > 1
    return count >= MIN_COUNT and 1 < len(word) <= MAX_WORD_LENGTH


def _count(text: str, *, words: Counter[str], characters: Counter[str]) -> None:
    for piece in re.findall(_PIECE, text):
        if piece.isascii():
            words[piece] += 1
        else:
            # Without the guesses of the hidden Markov model: they differ from one context to the next.
            words.update(rjieba.cut(piece, hmm=False))
            characters.update(piece)


def _share_of_texts(texts: list[list[int]], size: int) -> NDArray[np.float64]:
    counts = np.zeros(size)
    for tokens in texts:
        counts[list(set(tokens))] += 1
    return counts / len(texts)
