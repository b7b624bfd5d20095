"""Records of all kinds that could be referred to each other, and the people who speak for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.libraries.models import KeyTechnology, Resource, Talent
from market.libraries.rules import EntryKind
from market.libraries.rules.graph import ChainRole
from market.libraries.service.chains import add_position
from market.listings.models import Scenario
from market.listings.rules import ListingKind
from market.matches.models import Referral
from market.matches.rules import Action, Status
from market.matches.rules.referrals import ReferralSide
from market.matches.service import referrals as service
from matching.types import Kind
from tests.factories import NOW, make_organisation, make_user
from tests.market.libraries.factories import ENCODER, make_bureau, make_entry
from tests.market.libraries.factories_talents import make_talent
from tests.market.listings.factories import make_listing
from tests.market.matches.factories import Scene, make_need, make_scene


@dataclass(frozen=True)
class World:
    """A need of an enterprise, an expert of a university, and everybody who may look at them.

    `bureau` is that of the region; `person` is the expert's own account, of another organisation.
    """

    scene: Scene
    bureau: Actor
    person: Actor

    def actor(self, name: str) -> Actor:
        """Return somebody by name."""
        found: Actor = getattr(self, name, None) or getattr(self.scene, name)
        return found


def make_world(session: Session) -> World:
    """Insert the people."""
    person = make_user(session, make_organisation(session, OrganisationKind.UNIVERSITY))
    return World(scene=make_scene(session), bureau=make_bureau(session)[0], person=actor_of(person))


def make_resource(session: Session, category: str = "pilot_base", **values: Any) -> Resource:
    """Insert a listed resource that stands in no edition yet."""
    form = {
        "title": "暨阳水处理中试基地",
        "summary": "承接膜法废水回用工艺的中试放大。",
        "category": category,
        "min_trl": 5 if category == "pilot_base" else None,
        "max_trl": 7 if category == "pilot_base" else None,
        **values,
    }
    resource: Resource = make_entry(session, EntryKind.RESOURCE, form)
    return resource


def make_technology(session: Session, **values: Any) -> KeyTechnology:
    """Insert a listed key technology that stands in no edition yet."""
    form = {"title": "高通量抗污染反渗透膜", "summary": "印染废水回用膜的清洗周期过短。", **values}
    technology: KeyTechnology = make_entry(session, EntryKind.TECHNOLOGY, form)
    return technology


def make_scenario(session: Session, owner: Organisation | int, **values: Any) -> Scenario:
    """Insert a published scenario, in the index."""
    row = make_listing(session, ListingKind.SCENARIO, owner, **values)
    assert isinstance(row, Scenario)
    return row


def put_on(session: Session, enterprise_id: int, node_id: int) -> None:
    """Put an enterprise on a node."""
    add_position(
        session, OPERATOR, enterprise_id, node_id=node_id, role=ChainRole.CORE, encoder=ENCODER, now=NOW
    )


def make_referral(
    session: Session,
    demand: tuple[Kind, int],
    supply: tuple[Kind, int],
    *,
    status: Status = Status.SUGGESTED,
    **values: Any,
) -> Referral:
    """Insert a referral as it stands, without events."""
    row = Referral(
        **{
            "demand_kind": demand[0],
            "demand_id": demand[1],
            "supply_kind": supply[0],
            "supply_id": supply[1],
            "asked_by": ReferralSide.DEMAND,
            "rank": 1,
            "score": 0.5,
            "encoder": ENCODER.key,
            "lexicon": "test",
            "weights": "test",
            "reasons": {
                "parts": [],
                "terms": [{"term": "顾澄波"}],
                "concepts": [{"concept": "膜分离"}],
                "alike": [],
                "facets": [{"facet": "tech_field", "verdict": "fits", "words": "技术领域相同"}],
                "reranker": None,
            },
            "status": status,
            "created_at": NOW,
            **values,
        }
    )
    session.add(row)
    session.flush()
    return row


def refer_expert(
    session: Session, world: World, *, status: Status = Status.SUGGESTED, **values: Any
) -> Referral:
    """Insert a need, the expert whose account `person` is, and the referral of one to the other."""
    need = make_need(session, world.scene.buyer)
    expert = session.scalar(select(Talent).where(Talent.user_id == world.person.user_id))
    if expert is None:
        expert = make_talent(session, organisation_id=world.scene.seller.id)
        expert.user_id = world.person.user_id
    return make_referral(session, (Kind.NEED, need.id), (Kind.EXPERT, expert.id), status=status, **values)


def review(session: Session, actor: Actor, referral: Referral, decision: Action = Action.RECOMMEND) -> None:
    """Decide on a referral."""
    code = "indicators_fit" if decision is Action.RECOMMEND else "off_topic"
    service.review_referral(
        session, actor, referral.id, decision=decision, reason_code=code, words="研究方向对口", now=NOW
    )


def want(session: Session, actor: Actor, referral: Referral, *, interested: bool = True) -> None:
    """Say for a side whether it wants to talk."""
    service.express_interest(session, actor, referral.id, interested=interested, words=None, now=NOW)


def end(session: Session, actor: Actor, referral: Referral, *, signed: bool, code: str | None = None) -> None:
    """Say how the talks ended."""
    service.record_outcome(
        session, actor, referral.id, signed=signed, reason_code=code, words="谈判三轮", now=NOW
    )


def all_referrals(session: Session) -> list[Referral]:
    """Return all referrals, oldest first."""
    return list(session.scalars(select(Referral).order_by(Referral.id)))


def pairs(session: Session, *statuses: Status) -> set[tuple[str, int, str, int]]:
    """Return both records of every referral, or of those in these states."""
    return {
        (one.demand_kind.value, one.demand_id, one.supply_kind.value, one.supply_id)
        for one in all_referrals(session)
        if not statuses or one.status in statuses
    }
