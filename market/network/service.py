"""Building the tree of the service network, and recording who works at its nodes.

The bureau of a node's region keeps it, or an admin. Whoever changes the shape of the tree holds it
alone, so that no two changes that are right by themselves make a wrong tree together.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation, User
from market.accounts.queries import actor_of
from market.accounts.rules import Actor, OrganisationStatus, oversees
from market.audit.service import record
from market.clock import china_day
from market.db import AdvisoryLock, advisory_lock, require_version
from market.errors import Conflict, NotFound, PermissionDenied, violation
from market.network.models import NetworkNode, NetworkStaff
from market.network.queries.nodes import get_node
from market.network.rules import (
    Fault,
    Level,
    NodeStatus,
    Place,
    StaffDuty,
    closes_cycle,
    days_fault,
    may_keep,
    overlaps,
    parent_fault,
    park_fault,
)
from market.reference.models import Park
from market.reference.queries import check_park, check_region


def create_node(session: Session, actor: Actor, *, form: Mapping[str, Any], now: datetime) -> NetworkNode:
    """Add a node.

    Args:
        session: open transaction.
        actor: the bureau of the node's region, or an admin.
        form: `level`, `title`, `region_code`, `opened_on`; `parent_id` for all but platforms; maybe
            `park_code`, `organisation_id`, `contact`.
        now: present time.

    Raises:
        PermissionDenied: `role-not-allowed`.
        Conflict: `network-hub-exists`.
        RuleViolation: an unknown code, a parent or park that does not fit, an unknown organisation or one
            that is not verified.
    """
    level, region = form["level"], form["region_code"]
    check_region(session, region, pointer="/region_code")
    _require_keeper(actor, region)
    advisory_lock(session, AdvisoryLock.NETWORK_TREE)
    parent = _parent(session, form.get("parent_id"))
    _refuse("/parent_id", parent_fault(level, region, _place(parent)))
    if level is Level.HUB:
        _require_only_hub(session, region)
    _check_park(session, level, region, form.get("park_code"))
    _check_organisation(session, form.get("organisation_id"))
    node = NetworkNode(
        **form, status=NodeStatus.ACTIVE, created_by=actor.user_id, created_at=now, updated_at=now
    )
    session.add(node)
    session.flush()  # draws the id
    _audit(session, actor, node, "create", now=now, details={"level": level.value, "region": region})
    return get_node(session, node.id, lock=True)  # read afresh, with what is shown of it


def edit_node(
    session: Session,
    actor: Actor,
    node_id: int,
    *,
    changes: Mapping[str, Any],
    version: int,
    now: datetime,
) -> NetworkNode:
    """Change what is said of a node; its level stays, place and end have steps of their own.

    Args:
        session: open transaction.
        actor: the bureau of the node's region, or an admin.
        node_id: an active node.
        changes: any of `title`, `park_code`, `organisation_id`, `contact`, `opened_on`.
        version: the version the change is based on.
        now: present time.

    Raises:
        NotFound, PermissionDenied, Conflict, StaleVersion, RuleViolation: as `create_node`.
    """
    node = _open(session, actor, node_id)
    require_version(node.version, version)
    if "park_code" in changes:
        _check_park(session, node.level, node.region_code, changes["park_code"])
    if "organisation_id" in changes:
        _check_organisation(session, changes["organisation_id"])
    for name, value in changes.items():
        setattr(node, name, value)
    _audit(session, actor, node, "edit", now=now, details={"fields": sorted(changes)})
    return _changed(session, node, now=now)


def move_node(
    session: Session,
    actor: Actor,
    node_id: int,
    *,
    parent_id: int,
    region_code: str | None,
    now: datetime,
) -> NetworkNode:
    """Hang a node, with all below it, under another parent; it may come to lie in another region.

    Args:
        session: open transaction.
        actor: the bureau of both regions, or an admin.
        node_id: an active node that is no platform.
        parent_id: the new parent.
        region_code: where it lies from now on; None where that stays.
        now: present time.

    Raises:
        NotFound, PermissionDenied, Conflict: see the parts.
        RuleViolation: `network-cycle`, a parent, region, park or child that does not fit.
    """
    advisory_lock(session, AdvisoryLock.NETWORK_TREE)
    node = _open(session, actor, node_id)
    region = region_code or node.region_code
    check_region(session, region, pointer="/region_code")
    _require_keeper(actor, region)
    parent = _parent(session, parent_id)
    if closes_cycle(_parents(session), node.id, parent_id):
        raise violation("/parent_id", "network-cycle", "节点不能移到自己或自己的下级之下。")
    _refuse("/parent_id", parent_fault(node.level, region, _place(parent)))
    _check_park(session, node.level, region, node.park_code, pointer="/region_code")
    for child in _active_children(session, node):
        place = Place(node.level, region, active=True)
        _refuse("/region_code", parent_fault(child.level, child.region_code, place))
    details = {"from": node.parent_id, "to": parent_id, "region": region}
    node.parent_id, node.region_code = parent_id, region
    _audit(session, actor, node, "move", now=now, details=details)
    return _changed(session, node, now=now)


def close_node(
    session: Session, actor: Actor, node_id: int, *, closed_on: date | None, now: datetime
) -> NetworkNode:
    """Close a node for good, and end the posts at it.

    Args:
        session: open transaction.
        actor: the bureau of the node's region, or an admin.
        node_id: an active node without active children.
        closed_on: its last day; None for today.
        now: present time.

    Raises:
        NotFound, PermissionDenied: see the parts.
        Conflict: `network-has-children`, or `network-node-closed`.
        RuleViolation: a day that is ahead, or before it opened.
    """
    advisory_lock(session, AdvisoryLock.NETWORK_TREE)
    node = _open(session, actor, node_id)
    day = closed_on or china_day(now)
    _refuse("/closed_on", days_fault(node.opened_on, day, today=china_day(now)))
    children = _active_children(session, node)
    if children:
        raise Conflict(
            f"该节点下还有{len(children)}个运行中的节点，请先关闭或移走。", code="network-has-children"
        )
    node.status, node.closed_on = NodeStatus.CLOSED, day
    for post in session.scalars(select(NetworkStaff).where(NetworkStaff.node_id == node.id)):
        if post.until is None or post.until > day:
            post.until = max(day, post.since)
    _audit(session, actor, node, "close", now=now, details={"closed_on": day.isoformat()})
    return _changed(session, node, now=now)


def add_staff(
    session: Session,
    actor: Actor,
    node_id: int,
    *,
    user_id: int,
    duty: StaffDuty,
    since: date,
    until: date | None,
    now: datetime,
) -> NetworkStaff:
    """Record that somebody works at a node.

    Args:
        session: open transaction.
        actor: the bureau of the node's region, or an admin.
        node_id: an active node.
        user_id: of the organisation that runs it, or of a bureau over its region.
        duty: what they do.
        since: first day.
        until: last day; None while no end is known.
        now: present time.

    Raises:
        NotFound, PermissionDenied: see the parts.
        Conflict: `network-node-closed`, or `network-staff-known` for the same duty in the same days.
        RuleViolation: `network-staff-elsewhere`, or days that do not fit.
    """
    node = _open(session, actor, node_id)
    if until is not None and until < since:
        raise violation("/until", "network-staff-days", "结束日期早于开始日期。")
    user = session.get(User, user_id)
    if user is None or not user.active or not _may_serve(user, node):
        raise violation(
            "/user_id", "network-staff-elsewhere", "在岗人员应是该节点运行单位或所在地主管部门的在用账号。"
        )
    posts = session.scalars(
        select(NetworkStaff).where(
            NetworkStaff.node_id == node.id, NetworkStaff.user_id == user_id, NetworkStaff.duty == duty
        )
    )
    if any(overlaps((post.since, post.until), (since, until)) for post in posts):
        raise Conflict("该人员在此期间的这项职责已经登记。", code="network-staff-known")
    post = NetworkStaff(
        node_id=node.id, user=user, duty=duty, since=since, until=until,
        recorded_by=actor.user_id, recorded_at=now,
    )  # fmt: skip
    session.add(post)
    session.flush()  # draws the id
    _audit(
        session,
        actor,
        node,
        "staff",
        now=now,
        details={"user_id": user_id, "duty": duty.value, "id": post.id},
    )
    return post


def end_staff(
    session: Session, actor: Actor, node_id: int, staff_id: int, *, now: datetime
) -> NetworkStaff | None:
    """End somebody's post at a node today; one that has not begun is taken off the record.

    Returns:
        None where it was taken off.

    Raises:
        NotFound, PermissionDenied: see the parts.
        Conflict: `network-staff-ended`.
    """
    node = _open(session, actor, node_id)
    post = session.get(NetworkStaff, staff_id, with_for_update=True, populate_existing=True)
    if post is None or post.node_id != node.id:
        raise NotFound("该节点没有这项在岗记录。", code="network-staff-not-found")
    today = china_day(now)
    if post.until is not None and post.until <= today:
        raise Conflict("该人员已经离岗。", code="network-staff-ended")
    _audit(session, actor, node, "end_staff", now=now, details={"user_id": post.user_id, "id": post.id})
    if post.since > today:
        session.delete(post)
        return None
    post.until = today
    _ = post.user  # shown after the session ends
    return post


def _may_serve(user: User, node: NetworkNode) -> bool:
    if user.organisation_id is not None and user.organisation_id == node.organisation_id:
        return True
    return oversees(actor_of(user), node.region_code)


def _require_keeper(actor: Actor, region_code: str) -> None:
    if not may_keep(actor, region_code):
        raise PermissionDenied("服务网络由所在地主管部门维护。", code="role-not-allowed")


def _open(session: Session, actor: Actor, node_id: int) -> NetworkNode:
    """Return an active node that the actor keeps, locked."""
    node = get_node(session, node_id, lock=True)
    _require_keeper(actor, node.region_code)
    if node.status is NodeStatus.CLOSED:
        raise Conflict("该节点已关闭，不能再变更。", code="network-node-closed")
    return node


def _parent(session: Session, parent_id: int | None) -> NetworkNode | None:
    if parent_id is None:
        return None
    parent = session.get(NetworkNode, parent_id, populate_existing=True)
    if parent is None:
        raise violation("/parent_id", "network-node-not-found", "没有找到该上级节点。")
    return parent


def _place(node: NetworkNode | None) -> Place | None:
    if node is None:
        return None
    return Place(node.level, node.region_code, node.status is NodeStatus.ACTIVE)


def _parents(session: Session) -> dict[int, int | None]:
    return dict(session.execute(select(NetworkNode.id, NetworkNode.parent_id)).all())


def _active_children(session: Session, node: NetworkNode) -> list[NetworkNode]:
    statement = select(NetworkNode).where(
        NetworkNode.parent_id == node.id, NetworkNode.status == NodeStatus.ACTIVE
    )
    return list(session.scalars(statement))


def _require_only_hub(session: Session, region_code: str) -> None:
    statement = select(NetworkNode.id).where(
        NetworkNode.level == Level.HUB,
        NetworkNode.status == NodeStatus.ACTIVE,
        NetworkNode.region_code == region_code,
    )
    if session.scalar(statement) is not None:
        raise Conflict("该市已有运行中的市平台。", code="network-hub-exists")


def _check_park(
    session: Session, level: Level, region_code: str, park_code: str | None, *, pointer: str = "/park_code"
) -> None:
    if park_code is None:
        return
    check_park(session, park_code, pointer=pointer)
    _refuse(pointer, park_fault(level, region_code, session.get_one(Park, park_code).region_code))


def _check_organisation(session: Session, organisation_id: int | None) -> None:
    if organisation_id is None:
        return
    organisation = session.get(Organisation, organisation_id)
    if organisation is None:
        raise violation("/organisation_id", "organisation-not-found", "没有找到该单位。")
    if organisation.status is not OrganisationStatus.VERIFIED:
        raise violation("/organisation_id", "organisation-not-verified", "该单位未通过核验，或已暂停。")


def _refuse(pointer: str, fault: Fault | None) -> None:
    if fault is not None:
        raise violation(pointer, fault.code, fault.detail)


def _changed(session: Session, node: NetworkNode, *, now: datetime) -> NetworkNode:
    node.updated_at = now
    session.flush()  # draws the new version for the ETag; a lost race stops here
    return get_node(session, node.id, lock=True)  # its region, park or organisation may be another


def _audit(
    session: Session, actor: Actor, node: NetworkNode, verb: str, *, now: datetime, details: dict[str, Any]
) -> None:
    record(
        session,
        actor.user_id,
        action=f"network_node.{verb}",
        entity="network_node",
        entity_id=node.id,
        now=now,
        details=details,
    )
