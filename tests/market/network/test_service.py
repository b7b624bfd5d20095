"""Building the tree: what is refused changes nothing, and every change is on record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, OrganisationKind, OrganisationStatus
from market.audit.models import AuditEvent
from market.errors import MarketError
from market.network.models import NetworkNode, NetworkStaff
from market.network.queries.nodes import get_node, get_tree, list_staff, see_node, territory_of
from market.network.rules import Level, NodeStatus, StaffDuty, TerritoryKind
from market.network.service import add_staff, close_node, create_node, edit_node, end_staff, move_node
from tests.factories import NOW, make_actor, make_organisation, make_user
from tests.market.network.factories import (
    HITECH,
    TODAY,
    WUXI,
    YIXING,
    Tree,
    make_net_node,
    make_tree,
    node_form,
)


@pytest.fixture
def tree(session: Session) -> Tree:
    return make_tree(session)


def refused(session: Session, work: Callable[[], Any]) -> str:
    """Return the code with which a work is refused, after making sure that it wrote nothing."""
    before = _state(session)
    with session.begin_nested() as undo:
        with pytest.raises(MarketError) as caught:
            work()
        session.flush()
        assert _state(session) == before
        undo.rollback()
    return caught.value.code


def _state(session: Session) -> list[Any]:
    nodes = session.execute(
        select(NetworkNode.id, NetworkNode.parent_id, NetworkNode.version).order_by(NetworkNode.id)
    )
    staff = session.execute(select(NetworkStaff.id, NetworkStaff.until).order_by(NetworkStaff.id))
    audits = session.scalar(select(func.count(AuditEvent.id)))
    return [nodes.all(), staff.all(), audits]


def test_the_tree_is_read_as_it_was_built(session: Session, tree: Tree) -> None:
    (root,) = get_tree(session)
    assert root.node is tree.hub
    assert [branch.node.title for branch in root.children] == ["江阴分中心", "宜兴分中心"]
    assert [leaf.node.title for leaf in root.children[0].children] == ["周庄工作站"]
    assert get_tree(session, region="320281")[0].node is tree.hub
    assert get_tree(session, region="320400") == []
    said = session.scalars(select(AuditEvent).where(AuditEvent.entity == "network_node")).all()
    assert [event.action for event in said] == ["network_node.create"] * 4


def test_what_does_not_fit_is_refused(session: Session, tree: Tree) -> None:
    pending = make_organisation(session, status=OrganisationStatus.PENDING)

    def create(level: Level, parent: NetworkNode | int | None, **values: Any) -> str:
        form = node_form(level, parent, **values)
        return refused(session, lambda: create_node(session, OPERATOR, form=form, now=NOW))

    assert create(Level.HUB, None, region_code=WUXI) == "network-hub-exists"
    assert create(Level.COUNTY, tree.hub, region_code="320481") == "network-region-outside"
    assert create(Level.NODE, 999_999) == "network-node-not-found"
    assert create(Level.NODE, tree.station) == "network-parent-level"
    assert create(Level.NODE, tree.yixing, region_code=YIXING, park_code=HITECH) == "network-park-outside"
    assert create(Level.NODE, tree.hub, park_code="nowhere") == "unknown-code"
    assert create(Level.NODE, tree.hub, region_code="999999") == "unknown-code"
    assert create(Level.NODE, tree.hub, organisation_id=999_999) == "organisation-not-found"
    assert create(Level.NODE, tree.hub, organisation_id=pending.id) == "organisation-not-verified"
    # The database keeps a second platform out, whoever writes; the transaction ends with it.
    row = NetworkNode(
        level=Level.HUB, title="另一平台", region_code=WUXI, opened_on=TODAY, created_at=NOW, updated_at=NOW
    )
    session.add(row)
    with pytest.raises(IntegrityError):
        session.flush()


def test_the_bureau_of_the_region_keeps_its_nodes(session: Session, tree: Tree) -> None:
    city = make_actor(session, OrganisationKind.BUREAU, region_code=WUXI)
    county = make_actor(session, OrganisationKind.BUREAU)
    enterprise = make_actor(session)
    form = node_form(Level.NODE, tree.hub)
    for actor in (county, city):
        assert create_node(session, actor, form=form, now=NOW).created_by == actor.user_id
    there = node_form(Level.NODE, tree.hub, region_code=YIXING)
    for actor, wanted in ((county, there), (enterprise, form)):
        code = refused(session, lambda a=actor, w=wanted: create_node(session, a, form=w, now=NOW))
        assert code == "role-not-allowed"
    move = refused(
        session,
        lambda: move_node(
            session, county, tree.station.id, parent_id=tree.yixing.id, region_code=YIXING, now=NOW
        ),
    )
    assert move == "role-not-allowed"


def test_changes_follow_the_version(session: Session, tree: Tree) -> None:
    university = make_organisation(session, OrganisationKind.UNIVERSITY, name="澄江大学")
    changes = {"title": "澄江大学工作站", "organisation_id": university.id}
    node = edit_node(session, OPERATOR, tree.station.id, changes=changes, version=1, now=NOW)
    assert (node.version, node.title) == (2, "澄江大学工作站")
    territory = territory_of(node)
    assert (territory.kind, territory.name) == (TerritoryKind.ORGANISATION, "澄江大学")
    node = edit_node(session, OPERATOR, node.id, changes={"park_code": HITECH}, version=2, now=NOW)
    assert (territory_of(node).kind, territory_of(node).code) == (TerritoryKind.PARK, HITECH)
    bureau = make_organisation(session, OrganisationKind.BUREAU)
    changes = {"park_code": None, "organisation_id": bureau.id}
    node = edit_node(session, OPERATOR, node.id, changes=changes, version=3, now=NOW)
    assert territory_of(node).kind is TerritoryKind.REGION
    stale = {"changes": {"title": "旧的"}, "version": 2, "now": NOW}
    assert refused(session, lambda: edit_node(session, OPERATOR, node.id, **stale)) == "stale-version"


def test_moving_keeps_regions_inside_each_other(session: Session, tree: Tree) -> None:
    def move(node: NetworkNode, parent: NetworkNode, region: str | None = None) -> NetworkNode:
        return move_node(session, OPERATOR, node.id, parent_id=parent.id, region_code=region, now=NOW)

    assert refused(session, lambda: move(tree.station, tree.yixing)) == "network-region-outside"
    assert refused(session, lambda: move(tree.jiangyin, tree.station)) == "network-cycle"
    assert refused(session, lambda: move(tree.hub, tree.yixing)) == "network-cycle"
    assert refused(session, lambda: move(tree.jiangyin, tree.hub, YIXING)) == "network-region-outside"
    assert move(tree.station, tree.hub).parent_id == tree.hub.id
    moved = move(tree.station, tree.yixing, YIXING)
    assert (moved.parent_id, moved.region_code, moved.region.name) == (tree.yixing.id, YIXING, "宜兴市")
    parked = make_net_node(session, Level.NODE, tree.jiangyin, park_code=HITECH)
    assert refused(session, lambda: move(parked, tree.yixing, YIXING)) == "network-park-outside"
    details = session.scalars(
        select(AuditEvent.details).where(AuditEvent.action == "network_node.move").order_by(AuditEvent.id)
    ).all()
    assert details[-1] == {"from": tree.hub.id, "to": tree.yixing.id, "region": YIXING}


def test_closing_begins_with_the_leaves(session: Session, tree: Tree) -> None:
    bureau = make_user(session, make_organisation(session, OrganisationKind.BUREAU))
    post = add_staff(
        session, OPERATOR, tree.station.id, user_id=bureau.id, duty=StaffDuty.HEAD, since=date(2024, 2, 1),
        until=None, now=NOW,
    )  # fmt: skip

    def close(node: NetworkNode, day: date | None = None) -> NetworkNode:
        return close_node(session, OPERATOR, node.id, closed_on=day, now=NOW)

    assert refused(session, lambda: close(tree.jiangyin)) == "network-has-children"
    assert refused(session, lambda: close(tree.station, TODAY + timedelta(1))) == "day-ahead"
    assert refused(session, lambda: close(tree.station, date(2024, 1, 7))) == "network-closed-before-opened"
    closed = close(tree.station)
    assert (closed.status, closed.closed_on, post.until) == (NodeStatus.CLOSED, TODAY, TODAY)
    assert refused(session, lambda: close(tree.station)) == "network-node-closed"
    assert close(tree.jiangyin).status is NodeStatus.CLOSED
    under = node_form(Level.NODE, tree.jiangyin)
    assert (
        refused(session, lambda: create_node(session, OPERATOR, form=under, now=NOW))
        == "network-parent-closed"
    )
    assert len(get_tree(session)[0].children) == 1
    assert len(get_tree(session, closed=True)[0].children) == 2


def test_staff_come_from_the_organisation_or_the_bureau(session: Session, tree: Tree) -> None:
    agency: Organisation = make_organisation(session, OrganisationKind.AGENCY)
    node = make_net_node(session, Level.NODE, tree.jiangyin, organisation_id=agency.id)
    broker, stranger = make_user(session, agency), make_user(session, make_organisation(session))
    bureau = make_user(session, make_organisation(session, OrganisationKind.BUREAU))
    elsewhere = make_user(session, make_organisation(session, OrganisationKind.BUREAU, region_code=YIXING))

    def add(user: int, since: date = TODAY, until: date | None = None) -> NetworkStaff:
        return add_staff(
            session, OPERATOR, node.id, user_id=user, duty=StaffDuty.BROKERAGE, since=since, until=until,
            now=NOW,
        )  # fmt: skip

    def end(post: NetworkStaff | int) -> NetworkStaff | None:
        number = post if isinstance(post, int) else post.id
        return end_staff(session, OPERATOR, node.id, number, now=NOW)

    for wrong in (stranger.id, elsewhere.id, 999_999):
        assert refused(session, lambda user=wrong: add(user)) == "network-staff-elsewhere"
    assert refused(session, lambda: add(broker.id, TODAY, date(2025, 6, 9))) == "network-staff-days"
    begun, later = add(broker.id, date(2025, 1, 6)), add(bureau.id, date(2025, 7, 1))
    assert refused(session, lambda: add(broker.id)) == "network-staff-known"
    assert end(begun) is begun
    assert begun.until == TODAY
    assert refused(session, lambda: end(begun)) == "network-staff-ended"
    assert end(later) is None
    assert refused(session, lambda: end(later.id)) == "network-staff-not-found"
    assert add(broker.id, TODAY + timedelta(1)).since == date(2025, 6, 11)
    session.flush()
    assert [post.user_id for post in list_staff(session, node)] == [broker.id, broker.id]
    # Who works there is for its own people and its bureau.
    seen = [see_node(session, actor, get_node(session, node.id)).staff for actor in (
        actor_of(broker), actor_of(bureau), OPERATOR, actor_of(elsewhere), actor_of(stranger), None,
    )]  # fmt: skip
    assert [staff is not None for staff in seen] == [True, True, True, False, False, False]
