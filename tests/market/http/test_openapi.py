"""The OpenAPI document is valid and tells the truth about errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

pytestmark = pytest.mark.one_database("the document is made from the routes")

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture
def document(client: FlaskClient) -> Any:
    response = client.get("/api/v1/openapi.json")
    assert response.status_code == 200
    return response.json


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, item in document["paths"].items():
        for method in METHODS & item.keys():
            yield path, method, item[method]


def resolved(document: Any, answer: Any) -> Any:
    if "$ref" not in answer:
        return answer
    return document["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]


def test_document_is_valid(document: Any) -> None:
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"] == "3.1.0"


def test_errors_are_documented_as_problems(document: Any) -> None:
    faults, seen = [], 0
    for path, method, operation in operations(document):
        for status, answer in operation["responses"].items():
            if status == "default" or status >= "400":
                seen += 1
                content = resolved(document, answer).get("content", {})
                if set(content) != {"application/problem+json"}:
                    faults.append((path, method, status, set(content)))
                else:
                    schema = content["application/problem+json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/Problem"}
        if "default" not in operation["responses"]:
            faults.append((path, method, "default", set()))
    assert faults == []
    assert seen > 20
    assert {"type", "title", "status", "detail", "code", "request_id", "errors"} == set(
        document["components"]["schemas"]["Problem"]["properties"]
    )


def test_successes_stay_json(document: Any) -> None:
    operation = document["paths"]["/api/v1/organisations/{organisation_id}"]["get"]
    assert set(resolved(document, operation["responses"]["200"])["content"]) == {"application/json"}


def test_every_operation_says_in_chinese_what_it_does(document: Any) -> None:
    silent = [
        (path, method)
        for path, method, operation in operations(document)
        if not any("一" <= character <= "鿿" for character in operation.get("summary", ""))
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("path", "method", "header"),
    [
        ("/api/v1/organisations/{organisation_id}", "patch", "If-Match"),
        ("/api/v1/contracts", "post", "Idempotency-Key"),
    ],
)
def test_required_headers_are_documented(document: Any, path: str, method: str, header: str) -> None:
    operation = document["paths"][path][method]
    found = [item for item in operation["parameters"] if item.get("name") == header]
    assert [(item["in"], item["required"]) for item in found] == [("header", True)]
