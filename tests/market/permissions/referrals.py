"""Answers of suggestions across kinds: a need of the buyer, experts of the seller's."""

from __future__ import annotations

from tests.market.permissions.lines import SIGNED_IN, Line

ONE = "/referrals/<int:referral_id>"
READS = "144y44y yyy4"

TABLE: list[Line] = [
    Line("GET /desk", "133y33y 33y3"),
    Line("GET /referrals", SIGNED_IN),
    Line(f"GET {ONE}", READS),
    Line(f"GET {ONE}/events", READS),
    # The sides have agreed; the expert's unit sees it anyway, the others if the expert consents.
    Line(f"GET {ONE}/contact", "144344y 3y34"),
    Line(f"POST {ONE}/assignments", "144y442 44y4", {}, record="suggested"),
    Line(
        f"POST {ONE}/reviews",
        "144y443 44y4",
        {"decision": "recommend", "reason_code": "indicators_fit", "words": "研究方向对口"},
        record="suggested",
    ),
    Line(f"POST {ONE}/interests", "1443443 yy34", {"interested": True}, record="recommended"),
    # For a node its bureau speaks; the achievement that might fill the gap is the seller's.
    Line(f"POST {ONE}/interests", "14434y3 4y34", {"interested": True}, record="gap"),
    Line(f"POST {ONE}/outcomes", "1443443 yyy4", {"signed": True, "words": "签订咨询合同"}),
    *(
        Line(f"GET /{own}/<int:listing_id>/matches", "133y33y 33y3", query=f"?kind={kind}")
        for own, kind in (("needs", "expert"), ("achievements", "resource"))
    ),
]
