"""Two who release at the same moment: one of them is told, and nobody is sent anything twice."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import func, select

from market.bundles.models import Bundle, BundleDelivery
from market.bundles.service.releasing import prepare_release, release_bundle
from market.db import Database
from market.errors import MarketError
from tests.factories import NOW
from tests.market.bundles.factories import make_broker, make_bundle, make_subscriber
from tests.market.contracts.racing import at_once
from tests.market.search.factories import make_replica


def test_one_of_two_releases_wins(own_database: Database, tmp_path: Path) -> None:
    with own_database.transaction() as session:
        broker = make_broker(session)
        bundle_id = make_bundle(session, broker).id
        make_subscriber(session, without_match=True)
    replica = make_replica(own_database, tmp_path / "index").open()

    with own_database.reading() as session:
        prepared = prepare_release(session, broker, bundle_id, replica=replica, now=NOW)

    def release() -> Bundle:
        with own_database.transaction() as session:
            return release_bundle(session, broker, bundle_id, prepared=prepared, now=NOW)

    results = at_once(release, release, release)
    replica.close()
    assert [one.code for one in results if isinstance(one, MarketError)] == ["illegal-transition"] * 2
    with own_database.reading() as session:
        assert session.scalar(select(func.count(BundleDelivery.id))) == 1
