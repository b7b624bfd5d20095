"""What the market measures for the conversion index, in a region and between two days.

Amounts and contracts are read from the ledger as known now, listings and matches from their own tables.
A zero is given only where the market kept books at all by then; otherwise the reading says what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from market.clock import CHINA, china_day
from market.contracts.models import Attribution, Contract
from market.listings.models import Achievement, Need
from market.listings.rules import Validation
from market.matches.models import Suggestion, SuggestionEvent
from market.matches.rules import Action, Status
from market.rankings.queries.counting import is_deal_of_its_own
from market.rankings.rules import IndicatorKey, Reading
from market.reference.rules import region_prefix
from market.turnover.models import TurnoverEntry

FEN_PER_WAN = 1_000_000
CONVEYING = ("ZR", "XK")
"""Contract types that convey a right: transfer and licence."""


@dataclass(frozen=True, slots=True)
class Where:
    """A region and two days, both included."""

    region_code: str
    start: date
    end: date


def measure(session: Session, key: IndicatorKey, where: Where) -> Reading:
    """Return an indicator's value, exact or to four places, or what it is missing."""
    return MEASURES[key](session, where)


def _inside(column: InstrumentedAttribute[Any], where: Where) -> ColumnElement[bool]:
    prefix = region_prefix(where.region_code)
    return column.between(prefix.ljust(6, "0"), prefix.ljust(6, "9"))


def _moments(column: InstrumentedAttribute[Any], where: Where) -> list[ColumnElement[bool]]:
    return [column >= _midnight(where.start), column < _midnight(where.end + timedelta(days=1))]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, CHINA)


# --- the ledger


def _has_books(session: Session, where: Where, area: InstrumentedAttribute[Any]) -> bool:
    statement = select(TurnoverEntry.id).where(_inside(area, where), TurnoverEntry.effective_on <= where.end)
    return session.scalar(statement.limit(1)) is not None


NO_BOOKS = "本市场在此之前没有该地区的登记数据。"


def _ledger_sum(
    session: Session,
    where: Where,
    area: InstrumentedAttribute[Any],
    *,
    of: Any,
    conditions: tuple[ColumnElement[bool], ...] = (),
) -> int | None:
    """Return a sum over the region's lines; None where its books had not begun."""
    if not _has_books(session, where, area):
        return None
    found = session.scalar(
        select(func.coalesce(func.sum(of), 0))
        .join(Contract, Contract.id == TurnoverEntry.contract_id)
        .where(_inside(area, where), TurnoverEntry.effective_on.between(where.start, where.end), *conditions)
    )
    return int(found or 0)


def _reading(number: int | None) -> Reading:
    return Reading(None, NO_BOOKS) if number is None else Reading(Decimal(number))


def _wan(number: int | None) -> Reading:
    return Reading(None, NO_BOOKS) if number is None else Reading(Decimal(number) / FEN_PER_WAN)


def _output_tech(session: Session, where: Where) -> Reading:
    return _wan(_ledger_sum(session, where, TurnoverEntry.seller_region, of=TurnoverEntry.tech_fen))


def _absorbed_tech(session: Session, where: Where) -> Reading:
    return _wan(_ledger_sum(session, where, TurnoverEntry.buyer_region, of=TurnoverEntry.tech_fen))


def _tech_share(session: Session, where: Where) -> Reading:
    total = _ledger_sum(session, where, TurnoverEntry.station_region, of=TurnoverEntry.total_fen)
    tech = _ledger_sum(session, where, TurnoverEntry.station_region, of=TurnoverEntry.tech_fen)
    if total is None or tech is None:
        return Reading(None, NO_BOOKS)
    if total == 0:
        return Reading(None, "该时段没有登记合同，不能计算技术交易额占比。")
    return Reading(_percent(tech, total))


def _percent(part: int, whole: int) -> Decimal:
    return (Decimal(part) * 100 / whole).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def _matched_deals(session: Session, where: Where) -> Reading:
    from_market = Contract.suggestion_id.is_not(None)
    return _reading(
        _ledger_sum(
            session, where, TurnoverEntry.buyer_region, of=TurnoverEntry.count, conditions=(from_market,)
        )
    )


def _licences_and_transfers(session: Session, where: Where) -> Reading:
    conveying = TurnoverEntry.type_code.in_(CONVEYING)
    return _reading(
        _ledger_sum(
            session, where, TurnoverEntry.seller_region, of=TurnoverEntry.count, conditions=(conveying,)
        )
    )


