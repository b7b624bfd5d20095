"""Progress with what the market's own tables count: needs, listings, agencies, brokers, deals they landed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from market.accounts.models import Organisation, User
from market.accounts.rules import OrganisationKind, OrganisationStatus, Role
from market.audit.models import AuditEvent
from market.clock import CHINA
from market.contracts.models import Attribution, Contract, ContractParty
from market.contracts.rules import LIVE
from market.listings.models import Listing, Need
from market.listings.rules import ListingKind, Validation
from market.reference.rules import region_prefix
from market.turnover.models import Target
from market.turnover.progress.model import Forecast, Progress, amount_reading, count_reading
from market.turnover.progress.outlook import Method, forecast_of_days, required_pace
from market.turnover.rules import Measure
from market.turnover.target_rules import Basis

TENTH = Decimal("0.1")
WHOLE_BP = 10_000
"""Basis points of a whole contract."""

LANDED_REMARK = "全部机构合计，按吸纳方所在地统计，只计登记在案的促成份额；同一合同的中介合同不重复计算。"
LANDED_UNPUBLISHED = "尚未发布：主管部门发布技术转移机构年度排名（/api/v1/rankings）后可见。"


def _counted(target: Target, base: Progress, name: str, count: int | None, *, remark: str) -> Progress:
    """Return a progress with a count, what must still come, and what will come at the present rate."""
    reading = count_reading(target, name, count)
    pace, forecast = None, None
    end = target.period_end
    if target.number is not None:
        missing = target.number - reading.value
        pace = required_pace(missing, unit=target.unit, start=base.as_of, end=end, step=TENTH)
    if target.basis in {Basis.CUMULATIVE, Basis.INCREASE} and target.period_start and end:
        start = target.period_start
        expected = forecast_of_days(reading.value, start=start, end=end, today=base.as_of)
        if expected is not None:
            forecast = Forecast(Method.LINEAR_DAYS, count_reading(target, name, int(expected)))
    return replace(base, reading=reading, pace=pace, forecast=forecast, remark=remark)


def _valid_needs(session: Session, target: Target, base: Progress) -> Progress:
    statement = select(func.count(Need.id)).where(
        Need.validation == Validation.VALID, *_within(target, base, Need.region_code, Need.validated_at)
    )
    count = session.scalar(statement)
    return _counted(target, base, "经核实有效的技术需求", count, remark="按需求所在地、核实日期统计。")


def _published_listings(session: Session, target: Target, base: Progress) -> Progress:
    statement = select(func.count(Listing.id)).where(
        Listing.kind != ListingKind.SCENARIO,
        *_within(target, base, Listing.region_code, Listing.published_at),
    )
    remark = "按本市场的发布数统计；在省技术产权交易市场的发布数以该市场为准。"
    count = session.scalar(statement)
    return _counted(target, base, "本市场发布的技术需求和科技成果", count, remark=remark)


def _within(
    target: Target,
    base: Progress,
    region: InstrumentedAttribute[str],
    moment: InstrumentedAttribute[datetime | None] | ColumnElement[datetime],
) -> list[ColumnElement[bool]]:
    assert base.span is not None, "targets without a start are answered before"
    first = datetime.combine(base.span.start, time.min, CHINA)
    after = datetime.combine(base.span.end + timedelta(days=1), time.min, CHINA)
    return [region.startswith(region_prefix(target.region_code)), moment >= first, moment < after]


def _agencies(session: Session, target: Target, base: Progress) -> Progress:
    statement = select(func.count(Organisation.id)).where(*_verified_agency(target))
    count = session.scalar(statement)
    return _counted(target, base, "已核验的技术转移机构", count, remark=_stock_remark(target, base))


def _new_agencies(session: Session, target: Target, base: Progress) -> Progress:
    """Count agencies by the day they were first verified; those the operator entered, by that day."""
    verified = (
        select(func.min(AuditEvent.at))
        .where(
            AuditEvent.entity == "organisation",
            AuditEvent.entity_id == Organisation.id,
            AuditEvent.action == "organisation.verify",
            AuditEvent.details["to"].as_string() == OrganisationStatus.VERIFIED.value,
        )
        .correlate(Organisation)
        .scalar_subquery()
    )
    moment = func.coalesce(verified, Organisation.created_at)
    statement = select(func.count(Organisation.id)).where(
        *_verified_agency(target), *_within(target, base, Organisation.region_code, moment)
    )
    remark = "按首次在本市场核验通过的日期统计，不等于期内新设立的机构；未在本市场登记的不计。"
    return _counted(target, base, "期内新核验的技术转移机构", session.scalar(statement), remark=remark)


def _affiliated_brokers(session: Session, target: Target, base: Progress) -> Progress:
    statement = (
        select(func.count(User.id))
        .join(User.organisation)
        .where(User.active, User.role == Role.BROKER, *_verified_agency(target))
    )
    remark = _stock_remark(target, base)
    return _counted(target, base, "已核验机构的在用技术经理人账号", session.scalar(statement), remark=remark)


def _verified_agency(target: Target) -> list[ColumnElement[bool]]:
    return [
        Organisation.kind == OrganisationKind.AGENCY,
        Organisation.status == OrganisationStatus.VERIFIED,
        Organisation.region_code.startswith(region_prefix(target.region_code)),
    ]


def _stock_remark(target: Target, base: Progress) -> str:
    words = "按本市场登记的机构统计，未在本市场登记的不计。"
    if target.period_end is not None and base.as_of > target.period_end:
        words += f"此为{base.as_of.isoformat()}的数，不是{target.period_end.isoformat()}的期末数。"
    return words


def _landed(session: Session, target: Target, base: Progress) -> list[int]:
    """Return the credited part of every live contract of the year with a buyer in the region, in fen.

    A brokerage contract that names the contract it brokered is left out: the deal is counted already.
    """
    assert base.year is not None, "rankings are by year"
    rows = session.execute(
        select(Contract.total_amount_fen, func.sum(Attribution.share_bp))
        .join(ContractParty, Contract.buyer_id == ContractParty.id)
        .join(Attribution, Attribution.contract_id == Contract.id)
        .where(
            Contract.status.in_(sorted(LIVE)),
            Contract.brokered_id.is_(None),
            Contract.registered_on.between(date(base.year, 1, 1), date(base.year, 12, 31)),
            ContractParty.region_code.startswith(region_prefix(target.region_code)),
            Attribution.withdrawn_at.is_(None),
        )
        .group_by(Contract.id, Contract.total_amount_fen)
    )
    return [_share(total_fen, int(share_bp)) for total_fen, share_bp in rows]


def _share(total_fen: int, share_bp: int) -> int:
    return int((Decimal(total_fen) * share_bp / WHOLE_BP).quantize(Decimal(1), ROUND_HALF_UP))


def _landed_deals(session: Session, target: Target, base: Progress) -> Progress:
    reading = count_reading(target, "机构促成的合同", len(_landed(session, target, base)))
    return replace(base, measure=Measure.ABSORBED, reading=reading, remark=LANDED_REMARK)


def _landed_amount(session: Session, target: Target, base: Progress) -> Progress:
    reading = amount_reading(target, "机构促成的合同成交额", sum(_landed(session, target, base)))
    return replace(base, measure=Measure.ABSORBED, reading=reading, remark=LANDED_REMARK)


Compute = Callable[[Session, Target, Progress], Progress]

COMPUTED: Mapping[tuple[str, Basis], Compute] = {
    ("valid_needs", Basis.CUMULATIVE): _valid_needs,
    ("published_listings", Basis.CUMULATIVE): _published_listings,
    ("transfer_agencies", Basis.STOCK): _agencies,
    ("new_transfer_agencies", Basis.INCREASE): _new_agencies,
    ("affiliated_brokers", Basis.STOCK): _affiliated_brokers,
    ("agency_landed_deals", Basis.RANKING): _landed_deals,
    ("agency_landed_amount", Basis.RANKING): _landed_amount,
}
"""Indicators that the market's own tables hold, contract amounts apart."""

UNPUBLISHED: Mapping[str, str] = {
    "agency_landed_deals": LANDED_UNPUBLISHED,
    "agency_landed_amount": LANDED_UNPUBLISHED,
}
"""What those who do not answer for the region are told of indicators that are not public."""
