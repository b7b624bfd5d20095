"""A conversion report from its draft to its acceptance."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OrganisationKind
from market.audit.models import AuditEvent
from market.errors import Conflict, NotFound, PermissionDenied, RuleViolation, StaleVersion
from market.oversight import service
from market.oversight.models import ConversionReport, ReportEvent
from market.oversight.queries.reports import describe_report, get_report
from market.oversight.rules.reports import ReportStatus
from tests.factories import NOW, make_actor, make_user
from tests.market.contracts.factories import Cast, make_cast, make_contract
from tests.market.oversight.factories import DECLARED_ONLY, make_report


@pytest.fixture
def cast(session: Session) -> Cast:
    return make_cast(session)


def test_the_whole_way(session: Session, cast: Cast) -> None:
    report = make_report(session, cast.seller)
    service.return_report(session, cast.bureau, report.id, note="请补充人数", now=NOW)
    service.change_report(
        session,
        cast.seller,
        report.id,
        figures={"transfer_staff": 9},
        explanations={},
        version=report.version,
        now=NOW,
    )
    service.submit_report(session, cast.seller, report.id, now=NOW)
    service.accept_report(session, cast.bureau, report.id, now=NOW)
    assert report.status is ReportStatus.ACCEPTED
    events = session.scalars(
        select(ReportEvent).where(ReportEvent.report_id == report.id).order_by(ReportEvent.id)
    ).all()
    assert [(event.source, event.target) for event in events] == [
        (None, ReportStatus.DRAFT),
        (ReportStatus.DRAFT, ReportStatus.DRAFT),
        (ReportStatus.DRAFT, ReportStatus.SUBMITTED),
        (ReportStatus.SUBMITTED, ReportStatus.RETURNED),
        (ReportStatus.RETURNED, ReportStatus.RETURNED),
        (ReportStatus.RETURNED, ReportStatus.SUBMITTED),
        (ReportStatus.SUBMITTED, ReportStatus.ACCEPTED),
    ]
    assert events[3].note == "请补充人数"
    snapshots = [event.snapshot["figures"]["transfer_staff"] for event in events[2::3] if event.snapshot]
    assert snapshots == [3, 9]
    audited = session.scalars(
        select(AuditEvent.action).where(AuditEvent.entity == "conversion_report").order_by(AuditEvent.id)
    ).all()
    assert audited == [
        f"conversion_report.{verb}"
        for verb in ("create", "edit", "submit", "return", "edit", "submit", "accept")
    ]


def test_a_draft_is_filled_in_and_follows_the_market(session: Session, cast: Cast) -> None:
    report = make_report(session, cast.seller, status=ReportStatus.DRAFT)
    assert report.declared["figures"]["developments_count"] == 0
    make_contract(session, seller=cast.seller_organisation, registered_on=date(2024, 6, 1))
    (row,) = [row for row in describe_report(session, report).figures if row.differs][:1]
    assert (row.figure.key, row.declared, row.computed) == ("developments_count", 0, 1)


def test_what_was_handed_in_is_compared_with_what_was_computed_then(session: Session, cast: Cast) -> None:
    report = make_report(session, cast.seller)
    make_contract(session, seller=cast.seller_organisation, registered_on=date(2024, 6, 1))
    assert not any(row.differs for row in describe_report(session, report).figures)


def test_differences_must_be_explained(session: Session, cast: Cast) -> None:
    report = make_report(session, cast.seller, status=ReportStatus.DRAFT)
    figures = {**DECLARED_ONLY, "licences_count": 2, "licences_fen": 30_000_000}

    def change(**explanations: str | None) -> None:
        service.change_report(
            session,
            cast.seller,
            report.id,
            figures=figures,
            explanations=explanations,
            version=report.version,
            now=NOW,
        )

    change(licences_count="另有2项在外地登记")
    with pytest.raises(RuleViolation) as refused:
        service.submit_report(session, cast.seller, report.id, now=NOW)
    assert refused.value.code == "report-incomplete"
    (fault,) = refused.value.fields
    assert (fault.pointer, fault.code) == ("/explanations/licences_fen", "difference-unexplained")
    assert fault.detail == "“许可合同成交额”填报30.00万元，本市场统计为0.00万元，请说明差异原因。"
    assert (report.status, report.submitted_at) == (ReportStatus.DRAFT, None)
    change(licences_fen="同上")
    change(licences_count=None)
    with pytest.raises(RuleViolation):
        service.submit_report(session, cast.seller, report.id, now=NOW)
    change(licences_count="另有2项在外地登记")
    assert service.submit_report(session, cast.seller, report.id, now=NOW).status is ReportStatus.SUBMITTED


def test_the_year_must_be_over(session: Session, cast: Cast) -> None:
    report = make_report(session, cast.seller, year=2025, status=ReportStatus.DRAFT)
    with pytest.raises(RuleViolation) as refused:
        service.submit_report(session, cast.seller, report.id, now=NOW)
    assert refused.value.code == "year-running"


@pytest.mark.parametrize("year", [2014, 2026])
def test_years_nobody_reports_on(session: Session, cast: Cast, year: int) -> None:
    with pytest.raises(RuleViolation) as refused:
        service.draft_report(session, cast.seller, year=year, now=NOW)
    assert refused.value.code == "bad-year"


def test_one_report_a_year(session: Session, cast: Cast) -> None:
    make_report(session, cast.seller)
    with pytest.raises(Conflict) as refused:
        make_report(session, cast.seller)
    assert refused.value.code == "conversion-report-exists"
    assert len(session.scalars(select(ConversionReport)).all()) == 1


def test_who_may_draft(session: Session, cast: Cast) -> None:
    for actor, code in [
        (cast.buyer, "role-not-allowed"),
        (cast.bureau, "role-not-allowed"),
        (actor_of(make_user(session)), "role-not-allowed"),
        (replace(cast.seller, verified=False), "organisation-not-verified"),
    ]:
        with pytest.raises(PermissionDenied) as refused:
            service.draft_report(session, actor, year=2024, now=NOW)
        assert refused.value.code == code


def test_who_may_know(session: Session, cast: Cast) -> None:
    draft = make_report(session, cast.seller, status=ReportStatus.DRAFT)
    handed_in = make_report(session, cast.seller, year=2023)
    admin = actor_of(make_user(session))
    elsewhere = make_actor(session, OrganisationKind.BUREAU, region_code="340800")
    stranger = make_actor(session, OrganisationKind.UNIVERSITY)
    for actor in (cast.seller, admin):
        assert get_report(session, actor, draft.id) is draft
    assert get_report(session, cast.bureau, handed_in.id) is handed_in
    for actor, report in [
        (cast.bureau, draft),
        (elsewhere, handed_in),
        (stranger, handed_in),
        (cast.buyer, handed_in),
        (cast.registrar, handed_in),
    ]:
        with pytest.raises(NotFound):
            get_report(session, actor, report.id)


def test_each_step_has_its_side(session: Session, cast: Cast) -> None:
    report = make_report(session, cast.seller)
    admin = actor_of(make_user(session))
    with pytest.raises(NotFound):
        service.accept_report(session, replace(cast.bureau, verified=False), report.id, now=NOW)
    for actor in (cast.seller, admin):
        with pytest.raises(PermissionDenied) as refused:
            service.accept_report(session, actor, report.id, now=NOW)
        assert refused.value.code == "not-the-bureau"
        with pytest.raises(PermissionDenied):
            service.return_report(session, actor, report.id, note="请改", now=NOW)
    for actor in (cast.bureau, admin):
        with pytest.raises(PermissionDenied) as refused:
            service.submit_report(session, actor, report.id, now=NOW)
        assert refused.value.code == "not-the-reporter"
    assert report.status is ReportStatus.SUBMITTED


def test_steps_start_from_their_states(session: Session, cast: Cast) -> None:
    report = make_report(session, cast.seller)
    with pytest.raises(Conflict) as refused:
        service.submit_report(session, cast.seller, report.id, now=NOW)
    assert refused.value.detail == "该报告现为“已报送”，不能报送。"
    service.accept_report(session, cast.bureau, report.id, now=NOW)
    for step in (service.accept_report, service.submit_report):
        actor = cast.bureau if step is service.accept_report else cast.seller
        with pytest.raises(Conflict) as refused:
            step(session, actor, report.id, now=NOW)
        assert refused.value.code == "illegal-transition"


def test_a_change_needs_the_present_version(session: Session, cast: Cast) -> None:
    report = make_report(session, cast.seller, status=ReportStatus.DRAFT)
    with pytest.raises(StaleVersion):
        service.change_report(
            session,
            cast.seller,
            report.id,
            figures={"transfer_staff": 1},
            explanations={},
            version=report.version + 1,
            now=NOW,
        )
    assert report.declared["figures"]["transfer_staff"] is None
