"""Answers of reference data, accounts, listings, matches and imports."""

from __future__ import annotations

from tests.market.permissions.lines import ALL, PASSWORD, SIGNED_IN, Line, sides_swapped

LISTING = {"title": "反渗透膜清洗周期短", "body": "进水电导高，三个月就要清洗，希望延长清洗周期。"}

TABLE = [
    # Reference data and the public part of the market are for anyone.
    Line("GET /codes/<scheme>", ALL),
    Line("GET /regions", ALL),
    Line("GET /regions/<code>", ALL),
    Line("GET /parks", ALL),
    Line("GET /needs", ALL),
    Line("GET /needs/<int:listing_id>", ALL),
    Line("GET /achievements", ALL),
    Line("GET /achievements/<int:listing_id>", ALL),
    Line("POST /searches", ALL, {"text": "废水"}),
    # Accounts.
    Line("POST /tokens", ALL, {"login": "gate.keeper", "password": PASSWORD}),
    Line("GET /tokens", SIGNED_IN),
    Line("DELETE /tokens/<int:token_id>", "1444444 4444"),
    Line("GET /me", SIGNED_IN),
    Line("POST /me/passwords", SIGNED_IN, {"old": PASSWORD, "new": "another long phrase"}),
    Line("GET /users", SIGNED_IN),
    Line(
        "POST /users",
        "133333y y333",
        {
            "login": "new.user",
            "name": "新",
            "password": PASSWORD,
            "role": "enterprise",
            "organisation_id": "{organisation}",
        },
    ),
    Line("POST /users/<int:user_id>/deactivations", "133333y y333"),
    Line("POST /users/<int:user_id>/activations", "133333y y333"),
    Line(
        "POST /organisations",
        ALL,
        {
            "kind": "enterprise",
            "name": "新企业",
            "uscc": "{uscc}",
            "region_code": "320281",
            "user": {"login": "first.user", "name": "新", "password": PASSWORD},
        },
    ),
    Line("GET /organisations", SIGNED_IN),
    Line("GET /organisations/<int:organisation_id>", SIGNED_IN),
    Line("PATCH /organisations/<int:organisation_id>", "13333yy 3333", {"contact_name": "新"}),
    Line("POST /organisations/<int:organisation_id>/verifications", "13333yy 3333", {"decision": "verified"}),
    # Listings.
    *(
        Line(endpoint.replace("#", plural), order(answers), body, record)
        for plural, order in (("needs", str), ("achievements", sides_swapped))
        for endpoint, answers, body, record in [
            ("POST /#", "1y33332 y333", LISTING, ""),
            ("PATCH /#/<int:listing_id>", "144444y y444", {"title": "另一个标题"}, "draft"),
            ("POST /#/<int:listing_id>/submissions", "144444y y444", None, "draft"),
            ("POST /#/<int:listing_id>/reviews", "144y4yy 34y4", {"decision": "publish"}, "pending"),
            ("POST /#/<int:listing_id>/withdrawals", "133y3yy y3y3", {}, ""),
            ("POST /#/<int:listing_id>/revisions", "144343y y434", None, "expired"),
            ("POST /#/<int:listing_id>/renewals", "133333y y333", {"expires_on": "2026-01-01"}, ""),
            ("GET /#/<int:listing_id>/events", "133y3yy y3y3", None, ""),
            ("GET /#/<int:listing_id>/matches", "133y33y 33y3", None, ""),
        ]
    ),
    # Suggestions.
    Line("GET /suggestions", "1yyy33y yyy3"),
    Line("GET /suggestions/quality", "133y3yy 33y3"),
    Line("GET /suggestions/<int:suggestion_id>", "144y44y yyy4"),
    Line("POST /suggestions/<int:suggestion_id>/assignments", "144y442 44y4", {}, record="suggested"),
    Line(
        "POST /suggestions/<int:suggestion_id>/reviews",
        "144y443 44y4",
        {"decision": "recommend", "reason_code": "indicators_fit", "words": "工艺对口"},
        record="suggested",
    ),
    Line(
        "POST /suggestions/<int:suggestion_id>/interests",
        "1443443 yy34",
        {"interested": True},
        record="recommended",
    ),
    Line("GET /suggestions/<int:suggestion_id>/confidential", "1443443 yyy4"),
    Line("POST /suggestions/<int:suggestion_id>/notes", "1443443 yyy4", {"words": "已联系"}),
    Line("POST /suggestions/<int:suggestion_id>/outcomes", "1443443 yyy4", {"signed": True, "words": "已签"}),
    Line("GET /suggestions/<int:suggestion_id>/events", "144y44y yyy4"),
    # Imports.
    Line("POST /imports", "1y3333y y333", {"kind": "needs", "dry_run": "true"}),
    Line("POST /imports", "13yy3yy 3yy3", {"kind": "agencies", "dry_run": "true"}),
    Line("POST /imports", "13y33yy 3y33", {"kind": "talents", "dry_run": "true"}),
    Line(
        "POST /imports", "133333y 333y", {"kind": "contracts", "dry_run": "true", "organisation": "{station}"}
    ),
    Line("GET /imports/<int:import_id>", "144444y 4444"),
]
