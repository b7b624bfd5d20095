"""Importing people: nobody without consent, and nothing of the file is kept but where it was wrong."""

from __future__ import annotations

import json
import logging
import traceback
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.audit.models import AuditEvent
from market.errors import PermissionDenied, RuleViolation
from market.exchange.models import ImportRun
from market.exchange.rules.runs import ImportKind, Mode
from market.exchange.service.registers import PersonNotWritten, RegisterWriter
from market.libraries.models import EntryEvent, Talent, TalentConsent
from market.libraries.queries.talents import has_agreed
from market.libraries.rules import EntryKind, EntryStatus, Register
from market.libraries.rules.talents import ConsentScope
from market.libraries.service.entries import create_entry
from tests.factories import JIANGYIN, NOW, make_actor, make_organisation, make_user
from tests.market.exchange.registers import bring, check_all, counts, faults
from tests.market.libraries.factories import ENCODER, make_bureau, make_filing

COLUMNS = (
    "姓名（顾示例填报13900000009）", "工作单位", "职称", "专业领域", "联系电话", "身份类别", "等级",
    "证书编号", "挂靠机构", "有效期起", "有效期止", "同意范围", "同意日期", "同意依据", "来源", "数据日期",
    "行政区划", "填表人顾示例",
)  # fmt: skip
HEAD = ",".join(COLUMNS)
PERSON = {
    COLUMNS[0]: "顾澄波", "工作单位": "暨阳理工大学", "联系电话": "13900000001", "同意范围": "入库保存",
    "同意日期": "2025-06-01", "同意依据": "同意书第7号", "来源": "科研院", "数据日期": "2025-03-31",
}  # fmt: skip


def line(name: str = "顾澄波", **cells: str) -> str:
    """Return a row of a person who agreed to be kept."""
    row = {**PERSON, COLUMNS[0]: name, **cells}
    return ",".join(row.get(column, "") for column in COLUMNS)


GOOD = line(
    职称="教授", 专业领域="07；生物、医药和医疗器械", 等级="初级技术经纪人", 证书编号="SL-001",
    挂靠机构="澄江技术转移中心", 有效期起="2025-01-01", 有效期止="2027-12-31", 同意范围="入库保存；公开检索",
)  # fmt: skip

PHONE, TODAY = "13900000002", "2025-06-10"
BAD = [
    (line("金无凭", 同意范围=""), "同意范围", "consent-missing"),
    (line("银缺日", 同意日期=""), "同意日期", "consent-incomplete"),
    (line("铜领域", 专业领域=PHONE), "专业领域", "unknown-code"),
    (
        line("铁证期", 身份类别="专家", 有效期起=TODAY, 有效期止="2025-01-01"),
        "身份终止日期",
        "role-period",
    ),
    (line("锡坏日", 身份类别="专家", 有效期起=PHONE), "身份起始日期", "bad-date"),
    (
        line("铅等级", 身份类别="专家", 等级="junior", 有效期起=TODAY),
        "等级",
        "level-of-other-role",
    ),
    (
        line("锌机构", 身份类别="专家", 挂靠机构=PHONE, 有效期起=TODAY),
        "挂靠机构",
        "agency-not-on-file",
    ),
    (line("钛无始", 身份类别="专家"), "身份起始日期", "field-missing"),
    (line("钒地区", 行政区划=PHONE), "行政区划", "unknown-region"),
]
NAMES = {row.split(",")[0] for row, *_ in BAD}


@pytest.fixture
def bureau(session: Session) -> tuple[Actor, Actor]:
    return make_bureau(session)


def test_people_come_with_a_role_and_their_consents(session: Session, bureau: tuple[Actor, Actor]) -> None:
    agency = make_filing(session)
    file = f"{HEAD}\n{GOOD}\n"
    assert counts(bring(session, ImportKind.TALENTS, file, actor=bureau[0])) == (1, 0, 0, 0)
    talent = session.scalars(select(Talent)).one()
    assert (talent.title, talent.fields, talent.contact) == (
        "顾澄波 教授 暨阳理工大学", ["07", "04"], "13900000001",
    )  # fmt: skip
    [role] = talent.roles
    assert (role.role, role.level, role.certificate_no) == ("technology_manager", "junior", "SL-001")
    assert (role.agency_entry_id, role.valid_until) == (agency.id, date(2027, 12, 31))
    consents = session.scalars(select(TalentConsent).order_by(TalentConsent.id)).all()
    assert [(one.scope, one.evidence, one.recorded_by) for one in consents] == [
        (ConsentScope.KEEP, "同意书第7号", bureau[0].user_id),
        (ConsentScope.FIND, "同意书第7号", bureau[0].user_id),
    ]
    assert check_all(session, Register.TALENTS, actor=bureau[1]) == 1
    assert talent.status is EntryStatus.LISTED
    assert counts(bring(session, ImportKind.TALENTS, file, actor=bureau[0])) == (0, 0, 1, 0)
    more = file.replace("公开检索", "转达联系方式")
    undated = bring(session, ImportKind.TALENTS, more.replace("2025-06-01", ""), actor=bureau[0])
    assert faults(undated) == [(2, "同意日期", "consent-incomplete")]
    assert counts(bring(session, ImportKind.TALENTS, more, actor=bureau[0])) == (0, 1, 0, 0)
    assert has_agreed(session, talent.id, ConsentScope.FIND)
    assert has_agreed(session, talent.id, ConsentScope.CONTACT)


