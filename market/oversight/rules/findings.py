"""What all looks into registrations have in common: the facts they see and the findings they make.

A finding is a reason to look at some contracts again, never a verdict; each says its numbers, so that the
reader can judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeAlias

from market.typesetting.amounts import wan_text


class FindingKind(StrEnum):
    """What looks odd."""

    REPEATED_PARTIES = "repeated_parties"
    RECIPROCAL = "reciprocal"
    RELATED = "related"
    SPLIT = "split"
    BELOW_THRESHOLD = "below_threshold"
    TECH_SHARE = "tech_share"
    YEAR_END_ROUND = "year_end_round"
    INCOMPLETE = "incomplete"


FINDING_NAMES: Mapping[FindingKind, str] = {
    FindingKind.REPEATED_PARTIES: "同一双方短期内多次登记",
    FindingKind.RECIPROCAL: "双方互为买卖",
    FindingKind.RELATED: "关联交易",
    FindingKind.SPLIT: "疑似拆分合同",
    FindingKind.BELOW_THRESHOLD: "略低于大额标准",
    FindingKind.TECH_SHARE: "技术交易额占比异常",
    FindingKind.YEAR_END_ROUND: "年末整数金额偏多",
    FindingKind.INCOMPLETE: "选填项缺失较多",
}


class Severity(StrEnum):
    """How soon somebody should look."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


SEVERITY_NAMES: Mapping[Severity, str] = {
    Severity.HIGH: "应核查",
    Severity.MEDIUM: "宜核查",
    Severity.LOW: "供参考",
}


SHOWN = 50
"""Contracts listed with one finding; their number tells of the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFacts:
    """What is looked at of one registered contract.

    Attributes:
        contract_id: its primary key.
        reg_no: registration number.
        station_id: where it was registered.
        station_name: of that station.
        seller: credit code, or name where there is none.
        seller_name: as the contract has it.
        buyer: as `seller`.
        buyer_name: as `seller_name`.
        project_name: full name.
        type_code: contract type.
        signed_on: day of signing.
        registered_on: day of registration.
        total_fen: whole amount, above zero.
        tech_fen: technical part.
        counts_fen: the one of both that decides whether the contract is large.
        large_from_fen: from which amount on it is large, under its own rule set.
        related: whether the parties declared to be related.
        asked: bit i is set where `OPTIONAL_FIELDS[i]` makes sense for the contract.
        missing: bit i is set where it makes sense and is empty.
    """

    contract_id: int
    reg_no: str | None
    station_id: int
    station_name: str
    seller: str
    seller_name: str
    buyer: str
    buyer_name: str
    project_name: str
    type_code: str
    signed_on: date
    registered_on: date
    total_fen: int
    tech_fen: int
    counts_fen: int
    large_from_fen: int
    related: bool = False
    asked: int = 0
    missing: int = 0

    @property
    def tech_share_bp(self) -> int:
        """Technical part in basis points of the whole, rounded down."""
        return self.tech_fen * 10_000 // self.total_fen


@dataclass(frozen=True, slots=True)
class Finding:
    """Some contracts that look odd together.

    Attributes:
        kind: what looks odd.
        severity: how much.
        explanation: why, in Chinese, with the numbers.
        contracts: those involved, by day of signing.
        subject: what tells it from others of its kind and contracts; empty where nothing must.
    """

    kind: FindingKind
    severity: Severity
    explanation: str
    contracts: tuple[ContractFacts, ...]
    subject: str = ""

    @property
    def shown(self) -> tuple[ContractFacts, ...]:
        """The first of them, for a list."""
        return self.contracts[:SHOWN]

    @property
    def order(self) -> tuple[int, int, int, str]:
        """What findings are sorted by: the gravest first; unique among the findings of one look."""
        return (
            list(Severity).index(self.severity),
            list(FindingKind).index(self.kind),
            self.contracts[0].contract_id if self.contracts else 0,
            self.subject,
        )


@dataclass(frozen=True, slots=True)
class NotJudged:
    """Something that could not be judged, and why; said, so that nobody takes silence for a good sign."""

    kind: FindingKind
    reason: str


def by_signing(contracts: Iterable[ContractFacts]) -> tuple[ContractFacts, ...]:
    """Return contracts by day of signing, then id."""
    return tuple(sorted(contracts, key=_signing))


def _signing(contract: ContractFacts) -> tuple[date, int]:
    return contract.signed_on, contract.contract_id


Pairs: TypeAlias = "Mapping[tuple[str, str], Sequence[ContractFacts]]"
"""Contracts by seller and buyer, each by day of signing."""


def by_pair(contracts: Iterable[ContractFacts]) -> Pairs:
    """Return contracts by seller and buyer, each by day of signing, then id."""
    pairs: dict[tuple[str, str], list[ContractFacts]] = {}
    for contract in contracts:
        pairs.setdefault((contract.seller, contract.buyer), []).append(contract)
    for found in pairs.values():
        if len(found) > 1:
            found.sort(key=_signing)
    return pairs


def total_text(contracts: Iterable[ContractFacts]) -> str:
    """Return the sum of contracts' whole amounts for a sentence."""
    return f"{wan_text(sum(contract.total_fen for contract in contracts))}万元"


def percent_text(part: int, whole: int) -> str:
    """Return a share as a percentage with one place, rounded half up, without floats."""
    tenths = (2000 * part + whole) // (2 * whole)
    return f"{tenths // 10}.{tenths % 10}%"
