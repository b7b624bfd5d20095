"""Imports over HTTP."""

from __future__ import annotations

import io
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import actor_of
from market.accounts.rules import Actor, OrganisationKind
from market.contracts.models import Contract
from market.exchange import api
from market.exchange.models import ImportRun
from market.libraries.models import AgencyFiling
from market.libraries.rules import EntryStatus
from market.listings.models import Listing
from market.listings.rules import Status
from market.search.access import on_index_change
from tests.factories import as_actor, make_actor, make_organisation, make_user
from tests.market.contracts.factories import make_registrar, make_station
from tests.market.exchange.factories import DATA

pytestmark = pytest.mark.one_database("views; service/ and test_queries.py ask both")

GOOD = "成果名称,成果简介,领域\n电渗析脱盐中试装置,处理量每天二十吨，能耗低。,07\n"
BAD = "短,处理量每天二十吨，能耗低。,07\n"


@pytest.fixture
def university(session: Session) -> Organisation:
    return make_organisation(session, OrganisationKind.UNIVERSITY)


@pytest.fixture
def member(session: Session, university: Organisation) -> Actor:
    return actor_of(make_user(session, university))


@pytest.fixture
def admin(session: Session) -> Actor:
    return actor_of(make_user(session))


def send(
    client: FlaskClient,
    headers: dict[str, str],
    content: str | bytes,
    *,
    name: str = "成果.csv",
    **form: Any,
) -> Any:
    data = content.encode() if isinstance(content, str) else content
    return client.post(
        "/api/v1/imports",
        data={"kind": "achievements", **form, "file": (io.BytesIO(data), name)},
        headers=headers,
        content_type="multipart/form-data",
    )


def keyed(session: Session, actor: Actor, key: str = "import-0001") -> dict[str, str]:
    return as_actor(session, actor, Idempotency_Key=key)


def count(session: Session, model: type[Any] = Listing) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_member_imports_drafts_and_reads_the_result(
    client: FlaskClient, session: Session, member: Actor
) -> None:
    headers = keyed(session, member)
    answer = send(client, headers, GOOD)
    assert answer.status_code == 201, answer.json
    assert {name: answer.json[name] for name in ("kind", "result", "rows", "created", "failed")} == {
        "kind": "achievements", "result": "done", "rows": 1, "created": 1, "failed": 0,
    }  # fmt: skip
    assert answer.json["mapping"][0] == {
        "column": "成果名称", "field": "title", "label": "成果名称", "unit": None,
    }  # fmt: skip
    [listing] = session.scalars(select(Listing))
    assert (listing.status, listing.created_by) == (Status.DRAFT, member.user_id)
    again = client.get(f"/api/v1/imports/{answer.json['id']}", headers=headers)
    assert again.json == answer.json


def test_a_doubtful_unit_is_refused_until_it_is_confirmed(
    client: FlaskClient, session: Session, admin: Actor
) -> None:
    make_station(session, name="江阴市技术合同登记站")
    header, first, _ = (DATA / "contracts.csv").read_text(encoding="utf-8").splitlines()
    rows = [first.replace("0101,", f"01{n:02d},").replace("模拟软件", f"模拟软件{n}") for n in range(5)]
    content = "\n".join([header.replace("万元", "元"), *rows]) + "\n"
    form = {"kind": "contracts", "organisation": "江阴市技术合同登记站"}
    refused = send(client, keyed(session, admin), content, **form)
    assert (refused.status_code, refused.json["code"]) == (422, "amount-unit-doubtful")
    assert [error["pointer"] for error in refused.json["errors"]] == ["/total_amount_fen", "/tech_amount_fen"]
    confirmed = send(client, keyed(session, admin, "import-0002"), content, **form, confirm_unit="true")
    assert (confirmed.status_code, confirmed.json["created"]) == (201, 5), confirmed.json


