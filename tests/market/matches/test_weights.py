"""Versions of the weights: recorded, one active, used by every answer from then on."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR
from market.audit.models import AuditEvent
from market.cli import Context, cli
from market.clock import FixedClock
from market.db import Database
from market.errors import Conflict, MarketError, NotFound, PermissionDenied
from market.matches import queries, weights
from market.matches.models import RankingWeights
from market.matches.rules import WeightsSource
from market.search.documents import Weights
from market.settings import Settings
from tests.factories import NOW
from tests.market.matches.conftest import Theatre
from tests.market.matches.decisions import Taste, by_lot, decide, thrifty
from tests.market.matches.factories import make_scene

SHIPPED = Weights.load()
OTHER = replace(SHIPPED, dense=SHIPPED.dense + 1)


def learned(
    session: Session, *, promote: bool, prior: str | None = None, dense: float = 1.0
) -> RankingWeights:
    return weights.record_learned(
        session,
        OPERATOR,
        replace(SHIPPED, dense=dense),
        prior=prior or weights.current_weights(session).version,
        promote=promote,
        examples={"decisions": 60},
        figures={},
        note="试",
        now=NOW,
    )


def versions(session: Session) -> dict[str, bool]:
    return {row.version: row.active for row in weights.list_versions(session)}


def audit(session: Session) -> list[tuple[str, dict[str, Any]]]:
    rows = session.scalars(
        select(AuditEvent).where(AuditEvent.entity == "ranking_weights").order_by(AuditEvent.id)
    )
    return [(row.action.removeprefix("ranking_weights."), row.details) for row in rows]


def test_a_new_market_uses_what_is_shipped_without_recording_it(session: Session) -> None:
    assert queries.active_weights(session) is None
    assert weights.current_weights(session) == SHIPPED
    assert versions(session) == {SHIPPED.version: True}
    assert session.scalars(select(RankingWeights)).all() == []


def test_promoted_weights_are_the_active_ones_and_every_step_is_written_down(session: Session) -> None:
    learned(session, promote=False)
    assert weights.current_weights(session) == SHIPPED
    row = learned(session, promote=True, dense=2.5)
    assert (row.version, row.promoted_at) == ("learned-2", NOW)
    assert weights.current_weights(session) == replace(SHIPPED, version="learned-2", dense=2.5)
    assert versions(session) == {SHIPPED.version: False, "learned-1": False, "learned-2": True}
    assert audit(session) == [
        ("record", {"version": SHIPPED.version, "active": True}),
        ("record", {"version": "learned-1", "active": False}),
        ("record", {"version": "learned-2", "active": False}),
        ("activate", {"from": SHIPPED.version, "to": "learned-2"}),
    ]


def test_any_version_can_be_activated_again(session: Session) -> None:
    learned(session, promote=True)
    weights.activate(session, OPERATOR, SHIPPED.version, now=NOW)
    assert weights.current_weights(session) == SHIPPED
    weights.activate(session, OPERATOR, "learned-1", now=NOW)
    assert versions(session) == {SHIPPED.version: False, "learned-1": True}
    assert audit(session)[-2:] == [
        ("activate", {"from": "learned-1", "to": SHIPPED.version}),
        ("activate", {"from": SHIPPED.version, "to": "learned-1"}),
    ]


def test_what_is_active_or_unknown_cannot_be_activated(session: Session) -> None:
    with pytest.raises(Conflict, match="已在使用") as caught:
        weights.activate(session, OPERATOR, SHIPPED.version, now=NOW)
    assert caught.value.code == "weights-active"
    with pytest.raises(NotFound) as missing:
        weights.activate(session, OPERATOR, "learned-9", now=NOW)
    assert missing.value.code == "weights-not-found"


def test_an_upgrade_changes_nothing_until_its_weights_are_activated(session: Session) -> None:
    # What a market has that began with the weights of an older program.
    session.add(
        RankingWeights(
            version="0",
            weights=replace(SHIPPED, version="0").to_json(),
            source=WeightsSource.SHIPPED,
            active=True,
            created_at=NOW,
        )
    )
    session.flush()
    assert versions(session) == {"0": True, SHIPPED.version: False}
    assert weights.current_weights(session).version == "0"
    weights.activate(session, OPERATOR, SHIPPED.version, now=NOW)
    assert weights.current_weights(session) == SHIPPED


def test_a_comparison_with_weights_no_longer_active_is_refused(session: Session) -> None:
    learned(session, promote=True)
    with pytest.raises(Conflict) as caught:
        learned(session, promote=True, prior=SHIPPED.version)
    assert caught.value.code == "weights-changed"


def test_brokers_and_bureaus_do_not_change_weights(session: Session) -> None:
    scene = make_scene(session)
    for actor in (scene.broker, scene.bureau, scene.enterprise):
        with pytest.raises(PermissionDenied):
            weights.activate(session, actor, SHIPPED.version, now=NOW)
        with pytest.raises(PermissionDenied):
            weights.record_learned(
                session, actor, OTHER, prior="", promote=True, examples={}, figures={}, note="", now=NOW
            )
    weights.record_learned(
        session,
        scene.admin,
        OTHER,
        prior=SHIPPED.version,
        promote=True,
        examples={},
        figures={},
        note="",
        now=NOW,
    )
    done = select(AuditEvent).where(AuditEvent.entity == "ranking_weights").order_by(AuditEvent.id.desc())
    row = session.scalars(done).first()
    assert row is not None
    assert row.actor_id == scene.admin.user_id


def test_the_database_itself_refuses_a_second_active_version(session: Session) -> None:
    learned(session, promote=True)
    row = {"weights": {}, "source": WeightsSource.LEARNED, "examples": {}, "figures": {}, "created_at": NOW}
    session.execute(insert(RankingWeights).values(version="a", active=False, **row))
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(insert(RankingWeights).values(version="b", active=True, **row))


@pytest.mark.parametrize("first", [True, False], ids=["first ever", "later"])
def test_of_two_promotions_at_once_one_is_refused(own_database: Database, first: bool) -> None:
    if not first:
        with own_database.transaction() as session:
            learned(session, promote=False)
    together = threading.Barrier(2)

    def promote(dense: float) -> str | None:
        together.wait(20)
        try:
            with own_database.transaction() as session:
                return learned(session, promote=True, prior=SHIPPED.version, dense=dense).version
        except MarketError as error:
            return error.code

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(promote, (1.0, 2.0)))
    winner = "learned-1" if first else "learned-2"
    assert sorted(map(str, outcomes)) == [winner, "weights-changed"]
    with own_database.reading() as session:
        assert [version for version, active in versions(session).items() if active] == [winner]
        assert [step for step, _ in audit(session)].count("activate") == 1


# --- at the command line, beside a running app


class Desk:
    """An operator's shell on the database of a running app."""

    def __init__(self, theatre: Theatre, settings: Settings) -> None:
        self.theatre = theatre
        self.context = Context(settings, clock=FixedClock(NOW))
        self.context.__dict__["database"] = theatre.database

    def run(self, *words: str, expect: int = 0) -> Result:
        result = CliRunner().invoke(cli, ["matches", *words], obj=self.context)
        assert result.exit_code == expect, result.output
        return result

    def decide(self, taste: Taste, **values: Any) -> None:
        with self.theatre.database.transaction() as session:
            decide(session, self.theatre.scene, taste, **values)


