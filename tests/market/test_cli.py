"""The operator's commands, on a real SQLite file and with the shipped encoder."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete, update

from market.accounts import queries as accounts
from market.accounts.rules import OrganisationKind, Role
from market.cli import Context, cli
from market.clock import FixedClock
from market.db import Database
from market.listings import service as listings
from market.listings.models import Achievement, Listing
from market.listings.rules import Action, ListingKind, Status
from market.search.models import ListingChange, ListingVector, SearchDocument
from market.search.replica import open_encoder
from market.settings import Settings
from matching.encoder import HashingEncoder
from matching.types import Kind
from tests import factories
from tests.conftest import NOW


class Desk:
    """An operator at the command line."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.context = Context(Settings(database_url=database.url, data_dir=folder), clock=FixedClock(NOW))
        self.context.__dict__["encoder"] = HashingEncoder(dim=64)

    def run(self, *words: str, text: str | None = None) -> Result:
        """Run one command."""
        return CliRunner().invoke(cli, list(words), obj=self.context, input=text)

    def restart(self) -> None:
        """Forget the open replica, as a new process would."""
        self.context.__dict__.pop("replica").close()


@pytest.fixture
def desk(own_database: Database, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(own_database, tmp_path / "data")
    yield desk
    desk.context.database.dispose()


def _publish(desk: Desk, *, expires_on: date = date(2026, 1, 1)) -> int:
    with desk.context.database.transaction() as session:
        owner = factories.make_actor(session, OrganisationKind.UNIVERSITY)
        broker = factories.make_actor(session, OrganisationKind.AGENCY)
        form = {
            "title": "废铅蓄电池破碎分选",
            "body": "以水力分选回收铅膏与塑料。",
            "tech_field": "07",
            "expires_on": expires_on,
        }
        kind = ListingKind.ACHIEVEMENT
        listing = listings.create_listing(session, owner, kind, form=form, now=NOW)
        listings.submit_listing(session, owner, kind, listing.id, now=NOW)
        encoder = desk.context.encoder
        listings.review_listing(
            session, broker, kind, listing.id, decision=Action.PUBLISH, note=None, encoder=encoder, now=NOW
        )
        return listing.id


def test_the_first_admin_is_made_at_the_command_line(desk: Desk) -> None:
    words = ("user", "create", "Root", "--name", "管理员", "--role", "admin", "--password-stdin")
    result = desk.run(*words, text="correct horse battery\n")
    assert result.exit_code == 0, result.output
    with desk.context.database.reading() as session:
        user = accounts.find_user_by_login(session, "root")
        assert user is not None
        assert user.role is Role.ADMIN
        assert "correct" not in user.password_hash
    again = desk.run(*words, text="correct horse battery\n")
    assert again.exit_code == 1
    assert "login-taken" in again.output


def test_a_weak_password_is_refused_with_the_field(desk: Desk) -> None:
    result = desk.run(
        *("user", "create", "root", "--name", "管理员", "--role", "admin", "--password-stdin"), text="short\n"
    )
    assert result.exit_code == 1
    assert "/password" in result.output
    assert "weak-password" in result.output


def test_a_user_can_be_shut_out(desk: Desk) -> None:
    with desk.context.database.transaction() as session:
        user = factories.make_user(session, login="leaver")
    assert desk.run("user", "deactivate", "leaver").exit_code == 0
    with desk.context.database.reading() as session:
        assert not accounts.get_user(session, user.id).active
    assert desk.run("user", "deactivate", "nobody").exit_code == 1


def test_status_and_verify_agree_with_the_database(desk: Desk) -> None:
    _publish(desk)
    verified = desk.run("index", "verify")
    assert verified.exit_code == 0, verified.output
    status = desk.run("index", "status")
    assert "achievement：索引 1 条，数据库 1 条" in status.output
    assert "进度：1 / 1" in status.output


def test_verify_names_a_difference_of_the_index_and_rebuild_mends_it(desk: Desk) -> None:
    listing_id = _publish(desk)
    desk.run("index", "verify")
    desk.context.replica.engine.remove(Kind.ACHIEVEMENT, [str(listing_id)])
    broken = desk.run("index", "verify")
    assert broken.exit_code == 1
    assert f"achievement {listing_id}：索引中缺少" in broken.output
    assert "共 1 处差异，请运行 market index rebuild" in broken.output
    assert desk.run("index", "rebuild").exit_code == 0
    desk.restart()
    assert desk.run("index", "verify").exit_code == 0


def test_verify_names_what_no_longer_follows_from_the_records_and_repairs_it(desk: Desk) -> None:
    listing_id = _publish(desk)
    assert desk.run("index", "verify").exit_code == 0

    def behind_the_log(**values: Any) -> str:
        with desk.context.database.transaction() as session:
            session.execute(update(Listing).where(Listing.id == listing_id).values(**values))
        found = desk.run("index", "verify")
        assert found.exit_code == 1
        assert "共 1 处差异，请运行 market index verify --repair" in found.output
        return found.output

    assert f"achievement {listing_id}：存为可检索的标题与记录不同" in behind_the_log(title="别的标题")
    repaired = desk.run("index", "verify", "--repair")
    assert (repaired.exit_code, repaired.output) == (0, "已改正 1 条\n索引与数据库一致\n")
    assert desk.context.replica.engine.title(Kind.ACHIEVEMENT, str(listing_id)) == "别的标题"
    words = f"achievement {listing_id}：记录已不可检索，却仍存为可检索"
    assert words in behind_the_log(status=Status.WITHDRAWN)
    assert desk.run("index", "verify", "--repair").exit_code == 0
    assert desk.context.replica.engine.count() == 0


def test_verify_names_a_missing_vector_and_does_not_make_it(desk: Desk) -> None:
    listing_id = _publish(desk)
    with desk.context.database.transaction() as session:
        session.execute(delete(ListingVector))
    for _ in range(2):
        found = desk.run("index", "verify")
        assert found.exit_code == 1
        assert f"achievement {listing_id}：缺少现用模型的向量" in found.output
    assert "新编码 1 条" in desk.run("index", "rebuild").output
    assert desk.run("index", "verify").exit_code == 0


def test_a_market_on_a_model_that_is_not_here_is_refused_until_it_is_reencoded(desk: Desk) -> None:
    _publish(desk)
    desk.run("index", "verify")
    desk.restart()
    desk.context.__dict__["encoder"] = open_encoder(desk.context.settings)
    refused = desk.run("index", "status")
    assert refused.exit_code == 1
    assert "hashing-64" in refused.output
    assert "market index reencode" in refused.output
    reencoded = desk.run("index", "reencode", "--drop-old")
    assert reencoded.exit_code == 0, reencoded.output
    assert "新编码 1 条，现用模型：market-static@" in reencoded.output
    assert "已删除其他模型的向量 1 条" in reencoded.output
    assert desk.run("index", "verify").exit_code == 0
    assert "hashing-64" not in desk.run("index", "status").output


def test_suggestions_are_made_up_for(desk: Desk) -> None:
    _publish(desk)
    assert "新增匹配建议 0 条" in desk.run("matches", "suggest").output


def test_expired_listings_leave_the_index(desk: Desk) -> None:
    listing_id = _publish(desk, expires_on=NOW.date())
    clock = desk.context.clock
    assert isinstance(clock, FixedClock)
    clock.advance(days=1)
    assert "已过期 1 条" in desk.run("listings", "expire").output
    assert "已过期 0 条" in desk.run("listings", "expire").output
    with desk.context.database.reading() as session:
        assert session.get(SearchDocument, ("achievement", listing_id)) is None
        log = session.query(ListingChange).order_by(ListingChange.seq)
        assert [change.operation for change in log] == ["upsert", "remove"]
        assert session.get_one(Achievement, listing_id).status is Status.EXPIRED


def test_an_empty_ledger_agrees_with_itself(desk: Desk) -> None:
    result = desk.run("turnover", "verify")
    assert result.exit_code == 0, result.output
    assert "四者一致" in result.output
    assert desk.run("turnover", "rebuild").exit_code == 0


def test_schema_commands(desk: Desk) -> None:
    assert "最新" in desk.run("db", "status").output
    assert desk.run("db", "upgrade").exit_code == 0
    assert desk.run("db", "downgrade", "base", "--yes").exit_code == 0
    refused = desk.run("listings", "expire")
    assert refused.exit_code == 1
    assert "market db upgrade" in refused.output


def test_an_unreadable_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARKET_TOKEN_DAYS", "many")
    result = CliRunner().invoke(cli, ["db", "status"])
    assert result.exit_code == 1
    assert "MARKET_TOKEN_DAYS" in result.output
