"""A POST sent twice under one key takes effect once."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient
from flask_smorest.fields import Upload
from marshmallow import fields
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.db import Database
from market.errors import Conflict
from market.http.idempotency import IdempotencyKey, once
from market.http.schema import MarketBlueprint, MarketSchema, text
from tests.factories import NOW, make_organisation, make_user
from tests.market.http.conftest import make_app, without_request_id

KEY = {"Idempotency-Key": "key-0001"}


class ShopInput(MarketSchema):
    name = text(2, 20, required=True)


class FileInput(MarketSchema):
    file = Upload(required=True)


class ShopView(MarketSchema):
    id = fields.Integer()
    name = fields.String()
    created_at = fields.AwareDateTime()


class PlainView(MarketSchema):
    made = fields.String()


def shop_views(database: Database, user_ids: dict[str, int], *, pause: float = 0) -> MarketBlueprint:
    """Return a view that enters an organisation once per key, for the user named in a header."""
    blp = MarketBlueprint("shops", __name__, description="试验")

    def caller() -> int:
        return user_ids[flask.request.headers.get("X-User", "a")]

    @blp.route("/shops", methods=["POST"])
    @blp.arguments(ShopInput)
    def enter(form: dict[str, Any]) -> Any:
        with database.transaction() as session:

            def work() -> Organisation:
                time.sleep(pause)
                if form["name"] == "不行":
                    raise Conflict("不行。", code="not-now")
                return make_organisation(session, name=form["name"])

            return once(session, caller(), work, schema=ShopView, status=201, now=NOW)

    @blp.route("/notes", methods=["POST"])
    def note() -> Any:
        with database.transaction() as session:
            return once(session, caller(), lambda: {"made": "好"}, schema=PlainView, status=200, now=NOW)

    @blp.route("/files", methods=["POST"])
    @blp.arguments(ShopInput, location="form")
    @blp.arguments(FileInput, location="files")
    def file(form: dict[str, Any], files: dict[str, Any]) -> Any:
        with database.transaction() as session:

            def work() -> dict[str, str]:
                return {"made": files["file"].stream.read().decode()}

            return once(session, caller(), work, schema=PlainView, status=200, now=NOW)

    return blp


def make_users(database: Database) -> dict[str, int]:
    with database.transaction() as session:
        return {name: make_user(session).id for name in ("a", "b")}


@pytest.fixture
def shops(database: Database) -> FlaskClient:
    return make_app(shop_views(database, make_users(database))).test_client()


@pytest.fixture
def count(database: Database) -> Callable[[str], int]:
    def of_name(name: str) -> int:
        with database.reading() as session:
            return len(list(session.scalars(select(Organisation.id).where(Organisation.name == name))))

    return of_name


def test_second_sending_repeats_the_first_answer(shops: FlaskClient, count: Callable[[str], int]) -> None:
    first = shops.post("/api/v1/shops", json={"name": "新店"}, headers=KEY)
    second = shops.post("/api/v1/shops", json={"name": "新店"}, headers=KEY)
    assert first.status_code == second.status_code == 201
    assert first.json["name"] == "新店"
    assert first.json == second.json
    assert first.headers["ETag"] == second.headers["ETag"] == '"1"'
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert count("新店") == 1


def test_answer_without_a_version_has_no_etag(shops: FlaskClient) -> None:
    for _ in range(2):
        response = shops.post("/api/v1/notes", headers=KEY)
        assert (response.status_code, response.json) == (200, {"made": "好"})
        assert "ETag" not in response.headers


def test_another_key_is_another_deed(shops: FlaskClient, count: Callable[[str], int]) -> None:
    for key in ("key-0001", "key-0002"):
        shops.post("/api/v1/shops", json={"name": "两家"}, headers={"Idempotency-Key": key})
    assert count("两家") == 2


def test_equal_keys_of_two_users_are_two_keys(shops: FlaskClient, count: Callable[[str], int]) -> None:
    answers = [
        shops.post("/api/v1/shops", json={"name": "两人"}, headers={**KEY, "X-User": user}) for user in "ab"
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert count("两人") == 2


@pytest.mark.parametrize("other", ["/api/v1/shops", "/api/v1/shops?x=1", "/api/v1/notes"])
def test_key_of_another_request_is_refused(
    shops: FlaskClient, count: Callable[[str], int], other: str
) -> None:
    body = {"name": "原来"} if "?" in other else {"name": "后来"}
    shops.post("/api/v1/shops", json={"name": "原来"}, headers=KEY)
    response = shops.post(other, json=body, headers=KEY)
    assert response.status_code == 422
    assert without_request_id(response.json) == {
        "type": "urn:market:problem:idempotency-key-reused",
        "title": "不符合规则",
        "status": 422,
        "detail": "该幂等键已用于另一请求，请更换。",
        "code": "idempotency-key-reused",
        "errors": [
            {
                "pointer": "/headers/Idempotency-Key",
                "code": "idempotency-key-reused",
                "detail": "该幂等键已用于另一请求，请更换。",
            }
        ],
    }
    assert (count("原来"), count("后来")) == (1, 0)


@pytest.mark.parametrize(
    ("name", "content", "file_name", "status"),
    [
        ("新店", "甲,乙", "a.csv", 200),
        ("新店", "甲,丙", "a.csv", 422),
        ("老店", "甲,乙", "a.csv", 422),
        ("新店", "甲,乙", "b.csv", 422),
    ],
)
def test_uploaded_file_is_part_of_the_request(
    shops: FlaskClient, name: str, content: str, file_name: str, status: int
) -> None:
    def send(name: str, content: str, file_name: str) -> Any:
        form = {"name": name, "file": (io.BytesIO(content.encode()), file_name)}
        return shops.post("/api/v1/files", data=form, headers=KEY)

    assert send("新店", "甲,乙", "a.csv").json == {"made": "甲,乙"}
    response = send(name, content, file_name)
    assert response.status_code == status
    if status == 200:
        assert response.json == {"made": "甲,乙"}


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "short"}, {"Idempotency-Key": "x" * 129}])
def test_missing_key_is_asked_for(
    shops: FlaskClient, count: Callable[[str], int], headers: dict[str, str]
) -> None:
    response = shops.post("/api/v1/shops", json={"name": "无键"}, headers=headers)
    assert response.status_code == 422
    assert response.json["code"] == "idempotency-key-missing"
    assert response.json["errors"][0]["pointer"] == "/headers/Idempotency-Key"
    assert count("无键") == 0


def test_refused_deed_leaves_the_key_free(shops: FlaskClient, database: Database) -> None:
    for _ in range(2):
        response = shops.post("/api/v1/shops", json={"name": "不行"}, headers=KEY)
        assert response.json["code"] == "not-now"
    with database.reading() as session:
        assert session.scalar(select(IdempotencyKey.id).where(IdempotencyKey.key == "key-0001")) is None
    assert shops.post("/api/v1/shops", json={"name": "可以"}, headers=KEY).status_code == 201


def test_two_at_once_take_effect_once(own_database: Database) -> None:
    app = make_app(shop_views(own_database, make_users(own_database), pause=0.2))
    gate = threading.Barrier(2)
    answers: list[Any] = []

    def send() -> None:
        gate.wait()
        answers.append(app.test_client().post("/api/v1/shops", json={"name": "同时"}, headers=KEY))

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json == answers[1].json
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 1
    with own_database.reading() as session:
        assert len(list(session.scalars(select(Organisation.id).where(Organisation.name == "同时")))) == 1


@pytest.fixture
def frozen(own_database: Database) -> Iterator[Session]:
    """A session that goes on seeing the data of its beginning."""
    if own_database.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has one writer, so nobody can insert between look and insert")
    with own_database.reading() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield session


def test_key_that_is_taken_but_cannot_be_seen_is_busy(own_database: Database, frozen: Session) -> None:
    user_id = make_users(own_database)["a"]
    frozen.scalar(select(Organisation.id).limit(1))  # the snapshot is taken here

    def answer(session: Session) -> Any:
        return once(session, user_id, lambda: {"made": "好"}, schema=PlainView, status=200, now=NOW)

    with make_app().test_request_context("/api/v1/notes", method="POST", headers=KEY):
        with own_database.transaction() as session:
            answer(session)
        with pytest.raises(Conflict) as caught:
            answer(frozen)
    assert caught.value.code == "idempotency-key-busy"
