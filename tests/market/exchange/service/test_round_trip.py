"""What registers export can be imported: the same entries are found again, a fresh region gets them anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, OrganisationKind
from market.exchange.queries.registers import ENTRY_KINDS
from market.exchange.rules.runs import ImportKind
from market.libraries.printing import SheetFormat
from market.libraries.rules import REGISTER_OF, EntryKind, Frozen, Register
from market.libraries.rules.graph import ChainRole, Segment
from market.libraries.service.chains import add_edge, add_position, add_tag
from market.libraries.service.project_plans import add_member as add_to_team
from market.libraries.service.records import add_member, record_evaluation
from tests.factories import JIANGYIN, NOW, make_organisation
from tests.market.exchange.registers import YIXING, bring, check_all, counts, exported, listed
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

TRICKY = "=高温合金，含“镍、钴”\n第二行；-20℃"


def make_chains(session: Session) -> None:
    melting = make_node(session, "冶炼、铸锭", summary=TRICKY, external_id="N-1")
    forging = make_node(session, "锻造", segment=Segment.MIDSTREAM, wanted="等温锻造", keywords=["锻件"])
    add_edge(session, OPERATOR, melting.id, downstream_id=forging.id, words="铸锭", encoder=ENCODER, now=NOW)
    make_node(session, "探伤", segment=Segment.SUPPORTING)
    steel = make_enterprise(session, chain_code=CHAIN, internal="拟扩产")
    for node, role in ((melting, ChainRole.LEADER), (forging, ChainRole.SUPPORTING)):
        add_position(
            session, OPERATOR, steel.id, node_id=node.id, role=role, encoder=ENCODER, now=NOW
        )  # fmt: skip
    for tag, year in (("hitech", 2023), ("little_giant", 2024)):
        form = {"tag": tag, "year": year, "source": "工信局", "valid_until": date(2026, 12, 1)}
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
            "open_weekdays": [1, 2], "contact": "0510-80000001", "summary": TRICKY,
        },
    )  # fmt: skip
    make_entry(session, EntryKind.RESOURCE, {"title": "透射电镜", "category": "complex", "model": "T-200"})


def make_technologies(session: Session) -> None:
    node = make_node(session)
    values = {
        "title": "高温合金返回料纯净化", "chain_code": CHAIN, "node_id": node.id, "gap": "依赖进口母合金",
        "gap_public": True,
        "indicators": [
            {"name": "氧含量", "target": "不高于 5 ppm", "present": "12 ppm"},
            {"name": "批次", "target": "1,000 炉、连续", "present": None},
        ],
    }  # fmt: skip
    make_entry(session, EntryKind.TECHNOLOGY, values)
    make_entry(session, EntryKind.TECHNOLOGY, {"title": "等温锻造模具", "gap": "只供内部看的短板"})


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
    manager = {"role": "technology_manager", "level": "junior", "valid_until": date(2026, 12, 31)}
    make_talent(
        session, roles=["expert", manager, {"role": "technology_manager", "valid_from": date(2027, 1, 1)}]
    )
    make_talent(session, person_name="沈示例", post="", unit_name="暨阳特钢", roles=())


def make_agencies(session: Session) -> None:
    values = {"uscc": "91320281MA0000001A", "tier": "demonstration", "services": ["技术转移，评估", "检测"]}
    agency = make_filing(session, transfer_staff=12, valid_until=date(2027, 5, 5), above_scale=True, **values)
    form = {"year": 2024, "grade": "excellent"}
    record_evaluation(session, OPERATOR, agency.id, form=form, now=NOW)
    make_filing(session, title="引进的离岸机构", category="industry_branch")


def make_consortia(session: Session) -> None:
    form = {"title": "高温合金创新联合体", "category": "innovation", "founded_on": date(2024, 3, 1)}
    consortium = make_entry(session, EntryKind.CONSORTIUM, form)
    make_organisation(session, name="暨阳特钢有限公司")
    for name, lead in (("暨阳特钢有限公司", False), ("暨阳理工大学（江苏）", True)):
        member = {"name": name, "lead": lead, "joined_on": date(2024, 3, 1)}
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

NOT_TOLD: Mapping[Register, frozenset[str]] = {
    Register.TECHNOLOGIES: frozenset({"gap"}),  # comes in as internal
    Register.AGENCIES: frozenset({"evaluation"}),
}
"""What an export shows and an import leaves to others."""


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
        make_node(session, region_code=YIXING)
    for kind in kinds:
        file = exported(session, register, JIANGYIN, SheetFormat.XLSX, ENTRY_KINDS[kind])
        report = bring(
            session, kind, file, actor=importer, name="清单.xlsx", columns={"行政区划": ""},
            defaults={"region_code": YIXING} | (CONSENT if register is Register.TALENTS else {}),
        )  # fmt: skip
        assert report.errors == []
        assert check_all(session, register, YIXING, checker) == report.run.created
    assert _told(listed(session, register, YIXING), register) == _told(before, register)


def _told(rows: Sequence[Frozen], register: Register) -> list[dict[str, Any]]:
    left_out = {"region_code"} | NOT_TOLD.get(register, frozenset())
    told = [{name: row.content[name] for name in row.content.keys() - left_out} for row in rows]
    for content in told:
        if content["source_date"] != SOURCE["source_date"].isoformat():
            pytest.fail("entries of one source have one day")
    return sorted(told, key=lambda content: (content["kind"], content["title"]))
