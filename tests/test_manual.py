"""The Chinese manuals name only what exists: routes, query parameters, error codes, states, examples.

Fixed markup of the pages under `docs/手册/`:
- a route is `METHOD /path?query`, without or with the prefix `/api/v1`, `{…}` or a number for an id;
- an error is a table row that begins with the code in backticks and the HTTP status;
- a state is a row of a section headed 状态（…）, its code in backticks and its Chinese name;
- an example is a block fenced as `http`: the request line, headers, an empty line, the JSON body.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from jsonschema import Draft202012Validator

from market import migrations
from market.app import create_app
from market.contracts import rules as contract_rules
from market.db import Database
from market.listings import rules as listing_rules
from market.matches import rules as match_rules
from market.reference.rules import Scheme
from market.settings import Settings
from matching.encoder import HashingEncoder

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "手册"
PAGES = sorted(FOLDER.glob("*.md"))
GROUPS = ("企业", "高校院所", "技术经纪人", "登记员", "主管部门", "管理员")

ROUTE = re.compile(r"\b(GET|POST|PATCH|DELETE) (/[^\s`?]+)(?:\?([^\s`]+))?")
ERROR = re.compile(r"^\| `([a-z-]+)` \| (\d{3}) \|", re.MULTILINE)
STATE = re.compile(r"^\| `([a-z_]+)` \| (\S+) \|", re.MULTILINE)
STATES = re.compile(r"^## 状态.*?$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"^```http\n(\w+) (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+\.md)\)")


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The OpenAPI document of the whole market."""
    folder = tmp_path_factory.mktemp("manual")
    database = Database(f"sqlite:///{folder / 'market.db'}")
    migrations.upgrade(database.engine)
    settings = Settings(database_url=database.url, data_dir=folder)
    app = create_app(settings, database=database, encoder=HashingEncoder(dim=64))
    answer: dict[str, Any] = app.test_client().get("/api/v1/openapi.json").get_json()
    database.dispose()
    return answer


@pytest.fixture(scope="module")
def literals() -> set[str]:
    """Every text constant of the package; all error codes are among them."""
    trees = (ast.parse(path.read_text("utf-8")) for path in (ROOT / "market").rglob("*.py"))
    constants = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {value for value in constants if isinstance(value, str)}


def _operation(document: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    """Return the operation a manual means; numbers and `{…}` stand for an id, any word for a text."""
    for template, methods in document["paths"].items():
        kinds = {
            parameter["name"]: parameter["schema"]["type"] for parameter in methods.get("parameters", [])
        }
        pattern = template.removeprefix("/api/v1")
        for name, kind in kinds.items():
            pattern = pattern.replace(f"{{{name}}}", r"(\d+|\{\w+\})" if kind == "integer" else "[^/]+")
        if re.fullmatch(pattern, path.removeprefix("/api/v1")) and method.lower() in methods:
            operation: dict[str, Any] = methods[method.lower()]
            return operation
    raise AssertionError(f"no {method} {path}")


def _schema_of(operation: dict[str, Any]) -> dict[str, Any] | None:
    body = operation.get("requestBody")
    return None if body is None else body["content"].get("application/json", {}).get("schema")


def _examples(text: str) -> Iterator[tuple[str, str, dict[str, str], Any]]:
    for method, path, rest in EXAMPLE.findall(text):
        head, _, body = ("\n" + rest).partition("\n\n")
        headers = dict(line.split(": ", 1) for line in head.splitlines() if line)
        yield method, path, headers, json.loads(body) if body.strip() else None


@pytest.mark.parametrize("group", GROUPS)
def test_every_user_group_has_a_page_in_the_markup_that_is_checked(group: str) -> None:
    text = (FOLDER / f"{group}.md").read_text("utf-8")
    assert all(markup.search(text) for markup in (ROUTE, ERROR, EXAMPLE, LINK))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_routes_and_their_parameters_exist(page: Path, document: dict[str, Any]) -> None:
    for method, path, query in ROUTE.findall(page.read_text("utf-8")):
        operation = _operation(document, method, path)
        known = {parameter["name"] for parameter in operation.get("parameters", [])}
        assert {name for name, _ in parse_qsl(query)} <= known, f"{method} {path}?{query}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_lists_exist(page: Path) -> None:
    named = set(re.findall(r"GET /codes/(\w+)", page.read_text("utf-8")))
    assert named <= {scheme.value for scheme in Scheme}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_error_codes_exist(page: Path, literals: set[str]) -> None:
    codes = {code for code, _ in ERROR.findall(page.read_text("utf-8"))}
    assert codes <= literals, codes - literals


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_states_bear_their_names(page: Path) -> None:
    names = {
        (status.value, name)
        for rules in (listing_rules, match_rules, contract_rules)
        for status, name in rules.STATUS_NAMES.items()
    }
    stated = {pair for section in STATES.findall(page.read_text("utf-8")) for pair in STATE.findall(section)}
    assert stated <= names, stated - names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_have_the_form_that_is_asked_for(page: Path, document: dict[str, Any]) -> None:
    for method, path, headers, body in _examples(page.read_text("utf-8")):
        operation = _operation(document, method, path)
        needed = {p["name"] for p in operation.get("parameters", []) if p["in"] == "header" and p["required"]}
        assert headers.keys() == needed, f"{method} {path}"
        schema = _schema_of(operation)
        assert (schema is None) == (body is None), f"{method} {path}"
        if schema is not None:
            rooted = {**schema, "components": document["components"]}
            faults = [error.message for error in Draft202012Validator(rooted).iter_errors(body)]
            assert not faults, f"{method} {path}: {faults}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        assert (FOLDER / target).is_file(), target
