"""Answers of bundles of achievements: the desk makes them, the buyer subscribes to them.

What is not released is known to its maker's unit, the bureau and admins; an inbox to its unit alone.
"""

from __future__ import annotations

from tests.market.permissions.lines import ALL, Line

ONE = "/bundles/<int:bundle_id>"
KEEPERS = "14444yy 44y4"
SUBSCRIBERS = "1yy3333 yy33"
OWN = "1443333 y433"
FORM = {
    "title": "印染废水成果包",
    "summary": "面向高端纺织链。",
    "chain_code": "chain-textile",
    "release_on": "2025-06-10",
    "region_code": "320281",
}

TABLE: list[Line] = [
    Line("GET /bundles", ALL),
    Line("POST /bundles", "133y3yy 33y3", FORM),
    Line(f"GET {ONE}", ALL),
    Line(f"GET {ONE}", "44444yy 44y4", record="draft"),
    Line(f"PATCH {ONE}", KEEPERS, {"title": "印染废水"}, record="draft"),
    Line(
        f"POST {ONE}/items",
        KEEPERS,
        {"items": [{"achievement_id": "{achievements}", "words": "已中试"}]},
        record="draft",
    ),
    Line(f"POST {ONE}/releases", KEEPERS, record="due"),
    Line(f"POST {ONE}/withdrawals", "13333yy 33y3", {"note": "权属有争议"}),
    Line("GET /bundle-subscriptions", SUBSCRIBERS),
    Line("POST /bundle-subscriptions", SUBSCRIBERS, {"tech_field": "01"}),
    Line("DELETE /bundle-subscriptions/<int:subscription_id>", OWN),
    Line("GET /bundle-deliveries", SUBSCRIBERS),
    Line("POST /bundle-deliveries/<int:delivery_id>/readings", OWN),
]
