"""The blueprint of the figures."""

from market.http.schema import MarketBlueprint

blp = MarketBlueprint("turnover", __name__, description="技术合同成交额：数字、台账、溯源、发布与计划目标")
