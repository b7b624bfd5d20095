"""Registration stations over HTTP: who they are, whom they serve, who does what in them."""

from __future__ import annotations

from typing import Any

from market.accounts.auth import current_actor
from market.contracts import queries, service
from market.contracts.api.blueprint import blp
from market.contracts.schemas import (
    DutyInput,
    DutyView,
    StationArgs,
    StationWithTerritoriesView,
    TerritoryInput,
)
from market.http.edge import now, page_request, reading, transaction
from market.http.schema import page_of


@blp.route("/stations")
@blp.arguments(StationArgs, location="query")
@blp.response(200, page_of(StationWithTerritoriesView))
def list_stations(args: dict[str, Any]) -> Any:
    """列出技术合同登记机构及其受理范围；region 只列受理该地区的（公开）"""
    page = page_request(args)
    with reading() as session:
        return queries.list_stations(session, page=page, **args)


@blp.route("/stations/<int:station_id>/territories", methods=["POST"])
@blp.arguments(TerritoryInput)
@blp.response(200, StationWithTerritoriesView)
def add_territory(form: dict[str, Any], station_id: int) -> Any:
    """把一个地区（含其下辖）划入登记机构的受理范围；重复提交则更新依据（主管部门、管理员）"""
    with transaction() as session:
        return service.add_territory(session, current_actor(session), station_id, **form, now=now())


@blp.route("/stations/<int:station_id>/territories/<region_code>", methods=["DELETE"])
@blp.response(200, StationWithTerritoriesView)
def remove_territory(station_id: int, region_code: str) -> Any:
    """把一个地区移出登记机构的受理范围（主管部门、管理员）"""
    with transaction() as session:
        return service.remove_territory(session, current_actor(session), station_id, region_code, now=now())


@blp.route("/stations/<int:station_id>/duties", methods=["POST"])
@blp.arguments(DutyInput)
@blp.response(201, DutyView)
def grant_duty(form: dict[str, Any], station_id: int) -> Any:
    """确定登记机构人员的分工：登记员、审批员或大额审批员（主管部门、管理员）"""
    with transaction() as session:
        return service.grant_duty(session, current_actor(session), station_id, **form, now=now())


@blp.route("/stations/<int:station_id>/duties")
@blp.response(200, DutyView(many=True))
def list_duties(station_id: int) -> Any:
    """列出登记机构人员的分工，含已结束的（登记机构、主管部门、管理员）"""
    with reading() as session:
        return queries.list_duties(session, current_actor(session), station_id)


@blp.route("/station-duties/<int:duty_id>/endings", methods=["POST"])
@blp.response(200, DutyView)
def end_duty(duty_id: int) -> Any:
    """结束一项人员分工，即时生效（主管部门、管理员）"""
    with transaction() as session:
        return service.end_duty(session, current_actor(session), duty_id, now=now())
