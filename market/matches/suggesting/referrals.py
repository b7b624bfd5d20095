"""Referrals across kinds: what becomes findable asks all kinds it is paired with, both ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR
from market.clock import china_day
from market.libraries.models import ChainNode, ChainPosition
from market.libraries.queries.chains import gaps
from market.matches.models import Referral, ReferralEvent
from market.matches.queries.engine import reasons_of, without_quotations
from market.matches.queries.finding import Found, find_for, kinds_present
from market.matches.queries.records import Record, load, suiting
from market.matches.queries.referrals import with_record
from market.matches.rules import TRANSITIONS, Action, Status
from market.matches.rules.referrals import ReferralSide, pair_of, pairs_of
from market.matches.service.referrals import take_engine_step
from market.matches.service.steps import note_event
from market.search.documents import Kind, Ranking
from market.search.replica import Replica

PER_RECORD = 5
"""Referrals asked for, of each kind, when a record becomes findable; so many of a demand are open at once."""

OPEN = TRANSITIONS[Action.LAPSE].sources

Place = tuple[ReferralSide, Kind, int]
"""The side a record stands on, and kind and id of the record on the other side."""


class Referring:
    """The work on one batch of changes."""

    def __init__(self, session: Session, replica: Replica, *, now: datetime) -> None:
        self._session = session
        self._replica = replica
        self._now = now
        self._today = china_day(now)

    @cached_property
    def _present(self) -> set[Kind]:
        # To ask for a kind of which there is nothing would cost as much as any other question.
        return kinds_present(self._session)

    def refer(self, kind: Kind, record_id: int) -> int:
        """Refer a record to what is found for it, and return how many referrals were made."""
        pairs = pairs_of(kind)
        if not pairs:
            return 0
        record = load(self._session, kind, [record_id], today=self._today).get(record_id)
        if record is None or not record.findable:
            return 0
        known = self._known(record)
        self._lapse_what_does_not_suit(record, known)
        if isinstance(record.row, ChainNode) and not gaps(self._session, [record.row]):
            return 0
        made = 0
        for pair, side in pairs:
            other = pair.supply if side is ReferralSide.DEMAND else pair.demand
            if other in self._present:
                made += self._ask(record, side, other, known)
        return made

    def _lapse_what_does_not_suit(self, record: Record, known: Mapping[Place, Referral]) -> None:
        """Let referrals lapse that were right until the record was changed."""
        waiting: dict[Kind, dict[int, Referral]] = {}
        for (_, kind, number), referral in known.items():
            if referral.status in OPEN:
                waiting.setdefault(kind, {})[number] = referral
        for kind, referrals in waiting.items():
            found = pair_of(record.kind, kind)
            assert found is not None, "there are referrals of pairs alone"
            others = load(self._session, kind, list(referrals), today=self._today)
            for number in referrals.keys() - suiting(self._session, found[0], record, others.values()):
                take_engine_step(self._session, OPERATOR, referrals[number], Action.LAPSE, now=self._now)

    def _ask(
        self,
        record: Record,
        side: ReferralSide,
        other: Kind,
        known: Mapping[Place, Referral],
    ) -> int:
        ranking, found = find_for(
            self._session, self._replica, record, other, k=PER_RECORD, today=self._today, alike=True
        )
        if not found:
            return 0
        new, revived = [], 0
        waiting = self._waiting(record, side, found)
        for one in found:
            existing = known.get((side, *one.record.key))
            if existing is not None and existing.status is not Status.LAPSED:
                continue
            others = waiting[record.id if side is ReferralSide.DEMAND else one.record.id]
            if not self._has_room(others, one.hit.score):
                continue
            if existing is None:
                referral = self._new(record, side, one, ranking)
                new.append(referral)
            else:
                referral = existing
                _describe(referral, side, one, ranking)
                take_engine_step(self._session, OPERATOR, referral, Action.REVIVE, now=self._now)
                revived += 1
            others.append(referral)
        self._session.add_all(new)
        self._session.flush()  # the events need the ids
        for referral in new:
            note_event(self._session, OPERATOR, referral, Action.SUGGEST, source=None, now=self._now)
        return len(new) + revived

    def _waiting(
        self, record: Record, side: ReferralSide, found: Sequence[Found]
    ) -> Mapping[int, list[Referral]]:
        """Return what is open of the demands' referrals to this kind of supply, by demand, locked."""
        others = [one.record for one in found]
        demands, supplies = ([record], others) if side is ReferralSide.DEMAND else (others, [record])
        waiting: dict[int, list[Referral]] = {demand.id: [] for demand in demands}
        rows = self._session.scalars(
            select(Referral)
            .where(
                Referral.demand_kind == demands[0].kind,
                Referral.demand_id.in_(waiting),
                Referral.supply_kind == supplies[0].kind,
                Referral.status.in_(OPEN),
            )
            .order_by(Referral.id)
            .with_for_update()
        )
        for referral in rows.all():
            waiting[referral.demand_id].append(referral)
        return waiting

    def _has_room(self, others: list[Referral], score: float) -> bool:
        """Tell whether a demand has room for one more; a worse one that no broker has taken up gives way.

        Every supply that comes asks, and where there are few demands each would be referred to all.
        """
        if len(others) < PER_RECORD:
            return True
        untouched = [one for one in others if one.status is Status.SUGGESTED and one.broker_id is None]
        worst = min(untouched or others, key=lambda one: one.score)
        if worst.score >= score:
            return False
        if untouched:
            take_engine_step(self._session, OPERATOR, worst, Action.LAPSE, now=self._now)
            others.remove(worst)
        return True

    def _known(self, record: Record) -> dict[Place, Referral]:
        found: dict[Place, Referral] = {}
        rows = self._session.scalars(
            select(Referral)
            .where(with_record([record.kind], record.id))
            .order_by(Referral.id)
            .with_for_update()
        )
        for one in rows.all():
            if (one.demand_kind, one.demand_id) == record.key:
                found[ReferralSide.DEMAND, one.supply_kind, one.supply_id] = one
            else:
                found[ReferralSide.SUPPLY, one.demand_kind, one.demand_id] = one
        return found

    def _new(self, record: Record, side: ReferralSide, found: Found, ranking: Ranking) -> Referral:
        sides = (record, found.record) if side is ReferralSide.DEMAND else (found.record, record)
        (demand_kind, demand_id), (supply_kind, supply_id) = (one.key for one in sides)
        referral = Referral(
            demand_kind=demand_kind,
            demand_id=demand_id,
            supply_kind=supply_kind,
            supply_id=supply_id,
            status=Status.SUGGESTED,
            created_at=self._now,
        )
        _describe(referral, side, found, ranking)
        return referral

    def drop(self, kind: Kind, record_id: int) -> None:
        """Let referrals lapse whose record ceased to be findable before the sides agreed."""
        if pairs_of(kind):
            self._lapse(with_record([kind], record_id))

    def _lapse(self, condition: ColumnElement[bool]) -> None:
        rows = self._session.scalars(
            select(Referral)
            .where(condition, Referral.status.in_(OPEN))
            .order_by(Referral.id)
            .with_for_update()
        )
        for referral in rows.all():
            take_engine_step(self._session, OPERATOR, referral, Action.LAPSE, now=self._now)

    def fill_gaps(self, enterprises: Sequence[int]) -> int:
        """Look again at the nodes on which these enterprises stand or stood.

        A node that is a gap no more lets its referrals lapse; one that has become a gap asks.

        Returns:
            The number of referrals made.
        """
        if not enterprises:
            return 0
        standing = select(ChainPosition.node_id).where(ChainPosition.enterprise_id.in_(enterprises))
        referred = select(Referral.demand_id).where(
            Referral.demand_kind == Kind.NODE, Referral.status.in_({Status.LAPSED, *OPEN})
        )
        nodes = self._session.scalars(
            select(ChainNode).where(ChainNode.id.in_(standing) | ChainNode.id.in_(referred))
        ).all()
        open_nodes = gaps(self._session, nodes)
        closed = [node.id for node in nodes if node.id not in open_nodes]
        self._lapse((Referral.demand_kind == Kind.NODE) & Referral.demand_id.in_(closed))
        waiting = select(Referral.demand_id).where(
            Referral.demand_kind == Kind.NODE,
            Referral.demand_id.in_(open_nodes),
            Referral.status.in_({*OPEN, Status.AGREED}),
        )
        return sum(
            self.refer(Kind.NODE, node_id)
            for node_id in sorted(open_nodes - set(self._session.scalars(waiting)))
        )


def _describe(referral: Referral, side: ReferralSide, found: Found, ranking: Ranking) -> None:
    referral.asked_by = side
    referral.rank = found.rank
    referral.score = found.hit.score
    referral.reasons = reasons_of(found.hit, ranking, asked_by=side)
    referral.encoder = ranking.encoder
    referral.lexicon = ranking.lexicon
    referral.weights = ranking.weights


def forget_record(session: Session, kind: Kind, record_id: int) -> None:
    """Take what was quoted and written of a record out of its referrals, whatever their state."""
    rows = session.scalars(select(Referral).where(with_record([kind], record_id)).with_for_update()).all()
    for referral in rows:
        referral.reasons = without_quotations(referral.reasons)
    session.execute(  # words written at a step may name a person
        update(ReferralEvent)
        .where(ReferralEvent.referral_id.in_([row.id for row in rows]))
        .values(words=None)
    )
