"""What the market computes for conversion reports, and what they add up to."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import actor_of
from market.accounts.rules import OrganisationKind, OrganisationStatus
from market.contracts.models import Contract, IncomeVerification
from market.contracts.rules import IncomeStatus, Status
from market.db import Database
from market.errors import PermissionDenied
from market.oversight import service
from market.oversight.queries.reports import compute_figures, summarise_reports
from market.oversight.rules.figures import COMPUTED
from market.oversight.rules.reports import ReportStatus
from tests.factories import NOW, make_achievement, make_actor, make_organisation, make_user
from tests.market.contracts.factories import Cast, make_cast, make_contract, make_party
from tests.market.listings.answers import statements
from tests.market.oversight.factories import make_report


@pytest.fixture
def cast(session: Session) -> Cast:
    return make_cast(session)


def sold(session: Session, seller: Organisation, **values: Any) -> Contract:
    """Insert a contract of 100万元 registered in 2024."""
    return make_contract(session, seller=seller, **{"registered_on": date(2024, 6, 1), **values})


def verified(session: Session, contract: Contract, **values: Any) -> None:
    """Insert a verification of 40万元 technical income received in 2024."""
    session.add(
        IncomeVerification(
            **{
                "contract_id": contract.id,
                "status": IncomeStatus.VERIFIED,
                "received_from": date(2024, 1, 1),
                "received_to": date(2024, 3, 31),
                "received_fen": 50_000_000,
                "deducted_fen": 10_000_000,
                "income_fen": 40_000_000,
                "bonus_fen": 20_000_000,
                "submitted_at": NOW,
                **values,
            }
        )
    )
    session.flush()


def computed(session: Session, organisation: Organisation, year: int = 2024) -> dict[str, int]:
    """Return the figures that are not zero."""
    figures = compute_figures(session, [organisation.id], year=year)[organisation.id]
    assert set(figures) == set(COMPUTED)
    return {key: value for key, value in figures.items() if value}


def test_contracts_by_type(session: Session, cast: Cast) -> None:
    seller = cast.seller_organisation
    for code in ("KF", "KF", "ZR", "XK", "ZX", "FW"):
        sold(session, seller, type_code=code)
    assert computed(session, seller) == {
        "developments_count": 2,
        "developments_fen": 200_000_000,
        "transfers_count": 1,
        "transfers_fen": 100_000_000,
        "licences_count": 1,
        "licences_fen": 100_000_000,
        "consultings_count": 1,
        "consultings_fen": 100_000_000,
        "services_count": 1,
        "services_fen": 100_000_000,
    }


def test_what_does_not_count(session: Session, cast: Cast) -> None:
    seller = cast.seller_organisation
    sold(session, seller, status=Status.CANCELLED)
    sold(session, seller, status=Status.SUBMITTED, registered_on=None)
    sold(session, seller, registered_on=date(2025, 1, 1))
    make_contract(session, seller=cast.buyer_organisation, buyer=seller, registered_on=date(2024, 6, 1))
    assert computed(session, seller) == {}


def test_a_contract_that_names_only_the_credit_code_counts(session: Session, cast: Cast) -> None:
    seller = cast.seller_organisation
    party = make_party(session, name="旧名大学", uscc=seller.uscc)
    make_contract(session, seller=party, registered_on=date(2024, 6, 1))
    sold(session, seller)
    assert computed(session, seller)["developments_count"] == 2


def test_income_counts_where_its_period_ends(session: Session, cast: Cast) -> None:
    contract = sold(session, cast.seller_organisation, registered_on=date(2023, 6, 1))
    verified(session, contract)
    verified(session, contract, bonus_fen=None)
    verified(session, contract, status=IncomeStatus.SUBMITTED)
    verified(session, contract, received_from=date(2024, 12, 1), received_to=date(2025, 1, 31))
    assert computed(session, cast.seller_organisation) == {
        "income_fen": 80_000_000,
        "bonus_fen": 20_000_000,
    }


def test_achievements_count_by_the_day_in_china(session: Session, cast: Cast) -> None:
    seller = cast.seller_organisation
    for moment in (
        datetime(2023, 12, 31, 16, tzinfo=UTC),  # midnight in China
        datetime(2024, 12, 31, 15, 59, tzinfo=UTC),
        datetime(2024, 12, 31, 16, tzinfo=UTC),
        None,
    ):
        make_achievement(session, seller, published_at=moment)
    assert computed(session, seller) == {"achievements_published": 2}


def test_several_organisations_take_no_more_queries(database: Database, session: Session, cast: Cast) -> None:
    others = [make_organisation(session, OrganisationKind.UNIVERSITY) for _ in range(5)]
    for other in others:
        sold(session, other)
    with statements(database) as sent:
        figures = compute_figures(session, [other.id for other in others], year=2024)
    assert len(sent) == 3
    assert [figures[other.id]["developments_count"] for other in others] == [1] * 5


def test_the_summary_adds_up_and_names_who_is_missing(session: Session, cast: Cast) -> None:
    sold(session, cast.seller_organisation)
    first = make_report(session, cast.seller)
    service.accept_report(session, cast.bureau, first.id, now=NOW)
    second = make_actor(session, OrganisationKind.UNIVERSITY)
    make_report(session, second)
    returned = make_actor(session, OrganisationKind.UNIVERSITY, name="丙学院")
    report = make_report(session, returned)
    service.return_report(session, cast.bureau, report.id, note="请核对", now=NOW)
    drafting = make_actor(session, OrganisationKind.UNIVERSITY, name="丁学院")
    make_report(session, drafting, status=ReportStatus.DRAFT)
    idle = make_organisation(session, OrganisationKind.UNIVERSITY, name="戊研究所")
    make_organisation(session, OrganisationKind.UNIVERSITY, status=OrganisationStatus.PENDING)
    make_organisation(session, OrganisationKind.UNIVERSITY, region_code="340800")
    summary = summarise_reports(session, cast.bureau, year=2024, region=None)
    assert summary.counts == {
        ReportStatus.SUBMITTED: 1,
        ReportStatus.RETURNED: 1,
        ReportStatus.ACCEPTED: 1,
    }
    sums = {row.figure.key: (row.declared, row.computed) for row in summary.sums}
    assert sums["developments_fen"] == (100_000_000, 100_000_000)
    assert sums["transfer_staff"] == (6, None)
    assert {(row.organisation_id, row.status) for row in summary.missing} == {
        (returned.organisation_id, ReportStatus.RETURNED),
        (drafting.organisation_id, ReportStatus.DRAFT),
        (idle.id, None),
    }


def test_the_summary_is_the_bureaus(session: Session, cast: Cast) -> None:
    for actor, code in [
        (cast.seller, "not-overseeing"),
        (cast.registrar, "not-overseeing"),
        (cast.bureau, "outside-region"),
    ]:
        with pytest.raises(PermissionDenied) as refused:
            summarise_reports(session, actor, year=2024, region="340800")
        assert refused.value.code == code
    admin = actor_of(make_user(session))
    assert summarise_reports(session, admin, year=2024, region=None).region == "000000"
