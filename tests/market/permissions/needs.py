"""Answers of what only needs have, and of scenarios."""

from __future__ import annotations

from tests.market.permissions.lines import ALL, Line

OWNER = "133333y y333"
"""The owner, for whom an admin may act."""
OWN_DRAFT = "144444y y444"
"""The owner, while nobody else may know of it."""
DECIDES = "133y3yy 33y3"
"""Those who review, but never the owner."""
READS = "133y3yy y3y3"
"""The owner and those who review."""

SCENARIO = {
    "title": "染整车间开放试验场地",
    "body": "开放一条排水支路，供回用设备连续试运行三个月。",
    "scenario_type": "test_site",
}

TABLE: list[Line] = [
    Line("POST /needs/<int:need_id>/reopenings", OWNER, record="matching"),
    Line("POST /needs/<int:need_id>/completions", OWNER, record="contracted"),
    # Their quality, class and validity.
    Line("GET /needs/<int:need_id>/assessment", READS),
    Line("GET /needs/<int:need_id>/questions", READS),
    Line(
        "POST /needs/<int:need_id>/questions",
        "144y4yy 34y4",
        {"codes": ["no_goal"], "words": "清洗周期要多长？"},
        record="pending",
    ),
    Line("POST /needs/<int:need_id>/triages", DECIDES, {"class": "direct"}),
    Line("POST /needs/<int:need_id>/validations", DECIDES, {"result": "valid"}, record="triaged"),
    Line("GET /needs/gate-summary", DECIDES),
    # Scenarios are opened by enterprises, universities and bureaus.
    Line("GET /scenarios", ALL),
    Line("GET /scenarios/<int:listing_id>", ALL),
    Line("POST /scenarios", "1yy33y2 yy33", SCENARIO),
    Line("PATCH /scenarios/<int:listing_id>", OWN_DRAFT, {"title": "另一个标题"}, "draft"),
    Line("POST /scenarios/<int:listing_id>/submissions", OWN_DRAFT, record="draft"),
    Line("POST /scenarios/<int:listing_id>/reviews", "144y4yy 34y4", {"decision": "publish"}, "pending"),
    Line("POST /scenarios/<int:listing_id>/withdrawals", READS, {}),
    Line("POST /scenarios/<int:listing_id>/revisions", "144343y y434", record="expired"),
    Line("POST /scenarios/<int:listing_id>/renewals", OWNER, {"expires_on": "2026-01-01"}),
    Line("GET /scenarios/<int:listing_id>/events", READS),
]
