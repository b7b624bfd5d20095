"""Contracts over HTTP: application, review, registration, change, cancellation, revocation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import flask
from sqlalchemy.orm import Session

from market.accounts.auth import current_actor, current_user_id
from market.accounts.rules import Actor
from market.contracts import queries, service
from market.contracts.ledger import Ledger
from market.contracts.models import Contract
from market.contracts.schemas import (
    ChangeRequestInput,
    ContractArgs,
    ContractChange,
    ContractEventView,
    ContractInput,
    ContractView,
    DecisionInput,
    ReasonInput,
    RefusalInput,
    RequestView,
    ReturnInput,
)
from market.http.edge import now, page_request, reading, transaction
from market.http.etag import IF_MATCH_DOC, expected_version, versioned
from market.http.idempotency import HEADER_DOC, once
from market.http.schema import MarketBlueprint, page_of

LEDGER_KEY = "market.ledger"
"""Where `create_app` puts the ledger among the app's extensions."""

blp = MarketBlueprint("contracts", __name__, description="技术合同：申请、审核、登记、变更、注销、撤销")


def current_ledger() -> Ledger:
    """Return the current app's ledger."""
    return cast(Ledger, flask.current_app.extensions[LEDGER_KEY])


@blp.route("/contracts", methods=["POST"])
@blp.doc(**HEADER_DOC)
@blp.arguments(ContractInput)
@blp.response(201, ContractView)
def apply_for_registration(form: dict[str, Any]) -> Any:
    """起草合同登记申请（卖方）；由匹配建议而来的，项目名称、技术领域、买方可以不填"""
    return _once(
        lambda session, actor: service.apply_for_registration(session, actor, form=form, now=now()), 201
    )


@blp.route("/contracts")
@blp.arguments(ContractArgs, location="query")
@blp.response(200, page_of(ContractView))
def list_contracts(args: dict[str, Any]) -> Any:
    """列出有权查看的合同，新的在前；mine=true 只列本单位为卖方的合同"""
    page = page_request(args)
    with reading() as session:
        return queries.list_contracts(session, current_actor(session), page=page, **args)


@blp.route("/contracts/<int:contract_id>")
@blp.response(200, ContractView)
def get_contract(contract_id: int) -> Any:
    """查看合同，及其来自的匹配建议、需求和成果的编号"""
    with reading() as session:
        contract = queries.get_contract(session, current_actor(session), contract_id)
        return versioned(queries.describe_one(session, contract))


@blp.route("/contracts/<int:contract_id>", methods=["PATCH"])
@blp.doc(**IF_MATCH_DOC)
@blp.arguments(ContractChange)
@blp.response(200, ContractView)
def edit_contract(changes: dict[str, Any], contract_id: int) -> Any:
    """修改草稿或退回补正的申请（卖方）"""
    version = expected_version()
    return _step(
        lambda session, actor: service.edit_contract(
            session, actor, contract_id, changes=changes, version=version, now=now()
        )
    )


@blp.route("/contracts/<int:contract_id>/submissions", methods=["POST"])
@blp.response(200, ContractView)
def submit_contract(contract_id: int) -> Any:
    """向登记机构提交申请（卖方）"""
    return _step(lambda session, actor: service.submit_contract(session, actor, contract_id, now=now()))


@blp.route("/contracts/<int:contract_id>/withdrawals", methods=["POST"])
@blp.response(200, ContractView)
def withdraw_contract(contract_id: int) -> Any:
    """撤回尚未受理的申请（卖方）"""
    return _step(lambda session, actor: service.withdraw_contract(session, actor, contract_id, now=now()))


@blp.route("/contracts/<int:contract_id>/acceptances", methods=["POST"])
@blp.response(200, ContractView)
def accept_contract(contract_id: int) -> Any:
    """受理申请，办理期限自当日起算（登记机构）"""
    return _step(lambda session, actor: service.accept_contract(session, actor, contract_id, now=now()))


@blp.route("/contracts/<int:contract_id>/returns", methods=["POST"])
@blp.arguments(ReturnInput)
@blp.response(200, ContractView)
def return_contract(form: dict[str, Any], contract_id: int) -> Any:
    """退回补正，须写明补正内容（登记机构）"""
    return _step(
        lambda session, actor: service.return_contract(
            session, actor, contract_id, note=form["note"], now=now()
        )
    )


