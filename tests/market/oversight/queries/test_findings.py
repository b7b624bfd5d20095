"""What looks odd among a year's registrations: which are looked at, and for whom."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from market.accounts.rules import OrganisationKind
from market.contracts.rules import Status
from market.db import Database, PageRequest
from market.errors import PermissionDenied, RuleViolation
from market.oversight.queries import findings
from market.oversight.queries.findings import FindingPage, get_completeness, list_findings
from market.oversight.rules.findings import FindingKind
from tests.factories import NOW, make_actor
from tests.market.contracts.factories import Cast, make_cast, make_contract, make_party, make_registrar
from tests.market.listings.answers import statements


@pytest.fixture
def cast(session: Session) -> Cast:
    return make_cast(session)


def look(session: Session, cast: Cast, **values: Any) -> FindingPage:
    """Look into 2025 as the bureau."""
    asked: dict[str, Any] = {
        "region": None,
        "station": None,
        "year": 2025,
        "kind": None,
        "page": PageRequest(),
        "now": NOW,
        **values,
    }
    actor = asked.pop("actor", cast.bureau)
    return list_findings(session, actor, **asked)


def series(session: Session, cast: Cast, *, count: int = 3, **values: Any) -> list[int]:
    """Insert contracts of the cast's two sides, signed on one day, with names unlike each other."""
    names = ["膜法水处理", "叶片精密铸造", "电池回收", "育种算法", "光纤传感", "催化剂再生"]
    return [
        make_contract(
            session,
            station=cast.station,
            seller=cast.seller_organisation,
            buyer=cast.buyer_organisation,
            **{"project_name": name, **values},
        ).id
        for name in names[:count]
    ]


def test_a_series_is_found_with_its_contracts(session: Session, cast: Cast) -> None:
    ids = series(session, cast)
    result = look(session, cast)
    assert result.review.contracts == 3
    (finding,) = result.page.items
    assert finding.kind is FindingKind.REPEATED_PARTIES
    assert [contract.contract_id for contract in finding.contracts] == ids
    assert [contract.reg_no is not None for contract in finding.contracts] == [True] * 3
    assert {count.kind for count in result.counts if count.findings} == {FindingKind.REPEATED_PARTIES}


@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.CANCELLED, Status.REVOKED])
def test_only_live_registrations_are_looked_at(session: Session, cast: Cast, status: Status) -> None:
    series(session, cast, status=status)
    assert look(session, cast).review.contracts == 0


def test_another_year(session: Session, cast: Cast) -> None:
    series(session, cast)
    assert look(session, cast, year=2023).review.contracts == 0
    assert look(session, cast, year=None).review.contracts == 3  # the present one


def test_parties_are_known_by_their_codes(session: Session, cast: Cast) -> None:
    for name in ("江阴甲公司", "江阴甲有限公司", "江阴甲股份公司"):  # renamed twice
        make_contract(
            session,
            station=cast.station,
            seller=make_party(session, name=name, uscc="91320281MA1234567X"),
            buyer=cast.buyer_organisation,
            project_name=f"{name}项目",
        )
    kinds = [finding.kind for finding in look(session, cast).page.items]
    assert FindingKind.REPEATED_PARTIES in kinds


def test_the_threshold_is_that_of_the_contracts_own_rules(session: Session, cast: Cast) -> None:
    values = {"total_amount_fen": 499_000_000, "tech_amount_fen": 100_000_000}
    make_contract(session, station=cast.station, rule_version="2021", **values)  # by the whole amount
    make_contract(session, station=cast.station, rule_version="2026", **values)  # by the technical part
    (finding,) = look(session, cast, kind=FindingKind.BELOW_THRESHOLD).page.items
    assert len(finding.contracts) == 1


def test_a_kind_narrows_the_list_and_not_the_counts(session: Session, cast: Cast) -> None:
    series(session, cast, related_party=True)
    result = look(session, cast, kind=FindingKind.RELATED)
    assert [finding.kind for finding in result.page.items] == [FindingKind.RELATED]
    assert sum(count.findings for count in result.counts) == 2


def test_pages_hold_every_finding_once(session: Session, cast: Cast) -> None:
    series(session, cast, related_party=True, count=6)
    make_contract(session, station=cast.station, tech_amount_fen=100_000_000, total_amount_fen=499_999_999)
    first = look(session, cast, page=PageRequest(limit=1))
    second = look(session, cast, page=PageRequest(first.page.next_cursor, limit=50))
    assert second.page.next_cursor is None
    assert [*first.page.items, *second.page.items] == list(first.review.findings)


def test_who_looks_into_what(session: Session, cast: Cast) -> None:
    series(session, cast)
    elsewhere = make_actor(session, OrganisationKind.BUREAU, region_code="340800")
    assert look(session, cast, actor=elsewhere).review.contracts == 0
    assert look(session, cast, actor=cast.registrar).review.contracts == 3
    other = make_registrar(session, make_cast(session).station)
    assert look(session, cast, actor=other).review.contracts == 0
    for actor in (cast.seller, cast.buyer, make_actor(session, OrganisationKind.AGENCY)):
        with pytest.raises(PermissionDenied):
            look(session, cast, actor=actor)


def test_too_many_contracts_are_refused(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "MAX_CONTRACTS", 2)
    series(session, cast)
    with pytest.raises(RuleViolation) as refused:
        look(session, cast)
    assert refused.value.code == "too-many-contracts"


def test_the_number_of_queries_does_not_grow(database: Database, session: Session, cast: Cast) -> None:
    def asked() -> int:
        with statements(database) as sent:
            look(session, cast)
        return len(sent)

    make_contract(session, station=cast.station)
    asked()  # what is read once per session
    before = asked()
    series(session, cast, count=6)
    assert asked() == before


def test_completeness_counts_what_makes_sense(session: Session, cast: Cast) -> None:
    series(session, cast, count=2, industry_code="C35", valid_to=date(2026, 1, 1))
    make_contract(
        session,
        station=cast.station,
        seller=make_party(session, nature_code="910"),  # a person has no credit code
        buyer=make_party(session, region_code=None, country_code="276"),
        type_code="XK",
        subtype_code=None,
        licence_kind="ordinary",
        valid_to=None,
        ip_kind="10",
    )
    result = get_completeness(session, cast.bureau, region=None, station=None, year=2025, now=NOW)
    counts = {count.field.column: (count.asked, count.filled, count.percent) for count in result.fields}
    assert result.contracts == 3
    assert counts["subtype_code"] == (3, 2, "66.7%")
    assert counts["licence_kind"] == (1, 1, "100.0%")
    assert counts["valid_to"] == (3, 2, "66.7%")
    assert counts["industry_code"] == (3, 2, "66.7%")
    assert counts["seo"] == (3, 0, "0.0%")
    assert counts["new_input_fen"] == (0, 0, None)
    assert counts["seller_uscc"] == (2, 2, "100.0%")
    assert counts["buyer_uscc"] == (2, 2, "100.0%")
