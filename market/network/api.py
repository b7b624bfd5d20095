"""The service network over HTTP: the tree, its nodes, and the view of each with its figures."""

from __future__ import annotations

from typing import Any

from market.accounts.auth import current_actor, find_current_actor
from market.http.edge import now, page_request, reading, transaction
from market.http.etag import IF_MATCH_DOC, expected_version, versioned
from market.http.schema import MarketBlueprint
from market.network import service
from market.network.queries import nodes, overview, records
from market.network.schemas import (
    NetworkArgs,
    NetworkClosureInput,
    NetworkMoveInput,
    NetworkNodeDetail,
    NetworkNodeFields,
    NetworkNodeInput,
    NetworkNodeView,
    NetworkOverviewArgs,
    NetworkOverviewView,
    NetworkRecordArgs,
    NetworkRecordsView,
    NetworkRootView,
    NetworkStaffInput,
    NetworkStaffView,
)

blp = MarketBlueprint("network", __name__, description="服务网络：市平台、县（市、区）分中心和工作站")


@blp.route("/network")
@blp.arguments(NetworkArgs, location="query")
@blp.response(200, NetworkRootView(many=True))
def get_tree(args: dict[str, Any]) -> Any:
    """查看服务网络的整棵树，可直接绘制"""
    with reading() as session:
        return nodes.get_tree(session, **args)


@blp.route("/network/nodes", methods=["POST"])
@blp.arguments(NetworkNodeInput)
@blp.response(201, NetworkNodeView)
def create_node(form: dict[str, Any]) -> Any:
    """新增服务节点（所在地主管部门）"""
    with transaction() as session:
        node = service.create_node(session, current_actor(session), form=form, now=now())
    return versioned(node, 201)


@blp.route("/network/nodes/<int:network_id>")
@blp.response(200, NetworkNodeDetail)
def get_node(network_id: int) -> Any:
    """查看服务节点和它的下级；在岗人员只有运行单位和所在地主管部门可见"""
    with reading() as session:
        actor = find_current_actor(session)
        return versioned(nodes.see_node(session, actor, nodes.get_node(session, network_id)))


@blp.route("/network/nodes/<int:network_id>", methods=["PATCH"])
@blp.doc(**IF_MATCH_DOC)
@blp.arguments(NetworkNodeFields)
@blp.response(200, NetworkNodeView)
def edit_node(changes: dict[str, Any], network_id: int) -> Any:
    """修改服务节点（所在地主管部门）"""
    version = expected_version()
    with transaction() as session:
        node = service.edit_node(
            session, current_actor(session), network_id, changes=changes, version=version, now=now()
        )
    return versioned(node)


@blp.route("/network/nodes/<int:network_id>/moves", methods=["POST"])
@blp.arguments(NetworkMoveInput)
@blp.response(200, NetworkNodeView)
def move_node(form: dict[str, Any], network_id: int) -> Any:
    """把服务节点连同下级移到另一个上级之下（所在地主管部门）"""
    with transaction() as session:
        node = service.move_node(session, current_actor(session), network_id, **form, now=now())
    return versioned(node)


@blp.route("/network/nodes/<int:network_id>/closures", methods=["POST"])
@blp.arguments(NetworkClosureInput)
@blp.response(200, NetworkNodeView)
def close_node(form: dict[str, Any], network_id: int) -> Any:
    """关闭服务节点；还有运行中的下级时不能关闭（所在地主管部门）"""
    with transaction() as session:
        node = service.close_node(session, current_actor(session), network_id, **form, now=now())
    return versioned(node)


@blp.route("/network/nodes/<int:network_id>/staff", methods=["POST"])
@blp.arguments(NetworkStaffInput)
@blp.response(201, NetworkStaffView)
def add_staff(form: dict[str, Any], network_id: int) -> Any:
    """登记在岗人员：运行单位或所在地主管部门的用户（所在地主管部门）"""
    with transaction() as session:
        return service.add_staff(session, current_actor(session), network_id, **form, now=now())


@blp.route("/network/nodes/<int:network_id>/staff/<int:staff_id>", methods=["DELETE"])
@blp.response(204)
def end_staff(network_id: int, staff_id: int) -> None:
    """登记人员自今天起离岗；尚未到岗的撤销登记（所在地主管部门）"""
    with transaction() as session:
        service.end_staff(session, current_actor(session), network_id, staff_id, now=now())


@blp.route("/network/nodes/<int:network_id>/overview")
@blp.arguments(NetworkOverviewArgs, location="query")
@blp.response(200, NetworkOverviewView)
def get_overview(args: dict[str, Any], network_id: int) -> Any:
    """查看节点辖下的各项数字，旁列各下级；每个数字附定义和明细的地址"""
    with reading() as session:
        return overview.get_overview(session, find_current_actor(session), network_id, **args, now=now())


@blp.route("/network/nodes/<int:network_id>/records")
@blp.arguments(NetworkRecordArgs, location="query")
@blp.response(200, NetworkRecordsView)
def open_figure(args: dict[str, Any], network_id: int) -> Any:
    """列出节点的一个数字背后的全部记录；不能查看的只占一行"""
    page = page_request(args)
    with reading() as session:
        return records.open_figure(
            session, find_current_actor(session), network_id, page=page, **args, now=now()
        )
