"""The blueprint of rankings and the conversion index."""

from __future__ import annotations

from market.http.schema import MarketBlueprint

blp = MarketBlueprint("rankings", __name__, description="技术转移机构排名与科技成果转化指数")
