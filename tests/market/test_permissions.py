"""Who may do what: every endpoint of the API against every role.

The first seven ask about records of strangers in their own region; the last four are those the
records belong to. The input is right and the record in the right state, so that an answer tells of
permission and of nothing else. An endpoint without a line here fails the test.
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

from market.accounts.models import AccessToken, User
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
    make_uscc,
    make_user,
)
from tests.market.contracts.factories import make_contract, make_station
from tests.market.turnover.factories import make_suggestion

STRANGERS = ("anyone", "enterprise", "university", "broker", "registrar", "bureau", "admin")
# The need's owner, who buys; the achievement's, who sells; the broker in charge; the station's registrar.
CONCERNED = ("buyer", "seller", "desk", "station")
ROLES = STRANGERS + CONCERNED
SIGNS = {"401": "1", "403": "3", "404": "4", "422": "2"}
ALL = "yyyyyyy yyyy"
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
    "buyer": {
        "name": "场外企业",
        "uscc": "{uscc}",
        "nature_code": "150",
        "country_code": "156",
        "region_code": "320281",
    },
}


def sides_swapped(answers: str) -> str:
    """Return answers with enterprise and university changed about, and need's owner and achievement's."""
    anyone, enterprise, university, *officials, gap, buyer, seller, desk, station = answers
    return "".join([anyone, university, enterprise, *officials, gap, seller, buyer, desk, station])


@dataclass(frozen=True)
class Line:
    """One endpoint, and what each role is answered, in the order of ROLES.

    `y` is any 2xx, `1` 401, `3` 403, `4` 404 (may not even know), `2` 422 (an admin must say for whom).
    `record` names the state of the record, where the step starts from another one than the usual.
    """

    endpoint: str
    answers: str
    body: Any = None
    record: str = ""
    query: str = ""


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
    Line("GET /turnover", ALL, query="?region=320281"),
    Line("GET /targets", ALL),
    Line("GET /targets/<int:target_id>", ALL),
    # Accounts.
    Line("POST /tokens", ALL, {"login": "gate.keeper", "password": PASSWORD}),
    Line("GET /tokens", "1yyyyyy yyyy"),
    Line("DELETE /tokens/<int:token_id>", "1444444 4444"),
    Line("GET /me", "1yyyyyy yyyy"),
    Line("POST /me/passwords", "1yyyyyy yyyy", {"old": PASSWORD, "new": "another long phrase"}),
    Line("GET /users", "1yyyyyy yyyy"),
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
    Line("GET /organisations", "1yyyyyy yyyy"),
    Line("GET /organisations/<int:organisation_id>", "1yyyyyy yyyy"),
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
            ("POST /#/<int:listing_id>/reopenings", "133333y y333", None, "matching"),
            ("POST /#/<int:listing_id>/completions", "133333y y333", None, "contracted"),
            ("GET /#/<int:listing_id>/events", "133y3yy y3y3", None, ""),
            ("GET /#/<int:listing_id>/matches", "133y33y 33y3", None, ""),
        ]
    ),
    Line("POST /needs/<int:need_id>/validations", "133y3yy 33y3", {"result": "valid"}),
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
    # Contracts.
    Line("POST /contracts", "1yy3333 yy33", {**CONTRACT, "station_id": "{station}"}),
    Line("GET /contracts", "1yyyyyy yyyy"),
    Line("GET /contracts/<int:contract_id>", "14444yy yy4y"),
    Line(
        "PATCH /contracts/<int:contract_id>", "1444443 3y44", {"project_name": "改名的项目"}, record="draft"
    ),
    Line("POST /contracts/<int:contract_id>/submissions", "1444443 3y44", record="draft"),
    Line("POST /contracts/<int:contract_id>/withdrawals", "1444433 3y43", record="submitted"),
    Line("POST /contracts/<int:contract_id>/acceptances", "1444433 334y", record="submitted"),
    Line("POST /contracts/<int:contract_id>/returns", "1444433 334y", {"note": "补材料"}, record="in_review"),
    Line(
        "POST /contracts/<int:contract_id>/refusals",
        "1444433 334y",
        {"reason_code": "not_technology", "note": "非技术合同"},
        record="in_review",
    ),
    Line("POST /contracts/<int:contract_id>/approvals", "1444433 334y", record="in_review"),
    Line(
        "POST /contracts/<int:contract_id>/change-requests",
        "1444433 3y43",
        {"reason": "更正", "changes": {"project_name": "改名的项目"}},
    ),
    Line("POST /contracts/<int:contract_id>/cancellation-requests", "1444433 3y43", {"reason": "终止"}),
    Line("POST /contract-requests/<int:request_id>/decisions", "1444433 434y", {"decision": "approve"}),
    Line("POST /contracts/<int:contract_id>/revocations", "14444y3 334y", {"reason": "虚假"}),
    Line("GET /contracts/<int:contract_id>/events", "14444yy yy4y"),
    Line("GET /contracts/<int:contract_id>/requests", "14444yy yy4y"),
    # Figures down to their causes, and imports.
    Line("GET /turnover/entries", "1333yyy 333y", query="?region=320281"),
    Line("GET /turnover/entries/<int:entry_id>/thread", "14444yy yy4y"),
    Line("GET /turnover/contracts/<int:contract_id>/thread", "14444yy yy4y"),
    Line("POST /imports", "1y3333y y333", {"kind": "needs", "dry_run": "true"}),
    Line("GET /imports/<int:import_id>", "144444y 4444"),
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
    password = {"password_hash": PasswordHasher().hash(PASSWORD)}
    for role, kind in zip(STRANGERS[1:6], OrganisationKind, strict=True):
        actor = actor_of(make_user(session, make_organisation(session, kind), **password))
        headers[role] = as_actor(session, actor)
    headers["admin"] = as_actor(session, actor_of(make_user(session, **password)))
    users = {
        "buyer": make_user(session, make_organisation(session), **password),
        "seller": make_user(session, make_organisation(session, OrganisationKind.UNIVERSITY), **password),
        "desk": make_user(session, make_organisation(session, OrganisationKind.AGENCY), **password),
        "station": make_user(session, make_station(session), **password),
    }
    headers |= {role: as_actor(session, actor_of(user)) for role, user in users.items()}
    return Scene(headers, _records(session, users))


def _records(session: Session, users: dict[str, User]) -> dict[str, Any]:
    enterprise, university, station = (users[role].organisation for role in ("buyer", "seller", "station"))
    assert enterprise is not None
    assert university is not None
    keeper = make_user(session, login="gate.keeper", password_hash=PasswordHasher().hash(PASSWORD))
    make_token(session, keeper)
    need = make_need(session, enterprise)
    achievement = make_achievement(session, university)
    suggestion = make_suggestion(
        session, need, achievement, broker=users["desk"], status=SuggestionStatus.AGREED
    )

    def suggested(status: SuggestionStatus) -> int:
        return make_suggestion(session, need, make_achievement(session, university), status=status).id

    def contract_in(status: ContractStatus) -> int:
        contract = make_contract(session, station=station, seller=university, buyer=enterprise, status=status)
        return contract.id

    contract = make_contract(session, station=station, seller=university, buyer=enterprise)
    TurnoverLedger().post_registration(session, contract, now=NOW)
    changing = make_contract(
        session, station=station, seller=university, status=ContractStatus.CHANGE_PENDING
    )
    TurnoverLedger().post_registration(session, changing, now=NOW)
    request = ContractRequest(
        contract_id=changing.id, kind=RequestKind.CANCELLATION, reason="终止", requested_at=NOW
    )
    run = ImportRun(
        kind=ImportKind.NEEDS,
        file_name="a.csv",
        sha256="0" * 64,
        mode=Mode.ALL_OR_NOTHING,
        dry_run=True,
        publish=False,
        started_at=NOW,
    )
    session.add_all([request, run])
    session.flush()
    return {
        "scheme": "trl",
        "code": "320281",
        "needs": need.id,
        **{f"needs-{state}": make_need(session, enterprise, status=state).id for state in ListingStatus},
        "achievements": achievement.id,
        **{
            f"achievements-{state}": make_achievement(session, university, status=state).id
            for state in ListingStatus
        },
        "need_id": need.id,
        "suggestion_id": suggestion.id,
        "suggestion_id-suggested": suggested(SuggestionStatus.SUGGESTED),
        "suggestion_id-recommended": suggested(SuggestionStatus.RECOMMENDED),
        "contract_id": contract.id,
        **{
            f"contract_id-{state}": contract_in(state)
            for state in (ContractStatus.DRAFT, ContractStatus.SUBMITTED, ContractStatus.IN_REVIEW)
        },
        "request_id": request.id,
        "import_id": run.id,
        "entry_id": session.scalars(select(TurnoverEntry.id)).first(),
        "target_id": session.scalars(select(Target.id)).first(),
        "token_id": session.scalars(select(AccessToken.id).where(AccessToken.user_id == keeper.id)).one(),
        "user_id": make_user(session, enterprise).id,
        "organisation_id": make_organisation(session, status=OrganisationStatus.PENDING).id,
        "organisation": enterprise.id,
        "station": contract.station_id,
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
    """Send one request as one role, and return its sign, or the status where there is none."""
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
        f"/api/v1{path}{line.query}", method=method, headers={**scene.headers[role], **extra}, **sent
    )
    status = str(response.status_code)
    return "y" if response.status_code < 300 else SIGNS.get(status, f"({status})")


def test_every_role_is_answered_as_the_table_says(
    client: FlaskClient, session: Session, scene: Scene
) -> None:
    wrong = {}
    for line in TABLE:
        found = []
        for role in ROLES:
            undo = session.connection().begin_nested()  # so that no step prevents the next one
            found.append(ask(client, line, scene, role))
            undo.rollback()
        answers = "".join(found[: len(STRANGERS)]) + " " + "".join(found[len(STRANGERS) :])
        if answers != line.answers:
            wrong[line.endpoint] = f"{answers} instead of {line.answers}"
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
