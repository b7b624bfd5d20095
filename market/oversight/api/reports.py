"""Yearly conversion reports over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.auth import current_actor
from market.accounts.rules import Actor
from market.http.edge import now, page_request, reading, transaction
from market.http.etag import IF_MATCH_DOC, expected_version, versioned
from market.http.files import BINARY
from market.http.schema import page_of
from market.oversight import service
from market.oversight.api.blueprint import XLSX, blp, workbook
from market.oversight.models import ConversionReport
from market.oversight.printing import reports_workbook
from market.oversight.queries import reports
from market.oversight.schemas.reports import (
    ConversionEventView,
    ConversionReportArgs,
    ConversionReportChange,
    ConversionReportInput,
    ConversionReportRow,
    ConversionReportView,
    ConversionReturnInput,
    ConversionSummaryArgs,
    ConversionSummaryView,
)


def step(work: Callable[[Session, Actor], ConversionReport], *, status: int = 200) -> Any:
    """Do one step in its own transaction and show the report as it then is."""
    with transaction() as session:
        report = work(session, current_actor(session))
        return versioned(reports.describe_report(session, report), status)


@blp.route("/conversion-reports", methods=["POST"])
@blp.arguments(ConversionReportInput)
@blp.response(201, ConversionReportView)
def draft_conversion_report(form: dict[str, Any]) -> Any:
    """起草科技成果转化年度报告，本市场已有的数自动填入（高校院所）"""
    return step(
        lambda session, actor: service.draft_report(session, actor, year=form["year"], now=now()), status=201
    )


@blp.route("/conversion-reports")
@blp.arguments(ConversionReportArgs, location="query")
@blp.response(200, page_of(ConversionReportRow))
def list_conversion_reports(args: dict[str, Any]) -> Any:
    """列出年度报告，新的在前（高校院所限本单位；主管部门限本地区已报送的）"""
    page = page_request(args)
    with reading() as session:
        return reports.list_reports(session, current_actor(session), page=page, **args)


@blp.route("/conversion-reports/summary")
@blp.arguments(ConversionSummaryArgs, location="query")
@blp.response(200, ConversionSummaryView)
def summarise_conversion_reports(args: dict[str, Any]) -> Any:
    """汇总一年的年度报告，并列出未报送的单位（本地区主管部门）"""
    with reading() as session:
        return reports.summarise_reports(session, current_actor(session), **args)


@blp.route("/conversion-reports/files/xlsx")
@blp.arguments(ConversionSummaryArgs, location="query")
@blp.response(200, BINARY, content_type=XLSX)
def get_conversion_reports_file(args: dict[str, Any]) -> Any:
    """下载一年的年度报告汇总、各单位填报数、差异说明和未报送单位（xlsx）（本地区主管部门）"""
    with reading() as session:
        found = reports.region_reports(session, current_actor(session), **args)
        content = reports_workbook(found, reports.summary_of(found, session=session), now=now())
    return workbook(content, name=f"{found.year}年度科技成果转化年度报告汇总")


@blp.route("/conversion-reports/<int:report_id>")
@blp.response(200, ConversionReportView)
def get_conversion_report(report_id: int) -> Any:
    """查看一份年度报告：填报数、本市场统计数和差异说明"""
    with reading() as session:
        report = reports.get_report(session, current_actor(session), report_id)
        return versioned(reports.describe_report(session, report))


@blp.route("/conversion-reports/<int:report_id>", methods=["PATCH"])
@blp.doc(**IF_MATCH_DOC)
@blp.arguments(ConversionReportChange)
@blp.response(200, ConversionReportView)
def change_conversion_report(changes: dict[str, Any], report_id: int) -> Any:
    """修改填报数和差异说明（所属高校院所；草稿或退回修改的报告）"""
    version = expected_version()
    return step(
        lambda session, actor: service.change_report(
            session,
            actor,
            report_id,
            figures=changes["figures"],
            explanations=changes["explanations"],
            version=version,
            now=now(),
        )
    )


@blp.route("/conversion-reports/<int:report_id>/submissions", methods=["POST"])
@blp.response(200, ConversionReportView)
def submit_conversion_report(report_id: int) -> Any:
    """报送年度报告；与本市场统计不一致的，须逐项说明（所属高校院所）"""
    return step(lambda session, actor: service.submit_report(session, actor, report_id, now=now()))


@blp.route("/conversion-reports/<int:report_id>/returns", methods=["POST"])
@blp.arguments(ConversionReturnInput)
@blp.response(200, ConversionReportView)
def return_conversion_report(form: dict[str, Any], report_id: int) -> Any:
    """退回修改，须写明修改内容（所在地主管部门）"""
    return step(
        lambda session, actor: service.return_report(session, actor, report_id, note=form["note"], now=now())
    )


@blp.route("/conversion-reports/<int:report_id>/acceptances", methods=["POST"])
@blp.response(200, ConversionReportView)
def accept_conversion_report(report_id: int) -> Any:
    """接收年度报告（所在地主管部门）"""
    return step(lambda session, actor: service.accept_report(session, actor, report_id, now=now()))


@blp.route("/conversion-reports/<int:report_id>/events")
@blp.response(200, ConversionEventView(many=True))
def list_conversion_report_events(report_id: int) -> Any:
    """列出年度报告的各个步骤，旧的在前"""
    with reading() as session:
        return reports.list_report_events(session, current_actor(session), report_id)
