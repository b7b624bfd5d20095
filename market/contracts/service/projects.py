"""A project that follows from a registered contract is handed in to the city's pool of projects."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import Actor, Role, oversees
from market.audit.service import record
from market.clock import china_day
from market.contracts.models import Contract
from market.contracts.queries import get_contract
from market.contracts.rules import LIVE, STATUS_NAMES
from market.errors import Conflict, PermissionDenied
from market.libraries.models import Project
from market.libraries.rules.projects import RESEARCH, ProjectOrigin
from market.libraries.service.project_origins import hand_in_project


def project_from_contract(
    session: Session, actor: Actor, contract_id: int, *, form: Mapping[str, Any], now: datetime
) -> Project:
    """Hand in a project that the contract fills in, as its seller or the bureau of the seller's region.

    What becomes of the project changes nothing of the contract.

    Args:
        session: open transaction.
        actor: of the seller, the bureau or an admin; another one checks the project.
        contract_id: a registered contract.
        form: `category`, and whatever is to differ from the contract.
        now: present time.

    Raises:
        NotFound: no such contract, or the actor may not know of it.
        PermissionDenied: neither the seller nor the bureau.
        Conflict: the contract is not registered, or there is a project of it.
        RuleViolation: an unknown code, or figures and days that do not agree.
    """
    contract = get_contract(session, actor, contract_id, lock=True)
    region = contract.seller.region_code or contract.buyer.region_code or contract.station.region_code
    sells = actor.organisation_id is not None and actor.organisation_id == contract.seller.organisation_id
    if not (sells and actor.verified) and actor.role is not Role.ADMIN and not oversees(actor, region):
        raise PermissionDenied("由卖方单位或其所在地主管部门将合同转为项目。", code="role-not-allowed")
    if contract.status not in LIVE:
        raise Conflict(
            f"该合同现为“{STATUS_NAMES[contract.status]}”，已登记的合同才能转为项目。",
            code="contract-not-registered",
        )
    if contract.project_id is not None:
        raise Conflict("该合同已转为项目。", code="contract-has-project")
    values = {**_told_by(contract, region=region), "source_date": china_day(now), **form}
    project = hand_in_project(session, actor, values=values, note=f"由合同{contract.reg_no}转入", now=now)
    contract.project_id = project.id
    record(
        session, actor.user_id, action="contract.project", entity="contract", entity_id=contract.id, now=now,
        details={"project": project.id},
    )  # fmt: skip
    session.flush()  # a lost race stops here
    return project


def _told_by(contract: Contract, *, region: str) -> dict[str, Any]:
    """Return what a contract says of its project."""
    suggestion = contract.suggestion
    return {
        "title": contract.project_name[:200],
        "region_code": region,
        "organisation_id": contract.seller.organisation_id,
        "tech_field": contract.tech_field,
        "stage": RESEARCH,
        "started_on": contract.valid_from or contract.signed_on,
        "ends_on": contract.valid_to,
        "total_fen": contract.total_amount_fen,
        "grant_fen": 0,
        "origin": ProjectOrigin.CONTRACT,
        "need_id": suggestion.need_id if suggestion is not None else None,
        "achievement_id": suggestion.achievement_id if suggestion is not None else None,
        "source": f"技术合同登记（{contract.reg_no}）",
    }
