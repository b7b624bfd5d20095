"""Plans' targets and their progress over HTTP."""

from __future__ import annotations

from typing import Any

from market.accounts.auth import find_current_actor
from market.clock import china_day
from market.http.edge import now, reading
from market.turnover import targets
from market.turnover.api.blueprint import blp
from market.turnover.schemas.targets import TargetArgs, TargetView, TargetYearArgs


@blp.route("/targets")
@blp.arguments(TargetArgs, location="query")
@blp.response(200, TargetView(many=True))
def list_targets(args: dict[str, Any]) -> Any:
    """列出一个地区的计划目标及其进度、统计口径和名单，登录后可不写地区；合同金额对本地区主管部门为现有数，对其他人为已发布的数"""
    with reading() as session:
        actor = find_current_actor(session)
        return targets.list_targets(session, actor, today=china_day(now()), **args)


@blp.route("/targets/<int:target_id>")
@blp.arguments(TargetYearArgs, location="query")
@blp.response(200, TargetView)
def get_target(args: dict[str, Any], target_id: int) -> Any:
    """查看一项计划目标及其进度、统计口径和名单"""
    with reading() as session:
        actor = find_current_actor(session)
        return targets.get_target(session, actor, target_id, today=china_day(now()), **args)
