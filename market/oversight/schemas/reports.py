"""Form of yearly conversion reports."""

from __future__ import annotations

from marshmallow import fields, validate

from market.http.schema import MarketSchema, MoneyFen, PageArgs, text
from market.oversight.rules.figures import FIGURES, Unit
from market.oversight.rules.reports import REPORT_STATUS_NAMES, ReportStatus
from market.oversight.schemas.deals import REGION_CODE
from market.oversight.schemas.findings import YEAR

COUNT = validate.Range(min=0, max=10_000_000)


class ConversionReportInput(MarketSchema):
    """Which year to report on."""

    year = fields.Integer(required=True, strict=True, validate=YEAR)


ConversionFiguresInput = MarketSchema.from_dict(
    {
        figure.key: (
            MoneyFen(allow_none=True)
            if figure.unit is Unit.FEN
            else fields.Integer(strict=True, allow_none=True, validate=COUNT)
        )
        for figure in FIGURES
    },
    name="ConversionFiguresInput",
)
"""Figures to change, by key."""

ConversionExplanationsInput = MarketSchema.from_dict(
    {figure.key: text(1, 1000, allow_none=True) for figure in FIGURES},
    name="ConversionExplanationsInput",
)
"""Why figures differ from what the market computes, by key."""


class ConversionReportChange(MarketSchema):
    """What to change; figures and explanations left out stay, null empties one."""

    figures = fields.Nested(ConversionFiguresInput, load_default=dict)
    explanations = fields.Nested(ConversionExplanationsInput, load_default=dict)


class ConversionReturnInput(MarketSchema):
    """What is to be changed."""

    note = text(1, 1000, required=True)


class ConversionSummaryArgs(MarketSchema):
    """Reports of which year and region."""

    year = fields.Integer(required=True, validate=YEAR)
    region = fields.String(load_default=None, validate=REGION_CODE)


class ConversionReportArgs(PageArgs):
    """Which reports to list."""

    year = fields.Integer(validate=YEAR)
    region = fields.String(validate=REGION_CODE)
    status = fields.Enum(ReportStatus, by_value=True)


class ConversionReportRow(MarketSchema):
    """A report without its figures."""

    id = fields.Integer()
    organisation_id = fields.Integer()
    organisation_name = fields.String(attribute="organisation.name")
    region_code = fields.String(attribute="organisation.region_code")
    year = fields.Integer()
    status = fields.Enum(ReportStatus, by_value=True)
    status_name = fields.Function(
        lambda report: REPORT_STATUS_NAMES[report.status], metadata={"type": "string"}
    )
    created_at = fields.AwareDateTime()
    submitted_at = fields.AwareDateTime(allow_none=True)
    decided_at = fields.AwareDateTime(allow_none=True)
    version = fields.Integer()


class ConversionFigureView(MarketSchema):
    """A figure as declared and as computed; `computed` is null where the market knows nothing of it."""

    key = fields.String(attribute="figure.key")
    name = fields.String(attribute="figure.name")
    unit = fields.Enum(Unit, by_value=True, attribute="figure.unit")
    basis = fields.String(attribute="figure.basis", allow_none=True)
    declared = fields.Integer(allow_none=True)
    computed = fields.Integer(allow_none=True)


class ConversionComparisonView(ConversionFigureView):
    """A figure of one report; a difference must be explained before it is handed in."""

    difference = fields.Integer(allow_none=True)
    explanation = fields.String(allow_none=True)


class ConversionReportView(MarketSchema):
    """A report with all its figures."""

    report = fields.Nested(ConversionReportRow)
    figures = fields.List(fields.Nested(ConversionComparisonView))


class ConversionEventView(MarketSchema):
    """One step of a report; `snapshot` is what it then said."""

    id = fields.Integer()
    source = fields.Enum(ReportStatus, by_value=True, allow_none=True)
    target = fields.Enum(ReportStatus, by_value=True)
    target_name = fields.Function(
        lambda event: REPORT_STATUS_NAMES[event.target], metadata={"type": "string"}
    )
    actor_id = fields.Integer(allow_none=True)
    note = fields.String(allow_none=True)
    snapshot = fields.Dict(allow_none=True)
    at = fields.AwareDateTime()


class MissingReporterView(MarketSchema):
    """A university that has handed nothing in; status null where it has not begun."""

    organisation_id = fields.Integer()
    name = fields.String()
    region_code = fields.String()
    status = fields.Enum(ReportStatus, by_value=True, allow_none=True)


class ConversionSummaryView(MarketSchema):
    """The reports of a region and year: how many, what they add up to, who is missing."""

    year = fields.Integer()
    region = fields.String()
    submitted = fields.Function(lambda row: row.counts[ReportStatus.SUBMITTED], metadata={"type": "integer"})
    returned = fields.Function(lambda row: row.counts[ReportStatus.RETURNED], metadata={"type": "integer"})
    accepted = fields.Function(lambda row: row.counts[ReportStatus.ACCEPTED], metadata={"type": "integer"})
    sums = fields.List(
        fields.Nested(ConversionFigureView), metadata={"description": "已报送和已接收的报告合计"}
    )
    missing = fields.List(fields.Nested(MissingReporterView))
