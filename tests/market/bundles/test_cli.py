"""`market bundles release-due`: what is due goes out, what is not ready is named."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from market.bundles.cli import bundles_group
from market.bundles.models import Bundle
from market.bundles.rules import Status
from market.cli import Context
from market.clock import FixedClock
from market.db import Database
from market.settings import Settings
from tests.factories import NOW
from tests.market.bundles.factories import make_broker, make_bundle, put_in
from tests.market.listings.factories import ENCODER, TODAY

pytestmark = pytest.mark.one_database("a command; test_releasing.py asks both")


def test_due_bundles_go_out_and_the_others_are_named(own_database: Database, tmp_path: Path) -> None:
    with own_database.transaction() as session:
        broker = make_broker(session)
        ready, empty = (make_bundle(session, broker, title=title) for title in ("水处理", "空的"))
        put_in(session, broker, empty)
        make_bundle(session, broker, title="以后的", release_on=TODAY + timedelta(days=1))
    context = Context(
        Settings(database_url=own_database.url, data_dir=tmp_path / "data"), clock=FixedClock(NOW)
    )
    context.__dict__["encoder"] = ENCODER
    result = CliRunner().invoke(bundles_group, ["release-due"], obj=context)
    assert result.exit_code == 1
    assert f"已发布：{ready.id} 水处理" in result.output
    assert f"未发布：{empty.id} 空的。成果包中还没有成果，不能发布。（bundle-empty）" in result.output
    assert "到期成果包 2 个，发布 1 个" in result.output
    assert "以后的" not in result.output
    with context.database.transaction() as session:
        assert session.get_one(Bundle, ready.id).status is Status.RELEASED
        session.get_one(Bundle, empty.id).status = Status.WITHDRAWN
    again = CliRunner().invoke(bundles_group, ["release-due"], obj=context)
    assert (again.exit_code, again.output) == (0, "到期成果包 0 个，发布 0 个\n")
    context.replica.close()
    context.database.dispose()
