"""Form of what is found in needs, asked about them and decided on them."""

from __future__ import annotations

from datetime import date

from marshmallow import fields, validate

from market.http.schema import MarketSchema, text
from market.listings.rules import (
    RULES,
    SEVERITY_NAMES,
    TRIAGE_NAMES,
    GateCode,
    Severity,
    Triage,
    Validation,
)

EARLIEST = date(2000, 1, 1)
"""No market is older."""


class TriageInput(MarketSchema):
    """A decision on the class of a need."""

    decided = fields.Enum(Triage, by_value=True, required=True, data_key="class")
    note = text(1, 1000, allow_none=True, load_default=None, metadata={"description": "长期跟踪必须说明理由"})
    visit_note = text(
        1, 500, allow_none=True, load_default=None, metadata={"description": "二次诊断时，计划的专家上门安排"}
    )


class QuestionInput(MarketSchema):
    """Questions with which a need is sent back."""

    codes = fields.List(
        fields.Enum(GateCode, by_value=True), load_default=list, validate=validate.Length(max=len(RULES))
    )
    words = text(1, 800, required=True)


class ValidationInput(MarketSchema):
    """Whether a need is a real one."""

    result = fields.Enum(Validation, by_value=True, required=True)
    note = text(1, 1000, allow_none=True, load_default=None, metadata={"description": "认定无效必须说明理由"})
    override_note = text(
        1, 1000, allow_none=True, load_default=None,
        metadata={"description": "仍有必须补充的问题而认定有效的理由"},
    )  # fmt: skip


class NeedFindingView(MarketSchema):
    """A question that is open, why it is asked, and the words that gave rise to it."""

    code = fields.String()
    severity = fields.String()
    question = fields.String()
    reason = fields.String()
    evidence = fields.List(fields.String())


class SuggestionOfClassView(MarketSchema):
    """The class that the rules suggest."""

    triage = fields.Enum(Triage, by_value=True, data_key="class")
    name = fields.Function(lambda one: TRIAGE_NAMES[one.triage], metadata={"type": "string"})
    reasons = fields.List(fields.String())


class StoredAssessmentView(MarketSchema):
    """What was noted when the need was last handed in or decided on."""

    need_version = fields.Integer()
    rule_version = fields.String()
    completeness = fields.Integer()
    findings = fields.List(fields.Nested(NeedFindingView))
    suggested = fields.Enum(Triage, by_value=True)
    reasons = fields.List(fields.String())
    at = fields.AwareDateTime()


class TriageView(MarketSchema):
    """A decision on the class of a need, and what had been suggested."""

    decided = fields.Enum(Triage, by_value=True, data_key="class")
    name = fields.Function(lambda one: TRIAGE_NAMES[one.decided], metadata={"type": "string"})
    suggested = fields.Enum(Triage, by_value=True, attribute="assessment.suggested")
    need_version = fields.Integer(attribute="assessment.need_version")
    note = fields.String(allow_none=True)
    visit_note = fields.String(allow_none=True)
    decided_by = fields.Integer(allow_none=True)
    at = fields.AwareDateTime()


class NeedValidationView(MarketSchema):
    """Whether the need was found to be a valid one, and why."""

    result = fields.Enum(Validation, by_value=True, attribute="validation")
    note = fields.String(allow_none=True, attribute="validation_note")
    override_note = fields.String(allow_none=True)
    by = fields.Integer(allow_none=True, attribute="validated_by")
    at = fields.AwareDateTime(allow_none=True, attribute="validated_at")


class AssessmentView(MarketSchema):
    """A need as the rules in force see it, and what was noted and decided before."""

    need_id = fields.Integer(attribute="need.id")
    need_version = fields.Integer(attribute="need.version")
    rule_version = fields.String()
    completeness = fields.Integer()
    findings = fields.List(fields.Nested(NeedFindingView))
    suggestion = fields.Nested(SuggestionOfClassView)
    stored = fields.Nested(StoredAssessmentView, allow_none=True)
    triage = fields.Enum(Triage, by_value=True, allow_none=True, attribute="need.triage")
    triages = fields.List(fields.Nested(TriageView))
    validation = fields.Nested(NeedValidationView, attribute="need")


class AskedAgainView(MarketSchema):
    """A question sent back; `answered_in` is the version that answers it, null while it is open."""

    code = fields.String()
    question = fields.String()
    answered_in = fields.Integer(allow_none=True)


class QuestionRoundView(MarketSchema):
    """Questions with which a need was sent back once."""

    id = fields.Integer()
    need_version = fields.Integer()
    words = fields.String()
    items = fields.List(fields.Nested(AskedAgainView))
    asked_by = fields.Integer(allow_none=True)
    at = fields.AwareDateTime()


class GateSummaryArgs(MarketSchema):
    """Which needs to look at."""

    region = fields.String(load_default=None, validate=validate.Length(equal=6))
    since = fields.Date(load_default=None, validate=validate.Range(min=EARLIEST))


class ClassFigureView(MarketSchema):
    """How many needs a class has, beside the share it has in practice."""

    triage = fields.Enum(Triage, by_value=True, data_key="class")
    name = fields.String()
    suggested = fields.Integer()
    suggested_share = fields.Float(allow_none=True)
    decided = fields.Integer()
    decided_share = fields.Float(allow_none=True)
    practice_share = fields.Float(metadata={"description": "江苏2024年的做法，供比较"})


class FindingFigureView(MarketSchema):
    """How many needs leave a question open."""

    code = fields.Enum(GateCode, by_value=True)
    name = fields.String()
    severity = fields.Enum(Severity, by_value=True)
    severity_name = fields.Function(lambda one: SEVERITY_NAMES[one.severity], metadata={"type": "string"})
    count = fields.Integer()
    share = fields.Float()


class GateSummaryView(MarketSchema):
    """How the needs of a region fare at the gate."""

    region = fields.String()
    since = fields.Date(allow_none=True)
    assessed = fields.Integer()
    undecided = fields.Integer()
    as_suggested = fields.Integer()
    mean_completeness = fields.Float(allow_none=True)
    classes = fields.List(fields.Nested(ClassFigureView))
    findings = fields.List(fields.Nested(FindingFigureView))
    valid = fields.Integer()
    invalid = fields.Integer()
