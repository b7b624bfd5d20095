"""Editions: what stands in the way, what they hold, that they stay as they are."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import date, time, timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, OrganisationKind
from market.db import Database
from market.errors import Conflict, PermissionDenied, RuleViolation
from market.libraries.models import AgencyFiling
from market.libraries.printing import SheetFormat, edition_file, sheets_file
from market.libraries.queries.editions import all_rows, latest_edition
from market.libraries.rules import EntryKind, EntryStatus, Register
from market.libraries.rules.graph import ChainRole
from market.libraries.service.chains import add_edge, add_position, add_tag
from market.libraries.service.editions import preview_edition, publish_edition
from market.libraries.service.entries import delist_entry, edit_entry, propose_entry, revise_entry
from market.libraries.service.records import add_member, add_recognition, record_evaluation
from market.libraries.service.registers import export_register
from tests.factories import JIANGYIN, NOW, make_actor
from tests.market.libraries.factories import (
    ENCODER,
    TODAY,
    make_bureau,
    make_enterprise,
    make_entry,
    make_filing,
    make_node,
    publish,
)

RESOURCE = {"title": "透射电镜", "category": "instrument", "contact": "0510-80000001", "value_fen": 900}
CONSORTIUM = {"title": "特钢产业创新联合体", "category": "alliance", "founded_on": TODAY}


def test_nothing_is_published_while_an_entry_waits(session: Session) -> None:
    bureau, _ = make_bureau(session)
    make_filing(session)
    waiting = make_filing(session, title="未核对的机构", status=EntryStatus.PROPOSED)
    preview = preview_edition(session, bureau, Register.AGENCIES, region_code=JIANGYIN)
    assert (preview.rows, [entry.id for entry in preview.unverified]) == (1, [waiting.id])
    with pytest.raises(Conflict) as refused:
        publish(session, Register.AGENCIES, bureau)
    assert refused.value.code == "edition-unverified-entries"
    assert "未核对的机构" in refused.value.detail
    assert latest_edition(session, Register.AGENCIES, JIANGYIN) is None


def test_an_edition_is_compared_with_the_one_before(session: Session) -> None:
    kept, gone, changed = (make_filing(session, title=f"第{n}家机构") for n in (1, 2, 3))
    first = publish(session, Register.AGENCIES)
    assert (first.number, first.row_count, len(first.comparison["added"])) == (1, 3, 3)
    delist_entry(session, OPERATOR, AgencyFiling, gone.id, note="停业", encoder=ENCODER, now=NOW)
    revise_entry(session, OPERATOR, AgencyFiling, changed.id, encoder=ENCODER, now=NOW)
    edit_entry(
        session, OPERATOR, AgencyFiling, changed.id, changes={"tier": "backbone"}, version=changed.version,
        now=NOW,
    )  # fmt: skip
    second = publish(session, Register.AGENCIES)
    assert [row.record_id for row in all_rows(session, second)] == [kept.id]
    assert {one["title"] for one in second.comparison["removed"]} == {"第2家机构", "第3家机构"}
    propose_entry(session, OPERATOR, AgencyFiling, changed.id, now=NOW)
    preview = preview_edition(session, OPERATOR, Register.AGENCIES, region_code=JIANGYIN)
    assert preview.unverified
    assert [row.title for row in all_rows(session, first)] == ["第1家机构", "第2家机构", "第3家机构"]


def test_fields_that_changed_are_named(session: Session) -> None:
    filing = make_filing(session)
    publish(session, Register.AGENCIES)
    filing.tier, filing.transfer_staff = "demonstration", 12
    session.flush()
    edition = publish(session, Register.AGENCIES)
    assert edition.comparison["changed"] == [
        {"key": f"agency:{filing.id}", "title": filing.title, "fields": ["tier", "transfer_staff"]}
    ]


def test_all_that_a_record_shows_is_frozen_and_compared(session: Session) -> None:
    agency, resource = make_filing(session), make_entry(session, EntryKind.RESOURCE, RESOURCE)
    consortium = make_entry(session, EntryKind.CONSORTIUM, CONSORTIUM)
    joined = {"name": "暨阳理工大学", "lead": True, "joined_on": TODAY}
    add_member(session, OPERATOR, consortium.id, form=joined, now=NOW)
    lists = Register.AGENCIES, Register.RESOURCES, Register.CONSORTIA
    for register in lists:
        publish(session, register)
    agency.above_scale, agency.keywords = True, ["中试"]
    resource.open_weekdays, resource.opens_at, resource.closes_at = [2, 1], time(8, 30), time(17)
    consortium.members[0].lead = False
    level = {"level": "municipal", "recognised_on": TODAY, "recognised_by": "市科技局"}
    for entry in (resource, consortium):
        add_recognition(session, OPERATOR, entry.id, form=level, now=NOW)
    record_evaluation(session, OPERATOR, resource.id, form={"year": 2024, "grade": "good"}, now=NOW)
    session.flush()
    editions = [publish(session, register) for register in lists]
    assert [edition.comparison["changed"][0]["fields"] for edition in editions] == [
        ["keywords", "above_scale"],
        ["open_weekdays", "hours", "recognitions", "evaluation"],
        ["members", "recognitions"],
    ]
    [row] = all_rows(session, editions[1])
    assert (row.content["open_weekdays"], row.content["hours"]) == (["周一", "周二"], "08:30-17:00")
    assert row.content["recognitions"] == ["市级（2025-06-10，市科技局）"]
    for office in ("contact", "value_fen", "external_id", "internal"):
        assert office not in row.content


def test_an_edition_that_says_nothing_new_is_refused(own_database: Database) -> None:
    with own_database.transaction() as session:
        filing = make_filing(session)

    def again(_: int) -> str:
        try:
            with own_database.transaction() as session:
                return str(publish(session, Register.AGENCIES).number)
        except Conflict as refused:
            return refused.code

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(again, range(3))) == ["1", "edition-unchanged", "edition-unchanged"]
    with own_database.transaction() as session:
        session.get_one(AgencyFiling, filing.id).tier = "backbone"
    assert again(0) == "2"


@pytest.mark.parametrize(
    "statement",
    ["UPDATE editions SET title = 'x'", "DELETE FROM editions", "UPDATE edition_rows SET title = 'x'",
     "DELETE FROM edition_rows"],
)  # fmt: skip
def test_the_database_keeps_editions_as_they_are(session: Session, statement: str) -> None:
    make_filing(session)
    publish(session, Register.AGENCIES)
    with pytest.raises(DatabaseError, match="frozen"), session.begin_nested():
        session.execute(text(statement))


def test_what_cannot_be_published(session: Session) -> None:
    make_filing(session)
    arguments = {"region_code": JIANGYIN, "title": None, "note": None, "encoder": ENCODER, "now": NOW}

    def code(register: Register, as_of: date = TODAY) -> str:
        with pytest.raises(RuleViolation) as refused:
            publish_edition(session, OPERATOR, register, as_of=as_of, **arguments)
        return refused.value.code

    assert code(Register.TALENTS) == code(Register.CHALLENGES) == "register-has-no-editions"
    assert code(Register.CONSORTIA) == "edition-empty"
    assert code(Register.AGENCIES, TODAY + timedelta(days=1)) == "day-ahead"
    for actor in (make_actor(session, OrganisationKind.AGENCY), make_bureau(session, "320282")[0]):
        with pytest.raises(PermissionDenied):
            publish(session, Register.AGENCIES, actor)


def test_a_chain_is_published_with_its_graph_and_had_as_a_workbook(session: Session) -> None:
    melting, forging = make_node(session), make_node(session, "精密锻造")
    enterprise = make_enterprise(session)
    add_edge(session, OPERATOR, melting.id, downstream_id=forging.id, words="坯料", encoder=ENCODER, now=NOW)
    add_position(
        session, OPERATOR, enterprise.id, node_id=forging.id, role=ChainRole.LEADER, encoder=ENCODER, now=NOW
    )
    tag = {"tag": "gazelle", "year": 2024, "valid_until": TODAY, "source": "2024年度瞪羚企业名单"}
    add_tag(session, OPERATOR, enterprise.id, form=tag, encoder=ENCODER, now=NOW)
    edition = publish(session, Register.CHAINS)
    rows = {row.title: row.content for row in all_rows(session, edition)}
    assert rows["精密锻造"]["upstream"] == ["特种合金熔炼"]
    assert rows[enterprise.title]["positions"] == ["精密锻造（链主）"]
    assert rows[enterprise.title]["tags"] == ["瞪羚企业（2024，至2025-06-10）"]
    content = edition_file(session, edition, SheetFormat.XLSX)
    assert content == edition_file(session, edition, SheetFormat.XLSX)
    book = load_workbook(io.BytesIO(content))
    assert len(book.sheetnames) == 2
    cells, others = ({cell.value for row in sheet.iter_rows() for cell in row} for sheet in book.worksheets)
    assert {"精密锻造（链主）", "瞪羚企业（2024，至2025-06-10）", "本表 1 条"} <= cells
    assert "本表 2 条" in others
    with pytest.raises(RuleViolation) as refused:
        edition_file(session, edition, SheetFormat.CSV)
    assert refused.value.code == "csv-of-one-kind"
    assert "精密锻造" in edition_file(session, edition, SheetFormat.CSV, kind="node").decode("utf-8-sig")


def test_a_register_is_taken_away_by_its_bureau_only(session: Session) -> None:
    bureau, _ = make_bureau(session)
    make_filing(session, status=EntryStatus.PROPOSED)
    with pytest.raises(PermissionDenied):
        export_register(session, make_actor(session), Register.AGENCIES, region_code=JIANGYIN, now=NOW)
    empty = export_register(session, bureau, Register.AGENCIES, region_code=JIANGYIN, now=NOW)
    with pytest.raises(RuleViolation) as refused:
        sheets_file(session, empty.rows, title="空", notes=(), created_at=NOW, file_format=SheetFormat.CSV)
    assert refused.value.code == "nothing-to-export"
    filing = make_filing(session, title="示例机构", tier="demonstration", external_id="A-7")
    found = export_register(session, bureau, Register.AGENCIES, region_code=JIANGYIN, now=NOW)
    assert [row.record_id for row in found.rows] == [filing.id]
    shown = sheets_file(
        session,
        found.rows,
        title=found.title,
        notes=(found.note,),
        created_at=NOW,
        file_format=SheetFormat.CSV,
        office=True,
    ).decode("utf-8-sig")
    assert "示范机构" in shown
    assert "A-7" in shown
