"""What a whole file says about itself before a row of it is believed: units of money, and lists of countries.

One amount says little, since contracts run from hundreds of yuan to billions. The median of many does: it is
hardly ever ten times off from one city to another, and ten thousand times off when yuan were taken for 万元.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median_low

from market.exchange.rules.field import CUSTOMS
from market.exchange.rules.mapping import UNIT_FEN, ColumnMapping, MappedColumn

AMOUNTS = ("total_amount_fen", "tech_amount_fen")

USUAL_FEN: Mapping[str, int] = {
    "KF": 30_000_000,
    "ZR": 30_000_000,
    "XK": 30_000_000,
    "ZX": 10_000_000,
    "FW": 10_000_000,
}
"""Middle amounts by type, for a market that has too few contracts to tell its own.

Estimates of ours: bulletins state means only (253.2万元 in 2013, all types), and means of such amounts lie
far above the middle. They need only be right to a factor of thirty.
"""

TOO_FAR = 1000
"""Times that a median may differ from the usual one; a wrong unit differs by about ten thousand."""

FEW = 5
"""Rows of a type below which their median says nothing."""

CHINA_ISO = "156"
CHINA_CUSTOMS = "142"


@dataclass(frozen=True, slots=True)
class Doubt:
    """Amounts that look like another unit of money.

    Attributes:
        column: where they stand.
        type_code: of these contracts.
        rows: how many there are.
        median_fen: their median as it was read.
        usual_fen: what contracts of the type usually come to.
    """

    column: MappedColumn
    type_code: str
    rows: int
    median_fen: int
    usual_fen: int


@dataclass(slots=True)
class Survey:
    """What was seen in a file's rows: amounts by column and type, and how often a column says China."""

    amounts: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    countries: Counter[tuple[int, str]] = field(default_factory=Counter)

    def see_amount(self, name: str, type_code: str, fen: int) -> None:
        """Note an amount of a contract of this type."""
        self.amounts.setdefault((name, type_code), []).append(fen)

    def see_country(self, column: MappedColumn, text: str) -> None:
        """Note a number that stands for a country."""
        if text in {CHINA_ISO, CHINA_CUSTOMS}:
            self.countries[column.index, text] += 1


def doubts(survey: Survey, mapping: ColumnMapping, usual: Mapping[str, int]) -> list[Doubt]:
    """Return the columns and types whose amounts look like another unit of money.

    Args:
        survey: what was seen.
        mapping: of the file.
        usual: middle amount by type, in fen; other types are not judged.
    """
    found = []
    for (name, type_code), amounts in sorted(survey.amounts.items(), key=_in_order):
        column, expected = mapping.column_of(name), usual.get(type_code)
        if column is None or expected is None or len(amounts) < FEW:
            continue
        middle = median_low(amounts)
        if middle * TOO_FAR <= expected or middle >= expected * TOO_FAR:
            found.append(Doubt(column, type_code, len(amounts), middle, expected))
    return found


def _in_order(seen: tuple[tuple[str, str], list[int]]) -> tuple[int, str]:
    (name, type_code), _ = seen
    return AMOUNTS.index(name), type_code


def doubt_detail(doubt: Doubt, *, type_name: str) -> str:
    """Say in Chinese what was seen."""
    unit = doubt.column.unit
    read_as = f"按“{unit}”读入" if unit is not None else "按单元格中的单位读入"
    seen, usual = plain_yuan(doubt.median_fen), plain_yuan(doubt.usual_fen)
    low, high = sorted((doubt.median_fen, doubt.usual_fen))
    return (
        f"“{doubt.column.column}”一列{read_as}，{doubt.rows}项{type_name}合同的中位数为{seen}，"
        f"而这类合同通常约为{usual}，相差约{high // max(low, 1)}倍，单位可能有误。"
        "请核对列名中的单位，或指明单位；确认无误的，请确认单位后再导入。"
    )


def plain_yuan(fen: int) -> str:
    """Return an amount in the unit people would say it in, to two places at most."""
    unit = next((name for name in ("亿元", "万元") if fen >= UNIT_FEN[name]), "元")
    whole, rest = divmod(fen * 100 // UNIT_FEN[unit], 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") + unit


def with_customs(mapping: ColumnMapping, survey: Survey) -> ColumnMapping:
    """Return a mapping in which columns of the customs' country codes are read as such.

    The two lists give some numbers two meanings, but China, which stands in nearly every row, has one in
    each: a column with 142 and without 156 is the customs'. What the user chose stays.
    """
    return ColumnMapping(
        columns=tuple(
            MappedColumn(each.column, each.index, each.field, CUSTOMS, each.chosen)
            if _is_customs(each, survey.countries)
            else each
            for each in mapping.columns
        ),
        unmapped=mapping.unmapped,
    )


def _is_customs(column: MappedColumn, seen: Mapping[tuple[int, str], int]) -> bool:
    return (
        column.unit is None
        and seen.get((column.index, CHINA_CUSTOMS), 0) > 0
        and seen.get((column.index, CHINA_ISO), 0) == 0
    )


def middle_amounts(recent: Mapping[str, Iterable[int]], *, enough: int) -> dict[str, int]:
    """Return the usual amount by type: the market's own median, or an estimate where it has too few.

    Args:
        recent: amounts of registered contracts in fen, by type.
        enough: from how many contracts on their median is taken.
    """
    usual = dict(USUAL_FEN)
    for type_code, amounts in recent.items():
        known = list(amounts)
        if len(known) >= enough:
            usual[type_code] = max(1, median_low(known))
    return usual
