"""The blueprint of listings, and how a step is taken and a listing shown."""

from __future__ import annotations

from collections.abc import Callable

import flask
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from market.accounts.auth import current_actor
from market.accounts.rules import Actor
from market.http.edge import transaction
from market.http.schema import MarketBlueprint, MarketSchema
from market.listings import queries
from market.listings.models import Listing
from market.search.access import index_changed

blp = MarketBlueprint("listings", __name__, description="技术需求、科技成果与应用场景")


class Shown:
    """Shows listings of a kind: to the owner everything, to everybody else, admins too, the public part."""

    def __init__(self, public: type[MarketSchema], own: type[MarketSchema]) -> None:
        self._public, self._own = public(), own()

    def answer(self, actor: Actor | None, listing: Listing, status: int = 200) -> ResponseReturnValue:
        """Return a listing with its version."""
        shape = self._own if queries.is_owner(actor, listing) else self._public
        return flask.jsonify(shape.dump(listing)), status, {"ETag": f'"{listing.version}"'}

    def take(self, work: Callable[[Session, Actor], Listing], status: int = 200) -> ResponseReturnValue:
        """Take one step in a transaction of its own, and return the listing."""
        with transaction() as session:
            actor = current_actor(session)
            listing = work(session, actor)
        index_changed()
        return self.answer(actor, listing, status)
