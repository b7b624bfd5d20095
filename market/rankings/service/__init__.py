"""Writing rankings, objections to them, and the conversion index."""

from market.rankings.service.conversion_index import define_index, load_definitions, publish_index
from market.rankings.service.objections import decide_objection, raise_objection
from market.rankings.service.rankings import (
    draft_ranking,
    finalise_ranking,
    publish_ranking,
    recount_ranking,
    withdraw_ranking,
)

__all__ = [
    "decide_objection",
    "define_index",
    "draft_ranking",
    "finalise_ranking",
    "load_definitions",
    "publish_index",
    "publish_ranking",
    "raise_objection",
    "recount_ranking",
    "withdraw_ranking",
]
