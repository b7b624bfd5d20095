"""Two people of one university who begin the report of a year at the same moment."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from market.accounts.rules import OrganisationKind
from market.db import Database
from market.errors import Conflict
from market.oversight import service
from market.oversight.models import ConversionReport
from tests.factories import NOW, make_actor


def test_one_of_two_drafts_stands(own_database: Database) -> None:
    with own_database.transaction() as session:
        actor = make_actor(session, OrganisationKind.UNIVERSITY)
    together = threading.Barrier(2)

    def draft() -> str:
        together.wait(timeout=30)
        try:
            with own_database.transaction() as session:
                service.draft_report(session, actor, year=2024, now=NOW)
        except Conflict as error:
            return error.code
        return "drafted"

    with ThreadPoolExecutor(2) as pool:
        answers = [running.result(timeout=60) for running in [pool.submit(draft) for _ in range(2)]]
    assert sorted(answers) == ["conversion-report-exists", "drafted"]
    with own_database.reading() as session:
        assert session.scalar(select(func.count()).select_from(ConversionReport)) == 1
