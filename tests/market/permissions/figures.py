"""Answers of figures, releases, targets, oversight, rankings and the conversion index.

What is published is for anyone. What lies behind it is for bureaus over the region and admins, and for
registrars where it is about their own station.
"""

from __future__ import annotations

from tests.market.permissions.lines import ALL, SIGNED_IN, Line
from tests.market.rankings.factories import ONE_INDICATOR

JIANGYIN = "?region=320281"
OWN_STATION = "?station={station}"
MONTH = {"region": "320281", "kind": "monthly", "period": "2025-05"}
INDEX = {"region": "320281", "period": "2024", "definition": "T0"}

CHARGE = "13333yy 3333"
"""Those in charge of the region."""
WATCH = "1333yyy 333y"
"""They, and registrars, who are shown their own station."""
STATION = "13333yy 333y"
"""They, and registrars of the station that is asked about."""
REPORT = "14444yy 4y44"
"""They, and the university that reports."""

TABLE = [
    # Figures down to their causes.
    Line("GET /turnover", CHARGE, query=JIANGYIN),
    Line("GET /turnover", STATION, query=f"{JIANGYIN}&station={{station}}"),
    Line("GET /turnover/flows", CHARGE, query=JIANGYIN),
    Line("GET /turnover/entries", WATCH, query=JIANGYIN),
    Line("GET /turnover/entries", STATION, query=f"{JIANGYIN}&station={{station}}"),
    Line("GET /turnover/entries", CHARGE, query=f"{JIANGYIN}&measure=output"),
    Line("GET /turnover/entries/<int:entry_id>/thread", "14444yy yyyy"),
    Line("GET /turnover/contracts/<int:contract_id>/thread", "14444yy yyyy"),
    # Releases and targets.
    Line("GET /releases", ALL),
    Line("GET /releases/<int:release_id>", ALL),
    Line("GET /releases/<int:release_id>/files/<any(xlsx, csv, pdf):file_format>", ALL),
    Line("POST /releases", CHARGE, MONTH),
    Line("GET /releases/preview", CHARGE, query=f"{JIANGYIN}&kind=monthly&period=2025-06"),
    Line("POST /releases/<int:release_id>/withdrawals", CHARGE, {"reason": "漏计"}),
    Line("GET /releases/<int:release_id>/comparison", CHARGE),
    Line("GET /targets", "2yyyyyy yyyy"),
    Line("GET /targets", ALL, query="?region=320281"),
    Line("GET /targets/<int:target_id>", ALL),
    # Oversight of registration.
    *(
        Line(f"GET {path}", answers, query=query)
        for path in (
            "/unregistered-deals",
            "/unregistered-deals/files/xlsx",
            "/registration-anomalies",
            "/registration-completeness",
        )
        for answers, query in ((WATCH, ""), (STATION, OWN_STATION))
    ),
    # Yearly conversion reports: a draft is the university's own.
    Line("POST /conversion-reports", "13y3333 3y33", {"year": 2025}),
    Line("GET /conversion-reports", "13y33yy 3y33"),
    Line("GET /conversion-reports/summary", CHARGE, query="?year=2024"),
    Line("GET /conversion-reports/files/xlsx", CHARGE, query="?year=2024"),
    Line("GET /conversion-reports/<int:report_id>", REPORT),
    Line("GET /conversion-reports/<int:report_id>", "144444y 4y44", record="draft"),
    Line(
        "PATCH /conversion-reports/<int:report_id>",
        "1444443 4y44",
        {"figures": {"transfer_staff": 3}},
        record="draft",
    ),
    Line("POST /conversion-reports/<int:report_id>/submissions", "1444443 4y44", record="complete"),
    Line("POST /conversion-reports/<int:report_id>/returns", "14444y3 4344", {"note": "补充"}),
    Line("POST /conversion-reports/<int:report_id>/acceptances", "14444y3 4344"),
    Line("GET /conversion-reports/<int:report_id>/events", REPORT),
    # The ranking of agencies: a draft is known to those in charge alone; agencies may object.
    Line("GET /rankings", ALL),
    Line("POST /rankings", CHARGE, {"region": "320281", "year": 2021}),
    Line("GET /rankings/<int:ranking_id>", ALL),
    Line("GET /rankings/<int:ranking_id>", "44444yy 4444", record="draft"),
    Line("GET /rankings/<int:ranking_id>/files/<any(xlsx, csv, pdf):file_format>", ALL),
    Line("POST /rankings/<int:ranking_id>/recounts", "14444yy 4444", record="draft"),
    Line("POST /rankings/<int:ranking_id>/publications", "14444yy 4444", record="draft"),
    Line("POST /rankings/<int:ranking_id>/finalisations", CHARGE, {}, record="due"),
    Line("POST /rankings/<int:ranking_id>/withdrawals", CHARGE, {"reason": "漏计"}),
    Line("GET /rankings/<int:ranking_id>/comparison", CHARGE),
    Line("GET /rankings/<int:ranking_id>/agencies/<int:agency_id>/contracts", CHARGE),
    Line("GET /rankings/<int:ranking_id>/objections", SIGNED_IN),
    Line("POST /rankings/<int:ranking_id>/objections", "133y333 33y3", {"words": "漏计"}),
    Line(
        "POST /ranking-objections/<int:objection_id>/decisions",
        CHARGE,
        {"decision": "dismiss", "note": "无据"},
    ),
    # The conversion index.
    Line("GET /conversion-index", CHARGE, query=f"{JIANGYIN}&period=2024&definition=T0"),
    Line("POST /conversion-index/publications", CHARGE, INDEX),
    Line("GET /conversion-index/values", ALL),
    Line("GET /conversion-index/definitions", ALL),
    Line("POST /conversion-index/definitions", "133333y 3333", {**ONE_INDICATOR, "version": "T9"}),
]
