"""Figures, the lines behind them, threads and targets over HTTP."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from market.accounts.auth import current_actor
from market.clock import china_day
from market.http.edge import now, page_request, reading
from market.http.schema import MarketBlueprint
from market.turnover import targets
from market.turnover.queries import entries, figures
from market.turnover.queries.scopes import Scope, get_scope
from market.turnover.schemas import (
    EntryArgs,
    EntryPageView,
    FigureArgs,
    FigureView,
    TargetArgs,
    TargetView,
    TargetYearArgs,
    ThreadView,
)

blp = MarketBlueprint("turnover", __name__, description="技术合同成交额：数字、台账明细、溯源与计划目标")


@blp.route("/turnover")
@blp.arguments(FigureArgs, location="query")
@blp.response(200, FigureView)
def get_figure(args: dict[str, Any]) -> Any:
    """查询一个地区或园区在一个时段的合同项数、合同成交额和技术交易额"""
    group_by = args.pop("group_by")
    with reading() as session:
        scope = _scope(session, args)
        today = china_day(scope.known_at or now())
        return figures.figure(session, scope, group_by=group_by, today=today)


@blp.route("/turnover/entries")
@blp.arguments(EntryArgs, location="query")
@blp.response(200, EntryPageView)
def list_entries(args: dict[str, Any]) -> Any:
    """列出一个数字背后的台账记录（本地区主管部门；登记机构限本机构）"""
    page = page_request(args)
    with reading() as session:
        actor = current_actor(session)
        return entries.list_entries(session, actor, _scope(session, args), page=page)


@blp.route("/turnover/entries/<int:entry_id>/thread")
@blp.response(200, ThreadView)
def get_entry_thread(entry_id: int) -> Any:
    """由一条台账记录溯源：合同、撮合、成果与需求"""
    with reading() as session:
        actor = current_actor(session)
        entry = entries.get_entry(session, entry_id)
        return entries.get_thread(session, actor, contract_id=entry.contract_id)


@blp.route("/turnover/contracts/<int:contract_id>/thread")
@blp.response(200, ThreadView)
def get_contract_thread(contract_id: int) -> Any:
    """由一项合同溯源：台账记录、撮合、成果与需求"""
    with reading() as session:
        return entries.get_thread(session, current_actor(session), contract_id=contract_id)


@blp.route("/targets")
@blp.arguments(TargetArgs, location="query")
@blp.response(200, TargetView(many=True))
def list_targets(args: dict[str, Any]) -> Any:
    """列出计划目标及其进度"""
    with reading() as session:
        return targets.list_targets(session, today=china_day(now()), **args)


@blp.route("/targets/<int:target_id>")
@blp.arguments(TargetYearArgs, location="query")
@blp.response(200, TargetView)
def get_target(args: dict[str, Any], target_id: int) -> Any:
    """查看一项计划目标及其进度"""
    with reading() as session:
        return targets.get_target(session, target_id, today=china_day(now()), **args)


def _scope(session: Session, args: dict[str, Any]) -> Scope:
    moment = now()
    period = args.pop("period") or str(china_day(moment).year)
    return get_scope(session, period=period, now=moment, **args)
