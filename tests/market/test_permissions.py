"""Who may do what: every endpoint of the API against every role.

Every role asks about records of strangers in its own region, with input that is right, so that an
answer tells of permission and of nothing else. An endpoint without a line here fails the test.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import Any

import flask
import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.models import AccessToken
from market.accounts.queries import actor_of
from market.accounts.rules import OrganisationKind, OrganisationStatus
from market.contracts.models import ContractRequest
from market.contracts.rules import RequestKind
from market.contracts.rules import Status as ContractStatus
from market.exchange.models import ImportRun
from market.exchange.rules.runs import ImportKind, Mode
from market.listings.rules import Status as ListingStatus
from market.matches.rules import Status as SuggestionStatus
from market.turnover.ledger import TurnoverLedger
from market.turnover.models import Target, TurnoverEntry
from tests.factories import (
    NOW,
    as_actor,
    make_achievement,
    make_need,
    make_organisation,
    make_token,
    make_user,
    make_uscc,
)
from tests.market.contracts.factories import make_contract, make_station
from tests.market.turnover.factories import make_suggestion

ROLES = ("anyone", "enterprise", "university", "broker", "registrar", "bureau", "admin")
ALL = "ok ok ok ok ok ok ok"
PASSWORD = "correct horse battery"
LISTING = {"title": "反渗透膜清洗周期短", "body": "进水电导高，三个月就要清洗，希望延长清洗周期。"}
CONTRACT = {
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
    "buyer": {"name": "场外企业", "nature_code": "150", "country_code": "156", "region_code": "320281"},
}


@dataclass(frozen=True)
class Line:
    """One endpoint: what each role, in the order of ROLES, is answered; `ok` is any 2xx.

    `record` names the state of the record, where the step starts from another one than the usual.
    """

    endpoint: str
    answers: str
    body: Any = None
    record: str = ""


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
    Line("GET /turnover", ALL),
    Line("GET /targets", ALL),
    Line("GET /targets/<int:target_id>", ALL),
    # Accounts.
    Line("POST /tokens", ALL, {"login": "gate.keeper", "password": PASSWORD}),
    Line("GET /tokens", ""),
    Line("DELETE /tokens/<int:token_id>", ""),
    Line("GET /me", ""),
    Line("POST /users", "", {"login": "new.user", "name": "新", "password": PASSWORD, "role": "enterprise", "organisation_id": "{organisation}"}),
    Line("POST /users/<int:user_id>/deactivations", ""),
    Line("POST /organisations", "", {"kind": "enterprise", "name": "新企业", "uscc": "{uscc}", "region_code": "320281", "user": {"login": "first.user", "name": "新", "password": PASSWORD}}),
    Line("GET /organisations", ""),
    Line("GET /organisations/<int:organisation_id>", ""),
    Line("PATCH /organisations/<int:organisation_id>", "", {"contact_name": "新"}),
    Line("POST /organisations/<int:organisation_id>/verifications", "", {"decision": "verified"}),
    # Listings of others.
    *(
        Line(endpoint.replace("#", plural), "", body, record)
        for plural in ("needs", "achievements")
        for endpoint, body, record in [
            ("POST /#", LISTING, ""),
            ("PATCH /#/<int:listing_id>", {"title": "另一个标题"}, "draft"),
            ("POST /#/<int:listing_id>/submissions", None, "draft"),
            ("POST /#/<int:listing_id>/reviews", {"decision": "publish"}, "pending"),
            ("POST /#/<int:listing_id>/withdrawals", {}, ""),
            ("POST /#/<int:listing_id>/revisions", None, "pending"),
            ("POST /#/<int:listing_id>/renewals", {"expires_on": "2026-01-01"}, ""),
            ("POST /#/<int:listing_id>/reopenings", None, ""),
            ("POST /#/<int:listing_id>/completions", None, ""),
            ("GET /#/<int:listing_id>/events", None, ""),
            ("GET /#/<int:listing_id>/matches", None, ""),
        ]
    ),
    Line("POST /needs/<int:need_id>/validations", "", {"result": "valid"}),
    Line("GET /suggestions", ""),
    Line("GET /suggestions/<int:suggestion_id>", ""),
    Line("POST /suggestions/<int:suggestion_id>/assignments", "", {}, record="suggested"),
    Line("POST /suggestions/<int:suggestion_id>/reviews", "", {"decision": "recommend", "reason_code": "indicators_fit", "words": "工艺对口"}, record="suggested"),
    Line("POST /suggestions/<int:suggestion_id>/interests", "", {"interested": True}),
    Line("GET /suggestions/<int:suggestion_id>/confidential", ""),
    Line("POST /suggestions/<int:suggestion_id>/notes", "", {"words": "已联系"}),
    Line("POST /suggestions/<int:suggestion_id>/outcomes", "", {"signed": True, "words": "已签"}),
    Line("GET /suggestions/<int:suggestion_id>/events", ""),
    Line("POST /contracts", "", {**CONTRACT, "station_id": "{station}"}),
    Line("GET /contracts", ""),
    Line("GET /contracts/<int:contract_id>", ""),
    Line("PATCH /contracts/<int:contract_id>", "", {"project_name": "改名的项目"}, record="draft"),
    Line("POST /contracts/<int:contract_id>/submissions", "", record="draft"),
    Line("POST /contracts/<int:contract_id>/withdrawals", "", record="submitted"),
    Line("POST /contracts/<int:contract_id>/acceptances", "", record="submitted"),
    Line("POST /contracts/<int:contract_id>/returns", "", {"note": "补材料"}, record="in_review"),
    Line("POST /contracts/<int:contract_id>/refusals", "", {"reason_code": "not_technology", "note": "非技术合同"}, record="in_review"),
    Line("POST /contracts/<int:contract_id>/approvals", "", record="in_review"),
    Line("POST /contracts/<int:contract_id>/change-requests", "", {"reason": "更正", "changes": {"project_name": "改名的项目"}}),
    Line("POST /contracts/<int:contract_id>/cancellation-requests", "", {"reason": "终止"}),
    Line("POST /contract-requests/<int:request_id>/decisions", "", {"decision": "approve"}),
    Line("POST /contracts/<int:contract_id>/revocations", "", {"reason": "虚假"}),
    Line("GET /contracts/<int:contract_id>/events", ""),
    Line("GET /contracts/<int:contract_id>/requests", ""),
    Line("GET /turnover/entries", ""),
    Line("GET /turnover/entries/<int:entry_id>/thread", ""),
    Line("GET /turnover/contracts/<int:contract_id>/thread", ""),
    Line("POST /imports", "", {"kind": "needs", "dry_run": "true"}),
    Line("GET /imports/<int:import_id>", ""),
]


@dataclass(frozen=True)
class Scene:
    """Headers of each role, and the ids that stand for the placeholders of paths and bodies."""

    headers: dict[str, dict[str, str]]
    ids: dict[str, Any]


@pytest.fixture
def scene(session: Session) -> Scene:
    """Insert one user of every role, each of an organisation of its own, and strangers' records."""
    headers: dict[str, dict[str, str]] = {"anyone": {}}
    for role, kind in zip(ROLES[1:6], OrganisationKind, strict=True):
        actor = actor_of(make_user(session, make_organisation(session, kind)))
        headers[role] = as_actor(session, actor)
    headers["admin"] = as_actor(session, actor_of(make_user(session)))
    return Scene(headers, _records(session))


