"""The technical lexicon: which words of a text stand for which concept.

One TSV file per technical field (`01.tsv` ... `11.tsv`) with the columns term, synonyms (separated by `;`),
gloss (English) and broader. A concept is named by its preferred term, once in all files together; `broader`
names another concept or a group that has no line of its own. This module knows nothing of documents.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ahocorasick_rs import AhoCorasick

from matching.errors import MatchingError
from matching.text import Normalised, normalise

SHIPPED_LEXICON = Path(__file__).parent / "lexicon_data"
COLUMNS = ("term", "synonyms", "gloss", "broader")

MAX_CONCEPTS_PER_TERM = 3
"""A word that stands for more concepts says nothing about any of them."""

MIN_TERM_LENGTH = 2

_FILE_NAME = re.compile(r"(0[1-9]|1[01])\.tsv")


class LexiconError(MatchingError):
    """A line of the lexicon cannot be used; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One line of the lexicon.

    Attributes:
        term: the preferred term, which also names the concept.
        field: technical field, `01` to `11`.
        synonyms: other words for it, of the workshop and of the laboratory.
        gloss: what it is, in English.
        broader: the concept or group it belongs to; None at the top.
    """

    term: str
    field: str
    synonyms: tuple[str, ...]
    gloss: str
    broader: str | None

    @property
    def terms(self) -> tuple[str, ...]:
        """All words for it, the preferred one first."""
        return (self.term, *self.synonyms)


@dataclass(frozen=True, slots=True)
class ConceptMatch:
    """A word of a normalised text, `text[start:end]`, that stands for a concept."""

    concept: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Report:
    """What a correct lexicon holds.

    Attributes:
        version: of its content.
        concepts: number of concepts per technical field.
        terms: number of different words.
        shared_terms: how many of them stand for two or three concepts.
        groups: broader names without a line of their own.
    """

    version: str
    concepts: Mapping[str, int]
    terms: int
    shared_terms: int
    groups: int


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

    @classmethod
    def load(cls, folder: Path | None = None) -> Lexicon:
        """Read and check the files of a folder.

        Args:
            folder: with at least one file `01.tsv` to `11.tsv`; None means the shipped lexicon.

        Raises:
            LexiconError: a line is wrong; the message names file and line.
        """
        files = _files(folder or SHIPPED_LEXICON)
        digest = hashlib.sha256()
        for file in files:
            digest.update(f"{file.name}\n".encode() + file.read_bytes())
        return cls(_read(files), version=digest.hexdigest()[:12])

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

    def report(self) -> Report:
        """Count what the lexicon holds."""
        fields = Counter(concept.field for concept in self.concepts.values())
        parents = {concept.broader for concept in self.concepts.values() if concept.broader}
        return Report(
            version=self.version,
            concepts=dict(sorted(fields.items())),
            terms=len(self._words),
            shared_terms=sum(len(names) > 1 for names in self._concepts_of),
            groups=len(parents - self.concepts.keys()),
        )

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


def check(folder: Path | None = None) -> Report:
    """Check the files of a folder (None: the shipped lexicon) and count what they hold.

    Raises:
        LexiconError: a line is wrong; the message names file and line.
    """
    return Lexicon.load(folder).report()


def _continues(text: str, place: int) -> bool:
    """Tell whether a Latin word or a number runs across `place`."""
    return 0 < place < len(text) and _is_latin(text[place - 1]) and _is_latin(text[place])


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _files(folder: Path) -> list[Path]:
    files = sorted(folder.glob("*.tsv"))
    if not files:
        raise LexiconError(f"{folder}: no lexicon files here")
    for file in files:
        if not _FILE_NAME.fullmatch(file.name):
            raise LexiconError(f"{file}: the name is not a technical field 01.tsv to 11.tsv")
    return files


def _read(files: list[Path]) -> dict[str, Concept]:
    concepts: dict[str, Concept] = {}
    lines: dict[str, str] = {}
    preferred: dict[str, str] = {}
    users: Counter[str] = Counter()
    for file in files:
        for place, cells in _lines(file):
            concept = _concept(cells, field=file.stem, place=place)
            words = [_word(term, place=place) for term in concept.terms]
            if words[0] in preferred:
                raise LexiconError(f"{place}: {concept.term} stands already in {preferred[words[0]]}")
            if len(set(words)) < len(words):
                raise LexiconError(f"{place}: {concept.term} has the same synonym twice")
            users.update(words)
            for word in words:
                if users[word] > MAX_CONCEPTS_PER_TERM:
                    raise LexiconError(
                        f"{place}: {word} stands for more than {MAX_CONCEPTS_PER_TERM} concepts"
                    )
            preferred[words[0]] = lines[concept.term] = place
            concepts[concept.term] = concept
    for concept in concepts.values():
        _check_ancestors(concept, concepts, place=lines[concept.term])
    return concepts


def _lines(file: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield (`file:line`, cells) of every line below the header."""
    try:
        rows = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise LexiconError(f"{file}: not UTF-8 ({error})") from error
    for number, row in enumerate(rows, start=1):
        place, cells = f"{file.name}:{number}", row.split("\t")
        if number == 1:
            if tuple(cells) != COLUMNS:
                raise LexiconError(f"{place}: the header must be {', '.join(COLUMNS)}")
            continue
        if len(cells) != len(COLUMNS):
            raise LexiconError(f"{place}: {len(cells)} cells instead of {len(COLUMNS)}")
        yield place, cells


def _concept(cells: list[str], *, field: str, place: str) -> Concept:
    if any(cell != cell.strip() for cell in cells):
        raise LexiconError(f"{place}: white space around a cell")
    term, synonyms, gloss, broader = cells
    if not gloss or not gloss.isascii():
        raise LexiconError(f"{place}: the gloss must be English and not empty")
    return Concept(
        term=term,
        field=field,
        synonyms=tuple(synonyms.split(";")) if synonyms else (),
        gloss=gloss,
        broader=broader or None,
    )


def _word(term: str, *, place: str) -> str:
    word = normalise(term).text
    if len(word) < MIN_TERM_LENGTH:
        raise LexiconError(f"{place}: the term {term!r} is shorter than {MIN_TERM_LENGTH} characters")
    return word


def _check_ancestors(concept: Concept, concepts: Mapping[str, Concept], *, place: str) -> None:
    seen = {concept.term}
    ancestor = concept.broader
    while ancestor is not None and ancestor in concepts:
        if ancestor in seen:
            raise LexiconError(f"{place}: {concept.term} is broader than itself")
        seen.add(ancestor)
        ancestor = concepts[ancestor].broader
