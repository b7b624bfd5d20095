"""The gate of needs over HTTP: each endpoint once right, once forbidden, once badly asked."""

from __future__ import annotations

import pytest

from market.listings.rules import GATE_VERSION, Status
from tests.market.listings.answers import UNAUTHENTICATED, invalid, problem, problem_of
from tests.market.listings.conftest import Stage
from tests.market.listings.factories import SOLID, VAGUE

pytestmark = pytest.mark.one_database("views; test_gate.py and test_gate_summary.py ask both")

FORM = {"title": "膜清洗太勤", **VAGUE, "tech_field": "07"}
OWN = problem(403, "conflict-of-interest", title="没有权限", detail="不能审核本单位的信息。")


def test_an_enterprise_is_helped_before_it_hands_in(stage: Stage) -> None:
    need = stage.post("/needs", "owner", FORM).get_json()["id"]
    body = stage.get(f"/needs/{need}/assessment", "owner").get_json()
    assert (body["need_id"], body["rule_version"], body["stored"], body["triages"]) == (
        need,
        GATE_VERSION,
        None,
        [],
    )
    assert body["completeness"] < 60
    blocking = [one for one in body["findings"] if one["severity"] == "blocking"]
    assert [one["code"] for one in blocking] == ["no_number", "no_goal"]
    assert blocking[1]["question"] == "做到什么水平算解决？请给出要达到的数值，例如“合格率不低于95%”。"
    assert set(blocking[0]) == {"code", "severity", "question", "reason", "evidence"}
    vague = next(one for one in body["findings"] if one["code"] == "vague_words")
    assert vague["evidence"] == ["全面提升", "国内先进", "智能化水平", "行业领先"]
    assert (body["suggestion"]["class"], body["suggestion"]["name"]) == ("diagnose", "二次诊断")
    assert body["validation"] == {
        "result": "open", "note": None, "override_note": None, "by": None, "at": None,
    }  # fmt: skip
    live = stage.listing(**SOLID)
    refused = problem(403, "role-not-allowed", title="没有权限", detail="质量评估只供发布单位和审核人查看。")
    assert problem_of(stage.get(f"/needs/{live}/assessment", "stranger")) == refused
    assert problem_of(stage.get(f"/needs/{live}/assessment")) == UNAUTHENTICATED
    assert problem_of(stage.get(f"/needs/{need}/assessment", "broker"))["code"] == "need-not-found"


def test_a_need_is_sent_back_with_questions_and_answers_them(stage: Stage) -> None:
    need = stage.post("/needs", "owner", FORM).get_json()["id"]
    stage.post(f"/needs/{need}/submissions", "owner")
    url = f"/needs/{need}/questions"
    questions = {"codes": ["no_goal"], "words": "请说明要清洗多久一次。"}
    assert problem_of(stage.post(url, "owner", questions)) == OWN
    bad = problem_of(stage.post(url, "broker", {"codes": ["no_sense"], "note": "缺指标"}))
    bad["errors"].sort(key=lambda error: error["pointer"])
    choices = bad["errors"][0]["detail"]
    assert bad == invalid(("/codes/0", choices), ("/note", "没有这个字段。"), ("/words", "此项必填。"))
    nothing = problem_of(stage.post(url, "broker", {"codes": ["no_field"], "words": "领域？"}))
    assert nothing == problem(
        422,
        "nothing-to-ask",
        title="不符合规则",
        detail="有的问题不在评估结果中。",
        errors=[("/codes/0", "nothing-to-ask", "该需求没有“未选技术领域”的问题，请写在说明中。")],
    )
    asked = stage.post(url, "broker", questions)
    assert asked.status_code == 201
    assert asked.get_json()["items"] == [
        {
            "code": "no_goal",
            "question": "做到什么水平算解决？请给出要达到的数值，例如“合格率不低于95%”。",
            "answered_in": None,
        }
    ]
    sent_back = stage.get(f"/needs/{need}", "owner").get_json()
    assert sent_back["status"] == "rework"
    stage.patch(f"/needs/{need}", "owner", SOLID, version=sent_back["version"])
    again = stage.post(f"/needs/{need}/submissions", "owner").get_json()
    (first,) = stage.get(url, "owner").get_json()
    assert (first["id"], first["words"]) == (asked.get_json()["id"], questions["words"])
    assert first["items"][0]["answered_in"] == again["version"]
    assert problem_of(stage.get(url)) == UNAUTHENTICATED
    assert problem_of(stage.get(url, "stranger"))["code"] == "need-not-found"


