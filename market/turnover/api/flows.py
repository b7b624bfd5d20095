"""Flows of technology between regions over HTTP."""

from __future__ import annotations

from typing import Any

from market.accounts.auth import current_actor
from market.clock import china_day
from market.http.edge import now, reading
from market.turnover.api.blueprint import blp
from market.turnover.queries.flows import get_flows
from market.turnover.schemas.flows import FlowArgs, FlowsView


@blp.route("/turnover/flows")
@blp.arguments(FlowArgs, location="query")
@blp.response(200, FlowsView)
def list_flows(args: dict[str, Any]) -> Any:
    """查询一个地区的技术流向：对方地区、项数、金额与占比，或全国的省际矩阵（管理员、本地区主管部门）"""
    moment = now()
    period = args.pop("period") or str(china_day(moment).year)
    with reading() as session:
        return get_flows(session, current_actor(session), period=period, now=moment, **args)
