"""What an editor of the lexicon is held to, beyond lines that can be read.

- A word may stand for several concepts only where these are kin (one stands above the other, or both below
  the same concept or group), are named as related in `related.tsv`, or a line of `notes.tsv` says why.
- A gloss has at least `MIN_GLOSS_WORDS` words, stands once, and does not end like many others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from matching.lexicon.files import (
    NOTES,
    RELATED,
    SHIPPED_LEXICON,
    Entry,
    LexiconError,
    ancestors,
    concept_files,
    read_concepts,
    read_lines,
)
from matching.lexicon.tagging import Lexicon
from matching.text import normalise

MIN_GLOSS_WORDS = 3

STOCK_ENDING_WORDS = 4
STOCK_ENDING_USES = 6
"""So many glosses that end in the same four words betray an ending that was added to fill the line."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the lexicon holds of one technical field.

    Attributes:
        concepts: number of them.
        words: different words that stand for them.
        groups: different concepts and groups directly above them.
    """

    concepts: int
    words: int
    groups: int


@dataclass(frozen=True, slots=True)
class Report:
    """What a correct lexicon holds.

    Attributes:
        version: of its content.
        fields: coverage by technical field.
        words: number of different words.
        shared_words: how many of them stand for two or three concepts.
        groups: broader names without a line of their own.
    """

    version: str
    fields: Mapping[str, Coverage]
    words: int
    shared_words: int
    groups: int

    @property
    def concepts(self) -> int:
        """Number of concepts."""
        return sum(field.concepts for field in self.fields.values())


def check(folder: Path | None = None) -> Report:
    """Check the files of a folder (None: the shipped lexicon) and count what they hold.

    Raises:
        LexiconError: a line is wrong; the message names file and line.
    """
    folder = folder or SHIPPED_LEXICON
    entries = read_concepts(concept_files(folder))
    _check_glosses(entries)
    users: dict[str, list[str]] = {}
    for term, entry in entries.items():
        for word in entry.concept.terms:
            users.setdefault(normalise(word).text, []).append(term)
    shared = {word: sorted(terms) for word, terms in users.items() if len(terms) > 1}
    _check_shared(
        shared,
        entries,
        related=_read_related(folder / RELATED, entries),
        notes=_read_notes(folder / NOTES, shared),
    )
    parents = {entry.concept.broader for entry in entries.values() if entry.concept.broader}
    return Report(
        version=Lexicon.load(folder).version,
        fields=_coverage(entries),
        words=len(users),
        shared_words=len(shared),
        groups=len(parents - entries.keys()),
    )


def _check_glosses(entries: Mapping[str, Entry]) -> None:
    seen: dict[str, str] = {}
    endings: Counter[str] = Counter()
    for entry in entries.values():
        gloss = entry.concept.gloss.lower().rstrip(".")
        words = gloss.split()
        if len(words) < MIN_GLOSS_WORDS:
            raise LexiconError(f"{entry.place}: the gloss has fewer than {MIN_GLOSS_WORDS} words")
        if gloss in seen:
            raise LexiconError(f"{entry.place}: the gloss stands already in {seen[gloss]}")
        seen[gloss] = entry.place
        ending = " ".join(words[-STOCK_ENDING_WORDS:])
        endings[ending] += 1
        if endings[ending] >= STOCK_ENDING_USES:
            raise LexiconError(f"{entry.place}: the {STOCK_ENDING_USES}th gloss that ends in {ending!r}")


def _check_shared(
    shared: Mapping[str, Sequence[str]],
    entries: Mapping[str, Entry],
    *,
    related: frozenset[frozenset[str]],
    notes: frozenset[str],
) -> None:
    above = {
        term: set(ancestors(term, entries)) for term in {term for terms in shared.values() for term in terms}
    }
    for word, terms in shared.items():
        for one, other in combinations(terms, 2):
            kin = above[one] & above[other] or frozenset((one, other)) in related
            if not kin and word not in notes:
                raise LexiconError(
                    f"{entries[other].place}: {word} stands for {one} and {other}, which are not related: "
                    f"drop it there, relate them in {RELATED} or say why in {NOTES}"
                )


def _read_related(file: Path, entries: Mapping[str, Entry]) -> frozenset[frozenset[str]]:
    """Read pairs of related concepts; the file may be missing."""
    pairs: set[frozenset[str]] = set()
    if not file.exists():
        return frozenset()
    for place, cells in read_lines(file, ("concept", "related")):
        for cell in cells:
            if cell not in entries:
                raise LexiconError(f"{place}: there is no concept {cell}")
        pair = frozenset(cells)
        if len(pair) < len(cells) or pair in pairs:
            raise LexiconError(f"{place}: {cells[0]} and {cells[1]} are the same, or stand there twice")
        pairs.add(pair)
    return frozenset(pairs)


def _read_notes(file: Path, shared: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Read the words for which a note says why they stand for several concepts; the file may be missing."""
    words: set[str] = set()
    if not file.exists():
        return frozenset()
    for place, (word, concepts, note) in read_lines(file, ("word", "concepts", "note")):
        if word in words:
            raise LexiconError(f"{place}: {word} has two notes")
        if sorted(concepts.split(";")) != shared.get(word):
            raise LexiconError(f"{place}: {word} does not stand for exactly {concepts}")
        if not note.strip():
            raise LexiconError(f"{place}: the note is empty")
        words.add(word)
    return frozenset(words)


def _coverage(entries: Mapping[str, Entry]) -> dict[str, Coverage]:
    found = {}
    for field in sorted({entry.concept.field for entry in entries.values()}):
        concepts = [entry.concept for entry in entries.values() if entry.concept.field == field]
        words = {normalise(word).text for concept in concepts for word in concept.terms}
        groups = {concept.broader for concept in concepts if concept.broader}
        found[field] = Coverage(len(concepts), len(words), len(groups))
    return found
