"""Loading the sample market: organisations, people, listings and three years of contracts.

All of it is invented. It goes through the market's own services, so that every event, index change
and ledger line is there; what is loaded already is left as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, cast

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
from market.db import Database
from market.listings import service as listings
from market.listings.models import Achievement, Need
from market.listings.queries import find_by_external_id
from market.listings.rules import Action, ListingKind
from market.matches import suggesting
from market.reference.queries import code_names
from market.reference.rules import Scheme
from market.search.access import current_replica
from matching.encoder import Encoder
from seed.loaders import load_reference

FOLDER = Path(__file__).parent / "demo"
PASSWORD = "sample-market-2025"  # noqa: S105  # of the invented users of the sample market only
HELD_BACK = "N-07-01"
"""The need that the demonstration posts itself."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What the sample market holds."""

    organisations: int
    needs: int
    achievements: int
    contracts: int

    @property
    def text(self) -> str:
        """One Chinese line."""
        return (
            f"样例市场：单位 {self.organisations} 家，需求 {self.needs} 项，"
            f"成果 {self.achievements} 项，已登记合同 {self.contracts} 项（均为虚构）"
        )


def read(name: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of all files of the sample whose name starts so."""
    for path in sorted(FOLDER.glob(f"{name}*.jsonl")):
        with path.open(encoding="utf-8") as file:
            yield from map(json.loads, file)


def find_record(name: str, external_id: str) -> dict[str, Any]:
    """Return one object of the sample.

    Raises:
        KeyError: there is none with this number.
    """
    for row in read(name):
        if row["external_id"] == external_id:
            return row
    raise KeyError(external_id)


def load(database: Database, encoder: Encoder, *, ledger: Ledger, day: date, progress: Progress) -> Summary:
    """Load the sample market as it stands on a day.

    Args:
        database: with the newest schema.
        encoder: makes the vectors of listings.
        ledger: takes the lines of contracts.
        day: the sample day; listings were published in the year before it.
        progress: shows how far it is.
    """
    morning = _moment(day)
    with database.transaction() as session:
        load_reference(session)
    with database.transaction() as session:
        organisations = _load_organisations(session, progress, now=morning)
    for kind, name in ((ListingKind.NEED, "needs"), (ListingKind.ACHIEVEMENT, "achievements")):
        rows = list(read(name))
        with database.transaction() as session:
            for number, row in enumerate(progress.track(rows, description="需求与成果")):
                if row["external_id"] != HELD_BACK:
                    _load_listing(session, kind, row, organisations, encoder, number=number, day=day)
    _load_contracts(database, organisations, ledger, progress, day=day)
    with database.reading() as session:
        return Summary(
            organisations=len(organisations),
            needs=len(session.scalars(select(Need.id)).all()),
            achievements=len(session.scalars(select(Achievement.id)).all()),
            contracts=len(session.scalars(select(Contract.id)).all()),
        )


def suggest(database: Database, app: flask.Flask, clock: Clock) -> int:
    """Make the suggestions that are due, with the app's own replica; returns how many."""
    with app.app_context():
        return suggesting.catch_up(database, current_replica(), clock)


def login_of(slug: str) -> str:
    """Return the login name of an organisation's own user."""
    return f"u-{slug}"


def _moment(day: date) -> datetime:
    return datetime.combine(day, time(1), tzinfo=UTC)  # nine in the morning in China


def _uscc(row: Mapping[str, Any], number: int) -> str:
    """Make up a valid code: 12 for public institutions, 11 for organs, 91 for enterprises."""
    prefix = {"university": "12", "bureau": "11", "station": "12"}.get(row["kind"], "91")
    head = f"{prefix}{row['region_code']}MB{number:07d}"
    return head + stdnum_uscc.calc_check_digit(head)


def _load_organisations(session: Session, progress: Progress, *, now: datetime) -> dict[str, Organisation]:
    loaded: dict[str, Organisation] = {}
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
                accounts.create_user(session, OPERATOR, form=user_form, now=now)
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
    now = _moment(published_on)
    form = listing_form(session, kind, row) | {"expires_on": published_on + timedelta(days=valid_days)}
    listing = listings.create_listing(
        session, OPERATOR, kind, form=form, now=now - timedelta(days=2), organisation_id=owner.id
    )
    listings.submit_listing(session, OPERATOR, kind, listing.id, now=now - timedelta(days=1))
    listings.review_listing(
        session, OPERATOR, kind, listing.id, decision=Action.PUBLISH, note=None, encoder=encoder, now=now
    )


def _load_contracts(
    database: Database,
    organisations: Mapping[str, Organisation],
    ledger: Ledger,
    progress: Progress,
    *,
    day: date,
) -> None:
    rows = sorted(read("contracts"), key=lambda row: row["registered_on"])
    with database.reading() as session:
        loaded = set(session.scalars(select(Contract.external_id)))
    with database.transaction() as session:
        for number, row in enumerate(progress.track(rows, description="历年合同"), start=1):
            if row["external_id"] in loaded or date.fromisoformat(row["registered_on"]) > day:
                continue
            _load_contract(session, row, organisations, ledger, number=number)


def _load_contract(
    session: Session,
    row: Mapping[str, Any],
    organisations: Mapping[str, Organisation],
    ledger: Ledger,
    *,
    number: int,
) -> None:
    registered_on = date.fromisoformat(row["registered_on"])
    station = organisations[row["station"]]
    same = (
        "project_name", "type_code", "subtype_code", "licence_kind", "tech_field", "ip_kind",
        "plan_source", "seo", "industry_code", "payment_mode",
    )  # fmt: skip
    form = {name: row[name] for name in same} | {
        "station_id": station.id,
        "seller": _party(organisations[row["seller"]]),
        "buyer": _party(organisations[row["buyer"]]),
        "signed_on": date.fromisoformat(row["signed_on"]),
        "valid_from": date.fromisoformat(row["signed_on"]),
        "valid_to": date.fromisoformat(row["valid_to"]),
        "total_amount_fen": row["total_fen"],
        "tech_amount_fen": row["tech_fen"],
    }
    contract = contracts.enter_registered_contract(
        session,
        OPERATOR,
        form=form,
        registered_on=registered_on,
        # A serial range of its own, so that numbers drawn later never meet it.
        reg_no=f"{registered_on.year}{station.region_code}9{number:05d}",
        external_id=row["external_id"],
        ledger=ledger,
        now=_moment(registered_on),
    )
    if row["event"] is not None:
        _end_or_change(session, row, contract, ledger)


def _party(organisation: Organisation) -> dict[str, Any]:
    return {
        "name": organisation.name,
        "uscc": organisation.uscc,
        "nature_code": organisation.nature_code,
        "country_code": "156",
        "region_code": organisation.region_code,
        "park_code": organisation.park_code,
    }


def _end_or_change(session: Session, row: Mapping[str, Any], contract: Contract, ledger: Ledger) -> None:
    """Play the change, cancellation or revocation of a sample contract, by those who may do it."""
    now = _moment(date.fromisoformat(row["event_on"]))
    seller = _member(session, cast(int, contract.seller.organisation_id))
    registrar = _member(session, contract.station_id)
    words = row["event_note"]
    if row["event"] == "revocation":
        contracts.revoke_contract(session, registrar, contract.id, reason=words, ledger=ledger, now=now)
        return
    if row["event"] == "change":
        changes = {"total_amount_fen": row["new_total_fen"], "tech_amount_fen": row["new_tech_fen"]}
        request = contracts.request_change(
            session, seller, contract.id, changes=changes, reason=words, now=now - timedelta(days=3)
        )
    else:
        request = contracts.request_cancellation(
            session, seller, contract.id, reason=words, now=now - timedelta(days=3)
        )
    contracts.decide_request(session, registrar, request.id, approve=True, note=None, ledger=ledger, now=now)


def _member(session: Session, organisation_id: int) -> Any:
    organisation = account_queries.get_organisation(session, organisation_id)
    return account_queries.actor_of(organisation.users[0])
