"""Deals not yet registered over HTTP."""

from __future__ import annotations

from typing import Any

from market.accounts.auth import current_actor
from market.http.edge import now, page_request, reading
from market.http.files import BINARY
from market.oversight.api.blueprint import XLSX, blp, workbook
from market.oversight.printing import deals_workbook
from market.oversight.queries import deals
from market.oversight.schemas.deals import (
    UnregisteredDealArgs,
    UnregisteredDealFileArgs,
    UnregisteredDealPage,
)


@blp.route("/unregistered-deals")
@blp.arguments(UnregisteredDealArgs, location="query")
@blp.response(200, UnregisteredDealPage)
def list_unregistered_deals(args: dict[str, Any]) -> Any:
    """列出应登记而未登记的交易，久的在前，并按登记机构和天数汇总（本地区主管部门；登记机构限本机构）"""
    page = page_request(args)
    with reading() as session:
        return deals.list_unregistered(session, current_actor(session), page=page, now=now(), **args)


@blp.route("/unregistered-deals/files/xlsx")
@blp.arguments(UnregisteredDealFileArgs, location="query")
@blp.response(200, BINARY, content_type=XLSX)
def get_unregistered_deals_file(args: dict[str, Any]) -> Any:
    """下载应登记而未登记的交易及汇总（xlsx）（本地区主管部门；登记机构限本机构）"""
    moment = now()
    with reading() as session:
        found = deals.all_unregistered(session, current_actor(session), now=moment, **args)
    return workbook(deals_workbook(found, now=moment), name=f"未登记合同{found.as_of}")
