"""A pair that could suit each other, and the people around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import actor_of
from market.accounts.rules import Actor, OrganisationKind, OrganisationStatus
from market.listings.models import Achievement, Need
from market.listings.rules import ListingKind
from market.listings.rules import Status as ListingStatus
from market.matches import service
from market.matches.models import Suggestion
from market.matches.rules import Action, Side, Status
from tests.factories import NOW, make_actor, make_organisation, make_user
from tests.market.listings.factories import ENCODER, WUXI, make_listing

NEED_SECRET, NEED_PHONE = "竞争对手已报价六十万", "13800138001"
ACHIEVEMENT_SECRET, ACHIEVEMENT_PHONE = "膜片配方含季铵盐", "13800138002"
SECRETS = (NEED_SECRET, NEED_PHONE, ACHIEVEMENT_SECRET, ACHIEVEMENT_PHONE)

NAMES = (
    "enterprise",
    "university",
    "broker",
    "other_broker",
    "unverified_broker",
    "stranger",
    "bureau",
    "registrar",
    "admin",
)


@dataclass(frozen=True)
class Scene:
    """An enterprise, a university, and everybody else who may look at or act on a pair of theirs."""

    buyer: Organisation
    seller: Organisation
    enterprise: Actor
    university: Actor
    broker: Actor
    other_broker: Actor
    unverified_broker: Actor
    stranger: Actor
    bureau: Actor
    registrar: Actor
    admin: Actor


def make_scene(session: Session) -> Scene:
    """Insert the people."""
    buyer = make_organisation(session)
    seller = make_organisation(session, OrganisationKind.UNIVERSITY)
    pending = OrganisationStatus.PENDING
    return Scene(
        buyer=buyer,
        seller=seller,
        enterprise=actor_of(make_user(session, buyer)),
        university=actor_of(make_user(session, seller)),
        broker=make_actor(session, OrganisationKind.AGENCY),
        other_broker=make_actor(session, OrganisationKind.AGENCY),
        unverified_broker=make_actor(session, OrganisationKind.AGENCY, status=pending),
        stranger=make_actor(session),
        bureau=make_actor(session, OrganisationKind.BUREAU, uscc=None, region_code=WUXI),
        registrar=make_actor(session, OrganisationKind.STATION),
        admin=actor_of(make_user(session)),
    )


def make_need(session: Session, owner: Organisation | int, **values: Any) -> Need:
    """Insert a need with a confidential part; a published one is in the index."""
    secret = {"confidential": NEED_SECRET, "contact_phone": NEED_PHONE}
    row = make_listing(session, ListingKind.NEED, owner, **{**secret, **values})
    assert isinstance(row, Need)
    return row


def make_achievement(session: Session, owner: Organisation | int, **values: Any) -> Achievement:
    """Insert an achievement with a confidential part; a published one is in the index."""
    secret = {"confidential": ACHIEVEMENT_SECRET, "contact_phone": ACHIEVEMENT_PHONE}
    row = make_listing(session, ListingKind.ACHIEVEMENT, owner, **{**secret, **values})
    assert isinstance(row, Achievement)
    return row


def make_pair(
    session: Session,
    scene: Scene,
    *,
    status: Status = Status.SUGGESTED,
    need: Need | None = None,
    achievement: Achievement | None = None,
    **values: Any,
) -> Suggestion:
    """Insert a suggestion as it stands, without events; an agreed one has its need under negotiation."""
    if need is None:
        negotiated = status is Status.AGREED
        need_status = ListingStatus.MATCHING if negotiated else ListingStatus.PUBLISHED
        need = make_need(session, scene.buyer, status=need_status)
    if achievement is None:
        achievement = make_achievement(session, scene.seller)
    row = Suggestion(
        **{
            "need_id": need.id,
            "achievement_id": achievement.id,
            "asked_by": Side.NEED,
            "rank": 1,
            "score": 0.5,
            "encoder": ENCODER.key,
            "lexicon": "test",
            "weights": "test",
            "reasons": {"parts": [], "terms": [], "concepts": [], "facets": []},
            "status": status,
            "created_at": NOW,
            **values,
        }
    )
    session.add(row)
    session.flush()
    return row


def recommend(session: Session, scene: Scene, suggestion: Suggestion) -> None:
    """Recommend a suggestion as the broker."""
    service.review_suggestion(
        session,
        scene.broker,
        suggestion.id,
        decision=Action.RECOMMEND,
        reason_code="indicators_fit",
        words="指标吻合",
        now=NOW,
    )


def want(session: Session, actor: Actor, suggestion: Suggestion, *, interested: bool = True) -> None:
    """Say for one side whether it wants to talk."""
    service.express_interest(
        session, actor, suggestion.id, interested=interested, words=None, encoder=ENCODER, now=NOW
    )


def agree(session: Session, scene: Scene, suggestion: Suggestion) -> None:
    """Take a new suggestion to where both sides have agreed."""
    recommend(session, scene, suggestion)
    want(session, scene.enterprise, suggestion)
    want(session, scene.university, suggestion)