def test_the_same_key_imports_once(client: FlaskClient, session: Session, member: Actor) -> None:
    headers = keyed(session, member)
    first, second = (send(client, headers, GOOD) for _ in range(2))
    assert first.json == second.json
    assert second.headers["Idempotency-Replayed"] == "true"
    assert count(session) == 1
    assert count(session, ImportRun) == 1


@pytest.mark.parametrize(
    ("content", "form"),
    [(GOOD.replace("二十吨", "三十吨"), {}), (GOOD, {"dry_run": "true"})],
    ids=["other file", "other options"],
)
def test_a_key_belongs_to_one_file_and_its_options(
    client: FlaskClient, session: Session, member: Actor, content: str, form: dict[str, str]
) -> None:
    headers = keyed(session, member)
    send(client, headers, GOOD)
    answer = send(client, headers, content, **form)
    assert answer.status_code == 422
    assert answer.json["code"] == "idempotency-key-reused"


def test_a_bad_row_is_answered_with_row_and_column(
    client: FlaskClient, session: Session, member: Actor
) -> None:
    answer = send(client, keyed(session, member), GOOD + BAD)
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    body = answer.json
    assert len(body.pop("request_id")) == 16
    assert body == {
        "type": "urn:market:problem:import-rejected",
        "title": "不符合规则",
        "status": 422,
        "detail": "有1行不符合要求，整个文件未导入。",
        "code": "import-rejected",
        "errors": [
            {
                "pointer": "/rows/3/成果名称",
                "code": "text-too-short",
                "detail": "第3行：成果名称至少需要4个字，现有1个。",
            }
        ],
    }
    assert count(session) == 0
    assert count(session, ImportRun) == 0


def test_bad_rows_can_be_skipped(client: FlaskClient, session: Session, member: Actor) -> None:
    answer = send(client, keyed(session, member), GOOD + BAD, mode="skip_bad_rows")
    assert answer.status_code == 201
    assert (answer.json["created"], answer.json["failed"]) == (1, 1)
    [error] = answer.json["errors"]
    assert (error["row"], error["column"], error["position"]) == (3, "成果名称", "A3")


def test_a_dry_run_writes_nothing(client: FlaskClient, session: Session, member: Actor) -> None:
    answer = send(client, keyed(session, member), GOOD + BAD, dry_run="true")
    assert answer.status_code == 201
    assert (answer.json["result"], answer.json["created"], answer.json["failed"]) == ("rejected", 1, 1)
    assert count(session) == 0


def test_an_admin_publishes_and_the_market_hears_of_it(
    app: flask.Flask, client: FlaskClient, session: Session, admin: Actor, university: Organisation
) -> None:
    heard: list[bool] = []
    on_index_change(app, lambda: heard.append(True))
    file = "名,介绍\n电渗析脱盐中试装置,处理量每天二十吨，能耗低。\n"
    answer = send(
        client, keyed(session, admin), file, publish="true", organisation=university.uscc,
        map=["名=title", "介绍=body"], set=["tech_field=07"],
    )  # fmt: skip
    assert answer.status_code == 201, answer.json
    assert [listing.status for listing in session.scalars(select(Listing))] == [Status.PUBLISHED]
    assert heard == [True]


def test_a_registrar_enters_contracts(client: FlaskClient, session: Session) -> None:
    registrar = make_registrar(session, make_station(session))
    content = (DATA / "contracts.csv").read_bytes()
    answer = send(client, keyed(session, registrar), content, kind="contracts", name="contracts.csv")
    assert answer.status_code == 201, answer.json
    assert count(session, Contract) == 2


AGENCIES = "机构名称,机构类别,备案日期,来源,数据日期\n澄江技术转移中心,transfer,2024-05-06,台账,2025-03-31\n"


