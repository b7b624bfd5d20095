"""Published listings: what the index is told, renewal, expiry, validation, two reviewers at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.db import Database
from market.errors import Conflict
from market.listings import queries, service
from market.listings.rules import (
    Action,
    ListingKind,
    Status,
)
from market.search.models import ListingChange, SearchDocument
from matching.types import Kind
from tests.factories import NOW
from tests.market.listings.factories import (
    CONTACT,
    ENCODER,
    SECRET,
    TODAY,
    Cast,
    findable,
    make_cast,
    make_listing,
)

NEED, ACHIEVEMENT = ListingKind.NEED, ListingKind.ACHIEVEMENT


def test_publication_is_dated_and_a_new_review_dates_it_anew(session: Session, cast: Cast) -> None:
    need = make_listing(session, NEED, cast.organisation)
    assert need.published_at == NOW
    later = NOW + timedelta(days=3)
    service.revise_listing(session, cast.owner, NEED, need.id, now=later)
    service.submit_listing(session, cast.owner, NEED, need.id, now=later)
    service.review_listing(
        session, cast.bureau, NEED, need.id, decision=Action.PUBLISH, note=None, encoder=ENCODER, now=later
    )
    assert need.published_at == later


def test_what_the_index_is_told_is_the_public_part(session: Session, cast: Cast) -> None:
    values = {
        "indicators": [{"name": "COD", "value": "≤50mg/L"}],
        "keywords": ["膜法", "回用"],
        "chain_code": "chain-textile",
        "min_trl": 6,
        "cooperation_modes": ["joint"],
        "existing_conditions": "有中试车间",
    }
    need = make_listing(session, NEED, cast.organisation, **values)
    row = session.get(SearchDocument, (Kind.NEED, need.id))
    assert row is not None
    assert row.title == need.title
    assert row.body == f"{need.body}\nCOD ≤50mg/L\n膜法 回用"
    assert row.facets == {
        "tech_field": "07",
        "chain": "chain-textile",
        "region": "320281",
        "min_trl": 6,
        "budget_fen": 80_000_000,
        "modes": ["joint"],
        "organisation": str(cast.organisation.id),
        "published_on": "2025-06-10",
        "expires_on": "2026-06-10",
    }
    assert not any(word in f"{row.title}{row.body}{row.facets}" for word in (SECRET, *CONTACT.values()))


def test_an_achievement_brings_maturity_price_and_modes(session: Session) -> None:
    cast = make_cast(session, ACHIEVEMENT)
    one = make_listing(session, ACHIEVEMENT, cast.organisation, transfer_modes=["licence"])
    row = session.get(SearchDocument, (Kind.ACHIEVEMENT, one.id))
    assert row is not None
    stated = {name: row.facets[name] for name in ("trl", "price_fen", "modes")}
    assert stated == {"trl": 7, "price_fen": 60_000_000, "modes": ["licence"]}


def test_renewal_tells_the_index_the_new_last_day_and_brings_back_what_expired(
    session: Session, cast: Cast
) -> None:
    live = make_listing(session, NEED, cast.organisation)
    expired = make_listing(
        session, NEED, cast.organisation, status=Status.EXPIRED, expires_on=date(2025, 1, 1)
    )
    day = date(2027, 1, 31)
    for need in (live, expired):
        service.renew_listing(session, cast.owner, NEED, need.id, expires_on=day, encoder=ENCODER, now=NOW)
        session.expire_all()
        row = session.get(SearchDocument, (Kind.NEED, need.id))
        assert row is not None
        assert row.facets["expires_on"] == "2027-01-31"
    assert findable(session) == {("need", live.id), ("need", expired.id)}


def test_listings_expire_after_their_last_day_and_not_on_it(session: Session, cast: Cast) -> None:
    days = [TODAY, TODAY - timedelta(days=1), TODAY - timedelta(days=2)]
    needs = [make_listing(session, NEED, cast.organisation) for _ in days]
    matching = make_listing(session, NEED, cast.organisation, status=Status.MATCHING)
    for need, day in zip([*needs, matching], [*days, days[-1]], strict=True):
        need.expires_on = day
    session.flush()
    assert service.expire_due(session, now=NOW, limit=1) == 1
    assert service.expire_due(session, now=NOW) == 1
    assert service.expire_due(session, now=NOW) == 0
    assert [need.status for need in needs] == [Status.PUBLISHED, Status.EXPIRED, Status.EXPIRED]
    assert matching.status is Status.MATCHING
    assert findable(session) == {("need", needs[0].id)}
    assert queries.list_events(session, needs[1])[-1].actor_id is None


def test_of_two_reviewers_who_publish_at_once_one_does(own_database: Database) -> None:
    with own_database.transaction() as session:
        cast = make_cast(session)
        need = make_listing(session, NEED, cast.organisation, status=Status.PENDING)
        need_id = need.id

    def publish(actor: Actor) -> str:
        with own_database.transaction() as session:
            try:
                service.review_listing(
                    session,
                    actor,
                    NEED,
                    need_id,
                    decision=Action.PUBLISH,
                    note=None,
                    encoder=ENCODER,
                    now=NOW,
                )
            except Conflict as error:
                return error.code
            return "published"

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(publish, [cast.broker, cast.bureau]))
    assert sorted(outcomes) == ["illegal-transition", "published"]
    with own_database.reading() as session:
        assert session.scalar(select(func.count()).select_from(ListingChange)) == 1
        assert findable(session) == {("need", need_id)}
