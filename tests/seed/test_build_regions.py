"""The regions: how the table of python-stdnum is read, and what `regions.csv` therefore says."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from seed import build_regions

SEED_REGIONS = {
    "320200": "无锡市",
    "320205": "锡山区",
    "320206": "惠山区",
    "320211": "滨湖区",
    "320213": "梁溪区",
    "320214": "新吴区",
    "320281": "江阴市",
    "320282": "宜兴市",
    "320400": "常州市",
    "320402": "天宁区",
    "320404": "钟楼区",
    "320411": "新北区",
    "320412": "武进区",
    "320413": "金坛区",
    "320481": "溧阳市",
    "320700": "连云港市",
    "320703": "连云区",
    "320706": "海州区",
    "320707": "赣榆区",
    "320722": "东海县",
    "320723": "灌云县",
    "320724": "灌南县",
    "340800": "安庆市",
    "340802": "迎江区",
    "340803": "大观区",
    "340811": "宜秀区",
    "340822": "怀宁县",
    "340825": "太湖县",
    "340826": "宿松县",
    "340827": "望江县",
    "340828": "岳西县",
    "340881": "桐城市",
    "340882": "潜山市",
}

# Counties, districts and cities at county level today, without headings; see SOURCES.md for the years.
COUNTY_COUNTS = {
    "11": 16,
    "31": 16,
    "32": 95,
    "33": 90,
    "34": 104,
    "42": 103,
    "46": 25,
    "50": 37,
    "65": 110,
}

Row = dict[str, str]


@pytest.fixture(scope="module")
def regions() -> list[Row]:
    with build_regions.REGIONS_CSV.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def current(regions: list[Row]) -> dict[str, Row]:
    """The valid row of every code that has one."""
    return {row["code"]: row for row in regions if not row["valid_to"]}


def test_equals_what_the_generator_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    committed = build_regions.REGIONS_CSV.read_bytes()
    rebuilt = tmp_path / "regions.csv"
    monkeypatch.setattr(build_regions, "REGIONS_CSV", rebuilt)
    build_regions.main()
    assert rebuilt.read_bytes() == committed


def test_one_meaning_per_code_and_day(regions: list[Row]) -> None:
    periods = defaultdict(list)
    for row in regions:
        assert re.fullmatch(r"\d{6}", row["code"])
        first = date.fromisoformat(row["valid_from"]) if row["valid_from"] else date.min
        last = date.fromisoformat(row["valid_to"]) if row["valid_to"] else date.max
        assert first <= last, row
        periods[row["code"]].append((first, last))
    for code, spans in periods.items():
        for earlier, later in pairwise(spans):
            assert earlier[1] < later[0], code


def test_tree(regions: list[Row]) -> None:
    levels = {row["code"]: row["level"] for row in regions}
    above = {
        "province": {"nation"},
        "prefecture": {"province"},
        "county": {"prefecture", "province"},
    }
    nation, *others = regions
    assert nation == {
        "code": "000000",
        "name": "全国",
        "level": "nation",
        "parent_code": "",
        "valid_from": "",
        "valid_to": "",
    }
    for row in others:
        assert levels[row["parent_code"]] in above[row["level"]], row


def test_valid_regions_hang_under_valid_regions(current: dict[str, Row]) -> None:
    for row in current.values():
        assert not row["parent_code"] or row["parent_code"] in current, row


def test_provinces(current: dict[str, Row]) -> None:
    provinces = {code: row["name"] for code, row in current.items() if row["level"] == "province"}
    assert len(provinces) == 34
    assert provinces["320000"] == "江苏省"
    assert provinces["340000"] == "安徽省"
    assert provinces["810000"] == "香港特别行政区"


@pytest.mark.parametrize(("code", "name"), SEED_REGIONS.items())
def test_seed_region(current: dict[str, Row], code: str, name: str) -> None:
    assert current[code]["name"] == name
    parent = code[:2] + "0000" if code.endswith("00") else code[:4] + "00"
    assert current[code]["parent_code"] == parent


@pytest.mark.parametrize("prefecture", ["3202", "3204", "3207", "3408"])
def test_seed_prefectures_have_no_other_members(current: dict[str, Row], prefecture: str) -> None:
    members = {code for code in current if code.startswith(prefecture)}
    assert members == {code for code in SEED_REGIONS if code.startswith(prefecture)} | {prefecture + "01"}


def test_code_of_a_renamed_county(regions: list[Row]) -> None:
    spans = {
        row["code"]: (row["name"], row["valid_from"], row["valid_to"])
        for row in regions
        if row["code"] in ("340824", "340882")
    }
    assert spans == {
        "340824": ("潜山县", "1988-01-01", "2018-12-31"),
        "340882": ("潜山市", "2018-01-01", ""),
    }


def test_code_used_twice(regions: list[Row]) -> None:
    names = [(row["name"], row["valid_to"]) for row in regions if row["code"] == "320211"]
    assert names == [("郊区", "1999-12-31"), ("滨湖区", "")]


def test_headings_have_no_members(regions: list[Row], current: dict[str, Row]) -> None:
    headings = {
        row["code"]
        for row in regions
        if row["level"] == "prefecture" and row["name"] in build_regions.HEADINGS
    }
    assert {"110100", "429000", "500200", "659000"} <= headings
    assert not headings & {row["parent_code"] for row in regions}
    assert current["110108"]["parent_code"] == "110000"
    assert current["429004"]["parent_code"] == "420000"


@pytest.mark.parametrize(("province", "count"), COUNTY_COUNTS.items())
def test_county_counts(current: dict[str, Row], province: str, count: int) -> None:
    counties = [
        code
        for code, row in current.items()
        if code.startswith(province) and row["level"] == "county" and row["name"] != "市辖区"
    ]
    assert len(counties) == count


def test_prefecture_count(current: dict[str, Row]) -> None:
    prefectures = [
        row
        for row in current.values()
        if row["level"] == "prefecture" and row["name"] not in build_regions.HEADINGS
    ]
    assert len(prefectures) == 333


def test_names_are_full_and_simplified(regions: list[Row]) -> None:
    for row in regions:
        assert re.fullmatch(r"[\u4e00-\u9fff]{2,15}|县|市", row["name"]), row
        assert not set(row["name"]) & set("區縣嶺員會達蘇東"), row


def test_unreadable_table_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown line"):
        build_regions.read_table(['32 province="江苏省"', "  020 无锡市"])
    with pytest.raises(ValueError, match="not a dated name"):
        build_regions.parse_periods("[1983]郊区")


@pytest.mark.parametrize(
    ("text", "periods"),
    [
        ("无锡市", [("", "", "无锡市")]),
        ("[2015-]梁溪区", [("2015-01-01", "", "梁溪区")]),
        ("[-1983]市区", [("", "1983-12-31", "市区")]),
        (
            "[1983-1999]郊区,[2000-]滨湖区",
            [("1983-01-01", "1999-12-31", "郊区"), ("2000-01-01", "", "滨湖区")],
        ),
        ("[1983-1982]郊区,[1983-]沿滩区", [("1983-01-01", "", "沿滩区")]),
        (
            "[1981-2018]加格達奇區,[2018-]漠河市",
            [("1981-01-01", "2017-12-31", "加格达奇区"), ("2018-01-01", "", "漠河市")],
        ),
    ],
)
def test_dated_names(text: str, periods: list[tuple[str, str, str]]) -> None:
    assert build_regions.parse_periods(text) == periods


def test_corrections_win_over_the_table() -> None:
    table = {"420000": "湖北省", "422900": "林区", "422921": "神农架林区", "429001": "随州市"}
    built = {region.code: region for region in build_regions.build_regions(table)}
    assert "422900" not in built
    assert "422921" not in built
    assert built["429001"].valid_to == "2000-12-31"
    assert built["330114"].name == "钱塘区"
