"""Progress with the deals that agencies landed in a region, as their yearly ranking counts them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.contracts.models import Attribution, Contract, ContractParty
from market.contracts.rules import LIVE
from market.reference.rules import region_prefix
from market.turnover.models import Target
from market.turnover.progress.counting import REGIONS
from market.turnover.progress.model import Progress, amount_reading, count_reading
from market.turnover.rules import Measure

DEALS = "agency_landed_deals"
LANDED = frozenset({DEALS, "agency_landed_amount"})
"""Indicators that are answered here."""

WHOLE_BP = 10_000
"""Basis points of a whole contract."""

DEFINITION = (
    "登记日期在当年、登记有效、记有机构促成份额的合同，按吸纳方所在地统计，"
    "只计登记在案的促成份额；同一合同的中介合同不重复计算。"
)
REMARK = "全部机构合计。"
NOT_PUBLISHED = "尚未发布：主管部门发布技术转移机构年度排名（/api/v1/rankings）后可见。"
RANKINGS_NOTE = "排名按机构列出，逐份合同见排名中各机构的合同。"


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


def landed(session: Session, target: Target, base: Progress, *, live: bool) -> Progress:
    """Tell how many deals agencies brought to landing in a year, or how much they were worth.

    Args:
        session: open session.
        target: one of the indicators of `LANDED`.
        base: what is known before counting.
        live: whether the reader may see what no ranking has published.
    """
    if not live:
        return replace(base, missing_source=NOT_PUBLISHED)
    parts = _landed(session, target, base)
    reading = (
        count_reading(target, "机构促成的合同", len(parts))
        if target.indicator == DEALS
        else amount_reading(target, "机构促成的合同成交额", sum(parts))
    )
    return replace(
        base,
        measure=Measure.ABSORBED,
        reading=reading,
        definition=f"{DEFINITION}{REGIONS}统计年度为{base.year}年。",
        records=(f"/api/v1/rankings?region={target.region_code}&year={base.year}",),
        records_note=RANKINGS_NOTE,
        remark=REMARK,
    )