@pytest.fixture
def desk(theatre: Theatre, settings: Settings) -> Desk:
    return Desk(theatre, settings)


NEED = {
    "title": "反渗透膜清洗周期短",
    "body": "印染废水回用，反渗透膜三个月就要清洗。",
    "budget_fen": 10_000_000,
}
ALIKE = {
    "title": "反渗透膜清洗周期延长",
    "body": "印染废水回用，反渗透膜一年才要清洗。",
    "price_fen": 90_000_000,
}
CHEAP = {"title": "反渗透膜抗污染涂层", "body": "用于印染废水的膜，清洗周期延长。", "price_fen": 5_000_000}


def test_what_brokers_teach_changes_the_next_answer_of_a_running_app(desk: Desk) -> None:
    theatre = desk.theatre
    need, alike, cheap = theatre.need(**NEED), theatre.achievement(**ALIKE), theatre.achievement(**CHEAP)

    def ranking() -> tuple[str, list[int]]:
        answer = theatre.get(f"/needs/{need}/matches", "broker").get_json()
        return answer["weights"], [hit["listing"]["id"] for hit in answer["hits"]]

    desk.decide(thrifty)
    assert ranking() == (SHIPPED.version, [alike, cheap])
    tried = desk.run("learn", "--dry-run")
    assert "没有写入" in tried.output
    assert ranking() == (SHIPPED.version, [alike, cheap])
    taught = desk.run("learn")
    assert "决定 120 条" in taught.output
    assert "已启用权重 learned-1" in taught.output
    assert "价格" in taught.output
    assert ranking() == ("learned-1", [cheap, alike])
    free = theatre.post("/searches", None, {"text": "反渗透膜"}).get_json()
    assert free["weights"] == "learned-1"
    listed = desk.run("weights").output
    assert [line.split()[1] for line in listed.splitlines() if " 是 " in line] == ["learned-1"]
    desk.run("rollback", SHIPPED.version)
    assert ranking() == (SHIPPED.version, [alike, cheap])


def test_figures_are_kept_with_the_version(desk: Desk) -> None:
    desk.decide(thrifty)
    desk.run("learn", "--seed", "2")
    with desk.theatre.database.reading() as session:
        row = session.scalars(select(RankingWeights).where(RankingWeights.version == "learned-1")).one()
    assert row.examples["decisions"] == row.examples["fitted"] + row.examples["held_out"] == 120
    assert row.examples["seed"] == 2
    assert row.figures["prior"] == SHIPPED.version
    assert row.figures["after"]["log_loss"] < row.figures["before"]["log_loss"]
    assert row.figures["after"]["bins"]
    assert row.note == "新权重在检验条目上更准，排序不差，启用。"


def test_weights_learned_from_lots_are_kept_but_not_used(desk: Desk) -> None:
    desk.decide(by_lot)
    said = desk.run("learn").output
    assert "不启用新权重" in said
    assert f"已记录权重 learned-1，仍用 {SHIPPED.version}" in said
    with desk.theatre.database.reading() as session:
        assert versions(session) == {SHIPPED.version: True, "learned-1": False}
    assert "learned-1" in desk.run("weights").output
    desk.run("rollback", "learned-1")  # the operator may know better


def test_refusals_are_one_line_with_a_code(desk: Desk) -> None:
    desk.decide(thrifty, needs=2)
    assert "not-enough-decisions" in desk.run("learn", expect=1).output
    assert "weights-not-found" in desk.run("rollback", "learned-7", expect=1).output
    with desk.theatre.database.reading() as session:
        assert session.scalars(select(RankingWeights)).all() == []


def test_declines_that_were_not_used_are_named(desk: Desk) -> None:
    desk.decide(thrifty)
    desk.decide(lambda *_: False, needs=1, reason_code="duplicate")
    desk.decide(by_lot, needs=1, encoder="other@1")
    said = desk.run("learn", "--dry-run").output
    assert "以“重复推荐”否决 8 条" in said
    assert "其他模型打分的 8 条" in said
    assert "决定 120 条" in said
