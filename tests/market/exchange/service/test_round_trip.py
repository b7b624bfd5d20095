"""What registers export can be imported: the same entries are found again, a fresh region gets them anew.

Values of the tables are compared, not what exports tell of them: what both leave out would not be missed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Any

import pytest
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, OrganisationKind
from market.exchange.queries.registers import ENTRY_KINDS, upstream_titles
from market.exchange.rules.runs import ImportKind
from market.exchange.service import ImportReport
from market.libraries.models import (
    ChainEnterprise,
    ChainNode,
    Consortium,
    KeyTechnology,
    Project,
    RegisterEntry,
    Talent,
)
from market.libraries.printing import SheetFormat
from market.libraries.queries.kinds import SPECS
from market.libraries.rules import REGISTER_OF, EntryKind, EntryStatus, Register
from market.libraries.rules.graph import ChainRole, Segment
from market.libraries.service.chains import add_edge, add_position, add_tag
from market.libraries.service.project_plans import add_member as add_to_team
from market.libraries.service.records import add_member, record_evaluation
from tests.factories import JIANGYIN, NOW, make_organisation, make_uscc
from tests.market.exchange.registers import YIXING, bring, check_all, counts, exported, faults, listed
from tests.market.libraries.factories import (
    CHAIN,
    ENCODER,
    SOURCE,
    make_bureau,
    make_enterprise,
    make_entry,
    make_filing,
    make_node,
)
from tests.market.libraries.factories_talents import make_talent
from tests.market.libraries.projects.factories import make_project

LISTED = EntryStatus.LISTED
TRICKY = "=高温合金，含“镍、钴”\n第二行；-20℃"


SAME, PARTED = "坯料制备", "甲、乙（链主）；丙"
"""A name on two chains, and one with all that parts a list."""


def make_chains(session: Session) -> None:
    melting = make_node(session, "冶炼、铸锭", summary=TRICKY, external_id="N-1")
    forging = make_node(session, "锻造", segment=Segment.MIDSTREAM, wanted="等温锻造", keywords=["锻件"])
    add_edge(session, OPERATOR, melting.id, downstream_id=forging.id, words="铸锭", encoder=ENCODER, now=NOW)
    parted = make_node(session, PARTED, segment=Segment.SUPPORTING, keywords=["1,2-二氯乙烷", "甲、乙；丙"])
    add_edge(session, OPERATOR, parted.id, downstream_id=forging.id, words=None, encoder=ENCODER, now=NOW)
    make_node(session, SAME)
    woven = make_node(session, SAME, chain_code="chain-textile")
    steel = make_enterprise(session, chain_code=CHAIN, keywords=["检测、认证"])
    places = (melting, ChainRole.LEADER), (parted, ChainRole.SUPPORTING), (woven, ChainRole.CORE)
    for node, role in places:
        add_position(session, OPERATOR, steel.id, node_id=node.id, role=role, encoder=ENCODER, now=NOW)
    for tag, year, until in (("hitech", 2021, date(2024, 12, 1)), ("little_giant", 2024, None)):
        form = {"tag": tag, "year": year, "source": SOURCE["source"], "valid_until": until}
        add_tag(session, OPERATOR, steel.id, form=form, encoder=ENCODER, now=NOW)


def make_resources(session: Session) -> None:
    owner = make_organisation(session, OrganisationKind.UNIVERSITY, name="暨阳理工大学")
    make_entry(
        session,
        EntryKind.RESOURCE,
        {
            "title": "膜分离中试线", "category": "pilot_base", "level": "provincial", "place": "澄江路1号",
            "min_trl": 4, "max_trl": 7, "opening_terms": "预约，样品自备", "bookable": True,
            "fee_fen_per_hour": 12_345, "value_fen": 900_000_00, "organisation_id": owner.id,
            "open_weekdays": [6, 1, 2], "opens_at": time(8, 30), "closes_at": time(17), "area_m2": 1200,
            "summary": TRICKY,
        },
    )  # fmt: skip
    make_entry(session, EntryKind.RESOURCE, {"title": "透射电镜", "category": "complex", "model": "T-200"})


def make_technologies(session: Session) -> None:
    node = make_node(session, SAME)
    values = {
        "title": "高温合金返回料纯净化", "chain_code": CHAIN, "node_id": node.id, "gap": "依赖进口母合金",
        "gap_public": True,
        "indicators": [
            {"name": "氧含量", "target": "不高于 5 ppm", "present": "12 ppm"},
            {"name": "批次 比（A：B）", "target": "1,000 炉、连续", "present": None},
            {"name": "氧氮", "target": "≤8 ppm；氮≤3 ppm", "present": "「未测」"},
        ],
    }  # fmt: skip
    make_entry(session, EntryKind.TECHNOLOGY, values)
    make_entry(session, EntryKind.TECHNOLOGY, {"title": "等温锻造模具"})


def make_projects(session: Session) -> None:
    leader = make_talent(session)
    project = make_project(session, leader_name="钱示例", key_project=True)
    for name in ("孙示例", "李示例"):
        form = {"name": name, "unit": "示例大学"}
        add_to_team(session, OPERATOR, project.id, form=form, now=NOW)
    make_project(
        session,
        title="由库中人才牵头的项目",
        leader_talent_id=leader.id,
        total_fen=None,
        grant_fen=0,
        trl=None,
    )


def make_talents(session: Session) -> None:
    agency = make_filing(session, title="澄江、暨阳技术转移中心")
    manager = {"role": "technology_manager", "level": "junior", "valid_until": date(2026, 12, 31)}
    later = {"role": "technology_manager", "valid_from": date(2027, 1, 1)}
    make_talent(session, roles=["expert", {**manager, "agency_entry_id": agency.id}, later])
    make_talent(session, person_name="沈示例", post="", unit_name="暨阳特钢", roles=())


def make_agencies(session: Session) -> None:
    values = {"uscc": make_uscc(), "tier": "demonstration", "services": ["检测、认证"]}
    agency = make_filing(session, transfer_staff=12, valid_until=date(2027, 5, 5), above_scale=True, **values)
    form = {"year": 2024, "grade": "excellent"}
    record_evaluation(session, OPERATOR, agency.id, form=form, now=NOW)
    make_filing(session, title="引进的离岸机构", category="industry_branch")


def make_consortia(session: Session) -> None:
    form = {"title": "高温合金创新联合体", "category": "innovation", "founded_on": date(2024, 3, 1)}
    consortium = make_entry(session, EntryKind.CONSORTIUM, form)
    make_organisation(session, name="暨阳特钢有限公司")
    steel = {"name": "暨阳特钢有限公司", "is_enterprise": True, "joined_on": date(2025, 3, 1)}
    university = {"name": "暨阳理工大学（企业）", "lead": True, "joined_on": date(2024, 3, 1)}
    other = {"name": "甲、乙所", "joined_on": date(2024, 3, 1)}
    for member in (steel, university, other):
        add_member(session, OPERATOR, consortium.id, form=member, now=NOW)


MAKERS: Mapping[Register, Callable[[Session], None]] = {
    Register.CHAINS: make_chains,
    Register.RESOURCES: make_resources,
    Register.TECHNOLOGIES: make_technologies,
    Register.PROJECTS: make_projects,
    Register.TALENTS: make_talents,
    Register.AGENCIES: make_agencies,
    Register.CONSORTIA: make_consortia,
}

CONSENT = {
    "consent.scopes": "入库保存；公开检索",
    "consent.given_on": "2025-06-01",
    "consent.evidence": "同意书存市科技局",
}

OF_THE_ROW = frozenset(
    {"id", "region_code", "proposed_by", "checked_by", "checked_at", "published_at", "created_at",
     "updated_at", "version", "node_id"}
)  # fmt: skip
"""What no file tells, or tells by name."""

NOT_TOLD: Mapping[Register, frozenset[str]] = {
    Register.PROJECTS: frozenset({"leader_talent_id", "leader_name"}),
    Register.TALENTS: frozenset({"contact"}),
}
"""What an export leaves to others."""


@pytest.mark.parametrize("register", MAKERS)
def test_an_export_is_read_back(session: Session, register: Register) -> None:
    MAKERS[register](session)
    kinds = [
        kind for kind in ImportKind if kind in ENTRY_KINDS and REGISTER_OF[ENTRY_KINDS[kind]] is register
    ]
    before = listed(session, register, JIANGYIN)
    for kind in kinds:
        of_kind = [row for row in before if row.content["kind"] == ENTRY_KINDS[kind]]
        for file_format in SheetFormat:
            file = exported(session, register, JIANGYIN, file_format, ENTRY_KINDS[kind])
            report = bring(session, kind, file, name=f"清单.{file_format}")
            assert report.errors == []
            assert counts(report) == (0, 0, len(of_kind), 0)
    assert listed(session, register, JIANGYIN) == before

    importer, checker = make_bureau(session, YIXING)
    if register is Register.TECHNOLOGIES:
        make_node(session, SAME, region_code=YIXING)
    for kind in kinds:
        file = exported(session, register, JIANGYIN, SheetFormat.XLSX, ENTRY_KINDS[kind])
        report = bring(
            session, kind, file, actor=importer, name="清单.xlsx", columns={"行政区划": ""},
            defaults={"region_code": YIXING} | (CONSENT if register is Register.TALENTS else {}),
        )  # fmt: skip
        assert report.errors == []
        assert check_all(session, register, YIXING, checker) == report.run.created
    for kind in kinds:
        assert _values(session, kind, YIXING) == _values(session, kind, JIANGYIN)


def _values(session: Session, kind: ImportKind, region: str) -> list[dict[str, Any]]:
    """Return what the tables hold of a region's listed entries, without what belongs to the row alone."""
    model = SPECS[ENTRY_KINDS[kind]].model
    left_out = OF_THE_ROW | NOT_TOLD.get(REGISTER_OF[ENTRY_KINDS[kind]], frozenset())
    names = [column.key for column in inspect(model).column_attrs if column.key not in left_out]
    entries = session.scalars(select(model).where(model.region_code == region, model.status == LISTED))
    found = [{name: getattr(entry, name) for name in names} | _parts(session, entry) for entry in entries]
    for values in found:
        if "open_weekdays" in values:
            values["open_weekdays"] = sorted(values["open_weekdays"])
    return sorted(found, key=lambda values: (values["title"], values["chain_code"] or ""))