def test_a_need_is_put_into_a_class_and_found_valid(stage: Stage) -> None:
    need = stage.listing(**SOLID)
    triages, validations = f"/needs/{need}/triages", f"/needs/{need}/validations"
    assert problem_of(stage.post(triages, "owner", {"class": "direct"})) == OWN
    assert problem_of(stage.post(triages, "bureau", {"class": "easy", "visit": "明天"})) == invalid(
        ("/class", "应为以下之一：direct, diagnose, long_term。"), ("/visit", "没有这个字段。")
    )
    early = problem_of(stage.post(validations, "bureau", {"result": "valid"}))
    assert early == problem(409, "triage-missing", title="状态冲突", detail="认定有效之前，请先分类。")
    put = stage.post(triages, "bureau", {"class": "direct", "note": "已有两家院所可做"})
    assert put.status_code == 201
    (decision,) = put.get_json()["triages"]
    assert (decision["class"], decision["name"], decision["suggested"]) == ("direct", "直接对接", "direct")
    assert decision["note"] == "已有两家院所可做"
    valid = stage.post(validations, "bureau", {"result": "valid"})
    assert (valid.status_code, valid.get_json()["validation"]) == (200, "valid")
    assert "triage" not in valid.get_json()
    assert problem_of(stage.post(validations, "owner", {"result": "valid"})) == OWN
    assert problem_of(stage.post(validations, "bureau", {"result": "maybe"})) == invalid(
        ("/result", "应为以下之一：open, valid, invalid。")
    )
    assert stage.get("/needs", validation="valid").get_json()["items"][0]["validation"] == "valid"
    assert [one["id"] for one in stage.get("/needs", "owner", triage="direct").get_json()["items"]] == [need]
    assert stage.get("/needs", "stranger", triage="direct").get_json()["items"] == []
    own = stage.get(f"/needs/{need}", "owner").get_json()
    assert (own["triage"], own["validation_note"]) == ("direct", None)
    stored = stage.get(f"/needs/{need}/assessment", "bureau").get_json()
    assert (stored["triage"], stored["validation"]["result"]) == ("direct", "valid")


def test_open_questions_are_named_to_whoever_finds_a_need_valid(stage: Stage) -> None:
    need = stage.listing(title="膜清洗太勤", **VAGUE)
    stage.post(f"/needs/{need}/triages", "bureau", {"class": "direct"})
    url = f"/needs/{need}/validations"
    body = problem_of(stage.post(url, "bureau", {"result": "valid"}))
    pointer, code = "/override_note", "questions-open"
    assert body == problem(
        422,
        code,
        title="不符合规则",
        detail="还有必须补充的问题；确认有效的，请在 override_note 中写明理由。",
        errors=[
            (pointer, code, "没有数字：现在的水平是多少？例如合格率、产量、温度、成本，请至少给出一个数字。"),
            (pointer, code, "没有目标值：做到什么水平算解决？请给出要达到的数值，例如“合格率不低于95%”。"),
        ],
    )
    assert stage.post(url, "bureau", {"result": "valid", "override_note": "已现场核实"}).status_code == 200


def test_the_overview_sets_the_classes_beside_practice(stage: Stage) -> None:
    need = stage.post("/needs", "owner", FORM).get_json()["id"]
    stage.post(f"/needs/{need}/submissions", "owner")
    body = stage.get("/needs/gate-summary", "bureau", region="320281", since="2025-06-01").get_json()
    assert (body["region"], body["since"], body["assessed"], body["undecided"]) == (
        "320281",
        "2025-06-01",
        1,
        1,
    )
    assert body["classes"][1] == {
        "class": "diagnose",
        "name": "二次诊断",
        "suggested": 1,
        "suggested_share": 1.0,
        "decided": 0,
        "decided_share": None,
        "practice_share": 0.25,
    }
    assert {
        "code": "no_goal",
        "name": "没有目标值",
        "severity": "blocking",
        "severity_name": "必须补充",
    }.items() <= (next(one for one in body["findings"] if one["code"] == "no_goal").items())
    refused = problem(
        403, "role-not-allowed", title="没有权限", detail="需求质量概况供技术经纪人和主管部门查看。"
    )
    assert problem_of(stage.get("/needs/gate-summary", "owner")) == refused
    assert problem_of(stage.get("/needs/gate-summary")) == UNAUTHENTICATED
    assert problem_of(stage.get("/needs/gate-summary", "broker", since="0001-01-01", region="32")) == invalid(
        ("/region", "长度应为 6。"), ("/since", "应不小于 2000-01-01。")
    )


def test_routes_of_deals_are_for_needs_alone(stage: Stage) -> None:
    need = stage.listing(Status.MATCHING)
    for plural in ("achievements", "scenarios"):
        for step in ("reopenings", "completions"):
            assert stage.post(f"/{plural}/{need}/{step}", "owner").status_code == 404
