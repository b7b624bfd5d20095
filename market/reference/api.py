"""Code tables over HTTP; open to anyone."""

from __future__ import annotations

from typing import Any

from market.errors import NotFound
from market.http.edge import reading
from market.http.schema import MarketBlueprint
from market.reference import queries
from market.reference.rules import Scheme
from market.reference.schemas import CodeView, ParkArgs, ParkView, RegionArgs, RegionView

blp = MarketBlueprint("reference", __name__, description="代码表：行政区划、园区、技术领域、合同类别等")


@blp.route("/codes/<scheme>")
@blp.response(200, CodeView(many=True))
def list_codes(scheme: str) -> Any:
    """列出一个代码表"""
    try:
        known = Scheme(scheme)
    except ValueError:
        raise NotFound(f"没有名为“{scheme}”的代码表。", code="scheme-not-found") from None
    with reading() as session:
        return queries.list_codes(session, known)


@blp.route("/regions")
@blp.arguments(RegionArgs, location="query")
@blp.response(200, RegionView(many=True))
def list_regions(args: dict[str, Any]) -> Any:
    """列出下级行政区划"""
    with reading() as session:
        return queries.list_regions(session, args["parent"])


@blp.route("/regions/<code>")
@blp.response(200, RegionView)
def get_region(code: str) -> Any:
    """查看一个行政区划"""
    with reading() as session:
        return queries.get_region(session, code)


@blp.route("/parks")
@blp.arguments(ParkArgs, location="query")
@blp.response(200, ParkView(many=True))
def list_parks(args: dict[str, Any]) -> Any:
    """列出园区"""
    with reading() as session:
        return queries.list_parks(session, args["region"])
