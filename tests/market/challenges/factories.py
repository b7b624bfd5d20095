"""A challenge on its way, made by the market's own services, and everybody who takes part."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation, User
from market.accounts.queries import actor_of, get_organisation
from market.accounts.rules import Actor, OrganisationKind
from market.challenges.models import Award, Bid, Challenge, PanelSeat
from market.challenges.queries.panels import seats_of
from market.challenges.rules import DEFAULT_CRITERIA, Mode, SeatStatus, Status
from market.challenges.service.awards import award_challenge, mark_contracted, start_award
from market.challenges.service.bids import begin_bid, check_bid, submit_bid
from market.challenges.service.calling import close_call, invite, publish_list
from market.challenges.service.collecting import collect_challenge, screen_challenge
from market.challenges.service.notices import publish_notice
from market.challenges.service.panels import declare, draw_panel
from market.challenges.service.scoring import appraise_bid, conclude_review, score_bid
from market.libraries.models import Talent
from market.listings.models import Need
from market.listings.rules import Validation
from tests.factories import JIANGYIN, NOW, make_need, make_organisation, make_user
from tests.market.contracts.factories import Cast, make_cast
from tests.market.libraries.factories import ENCODER
from tests.market.libraries.factories_talents import make_talent

CLOSES = NOW + timedelta(days=10)
CLOSED = NOW + timedelta(days=11)
NOTICE_OVER = NOW + timedelta(days=30)
"""Later than five working days after CLOSED."""

MILESTONES = [
    {"name": "样机", "target": "连续运行1000小时", "due_on": date(2025, 12, 31), "amount_fen": 30_000_000},
]
PATH = (
    Status.COLLECTED,
    Status.SCREENED,
    Status.CALLING,
    Status.CLOSED,
    Status.CHECKED,
    Status.REVIEWED,
    Status.NOTICED,
    Status.AWARDED,
    Status.CONTRACTED,
    Status.IMPLEMENTING,
)
_names = itertools.count(1)


@dataclass
class Field:
    """Who takes part in a challenge, and what has come of it so far."""

    bureau: Actor
    owner: Actor
    teams: list[Actor]
    experts: list[Talent]
    need: Need
    start: datetime = NOW
    challenge: Challenge | None = None
    bids: list[Bid] = field(default_factory=list)
    awards: list[Award] = field(default_factory=list)

    @property
    def closes(self) -> datetime:
        """When the call closes."""
        return self.start + (CLOSES - NOW)

    @property
    def closed(self) -> datetime:
        """When bids are checked and scored."""
        return self.start + (CLOSED - NOW)

    @property
    def over(self) -> datetime:
        """When the notice has ended."""
        return self.start + (NOTICE_OVER - NOW)

    @property
    def id(self) -> int:
        """Id of the challenge."""
        assert self.challenge is not None
        return self.challenge.id


def challenge_form(need: Need | None = None, **values: Any) -> dict[str, Any]:
    """Return the form of a challenge of 80万元, 20万元 of it granted besides."""
    origin = {"need_id": need.id} if need is not None else {}
    return {
        **origin,
        "mode": Mode.OPEN_CALL,
        "goals": "膜清洗周期由三个月延长到十二个月。",
        "indicators": [{"name": "清洗周期", "value": "不低于12个月"}],
        "conditions": "揭榜方应有膜法水处理的工程业绩。",
        "ip_terms": "知识产权归双方共有。",
        "budget_fen": 80_000_000,
        "grant_fen": 20_000_000,
        "solver_percent": 60,
        "duration_months": 24,
        **values,
    }


def bid_form(**values: Any) -> dict[str, Any]:
    """Return the form of a bid of 60万元."""
    return {
        "leader_name": "周文远",
        "plan": "以荷电纳滤截留有机物，配合在线清洗延长周期。",
        "confidential": "膜面改性配方见附表。",
        "amount_fen": 60_000_000,
        "months": 18,
        **values,
    }


def points(value: int = 80) -> dict[str, int]:
    """Return a sheet that gives every criterion the same points."""
    return {criterion.key: value for criterion in DEFAULT_CRITERIA}


def make_expert(session: Session, *, unit: str = "", **values: Any) -> Talent:
    """Insert an expert with an account of the own, in a unit of the own."""
    number = next(_names)
    home = make_organisation(session, OrganisationKind.UNIVERSITY, name=unit or f"评审研究院第{number}所")
    talent = make_talent(
        session, person_name=f"专家{number}", unit_name=home.name, organisation_id=home.id, **values
    )
    talent.user_id = make_user(session, home).id
    session.flush()
    return talent


def make_field(session: Session, *, teams: int = 2, experts: int = 5, **need: Any) -> Field:
    """Insert a bureau, an enterprise with a valid need, teams and experts."""
    bureau = make_user(session, make_organisation(session, OrganisationKind.BUREAU))
    owner = make_organisation(session, name=f"澄江印染有限公司{next(_names)}", nature_code="150")
    return Field(
        bureau=actor_of(bureau),
        owner=actor_of(make_user(session, owner)),
        teams=[make_team(session) for _ in range(teams)],
        experts=[make_expert(session) for _ in range(experts)],
        need=make_need(session, owner, **{"validation": Validation.VALID, **need}),
    )


def make_team(session: Session) -> Actor:
    """Insert a university that leads a team."""
    home = make_organisation(
        session, OrganisationKind.UNIVERSITY, name=f"揭榜大学之{next(_names)}", nature_code="0221"
    )
    return actor_of(make_user(session, home))


def person_of(session: Session, talent: Talent) -> Actor:
    """Return an expert as an actor."""
    user = session.get(User, talent.user_id)
    assert user is not None
    return actor_of(user)


def unit_of(session: Session, actor: Actor) -> Organisation:
    """Return an actor's unit."""
    assert actor.organisation_id is not None
    return get_organisation(session, actor.organisation_id)


