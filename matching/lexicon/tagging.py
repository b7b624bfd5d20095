"""Finding the concepts of a text. This module knows nothing of documents."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ahocorasick_rs import AhoCorasick

from matching.lexicon.files import SHIPPED_LEXICON, Concept, concept_files, read_concepts
from matching.text import Normalised, normalise


@dataclass(frozen=True, slots=True)
class ConceptMatch:
    """A word of a normalised text, `text[start:end]`, that stands for a concept."""

    concept: str
    start: int
    end: int


class Lexicon:
    """Concepts by name, and an automaton that finds their words in a text."""

    def __init__(self, concepts: Mapping[str, Concept], *, version: str) -> None:
        """Build the automaton; `load` is the usual way here. The concepts must be free of errors."""
        self.concepts = concepts
        self.version = version
        by_word: dict[str, list[str]] = {}
        for concept in concepts.values():
            for term in concept.terms:
                by_word.setdefault(normalise(term).text, []).append(concept.term)
        self._words = list(by_word)
        self._concepts_of = [tuple(sorted(names)) for names in by_word.values()]
        self._automaton = AhoCorasick(self._words)

    def __getstate__(self) -> dict[str, Any]:
        """Return what travels to another process: all but the automaton."""
        return {name: value for name, value in vars(self).items() if name != "_automaton"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over what has travelled, and build the automaton again."""
        vars(self).update(state)
        self._automaton = AhoCorasick(self._words)

    @classmethod
    def load(cls, folder: Path | None = None) -> Lexicon:
        """Read and check the files of a folder.

        Args:
            folder: with at least one file `01.tsv` to `11.tsv`; None means the shipped lexicon.

        Raises:
            LexiconError: a line is wrong; the message names file and line.
        """
        files = concept_files(folder or SHIPPED_LEXICON)
        digest = hashlib.sha256()
        for file in files:
            digest.update(f"{file.name}\n".encode() + file.read_bytes())
        concepts = {term: entry.concept for term, entry in read_concepts(files).items()}
        return cls(concepts, version=digest.hexdigest()[:12])

    def tag(self, text: Normalised) -> list[ConceptMatch]:
        """Find the concepts of a text.

        At each place the longest word wins, and words do not overlap. A word that begins or ends with a Latin
        letter or a digit must not continue there: `al` is not found inside `metal`.

        Returns:
            Matches in order of the text; a word of several concepts gives one match for each, by name.
        """
        matches: list[ConceptMatch] = []
        position = 0
        for start, end, index in self._occurrences(text.text):
            if start >= position:
                matches += [ConceptMatch(concept, start, end) for concept in self._concepts_of[index]]
                position = end
        return matches

    def broader(self, concept: str) -> str | None:
        """Return the concept or group that `concept` belongs to; None if there is none."""
        found = self.concepts.get(concept)
        return found.broader if found else None

    def _occurrences(self, text: str) -> list[tuple[int, int, int]]:
        """Return (start, end, word) of every whole word, leftmost first, the longest first at one place."""
        # All overlapping matches are asked for, because a match refused at a boundary must not hide another.
        found = [
            (start, end, index)
            for index, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True)
            if not _continues(text, start) and not _continues(text, end)
        ]
        found.sort(key=lambda match: (match[0], -match[1]))
        return found


def _continues(text: str, place: int) -> bool:
    """Tell whether a Latin word or a number runs across `place`."""
    return 0 < place < len(text) and _is_latin(text[place - 1]) and _is_latin(text[place])


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()
