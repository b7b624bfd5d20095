"""The texts the encoder learns from, checked and normalised."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from matching.errors import MatchingError
from matching.lexicon import Lexicon
from matching.text import normalise

SHIPPED_PAIRS = Path(__file__).parent.parent / "training" / "pairs"


class TrainingDataError(MatchingError):
    """A line of the training data cannot be used; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Triple:
    """A need, an achievement that meets it, and one that looks alike but does not; all normalised.

    `need_again` says the need in other words; it may be empty.
    """

    need_title: str
    need: str
    achievement_title: str
    achievement: str
    negative_title: str
    negative: str
    english: str
    need_again: str = ""

    @property
    def need_text(self) -> str:
        """Title and body of the need, the form that is encoded."""
        return f"{self.need_title} {self.need}"

    @property
    def achievement_text(self) -> str:
        """Title and body of the achievement."""
        return f"{self.achievement_title} {self.achievement}"

    @property
    def negative_text(self) -> str:
        """Title and body of the achievement that does not help."""
        return f"{self.negative_title} {self.negative}"

    @property
    def texts(self) -> tuple[str, ...]:
        """Need, achievement, negative, English summary, and the need said again if it is."""
        texts = (self.need_text, self.achievement_text, self.negative_text, self.english, self.need_again)
        return tuple(text for text in texts if text)


@dataclass(frozen=True, slots=True)
class ConceptTexts:
    """The normalised words of one concept; `broader` is empty at the top."""

    terms: tuple[str, ...]
    gloss: str
    broader: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """All that the encoder learns from."""

    concepts: tuple[ConceptTexts, ...]
    triples: tuple[Triple, ...]


def load_corpus(lexicon: Path | None = None, pairs: Path | None = None) -> Corpus:
    """Read the lexicon and the triples; None means the shipped ones.

    Raises:
        LexiconError: a line of the lexicon is wrong.
        TrainingDataError: a line of the triples is wrong, or there are none.
    """
    concepts = tuple(
        ConceptTexts(
            terms=tuple(_fold(term) for term in concept.terms),
            gloss=_fold(concept.gloss),
            broader=_fold(concept.broader or ""),
        )
        for concept in Lexicon.load(lexicon).concepts.values()
    )
    folder = pairs or SHIPPED_PAIRS
    triples = tuple(triple for file in sorted(folder.glob("*.jsonl")) for triple in _triples(file))
    if not triples:
        raise TrainingDataError(f"{folder}: no training pairs here")
    return Corpus(concepts, triples)


def _triples(file: Path) -> Iterator[Triple]:
    names = {field.name for field in fields(Triple)}
    required = names - {"need_again"}
    with file.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, start=1):
            place = f"{file.name}:{number}"
            try:
                data = json.loads(line)
            except ValueError as error:
                raise TrainingDataError(f"{place}: not JSON ({error})") from error
            if not isinstance(data, dict) or not required <= data.keys() <= names:
                raise TrainingDataError(f"{place}: the fields must be {', '.join(sorted(names))}")
            if not all(isinstance(value, str) for value in data.values()) or not all(
                data[name].strip() for name in required
            ):
                raise TrainingDataError(f"{place}: every field must be a text that is not empty")
            yield Triple(**{name: _fold(value) for name, value in data.items()})


def _fold(text: str) -> str:
    return normalise(text).text