def reach(session: Session, scene: Field, status: Status, *, winners: int = 1, **values: Any) -> Challenge:
    """Take a new challenge of the scene up to a state, every team bidding 60万元.

    Args:
        session: open transaction.
        scene: who takes part.
        status: the state to reach, one of `PATH`.
        winners: how many of the teams are awarded, the first ones.
        values: of the challenge's form.
    """
    form = challenge_form(scene.need, **values)
    challenge = scene.challenge = collect_challenge(session, scene.owner, form=form, now=scene.start)
    for step in PATH[1 : PATH.index(status) + 1]:
        _ADVANCES[step](session, scene, winners)
    session.flush()
    assert challenge.status is status, challenge.status
    return challenge


def _screen(session: Session, scene: Field, _winners: int) -> None:
    screen_challenge(session, scene.bureau, scene.id, chosen=True, note=None, now=scene.start)


def _call(session: Session, scene: Field, _winners: int) -> None:
    publish_list(
        session, scene.bureau, region_code=JIANGYIN, ids=[scene.id], closes_at=scene.closes, now=scene.start
    )
    assert scene.challenge is not None
    if scene.challenge.mode is Mode.DIRECTED:
        unit = scene.teams[0].organisation_id
        assert unit is not None
        invite(session, scene.bureau, scene.id, organisation_id=unit, closes_at=scene.closes, now=scene.start)


def _close(session: Session, scene: Field, _winners: int) -> None:
    assert scene.challenge is not None
    only = scene.challenge.mode is Mode.DIRECTED
    for team in scene.teams[:1] if only else scene.teams:
        scene.bids.append(hand_in(session, scene, team))
    close_call(session, scene.bureau, scene.id, now=scene.closed)


def hand_in(session: Session, scene: Field, team: Actor, **values: Any) -> Bid:
    """Hand in a team's bid."""
    form = bid_form(results="已在两家企业应用。", **values)
    bid = begin_bid(session, team, scene.id, form=form, now=scene.start)
    return submit_bid(session, team, bid.id, now=scene.start)


