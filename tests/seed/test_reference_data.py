"""The reference CSV files themselves: form, references between them, and facts others rely on. No database.

`test_build_regions.py` looks into the regions.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from market.reference.rules import HOME_CURRENCY, MINOR_DIGITS
from seed import build_regions

REFERENCE = Path(build_regions.__file__).parent / "reference"

HEADERS = {
    "regions.csv": "code,name,level,parent_code,valid_from,valid_to",
    "parks.csv": "code,name,region_code,kind,source",
    "codes.csv": "scheme,code,name,parent_code,sort,valid_from,valid_to,source,verified",
    "targets.csv": (
        "region_code,indicator,phrase,comparator,value,unit,basis,period_start,period_end,base_year,source,note"
    ),
    "region_successions.csv": "old_code,new_code,effective_on,whole,source",
    "registration_rules.csv": (
        "version,in_force_from,types,limit_days,large_limit_days,working_days,large_from_fen,large_by,"
        "approver_differs,experts_from_fen,min_experts,needs_forecast,source,verified"
    ),
    "document_requirements.csv": "rule_version,type_code,condition,document_kind,required,source",
}

SCHEME_SIZES = {
    "contract_type": 5,
    "contract_subtype": 21,
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
    "document_kind": 17,
    "currency": 26,
    "royalty_base": 4,
    "revocation_reason": 6,
    "attribution_role": 5,
    "scenario_type": 9,
    "resource_category": 19,
    "recognition_level": 4,
    "evaluation_grade": 4,
    "enterprise_tag": 11,
    "talent_role": 9,
    "broker_level": 3,
    "project_category": 6,
    "project_stage": 5,
    "technology_progress": 4,
    "agency_category": 7,
    "agency_tier": 3,
    "consortium_kind": 3,
    "conduct_ground": 9,
    "customs_country": 25,
}

# Schemes whose parent codes live in another scheme.
PARENT_SCHEMES = {
    "contract_subtype": "contract_type",
    "industry": "industry_section",
    "customs_country": "party_country",
}

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

    def test_licences_before_2021_were_transfers(self, schemes: dict[str, dict[str, Row]]) -> None:
        subtypes = schemes["contract_subtype"]
        old, new = subtypes["ZR8"], subtypes["XK1"]
        assert (old["parent_code"], old["valid_to"]) == ("ZR", "2020-12-31")
        assert (new["parent_code"], new["valid_from"]) == ("XK", "2021-01-01")

    def test_every_currency_has_its_minor_unit(self, schemes: dict[str, dict[str, Row]]) -> None:
        assert set(schemes["currency"]) == set(MINOR_DIGITS)
        assert (MINOR_DIGITS[HOME_CURRENCY], MINOR_DIGITS["JPY"], MINOR_DIGITS["USD"]) == (2, 0, 2)

    def test_customs_codes_name_the_same_countries(self, schemes: dict[str, dict[str, Row]]) -> None:
        countries = schemes["party_country"]
        for row in schemes["customs_country"].values():
            assert row["name"] == countries[row["parent_code"]]["name"]
        parents = Counter(row["parent_code"] for row in schemes["customs_country"].values())
        assert parents == Counter(list(countries))

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
            "currency",
            "attribution_role",
            "customs_country",
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


class TestSuccessions:
    def test_every_one_joins_what_the_regions_say(self) -> None:
        """The change falls on the day after the old code's end, and the new code is valid on it."""
        periods: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for row in read("regions.csv"):
            periods[row["code"]].append((row["valid_from"], row["valid_to"] or "9999"))
        for row in read("region_successions.csv"):
            day = row["effective_on"]
            ended = max(last for _, last in periods[row["old_code"]])
            assert date.fromisoformat(ended) + timedelta(days=1) == date.fromisoformat(day), row
            assert any(first <= day <= last for first, last in periods[row["new_code"]]), row
            assert row["source"]

    def test_a_region_has_one_whole_successor_or_several_parts(self) -> None:
        by_old: dict[str, list[str]] = defaultdict(list)
        for row in read("region_successions.csv"):
            by_old[row["old_code"]].append(row["whole"])
        assert all(parts == ["yes"] or (len(parts) > 1 and set(parts) == {"no"}) for parts in by_old.values())

    @pytest.mark.parametrize("province", ["32", "34"])
    def test_what_became_of_everything_that_ended_in_the_cities_provinces(self, province: str) -> None:
        """Every code of 江苏 and 安徽 that ended since 2000 and named a place."""
        rows = read("regions.csv")
        valid = {row["code"] for row in rows if not row["valid_to"]}
        ended = {
            row["code"]
            for row in rows
            if row["code"].startswith(province) and row["valid_to"] >= "2000" and row["name"] != "市辖区"
        }
        known = {row["old_code"] for row in read("region_successions.csv")}
        assert ended - valid <= known


class TestRulebook:
    def test_first_days_and_types(self, schemes: dict[str, dict[str, Row]]) -> None:
        rows = {row["version"]: row for row in read("registration_rules.csv")}
        assert {version: row["in_force_from"] for version, row in rows.items()} == {
            "2000": "2000-02-16",
            "2021": "2021-01-01",
            "2026": "2026-01-23",
        }
        for row in rows.values():
            assert set(row["types"].split("|")) <= set(schemes["contract_type"])
        assert {version: row["verified"] for version, row in rows.items()} == {
            "2000": "yes",
            "2021": "yes",
            "2026": "no",
        }

    def test_the_full_contract_is_always_required(self) -> None:
        required = {
            row["rule_version"]
            for row in read("document_requirements.csv")
            if (row["condition"], row["type_code"], row["document_kind"], row["required"])
            == ("always", "", "contract_text", "yes")
        }
        assert required == {"2000", "2021", "2026"}

    def test_papers_stand_in_their_list(self, schemes: dict[str, dict[str, Row]]) -> None:
        for row in read("document_requirements.csv"):
            assert row["document_kind"] in schemes["document_kind"]
            assert row["source"]


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
            assert (row["comparator"] == "x") == (row["basis"] == "rel") == bool(row["base_year"]), row
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
