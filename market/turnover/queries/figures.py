"""Figures: sums of a measure over an area and a period, whole or in groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.turnover.ledger import Sums
from market.turnover.queries.boundaries import boundary_remarks
from market.turnover.queries.labels import Labels, labels_of
from market.turnover.queries.scopes import Scope, require_figures
from market.turnover.queries.sums import Parts, plan_of, read_parts, within
from market.turnover.rules import (
    OF_TIME,
    Comparison,
    GroupBy,
    Source,
    Span,
    add_months,
    change_percent,
    completed_span,
    month_end,
    month_text,
    parse_period,
    period_on_period,
    quarter_text,
    share_percent,
    year_on_year,
)


@dataclass(frozen=True, slots=True)
class Change:
    """Completed months against the same number of earlier months; percents of None: nothing before."""

    comparison: Comparison
    current: Sums
    base: Sums

    @property
    def deals_percent(self) -> Decimal | None:
        """Change in the number of contracts."""
        return change_percent(self.current.deals, self.base.deals)

    @property
    def total_percent(self) -> Decimal | None:
        """Change in the whole value."""
        return change_percent(self.current.total_fen, self.base.total_fen)

    @property
    def tech_percent(self) -> Decimal | None:
        """Change in the technical part."""
        return change_percent(self.current.tech_fen, self.base.tech_fen)


@dataclass(frozen=True, slots=True)
class Group:
    """One part of a figure.

    Attributes:
        key: code, id, or `2025-06`, `2025-Q2`, `2025`.
        name: in Chinese.
        sums: what counts in it.
        deals_share: its contracts in percent of the figure's.
        total_share: its value in percent of the figure's.
        rank: by value, largest first; equals share a rank and the next one is left out.
        year_on_year: None where the period cannot be compared.
    """

    key: str
    name: str
    sums: Sums
    deals_share: Decimal | None
    total_share: Decimal | None
    rank: int
    year_on_year: Change | None


@dataclass(frozen=True, slots=True)
class Figure:
    """Answer to one question. `sums` covers the whole scope, also where groups do not (parks).

    `source` is what it was read from; `remarks` say what a reader must know, in Chinese.
    """

    scope: Scope
    sums: Sums
    group_by: GroupBy
    groups: Sequence[Group]
    year_on_year: Change | None
    period_on_period: Change | None
    source: Source
    remarks: Sequence[str]


def get_figure(session: Session, actor: Actor, scope: Scope, *, group_by: GroupBy, today: date) -> Figure:
    """Return a figure to somebody who answers for it (see `figure`).

    Raises:
        PermissionDenied: `figures-not-public`.
        RuleViolation: as `figure`.
    """
    require_figures(actor, scope)
    return figure(session, scope, group_by=group_by, today=today)


def figure(session: Session, scope: Scope, *, group_by: GroupBy, today: date) -> Figure:
    """Return the sums of a scope, its groups and how they compare with a year and a period before.

    Groups of time come in order; others by value, largest first, then by key. A group in which
    nothing is counted is left out. Money of an area that belongs to none of its parts (a contract
    whose party is the prefecture itself) forms a group of its own, so regions add up to the whole.
    Parks and stations need not: not every deal lies in a park, and a station may have moved.

    Args:
        session: open session.
        scope: which lines are meant.
        group_by: how to break the figure down.
        today: the day in China that decides which months are completed.

    Raises:
        RuleViolation: `group-by-region`, `group-by-park` or `group-by-station` for an area that has
            no such parts.
    """
    wanted = _Wanted.of(scope, group_by, today)
    labels = labels_of(session, scope, group_by)
    plan = plan_of(scope, group_by)
    parts = read_parts(session, scope, plan, spans=wanted.spans, areas=labels.areas_for(plan))
    whole = [part for found in parts.values() for part in found]
    if group_by in {GroupBy.PARK, GroupBy.STATION}:
        whole = list(read_parts(session, scope, plan_of(scope, GroupBy.NONE), spans=wanted.spans).get("", []))
    if group_by is GroupBy.STATION and plan.source is Source.COUNTERS and _moved_station(parts, whole):
        plan = plan_of(scope, group_by, from_ledger=True)
        parts = read_parts(session, scope, plan, spans=wanted.spans)
    period = Span(scope.period.start, scope.period.end)
    return Figure(
        scope=scope,
        sums=within(whole, period),
        group_by=group_by,
        groups=_groups(parts, labels, wanted, whole=within(whole, period)),
        year_on_year=_change(whole, wanted.year),
        period_on_period=_change(whole, wanted.previous),
        source=plan.source,
        remarks=boundary_remarks(session, scope, group_by=group_by, spans=wanted.spans),
    )


def totals(session: Session, scope: Scope, *, span: Span | None = None) -> Sums:
    """Return the sums of a scope, or of the same scope over other months."""
    months = span or Span(scope.period.start, scope.period.end)
    parts = read_parts(session, scope, plan_of(scope, GroupBy.NONE), spans=[months])
    return within(parts.get("", []), months)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The months a figure is read for: those shown, and those they are compared with."""

    group_by: GroupBy
    period: Span
    completed: Span | None
    year: Comparison | None
    previous: Comparison | None

    @classmethod
    def of(cls, scope: Scope, group_by: GroupBy, today: date) -> _Wanted:
        return cls(
            group_by,
            Span(scope.period.start, scope.period.end),
            completed_span(scope.period, today),
            year_on_year(scope.period, today),
            period_on_period(scope.period, today),
        )

    @property
    def spans(self) -> list[Span]:
        """Return every span that some number of the answer is taken from."""
        spans = [self.period]
        for comparison in (self.year, self.previous):
            if comparison is not None:
                spans += [comparison.current, comparison.base]
        if self.group_by in OF_TIME:
            spans.append(_year_before(self.period))
        return spans

    def comparison(self, span: Span) -> Comparison | None:
        """Return a group of time's completed months against those a year before."""
        if self.completed is None or span.start > self.completed.end:
            return None
        current = Span(span.start, min(span.end, self.completed.end))
        return Comparison(current, _year_before(current))


