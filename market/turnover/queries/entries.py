"""From a figure down to its lines, and along the thread: line, contract, suggestion, need, achievement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, raiseload
from sqlalchemy.sql.base import ExecutableOption

from market.accounts.models import Organisation, User
from market.accounts.rules import Actor, Role
from market.challenges.models import Award, Challenge
from market.contracts.models import Contract
from market.contracts.queries import get_contract
from market.db import Page, PageRequest, SortKey, paginate
from market.errors import NotFound, PermissionDenied
from market.libraries.models import Project
from market.listings.models import Achievement, Need
from market.matches.models import Suggestion, SuggestionEvent
from market.matches.rules import Action
from market.reference.models import Park, Region
from market.turnover.ledger import Place, line_values, places_of
from market.turnover.models import TurnoverEntry
from market.turnover.queries.scopes import Scope, line_conditions
from market.turnover.rules import AreaKind, may_drill_down, month_start, sees_all_words

DECISIONS = frozenset({Action.RECOMMEND, Action.DECLINE})
"""Steps whose words everybody with access to the thread may read."""


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Lines behind a figure, newest day first.

    The scope names the one station the list is cut to, and so does `station_name`; both are None when it
    holds every line of the area.
    """

    scope: Scope
    station_name: str | None
    page: Page[TurnoverEntry]


@dataclass(frozen=True, slots=True)
class CountedIn:
    """A place a line counts in, with its name, and the month it counts for."""

    place: Place
    month: date
    area_name: str


@dataclass(frozen=True, slots=True)
class ThreadLine:
    """A ledger line and the counters it moved."""

    entry: TurnoverEntry
    counted_in: Sequence[CountedIn]


@dataclass(frozen=True, slots=True)
class ThreadEvent:
    """A step of the suggestion. `words` is None where none were said or the reader may not see them."""

    event: SuggestionEvent
    actor_name: str | None
    words: str | None


@dataclass(frozen=True, slots=True)
class Thread:
    """Where a contract came from and what it counts for; no suggestion if it was not brokered here.

    `project` is the one of the city's pool that the contract led to, `award` what it was signed for in a
    challenge, if any.
    """

    lines: Sequence[ThreadLine]
    contract: Contract
    project: Project | None
    award: Award | None
    suggestion: Suggestion | None
    broker: User | None
    events: Sequence[ThreadEvent]

    @property
    def need(self) -> Need | None:
        """The need it began with."""
        if self.suggestion is not None:
            return self.suggestion.need
        return self.award.challenge.need if self.award is not None else None

    @property
    def achievement(self) -> Achievement | None:
        """The achievement that answered it."""
        return self.suggestion.achievement if self.suggestion is not None else None


def list_entries(session: Session, actor: Actor, scope: Scope, *, page: PageRequest) -> EntryPage:
    """List the ledger lines behind a figure, reversals included, newest effective day first.

    The lines add up to the figure of the scope returned, which for a registrar is that of the own station,
    whether it was asked for or not. Each comes with its contract, parties, suggestion, need and achievement,
    all in one query.

    Args:
        session: open session.
        actor: an admin, a bureau over the area, or a registrar (own station's registrations only).
        scope: which lines are meant.
        page: cursor and limit.

    Raises:
        PermissionDenied: the actor may not look behind this area's figure.
        RuleViolation: the cursor was not issued for this list.
    """
    area, station_id = scope.area, scope.station_id
    if not may_drill_down(actor, region_code=area.region_code, station_id=station_id, measure=scope.measure):
        raise PermissionDenied("您只能查看本地区或本登记机构的数字明细。", code="drill-down-denied")
    if actor.role is Role.REGISTRAR:
        scope = replace(scope, station_id=actor.organisation_id)
    station = None if scope.station_id is None else session.get(Organisation, scope.station_id)
    statement = select(TurnoverEntry).where(*line_conditions(scope)).options(*_origins())
    order = [SortKey(TurnoverEntry.effective_on, descending=True), SortKey(TurnoverEntry.id, descending=True)]
    name = None if station is None else station.name
    return EntryPage(scope, name, paginate(session, statement, order=order, page=page))


def _origins() -> list[ExecutableOption]:
    contract = joinedload(TurnoverEntry.contract)
    suggestion = contract.joinedload(Contract.suggestion)
    return [
        contract.joinedload(Contract.seller),
        contract.joinedload(Contract.buyer),
        suggestion.joinedload(Suggestion.need),
        suggestion.joinedload(Suggestion.achievement),
        raiseload("*"),
    ]


