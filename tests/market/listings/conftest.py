"""The people around listings, alone and as a market for tests through HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from market.db import Database
from market.listings.rules import ListingKind, Status
from tests.factories import as_actor, bearer, post
from tests.market.listings.factories import NAMES, Cast, make_cast, make_listing


@pytest.fixture
def cast(session: Session) -> Cast:
    """The people around a need."""
    return make_cast(session)


@dataclass
class Stage:
    """The people around one organisation's listings, with their tokens and a client."""

    kind: ListingKind
    cast: Cast
    headers: dict[str, dict[str, str]]
    client: FlaskClient
    database: Database

    @property
    def url(self) -> str:
        """Where listings of the kind live."""
        return f"/{self.kind.value}s"

    def listing(self, status: Status = Status.PUBLISHED, **values: Any) -> int:
        """Insert a listing of the owner, committed, and return its id."""
        with self.database.transaction() as session:
            return make_listing(session, self.kind, self.cast.organisation.id, status=status, **values).id

    def get(self, url: str, name: str | None = None, **query: Any) -> Any:
        """Ask as somebody; None asks without a token."""
        return self.client.get(f"/api/v1{url}", headers=self.headers.get(name or ""), query_string=query)

    def post(self, url: str, name: str | None, body: Any = None) -> Any:
        """Post as somebody."""
        return post(self.client, url, self.headers.get(name or "", {}), body)

    def patch(self, url: str, name: str, body: Any, *, version: int | str | None) -> Any:
        """Change as somebody, on the basis of a version."""
        token = self.headers[name]["Authorization"].removeprefix("Bearer ")
        match = {} if version is None else {"If_Match": f'"{version}"'}
        return self.client.patch(f"/api/v1{url}", json=body, headers=bearer(token, **match))


@pytest.fixture
def make_stage(database: Database, client: FlaskClient) -> Callable[[ListingKind], Stage]:
    """Makes a stage for a kind of listing."""

    def _make(kind: ListingKind) -> Stage:
        with database.transaction() as session:
            cast = make_cast(session, kind)
            headers = {name: as_actor(session, getattr(cast, name)) for name in NAMES}
        return Stage(kind, cast, headers, client, database)

    return _make


@pytest.fixture
def stage(make_stage: Callable[[ListingKind], Stage]) -> Stage:
    """The people around an enterprise's needs."""
    return make_stage(ListingKind.NEED)


@pytest.fixture(params=[ListingKind.NEED, ListingKind.ACHIEVEMENT])
def either(make_stage: Callable[[ListingKind], Stage], request: pytest.FixtureRequest) -> Stage:
    """The people around needs, then those around achievements; scenarios have tests of their own."""
    return make_stage(request.param)