def test_nothing_of_a_file_about_people_is_kept(
    session: Session,
    bureau: tuple[Actor, Actor],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_filing(session)
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, logger="sqlalchemy")
    file = "\n".join([HEAD, GOOD, *(row for row, *_ in BAD), ""])
    report = bring(session, ImportKind.TALENTS, file, actor=bureau[0], name="顾示例的人才表.csv")
    assert faults(report) == [(place, column, code) for place, (_, column, code) in enumerate(BAD, 3)]
    assert counts(report) == (1, 0, 0, len(BAD))

    words = {*NAMES, "顾", "13900000", "SL-001", "同意书第", "暨阳", "院"}
    stored = [report.errors, *(_columns(row) for row in session.scalars(select(ImportRun)))]
    for model in (AuditEvent, EntryEvent):
        stored += [_columns(row) for row in session.scalars(select(model))]
    told = "".join([*map(str, stored), caplog.text, *capsys.readouterr()])
    assert [word for word in words if word in told] == []
    run = report.run
    assert (run.file_name, run.unmapped) == ("科技人才.csv", ["第18列"])
    assert {each["column"] for each in run.mapping} == {f"第{n}列" for n in range(1, 18)}
    assert json.loads(json.dumps(run.errors))[0] == {
        "row": 3, "column": "同意范围", "position": "L3", "code": "consent-missing", "source": None,
        "detail": "没有本人同意“入库保存”的记录，不能导入。",
    }  # fmt: skip
    assert {one.person_name for one in session.scalars(select(Talent))} == {"顾澄波"}

    with pytest.raises(RuleViolation) as refused:
        bring(session, ImportKind.TALENTS, file, actor=bureau[0], mode=Mode.ALL_OR_NOTHING)
    said = "".join(fault.pointer + fault.detail for fault in refused.value.fields)
    assert [word for word in words if word in said] == []


def _columns(row: ImportRun | AuditEvent | EntryEvent) -> str:
    return str([getattr(row, column.key) for column in row.__mapper__.column_attrs])


def test_what_the_database_says_of_a_person_is_not_passed_on(session: Session) -> None:
    writer = RegisterWriter(OPERATOR, ImportKind.TALENTS, encoder=ENCODER, draft=False)
    consent = {"scopes": [ConsentScope.KEEP], "given_on": date(2025, 6, 1), "evidence": "同意书第7号"}
    person = {
        "person_name": "顾澄波",
        "unit_name": "暨阳理工大学",
        "region_code": JIANGYIN,
        "consent": consent,
    }
    with pytest.raises(PersonNotWritten) as refused:  # a source is wanted by the table
        writer.write(session, [(0, {**person, "source_date": date(2025, 3, 31)})], now=NOW)
    assert "顾澄波" not in "".join(traceback.format_exception(refused.value))


def test_two_people_of_one_name_need_numbers(session: Session, bureau: tuple[Actor, Actor]) -> None:
    twice = f"{HEAD}\n{line()}\n{line(职称='讲师')}\n"
    report = bring(session, ImportKind.TALENTS, twice, actor=bureau[0])
    assert faults(report) == [(3, "工作单位", "duplicate-in-file")]
    elsewhere = line("沈示例", 职称="讲师")
    numbered = f"编号,{HEAD}\nT-1,{elsewhere}\nT-2,{elsewhere}\n"
    assert counts(bring(session, ImportKind.TALENTS, numbered, actor=bureau[0])) == (2, 0, 0, 0)
    assert counts(bring(session, ImportKind.TALENTS, numbered, actor=bureau[0])) == (0, 0, 2, 0)


def test_a_draft_of_somebody_who_has_not_agreed_waits_for_the_consent(
    session: Session, bureau: tuple[Actor, Actor]
) -> None:
    own = {name: PERSON[name] for name in ("工作单位", "来源")}
    form = {"person_name": "顾澄波", "unit_name": own["工作单位"], "source": own["来源"]}
    form |= {"source_date": date(2025, 3, 31), "region_code": JIANGYIN}
    talent = create_entry(session, bureau[0], EntryKind.TALENT, form=form, now=NOW)
    file = f"{HEAD}\n{line(同意范围='')}\n"
    assert faults(bring(session, ImportKind.TALENTS, file, actor=bureau[0])) == [
        (2, "同意范围", "consent-missing")
    ]
    assert talent.status is EntryStatus.DRAFT
    assert counts(bring(session, ImportKind.TALENTS, f"{HEAD}\n{line()}\n", actor=bureau[0])) == (0, 1, 0, 0)
    assert talent.status is EntryStatus.PROPOSED
    assert faults(bring(session, ImportKind.TALENTS, file, actor=bureau[0])) == []


def test_a_university_imports_its_own_people_and_a_broker_nobody(session: Session) -> None:
    university = make_organisation(session, OrganisationKind.UNIVERSITY)
    actor = actor_of(make_user(session, university))
    file = f"{HEAD}\n{line()}\n"
    assert counts(bring(session, ImportKind.TALENTS, file, actor=actor)) == (1, 0, 0, 0)
    assert session.scalars(select(Talent.organisation_id)).one() == university.id
    with pytest.raises(PermissionDenied) as refused:
        bring(session, ImportKind.TALENTS, file, actor=make_actor(session, OrganisationKind.AGENCY))
    assert refused.value.code == "role-not-allowed"
