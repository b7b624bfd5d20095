"""Contracts over HTTP: what the station does with an application until it is registered."""

from __future__ import annotations

from typing import Any

from market.accounts.auth import current_actor
from market.clock import china_day
from market.contracts import queries, service
from market.contracts.api.blueprint import blp, current_ledger, step, step_once
from market.contracts.schemas import (
    AcceptanceInput,
    ContractView,
    DeadlinesView,
    FindingInput,
    GroundsInput,
    OpinionInput,
    OpinionView,
    RefusalInput,
    ReturnInput,
)
from market.http.edge import now, page_request, reading, transaction
from market.http.idempotency import HEADER_DOC
from market.http.schema import PageArgs


@blp.route("/contracts/deadlines")
@blp.arguments(PageArgs, location="query")
@blp.response(200, DeadlinesView)
def list_deadlines(args: dict[str, Any]) -> Any:
    """列出已受理未办结的合同，期限近的在前，并给出未办结和逾期的总数（登记机构、主管部门）"""
    page = page_request(args)
    with reading() as session:
        return queries.list_deadlines(session, current_actor(session), page=page, today=china_day(now()))


@blp.route("/contracts/<int:contract_id>/acceptances", methods=["POST"])
@blp.arguments(AcceptanceInput)
@blp.response(200, ContractView)
def accept_contract(form: dict[str, Any], contract_id: int) -> Any:
    """受理申请，办理期限自当日起算，补正后重新提交的自提交之日起算（登记机构）"""
    return step(
        lambda session, actor: service.accept_contract(
            session, actor, contract_id, disputed=form["disputed"], now=now()
        )
    )


@blp.route("/contracts/<int:contract_id>/examinations", methods=["POST"])
@blp.arguments(FindingInput)
@blp.response(200, ContractView)
def examine_contract(form: dict[str, Any], contract_id: int) -> Any:
    """审核已受理的申请，写明审核意见（登记机构的登记员）"""
    return step(
        lambda session, actor: service.examine_contract(
            session, actor, contract_id, finding=form["finding"], now=now()
        )
    )


@blp.route("/contracts/<int:contract_id>/disputes", methods=["POST"])
@blp.arguments(GroundsInput)
@blp.response(200, ContractView)
def mark_disputed(form: dict[str, Any], contract_id: int) -> Any:
    """把已受理的申请列为有争议，办理期限随之延长（登记机构）"""
    return step(
        lambda session, actor: service.mark_disputed(
            session, actor, contract_id, reason=form["reason"], now=now()
        )
    )


@blp.route("/contracts/<int:contract_id>/expert-reviews", methods=["POST"])
@blp.arguments(GroundsInput)
@blp.response(200, ContractView)
def call_experts(form: dict[str, Any], contract_id: int) -> Any:
    """提请专家评审；此后专家意见不足或未过半数同意的不能登记（登记机构）"""
    return step(
        lambda session, actor: service.call_experts(
            session, actor, contract_id, reason=form["reason"], now=now()
        )
    )


@blp.route("/contracts/<int:contract_id>/expert-opinions", methods=["POST"])
@blp.arguments(OpinionInput)
@blp.response(201, OpinionView)
def record_opinion(form: dict[str, Any], contract_id: int) -> Any:
    """记录一位专家的评审意见（登记机构）"""
    with transaction() as session:
        return service.record_opinion(session, current_actor(session), contract_id, **form, now=now())


@blp.route("/contracts/<int:contract_id>/expert-opinions")
@blp.response(200, OpinionView(many=True))
def list_opinions(contract_id: int) -> Any:
    """列出专家的评审意见，旧的在前（登记机构、主管部门）"""
    with reading() as session:
        return queries.list_opinions(session, current_actor(session), contract_id)


@blp.route("/contracts/<int:contract_id>/returns", methods=["POST"])
@blp.arguments(ReturnInput)
@blp.response(200, ContractView)
def return_contract(form: dict[str, Any], contract_id: int) -> Any:
    """退回补正，须写明补正内容（登记机构）"""
    return step(
        lambda session, actor: service.return_contract(
            session, actor, contract_id, note=form["note"], now=now()
        )
    )


@blp.route("/contracts/<int:contract_id>/refusals", methods=["POST"])
@blp.arguments(RefusalInput)
@blp.response(200, ContractView)
def refuse_contract(form: dict[str, Any], contract_id: int) -> Any:
    """不予登记，须写明理由（登记机构的审批员；大额复审中由大额审批员）"""
    return step(
        lambda session, actor: service.refuse_contract(
            session, actor, contract_id, reason_code=form["reason_code"], note=form["note"], now=now()
        )
    )


@blp.route("/contracts/<int:contract_id>/approvals", methods=["POST"])
@blp.doc(**HEADER_DOC)
@blp.response(200, ContractView)
def approve_contract(contract_id: int) -> Any:
    """审批通过：予以登记并编号；大额合同先转大额复审，由另一位大额审批员登记（登记机构的审批员）"""
    return step_once(
        lambda session, actor: service.approve_contract(
            session, actor, contract_id, ledger=current_ledger(), now=now()
        ),
        status=200,
    )
