"""Consents, contacts and accounts of people: who may say so, and what follows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.audit.models import AuditEvent
from market.db import Database
from market.errors import Conflict, NotFound, PermissionDenied, RuleViolation
from market.libraries.models import EntryEvent, Talent, TalentConsent
from market.libraries.queries.consents import list_consents
from market.libraries.queries.entries import get_entry
from market.libraries.rules import EntryAction, EntryStatus, Register
from market.libraries.rules.talents import ConsentScope
from market.libraries.service.entries import decide, propose_entry
from market.libraries.service.registers import export_register
from market.libraries.service.talents import (
    contact_of,
    give_consent,
    link_account,
    read_contact,
    withdraw_consent,
)
from market.search.documents import Kind
from market.search.queries import findable
from tests.factories import JIANGYIN, NOW, make_actor, make_organisation, make_user
from tests.market.libraries.factories import ENCODER, TODAY, make_bureau
from tests.market.libraries.factories_talents import FOUND, make_talent

KEEP, FIND, CONTACT = ConsentScope


def _give(
    session: Session,
    talent: Talent,
    scope: ConsentScope = FIND,
    *,
    actor: Actor = OPERATOR,
    given_on: date = TODAY,
    evidence: str | None = "同意书存科技局，第7号",
) -> TalentConsent:
    return give_consent(
        session, actor, talent.id, scope=scope, given_on=given_on, evidence=evidence, encoder=ENCODER, now=NOW
    )


def _found(session: Session, talent: Talent) -> bool:
    return findable(session, Kind.EXPERT, [talent.id]) == {talent.id}


def _person(session: Session, talent: Talent) -> Actor:
    user = make_user(session, make_organisation(session))
    link_account(session, OPERATOR, talent.id, login=user.login, now=NOW)
    return actor_of(user)


def _reads(session: Session) -> list[int | None]:
    asked = AuditEvent.action == "talent.read_contact"
    return list(session.scalars(select(AuditEvent.actor_id).where(asked).order_by(AuditEvent.id)))


def test_who_is_listed_is_found_while_they_agree(session: Session) -> None:
    talent = make_talent(session, consents=[KEEP])
    stranger = make_actor(session)
    assert not _found(session, talent)
    _give(session, talent)
    assert _found(session, talent)
    assert get_entry(session, stranger, Talent, talent.id) is talent
    withdraw_consent(session, OPERATOR, talent.id, scope=FIND, now=NOW)
    assert not _found(session, talent)
    with pytest.raises(NotFound):
        get_entry(session, stranger, Talent, talent.id)
    _give(session, talent)
    assert _found(session, talent)
    assert [(one.scope, one.withdrawn_at) for one in list_consents(session, OPERATOR, talent.id)] == [
        (KEEP, None),
        (FIND, NOW),
        (FIND, None),
    ]


def test_consent_to_a_draft_takes_effect_when_it_is_listed(session: Session) -> None:
    assert not _found(session, make_talent(session, consents=FOUND, status=EntryStatus.DRAFT))
    assert not _found(session, make_talent(session, consents=FOUND, status=EntryStatus.DELISTED))


def test_the_person_says_so_without_evidence_and_what_is_withdrawn_can_be_given_again(
    session: Session,
) -> None:
    talent = make_talent(session, consents=[])
    person = _person(session, talent)
    consent = _give(session, talent, CONTACT, actor=person, evidence="")
    assert (consent.evidence, consent.recorded_by) == (None, person.user_id)
    withdraw_consent(session, person, talent.id, scope=CONTACT, now=NOW)
    assert (consent.withdrawn_at, consent.withdrawn_by) == (NOW, person.user_id)
    with pytest.raises(Conflict) as refused:
        withdraw_consent(session, person, talent.id, scope=CONTACT, now=NOW)
    assert refused.value.code == "consent-not-given"


def test_consents_that_cannot_be_recorded(session: Session) -> None:
    talent = make_talent(session, consents=[FIND], status=EntryStatus.DRAFT)
    for refused, code, values in [
        (RuleViolation, "day-ahead", {"scope": KEEP, "given_on": TODAY + timedelta(days=1)}),
        (RuleViolation, "evidence-missing", {"scope": KEEP, "evidence": ""}),
        (Conflict, "consent-in-force", {"scope": FIND}),
    ]:
        with pytest.raises(refused) as error:
            _give(session, talent, **values)  # type: ignore[arg-type]
        assert code in {error.value.code, *(fault.code for fault in error.value.fields)}
    assert len(list_consents(session, OPERATOR, talent.id)) == 1


def test_nobody_is_handed_in_or_listed_without_agreeing_to_be_kept(session: Session) -> None:
    talent = make_talent(session, consents=[FIND], status=EntryStatus.DRAFT)
    with pytest.raises(RuleViolation) as refused:
        propose_entry(session, OPERATOR, Talent, talent.id, now=NOW)
    assert (refused.value.code, talent.status) == ("consent-missing", EntryStatus.DRAFT)
    assert "入库保存" in refused.value.detail
    consent = _give(session, talent, KEEP)
    propose_entry(session, OPERATOR, Talent, talent.id, now=NOW)
    consent.withdrawn_at = NOW  # as none does that ends in an erasure
    session.flush()
    waiting = partial(decide, session, OPERATOR, talent, encoder=ENCODER, now=NOW)
    with pytest.raises(RuleViolation) as unlisted:
        waiting(decision=EntryAction.LIST, note=None)
    assert (unlisted.value.code, talent.status) == ("consent-missing", EntryStatus.PROPOSED)
    assert not _found(session, talent)
    waiting(decision=EntryAction.RETURN, note="缺同意书")
    assert talent.status is EntryStatus.RETURNED


def test_who_merely_proposed_or_looks_on_speaks_for_nobody(session: Session) -> None:
    broker = make_actor(session, OrganisationKind.AGENCY)
    talent = make_talent(session)
    talent.proposed_by = broker.user_id
    session.flush()
    for actor in (broker, make_actor(session)):
        with pytest.raises(PermissionDenied):
            _give(session, talent, CONTACT, actor=actor)
        with pytest.raises(PermissionDenied):
            withdraw_consent(session, actor, talent.id, scope=FIND, now=NOW)
        with pytest.raises(PermissionDenied):
            read_contact(session, actor, talent.id, now=NOW)
    assert list_consents(session, broker, talent.id)
    with pytest.raises(PermissionDenied):
        list_consents(session, make_actor(session), talent.id)
    assert _found(session, talent)
    assert _reads(session) == []


def test_a_contact_is_read_by_those_concerned_and_each_reading_is_on_record(session: Session) -> None:
    unit = make_organisation(session, OrganisationKind.UNIVERSITY)
    talent = make_talent(session, organisation_id=unit.id)
    person, colleague = _person(session, talent), actor_of(make_user(session, unit))
    bureau, _ = make_bureau(session)
    for actor in (person, colleague, bureau):
        assert read_contact(session, actor, talent.id, now=NOW) == "0510-80000000"
    assert _reads(session) == [colleague.user_id, bureau.user_id]


def test_others_get_a_contact_that_was_released_and_agreed_to(session: Session) -> None:
    talent, buyer = make_talent(session), make_actor(session)
    with pytest.raises(PermissionDenied) as refused:
        contact_of(session, buyer, talent, released=True, now=NOW)
    assert refused.value.code == "contact-not-released"
    _give(session, talent, CONTACT)
    with pytest.raises(PermissionDenied):
        contact_of(session, buyer, talent, released=False, now=NOW)
    assert contact_of(session, buyer, talent, released=True, now=NOW) == "0510-80000000"
    assert _reads(session) == [buyer.user_id]


def test_an_account_is_linked_by_the_unit_for_its_own_people_and_by_the_bureau(session: Session) -> None:
    unit = make_organisation(session, OrganisationKind.UNIVERSITY)
    university, own, other = (
        actor_of(make_user(session, unit)),
        make_user(session, unit),
        make_user(session, make_organisation(session)),
    )
    talent = make_talent(session, organisation_id=unit.id)
    assert link_account(session, university, talent.id, login=own.login, now=NOW).user_id == own.id
    for login in (other.login, "nobody.here"):
        with pytest.raises(RuleViolation) as refused:
            link_account(session, university, talent.id, login=login, now=NOW)
        assert [(fault.pointer, fault.code) for fault in refused.value.fields] == [
            ("/login", "unknown-account")
        ]
    with pytest.raises(PermissionDenied):
        link_account(session, make_actor(session), talent.id, login=None, now=NOW)
    bureau, _ = make_bureau(session)
    assert link_account(session, bureau, talent.id, login=other.login, now=NOW).user_id == other.id
    assert link_account(session, bureau, talent.id, login=None, now=NOW).user_id is None


def test_an_account_is_one_persons_until_it_is_given_up(session: Session) -> None:
    user = make_user(session, make_organisation(session))
    first, second = make_talent(session), make_talent(session, person_name="沈知远")

    def link(talent: Talent, login: str | None) -> int | None:
        return link_account(session, OPERATOR, talent.id, login=login, now=NOW).user_id

    assert link(first, user.login) == link(first, user.login) == user.id
    with pytest.raises(Conflict) as taken:
        link(second, user.login)
    assert (taken.value.code, second.user_id) == ("account-taken", None)
    assert "顾澄波" not in taken.value.detail
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(update(Talent).where(Talent.id == second.id).values(user_id=user.id))
    link(first, None)
    assert link(second, user.login) == user.id


def test_of_two_who_are_linked_to_an_account_at_once_one_is(own_database: Database) -> None:
    with own_database.transaction() as session:
        login = make_user(session, make_organisation(session)).login
        people = [make_talent(session).id for _ in range(3)]

    def link(talent_id: int) -> str:
        try:
            with own_database.transaction() as session:
                link_account(session, OPERATOR, talent_id, login=login, now=NOW)
        except Conflict as error:
            return error.code
        return "linked"

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(link, people)) == ["account-taken", "account-taken", "linked"]


def test_steps_keep_no_copy_of_the_person_and_a_copy_of_the_pool_is_on_record(session: Session) -> None:
    talent = make_talent(session, consents=[KEEP])
    assert set(session.scalars(select(EntryEvent.snapshot).where(EntryEvent.entry_id == talent.id))) == {None}
    bureau, _ = make_bureau(session)
    export = export_register(session, bureau, Register.TALENTS, region_code=JIANGYIN, now=NOW)
    (row,) = export.rows
    assert row.title == "顾澄波 教授 暨阳理工大学"
    assert "0510" not in str(row.content)
    (event,) = session.scalars(select(AuditEvent).where(AuditEvent.action == "register.export"))
    assert (event.actor_id, event.details["rows"]) == (bureau.user_id, 1)