def _agency_deals(session: Session, where: Where) -> Reading:
    credited = (
        select(Attribution.id)
        .where(Attribution.contract_id == TurnoverEntry.contract_id, Attribution.withdrawn_at.is_(None))
        .exists()
    )
    conditions = (credited, is_deal_of_its_own())
    return _reading(
        _ledger_sum(session, where, TurnoverEntry.buyer_region, of=TurnoverEntry.count, conditions=conditions)
    )


def _days_to_contract(session: Session, where: Where) -> Reading:
    """Take the middle of the days from a need's publication to its contract's registration."""
    reversal = aliased(TurnoverEntry)
    rows = session.execute(
        select(TurnoverEntry.effective_on, Need.published_at)
        .join(Contract, Contract.id == TurnoverEntry.contract_id)
        .join(Suggestion, Suggestion.id == Contract.suggestion_id)
        .join(Need, Need.id == Suggestion.need_id)
        .where(
            _inside(TurnoverEntry.buyer_region, where),
            TurnoverEntry.effective_on.between(where.start, where.end),
            TurnoverEntry.count == 1,
            ~select(reversal.id).where(reversal.reverses_id == TurnoverEntry.id).exists(),
            Need.published_at.is_not(None),
        )
    )
    days = [(registered - china_day(published)).days for registered, published in rows if published]
    # A need renewed after its contract was registered has lost its first day.
    days = [count for count in days if count >= 0]
    if not days:
        return Reading(None, "该时段没有由本市场需求而来的登记合同。")
    return Reading(median(Decimal(count) for count in days))


# --- listings and matches


def _published_achievements(session: Session, where: Where) -> Reading:
    return _listings(session, where, Achievement, Achievement.published_at, words="成果")


def _valid_needs(session: Session, where: Where) -> Reading:
    valid = Need.validation == Validation.VALID
    return _listings(session, where, Need, Need.validated_at, conditions=(valid,), words="有效需求")


def _listings(
    session: Session,
    where: Where,
    model: type[Need | Achievement],
    moment: InstrumentedAttribute[Any],
    *,
    words: str,
    conditions: tuple[ColumnElement[bool], ...] = (),
) -> Reading:
    statement = select(func.count(model.id)).where(_inside(model.region_code, where), *conditions)
    if not session.scalar(statement.where(moment < _midnight(where.end + timedelta(days=1)))):
        return Reading(None, f"本市场在此之前没有该地区的{words}记录。")
    return Reading(Decimal(session.scalar(statement.where(*_moments(moment, where))) or 0))


def _conversion_rate(session: Session, where: Where) -> Reading:
    """Take the share of suggestions recommended in these days that have led to a contract by now."""
    recommended = (
        select(SuggestionEvent.suggestion_id)
        .where(SuggestionEvent.action == Action.RECOMMEND, *_moments(SuggestionEvent.at, where))
        .distinct()
    )
    statement = (
        select(func.count(Suggestion.id))
        .join(Need, Need.id == Suggestion.need_id)
        .where(Suggestion.id.in_(recommended), _inside(Need.region_code, where))
    )
    whole = session.scalar(statement) or 0
    if whole == 0:
        return Reading(None, "该时段没有向该地区推荐的匹配。")
    signed = session.scalar(statement.where(Suggestion.status == Status.CONTRACTED)) or 0
    return Reading(_percent(signed, whole))


MEASURES: Mapping[IndicatorKey, Callable[[Session, Where], Reading]] = {
    IndicatorKey.OUTPUT_TECH: _output_tech,
    IndicatorKey.ABSORBED_TECH: _absorbed_tech,
    IndicatorKey.TECH_SHARE: _tech_share,
    IndicatorKey.MATCHED_DEALS: _matched_deals,
    IndicatorKey.DAYS_TO_CONTRACT: _days_to_contract,
    IndicatorKey.PUBLISHED_ACHIEVEMENTS: _published_achievements,
    IndicatorKey.VALID_NEEDS: _valid_needs,
    IndicatorKey.CONVERSION_RATE: _conversion_rate,
    IndicatorKey.LICENCES_AND_TRANSFERS: _licences_and_transfers,
    IndicatorKey.AGENCY_DEALS: _agency_deals,
}
"""How each is measured; every key a definition may name is here."""
