"""Lists cut by the day that decides, by recognition and by title.

That they hold what the plans' targets count stands in `tests/market/turnover/test_counters.py`.
"""

from __future__ import annotations

from datetime import date

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from market.libraries.models import EnterpriseTag, Recognition
from market.libraries.rules import EntryKind, Register
from market.libraries.rules.recognitions import LEVELS, at_least
from tests.factories import NOW
from tests.market.libraries.factories import make_enterprise, make_entry, make_filing, publish

pytestmark = pytest.mark.one_database("views; test_counters.py asks both")


def test_a_level_is_met_by_those_above_it() -> None:
    assert at_least("county") == LEVELS
    assert at_least("provincial") == ("provincial", "national")
    assert at_least("galactic") == ()


def _titles(client: FlaskClient, url: str) -> set[str]:
    body = client.get(f"/api/v1{url}").get_json()
    return {item["title"] for item in body["items"]}


def test_agencies_are_listed_by_several_categories_and_by_their_filing(
    client: FlaskClient, session: Session
) -> None:
    make_filing(session, title="甲机构", valid_until=date(2025, 1, 31))
    make_filing(session, title="乙机构", category="service", tier="demonstration", above_scale=True)
    make_filing(session, title="丙机构", category="branch", filed_on=date(2025, 2, 1))
    publish(session, Register.AGENCIES)
    assert _titles(client, "/agencies?category=service&category=branch") == {"乙机构", "丙机构"}
    assert _titles(client, "/agencies?tier=demonstration") == {"乙机构"}
    assert _titles(client, "/agencies?above_scale=false") == {"甲机构", "丙机构"}
    assert _titles(client, "/agencies?since=2025-01-01&until=2025-12-31") == {"丙机构"}
    assert _titles(client, "/agencies?valid_on=2025-01-31") == {"甲机构", "乙机构"}
    assert _titles(client, "/agencies?valid_on=2025-02-01") == {"乙机构", "丙机构"}


def test_resources_are_listed_by_recognition(client: FlaskClient, session: Session) -> None:
    lab = make_entry(session, EntryKind.RESOURCE, {"title": "甲实验室", "category": "lab"})
    make_entry(session, EntryKind.RESOURCE, {"title": "乙基地", "category": "pilot_base"})
    for level, day, ended in (
        ("county", date(2023, 5, 1), date(2024, 5, 1)),
        ("provincial", NOW.date(), None),
    ):
        session.add(
            Recognition(
                entry_id=lab.id,
                level=level,
                recognised_on=day,
                recognised_by="测试",
                ended_on=ended,
                recorded_at=NOW,
            )
        )
    publish(session, Register.RESOURCES)
    assert _titles(client, "/resources?recognised=municipal") == {"甲实验室"}
    assert _titles(client, "/resources?recognised=national") == set()
    assert _titles(client, "/resources?recognised=county&valid_on=2024-05-01") == {"甲实验室"}
    assert _titles(client, "/resources?recognised=county&valid_on=2024-05-02") == set()
    assert _titles(client, "/resources?since=2025-01-01") == set()
    assert _titles(client, "/resources?recognised=municipal&since=2025-01-01") == {"甲实验室"}
    # Both are known from their source of March 2025, the laboratory from its recognition before.
    assert _titles(client, "/resources?valid_on=2025-03-31") == {"甲实验室", "乙基地"}
    assert _titles(client, "/resources?valid_on=2023-12-31") == {"甲实验室"}


def test_enterprises_are_listed_by_the_year_of_a_title(client: FlaskClient, session: Session) -> None:
    enterprise = make_enterprise(session, "甲公司")
    for tag, year in (("hitech", 2021), ("hitech", 2024), ("gazelle", 2025)):
        session.add(
            EnterpriseTag(
                enterprise_id=enterprise.id,
                tag=tag,
                year=year,
                valid_until=date(year + 2, 12, 31),
                source="测试",
                added_at=NOW,
            )
        )
    publish(session, Register.CHAINS)
    for query, found in (
        ("tag=hitech&first_year=2021&last_year=2021", True),
        ("tag=hitech&first_year=2024", False),
        ("first_year=2021&last_year=2022", True),
        ("first_year=2025", False),
        ("tag=gazelle&valid_on=2024-12-31", False),
        ("valid_on=2024-06-30", True),
        ("valid_on=2030-01-01", False),
    ):
        assert _titles(client, f"/chain-enterprises?{query}") == ({"甲公司"} if found else set()), query


@pytest.mark.parametrize("query", ["/resources?recognised=galactic", "/agencies?since=soon"])
def test_bad_filters_are_refused(client: FlaskClient, query: str) -> None:
    response = client.get(f"/api/v1{query}")
    assert (response.status_code, response.get_json()["code"]) == (422, "validation-failed")
