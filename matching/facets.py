"""What is known of documents besides words: kept in columns, compared with the wishes of a question.

Filters and judgements are array operations over all rows, or over the few hundred rows that are
candidates. A judgement is a value from -1 (differs) over 0 (not known) to 1 (fits).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from matching.cooperation import families
from matching.kinds import AGELESS, EXPECTED
from matching.types import Facets, FacetVerdict, Kind, Query

Rows = NDArray[np.int64]

FACET_NAMES: Final = ("tech_field", "chain", "maturity", "price", "modes", "region", "freshness")

UNKNOWN, DIFFERS, NEAR, FITS = 0, 1, 2, 3
VERDICTS: Final = ("unknown", "differs", "near", "fits")

NEAR_LEVELS: Final = 2
"""A maturity so many levels short may still do, after a pilot stage."""

NEAR_ABOVE: Final = 1
"""A maturity so many levels above what is taken may still gain from it; beyond, that stage is past."""

NEAR_PRICE: Final = (6, 5)
"""An asking price up to 6/5 of the budget leaves room for talks; money is compared in integers."""

FRESH_DAYS: Final = 365
STALE_DAYS: Final = 3 * 365

_NOT_STATED: Final = -1


@dataclass(frozen=True, slots=True)
class Judgement:
    """One facet of several candidates.

    Attributes:
        facet: its name, one of `FACET_NAMES`.
        values: (n,) float64 from -1 to 1; 0 where the document does not state it.
        verdicts: (n,) indexes into `VERDICTS`.
        words: by candidate number, the verdict in Chinese.
        expected: documents of this kind are expected to state it, so that it is told where they do not.
    """

    facet: str
    values: NDArray[np.float64]
    verdicts: NDArray[np.int8]
    words: Callable[[int], str]
    expected: bool = True

    def tells(self, number: int) -> bool:
        """Tell whether the verdict on one candidate is worth showing."""
        return self.expected or bool(self.verdicts[number])

    def verdict(self, number: int) -> FacetVerdict:
        """Return the verdict on one candidate."""
        return FacetVerdict(self.facet, VERDICTS[self.verdicts[number]], self.words(number))


class Vocabulary:
    """Numbers for values that repeat; number 0 is "not stated"."""

    def __init__(self, values: Iterable[Any] = ()) -> None:
        self.values: list[Any] = [None, *values]
        self._numbers: dict[Any, int] = {value: number for number, value in enumerate(self.values)}

    def number(self, value: Any) -> int:
        """Return the number of a value, a new one if need be."""
        number = self._numbers.get(value)
        if number is None:
            number = self._numbers[value] = len(self.values)
            self.values.append(value)
        return number

    def find(self, value: Any) -> int | None:
        """Return the number of a value if it has one."""
        return self._numbers.get(value)

    def table(self, judge: Callable[[Any], float]) -> NDArray[np.float64]:
        """Return a value for every number: 0 for "not stated", `judge(value)` for the others."""
        return np.array([0.0, *(judge(value) for value in self.values[1:])])


_CODED: Final = ("tech_field", "chain", "category", "region", "modes", "organisation")
_NUMBERS: Final = {
    "trl": np.int8, "min_trl": np.int8, "max_trl": np.int8, "price_fen": np.int64, "budget_fen": np.int64
}  # fmt: skip
_DAYS: Final = ("published_on", "expires_on")


class FacetTable:
    """The facets of all documents of one kind, by row."""

    def __init__(self) -> None:
        self._columns: dict[str, NDArray[Any]] = {"alive": np.zeros(0, np.bool_)}
        self._columns |= {name: np.zeros(0, np.int32) for name in (*_CODED, *_DAYS)}
        self._columns |= {name: np.zeros(0, kind) for name, kind in _NUMBERS.items()}
        self._vocabularies = {name: Vocabulary() for name in _CODED}
        self._rows = 0
        self._alive = 0

    def __len__(self) -> int:
        """Number of rows that may be found."""
        return self._alive

    @property
    def rows(self) -> int:
        """Number of rows ever given out; the next free row."""
        return self._rows

    def alive_rows(self) -> Rows:
        """Return the rows that may be found, ascending."""
        return np.flatnonzero(self._column("alive"))

    def append(self, facets: Sequence[Facets]) -> Rows:
        """Give a new row to each, and return these rows."""
        rows = np.arange(self._rows, self._rows + len(facets), dtype=np.int64)
        self._reserve(self._rows + len(facets))
        for name in _CODED:
            vocabulary = self._vocabularies[name]
            self._columns[name][rows] = [vocabulary.number(getattr(one, name) or None) for one in facets]
        for name in _NUMBERS:
            stated = (getattr(one, name) for one in facets)
            self._columns[name][rows] = [_NOT_STATED if value is None else value for value in stated]
        for name in _DAYS:
            days = (getattr(one, name) for one in facets)
            self._columns[name][rows] = [0 if day is None else day.toordinal() for day in days]
        self._columns["alive"][rows] = True
        self._rows += len(facets)
        self._alive += len(facets)
        return rows

    def remove(self, rows: Rows) -> None:
        """Let these rows never be found again; all must be alive."""
        self._columns["alive"][rows] = False
        self._alive -= len(rows)

    def allowed(self, query: Query) -> NDArray[np.bool_] | None:
        """Return by row which documents the question allows; None if it allows all."""
        mask: NDArray[np.bool_] = self._column("alive").copy()
        if query.as_of is not None:
            expires = self._column("expires_on")
            mask &= (expires == 0) | (expires >= query.as_of.toordinal())
        if query.tech_field is not None:
            mask &= self._column("tech_field") == self._code("tech_field", query.tech_field)
        if query.category is not None:
            mask &= self._column("category") == self._code("category", query.category)
        if query.region_prefix:
            prefix = query.region_prefix
            table = self._vocabularies["region"].table(lambda region: region.startswith(prefix))
            mask &= table[self._column("region")] > 0
        if query.facets.organisation is not None:
            mask &= self._column("organisation") != self._code("organisation", query.facets.organisation)
        return None if mask.all() else mask

    def judge(self, query: Query, rows: Rows) -> list[Judgement]:
        """Compare the stated wishes of a question with the facets of some rows.

        A facet that none of the rows states is left out, unless documents of the kind are expected to.

        Args:
            query: wishes that it does not state are not judged; freshness needs its `as_of`.
            rows: (n,) candidates.
        """
        wish = query.facets
        found: list[Judgement] = []
        if wish.tech_field is not None:
            field = wish.tech_field
            values = self._looked_up("tech_field", rows, lambda code: 1.0 if code == field else -1.0)
            found.append(_graded("tech_field", values, _FIELD_WORDS))
        if wish.chain is not None:
            chain = wish.chain
            values = self._looked_up("chain", rows, lambda code: 1.0 if code == chain else -1.0)
            found.append(_graded("chain", values, _CHAIN_WORDS))
        if not wish.trl is wish.min_trl is wish.max_trl is None:
            found.append(self._maturity(wish, rows, served=query.kind is Kind.RESOURCE))
        if wish.budget_fen is not None or wish.price_fen is not None:
            found.append(self._price(wish, rows))
        if modes := families(wish.modes):
            values = self._looked_up("modes", rows, lambda codes: _in_common(modes, families(codes)))
            found.append(_graded("modes", values, _MODE_WORDS))
        if wish.region is not None:
            region = wish.region
            values = self._looked_up("region", rows, lambda code: _nearness(region, code))
            found.append(_graded("region", values, _REGION_WORDS, near=(0.0, 1.0)))
        if query.as_of is not None and query.kind not in AGELESS:
            found.append(self._freshness(query.as_of, rows))
        expected = EXPECTED[query.kind]
        told = [replace(one, expected=one.facet in expected) for one in found]
        return [one for one in told if one.expected or one.verdicts.any()]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the columns, for saving."""
        return {name: column[: self._rows] for name, column in self._columns.items()}

    def vocabularies(self) -> dict[str, list[Any]]:
        """Return the values behind the codes, as JSON values, for saving."""
        return {name: vocabulary.values[1:] for name, vocabulary in self._vocabularies.items()}

    @classmethod
    def restore(
        cls, arrays: Mapping[str, NDArray[Any]], vocabularies: Mapping[str, Sequence[Any]]
    ) -> FacetTable:
        """Make a table from what `arrays` and `vocabularies` gave.

        Raises:
            KeyError: a column is missing.
        """
        table = cls()
        table._columns = {name: np.array(arrays[name]) for name in table._columns}
        for name in _CODED:
            values = vocabularies[name]
            table._vocabularies[name] = Vocabulary(map(tuple, values) if name == "modes" else values)
        table._rows = len(table._columns["alive"])
        table._alive = int(np.count_nonzero(table._columns["alive"]))
        return table

    def _column(self, name: str) -> NDArray[Any]:
        return self._columns[name][: self._rows]

    def _reserve(self, rows: int) -> None:
        capacity = len(self._columns["alive"])
        if rows <= capacity:
            return
        for name, column in self._columns.items():
            grown = np.zeros(max(rows, 2 * capacity), column.dtype)
            grown[:capacity] = column
            self._columns[name] = grown

    def _code(self, name: str, value: str) -> int:
        number = self._vocabularies[name].find(value)
        return _NOT_STATED if number is None else number

    def _looked_up(self, name: str, rows: Rows, judge: Callable[[Any], float]) -> NDArray[np.float64]:
        # Only the values that occur are judged: there may be thousands of others.
        codes, places = np.unique(self._columns[name][rows], return_inverse=True)
        stated = self._vocabularies[name].values
        values = np.array([judge(stated[code]) if code else 0.0 for code in codes.tolist()], np.float64)
        return values[places]

    def _maturity(self, wish: Facets, rows: Rows, *, served: bool) -> Judgement:
        asked = wish.min_trl is not None or wish.max_trl is not None
        reached, least, most = (
            np.full(len(rows), _NOT_STATED if level is None else level)
            if ours
            else self._columns[name][rows].astype(np.int64)
            for name, level, ours in (
                ("trl", wish.trl, not asked),
                ("min_trl", wish.min_trl, asked),
                ("max_trl", wish.max_trl, asked),
            )
        )
        short = np.where(least == _NOT_STATED, 0, least - reached)
        above = np.where(most == _NOT_STATED, 0, reached - most)
        unknown = (reached == _NOT_STATED) | ((least == _NOT_STATED) & (most == _NOT_STATED))
        order = (unknown, (short <= 0) & (above <= 0), (short <= NEAR_LEVELS) & (above <= NEAR_ABOVE))
        verdicts = _first(order, (UNKNOWN, FITS, NEAR), DIFFERS).astype(np.int8)
        values = _first(order, (0.0, 1.0, 0.0), -1.0)

        def words(number: int) -> str:
            if verdicts[number] == UNKNOWN:
                return "对方未注明成熟度" if asked else "对方未注明成熟度要求"
            stated = (None if one[number] == _NOT_STATED else int(one[number]) for one in (least, most))
            near = bool(verdicts[number] == NEAR)
            return _maturity_words(int(reached[number]), *stated, near=near, served=served)

        return Judgement("maturity", values, verdicts, words)

    def _price(self, wish: Facets, rows: Rows) -> Judgement:
        asked = wish.budget_fen is not None
        theirs = self._columns["price_fen" if asked else "budget_fen"][rows].astype(np.int64)
        own = wish.budget_fen if wish.budget_fen is not None else wish.price_fen
        assert own is not None  # the caller has seen one of them
        price, budget = (theirs, np.int64(own)) if asked else (np.int64(own), theirs)
        known = theirs != _NOT_STATED
        order = (~known, price <= budget, price * NEAR_PRICE[1] <= budget * NEAR_PRICE[0])
        verdicts = _first(order, (UNKNOWN, FITS, NEAR), DIFFERS)
        values = _first(order, (0.0, 1.0, 0.0), -1.0)
        same = theirs == own

        def words(number: int) -> str:
            if verdicts[number] == FITS:
                return "预算与报价相同" if same[number] else "预算高于报价"
            unknown = "对方未注明报价" if asked else "对方未注明预算"
            return {UNKNOWN: unknown, NEAR: "预算略低于报价"}.get(int(verdicts[number]), "预算低于报价")

        return Judgement("price", values, verdicts.astype(np.int8), words)

    def _freshness(self, as_of: date, rows: Rows) -> Judgement:
        published = self._columns["published_on"][rows].astype(np.int64)
        age = np.maximum(as_of.toordinal() - published, 0)
        known = published != 0
        order = (~known, age <= FRESH_DAYS, age <= STALE_DAYS)
        verdicts = _first(order, (UNKNOWN, FITS, NEAR), DIFFERS).astype(np.int8)
        # From 1 on the day of publication steadily down to -1 when it counts as stale.
        values = np.where(known, np.maximum(1.0 - 2.0 * age / STALE_DAYS, -1.0), 0.0)
        return Judgement("freshness", values, verdicts, lambda number: _FRESHNESS_WORDS[verdicts[number]])


