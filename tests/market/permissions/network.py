"""Answers of the tree of service nodes: anyone looks, the bureau of the region and admins build it.

Matches are counted for those who oversee or read them; the contracts of a unit for itself and its bureau.
"""

from __future__ import annotations

from tests.market.permissions.lines import ALL, Line

CHARGE = "13333yy 3333"
"""Those in charge of the region."""

NODE = {
    "level": "node",
    "parent_id": "{network_parent}",
    "title": "周庄工作站",
    "region_code": "320281",
    "opened_on": "2025-06-10",
}

TABLE: list[Line] = [
    Line("GET /network", ALL),
    Line("POST /network/nodes", CHARGE, NODE),
    Line("GET /network/nodes/<int:network_id>", ALL),
    Line("PATCH /network/nodes/<int:network_id>", CHARGE, {"title": "澄江工作站"}),
    Line("POST /network/nodes/<int:network_id>/moves", CHARGE, {"parent_id": "{network_root}"}),
    Line("POST /network/nodes/<int:network_id>/closures", CHARGE, {}),
    Line(
        "POST /network/nodes/<int:network_id>/staff",
        CHARGE,
        {"user_id": "{network_user}", "duty": "liaison", "since": "2025-06-10"},
    ),
    Line("DELETE /network/nodes/<int:network_id>/staff/<int:staff_id>", CHARGE),
    Line("GET /network/nodes/<int:network_id>/overview", ALL),
    Line("GET /network/nodes/<int:network_id>/records", ALL, query="?figure=needs"),
    Line("GET /network/nodes/<int:network_id>/records", "133y3yy 33y3", query="?figure=suggestions"),
    Line(
        "GET /network/nodes/<int:network_id>/records", "13333yy 3y33", query="?figure=output", record="unit"
    ),
]
