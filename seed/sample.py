"""Loading the sample market: organisations, people, listings, three years of contracts, the registers.

All of it is invented. It goes through the market's own services, so that every event, index change
and ledger line is there; what is loaded already is left as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import flask
from rich.progress import Progress
from sqlalchemy import select
from sqlalchemy.orm import Session
from stdnum.cn import uscc as stdnum_uscc

from market.accounts import queries as account_queries
from market.accounts import service as accounts
from market.accounts.models import Organisation
from market.accounts.rules import OPERATOR, ROLE_OF_KIND, OrganisationKind
from market.clock import Clock
from market.contracts import service as contracts
from market.contracts.ledger import Ledger
from market.contracts.models import Contract
from market.contracts.rules import Duty
from market.db import Database
from market.libraries.models import RegisterEntry
from market.listings import service as listings
from market.listings.models import Achievement, Need, Scenario
from market.listings.queries import find_by_external_id
from market.listings.rules import Action, ListingKind
from market.matches import suggesting
from market.rankings.service import load_definitions
from market.reference.queries import code_names
from market.reference.rules import Scheme
from market.search.access import current_replica
from matching.encoder import Encoder
from seed import history, registers
from seed.loaders import load_reference
from seed.records import PASSWORD, moment, read, read_one

OPENED_ON = date(2020, 1, 1)
"""From when the sample's stations are staffed."""

HELD_BACK = "N-07-01"
"""The need that the demonstration posts itself."""

LISTINGS: Mapping[ListingKind, str] = {
    ListingKind.NEED: "needs",
    ListingKind.ACHIEVEMENT: "achievements",
    ListingKind.SCENARIO: "scenarios",
}
"""What is listed, and the beginning of the names of its files."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What the sample market holds."""

    organisations: int
    needs: int
    achievements: int
    scenarios: int
    contracts: int
    entries: int

    @property
    def text(self) -> str:
        """One Chinese line."""
        return (
            f"样例市场：单位 {self.organisations} 家，需求 {self.needs} 项，"
            f"成果 {self.achievements} 项，场景 {self.scenarios} 项，已登记合同 {self.contracts} 项，"
            f"清单与项目、人才库共 {self.entries} 条（均为虚构）"
        )


def load(database: Database, encoder: Encoder, *, ledger: Ledger, day: date, progress: Progress) -> Summary:
    """Load the sample market as it stands on a day.

    Args:
        database: with the newest schema.
        encoder: makes the vectors of listings.
        ledger: takes the lines of contracts.
        day: the sample day; listings were published in the year before it.
        progress: shows how far it is.
    """
    morning = moment(day)
    with database.transaction() as session:
        load_reference(session)
        load_definitions(session, [read_one("index_definition")], morning)
    with database.transaction() as session:
        organisations = _load_organisations(session, progress, now=morning)
    for kind, name in LISTINGS.items():
        rows = list(read(name))
        with database.transaction() as session:
            for number, row in enumerate(progress.track(rows, description="需求、成果与场景")):
                if row["external_id"] != HELD_BACK:
                    _load_listing(session, kind, row, organisations, encoder, number=number, day=day)
    history.load(database, organisations, ledger=ledger, day=day, progress=progress)
    registers.load(database, organisations, encoder, day=day, progress=progress)
    with database.reading() as session:
        return Summary(
            organisations=len(organisations),
            needs=len(session.scalars(select(Need.id)).all()),
            achievements=len(session.scalars(select(Achievement.id)).all()),
            scenarios=len(session.scalars(select(Scenario.id)).all()),
            contracts=len(session.scalars(select(Contract.id)).all()),
            entries=len(session.scalars(select(RegisterEntry.id)).all()),
        )


def suggest(database: Database, app: flask.Flask, clock: Clock) -> int:
    """Make the suggestions that are due, with the app's own replica; returns how many."""
    with app.app_context():
        return suggesting.catch_up(database, current_replica(), clock)


def login_of(slug: str) -> str:
    """Return the login name of an organisation's own user."""
    return f"u-{slug}"


def _uscc(row: Mapping[str, Any], number: int) -> str:
    """Make up a valid code: 12 for public institutions, 11 for organs, 91 for enterprises."""
    prefix = {"university": "12", "bureau": "11", "station": "12"}.get(row["kind"], "91")
    head = f"{prefix}{row['region_code']}MB{number:07d}"
    return head + stdnum_uscc.calc_check_digit(head)


