"""After an erasure no table of the database holds the person any more, and what points there still does."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import JSON, String, cast, func, or_, select
from sqlalchemy.orm import Session

import market.app  # noqa: F401 - with it every table of the market is known
from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, OrganisationKind
from market.audit.models import AuditEvent
from market.db import Base
from market.errors import Conflict, NotFound, PermissionDenied
from market.libraries.models import EntryEvent, ProjectMember, Talent, TalentConsent
from market.libraries.queries.entries import get_entry
from market.libraries.rules import EntryAction, EntryKind, EntryStatus
from market.libraries.rules.talents import ConsentScope, ErasureReason
from market.libraries.service.entries import delist_entry, revise_entry
from market.libraries.service.steps import take_step
from market.libraries.service.talents import erase_talent, link_account, withdraw_consent
from market.search.models import ListingChange, Operation
from tests.factories import NOW, make_actor, make_organisation, make_user
from tests.market.libraries.factories import ENCODER, make_bureau, make_entry
from tests.market.libraries.factories_talents import FOUND, make_talent

NAME = "顾澄波"
TRACES = (NAME, "GCB-2024", "0510-80000000", "高盐废水膜浓缩装置", "暨阳理工大学")
ROLE = {"role": "expert", "certificate_no": "GCB-2024", "issuer": NAME, "note": f"{NAME}本人申请"}


def _places(session: Session, *words: str) -> set[str]:
    """Name every column of text or JSON in which one of the words stands, escaped or not."""
    wanted = [*words, *(word.encode("unicode_escape").decode() for word in words)]
    found = set()
    for table in Base.metadata.tables.values():
        columns = [column for column in table.columns if isinstance(column.type, String | JSON)]
        tests = [
            or_(*(cast(column, String).contains(word, autoescape=True) for word in wanted))
            for column in columns
        ]
        counts = session.execute(
            select(func.count(), *(func.count().filter(test) for test in tests)).select_from(table)
        ).one()
        found |= {f"{table.name}.{one.name}" for one, n in zip(columns, counts[1:], strict=True) if n}
    return found


def _full_record(session: Session) -> Talent:
    """Return a person who stands wherever a person can stand."""
    unit = make_organisation(session, OrganisationKind.UNIVERSITY, name="测试大学")
    talent = make_talent(
        session,
        roles=[ROLE],
        organisation_id=unit.id,
        summary=f"{NAME}长期研究膜。",
        internal=f"{NAME}的备注",
        keywords=[NAME],
        source=f"{NAME}自荐",
        declared_interests=f"{NAME}持有股份",
        external_id="GCB-2024",
        tech_field="07",
    )
    consent = select(TalentConsent).where(TalentConsent.talent_id == talent.id).limit(1)
    session.scalars(consent).one().evidence = f"{NAME}签字"
    user = make_user(session, make_organisation(session))
    link_account(session, OPERATOR, talent.id, login=user.login, now=NOW)
    return talent


def _forgotten(session: Session) -> list[int]:
    forgets = ListingChange.operation == Operation.FORGET
    return list(session.scalars(select(ListingChange.record_id).where(forgets)))


def test_no_table_holds_the_person_any_more(session: Session) -> None:
    talent = _full_record(session)
    project = make_entry(
        session,
        EntryKind.PROJECT,
        {"title": "膜污染控制", "category": "conversion"},
        status=EntryStatus.DRAFT,
    )
    member = ProjectMember(project_id=project.id, talent_id=talent.id, name=NAME, unit="暨阳理工大学")
    project.leader_talent_id, project.leader_name = talent.id, NAME
    session.add(member)
    delist_entry(session, OPERATOR, Talent, talent.id, note=f"{NAME}已退休", encoder=ENCODER, now=NOW)
    session.flush()
    expected = {
        "talents.person_name",
        "register_entries.keywords",
        "entry_events.note",
        "project_members.name",
    }
    assert expected <= _places(session, *TRACES)
    bureau, _ = make_bureau(session)
    erase_talent(session, bureau, talent.id, reason=ErasureReason.REQUEST, now=NOW)
    session.expire_all()
    assert _places(session, *TRACES) == set()
    assert (talent.status, talent.title, talent.user_id) == (EntryStatus.ERASED, "（已删除）", None)
    assert (member.talent_id, member.full_name, member.public_name) == (talent.id, "（已删除）", None)
    assert [(one.role, one.valid_from) for one in talent.roles] == [("expert", date(2025, 1, 1))]
    assert _forgotten(session) == [talent.id]
    last = session.scalars(select(EntryEvent).order_by(EntryEvent.id.desc()).limit(1)).one()
    assert (last.action, last.actor_id, last.note) == (EntryAction.ERASE, bureau.user_id, "request")
    erasing = select(AuditEvent.actor_id).where(AuditEvent.action == "talent.erase")
    assert list(session.scalars(erasing)) == [bureau.user_id]
    in_force = TalentConsent.withdrawn_at.is_(None)
    assert session.scalar(select(func.count()).where(TalentConsent.talent_id == talent.id, in_force)) == 0


def test_whoever_no_longer_agrees_to_be_kept_is_erased(session: Session) -> None:
    talent = make_talent(session)
    withdraw_consent(session, OPERATOR, talent.id, scope=ConsentScope.KEEP, now=NOW)
    assert talent.status is EntryStatus.ERASED
    assert _places(session, NAME) == set()
    for step in (
        lambda: get_entry(session, OPERATOR, Talent, talent.id),
        lambda: erase_talent(session, OPERATOR, talent.id, reason=ErasureReason.REQUEST, now=NOW),
        lambda: revise_entry(session, OPERATOR, Talent, talent.id, encoder=ENCODER, now=NOW),
    ):
        with pytest.raises(NotFound):
            step()


def test_a_person_who_was_never_findable_costs_no_new_index(session: Session) -> None:
    for talent in (
        make_talent(session, consents=[ConsentScope.KEEP]),
        make_talent(session, consents=FOUND, status=EntryStatus.DRAFT),
    ):
        erase_talent(session, OPERATOR, talent.id, reason=ErasureReason.MISTAKE, now=NOW)
        assert talent.status is EntryStatus.ERASED
    assert _forgotten(session) == []


def test_the_person_and_the_unit_may_ask_and_others_may_not(session: Session) -> None:
    unit = make_organisation(session, OrganisationKind.UNIVERSITY)
    person = make_user(session, make_organisation(session))
    broker = make_actor(session, OrganisationKind.AGENCY)
    for actor in (actor_of(person), actor_of(make_user(session, unit))):
        talent = make_talent(session, organisation_id=unit.id)
        talent.user_id, talent.proposed_by = person.id, broker.user_id
        session.flush()
        for other in (broker, make_actor(session)):
            with pytest.raises(PermissionDenied):
                erase_talent(session, other, talent.id, reason=ErasureReason.REQUEST, now=NOW)
        assert talent.person_name == NAME
        erase_talent(session, actor, talent.id, reason=ErasureReason.REQUEST, now=NOW)
        assert talent.person_name == "（已删除）"


def test_what_was_erased_takes_no_further_step(session: Session) -> None:
    talent = make_talent(session, consents=[])
    erase_talent(session, OPERATOR, talent.id, reason=ErasureReason.PURPOSE_ENDED, now=NOW)
    with pytest.raises(Conflict):
        take_step(session, OPERATOR, talent, EntryAction.ERASE, encoder=None, now=NOW)
