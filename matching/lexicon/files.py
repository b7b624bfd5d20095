"""Reading the files of a lexicon, and refusing lines that cannot be used.

One TSV file per technical field (`01.tsv` ... `11.tsv`) with the columns term, synonyms (separated by `;`),
gloss (English) and broader. A concept is named by its preferred term, once in all files together; `broader`
names another concept or a group that has no line of its own. Two files more say what is intended where
concepts share words: see `matching.lexicon.checking`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matching.errors import MatchingError
from matching.text import normalise

SHIPPED_LEXICON = Path(__file__).parent
COLUMNS = ("term", "synonyms", "gloss", "broader")
RELATED = "related.tsv"
NOTES = "notes.tsv"

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
class Entry:
    """A concept and the `file:line` it stands in."""

    concept: Concept
    place: str


def concept_files(folder: Path) -> list[Path]:
    """Return the files of the fields, by name.

    Raises:
        LexiconError: there are none, or one is not named after a field.
    """
    files = sorted(file for file in folder.glob("*.tsv") if file.name not in {RELATED, NOTES})
    if not files:
        raise LexiconError(f"{folder}: no lexicon files here")
    for file in files:
        if not _FILE_NAME.fullmatch(file.name):
            raise LexiconError(f"{file}: the name is not a technical field 01.tsv to 11.tsv")
    return files


def read_concepts(files: Sequence[Path]) -> dict[str, Entry]:
    """Read and check the concepts, by preferred term.

    Raises:
        LexiconError: a line is wrong; the message names file and line.
    """
    entries: dict[str, Entry] = {}
    preferred: dict[str, str] = {}
    users: Counter[str] = Counter()
    for file in files:
        for place, cells in read_lines(file, COLUMNS):
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
            preferred[words[0]] = place
            entries[concept.term] = Entry(concept, place)
    for entry in entries.values():
        _check_ancestors(entry, entries)
    return entries


def ancestors(term: str, entries: Mapping[str, Entry]) -> list[str]:
    """Return a concept and everything above it, groups too, from the bottom up."""
    chain = [term]
    while (entry := entries.get(chain[-1])) is not None and entry.concept.broader:
        chain.append(entry.concept.broader)
    return chain


def read_lines(file: Path, columns: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield (`file:line`, cells) of every line below the header.

    Raises:
        LexiconError: the file is not UTF-8, or header or number of cells are wrong.
    """
    try:
        rows = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise LexiconError(f"{file}: not UTF-8 ({error})") from error
    for number, row in enumerate(rows, start=1):
        place, cells = f"{file.name}:{number}", row.split("\t")
        if number == 1:
            if tuple(cells) != tuple(columns):
                raise LexiconError(f"{place}: the header must be {', '.join(columns)}")
            continue
        if len(cells) != len(columns):
            raise LexiconError(f"{place}: {len(cells)} cells instead of {len(columns)}")
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


def _check_ancestors(entry: Entry, entries: Mapping[str, Entry]) -> None:
    seen = {entry.concept.term}
    ancestor = entry.concept.broader
    while ancestor is not None and ancestor in entries:
        if ancestor in seen:
            raise LexiconError(f"{entry.place}: {entry.concept.term} is broader than itself")
        seen.add(ancestor)
        ancestor = entries[ancestor].concept.broader
