"""The groups a figure falls into: their codes, their Chinese names, and what a line's code belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.rules import OrganisationKind
from market.errors import violation
from market.reference.models import Park, Region
from market.reference.queries import code_names
from market.turnover.queries.scopes import SCHEMES, Scope, inside
from market.turnover.queries.sums import DIMENSION_OF, Plan
from market.turnover.rules import REACH_NAMES, AreaKind, GroupBy, Reach, Source


@dataclass(frozen=True, slots=True)
class Labels:
    """Names of the groups a figure may fall into.

    Attributes:
        names: by key of the group.
        areas: the codes to read, where the groups are other areas than the scope's own.
        regions: whether a code belongs to the child region it lies in.
        own: key of what belongs to no child region: the area itself.
        moved: codes to be taken for others first.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    areas: Sequence[str] | None = None
    regions: bool = False
    own: str = ""
    moved: Mapping[str, str] = field(default_factory=dict)

    def key(self, raw: str) -> str:
        """Return the group that a code read from the books belongs to."""
        if not self.regions:
            return raw
        code = self.moved.get(raw, raw)
        for inner in (code, f"{code[:4]}00", f"{code[:2]}0000"):
            if inner in self.names and inner != self.own:
                return inner
        return self.own

    def name(self, key: str) -> str:
        """Return a group's name; its code where the lists do not know it any more."""
        return self.names.get(key, key)

    def areas_for(self, plan: Plan) -> Sequence[str] | None:
        """Return the codes to read; a line's station is never told by where stations stand now."""
        return None if plan.kind is AreaKind.STATION and plan.source is Source.LEDGER else self.areas


def labels_of(session: Session, scope: Scope, group_by: GroupBy) -> Labels:
    """Return the groups a scope may fall into.

    Raises:
        RuleViolation: `group-by-region`, `group-by-park` or `group-by-station`: it has no such parts.
    """
    match group_by:
        case GroupBy.NONE | GroupBy.MONTH | GroupBy.QUARTER | GroupBy.YEAR:
            return Labels()
        case GroupBy.REGION:
            return _regions(session, scope)
        case GroupBy.PARK:
            return _parks(session, scope)
        case GroupBy.STATION:
            return _stations(session, scope)
        case GroupBy.REACH:
            return Labels({reach.value: REACH_NAMES[reach] for reach in Reach})
    return Labels(code_names(session, SCHEMES[DIMENSION_OF[group_by]]))


def _regions(session: Session, scope: Scope) -> Labels:
    area = scope.area
    names = {}
    if area.kind is AreaKind.REGION:
        rows = session.execute(select(Region.code, Region.name).where(Region.parent_code == area.code))
        names = {row.code: row.name for row in rows}
    if not names:
        raise violation("/group_by", "group-by-region", f"{area.name}没有下级行政区划，不能按地区分组。")
    names[area.code] = f"{area.name}（本级）"
    return Labels(names, regions=True, own=area.code, moved=scope.moved)


def _parks(session: Session, scope: Scope) -> Labels:
    if scope.area.kind is not AreaKind.REGION:
        words = f"{scope.area.name}不是行政区划，不能再按园区分组。"
        raise violation("/group_by", "group-by-park", words)
    rows = session.execute(select(Park.code, Park.name).where(inside(scope.area, Park.region_code)))
    names = {row.code: row.name for row in rows}
    return Labels(names, areas=sorted(names))


def _stations(session: Session, scope: Scope) -> Labels:
    if scope.area.kind is AreaKind.STATION:
        words = f"{scope.area.name}本身是登记机构，不能再按登记机构分组。"
        raise violation("/group_by", "group-by-station", words)
    here = Organisation.park_code == scope.area.code
    if scope.area.kind is AreaKind.REGION:
        here = inside(scope.area, Organisation.region_code, moved=scope.moved)
    rows = session.execute(
        select(Organisation.id, Organisation.name, here).where(Organisation.kind == OrganisationKind.STATION)
    ).all()
    return Labels(
        {str(number): name for number, name, _ in rows},
        areas=sorted(str(number) for number, _, stands_here in rows if stands_here),
    )
