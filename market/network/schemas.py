"""Form of the service network over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from market.accounts.rules import OrganisationKind
from market.http.schema import MarketSchema, PageArgs, text
from market.network.rules import (
    DUTY_NAMES,
    LEVEL_NAMES,
    NODE_STATUS_NAMES,
    Basis,
    FigureKey,
    Level,
    NodeStatus,
    StaffDuty,
    TerritoryKind,
)

REGION = validate.Regexp(r"[0-9]{6}\Z", error="应为六位行政区划代码")


def named(names: Any, attribute: str) -> fields.Function:
    """Return a field for the Chinese name of an enum's value."""
    return fields.Function(lambda row: names[getattr(row, attribute)], metadata={"type": "string"})


class NetworkNodeFields(MarketSchema):
    """What may be changed of a node."""

    title = text(2, 200)
    park_code = text(1, 32, allow_none=True)
    organisation_id = fields.Integer(strict=True, allow_none=True, metadata={"description": "运行单位"})
    contact = text(1, 500, allow_none=True, metadata={"description": "地址、电话等，公开"})
    opened_on = fields.Date()


class NetworkNodeInput(NetworkNodeFields):
    """A new node."""

    level = fields.Enum(
        Level,
        by_value=True,
        required=True,
        metadata={"description": "hub 市平台、county 县（市、区）分中心、node 工作站"},
    )
    parent_id = fields.Integer(strict=True, allow_none=True, metadata={"description": "市平台不填"})
    title = text(2, 200, required=True)
    region_code = fields.String(required=True, validate=REGION)
    opened_on = fields.Date(required=True)


class NetworkMoveInput(MarketSchema):
    """Where a node is to hang, and the region it comes to lie in, if that changes."""

    parent_id = fields.Integer(strict=True, required=True)
    region_code = fields.String(load_default=None, allow_none=True, validate=REGION)


class NetworkClosureInput(MarketSchema):
    """The last day of a node; today where it is left out."""

    closed_on = fields.Date(load_default=None, allow_none=True)


class NetworkStaffInput(MarketSchema):
    """Who works at a node."""

    user_id = fields.Integer(strict=True, required=True)
    duty = fields.Enum(StaffDuty, by_value=True, required=True)
    since = fields.Date(required=True)
    until = fields.Date(load_default=None, allow_none=True)


class NetworkArgs(MarketSchema):
    """Which part of the tree to show."""

    region = fields.String(
        load_default=None, validate=REGION, metadata={"description": "只看管到或属于该地区的市平台"}
    )
    closed = fields.Boolean(load_default=False, metadata={"description": "连同已关闭的节点"})


class NetworkOverviewArgs(MarketSchema):
    """For which year to show the figures."""

    year = fields.Integer(load_default=None, metadata={"description": "默认为今年"})


class NetworkRecordArgs(PageArgs):
    """Which figure to open."""

    figure = fields.Enum(FigureKey, by_value=True, required=True)
    group = fields.String(
        load_default=None,
        validate=validate.Length(max=32),
        metadata={"description": "状态或清单，即数字的 group；不填为全部"},
    )
    year = fields.Integer(load_default=None, metadata={"description": "默认为今年"})


class NetworkUnitView(MarketSchema):
    """The organisation that runs a node."""

    id = fields.Integer()
    name = fields.String()
    kind = fields.Enum(OrganisationKind, by_value=True)


class NetworkNodeView(MarketSchema):
    """A node as anyone sees it."""

    id = fields.Integer()
    parent_id = fields.Integer(allow_none=True)
    level = fields.Enum(Level, by_value=True)
    level_name = named(LEVEL_NAMES, "level")
    title = fields.String()
    region_code = fields.String()
    region_name = fields.String(attribute="region.name")
    park_code = fields.String(allow_none=True)
    park_name = fields.String(attribute="park.name", dump_default=None, allow_none=True)
    organisation = fields.Nested(NetworkUnitView, allow_none=True)
    contact = fields.String(allow_none=True)
    opened_on = fields.Date()
    closed_on = fields.Date(allow_none=True)
    status = fields.Enum(NodeStatus, by_value=True)
    status_name = named(NODE_STATUS_NAMES, "status")
    version = fields.Integer()


