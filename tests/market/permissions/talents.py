"""Answers of talents."""

from __future__ import annotations

from tests.market.permissions.entries import KEEP, KEEP_KNOWN, OFFICE, entry_lines
from tests.market.permissions.lines import ALL, Line

ONE = "/talents/<int:entry_id>"
ROLE = {"role": "technology_manager", "valid_from": "2025-01-06"}
AGREED = {"given_on": "2025-06-01", "evidence": "同意书第7号"}

TABLE: list[Line] = [
    *entry_lines("talents", {"person_name": "陆一舟", "unit_name": "暨阳大学"}),
    # Who does not agree to be found is not shown to others.
    Line(f"GET {ONE}", "44444yy 4y44", record="hidden"),
    Line(f"GET {ONE}/consents", KEEP, record="hidden"),
    Line(f"GET {ONE}/projects", ALL),
    # A draft's roles are written by its unit, those of a listed person by the bureau.
    Line(f"POST {ONE}/roles", KEEP, ROLE, "draft"),
    Line(f"POST {ONE}/roles", OFFICE, ROLE),
    Line(f"POST {ONE}/roles/<int:role_id>/endings", OFFICE, {"ended_on": "2025-06-01"}),
    Line(f"DELETE {ONE}/roles/<int:role_id>", OFFICE),
    # The person, the unit and the bureau say what the person agrees to.
    Line(f"GET {ONE}/consents", KEEP_KNOWN),
    Line(f"POST {ONE}/consents", KEEP_KNOWN, {"scope": "contact", **AGREED}),
    Line(f"POST {ONE}/consents/withdrawals", KEEP_KNOWN, {"scope": "find"}),
    Line(f"POST {ONE}/accounts", KEEP_KNOWN, {"login": None}),
    Line(f"GET {ONE}/contact", KEEP_KNOWN),
    Line(f"POST {ONE}/erasures", KEEP_KNOWN, {"reason": "request"}),
]
