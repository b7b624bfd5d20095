"""The records behind a figure of a node: as many rows as it counts, each with where it is read.

What the reader may not read is a row too, without name and address, so that the rows add up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.sql.base import ExecutableOption

from market.accounts.rules import Actor
from market.challenges.models import Award, Challenge
from market.challenges.queries.challenges import may_read as may_read_challenge
from market.clock import china_day
from market.contracts.models import Contract
from market.contracts.queries import visible_contracts
from market.db import Page, PageRequest, SortKey, paginate
from market.errors import PermissionDenied, Unauthenticated, violation
from market.libraries.models import RegisterEntry
from market.libraries.rules import REGISTER_NAMES, EntryKind, Register
from market.listings.models import Achievement, Need
from market.listings.queries import may_read as may_read_listing
from market.matches.models import Referral, Suggestion
from market.matches.queries.referrals import cases_of
from market.matches.queries.referrals import may_read as may_read_case
from market.matches.queries.suggestions import may_read as may_read_suggestion
from market.matches.rules import STATUS_NAMES, Status
from market.network.models import NetworkNode
from market.network.queries.counted import REGISTERS, Counted, counted, of_register
from market.network.queries.nodes import get_node, territory_of
from market.network.queries.overview import check_year
from market.network.rules import (
    CONTRACTS,
    PART_NAMES,
    FigureKey,
    Sight,
    Territory,
    TerritoryKind,
    definition_of,
    has_contracts,
    sight_of,
)
from market.turnover.models import TurnoverEntry

ENTRY_PATHS: Mapping[EntryKind, str] = {
    EntryKind.NODE: "chain-nodes",
    EntryKind.ENTERPRISE: "chain-enterprises",
    EntryKind.RESOURCE: "resources",
    EntryKind.TECHNOLOGY: "key-technologies",
    EntryKind.PROJECT: "projects",
    EntryKind.TALENT: "talents",
    EntryKind.AGENCY: "agencies",
    EntryKind.CONSORTIUM: "consortia",
}


@dataclass(frozen=True, slots=True)
class Record:
    """One row behind a figure.

    Attributes:
        on: the day by which it is counted; of an entry when it was published.
        title: None where the reader may not read the record now.
        path: address where it is read; None as above.
        deals: of a line of the ledger, what it adds to the number of contracts; so are the next two.
        total_fen: whole value.
        tech_fen: technical part.
    """

    on: date
    title: str | None = None
    path: str | None = None
    deals: int | None = None
    total_fen: int | None = None
    tech_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A figure of a node with one page of the records behind it, the newest first."""

    node: NetworkNode
    figure: FigureKey
    group: str | None
    year: int
    definition: str
    page: Page[Record]


@dataclass(frozen=True, slots=True)
class _Reader:
    session: Session
    actor: Actor | None
    now: datetime


def open_figure(
    session: Session,
    actor: Actor | None,
    node_id: int,
    *,
    figure: FigureKey,
    group: str | None,
    year: int | None,
    page: PageRequest,
    now: datetime,
) -> Opened:
    """List the records behind a figure of a node.

    Args:
        session: open session.
        actor: who is asking; None for anyone.
        node_id: which node.
        figure: of those in its view that are not listed by turnover.
        group: only this state or register; None for all.
        year: in question; None for the present one.
        page: cursor and limit.
        now: present time.

    Raises:
        NotFound: there is no such node.
        Unauthenticated, PermissionDenied: `network-figure-withheld`: the figure is not for the reader.
        RuleViolation: `bad-year`, `network-bad-group`, or `network-figure-elsewhere`.
    """
    node = get_node(session, node_id)
    chosen = check_year(year, now=now)
    territory = territory_of(node)
    name = _group_name(figure, group)
    if figure in CONTRACTS:
        _require_own_contracts(territory, figure)
    sight = sight_of(actor, figure, territory)
    if sight is Sight.NONE:
        if actor is None:
            raise Unauthenticated("请先登录；这项数字不对所有人公开。")
        raise PermissionDenied("您不能查看这项数字及其明细。", code="network-figure-withheld")
    what = counted(figure, territory, year=chosen, sight=sight)
    found = _page(session, what, _group_condition(what, figure, group), page=page)
    records = READ[figure](_Reader(session, actor, now), found.items)
    return Opened(
        node=node,
        figure=figure,
        group=group,
        year=chosen,
        definition=definition_of(figure, territory, year=chosen, group=name, sight=sight),
        page=Page(records, found.next_cursor),
    )


def _require_own_contracts(territory: Territory, figure: FigureKey) -> None:
    """Refuse contracts of regions and parks, whose lines turnover lists, and what a unit does not do."""
    if territory.kind is not TerritoryKind.ORGANISATION or not has_contracts(territory, figure):
        raise violation(
            "/figure", "network-figure-elsewhere", "该节点没有这项数字，或其明细在数字的 source 所示的地址。"
        )


def _group_name(figure: FigureKey, group: str | None) -> str:
    """Return the Chinese name of a group, or of all.

    Raises:
        RuleViolation: `network-bad-group`.
    """
    if figure in CONTRACTS and group is None:
        return "、".join(PART_NAMES.values())
    if group is None:
        return "各清单和库" if figure is FigureKey.ENTRIES else "任何状态"
    names: Mapping[str, str] = {}
    if figure in {FigureKey.SUGGESTIONS, FigureKey.REFERRALS}:
        names = {status.value: name for status, name in STATUS_NAMES.items()}
    elif figure is FigureKey.ENTRIES:
        names = {register.value: REGISTER_NAMES[register] for register in REGISTERS}
    if group not in names:
        raise violation("/group", "network-bad-group", "这项数字没有该分组。")
    return names[group]


