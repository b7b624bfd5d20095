"""Importing: plan a file, run it, keep what came of it."""

from market.exchange.service.plan import ImportPlan, plan_import
from market.exchange.service.report import write_report
from market.exchange.service.run import ImportReport, import_within, run_import

__all__ = ["ImportPlan", "ImportReport", "import_within", "plan_import", "run_import", "write_report"]
