"""The blueprint of oversight, and how its workbooks are handed out."""

from __future__ import annotations

import flask

from market.http.files import made_answer
from market.http.schema import MarketBlueprint

blp = MarketBlueprint("oversight", __name__, description="应登尽登、数据质量与成果转化年度报告")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook(content: bytes, *, name: str) -> flask.Response:
    """Return a workbook to be saved under a Chinese name."""
    return made_answer(content, name=f"{name}.xlsx", media_type=XLSX)