def _group_condition(what: Counted, figure: FigureKey, group: str | None) -> Any:
    if group is None:
        return None
    if figure is FigureKey.ENTRIES:
        return of_register(Register(group))
    assert what.group is not None, "only figures by group have names of groups"
    return what.group == Status(group)


OPTIONS: Mapping[type[Any], Sequence[ExecutableOption]] = {
    Suggestion: [joinedload(Suggestion.need), joinedload(Suggestion.achievement)],
    TurnoverEntry: [joinedload(TurnoverEntry.contract)],
}


def _page(session: Session, what: Counted, condition: Any, *, page: PageRequest) -> Page[Any]:
    statement = select(what.model).where(*what.conditions).options(*OPTIONS.get(what.model, ()))
    if condition is not None:
        statement = statement.where(condition)
    return paginate(session, statement, order=[SortKey(what.model.id, descending=True)], page=page)


def _day(moment: datetime | None) -> date:
    assert moment is not None, "counted by this moment"
    return china_day(moment)


def _read_needs(reader: _Reader, rows: Sequence[Need]) -> list[Record]:
    return [_listing(reader, need, need.published_at, "needs") for need in rows]


def _read_valid_needs(reader: _Reader, rows: Sequence[Need]) -> list[Record]:
    return [_listing(reader, need, need.validated_at, "needs") for need in rows]


def _read_achievements(reader: _Reader, rows: Sequence[Achievement]) -> list[Record]:
    return [_listing(reader, one, one.published_at, "achievements") for one in rows]


def _listing(reader: _Reader, row: Need | Achievement, moment: datetime | None, plural: str) -> Record:
    if not may_read_listing(reader.actor, row):
        return Record(_day(moment))
    return Record(_day(moment), row.title, f"/api/v1/{plural}/{row.id}")


def _read_suggestions(reader: _Reader, rows: Sequence[Suggestion]) -> list[Record]:
    return [
        Record(_day(row.created_at), f"{row.need.title} × {row.achievement.title}", _address(row))
        if reader.actor is not None and may_read_suggestion(reader.actor, row)
        else Record(_day(row.created_at))
        for row in rows
    ]


def _address(row: Suggestion | Referral) -> str:
    return f"/api/v1/{row.__tablename__}/{row.id}"


def _read_referrals(reader: _Reader, rows: Sequence[Referral]) -> list[Record]:
    assert reader.actor is not None, "shown to nobody unknown"
    found = []
    for case in cases_of(reader.session, reader.actor, rows, today=china_day(reader.now)):
        row = case.referral
        sides = [side.title if side else "（现不公开）" for side in (case.shown_demand, case.shown_supply)]
        shown = may_read_case(case)
        found.append(
            Record(_day(row.created_at), " × ".join(sides), _address(row))
            if shown
            else Record(_day(row.created_at))
        )
    return found


def _read_listed(reader: _Reader, rows: Sequence[Challenge]) -> list[Record]:
    return [_challenge(reader, row, _day(row.listed_at)) for row in rows]


def _read_awarded(reader: _Reader, rows: Sequence[Challenge]) -> list[Record]:
    first = (
        select(Award.challenge_id, func.min(Award.awarded_on))
        .where(Award.challenge_id.in_([row.id for row in rows]))
        .group_by(Award.challenge_id)
    )
    days = dict(reader.session.execute(first).all())
    return [_challenge(reader, row, days[row.id]) for row in rows]


def _challenge(reader: _Reader, row: Challenge, day: date) -> Record:
    if not may_read_challenge(reader.actor, row):
        return Record(day)
    return Record(day, row.title, f"/api/v1/challenges/{row.id}")


def _read_entries(_reader: _Reader, rows: Sequence[RegisterEntry]) -> list[Record]:
    return [
        Record(
            china_day(row.published_at or row.updated_at),
            row.title,
            f"/api/v1/{ENTRY_PATHS[row.kind]}/{row.id}",
        )
        for row in rows
    ]


def _read_lines(reader: _Reader, rows: Sequence[TurnoverEntry]) -> list[Record]:
    assert reader.actor is not None, "shown to nobody unknown"
    ids = [row.contract_id for row in rows]
    readable = {
        contract.id
        for contract in reader.session.scalars(
            visible_contracts(reader.actor).where(Contract.id.in_(ids))
        ).unique()
    }
    return [
        Record(
            on=row.effective_on,
            title=row.contract.project_name if row.contract_id in readable else None,
            path=f"/api/v1/contracts/{row.contract_id}" if row.contract_id in readable else None,
            deals=row.count,
            total_fen=row.total_fen,
            tech_fen=row.tech_fen,
        )
        for row in rows
    ]


READ: Mapping[FigureKey, Callable[[_Reader, Sequence[Any]], list[Record]]] = {
    FigureKey.NEEDS: _read_needs,
    FigureKey.VALID_NEEDS: _read_valid_needs,
    FigureKey.ACHIEVEMENTS: _read_achievements,
    FigureKey.SUGGESTIONS: _read_suggestions,
    FigureKey.REFERRALS: _read_referrals,
    FigureKey.CHALLENGES_LISTED: _read_listed,
    FigureKey.CHALLENGES_AWARDED: _read_awarded,
    FigureKey.ENTRIES: _read_entries,
    **dict.fromkeys(CONTRACTS, _read_lines),
}
