"""What each figure of a node counts, as conditions on rows: counted for the view, listed when it is opened.

Needs, achievements and challenges are counted by the same conditions as for the conversion index; that
knows regions only, a node may also have a park or an organisation under it. The targets count needs and
achievements by the day on which they were first published or found valid, not the last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, literal, null, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from market.accounts.models import Organisation, User
from market.challenges.models import Award, Challenge
from market.clock import CHINA
from market.contracts.models import Attribution, Contract, ContractParty
from market.libraries.models import RegisterEntry
from market.libraries.queries.entries import readable
from market.libraries.queries.kinds import SPECS, kinds_of
from market.libraries.rules import REGISTER_OF, Register
from market.listings.models import Achievement, Listing, Need
from market.listings.rules import Validation
from market.matches.models import Referral, Suggestion
from market.matches.queries.records import ENTRY_KINDS, LISTING_KINDS
from market.matches.queries.referrals import involving
from market.matches.rules import OPEN_TO_PARTIES
from market.network.rules import FigureKey, Sight, Territory, TerritoryKind
from market.rankings.queries.counting import is_deal_of_its_own
from market.reference.rules import region_prefix
from market.turnover.models import TurnoverEntry

Conditions = list[ColumnElement[bool]]

AT_ONCE = 100
"""Figures asked for in one statement; SQLite takes 500 parts."""

REGISTERS = tuple(register for register in Register if register is not Register.CHALLENGES)
"""Challenges have figures of their own."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Rows that a figure counts.

    Attributes:
        model: their table class.
        conditions: which of them.
        group: column by which they are told apart; None where they are not.
    """

    model: type[Any]
    conditions: Conditions
    group: InstrumentedAttribute[Any] | None = None


def counted(key: FigureKey, territory: Territory, *, year: int, sight: Sight = Sight.ALL) -> Counted:
    """Return what a figure counts.

    Args:
        key: of the figure; of contracts only those of an organisation.
        territory: of the node.
        year: in question.
        sight: `OPEN` for the parties of matches, `NONE` counts nothing.
    """
    found = COUNTED[key](territory, year)
    if sight is Sight.NONE:
        found.conditions.append(false())
    elif sight is Sight.OPEN:
        assert found.group is not None, "only matches are shown in part"
        found.conditions.append(found.group.in_(OPEN_TO_PARTIES))
    return found


def count_groups(session: Session, figures: Sequence[Counted]) -> list[dict[Any, int]]:
    """Return for each figure how many rows there are in each group that has any.

    Asked in as few statements as the databases take, however many nodes there are.

    Args:
        session: open session.
        figures: the same one of several nodes; where its rows are not told apart, their group is None.
    """
    found: list[dict[Any, int]] = [{} for _ in figures]
    for start in range(0, len(figures), AT_ONCE):
        parts = [_numbers(start + i, what) for i, what in enumerate(figures[start : start + AT_ONCE])]
        for place, group, number in session.execute(union_all(*parts)):
            found[place][group] = number
    return found


def _numbers(place: int, what: Counted) -> Select[Any]:
    group = null() if what.group is None else what.group
    statement = select(literal(place), group, func.count(what.model.id)).where(*what.conditions)
    return statement if what.group is None else statement.group_by(what.group)


def days_of(year: int) -> tuple[date, date]:
    """Return the first and the last day of a year."""
    return date(year, 1, 1), date(year, 12, 31)


def _moments(column: InstrumentedAttribute[Any], year: int) -> Conditions:
    first = datetime.combine(date(year, 1, 1), time.min, CHINA)
    return [column >= first, column < first.replace(year=year + 1)]


def _inside(
    territory: Territory, region: InstrumentedAttribute[str], owner: InstrumentedAttribute[Any]
) -> ColumnElement[bool]:
    """Return the condition that a record with this region and owner lies in a territory."""
    if territory.kind is TerritoryKind.ORGANISATION:
        return owner == territory.organisation_id
    if territory.kind is TerritoryKind.PARK:
        return owner.in_(select(Organisation.id).where(Organisation.park_code == territory.code))
    return region.startswith(region_prefix(territory.code))


def _listings(territory: Territory) -> Any:
    return select(Listing.id).where(_inside(territory, Listing.region_code, Listing.organisation_id))


def _people(territory: Territory) -> Any:
    return select(User.id).where(User.organisation_id == territory.organisation_id)


def _needs(territory: Territory, year: int) -> Counted:
    inside = _inside(territory, Need.region_code, Need.organisation_id)
    return Counted(Need, [inside, *_moments(Need.published_at, year)])


def _valid_needs(territory: Territory, year: int) -> Counted:
    inside = _inside(territory, Need.region_code, Need.organisation_id)
    valid = Need.validation == Validation.VALID
    return Counted(Need, [inside, valid, *_moments(Need.validated_at, year)])


def _achievements(territory: Territory, year: int) -> Counted:
    inside = _inside(territory, Achievement.region_code, Achievement.organisation_id)
    return Counted(Achievement, [inside, *_moments(Achievement.published_at, year)])


def _suggestions(territory: Territory, year: int) -> Counted:
    own: ColumnElement[bool] = Suggestion.need_id.in_(_listings(territory))
    if territory.kind is TerritoryKind.ORGANISATION:
        own = or_(
            own,
            Suggestion.achievement_id.in_(_listings(territory)),
            Suggestion.broker_id.in_(_people(territory)),
        )
    return Counted(Suggestion, [own, *_moments(Suggestion.created_at, year)], Suggestion.status)


def _referrals(territory: Territory, year: int) -> Counted:
    if territory.kind is TerritoryKind.ORGANISATION:
        own = or_(involving(territory.organisation_id, None), Referral.broker_id.in_(_people(territory)))
    else:
        entries = select(RegisterEntry.id).where(
            _inside(territory, RegisterEntry.region_code, RegisterEntry.organisation_id)
        )
        own = or_(
            and_(Referral.demand_kind.in_(list(LISTING_KINDS)), Referral.demand_id.in_(_listings(territory))),
            and_(Referral.demand_kind.in_(list(ENTRY_KINDS)), Referral.demand_id.in_(entries)),
        )
    return Counted(Referral, [own, *_moments(Referral.created_at, year)], Referral.status)


def _challenges(territory: Territory) -> ColumnElement[bool]:
    own = _inside(territory, Challenge.region_code, Challenge.organisation_id)
    if territory.kind is not TerritoryKind.ORGANISATION:
        return own
    won = select(Award.challenge_id).where(Award.organisation_id == territory.organisation_id)
    return or_(own, Challenge.id.in_(won))


def _challenges_listed(territory: Territory, year: int) -> Counted:
    return Counted(Challenge, [_challenges(territory), *_moments(Challenge.listed_at, year)])


def _challenges_awarded(territory: Territory, year: int) -> Counted:
    first = func.min(Award.awarded_on).between(*days_of(year))
    awarded = select(Award.challenge_id).group_by(Award.challenge_id).having(first)
    return Counted(Challenge, [_challenges(territory), Challenge.id.in_(awarded)])


def _entries(territory: Territory, _year: int) -> Counted:
    own = _inside(territory, RegisterEntry.region_code, RegisterEntry.organisation_id)
    # Whatever the kind, an entry counts where anyone may read it; correlation would tie it to this row.
    shown = [
        RegisterEntry.id.in_(select(spec.model.id).where(readable(None, spec.model)).correlate(None))
        for spec in SPECS.values()
    ]
    return Counted(RegisterEntry, [own, or_(*shown)], RegisterEntry.kind)


def of_register(register: Register) -> ColumnElement[bool]:
    """Return the condition that an entry stands on a register."""
    return RegisterEntry.kind.in_(kinds_of(register))


def by_register(kinds: Mapping[Any, int]) -> dict[Register, int]:
    """Add up entries of kinds to those of registers."""
    found: dict[Register, int] = {}
    for kind, number in kinds.items():
        found[REGISTER_OF[kind]] = found.get(REGISTER_OF[kind], 0) + number
    return found


def _lines(which: Callable[[Territory], ColumnElement[bool]]) -> Callable[[Territory, int], Counted]:
    def of(territory: Territory, year: int) -> Counted:
        return Counted(TurnoverEntry, [which(territory), TurnoverEntry.effective_on.between(*days_of(year))])

    return of


def _registered(territory: Territory) -> ColumnElement[bool]:
    return TurnoverEntry.station_id == territory.organisation_id


def _party(side: InstrumentedAttribute[ContractParty]) -> Callable[[Territory], ColumnElement[bool]]:
    def of(territory: Territory) -> ColumnElement[bool]:
        own = (
            select(Contract.id)
            .join(ContractParty, side)
            .where(ContractParty.organisation_id == territory.organisation_id)
        )
        return TurnoverEntry.contract_id.in_(own)

    return of


def _brokered(territory: Territory) -> ColumnElement[bool]:
    credited = (
        select(Contract.id)
        .join(Attribution, Attribution.contract_id == Contract.id)
        .where(
            Attribution.agency_id == territory.organisation_id,
            Attribution.withdrawn_at.is_(None),
            is_deal_of_its_own(),
        )
        .correlate(TurnoverEntry)
    )
    return TurnoverEntry.contract_id.in_(credited)


COUNTED: Mapping[FigureKey, Callable[[Territory, int], Counted]] = {
    FigureKey.NEEDS: _needs,
    FigureKey.VALID_NEEDS: _valid_needs,
    FigureKey.ACHIEVEMENTS: _achievements,
    FigureKey.SUGGESTIONS: _suggestions,
    FigureKey.REFERRALS: _referrals,
    FigureKey.CHALLENGES_LISTED: _challenges_listed,
    FigureKey.CHALLENGES_AWARDED: _challenges_awarded,
    FigureKey.ENTRIES: _entries,
    FigureKey.REGISTERED: _lines(_registered),
    FigureKey.OUTPUT: _lines(_party(Contract.seller)),
    FigureKey.ABSORBED: _lines(_party(Contract.buyer)),
    FigureKey.BROKERED: _lines(_brokered),
}