def _parts(session: Session, entry: RegisterEntry) -> dict[str, Any]:
    match entry:
        case ChainNode():
            return {"upstream": upstream_titles(session, entry.id)}
        case ChainEnterprise():
            nodes = {(one.node.title, one.node.chain_code, one.role) for one in entry.positions}
            return {
                "at": nodes,
                "tags": {(one.tag, one.year, one.valid_until, one.source) for one in entry.tags},
            }
        case KeyTechnology():
            return {"node": entry.node_id and session.get_one(ChainNode, entry.node_id).title}
        case Consortium():
            units = {(one.name, one.lead, one.is_enterprise, one.joined_on) for one in entry.members}
            return {"members": units}
        case Project():
            return {"members": {(one.name, one.unit) for one in entry.members}}
        case Talent():
            roles = {
                (one.role, one.level, one.valid_from, one.valid_until, one.agency_entry_id)
                for one in entry.roles
            }
            return {"roles": roles}
    return {}


def test_positions_of_one_name_are_found_again_or_asked_for(session: Session) -> None:
    """An unedited export changes nothing; nothing is put anywhere by guessing."""
    metal, woven = make_node(session, SAME), make_node(session, SAME, chain_code="chain-textile")
    steel = make_enterprise(session, chain_code=CHAIN)
    add_position(
        session, OPERATOR, steel.id, node_id=woven.id, role=ChainRole.CORE, encoder=ENCODER, now=NOW
    )  # fmt: skip
    [row] = [row for row in listed(session, Register.CHAINS, JIANGYIN) if row.record_id == steel.id]
    assert row.content["positions"] == [f"{SAME}（核心，高端纺织服装）"]

    def read(position: str) -> ImportReport:
        head = "企业名称,统一社会信用代码,产业链,所在环节,来源,数据日期,行政区划"
        tail = f"{SOURCE['source']},{SOURCE['source_date']},{JIANGYIN}"
        line = f"{steel.title},{steel.uscc},{CHAIN},{position},{tail}"
        return bring(session, ImportKind.ENTERPRISES, f"{head}\n{line}\n")

    for position in (f"{SAME}（核心，高端纺织服装）", f"{SAME}（核心）"):
        assert counts(read(position)) == (0, 0, 1, 0)
    assert faults(read(f"{SAME}（配套）")) == [(2, "所在环节", "node-ambiguous")]
    assert faults(read(f"{SAME}（配套，集成电路）")) == [(2, "所在环节", "node-unknown")]
    assert [position.node_id for position in steel.positions] == [woven.id]
    assert counts(read(f"{SAME}（配套，金属新材料）")) == (0, 1, 0, 0)
    assert {position.node_id for position in steel.positions} == {metal.id, woven.id}
