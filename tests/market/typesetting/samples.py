"""One document that uses every part of the common style."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

SAMPLE = "tests.market.typesetting:sample.typ"
RARE = "㙓䶮𬭎禤翀喆堃"
MARKUP = '#panic("x") ]] $ * _ ` \\ " <a> @b //'


def sample_data(row_count: int = 40) -> dict[str, Any]:
    """Return the data of the sample, with as many rows in its table."""
    months = [f"{month}月" for month in range(1, 13)]
    rows = [[i, f"第{i}号精密仪器有限公司", date(2025, 3, 1), f"{i},234.50"] for i in range(1, row_count + 1)]
    return {
        "title": "技术合同登记证明",
        "subtitle": "（样张）",
        "number": "编号 2025330100001234",
        "document_date": date(2025, 3, 1),
        "facts": [
            ["卖方", f"{RARE}研究所"],
            ["买方", MARKUP],
            ["合同名称", "一种很长的合同名称，" * 6, True],
            ["成交额（万元）", "1,234.56"],
            ["技术交易额", None],
            ["备注", "一"],
        ],
        "rows": rows,
        "total": ["", "合计", "", "98,765.43"],
        "bars": [
            {"label": "高新技术产业开发区", "value": Decimal("12.5"), "text": "12.50"},
            {"label": "北区", "value": 7, "text": "7.00"},
            {"label": "南区", "value": Decimal("0.02"), "text": "0.02"},
        ],
        "months": months,
        "columns": [{"name": "成交额", "values": [Decimal(i * i) / 7 // 1 for i in range(1, 13)]}],
        "lines": [
            {
                "name": "登记",
                "values": [1200, 1500, None, 900, 2100, 1800, 1700, 1650, 1900, 2200, 2500, 3100],
            },
            {"name": "输出", "values": [-300, 400, 500, 450, 700, 650, 800, 820, 900, 1000, 1100, 1300]},
        ],
        "notes": ["数据截至当日。", "金额以万元计，合计与分项之差由四舍五入产生。"],
    }
