"""Contracts over HTTP: the project that follows from a registered contract."""

from __future__ import annotations

from typing import Any

from market.accounts.auth import current_actor
from market.contracts.api.blueprint import blp
from market.contracts.service import projects as service
from market.http.edge import now, transaction
from market.http.etag import versioned
from market.libraries.schemas.projects import ProjectFromInput, ProjectInternalView


@blp.route("/contracts/<int:contract_id>/projects", methods=["POST"])
@blp.arguments(ProjectFromInput)
@blp.response(201, ProjectInternalView)
def project_from_contract(form: dict[str, Any], contract_id: int) -> Any:
    """将已登记的合同转为项目，直接待核对（卖方单位、其所在地主管部门）"""
    with transaction() as session:
        project = service.project_from_contract(
            session, current_actor(session), contract_id, form=form, now=now()
        )
    return versioned(project, 201)
