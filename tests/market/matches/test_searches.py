"""Free search for anyone, and matches at once for brokers."""

from __future__ import annotations

from typing import Any

import pytest

from market.clock import FixedClock
from market.listings.rules import Status
from matching.types import Kind
from tests.factories import JIANGYIN
from tests.market.listings.answers import UNAUTHENTICATED, invalid, problem, problem_of, statements
from tests.market.matches.conftest import Theatre
from tests.market.matches.factories import SECRETS, make_achievement

pytestmark = pytest.mark.one_database("views; test_queries.py and tests/market/search ask both")

TEXT = "反渗透膜清洗周期"
KINDS = f"应为以下之一：{', '.join(Kind)}。"


def ids(response: Any) -> set[int]:
    assert response.status_code == 200, response.get_json()
    return {hit["listing"]["id"] for hit in response.get_json()["hits"]}


def check_reasons(hit: dict[str, Any], texts: dict[str, str]) -> None:
    """Check that parts add up, and that every span shows its term in its side's text."""
    total = sum(part["contribution"] for part in hit["reasons"]["parts"])
    assert total == pytest.approx(hit["score"], abs=1e-6)
    assert hit["reasons"]["terms"]
    for term in hit["reasons"]["terms"]:
        for side, text in texts.items():
            assert {text[start:end] for start, end in term[f"{side}_spans"]} == {term["term"]}


def test_anyone_searches_what_is_published(theatre: Theatre) -> None:
    body = "用于废水的反渗透膜，清洗周期延长三倍。"
    found = theatre.achievement(title="抗污染膜组件", body=body)
    theatre.achievement(status=Status.PENDING)
    theatre.need()
    response = theatre.post("/searches", None, {"text": TEXT})
    assert ids(response) == {found}
    answer = response.get_json()
    assert answer["encoder"].startswith("hashing-64@")
    assert answer["lexicon"]
    assert answer["weights"]
    (hit,) = answer["hits"]
    assert (hit["rank"], hit["listing"]["kind"], hit["listing"]["status"]) == (1, "achievement", "published")
    # A question in free words has no title: its text stands after the line break.
    check_reasons(hit, {"need": TEXT, "achievement": f"抗污染膜组件\n{body}"})
    assert not any(secret in response.get_data(as_text=True) for secret in SECRETS)


def test_needs_are_searched_when_asked_for(theatre: Theatre) -> None:
    theatre.achievement()
    need = theatre.need(title="膜要常清洗", body="反渗透膜清洗周期只有三个月。")
    response = theatre.post("/searches", "university", {"text": TEXT, "kind": "need"})
    assert ids(response) == {need}
    (hit,) = response.get_json()["hits"]
    check_reasons(hit, {"achievement": TEXT, "need": "膜要常清洗\n反渗透膜清洗周期只有三个月。"})


def test_what_is_confidential_does_not_help_to_find_it(theatre: Theatre) -> None:
    first = theatre.achievement(confidential="掺杂钇稳定氧化锆陶瓷")
    second = theatre.achievement(confidential=None)
    answers = theatre.post("/searches", None, {"text": "掺杂钇稳定氧化锆陶瓷"}).get_json()["hits"]
    assert {hit["listing"]["id"] for hit in answers} == {first, second}
    assert len({hit["score"] for hit in answers}) == 1
    assert all(hit["reasons"]["terms"] == [] for hit in answers)


def test_filters_and_limits_of_a_search(theatre: Theatre) -> None:
    near = [theatre.achievement() for _ in range(3)]
    far = theatre.achievement(region_code="110101")
    oil = theatre.achievement(tech_field="01")
    search = lambda **form: theatre.post("/searches", None, {"text": TEXT, **form})  # noqa: E731
    assert ids(search()) == {*near, far, oil}
    assert ids(search(field="01")) == {oil}
    assert ids(search(region="110000")) == {far}
    assert ids(search(region=JIANGYIN)) == {*near, oil}
    assert ids(search(region="000000")) == {*near, far, oil}
    assert ids(search(field="01", region="110000")) == set()
    assert ids(search(field=None, region=None)) == {*near, far, oil}
    assert len(search(k=2).get_json()["hits"]) == 2
    assert [hit["rank"] for hit in search(k=4).get_json()["hits"]] == [1, 2, 3, 4]


def test_what_expired_today_is_found_today_and_not_tomorrow(theatre: Theatre, clock: FixedClock) -> None:
    today = theatre.achievement(expires_on=clock.now().date())
    assert ids(theatre.post("/searches", None, {"text": TEXT})) == {today}
    clock.advance(days=1)
    assert ids(theatre.post("/searches", None, {"text": TEXT})) == set()


