"""Reading panels: seats, who might be drawn, and everybody with an interest in the outcome."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from market.accounts.models import Organisation, User
from market.accounts.rules import Actor
from market.challenges.models import Award, Bid, Challenge, IntegrityRecord, Panel, PanelSeat
from market.challenges.queries.challenges import is_bureau, is_owner
from market.challenges.rules import (
    HANDED_IN,
    SEATED,
    Candidate,
    Concerned,
    Recusal,
    SeatStatus,
)
from market.challenges.rules.panels import core_of, plain, same_unit
from market.conduct.queries import barred_people
from market.errors import NotFound
from market.libraries.models import Project, ProjectMember, RegisterEntry, Talent, TalentRole
from market.libraries.queries.talents import available_experts, has_agreed, holds, valid_on
from market.libraries.rules import EntryStatus
from market.libraries.rules.talents import ERASED_NAME, EXPERT_ROLE, ConsentScope
from market.reference.models import Region
from market.reference.rules import regions_around

PLACES_WITHIN = 8
"""Characters of a unit's name within which names of places are looked for: 江苏省无锡市江阴…"""
SHORTEST_PLACE = 2


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


def has_account(session: Session, expert: Talent) -> bool:
    """Tell whether an expert can sign in."""
    account = select(User.id).where(User.id == expert.user_id, User.active)
    return session.scalar(account) is not None


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

    The bureau knows all. An expert knows the own seat. After an award, the demand side and those who
    bid know who sat on the panel; before, and where it never comes to one, no name reaches them.
    """
    seats = seats_of(session, challenge.id)
    if is_bureau(actor, challenge):
        return seats
    own = [seat for seat in seats if is_own_seat(actor, seat)]
    if own:
        return own
    awarded = session.scalar(select(Award.id).where(Award.challenge_id == challenge.id).limit(1))
    if awarded is None or not _took_part(session, actor, challenge):
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
    session: Session,
    challenge: Challenge,
    *,
    fields: Sequence[str],
    region: str | None,
    day: date,
    without: Collection[int],
) -> list[Candidate]:
    """Return the experts who might be drawn on a day, those apart who had a seat already."""
    experts = available_experts(session, fields=fields, region=region, day=day)
    left = [expert for expert in experts if expert.id not in without]
    return as_candidates(session, left, region=challenge.region_code, day=day)


def as_candidates(session: Session, experts: Sequence[Talent], *, region: str, day: date) -> list[Candidate]:
    """Return experts with all that the check for conflicts looks at; `region` is the challenge's."""
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
    named = _named_in_projects(session) if experts else {}
    barred = _barred(session, [expert.id for expert in experts], region=region, day=day)
    blacklisted = barred_people(session, [expert.id for expert in experts], day)
    found = []
    for expert in experts:
        units: dict[int | None, str] = (
            {expert.organisation_id: expert.organisation.name} if expert.organisation is not None else {}
        )
        if expert.user_id in homes:
            home, name = homes[expert.user_id]
            units[home] = name
        names = tuple(one for one in (expert.unit_name, *units.values()) if one)
        by_name = {one for unit in names for one in _projects_naming(named, expert.person_name, unit)}
        found.append(
            Candidate(
                talent_id=expert.id,
                name=expert.person_name,
                units=names,
                organisation_ids=frozenset(one for one in units if one is not None),
                project_ids=frozenset(projects[expert.id] | by_name),
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
    """Return everybody with an interest in the outcome: the demand side, and those who bid.

    Who is known in the talent pool is compared by link and by name: others may have written the name.
    """
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
            people += [
                (bid.leader.person_name, unit) for unit in (bid.leader.unit_name, bid.organisation.name)
            ]
        elif bid.leader_name:
            people.append((bid.leader_name, bid.organisation.name))
        for member in bid.members:
            units.append(member.full_unit)
            if member.organisation_id is not None:
                ids.add(member.organisation_id)
            if member.talent_id is not None:
                talents.add(member.talent_id)
            people.append((member.full_name, member.full_unit or bid.organisation.name))
    people = [(name, unit) for name, unit in people if name and name != ERASED_NAME]
    projects = {one for found in _projects_of(session, sorted(talents)).values() for one in found}
    named = _named_in_projects(session)
    projects |= {one for name, unit in people for one in _projects_naming(named, name, unit)}
    firms = [challenge.organisation.name, *(unit for unit in units if unit)]
    places = _places_before(session, firms)
    return Concerned(
        owner_units=(challenge.organisation.name,),
        owner_ids=frozenset({challenge.organisation_id}),
        bidder_units=tuple(unit for unit in units if unit),
        bidder_ids=frozenset(ids),
        cores=tuple(dict.fromkeys(core for unit in firms if (core := core_of(unit, places)))),
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


def _named_in_projects(session: Session) -> Mapping[str, Sequence[tuple[str, int]]]:
    """Return everybody on a project's team or leading it, by plain name: unit and project.

    The project's unit stands for one that is not stated.
    """
    talents, entries = Talent.__table__, RegisterEntry.__table__
    projects, members, units = Project.__table__, ProjectMember.__table__, Organisation.__table__
    with_unit = projects.join(entries, entries.c.id == projects.c.id).outerjoin(
        units, units.c.id == entries.c.organisation_id
    )
    team = select(
        func.coalesce(talents.c.person_name, members.c.name),
        func.coalesce(talents.c.unit_name, members.c.unit, units.c.name),
        projects.c.id,
    ).select_from(
        with_unit.join(members, members.c.project_id == projects.c.id).outerjoin(
            talents, talents.c.id == members.c.talent_id
        )
    )
    leaders = select(
        func.coalesce(talents.c.person_name, projects.c.leader_name),
        func.coalesce(talents.c.unit_name, units.c.name),
        projects.c.id,
    ).select_from(with_unit.outerjoin(talents, talents.c.id == projects.c.leader_talent_id))
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for name, unit, project_id in (*session.execute(team), *session.execute(leaders)):
        if name and name != ERASED_NAME:
            found[plain(name)].append((unit or "", project_id))
    return found


def _projects_naming(named: Mapping[str, Sequence[tuple[str, int]]], name: str, unit: str) -> set[int]:
    return {project_id for other, project_id in named.get(plain(name), ()) if same_unit(unit, other)}


def _places_before(session: Session, units: Sequence[str]) -> list[str]:
    """Return the names of regions, in full and short, with which the names of these units may begin."""
    pairs = {unit[start : start + 2] for unit in map(plain, units) for start in range(PLACES_WITHIN)}
    names = session.scalars(select(Region.name).where(func.substr(Region.name, 1, 2).in_(sorted(pairs))))
    return [one for name in names for one in (name, name.rstrip("省市县区")) if len(one) >= SHORTEST_PLACE]


def _barred(session: Session, talent_ids: Sequence[int], *, region: str, day: date) -> set[int]:
    return {
        talent_id
        for talent_id in session.scalars(
            select(IntegrityRecord.talent_id).where(
                IntegrityRecord.talent_id.in_(talent_ids), _in_force(region, day)
            )
        )
        if talent_id is not None
    }


def _in_force(region: str, day: date) -> ColumnElement[bool]:
    """Return the condition that a record bars from the challenges of a region on a day.

    It holds where it was made and in all that lies inside: no bureau decides for another city.
    """
    return and_(
        IntegrityRecord.region_code.in_(sorted(regions_around(region))),
        IntegrityRecord.barred_until >= day,
        IntegrityRecord.withdrawn_at.is_(None),
    )


def is_anyone_barred(
    session: Session,
    organisation_ids: Collection[int],
    *,
    talent_ids: Collection[int],
    region: str,
    day: date,
) -> bool:
    """Tell whether an integrity record bars one of these from the challenges of a region on a day."""
    found = select(IntegrityRecord.id).where(
        or_(
            IntegrityRecord.organisation_id.in_(sorted(organisation_ids)),
            IntegrityRecord.talent_id.in_(sorted(talent_ids)),
        ),
        _in_force(region, day),
    )
    return session.scalar(found.limit(1)) is not None


def active_seats(seats: Iterable[PanelSeat]) -> list[PanelSeat]:
    """Return the seats that are taken: called or cleared."""
    return [seat for seat in seats if seat.status in SEATED]
