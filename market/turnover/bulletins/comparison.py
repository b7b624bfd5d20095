"""A release beside the same figures as they are known now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from market.contracts.rules import LargeBy
from market.turnover.bulletins.compute import Bulletin, bulletin
from market.turnover.bulletins.content import freeze
from market.turnover.bulletins.tables import TABLES, Large
from market.turnover.ledger import Sums
from market.turnover.models import Release
from market.turnover.rules import MEASURE_NAMES, PeriodKind, parse_period

HEADLINE = "headline"
CUMULATIVE = "cumulative"
PART_NAMES: Mapping[str, str] = {
    HEADLINE: "主要指标",
    CUMULATIVE: "年初以来累计",
    **{key.value: kind.title for key, kind in TABLES.items()},
}


_Numbers = Mapping[tuple[str, str], tuple[int, int | None, int | None]]
"""Contracts and amounts by part and key; None where an amount is withheld."""


@dataclass(frozen=True, slots=True)
class RowChange:
    """A figure of a release that differs from what is known now.

    Attributes:
        part: `headline`, `cumulative`, or the key of a table.
        key: measure, or key of the row.
        name: of the row, in Chinese.
        hidden: whether its amounts were withheld from the public.
        published: the sums then, in full.
        now: the sums now.
    """

    part: str
    key: str
    name: str
    hidden: bool
    published: Sums
    now: Sums

    @property
    def part_name(self) -> str:
        """Name of the part in Chinese."""
        return PART_NAMES[self.part]

    @property
    def change(self) -> Sums:
        """Now less then."""
        then = self.published
        return Sums(
            self.now.deals - then.deals,
            self.now.total_fen - then.total_fen,
            self.now.tech_fen - then.tech_fen,
        )


@dataclass(frozen=True, slots=True)
class ReleaseComparison:
    """A release beside what is known now.

    Attributes:
        release: what was published.
        reproduced: whether the ledger, as it stood then, still gives exactly what was published. It may
            not where a line was being written at that very moment, or where a code was renamed.
        headline: the three measures over the period, changed or not.
        changes: every figure that differs, tables in their order.
    """

    release: Release
    reproduced: bool
    headline: Sequence[RowChange]
    changes: Sequence[RowChange]


def compare_release(session: Session, release: Release) -> ReleaseComparison:
    """Sum up a release's tables twice, as known when it was published and as known now."""
    period = parse_period(release.period)
    assert period is not None, "a release has a period that can be read"
    large = Large(release.content["large"]["from_fen"], LargeBy(release.content["large"]["by"]))
    region = release.region
    then = bulletin(session, region, period, large=large, known_at=release.known_at)
    now = bulletin(session, region, period, large=large, known_at=None)
    published = _numbers(release.content)
    rows = list(_rows(then, now, published))
    return ReleaseComparison(
        release=release,
        reproduced=_agrees(published, _numbers(freeze(then, least=0))),
        headline=[row for row in rows if row.part == HEADLINE],
        changes=[row for row in rows if row.published != row.now],
    )


def _rows(then: Bulletin, now: Bulletin, published: _Numbers) -> Iterator[RowChange]:
    def hidden(part: str, key: str) -> bool:
        return None in published.get((part, key), ())

    # Over a whole year the sums from its beginning are the headline itself.
    parts = (HEADLINE,) if then.period.kind is PeriodKind.YEAR else (HEADLINE, CUMULATIVE)
    for part in parts:
        for measure, pair in getattr(then, part).items():
            sums = getattr(now, part)[measure].now
            key, name = measure.value, MEASURE_NAMES[measure]
            yield RowChange(part, key, name, hidden(part, key), pair.now, sums)
    for table, rows in then.tables.items():
        present = {row.key: row for row in now.tables[table]}
        for row in rows:
            found = present.pop(row.key, None)
            sums = Sums() if found is None else found.pair.now
            yield RowChange(table.value, row.key, row.name, hidden(table, row.key), row.pair.now, sums)
        for row in present.values():
            yield RowChange(table.value, row.key, row.name, False, Sums(), row.pair.now)


def _numbers(content: Mapping[str, Any]) -> _Numbers:
    """Return every figure of a content by part and key; its words may have changed since."""
    cumulative = content["cumulative"]
    parts: list[tuple[str, list[dict[str, Any]]]] = [
        (HEADLINE, content["headline"]),
        (CUMULATIVE, [] if cumulative is None else cumulative["lines"]),
        *((table["key"], table["rows"]) for table in content["tables"]),
    ]
    return {
        (part, row.get("key") or row["measure"]): (row["deals"], row["total_fen"], row["tech_fen"])
        for part, rows in parts
        for row in rows
    }


def _agrees(published: _Numbers, full: _Numbers) -> bool:
    """Tell whether full figures give what was published; what older layouts withheld differs."""
    return published.keys() == full.keys() and all(
        number in (None, full[row][place])
        for row, numbers in published.items()
        for place, number in enumerate(numbers)
    )
