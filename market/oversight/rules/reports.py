"""Workflow of a university's yearly conversion report, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

FIRST_YEAR = 2015
"""The law that asks for the report in its present form is of this year."""

REPORT_LAW = "《促进科技成果转化法》（2015年修正）第二十一条"


class ReportStatus(StrEnum):
    """State of a yearly conversion report."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    ACCEPTED = "accepted"


REPORT_STATUS_NAMES: Mapping[ReportStatus, str] = {
    ReportStatus.DRAFT: "草稿",
    ReportStatus.SUBMITTED: "已报送",
    ReportStatus.RETURNED: "退回修改",
    ReportStatus.ACCEPTED: "已接收",
}


class ReportAction(StrEnum):
    """A step of a report."""

    CREATE = "create"
    EDIT = "edit"
    SUBMIT = "submit"
    RETURN = "return"
    ACCEPT = "accept"


REPORT_ACTION_NAMES: Mapping[ReportAction, str] = {
    ReportAction.CREATE: "起草",
    ReportAction.EDIT: "修改",
    ReportAction.SUBMIT: "报送",
    ReportAction.RETURN: "退回修改",
    ReportAction.ACCEPT: "接收",
}


@dataclass(frozen=True, slots=True)
class ReportStep:
    """One row of the transition table; a target of None leaves the report where it is."""

    sources: frozenset[ReportStatus]
    target: ReportStatus | None


OPEN_REPORT = frozenset({ReportStatus.DRAFT, ReportStatus.RETURNED})
"""States in which the report is with the university."""

HANDED_IN = frozenset({ReportStatus.SUBMITTED, ReportStatus.ACCEPTED})
"""States in which the report counts as handed in."""

REPORT_TRANSITIONS: Mapping[ReportAction, ReportStep] = {
    ReportAction.EDIT: ReportStep(OPEN_REPORT, None),
    ReportAction.SUBMIT: ReportStep(OPEN_REPORT, ReportStatus.SUBMITTED),
    ReportAction.RETURN: ReportStep(frozenset({ReportStatus.SUBMITTED}), ReportStatus.RETURNED),
    ReportAction.ACCEPT: ReportStep(frozenset({ReportStatus.SUBMITTED}), ReportStatus.ACCEPTED),
}