def _records(session: Session) -> dict[str, Any]:
    enterprise = make_organisation(session)
    university = make_organisation(session, OrganisationKind.UNIVERSITY)
    station = make_station(session)
    keeper = make_user(session, login="gate.keeper", password_hash=PasswordHasher().hash(PASSWORD))
    make_token(session, keeper)
    need = make_need(session, enterprise)
    achievement = make_achievement(session, university)
    suggestion = make_suggestion(session, need, achievement, status=SuggestionStatus.AGREED)
    other = make_achievement(session, university)
    suggested = make_suggestion(session, need, other, status=SuggestionStatus.SUGGESTED)
    contract = make_contract(session, station=station, seller=university, buyer=enterprise)
    TurnoverLedger().post_registration(session, contract, now=NOW)
    request = ContractRequest(
        contract_id=contract.id, kind=RequestKind.CANCELLATION, reason="终止", requested_at=NOW
    )
    run = ImportRun(kind=ImportKind.NEEDS, file_name="a.csv", sha256="0" * 64, mode=Mode.ALL_OR_NOTHING, dry_run=True, publish=False, started_at=NOW)
    session.add_all([request, run])
    session.flush()
    return {
        "scheme": "trl",
        "code": "320281",
        "needs": need.id,
        "needs-draft": make_need(session, enterprise, status=ListingStatus.DRAFT).id,
        "needs-pending": make_need(session, enterprise, status=ListingStatus.PENDING).id,
        "needs-expired": make_need(session, enterprise, status=ListingStatus.EXPIRED).id,
        "achievements": achievement.id,
        "achievements-draft": make_achievement(session, university, status=ListingStatus.DRAFT).id,
        "achievements-pending": make_achievement(session, university, status=ListingStatus.PENDING).id,
        "achievements-expired": make_achievement(session, university, status=ListingStatus.EXPIRED).id,
        "need_id": need.id,
        "suggestion_id": suggestion.id,
        "suggestion_id-suggested": suggested.id,
        "contract_id": contract.id,
        "contract_id-draft": make_contract(session, station=station, status=ContractStatus.DRAFT).id,
        "contract_id-submitted": make_contract(session, station=station, status=ContractStatus.SUBMITTED).id,
        "contract_id-in_review": make_contract(session, station=station, status=ContractStatus.IN_REVIEW).id,
        "request_id": request.id,
        "import_id": run.id,
        "entry_id": session.scalars(select(TurnoverEntry.id)).first(),
        "target_id": session.scalars(select(Target.id)).first(),
        "token_id": session.scalars(select(AccessToken.id).where(AccessToken.user_id == keeper.id)).one(),
        "user_id": make_user(session, enterprise).id,
        "organisation_id": make_organisation(session, status=OrganisationStatus.PENDING).id,
        "organisation": enterprise.id,
        "station": station.id,
        "uscc": make_uscc(),
    }


