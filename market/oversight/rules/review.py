"""All looks into the registrations of one year together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from market.oversight.rules.amounts import find_below_threshold, find_odd_shares, find_round_year_ends
from market.oversight.rules.completeness import find_incomplete
from market.oversight.rules.findings import ContractFacts, Finding, NotJudged, by_pair
from market.oversight.rules.parties import REPEAT_DAYS, find_reciprocal, find_related, find_repeated
from market.oversight.rules.splitting import SPLIT_DAYS, find_split

LOOK_BACK_DAYS = max(REPEAT_DAYS, SPLIT_DAYS)
"""How far before the year contracts are looked at too, so that a series over New Year is seen whole."""


@dataclass(frozen=True, slots=True)
class YearReview:
    """What was looked at and found; the gravest findings first."""

    year: int
    contracts: int
    findings: tuple[Finding, ...]
    not_judged: tuple[NotJudged, ...]


def review_year(contracts: Sequence[ContractFacts], *, year: int) -> YearReview:
    """Look into the registrations of a year.

    Args:
        contracts: registered in the year, and `LOOK_BACK_DAYS` before it.
        year: which one. Findings that concern none of its contracts are left to the year before.
    """
    own = [contract for contract in contracts if contract.registered_on.year == year]
    pairs = by_pair(contracts)
    series = [
        finding
        for look in (find_repeated, find_reciprocal, find_split)
        for finding in look(pairs)
        if any(contract.registered_on.year == year for contract in finding.contracts)
    ]
    rounds, too_few = find_round_year_ends(own)
    shares, too_small = find_odd_shares(own)
    findings = [
        *series,
        *find_related(by_pair(own)),
        *find_below_threshold(own),
        *shares,
        *rounds,
        *find_incomplete(own),
    ]
    return YearReview(
        year=year,
        contracts=len(own),
        findings=tuple(sorted(findings, key=lambda finding: finding.order)),
        not_judged=(*too_few, *too_small),
    )
