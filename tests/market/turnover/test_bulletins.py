"""The tables of a bulletin: what counts where, how they add up, and how they agree with the figures."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from market.canonical import digest_of
from market.contracts.rules import LargeBy, Status
from market.reference.queries import get_region
from market.turnover.bulletins import Bulletin, Large, bulletin, freeze
from market.turnover.bulletins.tables import TableKey, code_list, parts_of
from market.turnover.ledger import Sums
from market.turnover.queries.figures import totals
from market.turnover.rules import Measure, parse_period
from tests.factories import NOW
from tests.market.contracts.factories import make_contract, make_station
from tests.market.turnover.factories import LEDGER, change, end, party_in, register, scope_of

LARGE = Large(500_000_000, LargeBy.TOTAL)
WUXI, JIANGYIN, YIXING = "320200", "320281", "320282"


def _bulletin(session: Session, region: str = WUXI, period: str = "2025-05", **values: Any) -> Bulletin:
    asked = parse_period(period)
    assert asked is not None
    return bulletin(
        session, get_region(session, region), asked, **{"large": LARGE, "known_at": None, **values}
    )


def _register(session: Session, day: date = date(2025, 5, 6), fen: int = 100, **values: Any) -> Any:
    where = values.pop("region", JIANGYIN)
    if "station" not in values:
        values["station"] = make_station(session, region_code=where)
    for side in ("seller", "buyer"):
        values.setdefault(side, party_in(session, where))
    return register(session, registered_on=day, total_amount_fen=fen, tech_amount_fen=fen // 2, **values)


def _rows(found: Bulletin, table: TableKey) -> dict[str, tuple[int, int]]:
    return {
        row.key: (row.pair.now.deals, row.pair.now.total_fen) for row in found.tables[table] if row.pair.now
    }


def _table(content: dict[str, Any], key: str) -> dict[str, Any]:
    [found] = [table for table in content["tables"] if table["key"] == key]
    return found  # type: ignore[no-any-return]  # JSON


def test_the_headline_is_the_figure(session: Session) -> None:
    _register(session, fen=700)
    abroad = _register(session, date(2025, 1, 3), 900, seller=party_in(session, None))
    _register(session, date(2024, 5, 30), 50, region=YIXING)
    _register(session, date(2025, 5, 31), 30, region=YIXING, buyer=party_in(session, "340800"))
    _register(session, date(2025, 6, 1), 8000)
    later = NOW + timedelta(hours=1)
    change(session, abroad, now=later, total_amount_fen=1000)
    for known_at in (None, NOW):
        found = _bulletin(session, period="2025-Q2", known_at=known_at)
        for measure in Measure:
            scope = scope_of(session, measure, region=WUXI, period="2025-Q2", known_at=known_at)
            assert found.headline[measure].now == totals(session, scope)
    found = _bulletin(session)
    assert found.headline[Measure.OUTPUT].now == Sums(2, 730, 365)
    assert found.headline[Measure.ABSORBED].now == Sums(1, 700, 350)
    assert found.headline[Measure.REGISTERED].before == Sums(1, 50, 25)
    assert found.cumulative[Measure.REGISTERED].now == Sums(3, 1730, 815)
    assert found.cumulative[Measure.OUTPUT].now == Sums(2, 730, 365)
    assert _bulletin(session, known_at=NOW).cumulative[Measure.REGISTERED].now.total_fen == 1630


def test_every_table_adds_up_to_its_measure(session: Session) -> None:
    for number, (kind, nature) in enumerate([("KF", "0221"), ("ZR", "0211"), ("FW", "150"), ("FW", "930")]):
        seller = party_in(session, YIXING if number % 2 else JIANGYIN)
        seller.nature_code = nature
        session.flush()
        _register(session, fen=10**number * 500_000, type_code=kind, seller=seller, ip_kind=f"2{number + 1}")
    ended = _register(session, fen=5)
    end(session, ended, Status.REVOKED)
    found = _bulletin(session, period="2025")
    tables = {key: _rows(found, key) for key in found.tables}
    whole = (4, 555_500_000)
    for key, rows in tables.items():
        assert tuple(map(sum, zip(*rows.values(), strict=True))) == whole, key
    assert tables[TableKey.SELLER_NATURE].keys() == {"021", "022", "100", "930"}
    assert tables[TableKey.IP_KIND] == {"20": (3, 55_500_000), "24": (1, 500_000_000)}
    assert tables[TableKey.LARGE] == {"large": (1, 500_000_000), "other": (3, 55_500_000)}
    assert tables[TableKey.MONTH] == {"2025-05": whole}
    assert tables[TableKey.REGION_OUTPUT] == {YIXING: (2, 505_000_000), JIANGYIN: (2, 50_500_000)}
    names = {row.key: row.name for row in found.tables[TableKey.SELLER_NATURE]}
    assert (names["022"], names["100"]) == ("事业法人：高等院校", "内资企业")


def test_flows_name_the_other_side(session: Session) -> None:
    for region in (YIXING, "320400", "340800", None):
        _register(session, fen=10, buyer=party_in(session, region))
    _register(session, fen=10, region="340800", buyer=party_in(session, JIANGYIN))
    found = _bulletin(session)
    assert _rows(found, TableKey.FLOW_OUT) == {
        "local": (1, 10),
        "320000": (1, 10),
        "340000": (1, 10),
        "abroad": (1, 10),
    }
    names = {row.key: row.name for row in found.tables[TableKey.FLOW_OUT]}
    assert (names["local"], names["320000"]) == ("无锡市（本地）", "江苏省（本地以外）")
    assert _rows(found, TableKey.FLOW_IN) == {"local": (1, 10), "340000": (1, 10)}
    assert _rows(found, TableKey.REACH) == {"domestic": (3, 30), "foreign": (1, 10)}


def test_which_tables_a_bulletin_has(session: Session) -> None:
    assert TableKey.MONTH not in _bulletin(session).tables
    assert TableKey.REGION_OUTPUT not in _bulletin(session, JIANGYIN).tables
    assert TableKey.FLOW_OUT not in _bulletin(session, "000000").tables
    year = _bulletin(session, period="2025").tables
    assert [row.key for row in year[TableKey.MONTH]][0::11] == ["2025-01", "2025-12"]
    assert [row.key for row in _bulletin(session, period="2025-Q4").tables[TableKey.MONTH]] == [
        "2025-10",
        "2025-11",
        "2025-12",
    ]


def test_lists_follow_the_years_codes(session: Session) -> None:
    def listed(year: int) -> frozenset[str]:
        return code_list(session, TableKey.TYPE, start=date(year, 1, 1), end=date(year, 12, 31)).listed

    assert listed(2025) - listed(2019) == {"XK"}


def test_districts_of_a_municipality_are_ranked_and_not_the_entry_above_them(session: Session) -> None:
    listed = {row.key for row in _bulletin(session, "110000").tables[TableKey.REGION_OUTPUT]}
    assert "110101" in listed
    assert not {"110100", "110200"} & listed
    assert parts_of(session, get_region(session, JIANGYIN)) == {}


def test_frozen_rows_hold_exact_numbers(session: Session) -> None:
    for fen in (100, 200, 500):
        _register(session, fen=fen)
    for fen in (100, 100, 200):
        _register(session, date(2024, 5, 1), fen)
    content = freeze(_bulletin(session, JIANGYIN))
    assert content["headline"][0] == {
        "measure": "registered",
        "name": "登记",
        "note": "按技术合同登记机构所在地统计",
        "hidden": False,
        "deals": 3,
        "total_fen": 800,
        "tech_fen": 400,
        "before": {"hidden": False, "deals": 3, "total_fen": 400, "tech_fen": 200},
        "deals_percent": "0.0",
        "total_percent": "100.0",
        "tech_percent": "100.0",
    }
    assert content["cumulative"]["name"] == "2025年1—5月"
    assert freeze(_bulletin(session, JIANGYIN, "2025"))["cumulative"] is None
    types = _table(content, "type")
    assert [row["key"] for row in types["rows"]] == ["KF", "ZR", "XK", "ZX", "FW"]
    assert types["rows"][0] == {
        "key": "KF",
        "name": "技术开发",
        "hidden": False,
        "deals": 3,
        "total_fen": 800,
        "tech_fen": 400,
        "share_percent": "100.0",
        "deals_percent": "0.0",
        "total_percent": "100.0",
        "tech_percent": "100.0",
    }
    assert _table(content, "ip_kind")["subtotal"]["deals"] == 3
    assert digest_of(content) == digest_of(freeze(_bulletin(session, JIANGYIN)))


def test_small_rows_are_withheld_with_what_would_tell_them(session: Session) -> None:
    for type_code, count in (("KF", 1), ("ZR", 3), ("FW", 4)):
        for _ in range(count):
            _register(session, fen=1000, type_code=type_code)
    types = {row["key"]: row for row in _table(freeze(_bulletin(session)), "type")["rows"]}
    assert {key for key, row in types.items() if row["hidden"]} == {"KF", "ZR"}
    assert (types["KF"]["deals"], types["KF"]["total_fen"], types["KF"]["share_percent"]) == (1, None, None)
    assert types["FW"]["total_fen"] == 4000


def test_a_percentage_does_not_tell_the_year_before(session: Session) -> None:
    for _ in range(3):
        _register(session, fen=1000)
    _register(session, date(2024, 5, 1), 777)
    [row, *_] = _table(freeze(_bulletin(session)), "type")["rows"]
    assert (row["total_fen"], row["deals_percent"], row["total_percent"]) == (3000, "200.0", None)


def test_a_subtotal_does_not_tell_what_is_left(session: Session) -> None:
    _register(session, fen=1000, ip_kind="90")
    for _ in range(5):
        _register(session, fen=1000, ip_kind="10")
    table = _table(freeze(_bulletin(session)), "ip_kind")
    assert table["subtotal"]["hidden"] is True
    assert (table["subtotal"]["deals"], table["subtotal"]["total_fen"]) == (5, None)


def test_what_stays_local_is_withheld_in_both_tables_of_flows(session: Session) -> None:
    for _ in range(2):
        _register(session, fen=1000)
    for _ in range(3):
        _register(session, fen=1000, buyer=party_in(session, "340800"))
    for region in ("340800", "110101"):
        for _ in range(4):
            _register(session, fen=1000, region=region, buyer=party_in(session, JIANGYIN))
    content = freeze(_bulletin(session))
    for key, hidden in (("flow_out", {"local", "340000"}), ("flow_in", {"local", "110000"})):
        assert {row["key"] for row in _table(content, key)["rows"] if row["hidden"]} == hidden


def test_ranks_are_by_amount_and_leave_out_what_is_withheld(session: Session) -> None:
    for region, count, fen in ((YIXING, 4, 75), (JIANGYIN, 5, 60), ("320205", 1, 9000), ("320206", 3, 1)):
        for _ in range(count):
            _register(session, fen=fen, region=region)
    rows = _table(freeze(_bulletin(session)), "region_output")["rows"]
    ranks = {row["key"]: row["rank"] for row in rows}
    assert [ranks[key] for key in (YIXING, JIANGYIN, "320205", "320206")] == [1, 1, None, None]
    assert [row["key"] for row in rows[-2:]] == ["320205", "320206"]


@pytest.mark.parametrize("by", list(LargeBy))
def test_large_is_by_the_amount_of_the_rules(session: Session, by: LargeBy) -> None:
    contract = make_contract(
        session, registered_on=date(2025, 5, 6), total_amount_fen=600_000_000, tech_amount_fen=100
    )
    LEDGER.post_registration(session, contract, now=NOW)
    rows = _rows(_bulletin(session, large=Large(500_000_000, by)), TableKey.LARGE)
    assert rows == {"large" if by is LargeBy.TOTAL else "other": (1, 600_000_000)}
