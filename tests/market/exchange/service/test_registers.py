"""Importing entries of registers: proposed by one, checked by another, refused row by row."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.errors import PermissionDenied, RuleViolation
from market.exchange.rules.runs import ImportKind, Mode
from market.libraries.models import (
    AgencyFiling,
    ChainEdge,
    ChainEnterprise,
    ChainNode,
    EntryEvent,
    KeyTechnology,
    RegisterEntry,
    Resource,
)
from market.libraries.rules import EntryAction, EntryKind, EntryStatus, Register
from market.libraries.service.entries import check_entry, delist_entry, revise_entry
from tests.factories import JIANGYIN, NOW, make_actor, make_organisation, make_uscc, make_user
from tests.market.exchange.registers import YIXING, bring, check_all, counts, faults
from tests.market.libraries.factories import (
    CHAIN,
    ENCODER,
    make_bureau,
    make_enterprise,
    make_entry,
    make_node,
)

HEAD = "机构名称,机构类别,备案日期,来源,数据日期"
LINE = "澄江技术转移中心,技术转移机构,2024-05-06,台账,2025-03-31"
OTHER = "暨阳检测中心,service,2024/6/1,台账,2025-03-31"
AGENCIES = f"{HEAD}\n{LINE}\n{OTHER}\n"
NODES_HEAD = "环节名称,产业链,位置,上游环节,来源,数据日期"
TAIL = "台账,2025-03-31"


@pytest.fixture
def bureau(session: Session) -> tuple[Actor, Actor]:
    return make_bureau(session)


def only(session: Session, model: type[Any] = AgencyFiling, **values: Any) -> Any:
    return session.scalars(select(model).filter_by(**values)).one()


def steps(session: Session, entry: RegisterEntry) -> list[EntryAction]:
    statement = select(EntryEvent.action).where(EntryEvent.entry_id == entry.id).order_by(EntryEvent.id)
    return list(session.scalars(statement))


def test_an_import_proposes_and_somebody_else_checks(session: Session, bureau: tuple[Actor, Actor]) -> None:
    importer, checker = bureau
    assert counts(bring(session, ImportKind.AGENCIES, AGENCIES, actor=importer)) == (2, 0, 0, 0)
    agency = only(session, title="澄江技术转移中心")
    assert (agency.status, agency.region_code) == (EntryStatus.PROPOSED, JIANGYIN)
    assert agency.proposed_by == importer.user_id
    assert steps(session, agency) == [EntryAction.CREATE, EntryAction.PROPOSE]
    with pytest.raises(PermissionDenied) as refused:
        check_all(session, Register.AGENCIES, actor=importer)
    assert refused.value.code == "checker-is-proposer"
    assert check_all(session, Register.AGENCIES, actor=checker) == 2
    assert agency.status is EntryStatus.LISTED
    assert counts(bring(session, ImportKind.AGENCIES, AGENCIES, actor=importer)) == (0, 0, 2, 0)
    assert steps(session, agency)[2:] == [EntryAction.LIST]


def test_drafts_are_changed_by_the_file_and_handed_in_by_a_later_run(
    session: Session, bureau: tuple[Actor, Actor]
) -> None:
    importer, checker = bureau
    assert counts(bring(session, ImportKind.AGENCIES, AGENCIES, actor=importer, draft=True)) == (2, 0, 0, 0)
    changed = AGENCIES.replace("2024-05-06", "2024-05-07")
    assert counts(bring(session, ImportKind.AGENCIES, changed, actor=importer, draft=True)) == (0, 1, 1, 0)
    agency = only(session, title="澄江技术转移中心")
    assert steps(session, agency) == [EntryAction.CREATE, EntryAction.EDIT]
    assert counts(bring(session, ImportKind.AGENCIES, changed, actor=importer)) == (0, 2, 0, 0)
    # What waits to be checked, or is listed, is not changed by a file; what was returned is.
    again = bring(session, ImportKind.AGENCIES, AGENCIES, actor=importer)
    assert faults(again) == [(2, None, "not-editable")]
    check_entry(
        session, checker, AgencyFiling, agency.id, decision=EntryAction.RETURN, note="日期有误",
        encoder=ENCODER, now=NOW,
    )  # fmt: skip
    assert counts(bring(session, ImportKind.AGENCIES, changed, actor=importer)) == (0, 0, 2, 0)
    assert agency.status is EntryStatus.RETURNED
    assert counts(bring(session, ImportKind.AGENCIES, AGENCIES, actor=importer)) == (0, 1, 1, 0)
    assert agency.status is EntryStatus.PROPOSED


def test_a_dry_run_and_a_file_with_a_bad_row_write_nothing(session: Session) -> None:
    values = {"defaults": {"region_code": JIANGYIN}}
    assert counts(bring(session, ImportKind.AGENCIES, AGENCIES, dry_run=True, **values)) == (2, 0, 0, 0)
    with pytest.raises(RuleViolation) as refused:
        bring(session, ImportKind.AGENCIES, AGENCIES + LINE, mode=Mode.ALL_OR_NOTHING, **values)
    assert refused.value.code == "import-rejected"
    assert [(fault.pointer, fault.code) for fault in refused.value.fields] == [
        ("/rows/4/机构名称", "duplicate-in-file")
    ]


def test_numbers_tell_entries_apart_and_names_where_there_are_none(
    session: Session, bureau: tuple[Actor, Actor]
) -> None:
    form = {"title": "透射电镜", "category": "instrument"}
    old = make_entry(session, EntryKind.RESOURCE, form)
    elsewhere = make_entry(session, EntryKind.RESOURCE, {**form, "region_code": YIXING})
    head, line = "资源名称,类别,来源,数据日期", f"透射电镜,instrument,{TAIL}"
    numbered = f"编号,{head}\nA-1,{line}\nA-2,{line}\n"
    report = bring(session, ImportKind.RESOURCES, numbered, actor=bureau[0])
    # The listed one has no number: it is meant by the first row that has its name, and is not changed so.
    assert faults(report) == [(2, None, "not-editable"), (3, None, "not-editable")]
    revise_entry(session, bureau[0], Resource, old.id, encoder=ENCODER, now=NOW)
    assert counts(bring(session, ImportKind.RESOURCES, numbered, actor=bureau[0])) == (1, 1, 0, 0)
    assert {old.external_id, elsewhere.external_id} == {"A-1", None}
    assert faults(bring(session, ImportKind.RESOURCES, f"{head}\n{line}\n", actor=bureau[0])) == [
        (2, "资源名称", "entry-ambiguous")
    ]


def test_nodes_come_in_any_order_with_what_lies_upstream(
    session: Session, bureau: tuple[Actor, Actor]
) -> None:
    make_node(session, "冶炼、铸锭")
    file = f"{NODES_HEAD}\n机加工,{CHAIN},中游,锻造、冶炼、铸锭,{TAIL}\n锻造,{CHAIN},中游,冶炼、铸锭,{TAIL}\n"
    assert counts(bring(session, ImportKind.NODES, file, actor=bureau[0])) == (2, 0, 0, 0)
    titles = {node.id: node.title for node in session.scalars(select(ChainNode))}
    edges = session.scalars(select(ChainEdge))
    assert {(titles[edge.upstream_id], titles[edge.downstream_id]) for edge in edges} == {
        ("锻造", "机加工"),
        ("冶炼、铸锭", "机加工"),
        ("冶炼、铸锭", "锻造"),
    }
    assert counts(bring(session, ImportKind.NODES, file, actor=bureau[0])) == (0, 0, 2, 0)
    broker = make_actor(session, OrganisationKind.AGENCY)
    chain = f"{NODES_HEAD}\n乙环节,{CHAIN},中游,甲环节,{TAIL}\n甲环节,{CHAIN},上游,,{TAIL}\n"
    report = bring(session, ImportKind.NODES, chain, actor=broker, defaults={"region_code": JIANGYIN})
    assert (report.errors, counts(report)) == ([], (2, 0, 0, 0))


NODE_FAULTS = [
    (f"甲环节,{CHAIN},上游,乙环节,{TAIL}\n乙环节,{CHAIN},上游,甲环节,{TAIL}",
     [(2, "上游环节", "chain-cycle"), (3, "上游环节", "chain-cycle")]),
    (f"甲环节,{CHAIN},上游,甲环节,{TAIL}", [(2, "上游环节", "chain-cycle")]),
    (f"甲环节,{CHAIN},上游,没有的,{TAIL}\n乙环节,{CHAIN},上游,甲环节,{TAIL}",
     [(2, "上游环节", "node-unknown"), (3, "上游环节", "node-unknown")]),
    (f"甲环节,chain-nowhere,上游,,{TAIL}", [(2, "产业链", "unknown-code")]),
    (f"甲环节,,上游,,{TAIL}", [(2, "产业链", "field-missing")]),
    (f"甲环节,{CHAIN},左边,,{TAIL}", [(2, "位置", "unknown-code")]),
    (f"甲环节,{CHAIN},上游,,台账,2025-02-30", [(2, "数据日期", "bad-date")]),
    (f"锻造,{CHAIN},中游,冶炼,{TAIL}", [(2, "上游环节", "chain-cycle")]),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "expected"), NODE_FAULTS)
def test_rows_of_nodes_that_are_refused(
    session: Session, bureau: tuple[Actor, Actor], rows: str, expected: list[Any]
) -> None:
    known = f"{NODES_HEAD}\n锻造,{CHAIN},中游,,{TAIL}\n冶炼,{CHAIN},上游,锻造,{TAIL}\n"
    assert bring(session, ImportKind.NODES, known, actor=bureau[0]).errors == []
    assert faults(bring(session, ImportKind.NODES, f"{NODES_HEAD}\n{rows}\n", actor=bureau[0])) == expected
    assert set(session.scalars(select(ChainNode.title))) == {"锻造", "冶炼"}


def test_enterprises_come_with_positions_and_titles(session: Session, bureau: tuple[Actor, Actor]) -> None:
    importer, checker = bureau
    make_node(session, "冶炼、铸锭", region_code="320200")
    make_node(session, "锻造", region_code="320200")
    code = make_uscc()
    head = "企业名称,统一社会信用代码,所在环节（角色）,称号（年度）,来源,数据日期\n"
    first = f"暨阳特钢有限公司,{code},冶炼、铸锭（链主）,高新技术企业（2023）,{TAIL}\n"
    assert counts(bring(session, ImportKind.ENTERPRISES, head + first, actor=importer)) == (1, 0, 0, 0)
    enterprise = only(session, ChainEnterprise)
    check_all(session, Register.CHAINS, actor=checker)
    more = first.replace("（链主）", "（链主）、锻造（配套）").replace("3）", "3）、瞪羚企业（2024）")
    assert counts(bring(session, ImportKind.ENTERPRISES, head + more, actor=importer)) == (0, 1, 0, 0)
    assert counts(bring(session, ImportKind.ENTERPRISES, head + first, actor=importer)) == (0, 0, 1, 0)
    assert [position.node.title for position in enterprise.positions] == ["冶炼、铸锭", "锻造"]
    assert {(tag.tag, tag.year, tag.source) for tag in enterprise.tags} == {
        ("hitech", 2023, "台账"), ("gazelle", 2024, "台账"),
    }  # fmt: skip
    assert enterprise.status is EntryStatus.LISTED


def test_rows_of_enterprises_that_are_refused(session: Session, bureau: tuple[Actor, Actor]) -> None:
    make_node(session, "锻造")
    for chain in (CHAIN, "chain-ic"):
        make_node(session, "封装", chain_code=chain)
    make_enterprise(session, region_code=YIXING)
    good, taken = make_uscc(), make_uscc()
    rows = [
        (f"甲公司,{good},锻造（链主）、锻造（核心）,,{TAIL}", "所在环节", "enterprise-already-on-node"),
        (f"甲公司,{good},没有的（核心）,,{TAIL}", "所在环节", "node-unknown"),
        (f"甲公司,{good},封装（核心）,,{TAIL}", "所在环节", "node-ambiguous"),
        (f"甲公司,{good},,高新技术企业（2023）、高新技术企业（2023）,{TAIL}", "称号", "tag-known"),
        (f"甲公司,{good},,高新技术企业（2099）,{TAIL}", "称号", "day-ahead"),
        (f"甲公司,{good},,百强企业（2024）,{TAIL}", "称号", "unknown-code"),
        (f"甲公司,{good[:-1] + ('0' if good[-1] != '0' else '1')},,,{TAIL}", "统一社会信用代码", "bad-uscc"),
        (f"甲公司,,,,{TAIL}", "统一社会信用代码", "field-missing"),
    ]
    head = "企业名称,统一社会信用代码,所在环节,称号,来源,数据日期\n"
    for row, column, code in rows:
        report = bring(session, ImportKind.ENTERPRISES, f"{head}{row}\n", actor=bureau[0])
        assert faults(report) == [(2, column, code)], row
    assert session.scalars(select(ChainEnterprise.region_code)).all() == [YIXING]
    twice = f"{head}甲公司,{taken},,,{TAIL}\n乙公司,{taken},,,{TAIL}\n"
    report = bring(session, ImportKind.ENTERPRISES, twice, actor=bureau[0])
    assert faults(report) == [(3, "统一社会信用代码", "duplicate-in-file")]


def test_technologies_name_their_node_and_keep_what_is_internal(
    session: Session, bureau: tuple[Actor, Actor]
) -> None:
    node = make_node(session, "锻造")
    head = "技术名称,产业链环节,攻关进展,攻克日期,攻关指标,短板说明,来源,数据日期\n"
    good = f"等温锻造,锻造,攻关中,,温度：1100℃（现为950℃）,依赖进口,{TAIL}\n"
    bad = f"甲技术,没有的,,,,,{TAIL}\n乙技术,,已攻克,,,,{TAIL}\n丙技术,,,,越低越好,,{TAIL}\n"
    report = bring(session, ImportKind.TECHNOLOGIES, head + good + bad, actor=bureau[0])
    assert faults(report) == [
        (3, "产业链环节", "node-unknown"),
        (4, "攻克日期", "solved-day-mismatch"),
        (5, "攻关指标", "bad-indicator"),
    ]
    technology = only(session, KeyTechnology)
    assert (technology.node_id, technology.progress, technology.public_gap) == (node.id, "tackling", None)
    assert technology.indicators == [{"name": "温度", "target": "1100℃", "present": "950℃"}]
    silent = f"技术名称,短板说明,来源,数据日期\n等温锻造,,{TAIL}\n"
    assert counts(bring(session, ImportKind.TECHNOLOGIES, silent, actor=bureau[0])) == (0, 0, 1, 0)
    assert technology.gap == "依赖进口"


def test_a_university_imports_its_own_resources_and_nobody_elses(session: Session) -> None:
    university = make_organisation(session, OrganisationKind.UNIVERSITY, name="暨阳理工大学")
    other = make_organisation(session, OrganisationKind.UNIVERSITY, name="宜城学院")
    actor = actor_of(make_user(session, university))
    file = (
        f"资源名称,类别,依托单位,开放时间,开放星期,原值（万元）,来源,数据日期\n"
        f"透射电镜,大型仪器,,08:30-17:30,周一至周五,120.5,{TAIL}\n"
        f"扫描电镜,instrument,宜城学院,,,,{TAIL}\n"
        f"质谱仪,instrument,没有的单位,,,,{TAIL}\n"
        f"天平,instrument,,17:30-08:30,,,{TAIL}\n"
    )
    report = bring(session, ImportKind.RESOURCES, file, actor=actor)
    assert faults(report) == [
        (3, "依托单位", "not-own-organisation"),
        (4, "依托单位", "organisation-unknown"),
        (5, "开放时间", "hours-backward"),
    ]
    resource = only(session, Resource)
    assert (resource.organisation_id, resource.value_fen) == (university.id, 120_500_000)
    assert (resource.open_weekdays, resource.opens_at.hour) == ([1, 2, 3, 4, 5], 8)
    with pytest.raises(PermissionDenied) as refused:
        bring(session, ImportKind.RESOURCES, file, actor=actor, organisation=other.name)
    assert refused.value.code == "not-own-organisation"
    # Somebody else's draft of the same name is not this one's.
    stranger = actor_of(make_user(session, other))
    assert counts(bring(session, ImportKind.RESOURCES, file, actor=stranger))[0] == 2


def test_a_draft_that_no_longer_fits_is_not_handed_in(session: Session, bureau: tuple[Actor, Actor]) -> None:
    node = make_node(session, "锻造")
    file = f"技术名称,产业链环节,来源,数据日期\n等温锻造,锻造,{TAIL}\n"
    assert counts(bring(session, ImportKind.TECHNOLOGIES, file, actor=bureau[0], draft=True))[0] == 1
    delist_entry(session, OPERATOR, ChainNode, node.id, note="并入他处", encoder=ENCODER, now=NOW)
    silent = f"技术名称,关键词,来源,数据日期\n等温锻造,锻件,{TAIL}\n"
    assert faults(bring(session, ImportKind.TECHNOLOGIES, silent, actor=bureau[0])) == [
        (2, None, "node-unknown")
    ]
    technology = only(session, KeyTechnology)
    assert (technology.status, technology.keywords) == (EntryStatus.DRAFT, [])


def test_what_belongs_to_others_is_not_touched(session: Session) -> None:
    owner, other = (make_organisation(session, OrganisationKind.UNIVERSITY) for _ in range(2))
    head = "编号,资源名称,类别,所属单位,来源,数据日期"
    file = f"{head}\nR-1,透射电镜,大型仪器,{owner.name},{TAIL}\n"
    assert counts(bring(session, ImportKind.RESOURCES, file))[0] == 1
    moved = file.replace(owner.name, other.name)
    assert faults(bring(session, ImportKind.RESOURCES, moved)) == [(2, "所属单位", "organisation-differs")]
    stranger = actor_of(make_user(session, other))
    assert faults(bring(session, ImportKind.RESOURCES, moved, actor=stranger)) == [
        (2, "编号", "external-id-taken")
    ]


def test_another_region_is_refused_row_by_row(session: Session, bureau: tuple[Actor, Actor]) -> None:
    file = AGENCIES.replace(HEAD, f"{HEAD},行政区划").replace("2025-03-31\n", "2025-03-31,宜兴市\n")
    assert faults(bring(session, ImportKind.AGENCIES, file, actor=bureau[0])) == [
        (2, "行政区划", "outside-region"),
        (3, "行政区划", "outside-region"),
    ]
    nowhere = faults(bring(session, ImportKind.AGENCIES, AGENCIES))
    assert nowhere == [(2, None, "region-missing"), (3, None, "region-missing")]


@pytest.mark.parametrize(
    ("kind", "options", "code"),
    [
        (OrganisationKind.ENTERPRISE, {}, "role-not-allowed"),
        (OrganisationKind.STATION, {}, "role-not-allowed"),
        (OrganisationKind.BUREAU, {"publish": True}, "publish-not-applicable"),
        (OrganisationKind.BUREAU, {"organisation": "没有的单位"}, "organisation-unknown"),
    ],
)
def test_who_may_not_import_or_not_so(
    session: Session, kind: OrganisationKind, options: dict[str, Any], code: str
) -> None:
    with pytest.raises((PermissionDenied, RuleViolation)) as refused:
        bring(session, ImportKind.AGENCIES, AGENCIES, actor=make_actor(session, kind), **options)
    assert refused.value.code == code


def test_listings_have_no_drafts_to_ask_for(session: Session) -> None:
    with pytest.raises(RuleViolation) as refused:
        bring(session, ImportKind.NEEDS, "需求名称,需求详情\n", actor=OPERATOR, draft=True)
    assert refused.value.code == "draft-not-applicable"