_FIELD_WORDS: Final = ("对方未注明技术领域", "技术领域不同", "技术领域相近", "技术领域相同")
_CHAIN_WORDS: Final = ("对方未注明产业链", "产业链不同", "产业链相近", "同属一条产业链")
_MODE_WORDS: Final = ("对方未注明合作方式", "合作方式不同", "合作方式相近", "有共同接受的合作方式")
_REGION_WORDS: Final = ("对方未注明所在地", "不在同一省份", "同省或同市", "同一区县")
_FRESHNESS_WORDS: Final = ("未注明发布日期", "发布已逾三年", "发布于一至三年内", "发布于一年内")


def _maturity_words(reached: int, least: int | None, most: int | None, *, near: bool, served: bool) -> str:
    """Say how a level stands to the least and the most that are taken; `served` by a resource, or wanted."""
    has, limit = f"成熟度TRL {reached}", "其服务上限" if served else "要求的上限"
    if least is not None and reached < least:
        next_step = "尚需前期研发" if served else "尚需中试"
        return f"{has}，距要求的TRL {least}差{least - reached}级，{next_step if near else '差距较大'}"
    if most is None:
        return f"{has}，已达要求的TRL {least}"
    if reached > most:
        return f"{has}，{'略' if near else '已'}高于{limit}TRL {most}"
    if least is None:
        return f"{has}，未超过{limit}TRL {most}"
    return f"{has}，在{'其服务' if served else '要求的'}范围TRL {least}–{most}之内"


