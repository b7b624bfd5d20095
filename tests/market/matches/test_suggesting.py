"""From what becomes findable to suggestions: made once, both ways, dropped and revived with their ground."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import OrganisationKind
from market.clock import FixedClock
from market.db import Database
from market.listings import service as listings
from market.listings.models import Achievement
from market.listings.rules import Action as ListingAction
from market.listings.rules import ListingKind
from market.listings.rules import Status as ListingStatus
from market.matches import queries, suggesting
from market.matches.models import Suggestion, SuggestionEvent, SuggestionProgress
from market.matches.rules import Action, Side, Status
from market.matches.schemas import ReasonsView
from market.search.models import ListingChange, Operation
from market.search.queries import last_seq
from market.search.replica import Replica
from market.search.service import put_document, remove_document
from matching.lexicon import Lexicon
from matching.scoring import RERANKER
from matching.types import Kind
from tests.factories import NOW, make_organisation
from tests.market.listings.factories import ENCODER, TODAY
from tests.market.matches.factories import Scene, agree, make_achievement, make_need, make_scene, recommend
from tests.market.search.factories import make_document, make_replica
from tests.matching.test_reranker import Contrary


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    """The shipped lexicon, read once."""
    return Lexicon.load()


@pytest.fixture
def replica(database: Database, tmp_path: Path, lexicon: Lexicon) -> Iterator[Replica]:
    """A replica of the rolled-back database."""
    replica = make_replica(database, tmp_path / "index", lexicon=lexicon).open()
    yield replica
    replica.close()


@pytest.fixture
def scene(database: Database) -> Scene:
    """The people, committed."""
    with database.transaction() as session:
        return make_scene(session)


def all_pairs(session: Session) -> list[Suggestion]:
    return list(session.scalars(select(Suggestion).order_by(Suggestion.id)))


def pair_of(session: Session) -> Suggestion:
    (pair,) = all_pairs(session)
    return pair


def actions_of(session: Session, pair: Suggestion) -> list[Action]:
    return [event.action for event in queries.list_events(session, pair)]


def publish_both(database: Database, scene: Scene) -> tuple[int, int]:
    """Publish an achievement and a need that suits it; returns need and achievement."""
    with database.transaction() as session:
        achievement = make_achievement(session, scene.seller.id)
        return make_need(session, scene.buyer.id).id, achievement.id


def withdraw(database: Database, scene: Scene, kind: ListingKind, listing_id: int) -> None:
    with database.transaction() as session:
        owner = scene.enterprise if kind is ListingKind.NEED else scene.university
        listings.withdraw_listing(session, owner, kind, listing_id, note=None, now=NOW)


@pytest.mark.parametrize("last", Side)
def test_the_side_that_comes_last_asks(
    database: Database, replica: Replica, clock: FixedClock, scene: Scene, last: Side
) -> None:
    with database.transaction() as session:
        if last is Side.NEED:
            make_achievement(session, scene.seller.id)
        else:
            make_need(session, scene.buyer.id)
    assert suggesting.catch_up(database, replica, clock) == 0
    with database.transaction() as session:
        if last is Side.NEED:
            make_need(session, scene.buyer.id)
        else:
            make_achievement(session, scene.seller.id)
    assert suggesting.catch_up(database, replica, clock) == 1
    with database.reading() as session:
        pair = pair_of(session)
        assert (pair.asked_by, pair.rank, pair.status) == (last, 1, Status.SUGGESTED)
        assert pair.created_at == NOW
        assert (pair.encoder, pair.lexicon) == (ENCODER.key, Lexicon.load().version)
        assert pair.weights
        (event,) = queries.list_events(session, pair)
        assert (event.action, event.source, event.actor_id) == (Action.SUGGEST, None, None)


def test_each_change_is_worked_off_once(
    database: Database, replica: Replica, clock: FixedClock, scene: Scene
) -> None:
    publish_both(database, scene)
    with database.reading() as session:
        assert suggesting.pending(session) >= 2  # numbers of undone transactions count too
    steps: list[int] = []
    assert suggesting.catch_up(database, replica, clock, progress=steps.append) == 1
    assert steps[-1] == 0
    assert suggesting.catch_up(database, replica, clock) == 0
    with database.reading() as session:
        assert suggesting.pending(session) == 0
        progress = session.get(SuggestionProgress, 1)
        assert progress is not None
        assert progress.seq == last_seq(session)
        assert len(session.scalars(select(SuggestionEvent)).all()) == 1


def test_more_changes_than_a_batch_are_worked_off_in_several(
    database: Database, replica: Replica, clock: FixedClock, scene: Scene
) -> None:
    count = suggesting.BATCH + 5
    with database.transaction() as session:
        for _ in range(count):
            make_need(session, scene.buyer.id)
    steps: list[int] = []
    assert suggesting.catch_up(database, replica, clock, progress=steps.append) == 0
    assert len(steps) == 3
    assert steps[-1] == 0
    with database.transaction() as session:
        make_achievement(session, scene.seller.id)
    assert suggesting.catch_up(database, replica, clock) == suggesting.PER_LISTING


def test_a_request_leaves_some_but_not_what_came_last(
    database: Database, replica: Replica, clock: FixedClock, scene: Scene
) -> None:
    with database.transaction() as session:
        made = make_achievement(session, scene.seller.id)
        make_need(session, scene.buyer.id)
    suggesting.catch_up(database, replica, clock)
    with database.transaction() as session:
        pair_of(session).status = Status.RECOMMENDED
        for operation in (Operation.REMOVE, Operation.UPSERT):  # left the market and came back
            session.add(ListingChange(kind=Kind.ACHIEVEMENT, record_id=made.id, operation=operation, at=NOW))
            session.flush()
            for _ in range(6):
                make_need(session, scene.buyer.id)
        last = make_achievement(session, scene.seller.id)
    tick = itertools.count().__next__  # a second at every look
    assert suggesting.catch_up(database, replica, clock, seconds=1, timer=tick) > 0
    with database.reading() as session:
        assert suggesting.pending(session) >= 12  # numbers of undone transactions count too
        pairs = all_pairs(session)
        assert sum(pair.achievement_id == last.id for pair in pairs) >= suggesting.PER_LISTING
        assert Status.LAPSED not in {pair.status for pair in pairs}
    suggesting.catch_up(database, replica, clock)
    with database.reading() as session:
        assert suggesting.pending(session) == 0
        found = all_pairs(session)
        assert len({(pair.need_id, pair.achievement_id) for pair in found}) == len(found)
        assert {pair.id for pair in pairs} <= {pair.id for pair in found}
        assert [pair.status for pair in found].count(Status.RECOMMENDED) == 1


def test_a_step_that_dies_is_made_up_for_by_the_next_run(
    database: Database, replica: Replica, clock: FixedClock, scene: Scene
) -> None:
    publish_both(database, scene)  # committed, and then the process dies before it suggests anything

    def die() -> None:
        with database.transaction() as session:
            _, after, made = suggesting.work_off(session, replica, now=NOW)
            assert (made, after) == (1, last_seq(session))
            raise ZeroDivisionError  # or in the middle of suggesting

    with pytest.raises(ZeroDivisionError):
        die()
    with database.reading() as session:
        assert all_pairs(session) == []
        assert suggesting.pending(session) >= 2  # numbers of undone transactions count too
    assert suggesting.catch_up(database, replica, clock) == 1


def test_listings_of_one_organisation_are_never_paired(
    database: Database, replica: Replica, clock: FixedClock, scene: Scene
) -> None:
    with database.transaction() as session:
        make_achievement(session, scene.buyer.id)
        make_need(session, scene.buyer.id)
        other = make_achievement(session, scene.seller.id).id
    suggesting.catch_up(database, replica, clock)
    with database.reading() as session:
        assert [pair.achievement_id for pair in all_pairs(session)] == [other]


def test_what_has_expired_is_not_suggested(
    database: Database, replica: Replica, clock: FixedClock, scene: Scene
) -> None:
    with database.transaction() as session:
        make_achievement(session, scene.seller.id, expires_on=TODAY)
        make_achievement(session, scene.seller.id, expires_on=TODAY + timedelta(days=30))
        make_need(session, scene.buyer.id)
    clock.advance(days=1)  # before the job has told the index
    assert suggesting.catch_up(database, replica, clock) == 1
    with database.transaction() as session:
        make_need(session, scene.buyer.id, expires_on=TODAY)
    clock.advance(days=1)
    assert suggesting.catch_up(database, replica, clock) == 0


def test_what_was_withdrawn_before_its_turn_is_passed_over(
    database: Database, replica: Replica, clock: FixedClock, scene: Scene
) -> None:
    _, achievement = publish_both(database, scene)
    withdraw(database, scene, ListingKind.ACHIEVEMENT, achievement)
    assert suggesting.catch_up(database, replica, clock) == 0
    with database.reading() as session:
        assert all_pairs(session) == []
        assert suggesting.pending(session) == 0


def test_what_the_index_still_shows_is_checked_against_the_database(
    database: Database, replica: Replica, clock: FixedClock, scene: Scene
) -> None:
    _, achievement = publish_both(database, scene)
    replica.catch_up()
    with database.transaction() as session:  # as if withdrawn by a transaction that the replica has not seen
        session.get_one(Achievement, achievement).status = ListingStatus.WITHDRAWN
    assert suggesting.catch_up(database, replica, clock) == 0


def test_changes_of_other_kinds_are_passed_over(
    database: Database, replica: Replica, clock: FixedClock, scene: Scene
) -> None:
    expert = make_document(1, kind=Kind.EXPERT, organisation="0")
    with database.transaction() as session:
        put_document(session, ENCODER, expert, now=NOW)
        put_document(session, ENCODER, replace(expert, key="2"), now=NOW)
        remove_document(session, Kind.EXPERT, 2, now=NOW)
    publish_both(database, scene)
    assert suggesting.catch_up(database, replica, clock) == 1
    with database.reading() as session:
        assert suggesting.pending(session) == 0


@pytest.mark.parametrize(
    "case", [(ListingKind(side), recommended) for side in Side for recommended in (False, True)]
)
def test_suggestions_lapse_with_their_listing_and_revive_with_it(
    database: Database, replica: Replica, clock: FixedClock, scene: Scene, case: tuple[ListingKind, bool]
) -> None:
    kind, recommended = case
    need, achievement = publish_both(database, scene)
    suggesting.catch_up(database, replica, clock)
    if recommended:
        with database.transaction() as session:
            recommend(session, scene, pair_of(session))
    listing_id = need if kind is ListingKind.NEED else achievement
    withdraw(database, scene, kind, listing_id)
    assert suggesting.catch_up(database, replica, clock) == 0
    with database.reading() as session:
        assert pair_of(session).status is Status.LAPSED
        assert actions_of(session, pair_of(session))[-1] is Action.LAPSE
    with database.transaction() as session:
        owner = scene.enterprise if kind is ListingKind.NEED else scene.university
        listings.revise_listing(session, owner, kind, listing_id, now=NOW)
        listings.submit_listing(session, owner, kind, listing_id, now=NOW)
        listings.review_listing(
            session, scene.broker, kind, listing_id, decision=ListingAction.PUBLISH, note=None,
            encoder=ENCODER, now=NOW,
        )  # fmt: skip
    assert suggesting.catch_up(database, replica, clock) == 1
    with database.reading() as session:
        pair = pair_of(session)
        assert (pair.status, pair.asked_by) == (Status.SUGGESTED, Side(kind.value))
        assert actions_of(session, pair)[-2:] == [Action.LAPSE, Action.REVIVE]


def test_a_declined_pair_is_not_suggested_again(
    database: Database, replica: Replica, clock: FixedClock, scene: Scene
) -> None:
    need, _ = publish_both(database, scene)
    suggesting.catch_up(database, replica, clock)
    with database.transaction() as session:
        pair_of(session).status = Status.DECLINED
    with database.transaction() as session:
        listings.renew_listing(
            session, scene.enterprise, ListingKind.NEED, need, expires_on=TODAY, encoder=ENCODER, now=NOW
        )
    assert suggesting.catch_up(database, replica, clock) == 0
    with database.reading() as session:
        assert pair_of(session).status is Status.DECLINED


def test_agreement_lets_the_other_suggestions_of_the_need_lapse_and_not_its_own(
    database: Database, replica: Replica, clock: FixedClock, scene: Scene
) -> None:
    with database.transaction() as session:
        for _ in range(3):
            make_achievement(session, scene.seller.id)
        make_need(session, scene.buyer.id)
    assert suggesting.catch_up(database, replica, clock) == 3
    with database.transaction() as session:
        agree(session, scene, all_pairs(session)[1])
    suggesting.catch_up(database, replica, clock)
    with database.reading() as session:
        statuses = [pair.status for pair in all_pairs(session)]
    assert statuses == [Status.LAPSED, Status.AGREED, Status.LAPSED]


@pytest.mark.parametrize("asked_by", Side)
def test_reasons_add_up_and_point_at_words_of_both_texts(
    database: Database, replica: Replica, clock: FixedClock, scene: Scene, asked_by: Side
) -> None:
    texts = {
        Side.NEED: ("印染废水膜污堵严重", "反渗透膜进水电导高，COD去除不足，希望延长清洗周期。"),
        Side.ACHIEVEMENT: ("抗污染反渗透膜组件", "用于废水处理的反渗透膜，清洗周期延长三倍。"),
    }
    makers = {
        Side.NEED: lambda s: make_need(
            s,
            scene.buyer.id,
            title=texts[Side.NEED][0],
            body=texts[Side.NEED][1],
            min_trl=6,
            cooperation_modes=["commission"],
        ),
        Side.ACHIEVEMENT: lambda s: make_achievement(
            s,
            scene.seller.id,
            title=texts[Side.ACHIEVEMENT][0],
            body=texts[Side.ACHIEVEMENT][1],
            transfer_modes=["joint"],
        ),
    }
    for side in sorted(Side, key=lambda side: side is asked_by):
        with database.transaction() as session:
            makers[side](session)
        suggesting.catch_up(database, replica, clock)
    with database.reading() as session:
        pair = pair_of(session)
    assert pair.asked_by is asked_by
    parts = pair.reasons["parts"]
    assert sum(part["contribution"] for part in parts) == pytest.approx(pair.score, abs=1e-6)
    assert {part["name"] for part in parts} >= {"base", "dense", "lexical", "characters", "concepts"}
    assert all(part["label"] != part["name"] for part in parts)
    terms = {term["term"]: term for term in pair.reasons["terms"]}
    assert "清洗" in terms
    for side in Side:
        text = "\n".join(texts[side])
        for term, found in terms.items():
            spans = found[f"{side}_spans"]
            assert spans
            assert {text[start:stop].lower() for start, stop in spans} == {term}
    for concept in pair.reasons["concepts"]:
        for side in Side:
            assert concept[f"{side}_words"]
            assert all(word in "\n".join(texts[side]) for word in concept[f"{side}_words"])
    assert any(
        concept["concept"] == "反渗透" or "膜" in concept["concept"] for concept in pair.reasons["concepts"]
    )
    verdicts = {facet["facet"]: (facet["verdict"], facet["words"]) for facet in pair.reasons["facets"]}
    assert verdicts["tech_field"] == ("fits", "技术领域相同")
    assert verdicts["maturity"] == ("fits", "成熟度TRL 7，已达要求的TRL 6")
    assert verdicts["price"] == ("fits", "预算高于报价")
    assert verdicts["modes"] == ("fits", "有共同接受的合作方式")
    assert pair.reasons["reranker"] is None


def test_a_suggestion_names_the_reranker_that_took_part(
    database: Database, tmp_path: Path, clock: FixedClock, scene: Scene
) -> None:
    publish_both(database, scene)
    reading = make_replica(database, tmp_path / "reading", reranker=Contrary()).open()
    suggesting.catch_up(database, reading, clock)
    reading.close()
    with database.reading() as session:
        reasons = pair_of(session).reasons
    assert reasons["reranker"] == Contrary.key
    assert reasons["parts"][-1]["name"] == RERANKER
    assert ReasonsView().dump(reasons)["reranker"] == Contrary.key


def test_universities_and_enterprises_alone_own_what_is_paired(
    database: Database, replica: Replica, clock: FixedClock, scene: Scene
) -> None:
    publish_both(database, scene)
    with database.transaction() as session:
        other = make_organisation(session, OrganisationKind.UNIVERSITY)
        make_achievement(session, other)
    assert suggesting.catch_up(database, replica, clock) == 2
    with database.reading() as session:
        pairs = all_pairs(session)
        owners = {pair.achievement.organisation_id for pair in pairs}
        assert owners == {scene.seller.id, other.id}
        assert {pair.need.organisation_id for pair in pairs} == {scene.buyer.id}
        assert [pair.rank for pair in sorted(pairs, key=lambda pair: -pair.score)] == [1, 2]
