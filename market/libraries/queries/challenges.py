"""Columns of a challenge list. The feature that keeps challenges freezes rows with these keys."""

from __future__ import annotations

from market.libraries.queries.spec import Column
from market.reference.rules import Scheme

CHALLENGE = "challenge"
"""Stands as `kind` in the content of such rows."""

CHALLENGE_COLUMNS = (
    Column("number", "榜单编号"),
    Column("title", "榜单项目"),
    Column("mode", "组织方式"),
    Column("owner", "需求单位"),
    Column("region_code", "行政区划"),
    Column("tech_field", "技术领域", scheme=Scheme.TECH_FIELD),
    Column("chain_code", "产业链", scheme=Scheme.CHAIN),
    Column("goals", "攻关目标"),
    Column("indicators", "考核指标"),
    Column("budget_fen", "企业投入", "amount_wan"),
    Column("grant_fen", "财政资助", "amount_wan"),
    Column("duration_months", "实施期限（月）", "integer"),
    Column("closes_on", "揭榜截止", "date"),
)
