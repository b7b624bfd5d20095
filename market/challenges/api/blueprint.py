"""The routes of challenges."""

from market.http.schema import MarketBlueprint

blp = MarketBlueprint("challenges", __name__, description="揭榜挂帅：榜单、揭榜、评审、立项与验收")