def _load_organisations(session: Session, progress: Progress, *, now: datetime) -> dict[str, Organisation]:
    loaded: dict[str, Organisation] = {}
    password_hash = accounts.hash_password(PASSWORD)  # once for all: it is slow on purpose
    rows = [*read("organisations"), *read("people")]
    for number, row in enumerate(progress.track(rows, description="单位与用户"), start=1):
        uscc = _uscc(row, number)
        organisation = account_queries.find_organisation_by_uscc(session, uscc)
        if organisation is None:
            form = {
                "kind": row["kind"],
                "name": row["name"],
                "uscc": uscc,
                "region_code": row["region_code"],
                "nature_code": row.get("nature"),
                "tags": row.get("tags", []),
                "contact_name": "样例联系人",
                "contact_phone": "0510-00000000",
            }
            organisation = accounts.register_organisation(session, OPERATOR, form=form, now=now)
            own = {"login": login_of(row["slug"]), "name": "样例用户"}
            for user in row.get("users", [own]):
                user_form = {
                    "login": user["login"],
                    "name": user["name"],
                    "password": PASSWORD,
                    "role": ROLE_OF_KIND[OrganisationKind(row["kind"])],
                    "organisation_id": organisation.id,
                }
                created = accounts.create_user(
                    session, OPERATOR, form=user_form, now=now, password_hash=password_hash
                )
                for duty in user.get("duties", []):
                    contracts.grant_duty(
                        session,
                        OPERATOR,
                        organisation.id,
                        user_id=created.id,
                        duty=Duty(duty),
                        valid_from=OPENED_ON,
                        now=now,
                    )
            for code in row.get("territories", []):
                contracts.add_territory(
                    session, OPERATOR, organisation.id, region_code=code, source="样例自拟", now=now
                )
        loaded[row["slug"]] = organisation
    return loaded


def listing_form(session: Session, kind: ListingKind, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form of a sample listing: names become codes, 万元 becomes fen."""
    form: dict[str, Any] = {
        name: row[name] for name in ("external_id", "title", "body", "confidential", "tech_field", "keywords")
    }
    if kind is ListingKind.NEED:
        return form | {
            "industry_code": row["industry_code"],
            "indicators": row["indicators"],
            "need_type": _code(session, Scheme.NEED_TYPE, row["need_type"]),
            "cooperation_modes": [
                _code(session, Scheme.COOPERATION_MODE, name) for name in row["cooperation_modes"]
            ],
            "budget_fen": _fen(row["budget_wan"]),
            "min_trl": row["min_trl"],
        }
    if kind is ListingKind.SCENARIO:
        return form | {
            "industry_code": row["industry_code"],
            "scenario_type": _code(session, Scheme.SCENARIO_TYPE, row["scenario_type"]),
            "opening_terms": row["opening_terms"],
            "place": row["place"],
            "investment_fen": _fen(row["investment_wan"]),
            "min_trl": row["min_trl"],
            "opens_on": date.fromisoformat(row["opens_on"]),
            "closes_on": date.fromisoformat(row["closes_on"]),
        }
    return form | {
        "trl": row["trl"],
        "stage": _code(session, Scheme.ACHIEVEMENT_STAGE, row["stage"]),
        "attribute": _code(session, Scheme.ACHIEVEMENT_ATTRIBUTE, row["attribute"]),
        "transfer_modes": [_code(session, Scheme.TRANSFER_MODE, name) for name in row["transfer_modes"]],
        "pricing_mode": _code(session, Scheme.PRICING_MODE, row["pricing_mode"]),
        "price_fen": _fen(row["price_wan"]),
        "ip": row["ip"],
        "completers": row["completers"],
    }


def _code(session: Session, scheme: Scheme, name: str) -> str:
    return next(code for code, known in code_names(session, scheme).items() if known == name)


def _fen(wan: int | None) -> int | None:
    return None if wan is None else wan * 10_000 * 100


def _load_listing(
    session: Session,
    kind: ListingKind,
    row: Mapping[str, Any],
    organisations: Mapping[str, Organisation],
    encoder: Encoder,
    *,
    number: int,
    day: date,
) -> None:
    owner = organisations[row["organisation"]]
    if find_by_external_id(session, owner.id, kind, row["external_id"]) is not None:
        return
    valid_days = row.get("valid_months", 12) * 30
    published_on = day - timedelta(days=1 + number * 37 % min(300, valid_days - 15))
    now = moment(published_on)
    form = listing_form(session, kind, row) | {"expires_on": published_on + timedelta(days=valid_days)}
    listing = listings.create_listing(
        session, OPERATOR, kind, form=form, now=now - timedelta(days=2), organisation_id=owner.id
    )
    listings.submit_listing(session, OPERATOR, kind, listing.id, now=now - timedelta(days=1))
    listings.review_listing(
        session, OPERATOR, kind, listing.id, decision=Action.PUBLISH, note=None, encoder=encoder, now=now
    )
