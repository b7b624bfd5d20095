"""Needs and achievements over HTTP: each endpoint once right, once forbidden, once badly asked."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from market.listings.models import Listing
from market.listings.rules import ListingKind, Status
from market.search.models import SearchDocument
from tests.market.listings.answers import UNAUTHENTICATED, invalid, problem, problem_of, statements
from tests.market.listings.conftest import Stage
from tests.market.listings.factories import CONTACT, NAMES, SECRET

pytestmark = pytest.mark.one_database("views; test_life.py, test_drafting.py and test_queries.py ask both")

FORM = {"title": "印染废水回用", "body": "反渗透膜三个月就要清洗，希望延长清洗周期。", "tech_field": "07"}
PRIVATE = ("confidential", "contact_name", "contact_phone", "external_id", "source")
PRIVATE_VALUES = (SECRET, *CONTACT.values())


def forbidden(detail: str, code: str = "permission-denied") -> dict[str, Any]:
    return problem(403, code, title="没有权限", detail=detail)


def wrong_state(kind: ListingKind, state: str) -> dict[str, Any]:
    name = "需求" if kind is ListingKind.NEED else "成果"
    detail = f"该{name}现为“{state}”，不能进行此操作。"
    return problem(409, "illegal-transition", title="状态冲突", detail=detail)


def not_owner(kind: ListingKind) -> dict[str, Any]:
    name = "需求" if kind is ListingKind.NEED else "成果"
    return forbidden(f"只有发布单位可以操作该{name}。", "not-owner")


# --- entering, reading, changing


def test_a_member_enters_a_draft(either: Stage) -> None:
    response = either.post(either.url, "owner", {**FORM, "confidential": SECRET, **CONTACT})
    body = response.get_json()
    assert (response.status_code, response.headers["ETag"]) == (201, '"1"')
    assert (body["kind"], body["status"], body["version"]) == (either.kind.value, "draft", 1)
    assert {name: body[name] for name in FORM} == FORM
    assert (body["confidential"], body["contact_name"]) == (SECRET, CONTACT["contact_name"])
    assert (body["expires_on"], body["created_at"]) == ("2026-06-10", "2025-06-10T02:00:00+00:00")
    assert body["organisation"]["id"] == either.cast.organisation.id
    assert body["price_fen" if either.kind is ListingKind.ACHIEVEMENT else "budget_fen"] is None


def test_entering_is_for_the_kind_of_organisation_that_lists_such_things(either: Stage) -> None:
    need = either.kind is ListingKind.NEED
    detail = "只有企业可以发布需求。" if need else "只有高校院所可以发布成果。"
    for name in ("broker", "bureau", "registrar"):
        response = either.post(either.url, name, FORM)
        assert problem_of(response) == forbidden(detail, "role-not-allowed")
    assert problem_of(either.post(either.url, None, FORM)) == UNAUTHENTICATED


def test_a_badly_formed_need_is_refused_with_every_fault_named(stage: Stage) -> None:
    form = {
        "title": "短",
        "budget_fen": 1.5,
        "min_trl": 12,
        "indicators": [{"name": "COD"}],
        "expires_on": "2025-13-01",
        "contact_phone": "abc",
        "owner": "me",
    }
    body = problem_of(stage.post("/needs", "owner", form))
    body["errors"].sort(key=lambda error: error["pointer"])
    phone = next(error["detail"] for error in body["errors"] if error["pointer"] == "/contact_phone")
    assert body == invalid(
        ("/body", "此项必填。"),
        ("/budget_fen", "应为整数。"),
        ("/contact_phone", phone),
        ("/expires_on", "应为 ISO 8601 日期，如 2025-03-01。"),
        ("/indicators/0/value", "此项必填。"),
        ("/min_trl", "应不小于 1 且不大于 9。"),
        ("/owner", "没有这个字段。"),
        ("/title", "长度应在 4 与 200 之间。"),
    )


def test_a_badly_formed_achievement_is_refused(make_stage: Any) -> None:
    stage = make_stage(ListingKind.ACHIEVEMENT)
    form = {**FORM, "price_fen": -1, "registration_no": "12", "ip": [{"number": "1"}]}
    body = problem_of(stage.post("/achievements", "owner", form))
    body["errors"].sort(key=lambda error: error["pointer"])
    assert body == invalid(
        ("/ip/0/kind", "此项必填。"),
        ("/price_fen", "应不小于 0 且不大于 1000000000000000。"),
        ("/registration_no", "批准登记号应为12位，如 3202024Y0001。"),
    )


def test_an_unknown_code_is_named_with_its_place(stage: Stage) -> None:
    form = {**FORM, "cooperation_modes": ["joint", "barter"]}
    assert problem_of(stage.post("/needs", "owner", form)) == problem(
        422,
        "unknown-code",
        title="不符合规则",
        detail="有代码不在代码表中。",
        errors=[("/cooperation_modes/1", "unknown-code", "合作方式中没有代码“barter”。")],
    )


def test_an_admin_enters_for_an_organisation(stage: Stage) -> None:
    owner = stage.cast.organisation.id
    response = stage.post("/needs", "admin", {**FORM, "organisation_id": owner})
    assert response.status_code == 201
    assert response.get_json()["organisation"]["id"] == owner
    refused = stage.post("/needs", "owner", {**FORM, "organisation_id": owner + 1})
    assert problem_of(refused) == problem(
        403, "not-own-organisation", title="没有权限", detail="只能发布本单位的需求。"
    )


def test_the_confidential_part_and_the_contact_are_for_the_owner_alone(either: Stage) -> None:
    one = f"{either.url}/{either.listing(external_id='E-1', source='走访')}"
    private = {"confidential": SECRET, **CONTACT, "external_id": "E-1", "source": "走访"}
    for name in (None, *NAMES):
        shown, listed = either.get(one, name), either.get(either.url, name)
        (item,) = listed.get_json()["items"]
        assert not set(PRIVATE) & set(item), name
        assert not any(value in listed.get_data(as_text=True) for value in PRIVATE_VALUES)
        if name == "owner":
            assert {key: shown.get_json()[key] for key in PRIVATE} == private
        else:
            assert not set(PRIVATE) & set(shown.get_json()), name
            assert not any(value in shown.get_data(as_text=True) for value in PRIVATE_VALUES)


STEPS: list[tuple[str, Status, dict[str, Any]]] = [
    ("submissions", Status.REWORK, {}),
    ("reviews", Status.PENDING, {"decision": "publish"}),
    ("withdrawals", Status.PUBLISHED, {}),
    ("revisions", Status.PUBLISHED, {}),
    ("renewals", Status.PUBLISHED, {"expires_on": "2026-12-31"}),
]


def test_no_answer_to_an_admin_holds_the_confidential_part(either: Stage) -> None:
    answers = []
    for step, status, form in STEPS:
        answers.append(either.post(f"{either.url}/{either.listing(status)}/{step}", "admin", form))
    draft = either.listing(Status.DRAFT)
    seen = either.get(f"{either.url}/{draft}", "admin").get_json()["version"]
    answers.append(either.patch(f"{either.url}/{draft}", "admin", {"title": "管理员代改"}, version=seen))
    answers.append(either.get(f"{either.url}/{draft}/events", "admin"))
    form = {**FORM, "organisation_id": either.cast.organisation.id}
    answers.append(either.post(either.url, "admin", {**form, "confidential": SECRET, **CONTACT}))
    for response in answers:
        assert response.status_code in {200, 201}
        assert not any(value in response.get_data(as_text=True) for value in PRIVATE_VALUES)


def test_reading_one_tells_its_version_and_what_is_not_there(stage: Stage) -> None:
    need = stage.listing()
    response = stage.get(f"/needs/{need}")
    assert response.headers["ETag"] == f'"{response.get_json()["version"]}"'
    missing = problem(404, "need-not-found", title="未找到", detail="没有找到该需求。")
    assert problem_of(stage.get(f"/needs/{need + 1}")) == missing
    draft = stage.listing(Status.DRAFT)
    assert problem_of(stage.get(f"/needs/{draft}", "stranger")) == missing
    assert problem_of(stage.get(f"/achievements/{need}"))["code"] == "achievement-not-found"


def test_an_edit_answers_with_the_new_version(either: Stage) -> None:
    one = f"{either.url}/{either.listing(Status.DRAFT)}"
    version = either.get(one, "owner").get_json()["version"]
    response = either.patch(one, "owner", {"title": "改过的题目"}, version=version)
    assert response.status_code == 200
    assert (response.get_json()["title"], response.get_json()["confidential"]) == ("改过的题目", SECRET)
    assert response.headers["ETag"] == f'"{version + 1}"'
    assert either.get(one, "owner").get_json()["version"] == version + 1


def test_an_edit_on_an_old_version_or_none_changes_nothing(stage: Stage) -> None:
    one = f"/needs/{stage.listing(Status.DRAFT)}"
    version = stage.get(one, "owner").get_json()["version"]
    stage.patch(one, "owner", {"title": "先到的修改"}, version=version)
    stale = problem_of(stage.patch(one, "owner", {"title": "后到的修改"}, version=version))
    detail = f"记录已被他人修改：您看到的是第{version}版，现为第{version + 1}版，请刷新后重试。"
    assert stale == problem(412, "stale-version", title="版本已过期", detail=detail)
    assert problem_of(stage.patch(one, "owner", {}, version="abc"))["code"] == "stale-version"
    assert problem_of(stage.patch(one, "owner", {}, version=None))["code"] == "if-match-required"
    assert stage.get(one, "owner").get_json()["title"] == "先到的修改"


def test_edits_of_others_of_published_ones_and_bad_ones_are_refused(either: Stage) -> None:
    rework = f"{either.url}/{either.listing(Status.REWORK)}"
    live = f"{either.url}/{either.listing()}"
    version = either.get(live).get_json()["version"]
    change = {"title": "改过的题目"}
    assert problem_of(either.patch(rework, "broker", change, version=1)) == not_owner(either.kind)
    conflict = problem_of(either.patch(live, "owner", change, version=version))
    name = "需求" if either.kind is ListingKind.NEED else "成果"
    detail = f"已发布的{name}不能直接修改，请先发起修订。"
    assert conflict == problem(409, "not-editable", title="状态冲突", detail=detail)
    bad = either.patch(rework, "owner", {"title": "短", "status": "published"}, version=1)
    assert sorted(error["pointer"] for error in problem_of(bad)["errors"]) == ["/status", "/title"]


# --- lists


def test_lists_filter_and_page(stage: Stage) -> None:
    ids = [stage.listing(tech_field=field) for field in ("07", "01", "07")]
    first = stage.get("/needs", limit=1, field="07").get_json()
    assert [item["id"] for item in first["items"]] == [ids[2]]
    second = stage.get("/needs", limit=1, field="07", cursor=first["next_cursor"]).get_json()
    assert [item["id"] for item in second["items"]] == [ids[0]]
    assert second["next_cursor"] is None
    draft = stage.listing(Status.DRAFT)
    mine = stage.get("/needs", "owner", mine="true", status="draft", region="320281").get_json()
    assert [item["id"] for item in mine["items"]] == [draft]
    assert stage.get("/needs", chain="chain-ic", validation="valid").get_json()["items"] == []


@pytest.mark.parametrize(
    ("query", "faults"),
    [
        ({"status": "gone"}, ["/status"]),
        ({"limit": 101}, ["/limit"]),
        ({"limit": 0}, ["/limit"]),
        ({"region": "32"}, ["/region"]),
        ({"feild": "07"}, ["/feild"]),
        ({"cursor": "x"}, ["/cursor"]),
        ({"field": "\x00"}, ["/field"]),
        ({"chain": "\x00"}, ["/chain"]),
        ({"region": "32028\x00"}, ["/region"]),
    ],
)
def test_bad_filters_are_named(either: Stage, query: dict[str, Any], faults: list[str]) -> None:
    body = problem_of(either.get(either.url, **query))
    assert body["status"] == 422
    assert [error["pointer"] for error in body["errors"]] == faults


def test_validation_filters_needs_alone(make_stage: Any) -> None:
    stage = make_stage(ListingKind.ACHIEVEMENT)
    body = problem_of(stage.get("/achievements", validation="valid"))
    assert body == invalid(("/validation", "没有这个字段。"))


def test_a_longer_list_asks_the_database_no_more_often(either: Stage) -> None:
    counts = []
    for _ in range(2):
        for number in range(4):
            either.listing(title=f"第{number}项条目")
        with statements(either.database) as sent:
            answer = either.get(either.url, "owner").get_json()
        counts.append((len(answer["items"]), len(sent)))
    (few, asked), (many, asked_again) = counts
    assert (few, many) == (4, 8)
    assert asked == asked_again <= 3


# --- steps


def test_a_listing_goes_to_the_market_and_off_it_again(either: Stage) -> None:
    created = either.post(either.url, "owner", FORM).get_json()
    one = f"{either.url}/{created['id']}"
    submitted = either.post(f"{one}/submissions", "owner")
    assert (submitted.status_code, submitted.get_json()["status"]) == (200, "pending")
    reviewed = either.post(f"{one}/reviews", "broker", {"decision": "publish"})
    assert (reviewed.status_code, reviewed.get_json()["status"]) == (200, "published")
    assert reviewed.headers["ETag"] == f'"{reviewed.get_json()["version"]}"'
    renewed = either.post(f"{one}/renewals", "owner", {"expires_on": "2026-12-31"})
    assert renewed.get_json()["expires_on"] == "2026-12-31"
    search = {"text": FORM["title"], "kind": either.kind.value}
    assert [h["listing"]["id"] for h in either.post("/searches", None, search).get_json()["hits"]] == [
        created["id"]
    ]
    withdrawn = either.post(f"{one}/withdrawals", "bureau", {"note": "企业停产"})
    assert (withdrawn.status_code, withdrawn.get_json()["status"]) == (200, "withdrawn")
    assert either.post("/searches", None, search).get_json()["hits"] == []
    revised = either.post(f"{one}/revisions", "owner")
    assert (revised.status_code, revised.get_json()["status"]) == (200, "rework")
    events = either.get(f"{one}/events", "owner").get_json()
    actions = ["create", "submit", "publish", "renew", "withdraw", "revise"]
    assert [event["action"] for event in events] == actions
    assert events[4]["note"] == "企业停产"


def test_talks_end_and_contracts_are_completed(stage: Stage) -> None:
    matching, signed = stage.listing(Status.MATCHING), stage.listing(Status.CONTRACTED)
    reopen, complete = f"/needs/{matching}/reopenings", f"/needs/{signed}/completions"
    for url in (reopen, complete):
        assert problem_of(stage.post(url, "broker")) == not_owner(stage.kind)
        assert problem_of(stage.post(url, None)) == UNAUTHENTICATED
    reopened, completed = stage.post(reopen, "owner"), stage.post(complete, "owner")
    assert (reopened.status_code, reopened.get_json()["status"]) == (200, "published")
    assert (completed.status_code, completed.get_json()["status"]) == (200, "completed")
    assert problem_of(stage.post(reopen, "owner")) == wrong_state(stage.kind, "已发布")
    assert problem_of(stage.post(complete, "owner")) == wrong_state(stage.kind, "已完成")
    with stage.database.reading() as session:
        assert session.scalars(select(SearchDocument.record_id)).all() == [matching]


@pytest.mark.parametrize(("step", "status", "form"), STEPS)
def test_steps_are_refused_to_those_they_are_not_for(
    either: Stage, step: str, status: Status, form: dict[str, Any]
) -> None:
    url = f"{either.url}/{either.listing(status)}/{step}"
    reviewing = "只有技术经纪人或所在地主管部门可以审核。"
    expected = {
        "reviews": (
            "owner",
            forbidden("不能审核本单位的信息。", "conflict-of-interest"),
        ),
        "withdrawals": ("registrar", forbidden(reviewing, "role-not-allowed")),
    }.get(step, ("broker", not_owner(either.kind)))
    name, body = expected
    assert problem_of(either.post(url, name, form)) == body
    assert problem_of(either.post(url, None, form)) == UNAUTHENTICATED
    with either.database.reading() as session:
        assert session.scalars(select(Listing.status)).all() == [status]


@pytest.mark.parametrize(("step", "status", "form"), STEPS)
def test_steps_from_a_wrong_state_are_conflicts(
    either: Stage, step: str, status: Status, form: dict[str, Any]
) -> None:
    url = f"{either.url}/{either.listing(Status.REJECTED)}/{step}"
    name = "broker" if step == "reviews" else "owner"
    assert problem_of(either.post(url, name, form)) == wrong_state(either.kind, "驳回")


@pytest.mark.parametrize(
    ("step", "form", "faults"),
    [
        ("reviews", {"decision": "expire"}, [("/decision", "应为以下之一：publish, return, reject。")]),
        ("reviews", {}, [("/decision", "此项必填。")]),
        ("reviews", {"decision": "reject", "note": ""}, [("/note", "长度应在 1 与 1000 之间。")]),
        ("withdrawals", {"reason": "停产"}, [("/reason", "没有这个字段。")]),
        ("renewals", {"expires_on": "明年"}, [("/expires_on", "应为 ISO 8601 日期，如 2025-03-01。")]),
        ("renewals", {}, [("/expires_on", "此项必填。")]),
    ],
)
def test_badly_formed_steps_are_refused(
    either: Stage, step: str, form: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    url = f"{either.url}/{either.listing(Status.PENDING)}/{step}"
    assert problem_of(either.post(url, "owner", form)) == invalid(*faults)


def test_sending_back_without_words_is_refused(stage: Stage) -> None:
    url = f"/needs/{stage.listing(Status.PENDING)}/reviews"
    words = "退回或驳回时请写明理由。"
    assert problem_of(stage.post(url, "bureau", {"decision": "return"})) == problem(
        422, "note-missing", title="不符合规则", detail=words, errors=[("/note", "note-missing", words)]
    )


def test_an_incomplete_draft_is_not_submitted(stage: Stage) -> None:
    need = stage.listing(Status.DRAFT, tech_field=None)
    assert problem_of(stage.post(f"/needs/{need}/submissions", "owner")) == problem(
        422,
        "incomplete-listing",
        title="不符合规则",
        detail="内容尚不完整，不能提交审核。",
        errors=[("/tech_field", "required-to-submit", "提交审核前请填写技术领域。")],
    )


def test_history_shows_texts_to_the_owner_alone(either: Stage) -> None:
    created = either.post(either.url, "owner", {**FORM, "confidential": SECRET}).get_json()
    url = f"{either.url}/{created['id']}/events"
    (own,) = either.get(url, "owner").get_json()
    assert own["snapshot"]["confidential"] == SECRET
    either.post(f"{either.url}/{created['id']}/submissions", "owner")
    for name in ("broker", "bureau", "admin"):
        event, _ = either.get(url, name).get_json()
        assert set(event) == {"action", "source", "target", "actor_id", "note", "version", "at"}
    live = f"{either.url}/{either.listing()}/events"
    assert problem_of(either.get(live, "registrar")) == forbidden("只有发布单位和审核人可以查看办理经过。")
    assert problem_of(either.get(live)) == UNAUTHENTICATED
    assert problem_of(either.get(url, "stranger"))["status"] == 404
