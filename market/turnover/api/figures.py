"""Figures, the lines behind them and threads over HTTP."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from market.accounts.auth import current_actor
from market.clock import china_day
from market.http.edge import now, page_request, reading
from market.turnover.api.blueprint import blp
from market.turnover.queries import entries, figures
from market.turnover.queries.scopes import Scope, get_scope
from market.turnover.schemas.entries import EntryArgs, EntryPageView
from market.turnover.schemas.figures import FigureArgs, FigureView
from market.turnover.schemas.threads import ThreadView


@blp.route("/turnover")
@blp.arguments(FigureArgs, location="query")
@blp.response(200, FigureView)
def get_figure(args: dict[str, Any]) -> Any:
    """查询一个地区、园区或登记机构的成交额数字（管理员、本地区主管部门、本登记机构；其他人见已发布的数字）"""
    group_by = args.pop("group_by")
    with reading() as session:
        actor = current_actor(session)
        scope = _scope(session, args)
        today = china_day(scope.known_at or now())
        return figures.get_figure(session, actor, scope, group_by=group_by, today=today)


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


def _scope(session: Session, args: dict[str, Any]) -> Scope:
    moment = now()
    period = args.pop("period") or str(china_day(moment).year)
    return get_scope(session, period=period, now=moment, **args)
