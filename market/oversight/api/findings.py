"""What looks odd in registrations over HTTP."""

from __future__ import annotations

from typing import Any

from market.accounts.auth import current_actor
from market.http.edge import now, page_request, reading
from market.oversight.api.blueprint import blp
from market.oversight.queries import findings
from market.oversight.schemas.findings import (
    CompletenessArgs,
    CompletenessView,
    FindingArgs,
    FindingPageView,
)


@blp.route("/registration-anomalies")
@blp.arguments(FindingArgs, location="query")
@blp.response(200, FindingPageView)
def list_registration_anomalies(args: dict[str, Any]) -> Any:
    """列出一年登记合同中的异常线索，重的在前；线索只供核查，不是结论（本地区主管部门；登记机构限本机构）"""
    page = page_request(args)
    with reading() as session:
        return findings.list_findings(session, current_actor(session), page=page, now=now(), **args)


@blp.route("/registration-completeness")
@blp.arguments(CompletenessArgs, location="query")
@blp.response(200, CompletenessView)
def get_registration_completeness(args: dict[str, Any]) -> Any:
    """按登记机构列出一年登记合同选填项的填写比例（本地区主管部门；登记机构限本机构）"""
    with reading() as session:
        return findings.get_completeness(session, current_actor(session), now=now(), **args)
