"""What looks odd about amounts: round at the year's end, technical share off the norm, just not large."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from market.oversight.rules.findings import (
    ContractFacts,
    Finding,
    FindingKind,
    NotJudged,
    Severity,
    by_signing,
    percent_text,
    total_text,
)
from market.typesetting.amounts import wan_text

ROUND_FEN = 10_000_000
"""100 000 yuan: an amount that ends in five zeros or more, in yuan."""

MIN_DECEMBER, MIN_REST = 10, 30
"""Contracts below which a share says nothing."""

ROUND_EXCESS_POINTS = 20
Z_SQUARED = Fraction(541, 100)
"""Square of 2.326: one chance in a hundred, one-sided (two proportions with a pooled variance)."""

MIN_TYPE = 20
"""Contracts of a type below which no norm can be told."""

Z_MODIFIED = Fraction(35, 10)
MAD_SCALE = Fraction(6745, 10_000)
MEAN_SCALE = Fraction(1_253_314, 1_000_000)
"""Modified z-score and its limit: Iglewicz and Hoaglin 1993, "How to Detect and Handle Outliers".

Where more than half of a type have the same share the median deviation is 0; the mean deviation then takes
its place, scaled to a standard deviation as they propose.
"""

MIN_OFF_BP = 2000
"""Twenty points: in a type that hardly varies, less is far off by the score and of no matter."""

NEARLY_NOTHING_BP = 500
"""A share below this: goods or building work, registered as technology."""

NEAR_PERCENT = 95
"""From this part of the threshold on an amount lies just below it."""


def find_round_year_ends(
    contracts: Sequence[ContractFacts],
) -> tuple[list[Finding], list[NotJudged]]:
    """Find stations where round amounts were far more frequent in December than before."""
    stations: dict[int, list[ContractFacts]] = {}
    for contract in contracts:
        stations.setdefault(contract.station_id, []).append(contract)
    findings: list[Finding] = []
    not_judged: list[NotJudged] = []
    for station_id, found in sorted(stations.items()):
        december = [contract for contract in found if contract.registered_on.month == 12]
        rest = [contract for contract in found if contract.registered_on.month != 12]
        name = found[0].station_name
        if len(december) < MIN_DECEMBER or len(rest) < MIN_REST:
            not_judged.append(
                NotJudged(
                    FindingKind.YEAR_END_ROUND,
                    f"“{name}”12月登记{len(december)}项、其余月份{len(rest)}项，"
                    f"不足{MIN_DECEMBER}项和{MIN_REST}项，不作比较。",
                )
            )
            continue
        round_then = [contract for contract in december if is_round(contract.total_fen)]
        round_else = sum(is_round(contract.total_fen) for contract in rest)
        if not is_excess(len(round_then), len(december), round_else, len(rest)):
            continue
        findings.append(
            Finding(
                FindingKind.YEAR_END_ROUND,
                Severity.MEDIUM,
                f"“{name}”12月登记的{len(december)}项中，成交额为10万元整倍数的有{len(round_then)}项，占"
                f"{percent_text(len(round_then), len(december))}；其余月份为"
                f"{percent_text(round_else, len(rest))}（{round_else}/{len(rest)}项）。",
                by_signing(round_then),
                str(station_id),
            )
        )
    return findings, not_judged


def is_round(total_fen: int) -> bool:
    """Tell whether an amount ends in five zeros or more, in yuan."""
    return total_fen % ROUND_FEN == 0


def is_excess(hits: int, tries: int, other_hits: int, other_tries: int) -> bool:
    """Tell whether the first share lies far above the second, beyond chance; in whole numbers."""
    gap = hits * other_tries - other_hits * tries
    if gap * 100 < ROUND_EXCESS_POINTS * tries * other_tries:
        return False
    all_hits, all_tries = hits + other_hits, tries + other_tries
    variance = tries * other_tries * all_hits * (all_tries - all_hits)
    return variance == 0 or gap * gap * all_tries >= Z_SQUARED * variance


def find_odd_shares(
    contracts: Sequence[ContractFacts],
) -> tuple[list[Finding], list[NotJudged]]:
    """Find contracts whose technical share lies far off those of their type."""
    types: dict[str, list[ContractFacts]] = {}
    for contract in contracts:
        types.setdefault(contract.type_code, []).append(contract)
    findings: list[Finding] = []
    not_judged: list[NotJudged] = []
    for code, found in sorted(types.items()):
        if len(found) < MIN_TYPE:
            not_judged.append(
                NotJudged(
                    FindingKind.TECH_SHARE, f"{code}类合同只有{len(found)}项，不足{MIN_TYPE}项，看不出常态。"
                )
            )
            continue
        shares = [contract.tech_share_bp for contract in found]
        middle = twice_median(shares)
        distances = [abs(2 * share - middle) for share in shares]
        limit = _outlier_limit(distances)
        findings.extend(
            _odd_share(contract, middle, count=len(found))
            for contract, distance in zip(found, distances, strict=True)
            if distance >= 2 * MIN_OFF_BP and distance > limit
        )
    return findings, not_judged


def twice_median(values: Sequence[int]) -> int:
    """Return twice the middle value, which is whole for an even number of values too."""
    ranked = sorted(values)
    return ranked[(len(ranked) - 1) // 2] + ranked[len(ranked) // 2]


def _outlier_limit(distances: Sequence[int]) -> Fraction:
    """Return the distance from the middle above which a value is an outlier."""
    deviation = Fraction(twice_median(distances), 2)
    if deviation:
        return Z_MODIFIED * deviation / MAD_SCALE
    return Z_MODIFIED * MEAN_SCALE * Fraction(sum(distances), len(distances))


def _odd_share(contract: ContractFacts, middle: int, *, count: int) -> Finding:
    return Finding(
        FindingKind.TECH_SHARE,
        Severity.HIGH if contract.tech_share_bp < NEARLY_NOTHING_BP else Severity.MEDIUM,
        f"“{contract.project_name}”技术交易额{wan_text(contract.tech_fen)}万元，占成交额"
        f"{percent_text(contract.tech_fen, contract.total_fen)}；所查同类{count}项合同的中位数为"
        f"{percent_text(middle, 20_000)}。",
        (contract,),
    )


def find_below_threshold(contracts: Sequence[ContractFacts]) -> Iterator[Finding]:
    """Find sellers with contracts just below the amount from which a second approver decides."""
    sellers: dict[str, list[ContractFacts]] = {}
    for contract in contracts:
        if is_just_below(contract.counts_fen, contract.large_from_fen):
            sellers.setdefault(contract.seller, []).append(contract)
    for found in sellers.values():
        near = by_signing(found)
        yield Finding(
            FindingKind.BELOW_THRESHOLD,
            Severity.LOW if len(near) == 1 else Severity.MEDIUM if len(near) == 2 else Severity.HIGH,
            f"“{near[0].seller_name}”有{len(near)}项合同的金额在大额标准"
            f"（{wan_text(near[0].large_from_fen)}万元）的{NEAR_PERCENT}%以上而未达标准，"
            f"成交额合计{total_text(near)}；未达标准的不经大额复审。",
            near,
        )


def is_just_below(counts_fen: int, large_from_fen: int) -> bool:
    """Tell whether an amount lies within the last twentieth below the threshold."""
    return large_from_fen * NEAR_PERCENT <= counts_fen * 100 < large_from_fen * 100
