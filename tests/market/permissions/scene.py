"""One user of every role, each of an organisation of its own, and the records they ask about."""

from __future__ import annotations

from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.models import AccessToken
from market.accounts.queries import actor_of
from market.accounts.rules import OrganisationKind, OrganisationStatus
from market.exchange.models import ImportRun
from market.exchange.rules.runs import ImportKind, Mode
from market.listings.rules import Status as ListingStatus
from market.matches.rules import Status as SuggestionStatus
from market.settings import Settings
from tests.factories import (
    NOW,
    as_actor,
    make_achievement,
    make_need,
    make_organisation,
    make_token,
    make_uscc,
    make_user,
)
from tests.market.contracts.factories import grant_duties, make_station
from tests.market.permissions.bundle_records import bundle_records
from tests.market.permissions.chain_records import chain_records
from tests.market.permissions.challenge_records import challenge_records
from tests.market.permissions.conduct_records import conduct_records
from tests.market.permissions.contract_records import contract_records
from tests.market.permissions.figure_records import figure_records
from tests.market.permissions.lines import PASSWORD, STRANGERS, Scene
from tests.market.permissions.need_records import need_records
from tests.market.permissions.network_records import network_records
from tests.market.permissions.people import People
from tests.market.permissions.project_records import project_records
from tests.market.permissions.referral_records import referral_records
from tests.market.permissions.register_records import register_records
from tests.market.permissions.resource_records import resource_records
from tests.market.permissions.talent_records import talent_records
from tests.market.turnover.factories import make_suggestion

RECORDS = (
    figure_records,
    need_records,
    register_records,
    chain_records,
    resource_records,
    project_records,
    talent_records,
    conduct_records,
    referral_records,
    bundle_records,
    challenge_records,
    network_records,
)


def make_scene(session: Session, settings: Settings) -> Scene:
    """Insert everybody and everything; papers go into the store that these settings name."""
    password: dict[str, Any] = {"password_hash": PasswordHasher().hash(PASSWORD)}
    headers: dict[str, dict[str, str]] = {"anyone": {}}
    for role, kind in zip(STRANGERS[1:6], OrganisationKind, strict=True):
        stranger = make_user(session, make_organisation(session, kind), **password)
        headers[role] = as_actor(session, actor_of(stranger))
    headers["admin"] = as_actor(session, actor_of(make_user(session, **password)))
    people = People(
        buyer=make_user(session, make_organisation(session), **password),
        seller=make_user(
            session, make_organisation(session, OrganisationKind.UNIVERSITY, nature_code="0221"), **password
        ),
        desk=make_user(session, make_organisation(session, OrganisationKind.AGENCY), **password),
        station=make_user(session, make_station(session), **password),
    )
    grant_duties(session, people.station)
    for role in ("buyer", "seller", "desk", "station"):
        headers[role] = as_actor(session, actor_of(getattr(people, role)))
    ids = {
        **_accounts(session, people, password=password),
        **_listings(session, people),
        **contract_records(session, people, settings=settings),
    }
    for records in RECORDS:
        ids |= records(session, people)
    return Scene(headers, ids)


def _accounts(session: Session, people: People, *, password: dict[str, Any]) -> dict[str, Any]:
    keeper = make_user(session, login="gate.keeper", **password)
    make_token(session, keeper)
    enterprise = people.home("buyer")
    run = ImportRun(
        kind=ImportKind.NEEDS,
        file_name="a.csv",
        sha256="0" * 64,
        mode=Mode.ALL_OR_NOTHING,
        dry_run=True,
        publish=False,
        started_at=NOW,
    )
    session.add(run)
    session.flush()
    return {
        "scheme": "trl",
        "code": "320281",
        "token_id": session.scalars(select(AccessToken.id).where(AccessToken.user_id == keeper.id)).one(),
        "user_id": make_user(session, enterprise).id,
        "organisation_id": make_organisation(session, status=OrganisationStatus.PENDING).id,
        "organisation": enterprise.id,
        "uscc": make_uscc(),
        "import_id": run.id,
    }


def _listings(session: Session, people: People) -> dict[str, Any]:
    enterprise, university = people.home("buyer"), people.home("seller")
    need = make_need(session, enterprise)
    achievement = make_achievement(session, university)

    def suggested(status: SuggestionStatus) -> int:
        return make_suggestion(session, need, make_achievement(session, university), status=status).id

    agreed = make_suggestion(session, need, achievement, broker=people.desk, status=SuggestionStatus.AGREED)
    return {
        "needs": need.id,
        **{f"needs-{state}": make_need(session, enterprise, status=state).id for state in ListingStatus},
        "achievements": achievement.id,
        **{
            f"achievements-{state}": make_achievement(session, university, status=state).id
            for state in ListingStatus
        },
        "need_id": need.id,
        "suggestion_id": agreed.id,
        "suggestion_id-suggested": suggested(SuggestionStatus.SUGGESTED),
        "suggestion_id-recommended": suggested(SuggestionStatus.RECOMMENDED),
    }
