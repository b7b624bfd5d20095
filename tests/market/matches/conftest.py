"""A market with people and pairs in it, for tests through HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient

from market.db import Database
from market.listings.models import Listing
from market.listings.rules import ListingKind
from market.matches.rules import Status
from tests.factories import as_actor, post
from tests.market.matches.factories import (
    NAMES,
    Scene,
    make_achievement,
    make_need,
    make_pair,
    make_scene,
)


@dataclass
class Theatre:
    """The people around a pair, with their tokens and a client."""

    scene: Scene
    headers: dict[str, dict[str, str]]
    client: FlaskClient
    database: Database

    def pair(self, status: Status = Status.SUGGESTED, *, mine: str | None = None, **values: Any) -> int:
        """Insert a suggestion, committed; `mine` names the broker who has it."""
        broker_id = getattr(self.scene, mine).user_id if mine else None
        with self.database.transaction() as session:
            return make_pair(session, self.scene, status=status, broker_id=broker_id, **values).id

    def need(self, **values: Any) -> int:
        """Insert a published need of the enterprise."""
        with self.database.transaction() as session:
            return make_need(session, self.scene.buyer.id, **values).id

    def achievement(self, **values: Any) -> int:
        """Insert a published achievement of the university."""
        with self.database.transaction() as session:
            return make_achievement(session, self.scene.seller.id, **values).id

    def status_of(self, kind: ListingKind, listing_id: int) -> str:
        """Return the state of a listing."""
        with self.database.reading() as session:
            listing = session.get_one(Listing, listing_id)
            assert listing.kind is kind
            return listing.status.value

    def get(self, url: str, name: str | None = None, **query: Any) -> Any:
        """Ask as somebody; None asks without a token."""
        return self.client.get(f"/api/v1{url}", headers=self.headers.get(name or ""), query_string=query)

    def post(self, url: str, name: str | None, body: Any = None) -> Any:
        """Post as somebody."""
        return post(self.client, url, self.headers.get(name or "", {}), body)


@pytest.fixture
def theatre(database: Database, client: FlaskClient) -> Theatre:
    """The people, committed."""
    with database.transaction() as session:
        scene = make_scene(session)
        headers = {name: as_actor(session, getattr(scene, name)) for name in NAMES}
    return Theatre(scene, headers, client, database)
