"""Searches and matches at once among records of all kinds."""

from __future__ import annotations

from typing import Any

import pytest

from market.accounts.rules import OPERATOR
from market.libraries.rules import EntryKind, EntryStatus, Register
from market.libraries.rules.talents import ConsentScope
from market.libraries.service.talents import withdraw_consent
from market.listings.rules import ListingKind
from matching.types import Kind
from tests.factories import NOW
from tests.market.libraries.factories import make_enterprise, make_entry, make_node, publish
from tests.market.libraries.factories_talents import make_talent
from tests.market.libraries.projects.factories import make_project
from tests.market.listings.answers import invalid, problem_of, statements
from tests.market.matches.conftest import Theatre
from tests.market.matches.referrals.factories import make_resource, make_scenario, put_on

TEXT = "印染废水膜法回用"
MATCHED = ("expert", "resource", "project", "node", "scenario", "technology")


def make_all(theatre: Theatre) -> dict[str, int]:
    """Insert one findable record of every kind, and return their ids by kind."""
    buyer, seller = theatre.scene.buyer.id, theatre.scene.seller.id
    with theatre.database.transaction() as session:
        technology = make_entry(
            session, EntryKind.TECHNOLOGY, {"title": "高通量抗污染膜", "chain_code": "chain-metal"}
        )
        found = {
            "scenario": make_scenario(session, buyer).id,
            "expert": make_talent(session).id,
            "resource": make_resource(session).id,
            "project": make_project(session).id,
            "node": make_node(session).id,
            "enterprise": make_enterprise(session).id,
            "technology": technology.id,
        }
        for register in (Register.RESOURCES, Register.CHAINS, Register.TECHNOLOGIES):
            publish(session, register)
    found["need"] = theatre.need(title="膜要常清洗", body="反渗透膜清洗周期只有三个月。")
    found["achievement"] = theatre.achievement(trl=6)
    assert seller
    return found


def ids(response: Any) -> set[int]:
    assert response.status_code == 200, response.get_json()
    return {hit["record"]["id"] for hit in response.get_json()["hits"]}


def test_every_kind_is_searched_by_anyone(theatre: Theatre) -> None:
    made = make_all(theatre)
    assert set(made) == set(Kind)
    for kind in Kind:
        response = theatre.post("/searches", None, {"text": TEXT, "kind": kind.value})
        assert ids(response) == {made[kind]}, kind
        (hit,) = response.get_json()["hits"]
        assert hit["rank"] == 1
        assert hit["record"]["title"]
        assert hit["listing"] == (hit["record"] if kind in set(ListingKind) else None)
        assert hit["is_gap"] is (True if kind is Kind.NODE else None)
        assert "contact" not in hit["record"]
        assert "internal" not in hit["record"]


@pytest.mark.parametrize(
    ("kind", "asker", "found"),
    [("expert", "demand", "supply"), ("scenario", "supply", "demand"), ("need", "achievement", "need")],
)
def test_reasons_name_the_sides(theatre: Theatre, kind: str, asker: str, found: str) -> None:
    with theatre.database.transaction() as session:
        make_talent(session, summary="研究反渗透膜清洗。")
        make_scenario(session, theatre.scene.buyer.id, body="反渗透膜清洗试验。")
    theatre.need(body="反渗透膜清洗周期只有三个月。")
    response = theatre.post("/searches", None, {"text": "反渗透膜清洗", "kind": kind})
    (hit,) = response.get_json()["hits"]
    assert hit["reasons"]["terms"]
    for term in hit["reasons"]["terms"]:
        assert term[f"{asker}_spans"]
        assert term[f"{found}_spans"]


def test_who_may_not_be_found_is_not(theatre: Theatre) -> None:
    with theatre.database.transaction() as session:
        found = make_talent(session)
        make_talent(session, consents=())
        make_talent(session, status=EntryStatus.PROPOSED)
        make_resource(session)  # in no edition yet
    search = lambda kind: ids(theatre.post("/searches", None, {"text": TEXT, "kind": kind}))  # noqa: E731
    assert search("expert") == {found.id}
    assert search("resource") == set()
    with theatre.database.transaction() as session:
        withdraw_consent(session, OPERATOR, found.id, scope=ConsentScope.FIND, now=NOW)
    assert search("expert") == set()