def test_a_bureau_proposes_entries_once(client: FlaskClient, session: Session) -> None:
    bureau = make_actor(session, OrganisationKind.BUREAU)
    headers = keyed(session, bureau)
    answers = [send(client, headers, AGENCIES, kind="agencies", name="机构.csv") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json == answers[1].json
    assert (answers[0].json["created"], answers[0].json["kind"]) == (1, "agencies")
    assert [entry.status for entry in session.scalars(select(AgencyFiling))] == [EntryStatus.PROPOSED]
    again = keyed(session, bureau, "import-0002")
    assert send(client, again, AGENCIES, kind="agencies", draft="true").json["unchanged"] == 1

    company = keyed(session, make_actor(session), "import-0003")
    answer = send(client, company, AGENCIES, kind="agencies")
    assert (answer.status_code, answer.json["code"]) == (403, "role-not-allowed")
    published = keyed(session, bureau, "import-0004")
    answer = send(client, published, AGENCIES, kind="agencies", publish="true")
    assert (answer.status_code, answer.json["code"]) == (422, "publish-not-applicable")


def test_the_answer_about_people_names_nobody(client: FlaskClient, session: Session) -> None:
    headers = keyed(session, make_actor(session, OrganisationKind.BUREAU))
    file = "姓名,工作单位,联系电话,来源,数据日期\n顾澄波,暨阳理工大学,13900000001,科研院,2025-03-31\n"
    answer = send(client, headers, file, kind="talents", name="顾澄波.csv")
    assert answer.status_code == 422
    body = answer.json
    assert body.pop("request_id")
    assert body == {
        "type": "urn:market:problem:import-rejected",
        "title": "不符合规则",
        "status": 422,
        "detail": "有1行不符合要求，整个文件未导入。",
        "code": "import-rejected",
        "errors": [
            {
                "pointer": "/rows/2",
                "code": "consent-missing",
                "detail": "第2行：同意范围：没有本人同意“入库保存”的记录，不能导入。",
            }
        ],
    }
    assert count(session, ImportRun) == 0


def test_refused_by_role(client: FlaskClient, session: Session, member: Actor) -> None:
    assert send(client, {"Idempotency-Key": "import-0001"}, GOOD).status_code == 401
    company = make_actor(session)
    answer = send(client, keyed(session, company), GOOD)
    assert (answer.status_code, answer.json["code"]) == (403, "role-not-allowed")
    answer = send(client, keyed(session, member, "import-0002"), GOOD, publish="true")
    assert (answer.status_code, answer.json["code"]) == (403, "publish-not-open")


def test_bad_forms(
    client: FlaskClient, session: Session, member: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = keyed(session, member)
    token = {"Authorization": headers["Authorization"]}
    assert send(client, token, GOOD).json["code"] == "idempotency-key-missing"
    for form, pointer in (({"kind": "people"}, "/kind"), ({"map": "甲"}, "/map/0"), ({"x": "1"}, "/x")):
        answer = send(client, headers, GOOD, **form)
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json["errors"]] == [pointer]
    missing = client.post("/api/v1/imports", data={"kind": "needs"}, headers=headers)
    assert [error["pointer"] for error in missing.json["errors"]] == ["/file"]
    unreadable = send(client, headers, b"\x00\x01", name="成果.xlsx")
    assert (unreadable.status_code, unreadable.json["code"]) == (422, "file-unreadable")
    monkeypatch.setattr(api, "MAX_ROWS", 0)
    assert send(client, headers, GOOD).json["code"] == "too-many-rows"
    monkeypatch.setattr(api, "MAX_ENTRIES", 0)
    bureau = keyed(session, make_actor(session, OrganisationKind.BUREAU))
    assert send(client, bureau, AGENCIES, kind="agencies").json["code"] == "too-many-rows"


def test_an_import_is_hidden_from_others(client: FlaskClient, session: Session, member: Actor) -> None:
    number = send(client, keyed(session, member), GOOD).json["id"]
    stranger = make_actor(session, OrganisationKind.UNIVERSITY)
    answer = client.get(f"/api/v1/imports/{number}", headers=as_actor(session, stranger))
    assert (answer.status_code, answer.json["code"]) == (404, "import-not-found")
    assert client.get(f"/api/v1/imports/{number}").status_code == 401