def filled(value: Any, ids: dict[str, Any]) -> Any:
    """Put ids in the place of "{name}" in a body."""
    if isinstance(value, dict):
        return {name: filled(item, ids) for name, item in value.items()}
    if isinstance(value, str) and value.startswith("{"):
        return ids[value[1:-1]]
    return value


def ask(client: FlaskClient, line: Line, scene: Scene, role: str) -> str:
    """Send one request as one role, and return `ok` or the status."""
    method, path = line.endpoint.split(" ")
    for name in re.findall(r"<(?:int:)?(\w+)>", path):
        key = path.split("/")[1] if name == "listing_id" else name
        if line.record:
            key = f"{key}-{line.record}"
        path = re.sub(rf"<(?:int:)?{name}>", str(scene.ids[key]), path)
    body = filled(line.body, scene.ids)
    sent: dict[str, Any] = {"json": body} if body is not None else {}
    if path == "/imports":
        sent = {"data": {**body, "file": (io.BytesIO("标题,详情\n".encode()), "a.csv")}}
    extra = {"If-Match": '"1"', "Idempotency-Key": f"permissions-{role}"}
    response = client.open(
        f"/api/v1{path}", method=method, headers={**scene.headers[role], **extra}, **sent
    )
    return "ok" if response.status_code < 300 else str(response.status_code)


def test_every_role_is_answered_as_the_table_says(
    client: FlaskClient, session: Session, scene: Scene
) -> None:
    wrong = {}
    for line in TABLE:
        found = []
        for role in ROLES:
            undo = session.begin_nested()  # so that no step prevents the next one
            found.append(ask(client, line, scene, role))
            undo.rollback()
        if " ".join(found) != line.answers:
            wrong[line.endpoint] = f"{' '.join(found)} instead of {line.answers}"
    assert wrong == {}


def test_every_endpoint_has_its_line(app: flask.Flask) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1/")]
    endpoints = {
        f"{method} {rule.rule.removeprefix('/api/v1')}"
        for rule in rules
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint != "api-docs.openapi_json"
    }
    assert endpoints == {line.endpoint for line in TABLE}