def _in_common(modes: frozenset[str], others: frozenset[str]) -> float:
    """Compare families of cooperation modes; those whose codes belong to none count as not stated."""
    if not others:
        return 0.0
    return -1.0 if modes.isdisjoint(others) else 1.0


def _nearness(region: str, other: str) -> float:
    """Compare GB/T 2260 codes: digits 1-2 name the province, 3-4 the city, 5-6 the county."""
    if region == other:
        return 1.0
    if region[:4] == other[:4]:
        return 0.5
    return 0.25 if region[:2] == other[:2] else -1.0


def _graded(
    facet: str,
    values: NDArray[np.float64],
    words: tuple[str, str, str, str],
    *,
    near: tuple[float, float] = (0.0, 0.0),
) -> Judgement:
    """Read verdicts off values: 0 unknown, below 0 differs, inside the open range `near` near, else fits."""
    conditions = (values == 0, values < 0, (values > near[0]) & (values < near[1]))
    verdicts = _first(conditions, (UNKNOWN, DIFFERS, NEAR), FITS).astype(np.int8)
    return Judgement(facet, values, verdicts, lambda number: words[verdicts[number]])


def _first(
    conditions: Sequence[NDArray[np.bool_]], choices: Sequence[float], default: float
) -> NDArray[np.float64]:
    """Return for each element the choice of the first condition that holds: `np.select`, ten times faster."""
    chosen = np.full(len(conditions[0]), float(default))
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        chosen[condition] = choice
    return chosen
