"""Answers of challenges: the buyer asks for them, the seller bids, the bureau does the rest.

What is not on a list yet is known to the buyer and those in charge; a bid is sealed until the call closes.
"""

from __future__ import annotations

from tests.market.challenges.factories import points
from tests.market.permissions.lines import ALL, SIGNED_IN, Line

CHARGE = "13333yy 3333"
"""Those in charge of the region."""
UNLISTED = "14444yy y444"
"""They and the demand side; nobody else knows of it."""
TEAM = "1444444 4y44"
"""The team alone, as long as bids are sealed."""

FORM = {
    "need_id": "{challenge_need}",
    "mode": "open_call",
    "goals": "清洗周期延长到十二个月。",
    "indicators": [{"name": "清洗周期", "value": "不低于12个月"}],
    "conditions": "有工程业绩。",
    "ip_terms": "归双方共有。",
    "budget_fen": 80_000_000,
    "grant_fen": 20_000_000,
    "duration_months": 24,
}
BID = {"leader_name": "周文远", "plan": "以荷电纳滤截留有机物，并在线清洗。", "amount_fen": 100, "months": 6}
RULES = {
    "version": "江阴2025",
    "region_code": "320281",
    "in_force_from": "2025-01-01",
    "budget_per_grant": 3,
    "solver_percent": 50,
    "max_months": 24,
    "crowd_limit_fen": 10_000_000,
    "panel_size": 5,
    "panel_least": 3,
    "notice_days": 5,
    "max_awards": 3,
    "source": "测试",
    "verified": False,
}
LATER = "2025-07-01T00:00:00+08:00"
MILESTONE = {"name": "样机", "target": "连续运行", "due_on": "2025-12-31"}

