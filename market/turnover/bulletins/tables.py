"""Which tables a bulletin has: their titles, the lists they follow, and the row a contract falls into."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.contracts.queries import rule_set_on
from market.contracts.rules import LargeBy
from market.reference.models import CodeEntry, Region
from market.reference.queries import list_codes
from market.reference.rules import Scheme, lies_within
from market.turnover.rules import ABROAD, REACH_NAMES, Measure, Reach
from market.typesetting.amounts import in_wan, plain

LOCAL = "local"
"""Key of what stays inside the region, in the tables of flows."""


class TableKey(StrEnum):
    """The tables of a bulletin, in the order of print."""

    MONTH = "month"
    TYPE = "type"
    FIELD = "field"
    SELLER_NATURE = "seller_nature"
    BUYER_NATURE = "buyer_nature"
    IP_KIND = "ip_kind"
    PLAN_SOURCE = "plan_source"
    REACH = "reach"
    LARGE = "large"
    REGION_OUTPUT = "region_output"
    REGION_ABSORBED = "region_absorbed"
    FLOW_OUT = "flow_out"
    FLOW_IN = "flow_in"


@dataclass(frozen=True, slots=True)
class TableKind:
    """What stays the same about a table.

    Attributes:
        title: above the table.
        heading: above its first column.
        measure: whose contracts it holds.
        ranked: whether rows stand by amount, largest first, rather than in the order of their list.
        rest: the row that is left when the others are summed up under `subtotal`; None without one.
        subtotal: what the sum of all other rows is called.
    """

    title: str
    heading: str
    measure: Measure = Measure.REGISTERED
    ranked: bool = False
    rest: str | None = None
    subtotal: str | None = None


TABLES: Mapping[TableKey, TableKind] = {
    TableKey.MONTH: TableKind("分月登记情况", "月份"),
    TableKey.TYPE: TableKind("按合同类别", "合同类别"),
    TableKey.FIELD: TableKind("按技术领域", "技术领域"),
    TableKey.SELLER_NATURE: TableKind("按卖方性质", "卖方性质"),
    TableKey.BUYER_NATURE: TableKind("按买方性质", "买方性质"),
    TableKey.IP_KIND: TableKind("按知识产权", "知识产权类型", rest="90", subtotal="涉及知识产权"),
    TableKey.PLAN_SOURCE: TableKind("按计划来源", "计划来源"),
    TableKey.REACH: TableKind("涉外情况", "合同范围", rest=Reach.DOMESTIC, subtotal="涉外"),
    TableKey.LARGE: TableKind("大额合同", "合同规模"),
    TableKey.REGION_OUTPUT: TableKind("各地区输出技术", "地区", Measure.OUTPUT, ranked=True),
    TableKey.REGION_ABSORBED: TableKind("各地区吸纳技术", "地区", Measure.ABSORBED, ranked=True),
    TableKey.FLOW_OUT: TableKind("输出技术流向", "买方所在地", Measure.OUTPUT, ranked=True),
    TableKey.FLOW_IN: TableKind("吸纳技术来源", "卖方所在地", Measure.ABSORBED, ranked=True),
}

CODE_TABLES: Mapping[TableKey, Scheme] = {
    TableKey.TYPE: Scheme.CONTRACT_TYPE,
    TableKey.FIELD: Scheme.TECH_FIELD,
    TableKey.SELLER_NATURE: Scheme.PARTY_NATURE,
    TableKey.BUYER_NATURE: Scheme.PARTY_NATURE,
    TableKey.IP_KIND: Scheme.IP_KIND,
    TableKey.PLAN_SOURCE: Scheme.PLAN_SOURCE,
}
FULL_LISTS = frozenset({TableKey.TYPE, TableKey.FIELD, TableKey.IP_KIND, TableKey.PLAN_SOURCE})
"""Tables that also show rows of the list in which nothing was counted; the list of natures is too long."""

SPLIT_CLASSES: Mapping[str, str] = {"020": "事业法人"}
"""Main classes shown by their parts: 事业法人 holds institutes, universities and hospitals at once."""

LARGE, OTHER = "large", "other"

_ONLY_NAMES = frozenset({"市辖区", "县"})
_ONLY_WORDS = ("直辖县级", "直辖行政单位")
"""Names of regions that stand for no region of their own; what lies below them is shown instead."""


@dataclass(frozen=True, slots=True)
class Large:
    """From which amount on a contract is called large, and by which of its amounts."""

    from_fen: int
    by: LargeBy

    @property
    def name(self) -> str:
        """The rule in Chinese."""
        amount = "合同成交额" if self.by is LargeBy.TOTAL else "技术交易额"
        return f"{amount}{plain(in_wan(self.from_fen))}万元及以上"


def large_of(session: Session, day: date) -> Large:
    """Return what the registration rules of a day call large."""
    rules = rule_set_on(session, day)
    return Large(rules.large_from_fen, rules.large_by)


@dataclass(frozen=True, slots=True)
class CodeClass:
    """The class a code is shown under."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class CodeList:
    """A list of codes as a table shows it.

    Attributes:
        classes: code to class; a code that stands in no list is its own class.
        order: the classes' keys in the list's order.
        listed: those shown even if nothing is counted in them.
    """

    classes: Mapping[str, CodeClass]
    order: Sequence[str]
    listed: frozenset[str]

    def key_of(self, code: str) -> str:
        """Return the key of the row a code falls into."""
        found = self.classes.get(code)
        return code if found is None else found.key

    def name_of(self, key: str) -> str:
        """Return a row's name."""
        found = self.classes.get(key)
        return key if found is None else found.name


