"""Who brought a contract about, over HTTP."""

from __future__ import annotations

from typing import Any

from market.accounts.auth import current_actor
from market.contracts.api.blueprint import blp
from market.contracts.queries import credit as queries
from market.contracts.schemas.credit import AttributionInput, AttributionView
from market.contracts.service import credit as service
from market.http.edge import now, reading, transaction


@blp.route("/contracts/<int:contract_id>/attributions")
@blp.response(200, AttributionView(many=True))
def list_attributions(contract_id: int) -> Any:
    """列出合同的促成机构及其份额（含已撤回的），旧的在前"""
    with reading() as session:
        return queries.list_attributions(session, current_actor(session), contract_id)


@blp.route("/contracts/<int:contract_id>/attributions", methods=["POST"])
@blp.arguments(AttributionInput)
@blp.response(201, AttributionView)
def attribute_contract(form: dict[str, Any], contract_id: int) -> Any:
    """记入促成机构及其份额，各份额之和不超过10000（登记机构，或其所在地的主管部门）"""
    with transaction() as session:
        actor = current_actor(session)
        return service.attribute_contract(session, actor, contract_id, **form, now=now())


@blp.route("/attributions/<int:attribution_id>/withdrawals", methods=["POST"])
@blp.response(200, AttributionView)
def withdraw_attribution(attribution_id: int) -> Any:
    """撤回一条促成记录（登记机构，或其所在地的主管部门）"""
    with transaction() as session:
        return service.withdraw_attribution(session, current_actor(session), attribution_id, now=now())
