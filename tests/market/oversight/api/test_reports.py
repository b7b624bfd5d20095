"""Yearly conversion reports over HTTP: per endpoint one success, one refusal by role, one bad input."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from market.accounts.queries import actor_of
from market.oversight.rules.figures import FIGURES
from market.oversight.rules.reports import REPORT_LAW, ReportStatus
from tests.factories import make_user
from tests.market.listings.answers import UNAUTHENTICATED, invalid, problem, problem_of
from tests.market.oversight.conftest import Office
from tests.market.oversight.factories import DECLARED_ONLY, make_report

pytestmark = pytest.mark.one_database("views; test_service.py and queries/ ask both")

URL = "/conversion-reports"
NOT_FOUND = problem(404, "conversion-report-not-found", title="未找到", detail="没有找到该年度报告。")
NOT_OVERSEEING = problem(403, "not-overseeing", title="没有权限", detail="只有主管部门可以查看年度报告汇总。")


@pytest.fixture
def draft(office: Office) -> Any:
    """A draft of the seller's."""
    return make_report(office.session, office.cast.seller, status=ReportStatus.DRAFT)


@pytest.fixture
def handed_in(office: Office) -> Any:
    """A report the seller handed in."""
    return make_report(office.session, office.cast.seller)


def test_draft(office: Office) -> None:
    response = office.post(URL, office.cast.seller, {"year": 2024})
    body = response.get_json()
    assert response.status_code == 201
    assert response.headers["ETag"] == f'"{body["report"]["version"]}"'
    assert (body["report"]["status_name"], body["report"]["year"]) == ("草稿", 2024)
    assert body["report"]["organisation_name"] == office.cast.seller_organisation.name
    assert [figure["key"] for figure in body["figures"]] == [figure.key for figure in FIGURES]
    assert body["figures"][1] == {
        "key": "achievements_published",
        "name": "在本市场发布的科技成果数",
        "unit": "count",
        "basis": "当年在本市场发布的科技成果",
        "declared": 0,
        "computed": 0,
        "difference": 0,
        "explanation": None,
    }


def test_draft_is_for_universities(office: Office) -> None:
    assert problem_of(office.post(URL, office.cast.buyer, {"year": 2024})) == problem(
        403, "role-not-allowed", title="没有权限", detail="年度报告由高校院所报送。"
    )
    assert problem_of(office.post(URL, None, {"year": 2024})) == UNAUTHENTICATED


def test_draft_refuses_bad_input(office: Office) -> None:
    assert problem_of(office.post(URL, office.cast.seller, {})) == invalid(("/year", "此项必填。"))
    refused = problem_of(office.post(URL, office.cast.seller, {"year": 2026}))
    assert (refused["status"], refused["code"]) == (422, "bad-year")
    assert refused["errors"] == [
        {
            "pointer": "/year",
            "code": "bad-year",
            "detail": "年度应在2015年至2025年之间。",
            "source": REPORT_LAW,
        }
    ]


def test_list(office: Office, draft: Any) -> None:
    other = make_report(office.session, office.cast.seller, year=2023)
    ids = [row["id"] for row in office.get(URL, office.cast.seller).get_json()["items"]]
    assert ids == [other.id, draft.id]
    body = office.get(URL, office.cast.bureau, year=2023, region="320281", status="submitted").get_json()
    assert [row["id"] for row in body["items"]] == [other.id]
    assert office.get(URL, office.cast.bureau).get_json() == body  # the draft is not the bureau's yet
    admin = actor_of(make_user(office.session))
    assert len(office.get(URL, admin).get_json()["items"]) == 2


def test_list_is_for_those_concerned(office: Office) -> None:
    assert problem_of(office.get(URL, office.cast.registrar)) == problem(
        403,
        "role-not-allowed",
        title="没有权限",
        detail="年度报告由高校院所报送主管部门，您无权查看。",
    )


def test_list_refuses_bad_input(office: Office) -> None:
    assert problem_of(office.get(URL, office.cast.bureau, year="今年")) == invalid(("/year", "应为整数。"))


def test_get(office: Office, handed_in: Any) -> None:
    response = office.get(f"{URL}/{handed_in.id}", office.cast.bureau)
    assert response.headers["ETag"] == f'"{handed_in.version}"'
    assert response.get_json()["report"]["status"] == "submitted"


def test_get_a_draft_is_the_universitys(office: Office, draft: Any) -> None:
    assert problem_of(office.get(f"{URL}/{draft.id}", office.cast.bureau)) == NOT_FOUND
    assert problem_of(office.get(f"{URL}/999999", office.cast.seller)) == NOT_FOUND


def test_change(office: Office, draft: Any) -> None:
    response = office.send(
        "PATCH",
        f"{URL}/{draft.id}",
        office.cast.seller,
        {"figures": {"licences_count": 2}, "explanations": {"licences_count": " 在外地登记 "}},
        headers={"If-Match": f'"{draft.version}"'},
    )
    (row,) = [row for row in response.get_json()["figures"] if row["key"] == "licences_count"]
    assert (row["declared"], row["difference"], row["explanation"]) == (2, 2, "在外地登记")
    assert response.headers["ETag"] == f'"{draft.version + 1}"'


def test_change_is_for_the_university(office: Office, handed_in: Any) -> None:
    refused = office.send(
        "PATCH", f"{URL}/{handed_in.id}", office.cast.bureau, {}, headers={"If-Match": '"1"'}
    )
    assert problem_of(refused) == problem(
        403, "not-the-reporter", title="没有权限", detail="只有报告所属的高校院所可以进行此项操作。"
    )


