"""Verification of technical income over HTTP."""

from __future__ import annotations

from typing import Any

from market.accounts.auth import current_actor
from market.contracts.api.blueprint import blp
from market.contracts.printing import income_pdf
from market.contracts.queries import income as queries
from market.contracts.schemas.income import (
    IncomeArgs,
    IncomeDecisionInput,
    IncomeInput,
    IncomePeriod,
    IncomeSumView,
    IncomeView,
)
from market.contracts.service import income as service
from market.http.edge import now, page_request, reading, transaction
from market.http.files import BINARY, PDF_TYPE, pdf_answer
from market.http.schema import page_of


@blp.route("/contracts/<int:contract_id>/income-verifications", methods=["POST"])
@blp.arguments(IncomeInput)
@blp.response(201, IncomeView)
def submit_income(form: dict[str, Any], contract_id: int) -> Any:
    """申请核定技术性收入：已登记合同在一段时期内的到账（申请单位）；收款凭证随后上传"""
    with transaction() as session:
        return service.submit_income(session, current_actor(session), contract_id, **form, now=now())


@blp.route("/income-verifications/<int:verification_id>/resubmissions", methods=["POST"])
@blp.arguments(IncomeInput)
@blp.response(200, IncomeView)
def resubmit_income(form: dict[str, Any], verification_id: int) -> Any:
    """补正后重新提交被退回的核定申请（申请单位）"""
    with transaction() as session:
        return service.resubmit_income(session, current_actor(session), verification_id, **form, now=now())


@blp.route("/income-verifications/<int:verification_id>/decisions", methods=["POST"])
@blp.arguments(IncomeDecisionInput)
@blp.response(200, IncomeView)
def decide_income(form: dict[str, Any], verification_id: int) -> Any:
    """核定（verify）、退回补正（return）或不予核定（refuse，与退回均须写明理由）（登记机构审批员）"""
    with transaction() as session:
        return service.decide_income(session, current_actor(session), verification_id, **form, now=now())


@blp.route("/income-verifications")
@blp.arguments(IncomeArgs, location="query")
@blp.response(200, page_of(IncomeView))
def list_income(args: dict[str, Any]) -> Any:
    """列出技术性收入核定，新的在前（申请单位、登记机构、主管部门）"""
    page = page_request(args)
    with reading() as session:
        return queries.list_income_verifications(session, current_actor(session), page=page, **args)


@blp.route("/income-verifications/sums")
@blp.arguments(IncomePeriod, location="query")
@blp.response(200, IncomeSumView(many=True))
def sum_income(args: dict[str, Any]) -> Any:
    """按季度汇总已核定的技术性收入，以收款期间的截止日归属（登记机构、主管部门）"""
    with reading() as session:
        return queries.sum_income(session, current_actor(session), **args)


@blp.route("/income-verifications/<int:verification_id>")
@blp.response(200, IncomeView)
def get_income(verification_id: int) -> Any:
    """查看一项技术性收入核定"""
    with reading() as session:
        return queries.get_income_verification(session, current_actor(session), verification_id)


@blp.route("/income-verifications/<int:verification_id>/pdf")
@blp.response(200, BINARY, content_type=PDF_TYPE)
def print_income(verification_id: int) -> Any:
    """打印技术性收入核定表（PDF）；尚未核定的不能打印"""
    with reading() as session:
        row, names = queries.get_printable(session, current_actor(session), verification_id)
    return pdf_answer(income_pdf(row, names=names), name=f"技术性收入核定表{row.number}")