def _year_before(span: Span) -> Span:
    return Span(add_months(span.start, -12), month_end(add_months(span.end, -12)))


def _moved_station(parts: Parts, whole: Sequence[tuple[Span, Sums]]) -> bool:
    """Tell whether stations' counters miss the area's: a station registered while it stood elsewhere."""
    by_stretch: dict[Span, Sums] = {}
    for stretch, sums in (part for found in parts.values() for part in found):
        by_stretch[stretch] = by_stretch.get(stretch, Sums()) + sums
    return {key: sums for key, sums in by_stretch.items() if sums} != dict(whole)


def _change(parts: Sequence[tuple[Span, Sums]], comparison: Comparison | None) -> Change | None:
    if comparison is None:
        return None
    return Change(comparison, within(parts, comparison.current), within(parts, comparison.base))


def _groups(parts: Parts, labels: Labels, wanted: _Wanted, *, whole: Sums) -> list[Group]:
    if wanted.group_by is GroupBy.NONE:
        return []
    if wanted.group_by in OF_TIME:
        found = _groups_of_time(parts.get("", []), wanted)
    else:
        folded: dict[str, list[tuple[Span, Sums]]] = {}
        for raw, part in parts.items():
            folded.setdefault(labels.key(raw), []).extend(part)
        found = [
            (key, labels.name(key), within(part, wanted.period), _change(part, wanted.year))
            for key, part in folded.items()
        ]
    counted = [group for group in found if group[2]]
    values = sorted((sums.total_fen for _, _, sums, _ in counted), reverse=True)
    groups = [
        Group(
            key=key,
            name=name,
            sums=sums,
            deals_share=share_percent(sums.deals, whole.deals),
            total_share=share_percent(sums.total_fen, whole.total_fen),
            rank=values.index(sums.total_fen) + 1,
            year_on_year=change,
        )
        for key, name, sums, change in counted
    ]
    if wanted.group_by in OF_TIME:
        return sorted(groups, key=lambda group: group.key)
    return sorted(groups, key=lambda group: (-group.sums.total_fen, group.key))


TIME_KEYS: Mapping[GroupBy, Callable[[date], str]] = {
    GroupBy.MONTH: month_text,
    GroupBy.QUARTER: quarter_text,
    GroupBy.YEAR: lambda day: f"{day.year:04d}",
}


def _groups_of_time(
    parts: Sequence[tuple[Span, Sums]], wanted: _Wanted
) -> list[tuple[str, str, Sums, Change | None]]:
    months: dict[str, list[date]] = {}
    for stretch, _ in parts:
        if wanted.period.start <= stretch.start <= wanted.period.end:
            months.setdefault(TIME_KEYS[wanted.group_by](stretch.start), []).append(stretch.start)
    groups = []
    for key in months:
        period = parse_period(key)
        assert period is not None, "a key is written as a period is"
        shown = Span(max(period.start, wanted.period.start), min(period.end, wanted.period.end))
        change = _change(parts, wanted.comparison(shown))
        groups.append((key, period.name, within(parts, shown), change))
    return groups
