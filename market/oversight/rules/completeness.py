"""How complete the fields are that the form does not insist on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from market.oversight.rules.findings import (
    ContractFacts,
    Finding,
    FindingKind,
    Severity,
    by_signing,
    percent_text,
)

MIN_ASKED = 10
"""Contracts below which a percentage says nothing about a station."""

WANTED_PERCENT = 80
GRAVE_PERCENT = 50


@dataclass(frozen=True, slots=True)
class OptionalField:
    """A column that may be empty, and what the form calls it."""

    column: str
    name: str


OPTIONAL_FIELDS = (
    OptionalField("subtype_code", "合同小类"),
    OptionalField("licence_kind", "许可方式"),
    OptionalField("valid_to", "有效期限"),
    OptionalField("seo", "社会经济目标"),
    OptionalField("industry_code", "服务的国民经济行业"),
    OptionalField("new_input_fen", "预计新增投入"),
    OptionalField("new_output_fen", "预计新增产值"),
    OptionalField("seller_uscc", "卖方统一社会信用代码"),
    OptionalField("buyer_uscc", "买方统一社会信用代码"),
)
"""In the order of the bits of `ContractFacts.asked` and `missing`."""


@dataclass(frozen=True, slots=True)
class FieldCount:
    """Of how many of a station's contracts a field is asked, and how many have it."""

    station_id: int
    station_name: str
    field: OptionalField
    asked: int
    filled: int

    @property
    def percent(self) -> str | None:
        """Share that has it; None where it was asked of none."""
        return percent_text(self.filled, self.asked) if self.asked else None


def count_fields(contracts: Sequence[ContractFacts]) -> list[FieldCount]:
    """Count filled fields by station, in the order of stations' ids and of the form."""
    counts: dict[int, tuple[str, list[int], list[int]]] = {}
    fields = range(len(OPTIONAL_FIELDS))
    for contract in contracts:
        _, asked, missing = counts.setdefault(
            contract.station_id, (contract.station_name, [0] * len(fields), [0] * len(fields))
        )
        for bit in fields:
            asked[bit] += contract.asked >> bit & 1
            missing[bit] += contract.missing >> bit & 1
    return [
        FieldCount(station_id, name, OPTIONAL_FIELDS[bit], asked[bit], asked[bit] - missing[bit])
        for station_id, (name, asked, missing) in sorted(counts.items())
        for bit in fields
    ]


def find_incomplete(contracts: Sequence[ContractFacts]) -> Iterator[Finding]:
    """Find fields that a station leaves empty too often, with the contracts that lack them."""
    stations: dict[int, list[ContractFacts]] = {}
    for contract in contracts:
        stations.setdefault(contract.station_id, []).append(contract)
    for count in count_fields(contracts):
        if count.asked < MIN_ASKED or count.filled * 100 >= WANTED_PERCENT * count.asked:
            continue
        bit = OPTIONAL_FIELDS.index(count.field)
        lacking = [contract for contract in stations[count.station_id] if contract.missing >> bit & 1]
        yield Finding(
            FindingKind.INCOMPLETE,
            Severity.LOW if count.filled * 100 >= GRAVE_PERCENT * count.asked else Severity.MEDIUM,
            f"“{count.station_name}”登记的{count.asked}项合同应有“{count.field.name}”，填写的{count.filled}项，占"
            f"{count.percent}，低于{WANTED_PERCENT}%。",
            by_signing(lacking),
            f"{count.station_id}-{count.field.column}",
        )
