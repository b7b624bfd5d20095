"""Recording the roles that people hold."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.errors import Conflict, MarketError, NotFound, PermissionDenied, RuleViolation
from market.libraries.models import Talent
from market.libraries.queries.entries import list_events
from market.libraries.rules import EntryStatus
from market.libraries.service.talent_roles import add_role, end_role, remove_role
from market.search.documents import Kind
from market.search.models import SearchDocument
from tests.factories import NOW, make_actor, make_organisation, make_user
from tests.market.libraries.factories import ENCODER, TODAY, make_bureau, make_filing
from tests.market.libraries.factories_talents import make_talent

MANAGER: dict[str, Any] = {"role": "technology_manager", "level": "junior", "valid_from": date(2024, 1, 1)}


def _add(session: Session, talent: Talent, actor: Actor = OPERATOR, **form: Any) -> Talent:
    return add_role(session, actor, talent.id, form={**MANAGER, **form}, encoder=ENCODER, now=NOW)


def _text(session: Session, talent: Talent) -> str:
    found = session.get_one(SearchDocument, (Kind.EXPERT, talent.id), populate_existing=True)
    return found.body


def test_a_role_is_recorded_found_ended_and_renewed(session: Session) -> None:
    bureau, _ = make_bureau(session)
    talent = make_talent(session)
    agency = make_filing(session)
    assert "技术经理人" not in _text(session, talent)
    _add(session, talent, bureau, agency_entry_id=agency.id, certificate_no="JS-2024-001", issuer="某协会")
    assert "技术经理人" in _text(session, talent)
    role = talent.roles[1]
    end_role(session, bureau, talent.id, role.id, ended_on=date(2025, 6, 1), now=NOW)
    assert role.valid_until == date(2025, 6, 1)
    _add(session, talent, bureau, level="senior", valid_from=date(2025, 6, 2))
    assert [event.note for event in list_events(session, talent)[-3:]] == [
        "增加身份：技术经理人（经纪人）",
        "终止身份：技术经理人（经纪人）",
        "增加身份：技术经理人（经纪人）",
    ]
    for one in (role, talent.roles[2]):
        remove_role(session, bureau, talent.id, one.id, encoder=ENCODER, now=NOW)
    assert [one.role for one in talent.roles] == ["expert"]
    assert "技术经理人" not in _text(session, talent)


@pytest.mark.parametrize(
    ("form", "error", "code"),
    [
        ({"role": "wizard"}, RuleViolation, "unknown-code"),
        ({"level": "grand"}, RuleViolation, "unknown-code"),
        ({"role": "special_envoy"}, RuleViolation, "level-of-other-role"),
        ({"valid_until": date(2023, 12, 31)}, RuleViolation, "role-period"),
        ({"trained_on": date(2025, 6, 11)}, RuleViolation, "day-ahead"),
        ({"agency_entry_id": 10**9}, RuleViolation, "agency-not-on-file"),
        ({"role": "expert", "level": None, "valid_until": date(2025, 1, 1)}, Conflict, "role-known"),
    ],
)
def test_roles_that_cannot_be(
    session: Session, form: dict[str, Any], error: type[MarketError], code: str
) -> None:
    talent = make_talent(session)
    with pytest.raises(error) as refused:
        _add(session, talent, **form)
    assert code in {refused.value.code, *(fault.code for fault in refused.value.fields)}
    assert len(talent.roles) == 1


def test_an_agency_must_be_on_file_and_an_ending_within_the_period(session: Session) -> None:
    talent = make_talent(session)
    draft = make_filing(session, status=EntryStatus.DRAFT)
    with pytest.raises(RuleViolation):
        _add(session, talent, agency_entry_id=draft.id)
    _add(session, talent, valid_until=TODAY)
    role = talent.roles[1]
    for day in (date(2023, 12, 31), date(2025, 6, 11)):
        with pytest.raises(RuleViolation):
            end_role(session, OPERATOR, talent.id, role.id, ended_on=day, now=NOW)
    assert role.valid_until == TODAY
    with pytest.raises(NotFound) as missing:
        remove_role(session, OPERATOR, talent.id, 10**9, encoder=ENCODER, now=NOW)
    assert missing.value.code == "talent-role-not-found"


def test_its_keeper_records_roles_until_it_is_handed_in_and_then_the_bureau(session: Session) -> None:
    unit = make_organisation(session, OrganisationKind.UNIVERSITY)
    university = actor_of(make_user(session, unit))
    draft = make_talent(session, organisation_id=unit.id, roles=[], status=EntryStatus.DRAFT)
    _add(session, draft, university)
    listed = make_talent(session, organisation_id=unit.id)
    for actor, talent, code in [
        (university, listed, "role-not-allowed"),
        (make_actor(session, OrganisationKind.AGENCY), listed, "not-keeper"),
    ]:
        with pytest.raises(PermissionDenied) as refused:
            _add(session, talent, actor)
        assert refused.value.code == code
    assert len(listed.roles) == 1
