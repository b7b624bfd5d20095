"""Where a line counts: areas, dimensions, counters and flows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from market.turnover.rules import (
    ABROAD,
    AreaKind,
    Dimension,
    FlowLevel,
    Measure,
    local_areas,
    month_start,
    province_of,
)

AREA_COLUMNS: Mapping[tuple[Measure, AreaKind], str] = {
    (Measure.REGISTERED, AreaKind.REGION): "station_region",
    (Measure.REGISTERED, AreaKind.PARK): "station_park",
    (Measure.REGISTERED, AreaKind.STATION): "station_id",
    (Measure.OUTPUT, AreaKind.REGION): "seller_region",
    (Measure.OUTPUT, AreaKind.PARK): "seller_park",
    (Measure.ABSORBED, AreaKind.REGION): "buyer_region",
    (Measure.ABSORBED, AreaKind.PARK): "buyer_park",
}
"""Which column of a line says where it counts, by measure and kind of area; None counts nowhere.

A line counts for the province of its region as well.
"""

DIMENSION_COLUMNS: Mapping[Dimension, str] = {
    Dimension.TYPE: "type_code",
    Dimension.FIELD: "tech_field",
    Dimension.SELLER_NATURE: "seller_nature",
    Dimension.BUYER_NATURE: "buyer_nature",
    Dimension.IP_KIND: "ip_kind",
    Dimension.PLAN_SOURCE: "plan_source",
    Dimension.REACH: "reach",
}
"""Which column of a line holds the code of a dimension; type and field together are a dimension too."""


class Place(NamedTuple):
    """Where a line counts."""

    measure: Measure
    area_kind: AreaKind
    area: str


class Cell(NamedTuple):
    """Key of one counter, in the order of its primary key; sorts.

    Plain strings: a bulk posting makes millions of these, and an enum's hash is slow.
    """

    measure: str
    area_kind: str
    dimension: str
    area: str
    month: date
    code: str


class FlowCell(NamedTuple):
    """Key of one flow, in the order of its primary key; sorts."""

    level: str
    seller_area: str
    buyer_area: str
    month: date


@dataclass(frozen=True, slots=True)
class Sums:
    """What is counted: contracts, their whole value and its technical part, in fen."""

    deals: int = 0
    total_fen: int = 0
    tech_fen: int = 0

    def __add__(self, other: Sums) -> Sums:
        """Add field by field."""
        return Sums(
            self.deals + other.deals, self.total_fen + other.total_fen, self.tech_fen + other.tech_fen
        )

    def __sub__(self, other: Sums) -> Sums:
        """Take away field by field."""
        return Sums(
            self.deals - other.deals, self.total_fen - other.total_fen, self.tech_fen - other.tech_fen
        )

    def __bool__(self) -> bool:
        """Tell whether anything is counted at all."""
        return bool(self.deals or self.total_fen or self.tech_fen)


Values = Mapping[str, Any]
"""A line by its column names."""


def places_of(line: Values) -> Iterator[Place]:
    """Yield where a line counts: for each measure the region, its province, the park, the station."""
    for (measure, kind), column in AREA_COLUMNS.items():
        area = line[column]
        if area is not None:
            yield Place(measure, kind, str(area))
            if kind is AreaKind.REGION:
                yield Place(measure, AreaKind.PROVINCE, province_of(area))


def codes_of(line: Values) -> list[tuple[str, str]]:
    """Return a line's code in every dimension."""
    codes = [(dimension.value, str(line[column])) for dimension, column in DIMENSION_COLUMNS.items()]
    return [*codes, (Dimension.TYPE_FIELD.value, f"{line['type_code']}/{line['tech_field']}")]


def flow_cells_of(line: Values) -> list[FlowCell]:
    """Return the flows a line counts in: one between regions and provinces each way, and local ones."""
    seller, buyer = line["seller_region"], line["buyer_region"]
    from_region, to_region = seller or ABROAD, buyer or ABROAD
    from_province = province_of(seller) if seller else ABROAD
    to_province = province_of(buyer) if buyer else ABROAD
    month = month_start(line["effective_on"])
    return [
        FlowCell(FlowLevel.REGION_PROVINCE.value, from_region, to_province, month),
        FlowCell(FlowLevel.PROVINCE_REGION.value, from_province, to_region, month),
        FlowCell(FlowLevel.PROVINCES.value, from_province, to_province, month),
        *(FlowCell(FlowLevel.LOCAL.value, area, area, month) for area in local_areas(seller, buyer)),
    ]
