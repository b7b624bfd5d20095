"""Contracts over HTTP: the application itself, its list and its history."""

from __future__ import annotations

from typing import Any

from market.accounts.auth import current_actor
from market.clock import china_day
from market.contracts import queries, service
from market.contracts.api.blueprint import blp, step, step_once
from market.contracts.schemas import (
    ContractArgs,
    ContractChange,
    ContractEventView,
    ContractInput,
    ContractView,
    QuestionView,
    SubmissionInput,
)
from market.http.edge import now, page_request, reading
from market.http.etag import IF_MATCH_DOC, expected_version, versioned
from market.http.idempotency import HEADER_DOC
from market.http.schema import page_of


@blp.route("/contracts", methods=["POST"])
@blp.doc(**HEADER_DOC)
@blp.arguments(ContractInput)
@blp.response(201, ContractView)
def apply_for_registration(form: dict[str, Any]) -> Any:
    """起草合同登记申请（卖方；卖方在境外的由买方）；由匹配建议而来的，项目名称、技术领域、买方可以不填"""
    return step_once(
        lambda session, actor: service.apply_for_registration(session, actor, form=form, now=now()),
        status=201,
    )


@blp.route("/contracts")
@blp.arguments(ContractArgs, location="query")
@blp.response(200, page_of(ContractView))
def list_contracts(args: dict[str, Any]) -> Any:
    """列出有权查看的合同，新的在前；mine=true 只列本单位申请的合同，overdue=true 只列逾期未办结的"""
    page = page_request(args)
    with reading() as session:
        return queries.list_contracts(
            session, current_actor(session), page=page, today=china_day(now()), **args
        )


@blp.route("/contracts/<int:contract_id>")
@blp.response(200, ContractView)
def get_contract(contract_id: int) -> Any:
    """查看合同，及其来自的匹配建议、需求和成果的编号"""
    with reading() as session:
        contract = queries.get_contract(session, current_actor(session), contract_id)
        return versioned(queries.describe_one(session, contract, today=china_day(now())))


@blp.route("/contracts/<int:contract_id>", methods=["PATCH"])
@blp.doc(**IF_MATCH_DOC)
@blp.arguments(ContractChange)
@blp.response(200, ContractView)
def edit_contract(changes: dict[str, Any], contract_id: int) -> Any:
    """修改草稿或退回补正的申请（申请单位）"""
    version = expected_version()
    return step(
        lambda session, actor: service.edit_contract(
            session, actor, contract_id, changes=changes, version=version, now=now()
        )
    )


@blp.route("/contracts/<int:contract_id>/submissions", methods=["POST"])
@blp.arguments(SubmissionInput)
@blp.response(200, ContractView)
def submit_contract(form: dict[str, Any], contract_id: int) -> Any:
    """向登记机构提交申请；有待核对事项的，须在 confirmed 中逐项确认（申请单位）"""
    return step(
        lambda session, actor: service.submit_contract(
            session, actor, contract_id, confirmed=form["confirmed"], now=now()
        )
    )


@blp.route("/contracts/<int:contract_id>/questions")
@blp.response(200, QuestionView(many=True))
def list_questions(contract_id: int) -> Any:
    """列出申请中需要核对的事项，及提交时是否已确认（申请单位、登记机构）"""
    with reading() as session:
        return service.list_questions(session, current_actor(session), contract_id)


@blp.route("/contracts/<int:contract_id>/withdrawals", methods=["POST"])
@blp.response(200, ContractView)
def withdraw_contract(contract_id: int) -> Any:
    """撤回尚未受理的申请（申请单位）"""
    return step(lambda session, actor: service.withdraw_contract(session, actor, contract_id, now=now()))


@blp.route("/contracts/<int:contract_id>/events")
@blp.response(200, ContractEventView(many=True))
def list_events(contract_id: int) -> Any:
    """列出合同办理的各个步骤，旧的在前"""
    with reading() as session:
        return queries.list_events(session, current_actor(session), contract_id)