def code_list(session: Session, table: TableKey, *, start: date, end: date) -> CodeList:
    """Return the list a table follows, rolled up to its main classes.

    Args:
        session: open session.
        table: one of CODE_TABLES.
        start: first day of the period; codes that are not valid in it are shown only if counted.
        end: last day.
    """
    entries = {entry.code: entry for entry in list_codes(session, CODE_TABLES[table])}
    classes = {code: _class_of(entry, entries) for code, entry in entries.items()}
    order = list(dict.fromkeys(found.key for found in classes.values()))
    listed = frozenset(
        key for key in order if key in entries and table in FULL_LISTS and _valid(entries[key], start, end)
    )
    return CodeList(classes, order, listed)


def _class_of(entry: CodeEntry, entries: Mapping[str, CodeEntry]) -> CodeClass:
    below: CodeEntry | None = None
    while entry.parent_code is not None and entry.parent_code in entries:
        below, entry = entry, entries[entry.parent_code]
    if below is not None and entry.code in SPLIT_CLASSES:
        return CodeClass(below.code, f"{SPLIT_CLASSES[entry.code]}：{below.name}")
    return CodeClass(entry.code, entry.name)


def _valid(entry: CodeEntry, start: date, end: date) -> bool:
    return (entry.valid_from is None or entry.valid_from <= end) and (
        entry.valid_to is None or entry.valid_to >= start
    )


def reach_names() -> dict[str, str]:
    """Return the rows of the table of cross-border contracts, in order."""
    return {reach.value: name for reach, name in REACH_NAMES.items()}


def parts_of(session: Session, area: Region) -> dict[str, Region]:
    """Return the regions a bulletin ranks inside an area, by code; empty for a county.

    Those whose name stands for no region (市辖区 of a municipality) give way to the regions below them.
    """
    found: dict[str, Region] = {}
    statement = select(Region).where(Region.parent_code == area.code).order_by(Region.code)
    for child in session.scalars(statement).all():
        below = parts_of(session, child) if is_only_name(child.name) else {}
        found |= below or {child.code: child}
    return found


def is_only_name(name: str) -> bool:
    """Tell whether a region's entry stands for no region of its own."""
    return name in _ONLY_NAMES or any(words in name for words in _ONLY_WORDS)


def is_present(region: Region, day: date) -> bool:
    """Tell whether a region has a name of its own and its code is valid on a day."""
    if is_only_name(region.name):
        return False
    return (region.valid_from is None or region.valid_from <= day) and (
        region.valid_to is None or region.valid_to >= day
    )


def part_finder(area: Region, parts: Mapping[str, Region]) -> Callable[[str], str]:
    """Return what finds the part a region inside the area lies in; the area itself where it is in none."""
    known: dict[str, str] = {}

    def find(code: str) -> str:
        if code not in known:
            whole = code if code in parts else None
            known[code] = whole or next((part for part in parts if lies_within(code, part)), area.code)
        return known[code]

    return find


def partner_of(area: Region, code: str | None) -> str:
    """Return the key of the other side of a flow: the area itself, a province, or abroad."""
    if code is None:
        return ABROAD
    return LOCAL if lies_within(code, area.code) else code[:2] + "0000"
