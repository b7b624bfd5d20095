"""From a proposal to the list and off it, by different people; what is refused changes nothing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, OrganisationKind
from market.audit.models import AuditEvent
from market.conduct.models import ConductEvent, ConductRecord
from market.conduct.queries import (
    Sight,
    barred_people,
    blocking,
    evaluation_bar,
    facts_of,
    see,
    unit_of,
)
from market.conduct.rules import Action, Board, PleaStatus, Status
from market.conduct.service import (
    appeal_against,
    check_record,
    decide_appeal,
    decide_record,
    object_to,
    propose_record,
    record_evaluation,
    remove_record,
)
from market.libraries.rules import EntryKind
from tests.factories import JIANGYIN, NOW, make_actor, make_organisation, make_user
from tests.market.challenges.refusing import refused
from tests.market.conduct.factories import (
    AFTER_LAST,
    LAST_DAY,
    NOTICE_OVER,
    conduct_form,
    make_office,
    reach,
    red_form,
)
from tests.market.libraries.factories import make_entry, make_filing, make_node
from tests.market.libraries.factories_talents import make_talent

TODAY, LISTED_ON = date(2025, 6, 10), date(2025, 6, 18)


def actions(session: Session, record: ConductRecord) -> list[Action]:
    steps = select(ConductEvent.action).where(ConductEvent.record_id == record.id).order_by(ConductEvent.id)
    return list(session.scalars(steps))


def test_checked_by_another_noticed_heard_and_listed(session: Session) -> None:
    office, unit = make_office(session), make_organisation(session)
    subject = actor_of(make_user(session, unit))
    record = propose_record(session, office.proposer, form=conduct_form(organisation_id=unit.id), now=NOW)
    assert (record.status, record.region_code, record.notice_until) == (Status.PROPOSED, JIANGYIN, None)
    with refused("conduct-record-not-found"):  # nobody but the office knows of it yet
        object_to(session, subject, record.id, words="业绩属实。", evidence=None, now=NOW)
    with refused("checker-is-proposer"):
        check_record(session, office.proposer, record.id, passed=True, note=None, now=NOW)
    check_record(session, office.checker, record.id, passed=True, note=None, now=NOW)
    assert record.notice_until == date(2025, 6, 17)  # five working days, a weekend between
    with refused("notice-running"):
        decide_record(session, office.checker, record.id, decision=Action.LIST, note=None, now=NOW)
    with refused("objections-closed"):
        object_to(session, subject, record.id, words="业绩属实。", evidence=None, now=NOTICE_OVER)
    object_to(session, subject, record.id, words="业绩属实。", evidence="合同扫描件", now=NOW)
    with refused("illegal-transition"):
        decide_record(session, office.checker, record.id, decision=Action.LIST, note=None, now=NOTICE_OVER)
    with refused("note-missing"):
        decide_record(session, office.checker, record.id, decision=Action.DISMISS, note=None, now=NOW)
    decide_record(session, office.checker, record.id, decision=Action.DISMISS, note="来函否认", now=NOW)
    (plea,) = see(session, subject, record, day=TODAY).pleas
    assert (plea.status, plea.answer) == (PleaStatus.DISMISSED, "来函否认")
    decide_record(session, office.checker, record.id, decision=Action.LIST, note=None, now=NOTICE_OVER)
    assert (record.status, record.listed_on, record.expires_on) == (Status.LISTED, LISTED_ON, LAST_DAY)
    assert actions(session, record) == [
        Action.PROPOSE, Action.PASS, Action.OBJECT, Action.DISMISS, Action.LIST
    ]  # fmt: skip
    audited = select(AuditEvent.action).where(
        AuditEvent.entity == "conduct", AuditEvent.entity_id == record.id
    )
    assert set(session.scalars(audited)) == {
        "conduct.propose", "conduct.pass", "conduct.object", "conduct.dismiss", "conduct.list"
    }  # fmt: skip


@pytest.mark.parametrize("upheld", [True, False])
def test_an_appeal_is_decided_by_somebody_new(session: Session, upheld: bool) -> None:
    office, unit = make_office(session), make_organisation(session)
    subject = actor_of(make_user(session, unit))
    record = reach(session, Status.LISTED, conduct_form(organisation_id=unit.id), office=office)
    with refused("appeal-missing"):
        decide_appeal(session, office.third, record.id, upheld=True, answer="有误", now=NOTICE_OVER)
    appeal_against(session, subject, record.id, words="业绩属实。", evidence=None, now=NOTICE_OVER)
    with refused("appeal-open"):
        appeal_against(session, subject, record.id, words="再次申诉。", evidence=None, now=NOTICE_OVER)
    with refused("appeal-open"):
        remove_record(session, office.third, record.id, note="已完成整改", now=NOTICE_OVER)
    assert blocking(session, [unit.id], LISTED_ON) == [record]  # it stays in force meanwhile
    for decider, code in ((office.proposer, "checker-is-proposer"), (office.checker, "decider-involved")):
        with refused(code):
            decide_appeal(session, decider, record.id, upheld=True, answer="有误", now=NOTICE_OVER)
    decide_appeal(session, office.third, record.id, upheld=upheld, answer="经复核", now=NOTICE_OVER)
    assert record.status is (Status.REMOVED if upheld else Status.LISTED)
    assert (blocking(session, [unit.id], LISTED_ON) == []) is upheld
    if not upheld:  # another one may follow
        appeal_against(session, subject, record.id, words="新的证据。", evidence=None, now=NOTICE_OVER)
        assert facts_of(session, record, day=LISTED_ON).appealed


def test_what_ends_a_record(session: Session) -> None:
    office = make_office(session)
    subjects = [make_organisation(session) for _ in range(4)]
    refused_one, heard, dropped, listed = (
        reach(session, state, conduct_form(organisation_id=unit.id), office=office)
        for state, unit in zip(
            (Status.PROPOSED, Status.OBJECTED, Status.NOTICED, Status.LISTED), subjects, strict=True
        )
    )
    with refused("note-missing"):
        check_record(session, office.checker, refused_one.id, passed=False, note=None, now=NOW)
    check_record(session, office.checker, refused_one.id, passed=False, note="证据不足", now=NOW)
    decide_record(session, office.checker, heard.id, decision=Action.UPHOLD, note="异议属实", now=NOW)
    decide_record(session, office.checker, dropped.id, decision=Action.DROP, note="撤回", now=NOW)
    assert {one.status for one in (refused_one, heard, dropped)} == {Status.REFUSED}
    with refused("illegal-transition"):
        decide_record(session, office.checker, dropped.id, decision=Action.LIST, note=None, now=NOTICE_OVER)
    with refused("record-expired"):
        remove_record(session, office.checker, listed.id, note="已完成整改", now=AFTER_LAST)
    with refused("checker-is-proposer"):
        remove_record(session, office.proposer, listed.id, note="已完成整改", now=NOTICE_OVER)
    remove_record(session, office.checker, listed.id, note="已完成整改", now=NOTICE_OVER)
    assert listed.status is Status.REMOVED


def test_it_bars_while_it_is_in_force_and_not_a_day_longer(session: Session) -> None:
    office, unit, talent = make_office(session), make_organisation(session), make_talent(session)
    about_unit, about_person = (
        reach(session, Status.LISTED, conduct_form(**subject), office=office)
        for subject in ({"organisation_id": unit.id}, {"entry_id": talent.id})
    )
    reach(session, Status.LISTED, red_form(organisation_id=make_organisation(session).id), office=office)
    for day, bars in ((LISTED_ON, True), (LAST_DAY, True), (LAST_DAY + timedelta(days=1), False)):
        assert blocking(session, [unit.id, 0], day) == ([about_unit] if bars else [])
        assert barred_people(session, [talent.id], day) == ({talent.id} if bars else set())
    assert blocking(session, [], LISTED_ON) == []
    assert about_person.entry_id == talent.id


def test_nobody_stands_on_both_lists_or_twice_on_one(session: Session) -> None:
    office, unit = make_office(session), make_organisation(session)
    red = reach(session, Status.LISTED, red_form(organisation_id=unit.id), office=office)
    with refused("record-exists"):
        propose_record(session, office.proposer, form=red_form(organisation_id=unit.id), now=NOTICE_OVER)
    black = reach(session, Status.NOTICED, conduct_form(organisation_id=unit.id), office=office)
    with refused("on-other-list"):
        decide_record(session, office.checker, black.id, decision=Action.LIST, note=None, now=NOTICE_OVER)
    assert (black.status, black.listed_on) == (Status.NOTICED, None)
    remove_record(session, office.checker, red.id, note="另有失信行为", now=NOTICE_OVER)
    decide_record(session, office.checker, black.id, decision=Action.LIST, note=None, now=NOTICE_OVER)
    assert black.status is Status.LISTED


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"organisation_id": None}, "one-subject"),
        ({"entry_id": 1}, "one-subject"),
        ({"organisation_id": 0}, "organisation-not-found"),
        ({"organisation_id": None, "entry_id": 0}, "entry-not-found"),
        ({"ground": "black_unheard_of"}, "unknown-code"),
        ({"ground": "red_results"}, "ground-of-other-list"),
        ({"region_code": "329999"}, "role-not-allowed"),
        ({"expires_on": TODAY}, "term-invalid"),
        ({"expires_on": date(2028, 6, 11)}, "term-invalid"),
    ],
)
def test_what_cannot_be_proposed(session: Session, change: dict[str, object], code: str) -> None:
    office, unit = make_office(session), make_organisation(session)
    form = {**conduct_form(organisation_id=unit.id), **change}
    with refused(code):
        propose_record(session, office.proposer, form=form, now=NOW)
    assert session.scalar(select(func.count()).select_from(ConductRecord)) == 0


def test_who_proposes_about_whom(session: Session) -> None:
    office, elsewhere = make_office(session), make_office(session, "320200")
    unit = make_organisation(session)
    bureau = make_organisation(session, OrganisationKind.BUREAU)
    form = conduct_form(organisation_id=unit.id)
    outsider = make_actor(session, OrganisationKind.BUREAU, region_code="320282")
    for actor in (outsider, make_actor(session), make_actor(session, OrganisationKind.AGENCY)):
        with refused("role-not-allowed"):
            propose_record(session, actor, form=form, now=NOW)
    for subject in ({"organisation_id": bureau.id}, {"entry_id": make_node(session).id}):
        with refused("subject-not-allowed"):
            propose_record(session, office.proposer, form=conduct_form(**subject), now=NOW)
    official = make_talent(session)
    official.user_id = office.proposer.user_id
    session.flush()
    with refused("own-case"):
        propose_record(session, office.proposer, form=conduct_form(entry_id=official.id), now=NOW)
    assert propose_record(session, elsewhere.proposer, form=form, now=NOW).region_code == JIANGYIN


def test_subjects_speak_for_themselves_and_the_office_writes_down_what_is_on_paper(session: Session) -> None:
    office, unit = make_office(session), make_organisation(session, OrganisationKind.AGENCY)
    broker = actor_of(make_user(session, unit))
    filing = make_filing(session, organisation_id=unit.id)
    talent = make_talent(session)
    person = make_user(session, make_organisation(session, OrganisationKind.UNIVERSITY))
    talent.user_id = person.id
    session.flush()
    agency, expert = (
        reach(session, Status.NOTICED, conduct_form(entry_id=one.id), office=office)
        for one in (filing, talent)
    )
    with refused("conduct-record-not-found"):
        object_to(session, broker, expert.id, words="业绩属实。", evidence=None, now=NOW)
    object_to(session, broker, agency.id, words="业绩属实。", evidence=None, now=NOW)
    object_to(session, actor_of(person), expert.id, words="未曾泄露。", evidence=None, now=NOW)
    decide_record(session, office.checker, agency.id, decision=Action.DISMISS, note="不成立", now=NOW)
    with refused("evidence-missing"):
        object_to(session, office.third, agency.id, words="补充意见。", evidence=None, now=NOW)
    object_to(session, office.third, agency.id, words="补充意见。", evidence="书面异议存档", now=NOW)
    assert see(session, broker, agency, day=TODAY).sight is Sight.SUBJECT
    assert agency.board is Board.BLACK


def test_the_office_decides_nothing_about_its_own_people(session: Session) -> None:
    office, talent = make_office(session), make_talent(session)
    talent.user_id = office.checker.user_id
    session.flush()
    record = reach(session, Status.PROPOSED, conduct_form(entry_id=talent.id), office=office)
    with refused("conduct-record-not-found"):  # and does not even know of it before the notice
        check_record(session, office.checker, record.id, passed=False, note="证据不足", now=NOW)
    check_record(session, office.third, record.id, passed=True, note=None, now=NOW)
    with refused("own-case"):
        decide_record(session, office.checker, record.id, decision=Action.DROP, note="撤回", now=NOW)
    assert record.checked_by == office.third.user_id
    assert see(session, OPERATOR, record, day=TODAY).sight is Sight.OFFICE


def test_a_unit_and_its_filing_are_one_subject(session: Session) -> None:
    office, unit = make_office(session), make_organisation(session, OrganisationKind.AGENCY)
    filing = make_filing(session, organisation_id=unit.id)
    again = make_filing(session, organisation_id=unit.id, category="service")
    stranger = make_filing(session)
    about_unit, about_filing = {"organisation_id": unit.id}, {"entry_id": filing.id}
    for first, second in ((about_unit, about_filing), (about_filing, about_unit)):
        red = reach(session, Status.LISTED, red_form(**first), office=office)
        for same in (second, {"entry_id": again.id}):
            with refused("record-exists"):
                propose_record(session, office.proposer, form=red_form(**same), now=NOTICE_OVER)
        black = reach(session, Status.NOTICED, conduct_form(**second), office=office)
        with refused("on-other-list"):
            decide_record(session, office.checker, black.id, decision=Action.LIST, note=None, now=NOTICE_OVER)
        remove_record(session, office.checker, red.id, note="不再符合", now=NOTICE_OVER)
        decide_record(session, office.checker, black.id, decision=Action.LIST, note=None, now=NOTICE_OVER)
        assert blocking(session, [unit.id], LISTED_ON) == [black]
        remove_record(session, office.checker, black.id, note="已完成整改", now=NOTICE_OVER)
    reach(session, Status.LISTED, conduct_form(entry_id=stranger.id), office=office)
    assert blocking(session, [unit.id], LISTED_ON) == []


def test_people_do_not_bar_the_unit_they_work_for(session: Session) -> None:
    unit, talent = make_organisation(session, OrganisationKind.UNIVERSITY), make_talent(session)
    talent.organisation_id = unit.id
    session.flush()
    record = reach(session, Status.LISTED, conduct_form(entry_id=talent.id), office=make_office(session))
    assert blocking(session, [unit.id], LISTED_ON) == []
    assert barred_people(session, [talent.id], LISTED_ON) == {talent.id}
    assert unit_of(record) is None


def test_after_a_breach_an_institution_is_not_evaluated_for_three_years(session: Session) -> None:
    office, unit = make_office(session), make_organisation(session, OrganisationKind.UNIVERSITY)
    institution, laboratory = (
        make_entry(session, EntryKind.RESOURCE, {"title": name, "category": kind, "organisation_id": unit.id})
        for name, kind in (("澄江研究院", "rd_institution"), ("澄江实验室", "lab"))
    )
    short = conduct_form(organisation_id=unit.id, expires_on=date(2025, 12, 31))
    record = reach(session, Status.LISTED, short, office=office)  # in force for half a year

    def evaluate(entry_id: int, year: int, *, years_later: int) -> None:
        form, moment = {"year": year, "grade": "good"}, NOTICE_OVER.replace(year=2025 + years_later)
        record_evaluation(session, OPERATOR, entry_id, form=form, now=moment)

    evaluate(laboratory.id, 2024, years_later=0)  # the plan speaks of R&D institutions alone
    for years_later in (0, 2):
        with refused("evaluation-barred"):
            evaluate(institution.id, 2024, years_later=years_later)
    assert evaluation_bar(session, institution, LISTED_ON) == (
        "所属单位曾列黑榜，2028-06-18以前不得参与年度评价。"
    )
    assert evaluation_bar(session, institution, date(2028, 6, 17)) is not None
    evaluate(institution.id, 2024, years_later=3)
    remove_record(session, office.checker, record.id, note="申诉成立", now=NOTICE_OVER)
    evaluate(institution.id, 2023, years_later=0)
