from tests.market.permissions import challenges
from tests.market.permissions.lines import ROLES, ask, written
from tests.market.permissions.people import People
from tests.market.permissions import scene as scene_module
from tests.market.permissions.challenge_records import challenge_records
import pytest
def test_lines(client, session, settings, monkeypatch):
    monkeypatch.setattr(scene_module, "RECORDS", (challenge_records,))
    monkeypatch.setattr(scene_module, "contract_records", lambda session, people, settings: {})
    scene = scene_module.make_scene(session, settings)
    wrong = {}
    for line in challenges.TABLE:
        found = []
        for role in ROLES:
            undo = session.connection().begin_nested()
            found.append(ask(client, line, scene, role))
            undo.rollback()
        if written(found) != line.answers:
            wrong[line.name] = f"{written(found)} instead of {line.answers}"
    assert wrong == {}
