"""Form of industrial chains over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load, validate

from market.accounts.rules import normalise_uscc
from market.http.schema import MarketSchema, text
from market.libraries.rules.graph import ChainRole, Segment
from market.libraries.schemas.entries import (
    EntryArgs,
    EntryFields,
    EntryInput,
    EntryInternalFields,
    EntryView,
)


class ChainNodeFields(EntryFields):
    """Fields of a node."""

    segment = fields.Enum(Segment, by_value=True)
    wanted = text(0, 2000, allow_none=True)


class ChainNodeInput(EntryInput, ChainNodeFields):
    """A new node."""

    segment = fields.Enum(Segment, by_value=True, required=True)
    chain_code = fields.String(required=True)


class ChainNodeView(EntryView):
    """The public part of a node."""

    segment = fields.Enum(Segment, by_value=True)
    wanted = fields.String(allow_none=True)


class ChainNodeInternalView(ChainNodeView, EntryInternalFields):
    """A node as its keeper and its bureau see it."""


class ChainEnterpriseFields(EntryFields):
    """Fields of an enterprise on a chain."""

    uscc = text(15, 24)

    @post_load
    def _normalise(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if "uscc" in data:
            data["uscc"] = normalise_uscc(data["uscc"])
        return data


class ChainEnterpriseInput(EntryInput, ChainEnterpriseFields):
    """A new enterprise on a chain; nodes and titles are added afterwards."""

    uscc = text(15, 24, required=True)


class ChainPositionView(MarketSchema):
    """An enterprise on a node."""

    node_id = fields.Integer()
    node = fields.Pluck(ChainNodeView, "title")
    role = fields.Enum(ChainRole, by_value=True)


class EnterpriseTagView(MarketSchema):
    """A title with its year."""

    id = fields.Integer()
    tag = fields.String()
    year = fields.Integer()
    valid_until = fields.Date(allow_none=True)
    source = fields.String()


class ChainEnterpriseView(EntryView):
    """The public part of an enterprise on a chain."""

    uscc = fields.String()
    positions = fields.List(fields.Nested(ChainPositionView), attribute="listed_positions")
    tags = fields.List(fields.Nested(EnterpriseTagView))


class ChainEnterpriseInternalView(ChainEnterpriseView, EntryInternalFields):
    """An enterprise on a chain as its keeper and its bureau see it, also on nodes that are not listed."""

    positions = fields.List(fields.Nested(ChainPositionView))


class ChainNodeArgs(EntryArgs):
    """Which nodes to list."""

    segment = fields.Enum(Segment, by_value=True)


class ChainEnterpriseArgs(EntryArgs):
    """Which enterprises to list."""

    node = fields.Integer()
    tag = fields.String(validate=validate.Length(max=32))
    first_year = fields.Integer(metadata={"description": "首次获得 tag 的年度，不早于"})
    last_year = fields.Integer(metadata={"description": "首次获得 tag 的年度，不晚于"})
    valid_on = fields.Date(metadata={"description": "当日称号有效"})
    role = fields.Enum(ChainRole, by_value=True)


class ChainEdgeInput(MarketSchema):
    """What a node delivers to."""

    downstream_id = fields.Integer(required=True, strict=True)
    words = text(1, 200, allow_none=True, load_default=None)


class ChainPositionInput(MarketSchema):
    """The node an enterprise is to stand on."""

    node_id = fields.Integer(required=True, strict=True)
    role = fields.Enum(ChainRole, by_value=True, required=True)


class EnterpriseTagInput(MarketSchema):
    """A title with its year."""

    tag = text(1, 32, required=True)
    year = fields.Integer(required=True, strict=True, validate=validate.Range(min=1990, max=2100))
    valid_until = fields.Date(allow_none=True)
    source = text(1, 200, required=True)


class ChainArgs(MarketSchema):
    """Of which region to show a chain."""

    region = fields.String(
        required=True,
        validate=validate.Length(equal=6),
        metadata={"description": "环节：本地区、所辖地区和上级地区的；企业：本地区和所辖地区的"},
    )


class GraphEnterpriseView(MarketSchema):
    """An enterprise on a drawn node."""

    id = fields.Integer()
    title = fields.String()
    role = fields.Enum(ChainRole, by_value=True)
    tags = fields.List(fields.String(), metadata={"description": "今天有效的称号"})


class GraphNodeView(MarketSchema):
    """A node to be drawn at column `x` and row `y`; a gap has no enterprise of the region asked for."""

    id = fields.Integer()
    title = fields.String()
    segment = fields.Enum(Segment, by_value=True)
    segment_name = fields.String()
    x = fields.Integer()
    y = fields.Integer()
    gap = fields.Boolean(metadata={"description": "所查地区没有企业在此环节；上级地区的环节也只看所查地区"})
    wanted = fields.String(allow_none=True)
    enterprises = fields.List(fields.Nested(GraphEnterpriseView))


class GraphEdgeView(MarketSchema):
    """An arrow from one node to another."""

    source = fields.Integer()
    target = fields.Integer()
    words = fields.String(allow_none=True)


class ChainGraphView(MarketSchema):
    """A chain ready to draw."""

    code = fields.String()
    name = fields.String()
    region_code = fields.String()
    nodes = fields.List(fields.Nested(GraphNodeView))
    edges = fields.List(fields.Nested(GraphEdgeView))
    gaps = fields.Integer()
