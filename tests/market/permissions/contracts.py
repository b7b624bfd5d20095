"""Answers of contracts: application, station, requests, papers, certificates, income, credit.

Every contract came from the suggestion of the broker in charge, who may read it and takes no step. A
stranger may not know of it, but for bureaus over the station and admins, who take no step of a station.
"""

from __future__ import annotations

from tests.market.contracts.factories import QUESTIONS
from tests.market.permissions.lines import ALL, SIGNED_IN, Line

FORM = {
    "station_id": "{station}",
    "type_code": "KF",
    "subtype_code": "KF1",
    "project_name": "膜法水处理工艺开发",
    "signed_on": "2025-05-20",
    "tech_field": "07",
    "ip_kind": "10",
    "plan_source": "90",
    "total_amount_fen": 100,
    "tech_amount_fen": 80,
    "payment_mode": "instalments",
    "seller": {"nature_code": "150"},
    "buyer": {
        "name": "场外企业",
        "uscc": "{uscc}",
        "nature_code": "150",
        "country_code": "156",
        "region_code": "320281",
    },
}
BROKERAGE = {**FORM, "type_code": "FW", "subtype_code": "FW2"}
OPINION = {
    "name": "陈工",
    "unit": "省水处理学会",
    "conclusion": "support",
    "words": "属技术开发。",
    "opined_on": "2025-06-10",
}
RECEIPT = {"received_from": "2025-01-01", "received_to": "2025-03-31", "received_fen": 100}
SETTLEMENT = {"total_amount_fen": 120_000_000, "tech_amount_fen": 90_000_000, "reason": "提成已结算"}
CREDIT = {"agency_id": "{agency}", "role": "matching", "share_bp": 1}

READ = "14444yy yyyy"
APPLICANT_AT_HOME = "1444443 3y34"  # while the application is not yet handed in
APPLICANT = "1444433 3y33"
STATION = "1444433 333y"