def get_entry(session: Session, entry_id: int) -> TurnoverEntry:
    """Return one ledger line.

    Raises:
        NotFound: there is none.
    """
    entry = session.get(TurnoverEntry, entry_id)
    if entry is None:
        raise NotFound("没有找到该台账记录。", code="turnover-entry-not-found")
    return entry


def get_thread(session: Session, actor: Actor, *, contract_id: int) -> Thread:
    """Return the whole thread of a contract: need and achievement, suggestion, contract, ledger lines.

    Whoever may know of the contract may follow its thread; what the two sides told the broker is
    kept from everybody else. Takes a constant number of queries.

    Raises:
        NotFound: there is no such contract, or the actor may not know of it.
    """
    contract = get_contract(session, actor, contract_id)
    suggestion = None
    if contract.suggestion_id is not None:
        suggestion = session.scalar(
            select(Suggestion)
            .where(Suggestion.id == contract.suggestion_id)
            .options(
                joinedload(Suggestion.need).joinedload(Need.organisation),
                joinedload(Suggestion.achievement).joinedload(Achievement.organisation),
            )
        )
    return Thread(
        lines=_thread_lines(session, contract.id),
        contract=contract,
        project=session.get(Project, contract.project_id) if contract.project_id is not None else None,
        award=_award(session, contract),
        suggestion=suggestion,
        broker=_broker(session, suggestion),
        events=_thread_events(session, actor, suggestion),
    )


def _award(session: Session, contract: Contract) -> Award | None:
    if contract.award_id is None:
        return None
    challenge = joinedload(Award.challenge)
    return session.scalar(
        select(Award)
        .where(Award.id == contract.award_id)
        .options(
            joinedload(Award.organisation),
            challenge.joinedload(Challenge.organisation),
            challenge.joinedload(Challenge.need).joinedload(Need.organisation),
        )
        .execution_options(populate_existing=True)
    )


def _thread_lines(session: Session, contract_id: int) -> list[ThreadLine]:
    entries = session.scalars(
        select(TurnoverEntry).where(TurnoverEntry.contract_id == contract_id).order_by(TurnoverEntry.id)
    ).all()
    places = {entry.id: list(places_of(line_values(entry))) for entry in entries}
    names = _area_names(session, {place for found in places.values() for place in found})
    return [
        ThreadLine(
            entry,
            [
                CountedIn(place, month_start(entry.effective_on), names[place.area_kind, place.area])
                for place in places[entry.id]
            ],
        )
        for entry in entries
    ]


def _area_names(session: Session, places: Iterable[Place]) -> Mapping[tuple[AreaKind, str], str]:
    wanted: dict[AreaKind, set[str]] = {kind: set() for kind in AreaKind}
    for place in places:
        wanted[place.area_kind].add(place.area)
    regions = select(Region.code, Region.name).where(
        Region.code.in_(sorted(wanted[AreaKind.REGION] | wanted[AreaKind.PROVINCE]))
    )
    names = {
        (kind, row.code): row.name
        for row in session.execute(regions)
        for kind in (AreaKind.REGION, AreaKind.PROVINCE)
    }
    parks = select(Park.code, Park.name).where(Park.code.in_(sorted(wanted[AreaKind.PARK])))
    names |= {(AreaKind.PARK, row.code): row.name for row in session.execute(parks)}
    stations = select(Organisation.id, Organisation.name).where(
        Organisation.id.in_(sorted(map(int, wanted[AreaKind.STATION])))
    )
    names |= {(AreaKind.STATION, str(row.id)): row.name for row in session.execute(stations)}
    return names


def _broker(session: Session, suggestion: Suggestion | None) -> User | None:
    if suggestion is None or suggestion.broker_id is None:
        return None
    return session.scalar(
        select(User).where(User.id == suggestion.broker_id).options(joinedload(User.organisation))
    )


def _thread_events(session: Session, actor: Actor, suggestion: Suggestion | None) -> list[ThreadEvent]:
    if suggestion is None:
        return []
    all_words = sees_all_words(actor, broker_id=suggestion.broker_id)
    rows = session.execute(
        select(SuggestionEvent, User.name)
        .outerjoin(User, User.id == SuggestionEvent.actor_id)
        .where(SuggestionEvent.suggestion_id == suggestion.id)
        .order_by(SuggestionEvent.id)
    )
    return [
        ThreadEvent(event, name, event.words if all_words or event.action in DECISIONS else None)
        for event, name in rows
    ]
