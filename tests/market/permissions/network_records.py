"""Records of the tree of service nodes that the table asks about."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, OrganisationKind
from market.network.rules import Level, StaffDuty
from market.network.service import add_staff
from tests.factories import NOW, make_organisation, make_user
from tests.market.network.factories import make_net_node, make_tree
from tests.market.permissions.people import People


def network_records(session: Session, people: People) -> dict[str, Any]:
    """Insert them, and return their ids by the names that the lines use."""
    tree = make_tree(session)
    unit = make_net_node(session, Level.NODE, tree.jiangyin, organisation_id=people.home("seller").id)
    user = make_user(session, make_organisation(session, OrganisationKind.BUREAU))
    post = add_staff(
        session, OPERATOR, tree.station.id, user_id=user.id, duty=StaffDuty.HEAD, since=date(2024, 1, 8),
        until=None, now=NOW,
    )  # fmt: skip
    return {
        "network_id": tree.station.id,
        "network_id-unit": unit.id,
        "network_parent": tree.jiangyin.id,
        "network_root": tree.hub.id,
        "network_user": user.id,
        "staff_id": post.id,
    }
