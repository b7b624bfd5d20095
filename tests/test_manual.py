"""The Chinese manuals name only what exists: routes, query parameters, error codes, states, examples.

Fixed markup of the pages under `docs/手册/`:
- a route is `METHOD /path?query`, without or with the prefix `/api/v1`, `{…}` or a number for an id;
- an error is a table row that begins with the code in backticks and the HTTP status;
- a state is a row of a section headed 状态（…）, its code in backticks and its Chinese name;
- a command is `market …` in backticks or at the start of a line of a block fenced as `sh`;
- an example is a block fenced as `http`: the request line, headers, an empty line, the JSON body.
"""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import click
import pytest
from jsonschema import Draft202012Validator

from market import migrations
from market.app import create_app
from market.bundles.rules import STATUS_NAMES as BUNDLE_STATUS_NAMES
from market.challenges.rules.awards import OBJECTION_STATUS_NAMES as CHALLENGE_OBJECTION_NAMES
from market.challenges.rules.bids import BID_STATUS_NAMES
from market.challenges.rules.panels import SEAT_STATUS_NAMES
from market.challenges.rules.workflow import STATUS_NAMES as CHALLENGE_STATUS_NAMES
from market.cli import cli
from market.conduct.rules import PLEA_STATUS_NAMES as CONDUCT_PLEA_NAMES
from market.conduct.rules import STATUS_NAMES as CONDUCT_STATUS_NAMES
from market.contracts import rules as contract_rules
from market.contracts.rules.income import INCOME_STATUS_NAMES
from market.db import Database
from market.libraries.rules import ENTRY_STATUS_NAMES
from market.libraries.rules.bookings import BOOKING_STATUS_NAMES
from market.libraries.rules.projects import MILESTONE_STATUS_NAMES
from market.listings import rules as listing_rules
from market.matches import rules as match_rules
from market.network.rules import NODE_STATUS_NAMES
from market.oversight.rules.findings import FINDING_NAMES
from market.oversight.rules.reports import REPORT_STATUS_NAMES
from market.rankings.rules import RANKING_STATUS_NAMES
from market.rankings.rules.states import OBJECTION_STATUS_NAMES
from market.reference.rules import Scheme
from market.settings import Settings
from matching.encoder import HashingEncoder
from seed.cli import seed_group

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "手册"
PAGES = sorted(FOLDER.glob("*.md"))
GROUPS = ("企业", "高校院所", "技术经纪人", "登记员", "主管部门", "管理员")
LONGEST = 350
"""Lines of a page that a reader still finds his way in."""

STATE_NAMES: Mapping[str, Mapping[Any, str]] = {
    "需求": listing_rules.STATUS_NAMES,
    "需求与成果": listing_rules.STATUS_NAMES,
    "匹配建议": match_rules.STATUS_NAMES,
    "合同": contract_rules.STATUS_NAMES,
    "技术性收入核定": INCOME_STATUS_NAMES,
    "排名": RANKING_STATUS_NAMES,
    "异议": OBJECTION_STATUS_NAMES,
    "年度报告": REPORT_STATUS_NAMES,
    "条目": ENTRY_STATUS_NAMES,
    "预约": BOOKING_STATUS_NAMES,
    "项目节点": MILESTONE_STATUS_NAMES,
    "榜单项目": CHALLENGE_STATUS_NAMES,
    "揭榜申报": BID_STATUS_NAMES,
    "评审席位": SEAT_STATUS_NAMES,
    "公示异议": CHALLENGE_OBJECTION_NAMES,
    "成果包": BUNDLE_STATUS_NAMES,
    "服务节点": NODE_STATUS_NAMES,
    "红黑榜记录": CONDUCT_STATUS_NAMES,
    "红黑榜异议申诉": CONDUCT_PLEA_NAMES,
}
"""What a section headed 状态（…） may be about."""

ROUTE = re.compile(r"\b(GET|POST|PATCH|DELETE) (/[^\s`?]+)(?:\?([^\s`]+))?")
ERROR = re.compile(r"^\| `([a-z-]+)` \| (\d{3}) \|", re.MULTILINE)
STATE = re.compile(r"^\| `([a-z_]+)` \| (\S+) \|", re.MULTILINE)
STATES = re.compile(r"^## 状态(?:（(.*?)）)?.*?$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:`|^)market ((?:[a-z][a-z-]* ?)+)", re.MULTILINE)
SETTING = re.compile(r"\bMARKET_[A-Z_]+[A-Z]\b")
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
    for subject, section in STATES.findall(page.read_text("utf-8")):
        names = {(status.value, name) for status, name in STATE_NAMES[subject].items()}
        stated = set(STATE.findall(section))
        assert stated, subject
        assert stated <= names, stated - names


def test_every_state_stands_somewhere() -> None:
    stated: dict[str, set[str]] = defaultdict(set)
    for page in PAGES:
        for subject, section in STATES.findall(page.read_text("utf-8")):
            stated[subject] |= {code for code, _ in STATE.findall(section)}
    for subject in STATE_NAMES.keys() - {"需求与成果"}:
        assert stated[subject] == {status.value for status in STATE_NAMES[subject]}, subject


@pytest.mark.parametrize(
    ("page", "row", "names"),
    [
        ("登记员", r"^\| (?P<name>\S+) \| `(?P<code>[a-z_]+)` \|", contract_rules.DUTY_NAMES),
        ("主管部门-监督排名", r"^\| `(?P<code>[a-z_]+)` \| (?P<name>\S+) \|$", FINDING_NAMES),
    ],
)
def test_duties_and_findings_are_all_there(page: str, row: str, names: Mapping[Any, str]) -> None:
    text = (FOLDER / f"{page}.md").read_text("utf-8")
    stated = {match["code"]: match["name"] for match in re.finditer(row, text, re.MULTILINE)}
    assert stated == {code.value: name for code, name in names.items()}


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_is_too_long(page: Path) -> None:
    assert len(page.read_text("utf-8").splitlines()) <= LONGEST


def test_the_first_page_leads_to_all_others() -> None:
    linked = set(LINK.findall((FOLDER / "README.md").read_text("utf-8")))
    assert linked == {page.name for page in PAGES} - {"README.md"}


def test_every_route_stands_in_a_page(document: dict[str, Any]) -> None:
    """The manual is whole: whatever the market offers, somebody is told of it."""
    told = {
        id(_operation(document, method, path))
        for page in PAGES
        for method, path, _ in ROUTE.findall(page.read_text("utf-8"))
    }
    missing = [
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method != "parameters" and id(operation) not in told
    ]
    assert not missing


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.name)
def test_commands_exist(page: Path) -> None:
    context = click.Context(cli)
    for words in COMMAND.findall(page.read_text("utf-8")):
        command: click.Command | None = cli
        for word in words.split():
            if not isinstance(command, click.Group):
                break
            command = seed_group if (command, word) == (cli, "seed") else command.get_command(context, word)
        assert command is not None, f"market {words}"
        assert not isinstance(command, click.Group), f"market {words}"


def test_links_of_the_readme_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text("utf-8"))
    assert links
    assert all((ROOT / target).exists() for target in links)


def test_settings_exist_and_all_stand_in_the_readme() -> None:
    known = set(SETTING.findall((ROOT / "market" / "settings.py").read_text("utf-8")))
    named = {setting for page in PAGES for setting in SETTING.findall(page.read_text("utf-8"))}
    assert named <= known, named - known
    assert set(SETTING.findall((ROOT / "README.md").read_text("utf-8"))) == known
