"""Reading referrals, with both records and who speaks for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from market.accounts.rules import Actor, Role
from market.db import Page, PageRequest, SortKey, paginate
from market.errors import NotFound
from market.libraries.models import RegisterEntry, Talent
from market.libraries.rules import EntryKind
from market.listings.models import Listing
from market.matches.models import Referral, ReferralEvent
from market.matches.queries.engine import without_quotations
from market.matches.queries.records import ENTRY_KINDS, LISTING_KINDS, Key, Record, load_all, may_see
from market.matches.rules import OPEN_TO_PARTIES, Status
from market.matches.rules.referrals import ReferralSide, reads_all, speaks_for
from market.reference.rules import region_prefix
from market.search.documents import Kind

SIDES: tuple[tuple[InstrumentedAttribute[Kind], InstrumentedAttribute[int]], ...] = (
    (Referral.demand_kind, Referral.demand_id),
    (Referral.supply_kind, Referral.supply_id),
)


@dataclass(frozen=True, slots=True)
class Case:
    """A referral with both records, as one actor may see them."""

    referral: Referral
    demand: Record
    supply: Record
    actor: Actor

    @property
    def version(self) -> int:
        """Of the referral."""
        return self.referral.version

    @property
    def shown_demand(self) -> Record | None:
        """The demand; None where the actor may not read it any more."""
        return self.demand if may_see(self.actor, self.demand) else None

    @property
    def shown_supply(self) -> Record | None:
        """The supply; None where the actor may not read it any more."""
        return self.supply if may_see(self.actor, self.supply) else None

    @property
    def shown_reasons(self) -> dict[str, Any]:
        """The reasons; they quote the records only while the actor may read both."""
        reasons = self.referral.reasons
        if self.shown_demand is None or self.shown_supply is None:
            return without_quotations(reasons)
        return reasons

    @property
    def sides(self) -> list[ReferralSide]:
        """The sides the actor speaks for; a bureau may speak for both."""
        both = ((ReferralSide.DEMAND, self.demand), (ReferralSide.SUPPLY, self.supply))
        return [side for side, record in both if speaks_for(self.actor, record.standing)]


def may_read(case: Case) -> bool:
    """Tell whether the actor may know of a referral."""
    return reads_all(case.actor) or (bool(case.sides) and case.referral.status in OPEN_TO_PARTIES)


def get_referral(
    session: Session, actor: Actor, referral_id: int, *, today: date, lock: bool = False
) -> Case:
    """Return a referral the actor may know of.

    Args:
        session: open session.
        actor: who is asking.
        referral_id: which one.
        today: present day in China.
        lock: read it afresh and lock it, to change it.

    Raises:
        NotFound: there is none, or the actor may not know of it.
    """
    referral = session.get(
        Referral, referral_id, populate_existing=lock, with_for_update=True if lock else None
    )
    if referral is not None:
        (case,) = cases_of(session, actor, [referral], today=today)
        if may_read(case):
            return case
    raise NotFound("没有找到该引荐。", code="referral-not-found")


def cases_of(session: Session, actor: Actor, referrals: Sequence[Referral], *, today: date) -> list[Case]:
    """Return referrals with their records, in their order."""
    keys: list[Key] = []
    for one in referrals:
        keys += [(one.demand_kind, one.demand_id), (one.supply_kind, one.supply_id)]
    records = load_all(session, keys, today=today)
    return [
        Case(
            one,
            records[one.demand_kind, one.demand_id],
            records[one.supply_kind, one.supply_id],
            actor,
        )
        for one in referrals
    ]


def list_referrals(
    session: Session,
    actor: Actor,
    *,
    today: date,
    page: PageRequest,
    status: Status | None = None,
    demand_kind: Kind | None = None,
    supply_kind: Kind | None = None,
    field: str | None = None,
    region: str | None = None,
    min_score: float | None = None,
    assigned: str | None = None,
    need: int | None = None,
    achievement: int | None = None,
    entry: int | None = None,
) -> Page[Case]:
    """List referrals the actor may know of, best first.

    Args:
        session: open session.
        actor: a broker or admin sees all; whoever speaks for a side sees its own once recommended.
        today: present day in China.
        page: cursor and limit.
        status: only this state.
        demand_kind: only demands of this kind.
        supply_kind: only supplies of this kind.
        field: only demands of this technical field.
        region: only demands of this region and all inside it.
        min_score: only scores from this on.
        assigned: `me` or `none`; None means whoever it is assigned to.
        need: only this need.
        achievement: only this achievement, on either side.
        entry: only this entry of a register, on either side.
    """
    statement = select(Referral).where(_visible(actor))
    if status is not None:
        statement = statement.where(Referral.status == status)
    if demand_kind is not None:
        statement = statement.where(Referral.demand_kind == demand_kind)
    if supply_kind is not None:
        statement = statement.where(Referral.supply_kind == supply_kind)
    if field is not None:
        statement = statement.where(
            _of_demand(Listing.tech_field == field, RegisterEntry.tech_field == field)
        )
    if region is not None:
        prefix = region_prefix(region)
        inside = (model.region_code.startswith(prefix) for model in (Listing, RegisterEntry))
        statement = statement.where(_of_demand(*inside))
    if min_score is not None:
        statement = statement.where(Referral.score >= min_score)
    if assigned == "me":
        statement = statement.where(Referral.broker_id == actor.user_id)
    elif assigned == "none":
        statement = statement.where(Referral.broker_id.is_(None))
    if need is not None:
        statement = statement.where(with_record([Kind.NEED], need))
    if achievement is not None:
        statement = statement.where(with_record([Kind.ACHIEVEMENT], achievement))
    if entry is not None:
        statement = statement.where(with_record(ENTRY_KINDS, entry))
    order = [SortKey(Referral.score, descending=True), SortKey(Referral.id)]
    found = paginate(session, statement, order=order, page=page)
    return Page(cases_of(session, actor, found.items, today=today), found.next_cursor)


def _of_demand(listing: ColumnElement[bool], entry: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that the demand is a listing, or an entry, with this property."""
    listings, entries = select(Listing.id).where(listing), select(RegisterEntry.id).where(entry)
    return or_(
        Referral.demand_kind.in_(list(LISTING_KINDS)) & Referral.demand_id.in_(listings),
        Referral.demand_kind.in_(list(ENTRY_KINDS)) & Referral.demand_id.in_(entries),
    )


