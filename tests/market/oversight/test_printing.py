"""Workbooks read back with another library than the one that wrote them."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import python_calamine
from sqlalchemy.orm import Session

from market.accounts.rules import OrganisationKind
from market.contracts.rules import Status
from market.matches.rules import Status as SuggestionStatus
from market.oversight import service
from market.oversight.printing import deals_workbook, reports_workbook
from market.oversight.queries.deals import all_unregistered
from market.oversight.queries.reports import region_reports, summary_of
from market.oversight.rules.reports import ReportStatus
from tests.factories import NOW, make_actor
from tests.market.contracts.factories import make_cast, make_contract, make_deal
from tests.market.oversight.factories import DECLARED_ONLY, make_report


def sheets_of(content: bytes) -> dict[str, list[list[Any]]]:
    """Return the rows of each sheet by its name."""
    book = python_calamine.load_workbook(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_deals(session: Session) -> None:
    cast = make_cast(session)
    broker = make_actor(session, OrganisationKind.AGENCY, name="澄渡技术转移")
    make_deal(session, cast, status=SuggestionStatus.AGREED, broker=broker)
    make_contract(
        session,
        station=cast.station,
        status=Status.SUBMITTED,
        project_name="=1+1",
        total_amount_fen=123_456_789,
    )
    found = all_unregistered(session, cast.bureau, region=None, station=None, min_days=0, now=NOW)
    sheets = sheets_of(deals_workbook(found, now=NOW))
    assert sheets["未登记合同汇总"][1][0] == "截至2025-06-10"
    assert sheets["未登记合同汇总"][3] == [cast.station.name, 2.0, 1.0, 1.0, 0.0, 0.0]
    first, second = sheets["未登记合同清单"][3:5]
    assert first[1:4] == [21.0, "已提交，待受理", "登记机构"]
    assert first[7:10] == ["=1+1", 123.456789, date(2025, 5, 20)]
    assert second[2:4] == ["双方有意，尚未签约", "供需双方"]
    assert second[6:9] == ["", "", ""]
    assert second[11:13] == ["测试用户", "澄渡技术转移"]


def test_reports(session: Session) -> None:
    cast = make_cast(session)
    report = make_report(session, cast.seller, status=ReportStatus.DRAFT)
    service.change_report(
        session,
        cast.seller,
        report.id,
        figures={**DECLARED_ONLY, "licences_count": 2, "licences_fen": 30_000_000},
        explanations={"licences_count": "在外地登记", "licences_fen": "同上"},
        version=report.version,
        now=NOW,
    )
    service.submit_report(session, cast.seller, report.id, now=NOW)
    make_actor(session, OrganisationKind.UNIVERSITY, name="戊研究所")
    found = region_reports(session, cast.bureau, year=2024, region=None)
    sheets = sheets_of(reports_workbook(found, summary_of(found, session=session), now=NOW))
    name = cast.seller_organisation.name
    assert ["许可合同项数", 2.0, 0.0] in sheets["2024年度科技成果转化数量汇总"]
    assert ["专职从事成果转化的人数", 3.0, ""] in sheets["2024年度科技成果转化数量汇总"]
    assert ["许可合同成交额", 30.0, 0.0] in sheets["2024年度科技成果转化金额汇总"]
    assert sheets["2024年度科技成果转化各单位填报"][2][:3] == [name, "已报送", 5.0]
    assert sheets["2024年度科技成果转化差异说明"][2:] == [
        [name, "许可合同项数", 2.0, 0.0, "", "", "在外地登记"],
        [name, "许可合同成交额", "", "", 30.0, 0.0, "同上"],
    ]
    assert sheets["2024年度科技成果转化未报送单位"][2:] == [["戊研究所", "320281", "未起草"]]
