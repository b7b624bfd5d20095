"""Answers of innovation resources and bookings."""

from __future__ import annotations

from tests.market.permissions.entries import KEEP_KNOWN, entry_lines
from tests.market.permissions.lines import ALL, SIGNED_IN, Line

SPAN = {"starts_at": "2025-07-01T02:00:00Z", "ends_at": "2025-07-01T04:00:00Z"}
JUNE = "?start=2025-06-01T00:00:00Z&end=2025-07-01T00:00:00Z"
SIDES = "14444yy yy44"
"""Who booked, the resource's unit and its bureau."""
MINDER = "14444yy 3y44"
"""The resource's unit and its bureau; who booked is told that it is theirs to decide."""
ONE = "/resources/<int:entry_id>"
"""Besides the usual, one that the broker proposed: it is not the broker's to take back once it is listed."""

TABLE: list[Line] = [
    *entry_lines("resources", {"title": "新仪器", "category": "instrument"}),
    Line(f"POST {ONE}/revisions", KEEP_KNOWN, record="brokered"),
    Line(f"POST {ONE}/delistings", KEEP_KNOWN, {"note": "不再开放"}, "brokered"),
    Line("GET /resources/sharing", ALL, query="?region=320281"),
    Line("GET /resources/<int:entry_id>/calendar", ALL, query=JUNE),
    Line("GET /resources/<int:entry_id>/usage", ALL, query=JUNE),
    Line("POST /resources/<int:entry_id>/closures", KEEP_KNOWN, {**SPAN, "reason": "年度校准"}),
    Line("DELETE /resources/<int:entry_id>/closures/<int:closure_id>", KEEP_KNOWN),
    Line("POST /resources/<int:entry_id>/bookings", "1yyy333 y3y3", {**SPAN, "purpose": "测试"}),
    Line("GET /bookings", SIGNED_IN),
    Line("GET /bookings/<int:booking_id>", SIDES),
    Line("POST /bookings/<int:booking_id>/decisions", MINDER, {"accepted": True}),
    Line("POST /bookings/<int:booking_id>/cancellations", SIDES, {}),
    Line("POST /bookings/<int:booking_id>/uses", MINDER, {"used_minutes": 30}, record="begun"),
    Line("POST /bookings/<int:booking_id>/absences", MINDER, {}, record="begun"),
]