def test_change_refuses_bad_input(office: Office, draft: Any) -> None:
    refused = office.send(
        "PATCH",
        f"{URL}/{draft.id}",
        office.cast.seller,
        {"figures": {"licences_count": -1, "patents": 3}},
        headers={"If-Match": f'"{draft.version}"'},
    )
    assert problem_of(refused) == invalid(
        ("/figures/licences_count", "应不小于 0 且不大于 10000000。"), ("/figures/patents", "没有这个字段。")
    )
    stale = office.send("PATCH", f"{URL}/{draft.id}", office.cast.seller, {}, headers={"If-Match": '"99"'})
    assert (stale.status_code, stale.get_json()["code"]) == (412, "stale-version")
    missing = office.send("PATCH", f"{URL}/{draft.id}", office.cast.seller, {})
    assert missing.status_code == 428


def test_submit(office: Office, draft: Any) -> None:
    office.send(
        "PATCH",
        f"{URL}/{draft.id}",
        office.cast.seller,
        {"figures": DECLARED_ONLY},
        headers={"If-Match": f'"{draft.version}"'},
    )
    body = office.post(f"{URL}/{draft.id}/submissions", office.cast.seller).get_json()
    assert (body["report"]["status"], body["report"]["submitted_at"]) == (
        "submitted",
        "2025-06-10T02:00:00+00:00",
    )


def test_submit_is_for_the_university(office: Office, handed_in: Any) -> None:
    assert problem_of(office.post(f"{URL}/{handed_in.id}/submissions", office.cast.buyer)) == NOT_FOUND


def test_submit_names_every_figure_at_fault(office: Office, draft: Any) -> None:
    body = problem_of(office.post(f"{URL}/{draft.id}/submissions", office.cast.seller))
    assert (body["status"], body["code"], body["detail"]) == (
        422,
        "report-incomplete",
        "报告有4处需要补充或说明。",
    )
    assert [error["pointer"] for error in body["errors"]] == [f"/figures/{key}" for key in DECLARED_ONLY]
    assert body["errors"][0] == {
        "pointer": "/figures/achievements_obtained",
        "code": "figure-missing",
        "detail": "请填写“依法取得的科技成果数”，没有的填0。",
        "source": REPORT_LAW,
    }


def test_return(office: Office, handed_in: Any) -> None:
    body = office.post(f"{URL}/{handed_in.id}/returns", office.cast.bureau, {"note": "请核对"}).get_json()
    assert body["report"]["status_name"] == "退回修改"


def test_return_is_for_the_bureau(office: Office, handed_in: Any) -> None:
    refused = office.post(f"{URL}/{handed_in.id}/returns", office.cast.seller, {"note": "请核对"})
    assert problem_of(refused) == problem(
        403, "not-the-bureau", title="没有权限", detail="只有该单位所在地的主管部门可以进行此项操作。"
    )


def test_return_needs_words(office: Office, handed_in: Any) -> None:
    refused = office.post(f"{URL}/{handed_in.id}/returns", office.cast.bureau, {"note": " "})
    assert problem_of(refused) == invalid(("/note", "长度应在 1 与 1000 之间。"))


def test_accept(office: Office, handed_in: Any) -> None:
    body = office.post(f"{URL}/{handed_in.id}/acceptances", office.cast.bureau).get_json()
    assert body["report"]["status_name"] == "已接收"
    again = problem_of(office.post(f"{URL}/{handed_in.id}/acceptances", office.cast.bureau))
    assert again == problem(
        409, "illegal-transition", title="状态冲突", detail="该报告现为“已接收”，不能接收。"
    )


def test_accept_is_for_the_bureau(office: Office, handed_in: Any) -> None:
    assert problem_of(office.post(f"{URL}/{handed_in.id}/acceptances", office.cast.registrar)) == NOT_FOUND


def test_events(office: Office, handed_in: Any) -> None:
    events = office.get(f"{URL}/{handed_in.id}/events", office.cast.bureau).get_json()
    assert [event["target_name"] for event in events] == ["草稿", "草稿", "已报送"]
    assert events[-1]["snapshot"]["figures"]["transfer_staff"] == 3


def test_events_are_for_those_concerned(office: Office, handed_in: Any) -> None:
    assert problem_of(office.get(f"{URL}/{handed_in.id}/events", office.cast.buyer)) == NOT_FOUND


def test_summary(office: Office, handed_in: Any) -> None:
    body = office.get(f"{URL}/summary", office.cast.bureau, year=2024).get_json()
    assert (body["region"], body["submitted"], body["returned"], body["accepted"]) == ("320200", 1, 0, 0)
    assert body["missing"] == []
    assert body["sums"][0] == {
        "key": "achievements_obtained",
        "name": "依法取得的科技成果数",
        "unit": "count",
        "basis": None,
        "declared": 5,
        "computed": None,
    }


def test_summary_is_for_bureaus(office: Office) -> None:
    assert problem_of(office.get(f"{URL}/summary", office.cast.registrar, year=2024)) == NOT_OVERSEEING


def test_summary_needs_a_year(office: Office) -> None:
    assert problem_of(office.get(f"{URL}/summary", office.cast.bureau)) == invalid(("/year", "此项必填。"))


def test_file(office: Office, handed_in: Any) -> None:
    response = office.get(f"{URL}/files/xlsx", office.cast.bureau, year=2024)
    assert response.status_code == 200
    name = quote("2024年度科技成果转化年度报告汇总.xlsx")
    assert name in response.headers["Content-Disposition"]


def test_file_is_for_bureaus(office: Office) -> None:
    assert problem_of(office.get(f"{URL}/files/xlsx", office.cast.seller, year=2024)) == NOT_OVERSEEING


def test_file_refuses_bad_input(office: Office) -> None:
    refused = problem_of(office.get(f"{URL}/files/xlsx", office.cast.bureau, year=2024, region="32"))
    assert refused == invalid(("/region", "应为六位行政区划代码。"))
