"""What looks odd about who deals with whom: often, in turn, or with themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from market.oversight.rules.findings import (
    ContractFacts,
    Finding,
    FindingKind,
    Pairs,
    Severity,
    by_signing,
    percent_text,
    total_text,
)

REPEATS = 3
REPEAT_DAYS = 90
"""So many contracts of one pair within so many days: a quarter seldom holds more separate projects."""

REPEATS_GRAVE = 5
LIKE_AMOUNTS_PERCENT = 80
"""From this ratio on the sums of both directions cancel out, as in deals made for their figures' sake."""

CORE_LENGTH = 4
"""Shorter names, as those of persons, occur in others by chance."""

_FORM = re.compile(r"[（(].*?[）)]|股份有限公司|有限责任公司|有限公司|集团|公司$|\s")


def find_repeated(pairs: Pairs) -> Iterator[Finding]:
    """Find pairs that signed three contracts or more within 90 days."""
    for found in pairs.values():
        for run in _dense_runs(found):
            days = (run[-1].signed_on - run[0].signed_on).days + 1
            yield Finding(
                FindingKind.REPEATED_PARTIES,
                Severity.HIGH if len(run) >= REPEATS_GRAVE else Severity.MEDIUM,
                f"“{run[0].seller_name}”与“{run[0].buyer_name}”在{run[0].signed_on}至{run[-1].signed_on}"
                f"（{days}天）内签订{len(run)}项合同，成交额合计{total_text(run)}；"
                f"同一双方{REPEAT_DAYS}天内达{REPEATS}项的，应核对是否为同一项目。",
                run,
            )


def _dense_runs(contracts: Sequence[ContractFacts]) -> Iterator[tuple[ContractFacts, ...]]:
    """Yield what lies in some window of enough contracts, windows that share a contract joined."""
    start, end = 0, -1  # the run so far, both included; empty while end < start
    for first in range(len(contracts) - REPEATS + 1):
        last = first + REPEATS - 1
        if (contracts[last].signed_on - contracts[first].signed_on).days > REPEAT_DAYS:
            continue
        if first > end:
            if end >= start:
                yield tuple(contracts[start : end + 1])
            start = first
        end = last
    if end >= start:
        yield tuple(contracts[start : end + 1])


def find_reciprocal(pairs: Pairs) -> Iterator[Finding]:
    """Find pairs of which each sold to the other."""
    for (seller, buyer), there in pairs.items():
        back = pairs.get((buyer, seller))
        if back is None or not seller < buyer:  # each pair once
            continue
        sums = sorted(sum(contract.total_fen for contract in way) for way in (there, back))
        alike = sums[0] * 100 >= sums[1] * LIKE_AMOUNTS_PERCENT
        yield Finding(
            FindingKind.RECIPROCAL,
            Severity.HIGH if alike else Severity.MEDIUM,
            f"“{there[0].seller_name}”向“{there[0].buyer_name}”出售{len(there)}项（{total_text(there)}），"
            f"又向其购买{len(back)}项（{total_text(back)}），两个方向金额之比为{percent_text(*sums)}。",
            by_signing([*there, *back]),
        )


def find_related(pairs: Pairs) -> Iterator[Finding]:
    """Find contracts with oneself, between namesakes that did not declare it, and those declared."""
    for found in pairs.values():
        seller, buyer = found[0].seller_name, found[0].buyer_name
        if found[0].seller == found[0].buyer:
            yield Finding(
                FindingKind.RELATED,
                Severity.HIGH,
                f"“{seller}”与自己签订了{len(found)}项合同，成交额合计{total_text(found)}。",
                tuple(found),
                "self",
            )
            continue
        declared = tuple(contract for contract in found if contract.related)
        others = tuple(contract for contract in found if not contract.related)
        if declared:
            yield Finding(
                FindingKind.RELATED,
                Severity.LOW,
                f"“{seller}”与“{buyer}”申报为关联交易的合同有{len(declared)}项，成交额合计{total_text(declared)}，"
                "宜核对定价依据。",
                declared,
                "declared",
            )
        if others and are_namesakes(seller, buyer):
            yield Finding(
                FindingKind.RELATED,
                Severity.MEDIUM,
                f"“{seller}”与“{buyer}”名称相承，有{len(others)}项合同（{total_text(others)}）未申报为关联交易。",
                others,
                "undeclared",
            )


def are_namesakes(one: str, other: str) -> bool:
    """Tell whether one name holds the other's distinctive part, as a company's holds its university's."""
    cores = sorted((_FORM.sub("", one), _FORM.sub("", other)), key=len)
    return len(cores[0]) >= CORE_LENGTH and cores[0] in cores[1]