class NetworkLeafView(MarketSchema):
    """A node in the tree."""

    id = fields.Integer(attribute="node.id")
    name = fields.String(attribute="node.title")
    level = fields.Enum(Level, by_value=True, attribute="node.level")
    level_name = fields.Function(lambda row: LEVEL_NAMES[row.node.level], metadata={"type": "string"})
    region_code = fields.String(attribute="node.region_code")
    region_name = fields.String(attribute="node.region.name")
    park_code = fields.String(attribute="node.park_code", allow_none=True)
    park_name = fields.String(attribute="node.park.name", dump_default=None, allow_none=True)
    organisation = fields.Nested(NetworkUnitView, attribute="node.organisation", allow_none=True)
    contact = fields.String(attribute="node.contact", allow_none=True)
    status = fields.Enum(NodeStatus, by_value=True, attribute="node.status")


class NetworkBranchView(NetworkLeafView):
    """A centre, or a station right under the platform, with what hangs under it."""

    children = fields.List(fields.Nested(NetworkLeafView))


class NetworkRootView(NetworkLeafView):
    """A city's platform with the whole tree under it."""

    children = fields.List(fields.Nested(NetworkBranchView))


class NetworkStaffView(MarketSchema):
    """Somebody's post at a node."""

    id = fields.Integer()
    user_id = fields.Integer()
    name = fields.String(attribute="user.name")
    duty = fields.Enum(StaffDuty, by_value=True)
    duty_name = named(DUTY_NAMES, "duty")
    since = fields.Date()
    until = fields.Date(allow_none=True)


class NetworkNodeDetail(MarketSchema):
    """A node, its active children, and who works there; null for those who may not know it."""

    node = fields.Nested(NetworkNodeView)
    children = fields.List(fields.Nested(NetworkNodeView))
    staff = fields.List(fields.Nested(NetworkStaffView), allow_none=True)


class NetworkTerritoryView(MarketSchema):
    """What lies under a node."""

    kind = fields.Enum(TerritoryKind, by_value=True)
    code = fields.String()
    name = fields.String()


class NetworkFigureView(MarketSchema):
    """One number with what it counts and where the records behind it are listed; amounts are in fen."""

    key = fields.Enum(FigureKey, by_value=True)
    group = fields.String(metadata={"description": "状态、清单，或合同的哪一部分；没有分组的为空"})
    name = fields.String()
    unit = fields.String()
    value = fields.Integer(allow_none=True, metadata={"description": "空值：您不能查看，原因见 withheld"})
    text = fields.String(allow_none=True)
    definition = fields.String()
    source = fields.String(allow_none=True, metadata={"description": "列出背后记录的地址"})
    basis = fields.Enum(
        Basis, by_value=True, metadata={"description": "live 现时统计、published 最近发布的数"}
    )
    through = fields.Date(allow_none=True, metadata={"description": "已发布的数统计到哪一天"})
    withheld = fields.String(allow_none=True)


class NetworkRowView(MarketSchema):
    """A node with its figures."""

    node = fields.Nested(NetworkNodeView)
    territory = fields.Nested(NetworkTerritoryView)
    figures = fields.List(fields.Nested(NetworkFigureView))


class NetworkOverviewView(NetworkRowView):
    """A node with its figures, and one row for each of its children; these need not add up to the whole."""

    year = fields.Integer()
    as_of = fields.AwareDateTime()
    children = fields.List(fields.Nested(NetworkRowView))


class NetworkRecordView(MarketSchema):
    """One row behind a figure; title and path are null where you may not read the record."""

    on = fields.Date()
    title = fields.String(allow_none=True)
    path = fields.String(allow_none=True)
    deals = fields.Integer(allow_none=True)
    total_fen = fields.Integer(allow_none=True)
    tech_fen = fields.Integer(allow_none=True)


class NetworkRecordsView(MarketSchema):
    """One page of the rows behind a figure."""

    node_id = fields.Integer(attribute="node.id")
    figure = fields.Enum(FigureKey, by_value=True)
    group = fields.String(allow_none=True)
    year = fields.Integer()
    definition = fields.String()
    items = fields.List(fields.Nested(NetworkRecordView), attribute="page.items")
    next_cursor = fields.String(attribute="page.next_cursor", allow_none=True)
