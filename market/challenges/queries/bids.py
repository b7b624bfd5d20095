"""Reading bids: sealed until the call is closed, and whole only for those who must see all of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from market.accounts.rules import Actor
from market.challenges.models import Bid, Challenge
from market.challenges.queries.challenges import get_challenge, is_bureau, is_owner, steps_taken
from market.challenges.queries.panels import is_cleared
from market.challenges.rules import HANDED_IN, SCORED, Action, BidStatus, needs_panel
from market.errors import NotFound
from market.libraries.models import Talent


class Sight(StrEnum):
    """How much of a bid somebody sees."""

    NOTHING = "nothing"
    PLAN = "plan"
    """All but the confidential plan."""
    WHOLE = "whole"


def sight_of(actor: Actor, bid: Bid, *, cleared: bool, taken: Collection[Action]) -> Sight:
    """Tell how much of a bid the actor sees.

    The team sees all of its own. The bureau sees what was handed in once the call is closed; experts
    without a conflict what passed the formal check. The demand side sees those without the confidential
    plan, unless it scores them itself or the bid was chosen. `cleared` says that the actor is an expert of
    the panel without a conflict; `taken` are the steps that were taken with the challenge, as
    `steps_taken` returns them: one that was called off before it was closed stays sealed.
    """
    challenge = bid.challenge
    if actor.organisation_id is not None and actor.organisation_id == bid.organisation_id:
        return Sight.WHOLE
    if Action.CLOSE not in taken or bid.status not in HANDED_IN:
        return Sight.NOTHING
    if is_bureau(actor, challenge):
        return Sight.WHOLE
    if Action.FINISH_CHECKS not in taken or bid.status not in SCORED:
        return Sight.NOTHING
    if cleared:
        return Sight.WHOLE
    if is_owner(actor, challenge):
        scores = not needs_panel(challenge.mode, challenge.budget_fen, challenge.demand_rules)
        return Sight.WHOLE if scores or bid.status is BidStatus.AWARDED else Sight.PLAN
    return Sight.NOTHING


def _loaded() -> Sequence[object]:
    return [joinedload(Bid.challenge), joinedload(Bid.organisation), joinedload(Bid.leader)]


def get_bid(session: Session, actor: Actor, bid_id: int) -> Bid:
    """Return a bid of which the actor sees something.

    Raises:
        NotFound: there is none, or the actor may not know of it.
    """
    bid = session.get(Bid, bid_id, options=_loaded())  # type: ignore[arg-type]  # all are loader options
    if bid is None or see(session, actor, bid).sight is Sight.NOTHING:
        raise NotFound("没有找到该揭榜申报。", code="bid-not-found")
    return bid


def lock_bid(session: Session, actor: Actor, bid_id: int) -> Bid:
    """Return a bid as it stands now that its challenge is locked; see `get_bid`.

    The challenge is locked first, as by every step, so that no two steps wait for each other.
    """
    challenge_id = session.scalar(select(Bid.challenge_id).where(Bid.id == bid_id))
    if challenge_id is None:
        raise NotFound("没有找到该揭榜申报。", code="bid-not-found")
    get_challenge(session, actor, challenge_id, lock=True)
    bid = get_bid(session, actor, bid_id)
    session.refresh(bid)
    return bid


@dataclass(frozen=True, slots=True)
class SeenMember:
    """One of a team, with name and unit wherever those are kept."""

    name: str
    unit: str
    talent_id: int | None
    duty: str | None


@dataclass(frozen=True, slots=True)
class SeenBid:
    """A bid as one actor sees it, ready to be shown after the session ends."""

    bid: Bid
    sight: Sight
    leader: str
    team: Sequence[SeenMember]


def see(session: Session, actor: Actor, bid: Bid) -> SeenBid:
    """Return a bid as the actor sees it."""
    cleared = is_cleared(session, actor, bid.challenge_id)
    return _seen(actor, bid, cleared=cleared, taken=steps_taken(session, bid.challenge_id))


def _seen(actor: Actor, bid: Bid, *, cleared: bool, taken: Collection[Action]) -> SeenBid:
    _ = bid.organisation
    team = [SeenMember(one.full_name, one.full_unit, one.talent_id, one.duty) for one in bid.members]
    return SeenBid(bid, sight_of(actor, bid, cleared=cleared, taken=taken), leader_of(bid), team)


def read_bid(session: Session, actor: Actor, bid_id: int) -> SeenBid:
    """Return a bid as the actor sees it; see `get_bid`."""
    return see(session, actor, get_bid(session, actor, bid_id))


def list_bids(session: Session, actor: Actor, challenge: Challenge) -> list[SeenBid]:
    """Return the bids of a challenge of which the actor sees something, in the order they were begun."""
    rows = session.scalars(
        select(Bid).options(*_loaded()).where(Bid.challenge_id == challenge.id).order_by(Bid.id)  # type: ignore[arg-type]
    )
    cleared = is_cleared(session, actor, challenge.id)
    taken = steps_taken(session, challenge.id)
    seen = [_seen(actor, bid, cleared=cleared, taken=taken) for bid in rows]
    return [one for one in seen if one.sight is not Sight.NOTHING]


def standing_bids(session: Session, challenge_id: int) -> list[Bid]:
    """Return all bids that were handed in and not withdrawn, whatever became of them, by id."""
    return list(
        session.scalars(
            select(Bid)
            .options(joinedload(Bid.organisation), joinedload(Bid.leader))
            .where(Bid.challenge_id == challenge_id, Bid.status.in_(HANDED_IN))
            .order_by(Bid.id)
            .execution_options(populate_existing=True)
        )
    )


def leader_of(bid: Bid) -> str:
    """Return the name of a bid's leader, wherever it is kept."""
    talent: Talent | None = bid.leader
    return talent.person_name if talent is not None else bid.leader_name or ""