TABLE = [
    # The rules are open to anyone; so is who serves whom.
    Line("GET /registration-rules", ALL),
    Line("GET /document-requirements", ALL),
    Line("GET /stations", ALL),
    Line(
        "POST /stations/<int:station_id>/territories",
        "13333yy 3333",
        {"region_code": "320282", "source": "批复"},
    ),
    Line("DELETE /stations/<int:station_id>/territories/<region_code>", "13333yy 3333"),
    Line(
        "POST /stations/<int:station_id>/duties", "13333yy 3333", {"user_id": "{trainee}", "duty": "examine"}
    ),
    Line("GET /stations/<int:station_id>/duties", "13333yy 333y"),
    Line("POST /station-duties/<int:duty_id>/endings", "13333yy 3333"),
    # The applicant's part.
    Line("POST /contracts", "1yy3333 yy33", FORM),
    Line("POST /contracts", "1yyy333 yyy3", BROKERAGE),
    Line("GET /contracts", SIGNED_IN),
    Line("GET /contracts/<int:contract_id>", READ),
    Line("GET /contracts/<int:contract_id>", "144444y yyy4", record="draft"),
    Line("GET /contracts/<int:contract_id>/questions", "14444yy 3y3y"),
    Line(
        "PATCH /contracts/<int:contract_id>",
        APPLICANT_AT_HOME,
        {"project_name": "改名的项目"},
        record="draft",
    ),
    Line(
        "POST /contracts/<int:contract_id>/submissions",
        APPLICANT_AT_HOME,
        {"confirmed": sorted(QUESTIONS)},
        record="draft",
    ),
    Line("POST /contracts/<int:contract_id>/withdrawals", APPLICANT, record="submitted"),
    # The station's part.
    Line("GET /contracts/deadlines", "1333yyy 333y"),
    Line("POST /contracts/<int:contract_id>/acceptances", STATION, {}, record="submitted"),
    Line(
        "POST /contracts/<int:contract_id>/examinations",
        STATION,
        {"finding": "属于技术合同。"},
        record="accepted",
    ),
    Line("POST /contracts/<int:contract_id>/disputes", STATION, {"reason": "权属有争议"}, record="accepted"),
    Line(
        "POST /contracts/<int:contract_id>/expert-reviews", STATION, {"reason": "工艺新"}, record="accepted"
    ),
    Line("POST /contracts/<int:contract_id>/expert-opinions", STATION, OPINION, record="heard"),
    Line("GET /contracts/<int:contract_id>/expert-opinions", "14444yy 333y"),
    Line("POST /contracts/<int:contract_id>/returns", STATION, {"note": "补材料"}, record="in_review"),
    Line(
        "POST /contracts/<int:contract_id>/refusals",
        STATION,
        {"reason_code": "not_technology", "note": "非技术合同"},
        record="in_review",
    ),
    Line("POST /contracts/<int:contract_id>/approvals", STATION, record="in_review"),
    Line("POST /contracts/<int:contract_id>/approvals", STATION, record="large_review"),
    # After registration. A revocation proposed by the station may be decided from above too.
    Line(
        "POST /contracts/<int:contract_id>/change-requests",
        APPLICANT,
        {"reason": "更正", "changes": {"project_name": "改名的项目"}},
    ),
    Line("POST /contracts/<int:contract_id>/settlement-requests", APPLICANT, SETTLEMENT, record="estimated"),
    Line("POST /contracts/<int:contract_id>/cancellation-requests", APPLICANT, {"reason": "终止"}),
    Line(
        "POST /contracts/<int:contract_id>/revocations",
        "14444y3 333y",
        {"reason_code": "fraud", "reason": "虚假"},
    ),
    Line("POST /contract-requests/<int:request_id>/examinations", STATION, {"note": "属实"}),
    Line(
        "POST /contract-requests/<int:request_id>/decisions",
        STATION,
        {"decision": "approve"},
        record="examined",
    ),
    Line(
        "POST /contract-requests/<int:request_id>/decisions",
        "14444y3 333y",
        {"decision": "approve"},
        record="revocation",
    ),
    Line("GET /contracts/<int:contract_id>/events", READ),
    Line("GET /contracts/<int:contract_id>/requests", READ),
    # Papers are not for the broker; one about persons or money is not for the other party either.
    Line(
        "POST /contracts/<int:contract_id>/documents",
        APPLICANT_AT_HOME,
        {"kind": "contract_text"},
        record="draft",
    ),
    Line("GET /contracts/<int:contract_id>/documents", "14444yy yy3y"),
    Line("GET /contracts/<int:contract_id>/documents/<int:document_id>", "14444yy yy3y"),
    Line("GET /contracts/<int:contract_id>/documents/<int:document_id>", "14444yy 4y3y", record="private"),
    Line(
        "DELETE /contracts/<int:contract_id>/documents/<int:document_id>", APPLICANT_AT_HOME, record="draft"
    ),
    # Certificates and lists.
    Line("GET /contracts/<int:contract_id>/certificates", READ),
    Line("GET /certificates/<int:certificate_id>/pdf", READ),
    Line("GET /verifications/<code>", ALL, record="verification"),
    Line("POST /registration-lists", STATION, {"contract_ids": ["{contract_id}"]}),
    Line("GET /registration-lists", SIGNED_IN),
    Line("GET /registration-lists/<int:list_id>", "14444yy 4y4y"),
    Line("GET /registration-lists/<int:list_id>/pdf", "14444yy 4y4y"),
    Line("POST /registration-lists/<int:list_id>/voidings", "1444433 434y", {"reason": "选错"}),
    # Verification of income is between applicant and station.
    Line("POST /contracts/<int:contract_id>/income-verifications", APPLICANT, RECEIPT),
    Line("GET /income-verifications", SIGNED_IN),
    Line("GET /income-verifications/sums", "1333yyy 333y"),
    Line("GET /income-verifications/<int:verification_id>", "14444yy 4y4y"),
    Line(
        "POST /income-verifications/<int:verification_id>/resubmissions",
        "1444433 4y43",
        RECEIPT,
        record="returned",
    ),
    Line(
        "POST /income-verifications/<int:verification_id>/decisions",
        "1444433 434y",
        {"decision": "refuse", "note": "无关"},
    ),
    Line("GET /income-verifications/<int:verification_id>/pdf", "14444yy 4y4y", record="verified"),
    # Credit is given by the station, or from above.
    Line("GET /contracts/<int:contract_id>/attributions", READ),
    Line("POST /contracts/<int:contract_id>/attributions", "14444yy 333y", CREDIT),
    Line("POST /attributions/<int:attribution_id>/withdrawals", "14444yy 333y"),
]
