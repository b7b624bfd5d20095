"""Reading panels: seats, who might be drawn, and everybody with an interest in the outcome."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session, joinedload

from market.accounts.models import Organisation, User
from market.accounts.rules import Actor
from market.challenges.models import Bid, Challenge, IntegrityRecord, Panel, PanelSeat
from market.challenges.queries.challenges import is_bureau, is_owner
from market.challenges.rules import (
    BEFORE_AWARD,
    HANDED_IN,
    SEATED,
    Candidate,
    Concerned,
    Recusal,
    SeatStatus,
)
from market.conduct.queries import barred_people
from market.errors import NotFound
from market.libraries.models import Project, ProjectMember, Talent, TalentRole
from market.libraries.queries.talents import available_experts, has_agreed, holds, valid_on
from market.libraries.rules import EntryStatus
from market.libraries.rules.talents import EXPERT_ROLE, ConsentScope


def is_cleared(session: Session, actor: Actor, challenge_id: int) -> bool:
    """Tell whether the actor is an expert of the panel who declared to be free of conflicts."""
    if actor.user_id is None:
        return False
    seat = (
        select(PanelSeat.id)
        .join(Talent, Talent.id == PanelSeat.talent_id)
        .where(
            PanelSeat.challenge_id == challenge_id,
            PanelSeat.status == SeatStatus.CLEARED,
            Talent.user_id == actor.user_id,
        )
    )
    return session.scalar(seat) is not None


def is_own_seat(actor: Actor, seat: PanelSeat) -> bool:
    """Tell whether the actor is the expert of a seat."""
    return actor.user_id is not None and seat.talent.user_id == actor.user_id


def seats_of(session: Session, challenge_id: int) -> list[PanelSeat]:
    """Return all seats of a challenge with their experts, in the order they were filled."""
    return list(
        session.scalars(
            select(PanelSeat)
            .options(joinedload(PanelSeat.talent))
            .where(PanelSeat.challenge_id == challenge_id)
            .order_by(PanelSeat.id)
        )
    )


def cleared_seats(session: Session, challenge_id: int) -> list[PanelSeat]:
    """Return the seats whose experts declared to be free of conflicts."""
    return [seat for seat in seats_of(session, challenge_id) if seat.status is SeatStatus.CLEARED]


def get_seat(session: Session, actor: Actor, seat_id: int) -> tuple[PanelSeat, Challenge]:
    """Return a seat and its challenge, for its expert and the bureau.

    Raises:
        NotFound: there is none, or the actor may not know of it.
    """
    seat = session.get(PanelSeat, seat_id, options=[joinedload(PanelSeat.talent)])
    challenge = session.get(Challenge, seat.challenge_id) if seat is not None else None
    if seat is None or challenge is None or not (is_own_seat(actor, seat) or is_bureau(actor, challenge)):
        raise NotFound("没有找到该评审席位。", code="seat-not-found")
    return seat, challenge


def panels_of(session: Session, challenge_id: int) -> list[Panel]:
    """Return the draws of a challenge, first round first."""
    return list(
        session.scalars(
            select(Panel)
            .where(Panel.challenge_id == challenge_id)
            .order_by(Panel.round)
            .execution_options(populate_existing=True)
        )
    )


@dataclass(frozen=True, slots=True)
class NamedSeat:
    """A seat as the two sides see it after the award: who sat there, and not what was declared."""

    id: int
    position: int
    talent_id: int
    talent: Talent
    status: SeatStatus


def list_seats(
    session: Session, actor: Actor, challenge: Challenge
) -> Sequence[PanelSeat] | Sequence[NamedSeat]:
    """Return the seats the actor may know of.

    The bureau knows all. An expert knows the own seat. After the award, the demand side and those who
    bid know who sat on the panel; before, no name of an expert reaches them.
    """
    seats = seats_of(session, challenge.id)
    if is_bureau(actor, challenge):
        return seats
    own = [seat for seat in seats if is_own_seat(actor, seat)]
    if own:
        return own
    if challenge.status in BEFORE_AWARD or not _took_part(session, actor, challenge):
        return []
    return [
        NamedSeat(seat.id, seat.position, seat.talent_id, seat.talent, seat.status)
        for seat in seats
        if seat.status is SeatStatus.CLEARED
    ]


def _took_part(session: Session, actor: Actor, challenge: Challenge) -> bool:
    if is_owner(actor, challenge):
        return True
    bid = select(Bid.id).where(
        Bid.challenge_id == challenge.id,
        Bid.organisation_id == actor.organisation_id,
        Bid.status.in_(HANDED_IN),
    )
    return session.scalar(bid) is not None


def candidates(
    session: Session, *, fields: Sequence[str], region: str | None, day: date, without: Collection[int]
) -> list[Candidate]:
    """Return the experts who might be drawn on a day, those apart who had a seat already."""
    experts = available_experts(session, fields=fields, region=region, day=day)
    return as_candidates(session, [expert for expert in experts if expert.id not in without], day=day)


def as_candidates(session: Session, experts: Sequence[Talent], *, day: date) -> list[Candidate]:
    """Return experts with all that the check for conflicts looks at."""
    users = {expert.user_id for expert in experts if expert.user_id is not None}
    homes = {
        user_id: (organisation_id, name)
        for user_id, organisation_id, name in session.execute(
            select(User.id, Organisation.id, Organisation.name)
            .join(Organisation, Organisation.id == User.organisation_id)
            .where(User.id.in_(users))
        )
    }
    projects = _projects_of(session, [expert.id for expert in experts])
    barred = _barred(session, [expert.id for expert in experts], day=day)
    blacklisted = barred_people(session, [expert.id for expert in experts], day)
    found = []
    for expert in experts:
        units = {expert.organisation_id: expert.organisation.name} if expert.organisation is not None else {}
        if expert.user_id in homes:
            home, name = homes[expert.user_id]
            units[home] = name
        found.append(
            Candidate(
                talent_id=expert.id,
                name=expert.person_name,
                units=tuple(name for name in (expert.unit_name, *units.values()) if name),
                organisation_ids=frozenset(one for one in units if one is not None),
                project_ids=frozenset(projects[expert.id]),
                interests=expert.declared_interests or "",
                barred=expert.id in barred,
                blacklisted=expert.id in blacklisted,
            )
        )
    return found


def lapsed(session: Session, expert: Talent, *, day: date) -> Recusal | None:
    """Return why somebody who was drawn can no longer be asked on a day; None if nothing has changed."""
    if expert.status is not EntryStatus.LISTED:
        return Recusal.OFF_POOL
    if not has_agreed(session, expert.id, ConsentScope.FIND):
        return Recusal.NO_CONSENT
    role = holds(TalentRole.role == EXPERT_ROLE, valid_on(day))
    if session.scalar(select(Talent.id).where(Talent.id == expert.id, role)) is None:
        return Recusal.NO_ROLE
    return None


def concerned_with(session: Session, challenge: Challenge, bids: Iterable[Bid]) -> Concerned:
    """Return everybody with an interest in the outcome: the demand side, and those who bid."""
    talents: set[int] = set()
    units: list[str] = []
    ids: set[int] = set()
    people: list[tuple[str, str]] = []
    for bid in bids:
        units.append(bid.organisation.name)
        ids.add(bid.organisation_id)
        if bid.leader is not None:
            talents.add(bid.leader.id)
            units.append(bid.leader.unit_name)
        elif bid.leader_name:
            people.append((bid.leader_name, bid.organisation.name))
        for member in bid.members:
            units.append(member.full_unit)
            if member.organisation_id is not None:
                ids.add(member.organisation_id)
            if member.talent_id is not None:
                talents.add(member.talent_id)
            else:
                people.append((member.full_name, member.full_unit or bid.organisation.name))
    projects = {one for found in _projects_of(session, sorted(talents)).values() for one in found}
    if people:
        namesakes = select(ProjectMember.project_id).where(
            tuple_(ProjectMember.name, ProjectMember.unit).in_(people)
        )
        projects |= set(session.scalars(namesakes))
    return Concerned(
        owner_units=(challenge.organisation.name,),
        owner_ids=frozenset({challenge.organisation_id}),
        bidder_units=tuple(unit for unit in units if unit),
        bidder_ids=frozenset(ids),
        people=tuple(people),
        talent_ids=frozenset(talents),
        project_ids=frozenset(projects),
    )


def _projects_of(session: Session, talent_ids: Sequence[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    members = select(ProjectMember.talent_id, ProjectMember.project_id).where(
        ProjectMember.talent_id.in_(talent_ids)
    )
    leaders = select(Project.leader_talent_id, Project.id).where(Project.leader_talent_id.in_(talent_ids))
    for talent_id, project_id in (*session.execute(members), *session.execute(leaders)):
        assert talent_id is not None
        found[talent_id].add(project_id)
    return found


def _barred(session: Session, talent_ids: Sequence[int], *, day: date) -> set[int]:
    return {
        talent_id
        for talent_id in session.scalars(
            select(IntegrityRecord.talent_id).where(
                IntegrityRecord.talent_id.in_(talent_ids), IntegrityRecord.barred_until >= day
            )
        )
        if talent_id is not None
    }


def is_anyone_barred(
    session: Session, organisation_ids: Collection[int], *, talent_ids: Collection[int], day: date
) -> bool:
    """Tell whether an integrity record bars one of these units or people on a day."""
    found = select(IntegrityRecord.id).where(
        or_(
            IntegrityRecord.organisation_id.in_(sorted(organisation_ids)),
            IntegrityRecord.talent_id.in_(sorted(talent_ids)),
        ),
        IntegrityRecord.barred_until >= day,
    )
    return session.scalar(found.limit(1)) is not None


def active_seats(seats: Iterable[PanelSeat]) -> list[PanelSeat]:
    """Return the seats that are taken: called or cleared."""
    return [seat for seat in seats if seat.status in SEATED]
