"""The blueprint of contracts, and how its steps are taken: one transaction each, some of them once only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import flask
from sqlalchemy.orm import Session

from market.accounts.auth import current_actor, current_user_id
from market.accounts.rules import Actor
from market.clock import china_day
from market.contracts import queries
from market.contracts.ledger import Ledger
from market.contracts.models import Contract
from market.contracts.schemas import ContractView
from market.http.edge import now, retrying
from market.http.etag import versioned
from market.http.idempotency import once
from market.http.schema import MarketBlueprint

LEDGER_KEY = "market.ledger"
"""Where `create_app` puts the ledger among the app's extensions."""

blp = MarketBlueprint("contracts", __name__, description="技术合同：申请、审核、登记、变更、注销、撤销")


def current_ledger() -> Ledger:
    """Return the current app's ledger."""
    return cast(Ledger, flask.current_app.extensions[LEDGER_KEY])


def step(work: Callable[[Session, Actor], Contract]) -> Any:
    """Do one step in its own transaction and show the contract as it then is."""

    def shown(session: Session) -> Any:
        contract = work(session, current_actor(session))
        return versioned(queries.describe_one(session, contract, today=china_day(now())))

    return retrying(shown)


def step_once(work: Callable[[Session, Actor], Contract], *, status: int) -> flask.Response:
    """Do one step under the request's Idempotency-Key."""

    def answered(session: Session) -> flask.Response:
        actor = current_actor(session)
        return once(
            session,
            current_user_id(actor),
            lambda: queries.describe_one(session, work(session, actor), today=china_day(now())),
            schema=ContractView,
            status=status,
            now=now(),
        )

    return retrying(answered)
