"""Contracts that look like one contract cut into pieces."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from market.contracts.form_rules import plain
from market.oversight.rules.findings import (
    ContractFacts,
    Finding,
    FindingKind,
    Pairs,
    Severity,
    total_text,
)
from market.typesetting.amounts import wan_text

SPLIT_DAYS = 30
"""Pieces of one deal are signed together or shortly one after another."""

ALIKE_PERCENT = 75
"""Names are alike from this share of common pairs of characters on (Dice 1945)."""

NEIGHBOURS = 50
"""How many later contracts of the same pair one is compared with; more only cost time."""

_NUMBERING = re.compile(
    r"[（(]?第?[0-9一二三四五六七八九十ivx]+[）)]?[期阶段批部分次包项]*|[（()）\-—_#:：、,，.。]"
)


def find_split(pairs: Pairs) -> Iterator[Finding]:
    """Find contracts of one pair with like names and near days, each below the threshold of large ones."""
    for found in pairs.values():
        small = [contract for contract in found if contract.counts_fen < contract.large_from_fen]
        for pieces in _clusters(small):
            together = sum(contract.counts_fen for contract in pieces)
            large = together >= pieces[0].large_from_fen
            verdict = "已达" if large else "未达"
            yield Finding(
                FindingKind.SPLIT,
                Severity.HIGH if large else Severity.LOW,
                f"“{pieces[0].seller_name}”与“{pieces[0].buyer_name}”签订的{len(pieces)}项合同名称相近"
                f"（如“{pieces[0].project_name}”），相邻签订日相隔不超过{SPLIT_DAYS}天，成交额合计{total_text(pieces)}；"
                f"单项均未达大额标准（{wan_text(pieces[0].large_from_fen)}万元），合并后{verdict}。",
                pieces,
            )


def are_alike(one: str, other: str) -> bool:
    """Tell whether two project names differ by little more than a number."""
    pairs = [_pairs(name) for name in (one, other)]
    if not all(pairs):
        return plain(one) == plain(other)
    common = len(pairs[0] & pairs[1])
    return 200 * common >= ALIKE_PERCENT * (len(pairs[0]) + len(pairs[1]))


def _pairs(name: str) -> frozenset[str]:
    bare = _NUMBERING.sub("", plain(name))
    return frozenset(bare[at : at + 2] for at in range(len(bare) - 1))


def _clusters(contracts: Sequence[ContractFacts]) -> Iterator[tuple[ContractFacts, ...]]:
    """Yield two or more contracts, each linked to another by a like name and a near day."""
    group = list(range(len(contracts)))

    def leader(index: int) -> int:
        while group[index] != index:
            index = group[index]
        return index

    for first, contract in enumerate(contracts):
        for second in range(first + 1, min(first + 1 + NEIGHBOURS, len(contracts))):
            other = contracts[second]
            if (other.signed_on - contract.signed_on).days > SPLIT_DAYS:
                break
            ahead, behind = sorted((leader(first), leader(second)))
            if ahead != behind and are_alike(contract.project_name, other.project_name):
                group[behind] = ahead
    clusters: dict[int, list[ContractFacts]] = {}
    for index, contract in enumerate(contracts):
        clusters.setdefault(leader(index), []).append(contract)
    for cluster in clusters.values():
        if len(cluster) > 1:
            yield tuple(cluster)