@blp.route("/contracts/<int:contract_id>/refusals", methods=["POST"])
@blp.arguments(RefusalInput)
@blp.response(200, ContractView)
def refuse_contract(form: dict[str, Any], contract_id: int) -> Any:
    """不予登记，须写明理由（登记机构）"""
    return _step(
        lambda session, actor: service.refuse_contract(
            session, actor, contract_id, reason_code=form["reason_code"], note=form["note"], now=now()
        )
    )


@blp.route("/contracts/<int:contract_id>/approvals", methods=["POST"])
@blp.doc(**HEADER_DOC)
@blp.response(200, ContractView)
def approve_contract(contract_id: int) -> Any:
    """审核通过：予以登记并编号；大额合同（技术交易额500万元及以上）先转大额复审，由另一人登记（登记机构）"""
    return _once(
        lambda session, actor: service.approve_contract(
            session, actor, contract_id, ledger=current_ledger(), now=now()
        ),
        200,
    )


@blp.route("/contracts/<int:contract_id>/change-requests", methods=["POST"])
@blp.arguments(ChangeRequestInput)
@blp.response(201, RequestView)
def request_change(form: dict[str, Any], contract_id: int) -> Any:
    """申请变更登记（卖方）"""
    with transaction() as session:
        return service.request_change(
            session,
            current_actor(session),
            contract_id,
            changes=form["changes"],
            reason=form["reason"],
            now=now(),
        )


@blp.route("/contracts/<int:contract_id>/cancellation-requests", methods=["POST"])
@blp.arguments(ReasonInput)
@blp.response(201, RequestView)
def request_cancellation(form: dict[str, Any], contract_id: int) -> Any:
    """申请注销登记（卖方）"""
    with transaction() as session:
        return service.request_cancellation(
            session, current_actor(session), contract_id, reason=form["reason"], now=now()
        )


@blp.route("/contract-requests/<int:request_id>/decisions", methods=["POST"])
@blp.arguments(DecisionInput)
@blp.response(200, RequestView)
def decide_request(form: dict[str, Any], request_id: int) -> Any:
    """办理变更或注销申请：准予（approve）或驳回（reject，须写明理由）（登记机构）"""
    with transaction() as session:
        return service.decide_request(
            session,
            current_actor(session),
            request_id,
            approve=form["decision"] == "approve",
            note=form["note"],
            ledger=current_ledger(),
            now=now(),
        )


@blp.route("/contracts/<int:contract_id>/revocations", methods=["POST"])
@blp.arguments(ReasonInput)
@blp.response(200, ContractView)
def revoke_contract(form: dict[str, Any], contract_id: int) -> Any:
    """撤销登记，须写明理由（登记机构，或其所在地的主管部门）"""
    return _step(
        lambda session, actor: service.revoke_contract(
            session, actor, contract_id, reason=form["reason"], ledger=current_ledger(), now=now()
        )
    )


@blp.route("/contracts/<int:contract_id>/events")
@blp.response(200, ContractEventView(many=True))
def list_events(contract_id: int) -> Any:
    """列出合同办理的各个步骤，旧的在前"""
    with reading() as session:
        return queries.list_events(session, current_actor(session), contract_id)


@blp.route("/contracts/<int:contract_id>/requests")
@blp.response(200, RequestView(many=True))
def list_requests(contract_id: int) -> Any:
    """列出该合同的变更和注销申请，旧的在前"""
    with reading() as session:
        return queries.list_requests(session, current_actor(session), contract_id)


def _step(work: Callable[[Session, Actor], Contract]) -> Any:
    """Do one step in its own transaction and show the contract as it then is."""
    with transaction() as session:
        contract = work(session, current_actor(session))
        return versioned(queries.describe_one(session, contract))


def _once(work: Callable[[Session, Actor], Contract], status: int) -> flask.Response:
    """Do one step under the request's Idempotency-Key."""
    with transaction() as session:
        actor = current_actor(session)
        return once(
            session,
            current_user_id(actor),
            lambda: queries.describe_one(session, work(session, actor)),
            schema=ContractView,
            status=status,
            now=now(),
        )
