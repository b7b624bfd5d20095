"""Rules of oversight: deals to be registered, what looks odd in registrations, yearly conversion reports."""

from market.oversight.rules.reports import (
    REPORT_STATUS_NAMES,
    REPORT_TRANSITIONS,
    ReportAction,
    ReportStatus,
)

__all__ = ["REPORT_STATUS_NAMES", "REPORT_TRANSITIONS", "ReportAction", "ReportStatus"]