def test_a_broker_asks_for_matches_of_any_kind(theatre: Theatre) -> None:
    made = make_all(theatre)
    for own, other, expected in (
        ("need", None, "achievement"),
        ("achievement", None, "need"),
        *(
            ("need", kind, kind)
            for kind in ("achievement", "expert", "resource", "project", "node", "scenario")
        ),
        *(("achievement", kind, kind) for kind in ("need", "expert", "resource", "project", "node")),
    ):
        query = {"kind": other} if other else {}
        response = theatre.get(f"/{own}s/{made[own]}/matches", "broker", **query)
        # What belongs to the need's owner is no match for it.
        assert ids(response) == ({made[expected]} if expected != "scenario" else set()), (own, other)
    assert ids(theatre.get(f"/achievements/{made['achievement']}/matches", "broker", kind="scenario")) == {
        made["scenario"]
    }


def test_matches_of_an_achievement_obey_the_conditions_of_referrals(theatre: Theatre) -> None:
    achievement = theatre.achievement(trl=6)
    with theatre.database.transaction() as session:
        fits = make_resource(session)
        make_resource(session, category="instrument")
        make_resource(session, min_trl=8, max_trl=9)
        gap, held, firm = make_node(session), make_node(session), make_enterprise(session)
        put_on(session, firm.id, held.id)
        publish(session, Register.RESOURCES)
        publish(session, Register.CHAINS)
    url = f"/achievements/{achievement}/matches"
    assert ids(theatre.get(url, "broker", kind="resource", k=1)) == {fits.id}
    response = theatre.get(url, "broker", kind="node")
    hits = response.get_json()["hits"]
    # All that it could serve, whoever stands there; referrals are made for gaps alone.
    assert {hit["record"]["id"]: hit["is_gap"] for hit in hits} == {gap.id: True, held.id: False}
    assert (hits[0]["rank"], hits[0]["listing"]) == (1, None)
    assert ids(theatre.get(url, "broker", kind="node", region="320282")) == set()
    need = theatre.need()
    assert len(ids(theatre.get(f"/needs/{need}/matches", "broker", kind="resource"))) == 3


@pytest.mark.parametrize("kind", ["enterprise", "need"])
def test_what_is_not_offered_as_a_match_is_refused(theatre: Theatre, kind: str) -> None:
    words = "应为以下之一：achievement, expert, resource, project, node, scenario, technology。"
    answer = theatre.get(f"/needs/{theatre.need()}/matches", "broker", kind=kind)
    assert problem_of(answer) == invalid(("/kind", words))


def test_fields_and_regions_that_do_not_exist_are_refused(theatre: Theatre) -> None:
    filters = {"field": "99", "region": "999999"}
    need = theatre.need()
    for name, value in filters.items():
        for response in (
            theatre.post("/searches", None, {"text": TEXT, name: value}),
            theatre.get(f"/needs/{need}/matches", "broker", **{name: value}),
        ):
            body = problem_of(response)
            assert (body["status"], body["code"]) == (422, "unknown-code")
            assert [error["pointer"] for error in body["errors"]] == [f"/{name}"]


def test_more_hits_ask_the_database_no_more_often(theatre: Theatre) -> None:
    counts: dict[str, list[tuple[int, int]]] = {}
    for _ in range(2):
        with theatre.database.transaction() as session:
            for _ in range(2):
                make_talent(session)
                make_resource(session)
                make_project(session)
                make_node(session)
            publish(session, Register.RESOURCES)
            publish(session, Register.CHAINS)
        theatre.post("/searches", None, {"text": TEXT})  # so that the next ones have nothing to catch up with
        for kind in ("expert", "resource", "project", "node"):
            with statements(theatre.database) as sent:
                hits = theatre.post("/searches", None, {"text": TEXT, "kind": kind}).get_json()["hits"]
            counts.setdefault(kind, []).append((len(hits), len(sent)))
    for kind, ((few, asked), (many, asked_again)) in counts.items():
        assert (few, many) == (2, 4), kind
        assert asked == asked_again, kind