def _check(session: Session, scene: Field, _winners: int) -> None:
    for bid in scene.bids:
        check_bid(session, scene.bureau, bid.id, passed=True, note=None, now=scene.closed)


def clear_panel(session: Session, scene: Field, *, size: int = 3) -> list[PanelSeat]:
    """Draw a panel, and have all its experts declare that nothing stands in the way."""
    draw_panel(session, scene.bureau, scene.id, size=size, now=scene.closed)
    seats = [seat for seat in seats_of(session, scene.id) if seat.status is SeatStatus.CALLED]
    for seat in seats:
        declare(session, person_of(session, seat.talent), seat.id, free=True, words=None, now=scene.closed)
    return seats


def score_all(session: Session, scene: Field, seats: list[PanelSeat]) -> None:
    """Have every expert score every bid, the first one best."""
    for seat in seats:
        for place, bid in enumerate(scene.bids):
            score_bid(
                session, scene.bureau, seat.id, bid_id=bid.id, points=points(90 - place), comment=None,
                now=scene.closed,
            )  # fmt: skip


def _review(session: Session, scene: Field, _winners: int) -> None:
    assert scene.challenge is not None
    if scene.challenge.mode is Mode.CROWDSOURCING:
        for place, bid in enumerate(scene.bids):
            appraise_bid(
                session, scene.owner, bid.id, points=points(90 - place), comment=None, now=scene.closed
            )
    else:
        score_all(session, scene, clear_panel(session, scene))
    conclude_review(session, scene.bureau, scene.id, note=None, now=scene.closed)


def winner(bid: Bid, *, grant_fen: int = 10_000_000, **values: Any) -> dict[str, Any]:
    """Return a line of a notice."""
    return {"bid_id": bid.id, "grant_fen": grant_fen, **values}


def _notice(session: Session, scene: Field, winners: int) -> None:
    amount, grant = 60_000_000 // winners, 10_000_000 // winners
    lines = [winner(bid, amount_fen=amount, grant_fen=grant) for bid in scene.bids[:winners]]
    publish_notice(session, scene.bureau, scene.id, winners=lines, now=scene.closed)


def _award(session: Session, scene: Field, winners: int) -> None:
    scene.awards = award_challenge(
        session,
        scene.bureau,
        scene.id,
        projects=[
            {"bid_id": bid.id, "milestones": [dict(one) for one in MILESTONES]}
            for bid in scene.bids[:winners]
        ],
        encoder=ENCODER,
        now=scene.over,
    )


def _contract(session: Session, scene: Field, _winners: int) -> None:
    for award in scene.awards:
        mark_contracted(session, scene.bureau, award.id, now=scene.over)


def _start(session: Session, scene: Field, _winners: int) -> None:
    for award in scene.awards:
        start_award(session, scene.bureau, award.id, note=None, now=scene.over)


_ADVANCES = {
    Status.SCREENED: _screen,
    Status.CALLING: _call,
    Status.CLOSED: _close,
    Status.CHECKED: _check,
    Status.REVIEWED: _review,
    Status.NOTICED: _notice,
    Status.AWARDED: _award,
    Status.CONTRACTED: _contract,
    Status.IMPLEMENTING: _start,
}


def bid_of(session: Session, scene: Field, team: Actor) -> Bid:
    """Return a team's bid."""
    return session.scalars(
        select(Bid).where(Bid.challenge_id == scene.id, Bid.organisation_id == team.organisation_id)
    ).one()


def cast_of(session: Session, scene: Field) -> Cast:
    """Return a station at which the first team registers its contract with the demand side."""
    return replace(
        make_cast(session),
        seller=scene.teams[0],
        seller_organisation=unit_of(session, scene.teams[0]),
        buyer=scene.owner,
        buyer_organisation=unit_of(session, scene.owner),
    )
