"""Contracts over HTTP: change, settlement, cancellation and revocation of a registration."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from market.accounts.auth import current_actor
from market.contracts import queries, service
from market.contracts.api.blueprint import blp, current_ledger
from market.contracts.models import ContractRequest
from market.contracts.schemas import (
    ChangeRequestInput,
    DecisionInput,
    ExaminationInput,
    ReasonInput,
    RequestView,
    RevocationInput,
    SettlementInput,
)
from market.http.edge import now, reading, retrying, transaction


@blp.route("/contracts/<int:contract_id>/change-requests", methods=["POST"])
@blp.arguments(ChangeRequestInput)
@blp.response(201, RequestView)
def request_change(form: dict[str, Any], contract_id: int) -> Any:
    """申请变更登记（申请单位）"""
    with transaction() as session:
        return service.request_change(
            session,
            current_actor(session),
            contract_id,
            changes=form["changes"],
            reason=form["reason"],
            now=now(),
            confirmed=form["confirmed"],
        )


@blp.route("/contracts/<int:contract_id>/settlement-requests", methods=["POST"])
@blp.arguments(SettlementInput)
@blp.response(201, RequestView)
def request_settlement(form: dict[str, Any], contract_id: int) -> Any:
    """申请结算：以实际金额取代提成合同的暂估金额（申请单位）"""
    reason, confirmed = form.pop("reason"), form.pop("confirmed")
    with transaction() as session:
        return service.request_settlement(
            session,
            current_actor(session),
            contract_id,
            amounts=form,
            reason=reason,
            now=now(),
            confirmed=confirmed,
        )


@blp.route("/contracts/<int:contract_id>/cancellation-requests", methods=["POST"])
@blp.arguments(ReasonInput)
@blp.response(201, RequestView)
def request_cancellation(form: dict[str, Any], contract_id: int) -> Any:
    """申请注销登记（申请单位）"""
    with transaction() as session:
        return service.request_cancellation(
            session, current_actor(session), contract_id, reason=form["reason"], now=now()
        )


@blp.route("/contracts/<int:contract_id>/revocations", methods=["POST"])
@blp.arguments(RevocationInput)
@blp.response(201, RequestView)
def request_revocation(form: dict[str, Any], contract_id: int) -> Any:
    """提请撤销登记，须写明理由，由另一人决定（登记机构，或其所在地的主管部门）"""
    with transaction() as session:
        return service.request_revocation(
            session,
            current_actor(session),
            contract_id,
            reason_code=form["reason_code"],
            reason=form["reason"],
            now=now(),
        )


@blp.route("/contract-requests/<int:request_id>/examinations", methods=["POST"])
@blp.arguments(ExaminationInput)
@blp.response(200, RequestView)
def examine_request(form: dict[str, Any], request_id: int) -> Any:
    """审核变更、结算或注销申请，写明审核意见（登记机构的登记员）"""
    with transaction() as session:
        return service.examine_request(
            session, current_actor(session), request_id, note=form["note"], now=now()
        )


@blp.route("/contract-requests/<int:request_id>/decisions", methods=["POST"])
@blp.arguments(DecisionInput)
@blp.response(200, RequestView)
def decide_request(form: dict[str, Any], request_id: int) -> Any:
    """办理已审核的申请：准予（approve）或驳回（reject，须写明理由）（登记机构的审批员）

    大额合同由大额审批员决定；大额合同和撤销须由审核人以外的另一人决定；登记机构提请的撤销也可由
    主管部门决定。
    """

    def work(session: Session) -> ContractRequest:
        return service.decide_request(
            session,
            current_actor(session),
            request_id,
            approve=form["decision"] == "approve",
            note=form["note"],
            ledger=current_ledger(),
            now=now(),
        )

    return retrying(work)


@blp.route("/contracts/<int:contract_id>/requests")
@blp.response(200, RequestView(many=True))
def list_requests(contract_id: int) -> Any:
    """列出该合同的变更、结算、注销申请和撤销提请，旧的在前"""
    with reading() as session:
        return queries.list_requests(session, current_actor(session), contract_id)
