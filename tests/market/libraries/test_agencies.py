"""Agencies and consortia: one entry of a region for each, with a right code and no day ahead."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR
from market.db import Database
from market.errors import RuleViolation
from market.libraries.models import AgencyFiling
from market.libraries.queries.counts import on_file
from market.libraries.queries.filings import count_agencies, count_first_filed, sum_transfer_staff
from market.libraries.rules import EntryKind, EntryStatus
from market.libraries.service.entries import create_entry, delist_entry, propose_entry, revise_entry
from market.libraries.service.forms.agencies import check_consortium
from tests.factories import JIANGYIN, NOW, as_actor, make_uscc
from tests.market.challenges.refusing import refused
from tests.market.libraries.factories import ENCODER, SOURCE, TODAY, agency_form, make_bureau, make_filing
from tests.market.listings.answers import problem_of

WUXI = "320200"


def enter(session: Session, **values: Any) -> AgencyFiling:
    form = {"region_code": JIANGYIN, **SOURCE, **agency_form(), **values}
    entry = create_entry(session, OPERATOR, EntryKind.AGENCY, form=form, now=NOW)
    assert isinstance(entry, AgencyFiling)
    return entry


def test_an_agency_stands_once_in_a_category_of_a_region(session: Session) -> None:
    code = make_uscc()
    old = make_filing(session, uscc=code)
    for values in ({"uscc": code, "title": "别名"}, {}):  # the same code; the same name, without a code
        with refused("agency-known"):
            enter(session, **values)
    for values in (
        {"uscc": make_uscc()},  # another agency of this name
        {"uscc": code, "category": "service"},
        {"uscc": code, "region_code": WUXI},
    ):
        enter(session, **values)
    delist_entry(session, OPERATOR, AgencyFiling, old.id, note="改名重录", encoder=ENCODER, now=NOW)
    enter(session, uscc=code)
    revise_entry(session, OPERATOR, AgencyFiling, old.id, encoder=ENCODER, now=NOW)
    with refused("agency-known"):
        propose_entry(session, OPERATOR, AgencyFiling, old.id, now=NOW)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"uscc": "9" * 18}, "bad-uscc"),
        ({"uscc": "91320281MC0000305D"}, "bad-uscc"),
        ({"filed_on": date(2025, 6, 11)}, "day-ahead"),
        ({"filed_on": date(2099, 1, 1)}, "day-ahead"),
    ],
)
def test_no_wrong_code_and_no_day_ahead(session: Session, values: dict[str, Any], code: str) -> None:
    with refused(code):
        enter(session, **values)
    assert enter(session, filed_on=TODAY, uscc="91320281MC0000305C").status is EntryStatus.DRAFT


def test_a_consortium_has_been_founded(session: Session) -> None:
    check_consortium(session, {"founded_on": TODAY}, None, TODAY)
    with refused("day-ahead"):
        check_consortium(session, {"founded_on": date(2025, 6, 11)}, None, TODAY)


def test_of_two_who_enter_an_agency_at_once_one_wins(own_database: Database) -> None:
    code = make_uscc()

    def try_to(_: int) -> str:
        try:
            with own_database.transaction() as session:
                enter(session, uscc=code)
        except RuleViolation as error:
            return error.code
        return "entered"

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(try_to, range(3))) == ["agency-known", "agency-known", "entered"]


def test_an_agency_that_city_and_county_list_counts_once(session: Session) -> None:
    code, transfer = make_uscc(), [AgencyFiling.category == "transfer"]
    make_filing(session, uscc=code, region_code=WUXI, filed_on=date(2022, 3, 1), transfer_staff=9)
    make_filing(session, uscc=code, filed_on=date(2024, 5, 6), transfer_staff=12)
    make_filing(session, uscc=None, title="无代码的机构", filed_on=date(2024, 5, 6), transfer_staff=1)
    for region, known, new in ((WUXI, 2, 1), (JIANGYIN, 2, 2)):
        assert count_agencies(session, region, conditions=[*transfer, on_file(TODAY)]) == known
        assert sum_transfer_staff(session, region, conditions=transfer) == 13
        span = {"since": date(2023, 1, 1), "until": TODAY}
        assert count_first_filed(session, region, conditions=transfer, **span) == new
    assert count_agencies(session, "340800", conditions=transfer) == 0


@pytest.mark.one_database("views; the rules are asked of both above")
def test_a_code_is_read_as_people_write_it(client: FlaskClient, session: Session) -> None:
    bureau = as_actor(session, make_bureau(session)[0])
    body = {**agency_form(), "filed_on": "2024-05-06", "region_code": JIANGYIN, **SOURCE}
    body["source_date"] = "2025-03-31"
    made = client.post("/api/v1/agencies", json={**body, "uscc": " 91320281-mc0000305c"}, headers=bureau)
    assert (made.status_code, made.get_json()["uscc"]) == (201, "91320281MC0000305C")
    short = client.post("/api/v1/agencies", json={**body, "uscc": "9132"}, headers=bureau)
    assert problem_of(short)["errors"][0]["pointer"] == "/uscc"
    wide = client.post(
        "/api/v1/agencies", json={**body, "uscc": "９１３２０２８１MC0000305C"}, headers=bureau
    )
    assert problem_of(wide)["code"] == "agency-known"
