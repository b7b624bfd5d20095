"""Who knows of which record, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.clock import china_day
from market.conduct.models import ConductRecord
from market.conduct.queries import Sight, get_record, list_events, list_records, read_record, sight_of
from market.conduct.rules import Action, Board, Status
from market.conduct.service import propose_record
from market.db import PageRequest
from market.libraries.models import Talent
from market.libraries.rules import EntryStatus
from market.libraries.rules.talents import ConsentScope
from market.libraries.service.talents import withdraw_consent
from tests.factories import NOW, make_actor, make_user
from tests.market.challenges.refusing import refused
from tests.market.conduct.factories import (
    AFTER_LAST,
    NOTICE_OVER,
    Office,
    conduct_form,
    reach,
    red_form,
)
from tests.market.libraries.factories import make_filing
from tests.market.libraries.factories_talents import make_talent

TODAY, LATER = china_day(NOTICE_OVER), china_day(AFTER_LAST)
ALL = PageRequest(limit=100)


@dataclass(frozen=True)
class Scene:
    """Everybody who may ask, and records in every state, by name."""

    actors: dict[str, Actor | None]
    records: dict[str, ConductRecord]

    def actor(self, name: str) -> Actor:
        """Return one of those who have an account."""
        actor = self.actors[name]
        assert actor is not None
        return actor

    def listed(self, session: Session, name: str, **filters: Any) -> set[str]:
        """Return the names of the records that somebody is shown."""
        day = filters.pop("day", TODAY)
        found = list_records(session, self.actors[name], page=ALL, day=day, **filters)
        known = {record.id: name for name, record in self.records.items()}
        return {known[seen.record.id] for seen in found.items}


@pytest.fixture
def scene(session: Session) -> Scene:
    """Records about a unit, an agency, a person, an official of the bureau and an erased person."""
    unit, broker = make_actor(session), make_actor(session, OrganisationKind.AGENCY)
    person, official = (
        make_actor(session, kind) for kind in (OrganisationKind.UNIVERSITY, OrganisationKind.BUREAU)
    )

    def talent(actor: Actor | None) -> Talent:
        row = make_talent(session)
        row.user_id = actor.user_id if actor else None
        session.flush()
        return row

    def record(status: Status, form: dict[str, Any], start: datetime = NOW) -> ConductRecord:
        return reach(session, status, form, office=Office(), start=start)

    forgotten, inside = talent(None), talent(official)
    about_unit = {"organisation_id": unit.organisation_id}
    about_person = {"entry_id": talent(person).id}
    agency = {"entry_id": make_filing(session, organisation_id=broker.organisation_id).id}
    records = {
        "red notice": record(Status.NOTICED, red_form(**about_unit), NOTICE_OVER),
        "black notice": record(Status.NOTICED, conduct_form(**about_unit), NOTICE_OVER),
        "agency": record(Status.LISTED, conduct_form(**agency)),
        "removed": record(Status.REMOVED, conduct_form(**about_person)),
        "proposed": record(Status.PROPOSED, conduct_form(**about_person, ground="black_leak")),
        "official": record(Status.LISTED, conduct_form(entry_id=inside.id)),
        "official proposed": record(Status.PROPOSED, conduct_form(entry_id=inside.id, ground="black_leak")),
        "erased": record(Status.LISTED, conduct_form(entry_id=forgotten.id)),
        "erased proposed": record(Status.PROPOSED, conduct_form(entry_id=forgotten.id, ground="black_leak")),
    }
    forgotten.status = EntryStatus.ERASED
    session.flush()
    actors = {
        "anyone": None,
        "unit": unit,
        "broker": broker,
        "person": person,
        "official": official,
        "bureau": make_actor(session, OrganisationKind.BUREAU),
        "elsewhere": make_actor(session, OrganisationKind.BUREAU, region_code="320282"),
        "admin": actor_of(make_user(session)),
        "operator": OPERATOR,
    }
    return Scene(actors, records)


PUBLIC = {"red notice", "agency", "official"}


def test_lists_hold_what_is_public_ones_own_and_what_the_office_keeps(session: Session, scene: Scene) -> None:
    everything = set(scene.records)
    expected = {
        "anyone": PUBLIC,
        "unit": PUBLIC | {"black notice"},
        "broker": PUBLIC,
        "person": PUBLIC | {"removed"},
        "official": everything - {"official proposed"},
        "bureau": everything,
        "elsewhere": PUBLIC,
        "admin": everything,
        "operator": everything,
    }
    assert {name: scene.listed(session, name) for name in scene.actors} == expected
    for day in (TODAY, LATER):
        for name, actor in scene.actors.items():
            told = {
                key
                for key, one in scene.records.items()
                if sight_of(actor, one, day=day) is not Sight.NOTHING
            }
            assert scene.listed(session, name, day=day) == told, (name, day)
    assert scene.listed(session, "anyone", day=LATER) == {"red notice"}  # the others ended by themselves
    assert "agency" in scene.listed(session, "broker", day=LATER)


def test_lists_are_asked_by_subject_list_state_and_region(session: Session, scene: Scene) -> None:
    unit, agency = scene.records["red notice"].organisation_id, scene.records["agency"].entry_id
    assert scene.listed(session, "admin", organisation=unit) == {"red notice", "black notice"}
    assert scene.listed(session, "anyone", entry=agency) == {"agency"}
    assert scene.listed(session, "anyone", board=Board.RED) == {"red notice"}
    assert scene.listed(session, "anyone", region="320200") == PUBLIC
    assert scene.listed(session, "anyone", region="320282") == set()
    assert scene.listed(session, "admin", status=Status.LISTED) == {"agency", "official", "erased"}
    assert scene.listed(session, "admin", status=Status.LISTED, day=LATER) == set()
    assert scene.listed(session, "admin", status=Status.EXPIRED, day=LATER) == {
        "agency", "official", "erased"
    }  # fmt: skip


def test_a_subject_reads_the_answer_and_not_the_evidence(session: Session, scene: Scene) -> None:
    record, removed = scene.records["agency"], scene.records["removed"]
    sights = {
        name: read_record(session, actor, record.id, day=TODAY).sight for name, actor in scene.actors.items()
    }
    assert sights == {
        **dict.fromkeys(("anyone", "unit", "person", "elsewhere"), Sight.PUBLIC),
        **dict.fromkeys(("official", "bureau", "admin", "operator"), Sight.OFFICE),
        "broker": Sight.SUBJECT,
    }
    own = scene.actors["official"]
    assert read_record(session, own, scene.records["official"].id, day=TODAY).sight is Sight.SUBJECT
    with refused("conduct-record-not-found"):
        get_record(session, own, scene.records["official proposed"].id, day=TODAY)

    bureau, person, unit = (scene.actor(name) for name in ("bureau", "person", "unit"))
    steps = list_events(session, bureau, removed, day=TODAY)
    assert [step["action"] for step in steps] == [
        Action.PROPOSE, Action.PASS, Action.LIST, Action.REMOVE
    ]  # fmt: skip
    assert steps[-1]["note"] == "已完成整改"
    assert {step["note"] for step in list_events(session, person, removed, day=TODAY)} == {None}
    with refused("role-not-allowed"):
        list_events(session, unit, record, day=TODAY)


def test_a_person_is_named_in_public_only_while_agreeing_to_be_found(session: Session, scene: Scene) -> None:
    about = {"entry_id": make_talent(session, consents=()).id}
    quiet = reach(session, Status.LISTED, conduct_form(**about), office=Office(), start=NOW)
    shown = scene.records["official"]
    for name in ("anyone", "unit", "elsewhere", "bureau", "admin"):
        office = name in {"bureau", "admin"}
        page = list_records(session, scene.actors[name], page=ALL, day=TODAY)
        assert (quiet.id in [row.record.id for row in page.items]) is office, name
        if office:
            assert get_record(session, scene.actors[name], quiet.id, day=TODAY) is quiet
        else:
            with refused("conduct-record-not-found"):
                get_record(session, scene.actors[name], quiet.id, day=TODAY)
    assert get_record(session, None, shown.id, day=TODAY) is shown
    assert shown.entry is not None
    withdraw_consent(session, OPERATOR, shown.entry.id, scope=ConsentScope.FIND, now=NOW)
    assert "official" not in scene.listed(session, "anyone")
    with refused("conduct-record-not-found"):
        get_record(session, None, shown.id, day=TODAY)


def test_nobody_is_named_before_being_checked(session: Session) -> None:
    for status in (EntryStatus.DRAFT, EntryStatus.PROPOSED):
        about = {"entry_id": make_talent(session, status=status).id}
        with refused("subject-not-allowed"):
            propose_record(session, OPERATOR, form=conduct_form(**about), now=NOW)