TABLE: list[Line] = [
    # From a need to a list.
    Line("POST /challenges", "13333yy y333", FORM),
    Line("GET /challenges", ALL),
    Line("GET /challenges/<int:challenge_id>", ALL),
    Line("GET /challenges/<int:challenge_id>", "44444yy y444", record="collected"),
    Line("PATCH /challenges/<int:challenge_id>", UNLISTED, {"key": True}, record="collected"),
    Line(
        "POST /challenges/<int:challenge_id>/screenings", "14444yy 3444", {"chosen": True}, record="collected"
    ),
    Line(
        "POST /challenges/<int:challenge_id>/screenings",
        UNLISTED,
        {"chosen": False, "note": "另行研发"},
        record="screened",
    ),
    Line(
        "POST /challenge-lists",
        CHARGE,
        {"region_code": "320281", "ids": ["{challenge_id-screened}"], "closes_at": LATER},
    ),
    Line(
        "POST /challenges/<int:challenge_id>/invitations",
        CHARGE,
        {"organisation_id": "{seller_unit}", "closes_at": LATER},
        record="listed",
    ),
    Line(
        "POST /challenges/<int:challenge_id>/postponements",
        CHARGE,
        {"closes_at": LATER, "note": "申报不足"},
        record="due",
    ),
    Line("POST /challenges/<int:challenge_id>/closings", CHARGE, record="due"),
    Line("POST /challenges/<int:challenge_id>/cancellations", CHARGE, {"note": "需求变化"}),
    Line("GET /challenges/<int:challenge_id>/events", CHARGE),
    Line("GET /challenge-rules", ALL, query="?region=320281"),
    Line("POST /challenge-rules", CHARGE, RULES),
    # The annex: the seller has agreed to its terms.
    Line(
        "POST /challenges/<int:challenge_id>/annex-agreements",
        "1yy3333 yy33",
        {"terms_digest": "{terms_digest}"},
    ),
    Line("GET /challenges/<int:challenge_id>/annex-agreements", "13333yy y333"),
    Line("GET /challenges/<int:challenge_id>/annex", "13333yy yy33"),
    # Bids.
    Line("POST /challenges/<int:challenge_id>/bids", "1yy3333 3y33", BID),
    Line("GET /challenges/<int:challenge_id>/bids", SIGNED_IN),
    Line("GET /challenge-bids/<int:bid_id>", "14444yy yy44"),
    Line("GET /challenge-bids/<int:bid_id>", TEAM, record="draft"),
    Line("PATCH /challenge-bids/<int:bid_id>", TEAM, {"months": 3}, record="draft"),
    Line("POST /challenge-bids/<int:bid_id>/submissions", TEAM, record="draft"),
    Line("POST /challenge-bids/<int:bid_id>/withdrawals", TEAM, record="draft"),
    Line("POST /challenge-bids/<int:bid_id>/checks", "14444yy 4344", {"passed": True}, record="submitted"),
    Line(
        "POST /challenge-bids/<int:bid_id>/appraisals", "1444433 y344", {"points": points()}, record="crowd"
    ),
    # Experts: those of the panels have accounts of their own.
    Line("POST /challenges/<int:challenge_id>/panels", CHARGE, {"size": 3}, record="checked"),
    Line("GET /challenges/<int:challenge_id>/panels", SIGNED_IN, record="checked"),
    Line("POST /panel-seats/<int:seat_id>/declarations", "14444yy 4444", {"free": False, "words": "存档"}),
    Line(
        "POST /panel-seats/<int:seat_id>/declarations",
        "1444433 4444",
        {"free": True, "words": "存档"},
        record="account",
    ),
    Line(
        "POST /panel-seats/<int:seat_id>/scores",
        "14444yy 4444",
        {"bid_id": "{bid_id-half}", "points": points()},
        record="cleared",
    ),
    Line("GET /challenges/<int:challenge_id>/ranking", CHARGE, record="scored"),
    Line("POST /challenges/<int:challenge_id>/reviews", CHARGE, {}, record="scored"),
    Line(
        "POST /integrity-records",
        CHARGE,
        {
            "region_code": "320281",
            "organisation_id": "{seller_unit}",
            "reason": "虚报指标",
            "barred_until": "2026-06-10",
        },
    ),
    Line("GET /integrity-records", CHARGE),
    Line("POST /integrity-records/<int:integrity_id>/withdrawals", CHARGE, {"note": "登记有误"}),
    # Notices and awards.
    Line(
        "POST /challenges/<int:challenge_id>/notices",
        CHARGE,
        {"winners": [{"bid_id": "{bid_id-reviewed}", "grant_fen": 0}]},
        record="reviewed",
    ),
    Line("GET /challenges/<int:challenge_id>/notices", ALL, record="noticed"),
    Line(
        "POST /challenges/<int:challenge_id>/notice-withdrawals",
        CHARGE,
        {"note": "名单有误"},
        record="noticed",
    ),
    Line(
        "POST /challenges/<int:challenge_id>/objections",
        SIGNED_IN,
        {"words": "业绩不实"},
        record="noticed",
    ),
    Line("GET /challenges/<int:challenge_id>/objections", SIGNED_IN, record="noticed"),
    Line(
        "POST /challenge-objections/<int:objection_id>/answers",
        CHARGE,
        {"upheld": False, "answer": "经核属实"},
        record="challenge",
    ),
    Line(
        "POST /challenges/<int:challenge_id>/awards",
        CHARGE,
        {"projects": [{"bid_id": "{bid_id-ended}", "milestones": [MILESTONE]}]},
        record="ended",
    ),
    Line("GET /challenges/<int:challenge_id>/awards", ALL, record="ended"),
    Line("POST /awards/<int:award_id>/starts", CHARGE, {}, record="contracted"),
    Line(
        "POST /awards/<int:award_id>/reviews",
        CHARGE,
        {"kind": "midterm", "decision": "pass", "note": "进度正常"},
    ),
    Line("POST /awards/<int:award_id>/terminations", CHARGE, {"note": "协商解除"}),
    Line(
        "POST /awards/<int:award_id>/grant-payments",
        CHARGE,
        {"payee": "solver", "amount_fen": 100, "paid_on": "2025-06-09"},
    ),
    Line("POST /grant-payments/<int:payment_id>/withdrawals", CHARGE, {"note": "误记"}, record="grant"),
]
