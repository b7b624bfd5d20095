"""Answers of registers, editions, agencies and consortia."""

from __future__ import annotations

from tests.market.permissions.entries import KEEP, OFFICE, entry_lines
from tests.market.permissions.lines import ALL, Line

HERE = "?region=320281"
MEMBER = {"name": "新成员", "joined_on": "2025-01-06"}
NEXT = {"register": "consortia", "region_code": "320281"}

TABLE: list[Line] = [
    *entry_lines("agencies", {"title": "新备案的机构", "category": "transfer", "filed_on": "2025-01-06"}),
    *entry_lines(
        "consortia",
        {"title": "新建的联盟", "category": "alliance", "founded_on": "2025-01-06"},
        check="144444y 4344",  # it waits in another county, whose bureau nobody here is
    ),
    # A draft's members are written by its unit, those of a listed one by the bureau.
    Line("POST /consortia/<int:entry_id>/members", KEEP, MEMBER, "draft"),
    Line("POST /consortia/<int:entry_id>/members", OFFICE, MEMBER),
    Line("DELETE /consortia/<int:entry_id>/members/<int:member_id>", OFFICE),
    Line("GET /entries/<int:entry_id>/recognitions", ALL),
    Line(
        "POST /entries/<int:entry_id>/recognitions",
        OFFICE,
        {"level": "municipal", "recognised_on": "2025-01-06", "recognised_by": "市科技局"},
    ),
    Line(
        "POST /entries/<int:entry_id>/recognitions/<int:recognition_id>/endings",
        OFFICE,
        {"ended_on": "2025-05-30", "note": "已注销"},
    ),
    Line("GET /entries/<int:entry_id>/evaluations", ALL),
    Line(
        "POST /entries/<int:entry_id>/evaluations/<int:evaluation_id>/withdrawals",
        OFFICE,
        {"note": "服务企业误录"},
    ),
    Line("POST /entries/<int:entry_id>/evaluations", OFFICE, {"year": 2024, "grade": "good"}),
    Line("GET /registers", OFFICE, query=HERE),
    Line("POST /registers/<register>/checks", OFFICE, {"decision": "list", "region_code": "320281"}),
    Line("GET /registers/<register>/files/<any(xlsx, csv):file_format>", OFFICE, query=HERE),
    Line("GET /editions", ALL),
    Line("POST /editions", OFFICE, {**NEXT, "as_of": "2025-06-01"}),
    Line("POST /editions/previews", OFFICE, NEXT),
    Line("GET /editions/<int:edition_id>", ALL),
    Line("GET /editions/<int:edition_id>/rows", ALL),
    Line("GET /editions/<int:edition_id>/files/<any(xlsx, csv):file_format>", ALL),
]
