"""Records of suggestions across kinds that the table asks about."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from market.matches.rules import Status
from matching.types import Kind
from tests.factories import make_achievement, make_need
from tests.market.libraries.factories import make_node
from tests.market.libraries.factories_talents import make_talent
from tests.market.matches.referrals.factories import make_referral
from tests.market.permissions.people import People


def referral_records(session: Session, people: People) -> dict[str, Any]:
    """Insert them, and return their ids by the names that the lines use."""
    need = make_need(session, people.home("buyer"))

    def expert(status: Status, **values: Any) -> int:
        talent = make_talent(session, organisation_id=people.home("seller").id)
        demand, supply = (Kind.NEED, need.id), (Kind.EXPERT, talent.id)
        return make_referral(session, demand, supply, status=status, **values).id

    node, achievement = make_node(session), make_achievement(session, people.home("seller"))
    gap = make_referral(
        session, (Kind.NODE, node.id), (Kind.ACHIEVEMENT, achievement.id), status=Status.RECOMMENDED
    )
    return {
        "referral_id": expert(Status.AGREED, broker_id=people.desk.id),
        "referral_id-suggested": expert(Status.SUGGESTED),
        "referral_id-recommended": expert(Status.RECOMMENDED),
        "referral_id-gap": gap.id,
    }
