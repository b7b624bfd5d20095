"""Two at the same moment: one of them is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from market.conduct.models import ConductRecord
from market.conduct.queries import blocking
from market.conduct.rules import Action, Status
from market.conduct.service import appeal_against, decide_record, propose_record
from market.db import Database
from market.errors import MarketError
from tests.factories import NOW, make_actor, make_organisation
from tests.market.conduct.factories import (
    NOTICE_OVER,
    conduct_form,
    make_office,
    reach,
    red_form,
)
from tests.market.contracts.racing import at_once


def test_two_lists_two_appeals_and_two_proposals(own_database: Database) -> None:
    with own_database.transaction() as session:
        office, unit, other = make_office(session), make_actor(session), make_organisation(session)
        about = {"organisation_id": unit.organisation_id}
        red, black = (
            reach(session, Status.NOTICED, form(**about), office=office) for form in (red_form, conduct_form)
        )
        listed = reach(session, Status.LISTED, conduct_form(**about, ground="black_leak"), office=office).id
        red_id, black_id = red.id, black.id

    def alone(work: Callable[[Session], ConductRecord]) -> Callable[[], Any]:
        def run() -> Any:
            with own_database.transaction() as session:
                return work(session)

        return run

    appeal = alone(
        lambda s: appeal_against(s, unit, listed, words="业绩属实。", evidence=None, now=NOTICE_OVER)
    )
    assert _codes(at_once(appeal, appeal)) == ["appeal-open"]
    propose = alone(
        lambda s: propose_record(s, office.proposer, form=conduct_form(organisation_id=other.id), now=NOW)
    )
    assert _codes(at_once(propose, propose)) == ["record-exists"]
    with own_database.transaction() as session:  # so that either list may come first
        session.get_one(ConductRecord, listed).status = Status.REMOVED

    def put(record_id: int) -> Callable[[], Any]:
        return alone(
            lambda s: decide_record(
                s, office.checker, record_id, decision=Action.LIST, note=None, now=NOTICE_OVER
            )
        )

    assert _codes(at_once(put(red_id), put(black_id))) == ["on-other-list"]
    with own_database.reading() as session:
        states = {session.get_one(ConductRecord, one).status for one in (red_id, black_id)}
        assert states == {Status.LISTED, Status.NOTICED}
        assert unit.organisation_id is not None
        assert len(blocking(session, [unit.organisation_id], NOTICE_OVER.date())) <= 1


def _codes(results: list[Any]) -> list[str]:
    return [result.code for result in results if isinstance(result, MarketError)]
