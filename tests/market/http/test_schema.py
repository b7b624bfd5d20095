"""Every refusal a schema can utter is Chinese; unknown and impossible input is refused."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError, fields

import market
from market.clock import CHINA, china_day
from market.http.schema import MarketSchema, Moment, PageArgs, TimeOfDay, page_of
from tests.market.http.conftest import TrialInput

# Words that Chinese sentences may carry: names of standards, of JSON values and examples.
KNOWN = {"ISO", "UTF", "JSON", "true", "false", "X", "Y", "ZL", "CN", "URL"}
WRONG: list[Any] = [
    *(None, "", "x", " ", "x" * 5000, -1, 0, 1.5, 10**20, True),
    *([], [None], ["x"], [1], {}, {"x": 1}, [{}], [{"x": 1}]),
]


def input_schemas() -> list[type[Schema]]:
    """Return the input schemas of all features."""
    for module in pkgutil.walk_packages(market.__path__, "market."):
        if module.name.endswith("schemas"):
            importlib.import_module(module.name)
    found: dict[str, type[Schema]] = {}

    def walk(kind: type[Schema]) -> None:
        for child in kind.__subclasses__():
            if child.__module__.startswith("market.") and not child.__name__.endswith(("View", "Page")):
                found[f"{child.__module__}.{child.__name__}"] = child
            walk(child)

    walk(MarketSchema)
    return [found[name] for name in sorted(found)]


def words_of(messages: Any) -> Iterator[str]:
    if isinstance(messages, dict):
        for nested in messages.values():
            yield from words_of(nested)
    elif isinstance(messages, list):
        for nested in messages:
            yield from words_of(nested)
    else:
        yield str(messages)


def choices_of(field: Any) -> set[str]:
    """Return the codes that a refusal of this field may list."""
    if isinstance(field, fields.Enum):
        return {str(member.value) for member in field.enum}
    if isinstance(field, fields.List):
        return choices_of(field.inner)
    if isinstance(field, fields.Nested):
        return set().union(*(choices_of(inner) for inner in field.schema.fields.values()))
    return {str(choice) for rule in field.validators for choice in getattr(rule, "choices", ())}


def english_in(sentence: str, choices: set[str]) -> set[str]:
    for choice in sorted(choices, key=len, reverse=True):
        sentence = sentence.replace(choice, "")
    return set(re.findall("[A-Za-z]+", sentence)) - KNOWN


SCHEMAS = [*input_schemas(), TrialInput]


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda kind: kind.__name__)
def test_refusals_carry_no_english(schema: type[Schema]) -> None:
    refusals = 0
    for name, field in schema().fields.items():
        for value in WRONG:
            messages = schema().validate({name: value}).get(name, {})
            for sentence in words_of(messages):
                refusals += 1
                assert english_in(sentence, choices_of(field)) == set(), (name, value, sentence)
                assert re.search("[一-鿿]", sentence), (name, value, sentence)
    assert refusals > 0 or not schema().fields


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda kind: kind.__name__)
def test_missing_unknown_and_misshapen_input_is_refused_in_chinese(schema: type[Schema]) -> None:
    assert schema().validate({"no_such_field": 1})["no_such_field"] == ["没有这个字段"]
    for sentence in words_of(schema().validate({})):
        assert not english_in(sentence, set())
    with pytest.raises(ValidationError) as caught:
        schema().load([])
    assert list(words_of(caught.value.messages)) == ["应为对象"]


def test_the_walk_finds_the_schemas() -> None:
    names = {kind.__name__ for kind in SCHEMAS}
    assert {"OrganisationInput", "FirstUserInput", "TokenInput", "RegionArgs", "NeedInput"} <= names


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"price_fen": 1.0}, "应为整数"),
        ({"price_fen": "1"}, "应为整数"),
        ({"price_fen": True}, "应为整数"),
        ({"price_fen": -1}, "应不小于 0 且不大于 1000000000000000"),
        ({"price_fen": 10**15 + 1}, "应不小于 0 且不大于 1000000000000000"),
        ({"share": 0}, "应大于 0 且不大于 1"),
        ({"share": "nan"}, "应为数字"),
        ({"day": "2025-02-30"}, "应为 ISO 8601 日期，如 2025-03-01"),
        ({"at": "2025-06-10T02:00:00"}, "时间应注明时区"),
        ({"at": "9999-12-31T23:59:59-01:00"}, "超出可以表示的时间"),
        ({"at": "9999-12-31T23:59:59+00:00"}, "超出可以表示的时间"),
        ({"at": "0001-01-01T00:00:00+08:00"}, "超出可以表示的时间"),
        ({"opens": "08:30:00+08:00"}, "按北京时间填写，不写时区"),
        ({"opens": "08:30:00Z"}, "按北京时间填写，不写时区"),
        ({"name": "  一  "}, "长度应在 2 与 5 之间"),
        ({"name": "一\x00二"}, "应为文字"),
        ({"places": [{"town": "a"}] * 3}, "长度不能超过 2"),
    ],
)
def test_field_refuses(value: dict[str, Any], words: str) -> None:
    assert list(words_of(TrialInput().validate(value))) == [words]


def test_field_accepts() -> None:
    form = {
        "name": " 江阴 ",
        "price_fen": 10**15,
        "share": 1,
        "day": "2025-03-01",
        "at": "2025-06-10T10:00:00+08:00",
        "opens": "08:30",
        "places": [],
    }
    found = TrialInput().load(form)
    assert found["name"] == "江阴"
    assert found["at"].isoformat() == "2025-06-10T02:00:00+00:00"
    assert found["opens"] == time(8, 30)


@given(st.datetimes(timezones=st.sampled_from([UTC, CHINA, timezone(timedelta(hours=-12))])))
def test_a_moment_that_is_taken_has_a_day_in_china(at: datetime) -> None:
    errors = TrialInput().validate({"at": at.isoformat()})
    if errors:
        assert at.year in (1, 9999)
    else:
        assert isinstance(china_day(TrialInput().load({"at": at.isoformat()})["at"]), date)


def test_moments_and_hours_of_input_are_read_by_the_fields_that_check_them() -> None:
    checked = 0
    for schema in SCHEMAS:
        found = schema().fields.values()
        timed = [field for field in found if isinstance(field, fields.DateTime | fields.Time)]
        if timed and schema.__name__.endswith(("Input", "Args")):
            checked += len(timed)
            assert all(isinstance(field, Moment | TimeOfDay) for field in timed), schema.__name__
    assert checked >= 10


def test_page_defaults_and_limits() -> None:
    assert PageArgs().load({}) == {"cursor": None, "limit": 20}
    assert PageArgs().load({"limit": "100"})["limit"] == 100
    assert PageArgs().validate({"limit": "101"}) == {"limit": ["应不小于 1 且不大于 100"]}
    assert PageArgs().validate({"cursor": "x" * 501}) == {"cursor": ["长度不能超过 500"]}


def test_page_schema_is_named_after_its_items() -> None:
    class ThingView(MarketSchema):
        name = fields.String()

    page = page_of(ThingView)
    assert page.__name__ == "ThingPage"
    assert page().dump({"items": [{"name": "a"}], "next_cursor": None}) == {
        "items": [{"name": "a"}],
        "next_cursor": None,
    }


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("colour=red", {"/colour": "没有这个字段。"}),
        ("limit=1&limit=2", {"/limit": "只能出现一次。"}),
        ("cursor=a%00b", {"/cursor": "应为文字。"}),
        ("limit=9223372036854775808", {"/limit": "数字过大。"}),
        ("limit=all", {"/limit": "应为整数。"}),
        ("limit=0", {"/limit": "应不小于 1 且不大于 100。"}),
    ],
)
def test_query_is_read_strictly(faulty: FlaskClient, query: str, errors: dict[str, str]) -> None:
    response = faulty.get(f"/api/v1/trials?{query}")
    assert response.status_code == 422
    assert {item["pointer"]: item["detail"] for item in response.json["errors"]} == errors


def test_list_parameter_may_stand_twice(faulty: FlaskClient) -> None:
    assert faulty.get("/api/v1/trials?code=a&code=b&limit=3").json == {
        "code": ["a", "b"],
        "cursor": None,
        "limit": 3,
    }


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (r'{"name": "a\u0000b"}', {"/name": "应为文字。"}),
        (r'{"place": {"town": "\ud800"}}', {"/place/town": "应为文字。"}),
        (r'{"places": [{"town": "a"}, {"town": "\udfff"}]}', {"/places/1/town": "应为文字。"}),
        (r'{"extra": {"a\u0000": 1}}', {"/extra": "字段名应为文字。"}),
        (r'{"\ud800": 1}', {"": "字段名应为文字。"}),
        ('{"extra": {"a": 9223372036854775808}}', {"/extra/a": "数字过大。"}),
        ('{"share": 1e400}', {"/share": "应为数字。"}),
    ],
)
def test_body_no_database_could_keep_is_refused(
    faulty: FlaskClient, body: str, errors: dict[str, str]
) -> None:
    response = faulty.post("/api/v1/trials", data=body, content_type="application/json")
    assert response.status_code == 422
    assert {item["pointer"]: item["detail"] for item in response.json["errors"]} == errors


def test_body_at_the_limits_is_taken(faulty: FlaskClient) -> None:
    response = faulty.post("/api/v1/trials", json={"extra": {"膜": 2**63 - 1}, "name": "😀😀", "open": False})
    assert response.json == ["extra", "name", "open"]


def test_body_may_be_left_out_where_nothing_is_required(faulty: FlaskClient) -> None:
    assert faulty.post("/api/v1/trials").json == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/words/膜", 200),
        ("/words/a%00b", 404),
        ("/numbers/9223372036854775807", 200),
        ("/numbers/9223372036854775808", 404),
    ],
)
def test_address_no_record_could_have_is_not_found(faulty: FlaskClient, path: str, status: int) -> None:
    assert faulty.get(f"/api/v1{path}").status_code == status


@pytest.mark.parametrize(
    ("form", "errors"),
    [
        ({"name": "a\x00b"}, {"/name": "应为文字。"}),
        ({"name": ["甲乙", "丙丁"]}, {"/name": "只能出现一次。"}),
        ({"price_fen": str(2**63)}, {"/price_fen": "数字过大。"}),
        ({"colour": "red"}, {"/colour": "没有这个字段。"}),
    ],
)
def test_form_is_read_strictly(faulty: FlaskClient, form: dict[str, Any], errors: dict[str, str]) -> None:
    response = faulty.post("/api/v1/forms", data=form)
    assert response.status_code == 422
    assert {item["pointer"]: item["detail"] for item in response.json["errors"]} == errors


def test_form_is_read(faulty: FlaskClient) -> None:
    assert faulty.post("/api/v1/forms", data={"name": " 江阴 "}).json == ["name"]
