"""What is done with the registers of the sample market, deed by deed, and by whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation, User
from market.accounts.queries import actor_of
from market.accounts.rules import Actor
from market.libraries.models import RegisterEntry
from market.libraries.rules import EntryAction, EntryKind
from market.libraries.service.entries import check_entry, create_entry, propose_entry
from matching.encoder import Encoder
from seed.records import moment

REGION = "320281"
"""The city whose registers these are."""

PROPOSER = "bureau-jy"
CHECKER = "bureau-jy2"
"""Logins of the two of its bureau: one writes, the other checks."""

SOURCE = "样例自拟"

DRAFTED = timedelta(days=7)
PROPOSED = timedelta(days=5)
"""How long before it is listed an entry is written and handed in."""

Entry = TypeVar("Entry", bound=RegisterEntry)


@dataclass(frozen=True, slots=True)
class Deed:
    """Something done on a day; `work` is called with nine in the morning of it."""

    on: date
    work: Callable[[datetime], object]


def do_all(deeds: Iterable[Deed], *, day: date) -> None:
    """Do what was done up to a day, in the order of days; of one day in the order given."""
    for deed in sorted(deeds, key=lambda deed: deed.on):
        if deed.on <= day:
            deed.work(moment(deed.on))


def day_of(row: Mapping[str, Any], name: str = "listed_on") -> date:
    """Return a day of a row."""
    return date.fromisoformat(row[name])


def fen(wan: int | None) -> int | None:
    """Return 万元 in fen."""
    return None if wan is None else wan * 10_000 * 100


class Desk:
    """Those who keep the sample's registers, in an open transaction.

    Args:
        session: open transaction.
        encoder: makes vectors.
        organisations: of the sample, by slug.
    """

    def __init__(self, session: Session, encoder: Encoder, organisations: Mapping[str, Organisation]) -> None:
        self.session, self.encoder, self.organisations = session, encoder, organisations
        self.proposer, self.checker = self._user(PROPOSER), self._user(CHECKER)

    def _user(self, login: str) -> Actor:
        return actor_of(self.session.scalars(select(User).where(User.login == login)).one())

    def member(self, slug: str) -> Actor:
        """Return the first user of an organisation by its slug."""
        return self.member_of(self.organisations[slug].id)

    def member_of(self, organisation_id: int) -> Actor:
        """Return the first user of an organisation."""
        mine = select(User).where(User.organisation_id == organisation_id)
        return actor_of(self.session.scalars(mine.order_by(User.id).limit(1)).one())

    def find(self, model: type[Entry], external_id: str) -> Entry:
        """Return an entry of the sample by its number."""
        mine = model.region_code == REGION, model.external_id == external_id
        return self.session.scalars(select(model).where(*mine)).one()

    def common(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the forms of all kinds have; an entry without a title takes its unit's name."""
        names = ("external_id", "title", "summary", "tech_field", "chain_code", "keywords")
        form = {name: row[name] for name in names if name in row}
        form |= {"region_code": REGION, "source": SOURCE, "source_date": day_of(row) - timedelta(days=30)}
        if "organisation" in row:
            organisation = self.organisations[row["organisation"]]
            form = {"title": organisation.name, **form, "organisation_id": organisation.id}
        return form

    def draft(self, kind: EntryKind, form: Mapping[str, Any], *, now: datetime) -> RegisterEntry:
        """Write an entry some days before it is to be listed."""
        return create_entry(self.session, self.proposer, kind, form=form, now=now - DRAFTED)

    def hand_in(self, entry: RegisterEntry, *, now: datetime) -> None:
        """Hand a draft in and have it listed."""
        propose_entry(self.session, self.proposer, type(entry), entry.id, now=now - PROPOSED)
        self.check(entry, now=now)

    def check(self, entry: RegisterEntry, *, now: datetime) -> None:
        """Have an entry that was handed in listed by somebody else of the bureau."""
        check_entry(
            self.session,
            self.checker,
            type(entry),
            entry.id,
            decision=EntryAction.LIST,
            note=None,
            encoder=self.encoder,
            now=now,
        )
