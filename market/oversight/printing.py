"""Workbooks of unregistered deals and of conversion reports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from market.oversight.models import ConversionReport
from market.oversight.queries.deals import UnregisteredDeals
from market.oversight.queries.reports import RegionReports, ReportSummary, figures_of
from market.oversight.rules.deals import AGE_BANDS, STAGE_NAMES, WAITING_NAMES
from market.oversight.rules.figures import FIGURES, Figure, Unit
from market.oversight.rules.reports import HANDED_IN, REPORT_LAW, REPORT_STATUS_NAMES
from market.typesetting.sheets import Column, Kind, Sheet, Value, to_xlsx

NO_STATION = "（无登记机构）"
_KINDS: dict[Unit, Kind] = {Unit.COUNT: "integer", Unit.PEOPLE: "integer", Unit.FEN: "amount_wan"}


def deals_workbook(found: UnregisteredDeals, *, now: datetime) -> bytes:
    """Return deals that are not registered, one by one and by station."""
    day = f"截至{found.as_of}"
    rows: list[Sequence[Value]] = [
        (
            number,
            deal.days,
            STAGE_NAMES[deal.stage],
            WAITING_NAMES[deal.waits_for],
            deal.applicant_name,
            deal.applicant_region,
            deal.counterparty_name,
            deal.title,
            deal.total_fen,
            deal.since,
            deal.station_name or NO_STATION,
            deal.broker_name,
            deal.agency_name,
        )
        for number, deal in enumerate(found.deals, start=1)
    ]
    listed = Sheet(
        title="未登记合同清单",
        columns=(
            Column("序号", "integer"),
            Column("天数", "integer"),
            Column("进展", "text"),
            Column("待办方", "text"),
            Column("申请单位", "text"),
            Column("行政区划", "text"),
            Column("对方", "text"),
            Column("项目或成果", "text"),
            Column("合同成交额", "amount_wan"),
            Column("签订或达成意向日期", "date"),
            Column("登记机构", "text"),
            Column("技术经纪人", "text"),
            Column("所属机构", "text"),
        ),
        rows=rows,
        notes=(
            "尚在洽谈或起草中的，对方、项目和金额不列。",
            "登记机构：已申请的为受理机构，未申请的为有权受理的机构。",
        ),
        subtitle=day,
    )
    by_station = Sheet(
        title="未登记合同汇总",
        columns=(
            Column("登记机构", "text"),
            Column("合计", "integer"),
            *(Column(band.name, "integer") for band in AGE_BANDS),
        ),
        rows=[
            (group.station_name or NO_STATION, group.deals, *(count.deals for count in group.bands))
            for group in found.stations
        ],
        subtitle=day,
    )
    return to_xlsx([by_station, listed], created_at=now)


def reports_workbook(found: RegionReports, summary: ReportSummary, *, now: datetime) -> bytes:
    """Return the sums of a region's reports, each report with its differences, and who is missing."""
    reports = [report for report in found.reports if report.status in HANDED_IN]
    title = f"{found.year}年度科技成果转化"
    return to_xlsx(
        [
            *_sums(title, summary, reports=len(reports)),
            _declared(title, reports),
            _differences(title, reports),
            _missing(title, summary),
        ],
        created_at=now,
    )


def _sums(title: str, summary: ReportSummary, *, reports: int) -> list[Sheet]:
    kinds: tuple[tuple[str, Kind], ...] = (("数量汇总", "integer"), ("金额汇总", "amount_wan"))
    return [
        Sheet(
            title=f"{title}{name}",
            columns=(Column("指标", "text"), Column("填报", kind), Column("本市场统计", kind)),
            rows=[
                (row.figure.name, row.declared, row.computed)
                for row in summary.sums
                if _KINDS[row.figure.unit] == kind
            ],
            notes=(f"依据：{REPORT_LAW}。", "本市场统计为空的，本市场没有相应记录。"),
            subtitle=f"已报送和已接收的{reports}份报告合计",
        )
        for name, kind in kinds
    ]


def _declared(title: str, reports: Sequence[ConversionReport]) -> Sheet:
    return Sheet(
        title=f"{title}各单位填报",
        columns=(
            Column("单位", "text"),
            Column("状态", "text"),
            *(Column(figure.name, _KINDS[figure.unit]) for figure in FIGURES),
        ),
        rows=[
            (
                report.organisation.name,
                REPORT_STATUS_NAMES[report.status],
                *(report.declared["figures"].get(figure.key) for figure in FIGURES),
            )
            for report in reports
        ],
    )


def _differences(title: str, reports: Sequence[ConversionReport]) -> Sheet:
    rows: list[Sequence[Value]] = [
        (
            report.organisation.name,
            comparison.figure.name,
            *_placed(comparison.figure, comparison.declared, comparison.computed),
            comparison.explanation,
        )
        for report in reports
        for comparison in figures_of(report, computed=report.computed)
        if comparison.differs
    ]
    return Sheet(
        title=f"{title}差异说明",
        columns=(
            Column("单位", "text"),
            Column("指标", "text"),
            Column("填报数", "integer"),
            Column("统计数", "integer"),
            Column("填报额", "amount_wan"),
            Column("统计额", "amount_wan"),
            Column("说明", "text"),
        ),
        rows=rows,
    )


def _placed(figure: Figure, declared: int | None, computed: int | None) -> tuple[int | None, ...]:
    """Return the two values under the columns of numbers or of amounts."""
    return (None, None, declared, computed) if figure.unit is Unit.FEN else (declared, computed, None, None)


def _missing(title: str, summary: ReportSummary) -> Sheet:
    return Sheet(
        title=f"{title}未报送单位",
        columns=(Column("单位", "text"), Column("行政区划", "text"), Column("情况", "text")),
        rows=[
            (row.name, row.region_code, "未起草" if row.status is None else REPORT_STATUS_NAMES[row.status])
            for row in summary.missing
        ],
    )
