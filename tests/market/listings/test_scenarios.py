"""Scenarios: who opens them, who reviews them, when they are open, and what may be found of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import actor_of
from market.accounts.rules import Actor, OrganisationKind
from market.listings import queries, service
from market.listings.models import Scenario
from market.listings.rules import DEFAULT_VALID_DAYS, Action, ListingKind, Status
from market.search.models import SearchDocument
from matching.types import Kind
from tests.factories import NOW, make_actor, make_organisation, make_user
from tests.market.listings.answers import UNAUTHENTICATED, invalid, problem, problem_of
from tests.market.listings.conftest import Stage
from tests.market.listings.factories import CONTACT, ENCODER, SECRET, TODAY, WUXI, findable, make_scenario
from tests.market.listings.refusals import code_of, faults

SCENARIO = ListingKind.SCENARIO
FORM = {
    "title": "港区开放无人集卡混行路段",
    "body": "老码头两公里支路，社会车辆与无人集卡同行，求管控与仿真方案。",
    "tech_field": "10",
    "scenario_type": "open",
}


def create(session: Session, actor: Actor, **values: Any) -> Scenario:
    row = service.create_listing(session, actor, SCENARIO, form={**FORM, **values}, now=NOW)
    assert isinstance(row, Scenario)
    return row


def review(session: Session, actor: Actor, scenario: Scenario) -> Any:
    return service.review_listing(
        session, actor, SCENARIO, scenario.id, decision=Action.PUBLISH, note=None, encoder=ENCODER, now=NOW
    )


def bureau_in(session: Session, region: str) -> tuple[Organisation, Actor]:
    organisation = make_organisation(session, OrganisationKind.BUREAU, uscc=None, region_code=region)
    return organisation, actor_of(make_user(session, organisation))


def test_a_bureau_opens_a_scenario_and_another_reviews_it(session: Session) -> None:
    own, bureau = bureau_in(session, WUXI)
    scenario = create(session, bureau)
    service.submit_listing(session, bureau, SCENARIO, scenario.id, now=NOW)
    colleague = actor_of(make_user(session, own))
    _, lower = bureau_in(session, "320281")
    broker = make_actor(session, OrganisationKind.AGENCY)
    assert code_of(session, lambda: review(session, colleague, scenario)) == "conflict-of-interest"
    assert code_of(session, lambda: review(session, lower, scenario)) == "scenario-not-found"
    _, upper = bureau_in(session, "320000")
    assert review(session, upper, scenario).status is Status.PUBLISHED
    second = create(session, bureau, title="第二个场景")
    service.submit_listing(session, bureau, SCENARIO, second.id, now=NOW)
    assert review(session, broker, second).status is Status.PUBLISHED
    assert findable(session) == {("scenario", scenario.id), ("scenario", second.id)}


def test_the_index_is_told_of_type_investment_and_maturity_and_of_terms(session: Session) -> None:
    scenario = make_scenario(
        session, make_organisation(session), status=Status.PENDING, confidential=SECRET, **CONTACT
    )
    review(session, make_actor(session, OrganisationKind.AGENCY), scenario)
    row = session.get_one(SearchDocument, (Kind.SCENARIO, scenario.id))
    assert row.body == f"{scenario.body}\n{scenario.opening_terms}"
    stated = {name: row.facets[name] for name in ("category", "budget_fen", "min_trl", "expires_on")}
    assert stated == {
        "category": "test_site", "budget_fen": 50_000_000, "min_trl": 6, "expires_on": "2026-06-10",
    }  # fmt: skip
    assert not any(word in f"{row.title}{row.body}{row.facets}" for word in (SECRET, *CONTACT.values()))


def test_a_scenario_is_on_the_market_no_longer_than_it_is_open(session: Session) -> None:
    actor = make_actor(session)
    soon, late = TODAY + timedelta(days=30), TODAY + timedelta(days=900)
    assert create(session, actor, closes_on=soon).expires_on == soon
    assert create(session, actor, closes_on=late).expires_on == TODAY + timedelta(days=DEFAULT_VALID_DAYS)

    def entered(**days: date) -> Callable[[], Any]:
        return lambda: create(session, actor, **days)

    assert faults(session, entered(closes_on=soon, expires_on=late)) == {"/expires_on": "bad-expiry"}
    assert faults(session, entered(closes_on=TODAY - timedelta(days=1))) == {"/expires_on": "bad-expiry"}
    assert faults(session, entered(opens_on=late, closes_on=soon)) == {"/closes_on": "bad-opening"}
    assert faults(session, entered(opens_on=late)) == {"/expires_on": "bad-expiry"}
    assert faults(session, entered(opens_on=late, expires_on=soon)) == {"/expires_on": "bad-expiry"}
    assert create(session, actor, opens_on=soon, expires_on=soon).expires_on == soon
    scenario = create(session, actor, opens_on=TODAY, closes_on=soon)

    def changed(**days: date | None) -> Callable[[], Any]:
        return lambda: service.edit_listing(
            session, actor, SCENARIO, scenario.id, changes=days, version=scenario.version, now=NOW
        )

    assert faults(session, changed(expires_on=late)) == {"/expires_on": "bad-expiry"}
    assert faults(session, changed(closes_on=TODAY)) == {"/expires_on": "bad-expiry"}
    assert faults(session, changed(opens_on=late)) == {"/closes_on": "bad-opening"}
    assert changed(opens_on=None, closes_on=late)().closes_on == late
    service.submit_listing(session, actor, SCENARIO, scenario.id, now=NOW)
    review(session, make_actor(session, OrganisationKind.AGENCY), scenario)
    renew = lambda day: service.renew_listing(  # noqa: E731
        session, actor, SCENARIO, scenario.id, expires_on=day, encoder=ENCODER, now=NOW
    )
    assert faults(session, lambda: renew(late + timedelta(days=1))) == {"/expires_on": "bad-expiry"}
    assert renew(late).expires_on == late


def test_a_type_is_required_to_hand_a_scenario_in(session: Session) -> None:
    actor = make_actor(session)
    scenario = create(session, actor, scenario_type=None)
    submit = lambda: service.submit_listing(session, actor, SCENARIO, scenario.id, now=NOW)  # noqa: E731
    assert faults(session, submit) == {"/scenario_type": "required-to-submit"}
    assert faults(session, lambda: create(session, actor, scenario_type="party")) == {
        "/scenario_type": "unknown-code"
    }
    assert queries.find_by_external_id(session, scenario.organisation_id, SCENARIO, "S-1") is None


def test_a_scenario_goes_to_the_market_and_off_it_again(make_stage: Callable[[ListingKind], Stage]) -> None:
    stage = make_stage(SCENARIO)
    created = stage.post("/scenarios", "owner", {**FORM, "investment_fen": 100, "confidential": SECRET})
    body = created.get_json()
    assert (created.status_code, body["kind"], body["status"]) == (201, "scenario", "draft")
    assert (body["scenario_type"], body["investment_fen"], body["confidential"]) == ("open", 100, SECRET)
    one = f"/scenarios/{body['id']}"
    changed = stage.patch(one, "owner", {"place": "江阴港二号支路"}, version=body["version"])
    assert changed.get_json()["place"] == "江阴港二号支路"
    assert stage.post(f"{one}/submissions", "owner").get_json()["status"] == "pending"
    assert stage.post(f"{one}/reviews", "bureau", {"decision": "publish"}).get_json()["status"] == "published"
    assert stage.post(f"{one}/renewals", "owner", {"expires_on": "2026-12-31"}).status_code == 200
    shown = stage.get(one).get_json()
    assert shown["place"] == "江阴港二号支路"
    assert "confidential" not in shown
    for kind, found in (("open", [body["id"]]), ("data", [])):
        listed = stage.get("/scenarios", scenario_type=kind).get_json()["items"]
        assert [item["id"] for item in listed] == found
    assert stage.post(f"{one}/withdrawals", "owner", {}).get_json()["status"] == "withdrawn"
    assert stage.post(f"{one}/revisions", "owner").get_json()["status"] == "rework"
    actions = [event["action"] for event in stage.get(f"{one}/events", "owner").get_json()]
    assert actions == ["create", "edit", "submit", "publish", "renew", "withdraw", "revise"]


def test_scenarios_are_refused_to_others_and_in_bad_form(make_stage: Callable[[ListingKind], Stage]) -> None:
    stage = make_stage(SCENARIO)
    refused = "只有企业、高校院所和主管部门可以发布场景。"
    for name in ("broker", "registrar"):
        answer = stage.post("/scenarios", name, FORM)
        assert problem_of(answer) == problem(403, "role-not-allowed", title="没有权限", detail=refused)
    assert problem_of(stage.post("/scenarios", None, FORM)) == UNAUTHENTICATED
    form = {**FORM, "investment_fen": -1, "opens_on": "春天", "min_trl": 10, "budget_fen": 1}
    body = problem_of(stage.post("/scenarios", "owner", form))
    body["errors"].sort(key=lambda error: error["pointer"])
    assert body == invalid(
        ("/budget_fen", "没有这个字段。"),
        ("/investment_fen", "应不小于 0 且不大于 1000000000000000。"),
        ("/min_trl", "应不小于 1 且不大于 9。"),
        ("/opens_on", "应为 ISO 8601 日期，如 2025-03-01。"),
    )
    assert problem_of(stage.get("/scenarios", validation="valid")) == invalid(
        ("/validation", "没有这个字段。")
    )
