"""Answers of projects and key technologies."""

from __future__ import annotations

from tests.market.permissions.entries import KEEP, KEEP_KNOWN, OFFICE, entry_lines
from tests.market.permissions.lines import Line

MILESTONE = {"name": "中试", "target": "连续运行72小时", "due_on": "2026-03-31"}
MEMBER = {"name": "陆一舟", "unit": "暨阳大学"}
PAYMENT = {"payer": "enterprise", "amount_fen": 100, "paid_on": "2025-06-01"}
ONE = "/projects/<int:entry_id>"

TABLE: list[Line] = [
    *entry_lines("projects", {"title": "新项目", "category": "research"}),
    Line("POST /achievements/<int:achievement_id>/projects", "133y3yy 3yy3", {"category": "conversion"}),
    Line("POST /contracts/<int:contract_id>/projects", "14444yy 3y33", {"category": "conversion"}),
    # A draft is planned by its unit, what is in the pool by the bureau.
    Line(f"POST {ONE}/members", KEEP, MEMBER, "draft"),
    Line(f"POST {ONE}/members", OFFICE, MEMBER),
    Line(f"DELETE {ONE}/members/<int:member_id>", OFFICE, record="running"),
    Line(f"POST {ONE}/milestones", KEEP, MILESTONE, "draft"),
    Line(f"POST {ONE}/milestones", OFFICE, MILESTONE),
    Line(f"DELETE {ONE}/milestones/<int:milestone_id>", OFFICE, record="running"),
    # Its unit hands in, the bureau decides and pays.
    Line(
        f"POST {ONE}/milestones/<int:milestone_id>/submissions",
        KEEP_KNOWN,
        {"evidence": "检测报告"},
        "running",
    ),
    Line(f"POST {ONE}/milestones/<int:milestone_id>/decisions", OFFICE, {"accepted": True}, "submitted"),
    Line(f"POST {ONE}/payments", OFFICE, PAYMENT, "running"),
    Line(f"POST {ONE}/payments/<int:payment_id>/withdrawals", OFFICE, {"note": "重复"}, "running"),
    Line(f"POST {ONE}/stages", OFFICE, {"stage": "pilot"}, "running"),
    Line(f"POST {ONE}/closings", OFFICE, {"accepted": False, "note": "停止"}, "running"),
    *entry_lines("key-technologies", {"title": "新技术"}),
    Line("POST /key-technologies/<int:entry_id>/progress", OFFICE, {"progress": "tackling"}),
    Line("POST /key-technologies/<int:entry_id>/needs", KEEP_KNOWN, {"need_id": "{need_id}"}),
    Line("DELETE /key-technologies/<int:entry_id>/needs/<int:need_id>", KEEP_KNOWN, record="linked"),
]