@pytest.mark.parametrize(
    ("form", "faults"),
    [
        ({}, [("/text", "此项必填。")]),
        ({"text": "  "}, [("/text", "长度应在 1 与 20000 之间。")]),
        ({"text": TEXT, "kind": "agency"}, [("/kind", KINDS)]),
        ({"text": TEXT, "k": 51}, [("/k", "应不小于 1 且不大于 50。")]),
        ({"text": TEXT, "k": 0}, [("/k", "应不小于 1 且不大于 50。")]),
        ({"text": TEXT, "region": "32"}, [("/region", "长度应为 6。")]),
        ({"text": TEXT, "page": 2}, [("/page", "没有这个字段。")]),
    ],
)
def test_badly_formed_searches_are_refused(
    theatre: Theatre, form: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    assert problem_of(theatre.post("/searches", None, form)) == invalid(*faults)


def test_more_hits_ask_the_database_no_more_often(theatre: Theatre) -> None:
    counts = []
    for _ in range(2):
        for _ in range(4):
            theatre.achievement()
        theatre.post("/searches", None, {"text": TEXT})  # so that the next one has nothing to catch up with
        with statements(theatre.database) as sent:
            hits = theatre.post("/searches", None, {"text": TEXT}).get_json()["hits"]
        counts.append((len(hits), len(sent)))
    (few, asked), (many, asked_again) = counts
    assert (few, many) == (4, 8)
    assert asked == asked_again == 3  # where the index stands, the weights, the listings


# --- matches of a listing


@pytest.mark.parametrize("kind", ["need", "achievement"])
def test_a_broker_asks_for_the_matches_of_a_listing(theatre: Theatre, kind: str) -> None:
    need = theatre.need(title="膜要常清洗", body="反渗透膜清洗周期只有三个月。")
    achievement = theatre.achievement(title="抗污染膜组件", body="反渗透膜清洗周期延长三倍。")
    asked, expected = (need, achievement) if kind == "need" else (achievement, need)
    for name in ("broker", "admin"):
        response = theatre.get(f"/{kind}s/{asked}/matches", name)
        assert ids(response) == {expected}
    (hit,) = response.get_json()["hits"]
    check_reasons(
        hit,
        {
            "need": "膜要常清洗\n反渗透膜清洗周期只有三个月。",
            "achievement": "抗污染膜组件\n反渗透膜清洗周期延长三倍。",
        },
    )
    assert {facet["facet"] for facet in hit["reasons"]["facets"]} >= {"tech_field", "region", "freshness"}
    assert not any(secret in response.get_data(as_text=True) for secret in SECRETS)


def test_filters_and_limits_of_matches(theatre: Theatre) -> None:
    need = theatre.need()
    near, far = theatre.achievement(), theatre.achievement(region_code="110101")
    oil = theatre.achievement(tech_field="01")
    url = f"/needs/{need}/matches"
    assert ids(theatre.get(url, "broker")) == {near, far, oil}
    assert ids(theatre.get(url, "broker", field="01")) == {oil}
    assert ids(theatre.get(url, "broker", region="110000")) == {far}
    assert len(theatre.get(url, "broker", k=1).get_json()["hits"]) == 1
    body = problem_of(theatre.get(url, "broker", k=51, region="1", sort="x"))
    body["errors"].sort(key=lambda error: error["pointer"])
    assert body == invalid(
        ("/k", "应不小于 1 且不大于 50。"), ("/region", "长度应为 6。"), ("/sort", "没有这个字段。")
    )


def test_ones_own_listings_are_no_match(theatre: Theatre) -> None:
    need = theatre.need()
    with theatre.database.transaction() as session:
        make_achievement(session, theatre.scene.buyer.id)
    assert ids(theatre.get(f"/needs/{need}/matches", "broker")) == set()


@pytest.mark.parametrize("name", ["enterprise", "university", "bureau", "registrar", "stranger"])
def test_matches_at_once_are_for_brokers(theatre: Theatre, name: str) -> None:
    need = theatre.need()
    assert problem_of(theatre.get(f"/needs/{need}/matches", name)) == problem(
        403,
        "role-not-allowed",
        title="没有权限",
        detail="即时匹配供技术经纪人使用；推荐后您会看到结果。",
    )


def test_matches_of_nothing_or_for_nobody(theatre: Theatre) -> None:
    need = theatre.need()
    assert problem_of(theatre.get(f"/needs/{need}/matches")) == UNAUTHENTICATED
    assert problem_of(theatre.get(f"/needs/{need + 1}/matches", "broker")) == problem(
        404, "need-not-found", title="未找到", detail="没有找到该需求。"
    )
    assert (
        problem_of(theatre.get(f"/achievements/{need}/matches", "broker"))["code"] == "achievement-not-found"
    )
