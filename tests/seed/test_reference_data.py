"""The reference CSV files themselves: form, references between them, and facts others rely on. No database.

`test_build_regions.py` looks into the regions.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from seed import build_regions

REFERENCE = Path(build_regions.__file__).parent / "reference"

HEADERS = {
    "regions.csv": "code,name,level,parent_code,valid_from,valid_to",
    "parks.csv": "code,name,region_code,kind,source",
    "codes.csv": "scheme,code,name,parent_code,sort,valid_from,valid_to,source,verified",
    "targets.csv": (
        "region_code,indicator,phrase,comparator,value,unit,basis,period_start,period_end,source,note"
    ),
}

SCHEME_SIZES = {
    "contract_type": 5,
    "contract_subtype": 20,
    "party_nature": 48,
    "tech_field": 11,
    "ip_kind": 11,
    "licence_kind": 3,
    "payment_mode": 4,
    "plan_source": 7,
    "seo": 13,
    "industry_section": 20,
    "industry": 97,
    "trl": 9,
    "need_type": 7,
    "cooperation_mode": 9,
    "transfer_mode": 6,
    "pricing_mode": 3,
    "achievement_stage": 3,
    "achievement_attribute": 3,
    "chain": 26,
    "refusal_reason": 10,
    "decline_reason": 7,
    "recommend_reason": 5,
    "failure_reason": 5,
    "party_country": 25,
    "park_kind": 6,
}

# Schemes whose parent codes live in another scheme.
PARENT_SCHEMES = {"contract_subtype": "contract_type", "industry": "industry_section"}

# Divisions of each section as GB/T 4754-2017 numbers them.
SECTION_RANGES = {
    "A": (1, 5), "B": (6, 12), "C": (13, 43), "D": (44, 46), "E": (47, 50), "F": (51, 52), "G": (53, 60),
    "H": (61, 62), "I": (63, 65), "J": (66, 69), "K": (70, 70), "L": (71, 72), "M": (73, 75), "N": (76, 79),
    "O": (80, 82), "P": (83, 83), "Q": (84, 85), "R": (86, 90), "S": (91, 96), "T": (97, 97),
}  # fmt: skip

Row = dict[str, str]


def read(name: str) -> list[Row]:
    with (REFERENCE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def current() -> dict[str, Row]:
    """The valid row of every region code that has one."""
    return {row["code"]: row for row in read("regions.csv") if not row["valid_to"]}


@pytest.fixture(scope="module")
def schemes() -> dict[str, dict[str, Row]]:
    found: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in read("codes.csv"):
        assert row["code"] not in found[row["scheme"]], row
        found[row["scheme"]][row["code"]] = row
    return dict(found)


@pytest.fixture(scope="module")
def targets() -> list[Row]:
    return read("targets.csv")


@pytest.mark.parametrize("name", HEADERS)
def test_file_form(name: str) -> None:
    raw = (REFERENCE / name).read_bytes()
    text = raw.decode("utf-8")
    assert not text.startswith("\ufeff")
    assert "\r" not in text
    assert text.endswith("\n")
    assert text.splitlines()[0] == HEADERS[name]
    columns = HEADERS[name].count(",") + 1
    for record in csv.reader(text.splitlines()):
        assert len(record) == columns, record
        assert [field.strip() for field in record] == record


def test_every_reference_file_is_described() -> None:
    sources = (REFERENCE / "SOURCES.md").read_text(encoding="utf-8")
    assert {path.name for path in REFERENCE.glob("*.csv")} == set(HEADERS)
    for name in HEADERS:
        assert f"## `{name}`" in sources


class TestParks:
    def test_codes_regions_and_kinds(
        self, current: dict[str, Row], schemes: dict[str, dict[str, Row]]
    ) -> None:
        parks = read("parks.csv")
        assert max(Counter(park["code"] for park in parks).values()) == 1
        assert max(Counter(park["name"] for park in parks).values()) == 1
        for park in parks:
            assert re.fullmatch(re.escape(park["region_code"]) + r"-P\d\d", park["code"]), park
            assert park["region_code"] in current
            assert park["kind"] in schemes["park_kind"]
            assert park["source"]

    def test_parks_the_plans_name(self) -> None:
        names = {park["name"] for park in read("parks.csv")}
        assert {
            "江阴高新技术产业开发区",
            "常州科教城",
            "常州国家高新技术产业开发区",
            "安庆经济技术开发区",
            "安庆高新技术产业开发区",
        } <= names


class TestCodes:
    def test_sizes(self, schemes: dict[str, dict[str, Row]]) -> None:
        assert {name: len(rows) for name, rows in schemes.items()} == SCHEME_SIZES

    def test_parents_exist(self, schemes: dict[str, dict[str, Row]]) -> None:
        for name, rows in schemes.items():
            parents = schemes[PARENT_SCHEMES.get(name, name)]
            for row in rows.values():
                assert not row["parent_code"] or row["parent_code"] in parents, row
                assert row["parent_code"] != row["code"] or name in PARENT_SCHEMES, row
                assert name not in PARENT_SCHEMES or row["parent_code"], row

    def test_every_row_is_complete(self, schemes: dict[str, dict[str, Row]]) -> None:
        for rows in schemes.values():
            order = [int(row["sort"]) for row in rows.values()]
            assert order == sorted(set(order))
            for row in rows.values():
                assert row["name"]
                assert row["source"]
                assert row["verified"] in {"yes", "no"}
                for column in ("valid_from", "valid_to"):
                    assert not row[column] or date.fromisoformat(row[column])

    def test_names_are_told_apart_among_siblings(self, schemes: dict[str, dict[str, Row]]) -> None:
        for name, rows in schemes.items():
            seen = Counter((row["parent_code"], row["name"]) for row in rows.values())
            assert max(seen.values()) == 1, name

    def test_eleven_fields_in_order(self, schemes: dict[str, dict[str, Row]]) -> None:
        fields = schemes["tech_field"]
        assert list(fields) == [f"{number:02d}" for number in range(1, 12)]
        assert fields["04"]["name"] == "生物、医药和医疗器械"
        assert fields["07"]["name"] == "环境保护与资源综合利用"

    def test_industry_divisions(self, schemes: dict[str, dict[str, Row]]) -> None:
        divisions = schemes["industry"]
        assert list(divisions) == [f"{number:02d}" for number in range(1, 98)]
        assert list(schemes["industry_section"]) == list(SECTION_RANGES)
        for section, (first, last) in SECTION_RANGES.items():
            members = [int(code) for code, row in divisions.items() if row["parent_code"] == section]
            assert members == list(range(first, last + 1))
        assert divisions["26"]["name"] == "化学原料和化学制品制造业"
        assert divisions["58"]["name"] == "多式联运和运输代理业"
        assert divisions["79"]["name"] == "土地管理业"

    def test_contract_types(self, schemes: dict[str, dict[str, Row]]) -> None:
        types = schemes["contract_type"]
        assert {code: row["name"] for code, row in types.items()} == {
            "KF": "技术开发",
            "ZR": "技术转让",
            "XK": "技术许可",
            "ZX": "技术咨询",
            "FW": "技术服务",
        }
        licences = [
            types["XK"],
            *(r for r in schemes["contract_subtype"].values() if r["parent_code"] == "XK"),
        ]
        assert {row["valid_from"] for row in licences} == {"2021-01-01"}
        assert {row["parent_code"] for row in schemes["contract_subtype"].values()} == {
            "KF",
            "ZR",
            "XK",
            "FW",
        }

    def test_no_intellectual_property_is_a_value(self, schemes: dict[str, dict[str, Row]]) -> None:
        assert "未涉及知识产权" in {row["name"] for row in schemes["ip_kind"].values()}

    @pytest.mark.parametrize(
        "scheme",
        [
            "seo",
            "trl",
            "need_type",
            "cooperation_mode",
            "refusal_reason",
            "decline_reason",
            "party_country",
        ],
    )
    def test_unread_lists_are_marked(self, schemes: dict[str, dict[str, Row]], scheme: str) -> None:
        assert {row["verified"] for row in schemes[scheme].values()} == {"no"}

    def test_unread_members_are_marked(self, schemes: dict[str, dict[str, Row]]) -> None:
        doubtful = {
            (name, row["code"])
            for name in ("contract_subtype", "party_nature", "ip_kind")
            for row in schemes[name].values()
            if row["verified"] == "no"
        }
        assert doubtful == {
            *(("contract_subtype", code) for code in ("ZR7", "ZR9", "XK7", "XK9", "FW1")),
            *(("party_nature", code) for code in ("330", "400", "910", "920", "930")),
            *(("ip_kind", code) for code in ("60", "70", "90")),
        }


class TestTargets:
    def test_keys_and_vocabulary(self, targets: list[Row], current: dict[str, Row]) -> None:
        assert max(Counter((row["region_code"], row["indicator"]) for row in targets).values()) == 1
        for row in targets:
            assert row["region_code"] in current
            assert re.fullmatch(r"[a-z][a-z_]*[a-z]", row["indicator"]), row
            assert row["phrase"]
            assert row["source"]
            assert row["comparator"] in {">", ">=", "~", "=", "x", "none"}
            assert row["basis"] in {
                "cum",
                "annual",
                "stock",
                "incr",
                "rel",
                "ranking",
                "index",
                "share",
            }

    def test_values_and_periods(self, targets: list[Row]) -> None:
        for row in targets:
            assert (row["comparator"] == "none") == (row["value"] == ""), row
            assert (row["comparator"] == "x") == (row["basis"] == "rel"), row
            if row["value"]:
                assert Decimal(row["value"]) > 0
                assert row["unit"]
            if row["basis"] == "share":
                assert row["unit"] == "%"
                assert Decimal(row["value"]) <= 100
            start, end = row["period_start"], row["period_end"]
            assert not end or date.fromisoformat(end)
            assert not start or date.fromisoformat(start) < date.fromisoformat(end)

    def test_rows_per_city(self, targets: list[Row]) -> None:
        counts = Counter(row["region_code"] for row in targets)
        assert counts == {
            "320281": 45,
            "320700": 10,
            "320400": 16,
            "340800": 12,
            "320282": 1,
        }

    def test_headline_figure_keeps_each_citys_wording(self, targets: list[Row]) -> None:
        headline = {
            row["region_code"]: (
                row["phrase"],
                row["comparator"],
                row["value"],
                row["unit"],
                row["basis"],
            )
            for row in targets
            if row["indicator"] == "contract_amount"
        }
        assert headline == {
            "320281": ("技术合同成交额", ">", "300", "亿元", "cum"),
            "320700": ("技术市场合同成交额", "=", "50", "亿元", "annual"),
            "320400": ("技术合同登记成交额", "=", "450", "亿元", "annual"),
            "340800": ("技术合同交易额", "x", "2", "倍", "rel"),
        }

    def test_two_broker_targets_stay_apart(self, targets: list[Row]) -> None:
        brokers = {
            row["indicator"]: (row["comparator"], row["value"], row["basis"])
            for row in targets
            if row["region_code"] == "320281" and row["indicator"].endswith("_brokers")
        }
        assert brokers == {
            "cultivated_brokers": ("=", "300", "incr"),
            "trained_brokers": (">=", "500", "cum"),
        }

    def test_sum_of_stated_figures(self, targets: list[Row]) -> None:
        """A guard against slips of the pen: the sums were added up by hand from the five texts."""
        totals: dict[str, Decimal] = defaultdict(Decimal)
        for row in targets:
            totals[row["region_code"]] += Decimal(row["value"] or 0)
        assert totals == {
            "320281": 20_691,
            "320700": 2_597,
            "320400": 82_550,
            "340800": 168,
            "320282": 12,
        }
