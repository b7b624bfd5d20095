"""Answers of the red and black lists: all records are about the buyer's unit.

What is in force is for anyone; what goes before is known to the unit from the notice on, and to those in
charge of the region, of whom another one takes each step.
"""

from __future__ import annotations

from tests.market.permissions.lines import ALL, Line

CHARGE = "13333yy 3333"
"""Those in charge, where anyone may read the record."""
INNER = "14444yy 4444"
"""They, where nobody else knows of it."""
PLEA = {"words": "业绩属实。", "evidence": "书面材料存科技局。"}

TABLE: list[Line] = [
    Line(
        "POST /conduct-records",
        CHARGE,
        {
            "list": "black",
            "organisation_id": "{conduct_unit}",
            "ground": "black_disruption",
            "facts": "反复恶意揭榜，扰乱交易秩序。",
            "evidence": "见三次揭榜撤回的记录。",
            "documents": ["揭榜撤回记录汇总"],
            "expires_on": "2026-06-10",
        },
    ),
    Line("GET /conduct-records", ALL),
    Line("GET /conduct-records/<int:conduct_id>", ALL),
    Line("GET /conduct-records/<int:conduct_id>", "44444yy y444", record="noticed"),
    Line("GET /conduct-records/<int:conduct_id>", "44444yy 4444", record="proposed"),
    Line("POST /conduct-records/<int:conduct_id>/checks", INNER, {"passed": True}, record="proposed"),
    Line("POST /conduct-records/<int:conduct_id>/objections", "14444yy y444", PLEA, record="noticed"),
    Line(
        "POST /conduct-records/<int:conduct_id>/decisions",
        "14444yy 3444",
        {"decision": "dismiss", "note": "证据确凿。"},
        record="objected",
    ),
    Line(
        "POST /conduct-records/<int:conduct_id>/decisions",
        "14444yy 3444",
        {"decision": "list"},
        record="due",
    ),
    Line("POST /conduct-records/<int:conduct_id>/removals", CHARGE, {"note": "已完成信用修复。"}),
    Line("POST /conduct-records/<int:conduct_id>/appeals", "13333yy y333", PLEA),
    Line(
        "POST /conduct-records/<int:conduct_id>/appeal-decisions",
        CHARGE,
        {"upheld": False, "answer": "经复核，认定无误。"},
        record="appealed",
    ),
    Line("GET /conduct-records/<int:conduct_id>/events", "13333yy y333"),
]
