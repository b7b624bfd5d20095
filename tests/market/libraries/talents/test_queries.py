"""Who is shown to whom, who may be asked, and how many there are."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.db import PageRequest
from market.errors import NotFound
from market.libraries.models import AgencyFiling, Talent
from market.libraries.queries.entries import get_entry, list_entries, sees_internal
from market.libraries.queries.kinds import freeze, to_document
from market.libraries.queries.talents import RoleCount, available_experts, count_roles, works_in
from market.libraries.rules import EntryKind, EntryStatus
from market.libraries.rules.talents import ConsentScope, ErasureReason
from market.libraries.service.entries import delist_entry
from market.libraries.service.talents import erase_talent
from tests.factories import JIANGYIN, NOW, make_actor, make_organisation, make_user
from tests.market.libraries.factories import ENCODER, TODAY, make_bureau, make_entry, make_filing
from tests.market.libraries.factories_talents import make_talent, talent_form

WUXI = "320200"
MANAGER = "technology_manager"


def _listed(session: Session, actor: Actor | None, *, mine: bool = False) -> list[int]:
    page = list_entries(session, actor, Talent, page=PageRequest(), mine=mine)
    return [talent.id for talent in page.items]


def _known(session: Session, actor: Actor | None, talent: Talent) -> bool:
    try:
        get_entry(session, actor, Talent, talent.id)
    except NotFound:
        return False
    return True


def test_without_consent_only_those_concerned_know_of_a_person(session: Session) -> None:
    unit = make_organisation(session, OrganisationKind.UNIVERSITY)
    person = make_user(session, make_organisation(session))
    broker = make_actor(session, OrganisationKind.AGENCY)
    talent = make_talent(session, consents=[ConsentScope.KEEP], organisation_id=unit.id)
    talent.user_id, talent.proposed_by = person.id, broker.user_id
    session.flush()
    bureau, _ = make_bureau(session)
    other_bureau, _ = make_bureau(session, "320282")
    concerned = [bureau, broker, actor_of(person), actor_of(make_user(session, unit)), OPERATOR]
    strangers = [None, other_bureau, make_actor(session), make_actor(session, OrganisationKind.AGENCY)]
    assert [(_known(session, one, talent), _listed(session, one)) for one in concerned] == [
        (True, [talent.id])
    ] * len(concerned)
    assert [(_known(session, one, talent), _listed(session, one)) for one in strangers] == [
        (False, [])
    ] * len(strangers)
    assert all(sees_internal(one, talent) for one in concerned)
    assert _listed(session, actor_of(person), mine=True) == [talent.id]
    assert _listed(session, bureau, mine=True) == []


def test_consent_shows_a_listed_person_to_all_and_a_draft_to_nobody_else(session: Session) -> None:
    shown = make_talent(session)
    draft = make_talent(session, status=EntryStatus.DRAFT, person_name="沈未检")
    for actor in (None, make_actor(session)):
        assert _listed(session, actor) == [shown.id]
        assert not sees_internal(actor, shown)
        with pytest.raises(NotFound):
            get_entry(session, actor, Talent, draft.id)


def test_experts_are_listed_agree_and_hold_the_role_that_day(session: Session) -> None:
    expert = make_talent(session)
    ended = {"role": "expert", "valid_until": date(2025, 6, 9)}
    make_talent(session, roles=[ended])
    make_talent(session, roles=[{"role": "expert", "valid_from": date(2025, 6, 11)}])
    make_talent(session, roles=[MANAGER])
    make_talent(session, consents=[ConsentScope.KEEP])
    make_talent(session, status=EntryStatus.DELISTED)
    last_day = make_talent(session, roles=[{**ended, "valid_until": TODAY}], fields=[], tech_field="01")

    def found(*fields: str, region: str | None = None) -> list[Talent]:
        return available_experts(session, fields=fields, region=region, day=TODAY)

    assert found() == found(region=WUXI) == [expert, last_day]
    assert found("04", "11") == [expert]
    assert found("01") == [last_day]
    assert found("0") == found(region="320400") == []


def test_a_field_is_not_found_inside_another(session: Session) -> None:
    talent = make_talent(session, fields=["10"])
    page = PageRequest()
    assert list_entries(session, None, Talent, page=page, conditions=[works_in(["10"])]).items == [talent]
    assert list_entries(session, None, Talent, page=page, conditions=[works_in(["1", "0", "_0"])]).items == []


def test_people_are_counted_once_and_erasure_leaves_what_was_done(session: Session) -> None:
    agency = make_filing(session)
    first = {"role": MANAGER, "trained_on": date(2024, 5, 1), "valid_from": date(2024, 6, 1)}
    make_talent(
        session,
        roles=[
            {**first, "valid_until": date(2025, 5, 31), "level": "junior"},
            {
                "role": MANAGER,
                "valid_from": date(2025, 6, 1),
                "level": "senior",
                "agency_entry_id": agency.id,
            },
        ],
    )
    gone = make_talent(session, roles=[first])
    make_talent(session, roles=[first], status=EntryStatus.DRAFT)
    make_talent(session, roles=["expert"])

    def count(start: date | None, *, region: str = WUXI, at_agency: bool = False) -> RoleCount:
        return count_roles(session, MANAGER, region, start=start, end=TODAY, day=TODAY, at_agency=at_agency)

    assert count(None) == RoleCount(trained=2, appointed=2, dispatched=2, stock=2)
    # An upgrade is no new person, though it is sent out anew.
    assert count(date(2025, 1, 1)) == RoleCount(trained=0, appointed=0, dispatched=1, stock=2)
    assert count(None, at_agency=True) == RoleCount(trained=0, appointed=1, dispatched=1, stock=1)
    assert count(None, region="320400") == RoleCount(0, 0, 0, 0)
    erase_talent(session, OPERATOR, gone.id, reason=ErasureReason.REQUEST, now=NOW)
    assert count(None) == RoleCount(trained=2, appointed=2, dispatched=2, stock=1)
    agency.valid_until = TODAY - timedelta(days=1)
    session.flush()
    assert count(None, at_agency=True).stock == 0  # the agency's filing has run out
    agency.valid_until = None
    delist_entry(session, OPERATOR, AgencyFiling, agency.id, note="注销", encoder=ENCODER, now=NOW)
    assert count(None, at_agency=True).stock == 0


def test_the_index_and_the_export_see_no_contact(session: Session) -> None:
    secret = {"contact": "0510-80000001", "declared_interests": "持有某公司股份", "internal": "备用"}
    talent = make_talent(session, roles=[MANAGER, "expert"], **secret)
    document, (row,) = to_document(session, talent), freeze(session, [talent])
    assert document.title == "顾澄波 教授 暨阳理工大学"
    assert document.facets.category == "expert"
    for word in ("印染废水", "技术经理人", "膜浓缩"):
        assert word in document.text
    for word in secret.values():
        assert word not in document.text + str(row.content)
    assert row.content["roles"] == ["技术经理人（经纪人）（2025-01-01至长期）", "专家（2025-01-01至长期）"]


def test_a_person_without_roles_has_no_category(session: Session) -> None:
    talent = make_entry(session, EntryKind.TALENT, talent_form(), status=EntryStatus.DRAFT)
    assert to_document(session, talent).facets.category is None
    assert talent.region_code == JIANGYIN
