"""Who may do what: every endpoint of the API against every role.

The input is right and the record in the right state, so that an answer tells of permission and of
nothing else. An endpoint without a line in the tables fails the test.
"""

from __future__ import annotations

import flask
import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from market.matches.models import SuggestionProgress
from market.search.queries import last_seq
from market.settings import Settings
from tests.conftest import BACKENDS
from tests.market.permissions import (
    bundles,
    chains,
    challenges,
    conduct,
    contracts,
    everyday,
    figures,
    needs,
    network,
    projects,
    referrals,
    registers,
    resources,
    talents,
)
from tests.market.permissions.lines import ROLES, Line, Scene, ask, written
from tests.market.permissions.scene import make_scene

TABLE: list[Line] = [
    *everyday.TABLE,
    *needs.TABLE,
    *registers.TABLE,
    *chains.TABLE,
    *resources.TABLE,
    *projects.TABLE,
    *talents.TABLE,
    *conduct.TABLE,
    *referrals.TABLE,
    *bundles.TABLE,
    *challenges.TABLE,
    *contracts.TABLE,
    *figures.TABLE,
    *network.TABLE,
]


@pytest.fixture
def scene(session: Session, settings: Settings) -> Scene:
    """One user of every role, those concerned, and the records they ask about."""
    scene = make_scene(session, settings)
    # What these records would be suggested for is no matter here, and would be found out in every request.
    session.merge(SuggestionProgress(id=1, seq=last_seq(session)))
    session.flush()
    return scene


def test_every_role_is_answered_as_the_table_says(
    client: FlaskClient, session: Session, scene: Scene
) -> None:
    """The first database answers everybody, the others one of those let in.

    Refusals are decided in Python; what is done for those let in is where databases may differ.
    """
    whole = session.get_bind().dialect.name == BACKENDS[0]
    wrong = {}
    for line in TABLE:
        allowed = [role for role, sign in line.expected.items() if sign == "y"]
        found = {}
        for role in ROLES if whole else allowed[:1]:
            undo = session.connection().begin_nested()  # so that no step prevents the next one
            found[role] = ask(client, line, scene, role)
            undo.rollback()
        if any(found[role] != line.expected[role] for role in found):
            wrong[line.name] = f"{written(list(found.values()))} instead of {line.answers}"
    assert wrong == {}


@pytest.mark.one_database("routes alone are read")
def test_every_endpoint_has_its_line(app: flask.Flask) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1/")]
    endpoints = {
        f"{method} {rule.rule.removeprefix('/api/v1')}"
        for rule in rules
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint != "api-docs.openapi_json"
    }
    assert endpoints == {line.endpoint for line in TABLE}


def test_no_line_stands_twice() -> None:
    names = [line.name + str(line.body) for line in TABLE]
    assert sorted(set(names)) == sorted(names)
