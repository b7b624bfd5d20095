"""Small tables and files for tests of importing."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from market.exchange.rules.codes import CodeTable, RegionTable, Tables
from market.reference.rules import Scheme

DATA = Path(__file__).parent / "data"

TABLES = Tables(
    codes={
        Scheme.TECH_FIELD: CodeTable.of(
            {"03": "先进制造", "05": "新材料及其应用", "07": "环境保护与资源综合利用", "09": "农业"}
        ),
        Scheme.INDUSTRY: CodeTable.of({"17": "纺织业", "18": "纺织服装、服饰业", "36": "汽车制造业"}),
        Scheme.CHAIN: CodeTable.of({"chain-ic": "集成电路"}),
        Scheme.NEED_TYPE: CodeTable.of({"tackle": "技术攻关"}, {"技术难题": "tackle"}),
        Scheme.COOPERATION_MODE: CodeTable.of({"commission": "委托开发", "joint": "合作开发"}),
        Scheme.PARTY_NATURE: CodeTable.of({"020": "事业法人", "0211": "事业法人", "021": "科研机构"}),
        Scheme.PARTY_COUNTRY: CodeTable.of({"156": "中国", "344": "中国香港", "643": "俄罗斯"}),
        Scheme.CURRENCY: CodeTable.of({"CNY": "人民币", "USD": "美元", "JPY": "日元"}),
        Scheme.CONTRACT_TYPE: CodeTable.of({"KF": "技术开发", "ZR": "技术转让", "XK": "技术许可"}),
        Scheme.IP_KIND: CodeTable.of({"10": "技术秘密", "90": "未涉及知识产权"}, {"无": "90"}),
    },
    levels=CodeTable.of({"6": "正样级", "7": "环境级"}),
    parks=CodeTable.of({"320281-P01": "江阴高新技术产业开发区"}),
    regions=RegionTable.of(
        [
            ("000000", "全国", None, True),
            ("310000", "上海市", "000000", True),
            ("310100", "市辖区", "310000", True),
            ("310113", "宝山区", "310100", True),
            ("320000", "江苏省", "000000", True),
            ("320100", "南京市", "320000", True),
            ("320106", "鼓楼区", "320100", True),
            ("320200", "无锡市", "320000", True),
            ("320219", "江阴市", "320200", False),
            ("320281", "江阴市", "320200", True),
            ("320300", "徐州市", "320000", True),
            ("320302", "鼓楼区", "320300", True),
        ]
    ),
    customs={"142": "156", "344": "643"},
)


def workbook(rows: Sequence[Sequence[Any]], *, title: str = "成果", first_row: int = 1) -> io.BytesIO:
    """Return an .xlsx file with these rows on one sheet."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for i, row in enumerate(rows, start=first_row):
        for j, value in enumerate(row, start=1):
            sheet.cell(row=i, column=j, value=value)
    stream = io.BytesIO()
    book.save(stream)
    stream.seek(0)
    return stream


def csv_file(text: str, *, encoding: str = "utf-8-sig") -> io.BytesIO:
    """Return a .csv file with this text."""
    return io.BytesIO(text.encode(encoding))
