"""Steps of a university's yearly conversion report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.rules import Actor, Role, oversees
from market.audit.service import record
from market.clock import china_day
from market.db import require_version
from market.errors import Conflict, PermissionDenied, RuleViolation, violation
from market.oversight.models import ConversionReport, ReportEvent
from market.oversight.queries.reports import compute_figures, get_report
from market.oversight.rules.figures import prefilled, report_faults
from market.oversight.rules.reports import (
    FIRST_YEAR,
    REPORT_ACTION_NAMES,
    REPORT_LAW,
    REPORT_STATUS_NAMES,
    REPORT_TRANSITIONS,
    ReportAction,
    ReportStatus,
)


def draft_report(session: Session, actor: Actor, *, year: int, now: datetime) -> ConversionReport:
    """Begin the report of a year, filled in with what the market knows.

    Args:
        session: open transaction.
        actor: member of a verified university or institute.
        year: which one; it may still run.
        now: present time.

    Raises:
        PermissionDenied: `role-not-allowed` or `organisation-not-verified`.
        RuleViolation: `bad-year`.
        Conflict: `conversion-report-exists`.
    """
    if actor.role is not Role.UNIVERSITY or actor.organisation_id is None:
        raise PermissionDenied("年度报告由高校院所报送。", code="role-not-allowed")
    if not actor.verified:
        raise PermissionDenied("贵单位尚未通过核验，不能报送年度报告。", code="organisation-not-verified")
    today = china_day(now)
    if not FIRST_YEAR <= year <= today.year:
        raise violation(
            "/year", "bad-year", f"年度应在{FIRST_YEAR}年至{today.year}年之间。", source=REPORT_LAW
        )
    owner = session.get_one(Organisation, actor.organisation_id, with_for_update=True)  # one begins at a time
    exists = select(ConversionReport.id).where(
        ConversionReport.organisation_id == owner.id, ConversionReport.year == year
    )
    if session.scalar(exists) is not None:
        raise Conflict(f"贵单位{year}年度的报告已经建立。", code="conversion-report-exists")
    computed = compute_figures(session, [owner.id], year=year)[owner.id]
    report = ConversionReport(
        organisation=owner,
        year=year,
        status=ReportStatus.DRAFT,
        declared={"figures": prefilled(computed), "explanations": {}},
        computed=computed,
        created_by=actor.user_id,
        created_at=now,
    )
    session.add(report)
    session.flush()  # the event needs the id
    _write_event(session, actor, report, action=ReportAction.CREATE, source=None, note=None, now=now)
    return report


def change_report(
    session: Session,
    actor: Actor,
    report_id: int,
    *,
    figures: Mapping[str, int | None],
    explanations: Mapping[str, str | None],
    version: int,
    now: datetime,
) -> ConversionReport:
    """Change what a report declares while it is with the university.

    Args:
        session: open transaction.
        actor: member of the university.
        report_id: which report.
        figures: those to change, by key; None empties one.
        explanations: why figures differ from what the market computes, by key; None takes one back.
        version: the version the change is based on.
        now: present time.

    Raises:
        NotFound, PermissionDenied, Conflict, StaleVersion: see the parts.
    """
    report = _open_own(session, actor, report_id, action=ReportAction.EDIT)
    require_version(report.version, version)
    words = {**report.declared["explanations"], **explanations}
    report.declared = {
        "figures": {**report.declared["figures"], **figures},
        "explanations": {key: said for key, said in words.items() if said},
    }
    report.computed = _computed(session, report)
    session.flush()  # draws the new version for the ETag
    _write_event(session, actor, report, action=ReportAction.EDIT, source=report.status, note=None, now=now)
    return report


def submit_report(session: Session, actor: Actor, report_id: int, *, now: datetime) -> ConversionReport:
    """Hand a report in, together with what the market computes at this moment.

    Raises:
        NotFound, PermissionDenied, Conflict: see the parts.
        RuleViolation: `year-running`, or `report-incomplete` with every figure at fault.
    """
    report = _open_own(session, actor, report_id, action=ReportAction.SUBMIT)
    if report.year >= china_day(now).year:
        raise violation("/year", "year-running", f"{report.year}年度尚未结束，不能报送。", source=REPORT_LAW)
    computed = _computed(session, report)
    declared = report.declared
    faults = tuple(
        report_faults(declared["figures"], computed=computed, explanations=declared["explanations"])
    )
    if faults:
        raise RuleViolation(f"报告有{len(faults)}处需要补充或说明。", code="report-incomplete", fields=faults)
    report.computed = computed
    report.submitted_at = now
    report.decided_at = None
    return _take(session, actor, report, action=ReportAction.SUBMIT, note=None, now=now)


def return_report(
    session: Session, actor: Actor, report_id: int, *, note: str, now: datetime
) -> ConversionReport:
    """Send a report back to the university, saying what is to be changed.

    Args:
        session: open transaction.
        actor: member of a bureau over the university's region.
        report_id: which report.
        note: what is to be changed.
        now: present time.

    Raises:
        NotFound, PermissionDenied, Conflict: see the parts.
    """
    report = _open_as_bureau(session, actor, report_id, action=ReportAction.RETURN)
    report.decided_at = now
    return _take(session, actor, report, action=ReportAction.RETURN, note=note, now=now)


def accept_report(session: Session, actor: Actor, report_id: int, *, now: datetime) -> ConversionReport:
    """Accept a report for good.

    Raises:
        NotFound, PermissionDenied, Conflict: see the parts.
    """
    report = _open_as_bureau(session, actor, report_id, action=ReportAction.ACCEPT)
    report.decided_at = now
    return _take(session, actor, report, action=ReportAction.ACCEPT, note=None, now=now)


def _open_own(session: Session, actor: Actor, report_id: int, *, action: ReportAction) -> ConversionReport:
    report = get_report(session, actor, report_id, lock=True)
    if actor.role is not Role.UNIVERSITY:  # of universities only the report's own can know of it
        raise PermissionDenied("只有报告所属的高校院所可以进行此项操作。", code="not-the-reporter")
    _require_state(report, action)
    return report


def _open_as_bureau(
    session: Session, actor: Actor, report_id: int, *, action: ReportAction
) -> ConversionReport:
    report = get_report(session, actor, report_id, lock=True)
    if not oversees(actor, report.organisation.region_code):
        raise PermissionDenied("只有该单位所在地的主管部门可以进行此项操作。", code="not-the-bureau")
    _require_state(report, action)
    return report


def _require_state(report: ConversionReport, action: ReportAction) -> None:
    if report.status not in REPORT_TRANSITIONS[action].sources:
        raise Conflict(
            f"该报告现为“{REPORT_STATUS_NAMES[report.status]}”，不能{REPORT_ACTION_NAMES[action]}。",
            code="illegal-transition",
        )


def _computed(session: Session, report: ConversionReport) -> dict[str, int]:
    return compute_figures(session, [report.organisation_id], year=report.year)[report.organisation_id]


def _take(
    session: Session,
    actor: Actor,
    report: ConversionReport,
    *,
    action: ReportAction,
    note: str | None,
    now: datetime,
) -> ConversionReport:
    source, target = report.status, REPORT_TRANSITIONS[action].target
    assert target is not None  # only editing leaves a report where it is
    report.status = target
    session.flush()  # a lost race stops here
    _write_event(session, actor, report, action=action, source=source, note=note, now=now)
    return report


def _write_event(
    session: Session,
    actor: Actor,
    report: ConversionReport,
    *,
    action: ReportAction,
    source: ReportStatus | None,
    note: str | None,
    now: datetime,
) -> None:
    """Add the event that led the report to its present state, and its audit record."""
    snapshot: dict[str, Any] | None = None
    if action is not ReportAction.CREATE:
        snapshot = {**report.declared, "computed": report.computed}
    session.add(
        ReportEvent(
            report_id=report.id,
            source=source,
            target=report.status,
            actor_id=actor.user_id,
            note=note,
            snapshot=snapshot,
            at=now,
        )
    )
    record(
        session,
        actor.user_id,
        action=f"conversion_report.{action.value}",
        entity="conversion_report",
        entity_id=report.id,
        now=now,
        details={"from": source.value if source is not None else None, "to": report.status.value},
    )
