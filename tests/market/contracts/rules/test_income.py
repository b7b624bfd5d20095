"""What may be verified of technical income."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.contracts.rules.income import Ceiling, Receipt, ceiling_faults, form_faults

TODAY = date(2025, 6, 10)
RECEIPT = Receipt(date(2025, 1, 1), date(2025, 3, 31), 50_000, 10_000, bonus_fen=20_000)
CEILING = Ceiling(total_amount_fen=100_000, tech_amount_fen=80_000, is_estimate=False)
SECOND = replace(RECEIPT, received_from=date(2025, 4, 1), received_to=date(2025, 6, 10))


def form_codes(receipt: Receipt) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.code) for fault in form_faults(receipt, today=TODAY)]


def ceiling_codes(receipt: Receipt, *verified: Receipt, ceiling: Ceiling = CEILING) -> list[tuple[str, str]]:
    found = ceiling_faults(receipt, verified=verified, ceiling=ceiling)
    return [(fault.pointer, fault.code) for fault in found]


def test_a_good_receipt() -> None:
    assert form_codes(RECEIPT) == []
    assert RECEIPT.income_fen == 40_000


@pytest.mark.parametrize(
    ("receipt", "fault"),
    [
        (replace(RECEIPT, received_to=date(2024, 12, 31)), ("/received_to", "bad-period")),
        (replace(RECEIPT, received_to=date(2025, 6, 11)), ("/received_to", "received-in-future")),
        (replace(RECEIPT, deducted_fen=50_001), ("/deducted_fen", "bad-amount")),
        (replace(RECEIPT, bonus_fen=40_001), ("/bonus_fen", "bonus-exceeds-income")),
    ],
)
def test_bad_receipts(receipt: Receipt, fault: tuple[str, str]) -> None:
    assert form_codes(receipt) == [fault]


def test_nothing_received() -> None:
    assert ("/received_fen", "bad-amount") in form_codes(replace(RECEIPT, received_fen=0, deducted_fen=0))


def test_two_quarters_reach_the_contract_exactly() -> None:
    assert ceiling_codes(SECOND, RECEIPT) == []


def test_one_fen_too_much() -> None:
    over = replace(SECOND, deducted_fen=SECOND.deducted_fen - 1)
    assert ceiling_codes(over, RECEIPT) == [("/deducted_fen", "income-exceeds-contract")]
    more = replace(SECOND, received_fen=50_001, deducted_fen=10_001)
    assert ceiling_codes(more, RECEIPT) == [("/received_fen", "income-exceeds-contract")]


def test_an_estimate_must_be_settled_first() -> None:
    over = replace(SECOND, deducted_fen=0)
    codes = ceiling_codes(over, RECEIPT, ceiling=replace(CEILING, is_estimate=True))
    assert codes == [("/deducted_fen", "settlement-needed")]


@given(st.integers(0, 60), st.integers(0, 30), st.integers(0, 60), st.integers(0, 30))
def test_periods_overlap_if_and_only_if_a_day_is_in_both(a: int, n: int, b: int, m: int) -> None:
    first, other = (
        Receipt(TODAY + timedelta(start), TODAY + timedelta(start + length), 1, 0)
        for start, length in ((a, n), (b, m))
    )
    common = set(range(a, a + n + 1)) & set(range(b, b + m + 1))
    overlaps = ("/received_from", "period-overlaps") in ceiling_codes(first, other)
    assert overlaps == bool(common)
