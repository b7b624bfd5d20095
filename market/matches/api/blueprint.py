"""The routes of matching."""

from __future__ import annotations

from market.http.schema import MarketBlueprint

blp = MarketBlueprint("matches", __name__, description="匹配建议、引荐、经纪人审核与检索")
