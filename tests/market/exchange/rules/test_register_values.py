"""Cells of registers that hold several things at once."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.exchange.rules.codes import CodeTable, Tables
from market.exchange.rules.fields import fields_by_name
from market.exchange.rules.register_values import consent_fault, read_targets
from market.exchange.rules.runs import Cell, ImportKind
from market.exchange.rules.texts import ValueFault, regroup
from market.exchange.rules.values import read_cell
from market.libraries.rules.cells import joined, parted, told_indicator
from market.libraries.rules.graph import CHAIN_ROLE_NAMES, ChainRole, Segment
from market.libraries.rules.talents import ConsentScope
from market.reference.rules import Scheme
from tests.market.exchange.factories import TABLES as BASE

TABLES = Tables(
    codes={
        **BASE.codes,
        Scheme.TECH_FIELD: CodeTable.of({"04": "生物、医药和医疗器械", "07": "环境保护与资源综合利用"}),
        Scheme.ENTERPRISE_TAG: CodeTable.of({"hitech": "高新技术企业", "sme_tech": "科技型中小企业"}),
        Scheme.TALENT_ROLE: CodeTable.of({"expert": "专家", "technology_manager": "技术经理人（经纪人）"}),
        Scheme.BROKER_LEVEL: CodeTable.of({"junior": "初级技术经纪人"}),
    },
    levels=BASE.levels,
    parks=BASE.parks,
    regions=BASE.regions,
)
SINCE = date(2025, 1, 1)


def read(kind: ImportKind, name: str, cell: Cell) -> Any:
    return read_cell(fields_by_name(kind)[name], cell, unit=None, tables=TABLES)


@pytest.mark.parametrize(
    ("kind", "name", "cell", "value"),
    [
        (ImportKind.NODES, "segment", "中游", Segment.MIDSTREAM),
        (ImportKind.NODES, "segment", "midstream", Segment.MIDSTREAM),
        (ImportKind.NODES, "upstream", "冶炼；锻造", ["冶炼", "锻造"]),
        (
            ImportKind.ENTERPRISES,
            "positions",
            "冶炼、铸锭（链主）、锻造(配套)；探伤（一）（核心）",
            [
                {"node": "冶炼、铸锭", "role": ChainRole.LEADER, "chain": None},
                {"node": "锻造", "role": ChainRole.SUPPORTING, "chain": None},
                {"node": "探伤（一）", "role": ChainRole.CORE, "chain": None},
            ],
        ),
        (
            ImportKind.ENTERPRISES,
            "positions",
            "「冶炼（链主）；铸锭（核心，集成电路）」；封装(核心,chain-ic)",
            [
                {"node": "冶炼（链主）；铸锭", "role": ChainRole.CORE, "chain": "chain-ic"},
                {"node": "封装", "role": ChainRole.CORE, "chain": "chain-ic"},
            ],
        ),
        (
            ImportKind.ENTERPRISES,
            "tags",
            "高新技术企业（2023，至2026-11-05）、sme_tech（2024年）",
            [
                {"tag": "hitech", "year": 2023, "valid_until": date(2026, 11, 5)},
                {"tag": "sme_tech", "year": 2024, "valid_until": None},
            ],
        ),
        (
            ImportKind.TALENTS,
            "roles",
            "技术经理人（经纪人）（2025-01-01至长期）、初级技术经纪人（2025年1月1日至2025-12-31）",
            [
                {"role": "technology_manager", "level": None, "valid_from": SINCE, "valid_until": None},
                {
                    "role": "technology_manager",
                    "level": "junior",
                    "valid_from": SINCE,
                    "valid_until": date(2025, 12, 31),
                },
            ],
        ),
        (
            ImportKind.TALENTS,
            "roles",
            "专家（2025-01-01至长期，挂靠示例中心（江阴））",
            [
                {
                    "role": "expert",
                    "level": None,
                    "valid_from": SINCE,
                    "valid_until": None,
                    "agency": "示例中心（江阴）",
                }
            ],
        ),
        (ImportKind.TALENTS, "fields", "环境保护与资源综合利用、生物、医药和医疗器械", ["07", "04"]),
        (ImportKind.TALENTS, "consent.scopes", "入库保存；find", [ConsentScope.KEEP, ConsentScope.FIND]),
        (
            ImportKind.CONSORTIA,
            "members",
            "示例大学（江苏）（牵头）；示例厂（企业 2025-01-01加入）；示例所（2025-01-01加入）；示例院",
            [
                {"name": "示例大学（江苏）", "lead": True, "is_enterprise": False, "joined_on": None},
                {"name": "示例厂", "lead": False, "is_enterprise": True, "joined_on": SINCE},
                {"name": "示例所", "lead": False, "is_enterprise": False, "joined_on": SINCE},
                {"name": "示例院", "lead": False, "is_enterprise": False, "joined_on": None},
            ],
        ),
        (
            ImportKind.PROJECTS,
            "members",
            "孙示例（示例大学）、李示例",
            [{"name": "孙示例", "unit": "示例大学"}, {"name": "李示例", "unit": None}],
        ),
        (
            ImportKind.TECHNOLOGIES,
            "indicators",
            "氧含量：5 ppm（现为12 ppm）；批次 1,000炉",
            [
                {"name": "氧含量", "target": "5 ppm", "present": "12 ppm"},
                {"name": "批次", "target": "1,000炉", "present": None},
            ],
        ),
        (ImportKind.RESOURCES, "open_weekdays", "周一至周三、周日", [1, 2, 3, 7]),
        (ImportKind.RESOURCES, "open_weekdays", "1-5", [1, 2, 3, 4, 5]),
        (ImportKind.RESOURCES, "hours", "8：30至17:30", (time(8, 30), time(17, 30))),
        (ImportKind.RESOURCES, "bookable", "可预约", True),
        (ImportKind.RESOURCES, "area_m2", "1,200", 1200),
        (ImportKind.RESOURCES, "area_m2", "—", None),
        (ImportKind.AGENCIES, "uscc", "91320281-ma0000001a", "91320281MA0000001A"),
    ],
)
def test_what_cells_say(kind: ImportKind, name: str, cell: Cell, value: Any) -> None:
    assert read(kind, name, cell) == value


@pytest.mark.parametrize(
    ("kind", "name", "cell", "code"),
    [
        (ImportKind.NODES, "segment", "侧面", "unknown-code"),
        (ImportKind.ENTERPRISES, "positions", "锻造", "bad-position"),
        (ImportKind.ENTERPRISES, "positions", "锻造（核心，没有的链）", "unknown-code"),
        (ImportKind.ENTERPRISES, "positions", "锻造（核心）其他", "bad-position"),
        (ImportKind.ENTERPRISES, "tags", "高新技术企业", "bad-title"),
        (ImportKind.ENTERPRISES, "tags", "高新技术企业（1949）", "bad-title"),
        (ImportKind.ENTERPRISES, "tags", "百强企业（2024）", "unknown-code"),
        (ImportKind.ENTERPRISES, "tags", "高新技术企业（2023，至2026-13-05）", "bad-date"),
        (ImportKind.TALENTS, "roles", "专家（2025-01-01）", "bad-role"),
        (ImportKind.TALENTS, "roles", "院士（2025-01-01至长期）", "unknown-code"),
        (ImportKind.TALENTS, "roles", "专家（2025-02-30至长期）", "bad-date"),
        (ImportKind.TALENTS, "fields", "星相学", "unknown-code"),
        (ImportKind.TALENTS, "consent.scopes", "都同意", "unknown-code"),
        (ImportKind.PROJECTS, "members", "孙", "text-too-short"),
        (ImportKind.PROJECTS, "members", "；".join(f"成员{n}" for n in range(51)), "too-many-words"),
        (ImportKind.TECHNOLOGIES, "indicators", "越低越好", "bad-indicator"),
        (ImportKind.RESOURCES, "open_weekdays", "周五至周一", "bad-weekday"),
        (ImportKind.RESOURCES, "hours", "全天", "bad-hours"),
        (ImportKind.RESOURCES, "hours", "8:30-24:30", "bad-hours"),
        (ImportKind.RESOURCES, "area_m2", "1200平方米", "bad-integer"),
        (ImportKind.AGENCIES, "transfer_staff", "100001", "bad-integer"),
        (ImportKind.ENTERPRISES, "uscc", "9132", "bad-uscc"),
    ],
)
def test_what_cannot_be_read(kind: ImportKind, name: str, cell: Cell, code: str) -> None:
    with pytest.raises(ValueFault) as fault:
        read(kind, name, cell)
    assert fault.value.code == code


_WORD = st.text(alphabet="甲乙丙丁AB12,%：；、「」", min_size=1, max_size=6)


@given(st.lists(st.tuples(_WORD, _WORD, st.none() | _WORD), min_size=1, max_size=5))
def test_indicators_are_told_as_they_were_read(rows: list[tuple[str, str, str | None]]) -> None:
    indicators = [{"name": name, "target": value, "present": now} for name, value, now in rows]
    assert read_targets(joined(map(told_indicator, indicators))) == indicators


@given(
    st.lists(st.text(alphabet="甲乙「」；、，,|：\n1-", min_size=1, max_size=8).map(str.strip).filter(bool))
)
def test_what_is_joined_is_parted_again(items: list[str]) -> None:
    assert [part for part in parted(joined(items), "[;；|\n]", "、", "[,，]") if part] == items


@given(st.lists(st.sampled_from(["甲", "甲、乙", "乙、丙、丁", "丁"]), min_size=1, max_size=4, unique=True))
def test_names_that_hold_the_mark_between_them_are_put_together_again(names: list[str]) -> None:
    positions = "、".join(f"{name}（{CHAIN_ROLE_NAMES[ChainRole.CORE]}）" for name in names)
    assert [each["node"] for each in read(ImportKind.ENTERPRISES, "positions", positions)] == names
    pieces = "、".join(names).split("、")
    assert "、".join(regroup(pieces, set(names).__contains__)) == "、".join(names)


def test_nobody_is_kept_without_a_consent_that_can_be_seen() -> None:
    whole = {"scopes": ["keep"], "given_on": SINCE, "evidence": "第7号"}
    assert consent_fault(whole, keep="keep") is None
    for name in whole:
        fault = consent_fault({**whole, name: None}, keep="keep")
        assert fault is not None
        assert fault[0] == name
    assert consent_fault({**whole, "scopes": ["find"]}, keep="keep") is not None