def with_record(kinds: Iterable[Kind], record_id: int) -> ColumnElement[bool]:
    """Return the condition that a record of one of these kinds stands on either side."""
    return or_(*(and_(kind.in_(list(kinds)), record == record_id) for kind, record in SIDES))


def _visible(actor: Actor) -> ColumnElement[bool]:
    if reads_all(actor):
        return true()
    return Referral.status.in_(OPEN_TO_PARTIES) & or_(
        *(_spoken_for(actor, kind, record) for kind, record in SIDES)
    )


def _spoken_for(
    actor: Actor, kind: InstrumentedAttribute[Kind], record: InstrumentedAttribute[int]
) -> ColumnElement[bool]:
    """Return the condition that the actor speaks for one side, as `rules.referrals.speaks_for` has it."""
    listings, entries = kind.in_(list(LISTING_KINDS)), kind.in_(list(ENTRY_KINDS))
    ways: list[ColumnElement[bool]] = [Referral.id.is_(None)]
    if actor.organisation_id is not None:
        ways.append(
            listings & record.in_(select(Listing.id).where(Listing.organisation_id == actor.organisation_id))
        )
        owned = select(RegisterEntry.id).where(
            RegisterEntry.organisation_id == actor.organisation_id, RegisterEntry.kind != EntryKind.NODE
        )
        ways.append(entries & record.in_(owned))
    if actor.user_id is not None:
        person = select(Talent.id).where(Talent.user_id == actor.user_id)
        ways.append((kind == Kind.EXPERT) & record.in_(person))
    if actor.role is Role.BUREAU and actor.in_office and actor.region_code is not None:
        nobody = and_(
            RegisterEntry.organisation_id.is_(None),
            RegisterEntry.id.not_in(select(Talent.id).where(Talent.user_id.is_not(None))),
        )
        minded = select(RegisterEntry.id).where(
            RegisterEntry.region_code.startswith(region_prefix(actor.region_code)),
            or_(RegisterEntry.kind == EntryKind.NODE, nobody),
        )
        ways.append(entries & record.in_(minded))
    return or_(*ways)


def involving(organisation_id: int | None, user_id: int | None) -> ColumnElement[bool]:
    """Return the condition that a side belongs to an organisation or is about a person."""
    ways: list[ColumnElement[bool]] = []
    for kind, record in SIDES:
        if organisation_id is not None:
            for kinds, model in ((list(LISTING_KINDS), Listing), (list(ENTRY_KINDS), RegisterEntry)):
                own = select(model.id).where(model.organisation_id == organisation_id)
                ways.append(kind.in_(kinds) & record.in_(own))
        if user_id is not None:
            person = select(Talent.id).where(Talent.user_id == user_id)
            ways.append((kind == Kind.EXPERT) & record.in_(person))
    return or_(Referral.id.is_(None), *ways)


def list_events(session: Session, referral: Referral) -> list[ReferralEvent]:
    """Return the steps of a referral, oldest first."""
    return list(
        session.scalars(
            select(ReferralEvent).where(ReferralEvent.referral_id == referral.id).order_by(ReferralEvent.id)
        )
    )
