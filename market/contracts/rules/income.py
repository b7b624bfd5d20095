"""Rules of technical income (技术性收入): what may be verified under a contract."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from market.contracts.rules.workflow import IncomeStatus
from market.errors import FieldError

INCOME_STATUS_NAMES: Mapping[IncomeStatus, str] = {
    IncomeStatus.SUBMITTED: "待核定",
    IncomeStatus.RETURNED: "退回补正",
    IncomeStatus.VERIFIED: "已核定",
    IncomeStatus.REFUSED: "不予核定",
    IncomeStatus.VOID: "已失效",
}

OPEN_INCOME = frozenset({IncomeStatus.SUBMITTED, IncomeStatus.RETURNED})
"""States in which a verification still awaits an answer."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money received under a contract within a period, in fen; both days belong to it."""

    received_from: date
    received_to: date
    received_fen: int
    deducted_fen: int
    bonus_fen: int | None = None

    @property
    def income_fen(self) -> int:
        """The technical income: what was received less equipment, parts and material."""
        return self.received_fen - self.deducted_fen


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The amounts of the contract that its income must stay within, in fen."""

    total_amount_fen: int
    tech_amount_fen: int
    is_estimate: bool


def form_faults(receipt: Receipt, *, today: date) -> Iterator[FieldError]:
    """Find what is wrong with a receipt by itself."""
    if receipt.received_to < receipt.received_from:
        yield FieldError("/received_to", "bad-period", "收款期间的截止日期不能早于起始日期。")
    if receipt.received_to > today:
        yield FieldError("/received_to", "received-in-future", "收款期间不能超过今天。")
    if receipt.received_fen <= 0:
        yield FieldError("/received_fen", "bad-amount", "实际收款必须大于零。")
    if not 0 <= receipt.deducted_fen <= receipt.received_fen:
        yield FieldError("/deducted_fen", "bad-amount", "扣除的设备、材料等费用不能大于实际收款。")
    elif receipt.bonus_fen is not None and receipt.bonus_fen > receipt.income_fen:
        yield FieldError("/bonus_fen", "bonus-exceeds-income", "奖酬金不能大于技术性收入。")


def ceiling_faults(
    receipt: Receipt, *, verified: Iterable[Receipt], ceiling: Ceiling
) -> Iterator[FieldError]:
    """Find what keeps a receipt from being verified beside those that are.

    Args:
        receipt: the one to verify.
        verified: all of the same contract that have been.
        ceiling: amounts of the contract.
    """
    before = list(verified)
    if any(
        other.received_from <= receipt.received_to and receipt.received_from <= other.received_to
        for other in before
    ):
        yield FieldError("/received_from", "period-overlaps", "该期间与已核定的收款期间重叠，不得重复核定。")
    for pointer, sum_fen, limit_fen, name, limit_name in (
        (
            "/received_fen",
            receipt.received_fen + sum(other.received_fen for other in before),
            ceiling.total_amount_fen,
            "实际收款",
            "合同成交额",
        ),
        (
            "/deducted_fen",
            receipt.income_fen + sum(other.income_fen for other in before),
            ceiling.tech_amount_fen,
            "技术性收入",
            "技术交易额",
        ),
    ):
        if sum_fen <= limit_fen:
            continue
        if ceiling.is_estimate:
            yield FieldError(
                pointer,
                "settlement-needed",
                f"累计{name}超过预估的{limit_name}，请先就提成金额办理结算变更，再申请核定。",
            )
        else:
            yield FieldError(pointer, "income-exceeds-contract", f"累计{name}不能超过登记的{limit_name}。")
