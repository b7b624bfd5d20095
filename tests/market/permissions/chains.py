"""Answers of industrial chains."""

from __future__ import annotations

from tests.factories import make_uscc
from tests.market.permissions.entries import OFFICE, entry_lines
from tests.market.permissions.lines import ALL, Line

HERE = "?region=320281"

TABLE: list[Line] = [
    *entry_lines("chain-nodes", {"title": "新环节", "chain_code": "chain-metal", "segment": "upstream"}),
    *entry_lines("chain-enterprises", {"title": "新企业", "uscc": make_uscc()}),
    # What changes an entry that is on its list already is for the bureau.
    Line("POST /chain-nodes/<int:entry_id>/edges", OFFICE, {"downstream_id": "{free_node}"}),
    Line("DELETE /chain-nodes/<int:entry_id>/edges/<int:downstream_id>", OFFICE),
    Line(
        "POST /chain-enterprises/<int:entry_id>/positions",
        OFFICE,
        {"node_id": "{free_node}", "role": "core"},
    ),
    Line("DELETE /chain-enterprises/<int:entry_id>/positions/<int:node_id>", OFFICE),
    Line(
        "POST /chain-enterprises/<int:entry_id>/tags",
        OFFICE,
        {"tag": "gazelle", "year": 2024, "source": "名单"},
    ),
    Line("DELETE /chain-enterprises/<int:entry_id>/tags/<int:tag_id>", OFFICE),
    Line("GET /chains/<code>/graph", ALL, record="chain", query=HERE),
    Line("GET /chains/<code>/gaps", ALL, record="chain", query=HERE),
]
