"""Reading conversion reports, what the market computes for them, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import Session, contains_eager, joinedload

from market.accounts.models import Organisation
from market.accounts.rules import Actor, OrganisationKind, OrganisationStatus, Role, oversees
from market.clock import CHINA
from market.contracts.models import Contract, ContractParty, IncomeVerification
from market.contracts.rules import LIVE, IncomeStatus
from market.db import Page, PageRequest, SortKey, paginate
from market.errors import NotFound, PermissionDenied
from market.listings.models import Achievement
from market.oversight.models import ConversionReport, ReportEvent
from market.oversight.queries.watching import bounded_region
from market.oversight.rules.figures import COMPUTED, CONTRACT_FIGURES, FIGURES, Comparison, Figure, compared
from market.oversight.rules.reports import HANDED_IN, OPEN_REPORT, ReportStatus
from market.reference.queries import check_region
from market.reference.rules import region_prefix


@dataclass(frozen=True, slots=True)
class DescribedReport:
    """A report, each figure beside what the market computes.

    While the report is with the university the computed figures are those of now; afterwards those it was
    handed in with.
    """

    report: ConversionReport
    figures: Sequence[Comparison]

    @property
    def version(self) -> int:
        """Version of the report, for the ETag."""
        return self.report.version


@dataclass(frozen=True, slots=True)
class FigureSum:
    """A figure summed over the reports handed in; computed is None where the market knows nothing."""

    figure: Figure
    declared: int
    computed: int | None


@dataclass(frozen=True, slots=True)
class MissingReporter:
    """A university that has handed nothing in; `status` is None where there is no draft either."""

    organisation_id: int
    name: str
    region_code: str
    status: ReportStatus | None


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """The reports of a region and year together."""

    year: int
    region: str
    counts: Mapping[ReportStatus, int]
    sums: Sequence[FigureSum]
    missing: Sequence[MissingReporter]


def get_report(session: Session, actor: Actor, report_id: int, *, lock: bool = False) -> ConversionReport:
    """Return a report with its organisation.

    Args:
        session: open session.
        actor: a member of the university, a bureau over it (not of drafts), or an admin.
        report_id: which one.
        lock: read it afresh and lock it, to change it.

    Raises:
        NotFound: there is none, or the actor may not know of it.
    """
    statement = (
        select(ConversionReport)
        .options(joinedload(ConversionReport.organisation))
        .where(ConversionReport.id == report_id)
    )
    if lock:
        statement = statement.with_for_update(of=ConversionReport).execution_options(populate_existing=True)
    report = session.scalar(statement)
    if report is None or not _may_read(actor, report):
        raise NotFound("没有找到该年度报告。", code="conversion-report-not-found")
    return report


def _may_read(actor: Actor, report: ConversionReport) -> bool:
    if actor.role is Role.BUREAU:
        known = report.status is not ReportStatus.DRAFT
        return known and oversees(actor, report.organisation.region_code)
    own = actor.role is Role.UNIVERSITY and actor.organisation_id == report.organisation_id
    return own or actor.role is Role.ADMIN


def describe_report(session: Session, report: ConversionReport) -> DescribedReport:
    """Return a report with its figures compared."""
    computed = report.computed
    if report.status in OPEN_REPORT:
        computed = compute_figures(session, [report.organisation_id], year=report.year)[
            report.organisation_id
        ]
    return DescribedReport(report, figures_of(report, computed=computed))


def figures_of(report: ConversionReport, *, computed: Mapping[str, int]) -> list[Comparison]:
    """Return the figures of a report beside these computed ones."""
    return compared(
        report.declared.get("figures", {}),
        computed=computed,
        explanations=report.declared.get("explanations", {}),
    )


def list_reports(
    session: Session,
    actor: Actor,
    *,
    page: PageRequest,
    year: int | None = None,
    region: str | None = None,
    status: ReportStatus | None = None,
) -> Page[ConversionReport]:
    """List the reports an actor may know of, newest first.

    Args:
        session: open session.
        actor: a university (its own), a bureau (its region's, without drafts) or an admin.
        page: cursor and limit.
        year: only of this year.
        region: only of universities in this region.
        status: only in this state.

    Raises:
        PermissionDenied: `role-not-allowed`.
        RuleViolation: the region's code is unknown, or the cursor was not issued for this list.
    """
    statement = (
        select(ConversionReport)
        .join(ConversionReport.organisation)
        .options(contains_eager(ConversionReport.organisation))
        .where(_is_visible(actor))
    )
    if year is not None:
        statement = statement.where(ConversionReport.year == year)
    if region is not None:
        check_region(session, region, pointer="/region")
        statement = statement.where(Organisation.region_code.startswith(region_prefix(region)))
    if status is not None:
        statement = statement.where(ConversionReport.status == status)
    return paginate(session, statement, order=[SortKey(ConversionReport.id, descending=True)], page=page)


def _is_visible(actor: Actor) -> ColumnElement[bool]:
    if actor.role is Role.ADMIN:
        return true()
    if actor.role is Role.UNIVERSITY and actor.organisation_id is not None:
        return ConversionReport.organisation_id == actor.organisation_id
    if actor.role is Role.BUREAU and actor.in_office and actor.region_code is not None:
        within = Organisation.region_code.startswith(region_prefix(actor.region_code))
        return within & (ConversionReport.status != ReportStatus.DRAFT)
    raise PermissionDenied("年度报告由高校院所报送主管部门，您无权查看。", code="role-not-allowed")


def list_report_events(session: Session, actor: Actor, report_id: int) -> list[ReportEvent]:
    """Return the steps of a report, oldest first.

    Raises:
        NotFound: there is no such report, or the actor may not know of it.
    """
    get_report(session, actor, report_id)
    return list(
        session.scalars(
            select(ReportEvent).where(ReportEvent.report_id == report_id).order_by(ReportEvent.id)
        )
    )


def summarise_reports(session: Session, actor: Actor, *, year: int, region: str | None) -> ReportSummary:
    """Return what the reports handed in add up to, and who has handed in nothing.

    Raises:
        PermissionDenied: `not-overseeing` or `outside-region`.
        RuleViolation: the region's code is unknown.
    """
    return summary_of(region_reports(session, actor, year=year, region=region), session=session)


@dataclass(frozen=True, slots=True)
class RegionReports:
    """All reports of a region and year that a bureau may read, by organisation."""

    year: int
    region: str
    reports: Sequence[ConversionReport]


def region_reports(session: Session, actor: Actor, *, year: int, region: str | None) -> RegionReports:
    """Return the reports of a region and year, drafts left out, by place of the organisation.

    Raises:
        PermissionDenied: `not-overseeing` or `outside-region`.
        RuleViolation: the region's code is unknown.
    """
    if actor.role is not Role.ADMIN and not (actor.role is Role.BUREAU and actor.verified):
        raise PermissionDenied("只有主管部门可以查看年度报告汇总。", code="not-overseeing")
    if region is not None:
        check_region(session, region, pointer="/region")
    area = bounded_region(actor, region)
    reports = session.scalars(
        select(ConversionReport)
        .join(ConversionReport.organisation)
        .options(contains_eager(ConversionReport.organisation))
        .where(
            Organisation.region_code.startswith(region_prefix(area)),
            ConversionReport.year == year,
            ConversionReport.status != ReportStatus.DRAFT,
        )
        .order_by(Organisation.region_code, Organisation.id)
    )
    return RegionReports(year, area, list(reports))


def summary_of(found: RegionReports, *, session: Session) -> ReportSummary:
    """Return what these reports add up to; only those handed in count."""
    counted = [report for report in found.reports if report.status in HANDED_IN]
    return ReportSummary(
        year=found.year,
        region=found.region,
        counts={
            status: sum(report.status is status for report in found.reports)
            for status in ReportStatus
            if status is not ReportStatus.DRAFT
        },
        sums=[_sum(figure, counted) for figure in FIGURES],
        missing=_missing(session, year=found.year, region=found.region),
    )


def _sum(figure: Figure, reports: Sequence[ConversionReport]) -> FigureSum:
    known = figure.basis is not None
    return FigureSum(
        figure,
        declared=sum(report.declared["figures"].get(figure.key) or 0 for report in reports),
        computed=sum(report.computed.get(figure.key, 0) for report in reports) if known else None,
    )


def _missing(session: Session, *, year: int, region: str) -> list[MissingReporter]:
    rows = session.execute(
        select(Organisation.id, Organisation.name, Organisation.region_code, ConversionReport.status)
        .outerjoin(
            ConversionReport,
            (ConversionReport.organisation_id == Organisation.id) & (ConversionReport.year == year),
        )
        .where(
            Organisation.kind == OrganisationKind.UNIVERSITY,
            Organisation.status == OrganisationStatus.VERIFIED,
            Organisation.region_code.startswith(region_prefix(region)),
            or_(ConversionReport.id.is_(None), ConversionReport.status.in_(OPEN_REPORT)),
        )
        .order_by(Organisation.region_code, Organisation.id)
    )
    return [MissingReporter(*row) for row in rows]


def compute_figures(
    session: Session, organisation_ids: Iterable[int], *, year: int
) -> dict[int, dict[str, int]]:
    """Return what the market's records say of organisations in a year, by organisation, in three queries.

    Contracts count that were registered in the year and still stand, with the organisation as seller, by
    its account or its credit code; income counts in the year its period ends; achievements in the year they
    were published.
    """
    figures = {found: dict.fromkeys(COMPUTED, 0) for found in organisation_ids}
    stems = {code: stem for stem, (code, _) in CONTRACT_FIGURES.items()}
    seller = func.coalesce(ContractParty.organisation_id, Organisation.id)
    same_code = ContractParty.organisation_id.is_(None) & (ContractParty.uscc == Organisation.uscc)
    first, last = date(year, 1, 1), date(year, 12, 31)
    for owner, type_code, count, total in session.execute(
        select(seller, Contract.type_code, func.count(), func.sum(Contract.total_amount_fen))
        .join(ContractParty, Contract.seller_id == ContractParty.id)
        .outerjoin(Organisation, same_code)
        .where(
            seller.in_(list(figures)),
            Contract.status.in_(LIVE),
            Contract.registered_on.between(first, last),
        )
        .group_by(seller, Contract.type_code)
    ):
        stem = stems.get(type_code)
        if stem is not None:
            figures[owner][f"{stem}_count"] += count
            figures[owner][f"{stem}_fen"] += int(total)
    for owner, income, bonus in session.execute(
        select(
            seller,
            func.sum(IncomeVerification.income_fen),
            func.sum(func.coalesce(IncomeVerification.bonus_fen, 0)),
        )
        .join(IncomeVerification.contract)
        .join(ContractParty, Contract.seller_id == ContractParty.id)
        .outerjoin(Organisation, same_code)
        .where(
            seller.in_(list(figures)),
            IncomeVerification.status == IncomeStatus.VERIFIED,
            IncomeVerification.received_to.between(first, last),
        )
        .group_by(seller)
    ):
        figures[owner]["income_fen"] += int(income)
        figures[owner]["bonus_fen"] += int(bonus)
    for owner, count in session.execute(
        select(Achievement.organisation_id, func.count())
        .where(
            Achievement.organisation_id.in_(list(figures)),
            Achievement.published_at >= _midnight(year),
            Achievement.published_at < _midnight(year + 1),
        )
        .group_by(Achievement.organisation_id)
    ):
        figures[owner]["achievements_published"] += count
    return figures


def _midnight(year: int) -> datetime:
    return datetime.combine(date(year, 1, 1), time(), CHINA)
