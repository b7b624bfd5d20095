"""A release, conversion reports, rankings, an objection and the books of the conversion index."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR
from market.oversight.rules.reports import ReportStatus
from market.oversight.service import change_report
from market.rankings.models import Ranking, RankingObjection
from market.rankings.service import draft_ranking, publish_ranking
from market.turnover.models import Target, TurnoverEntry
from market.turnover.rules import ReleaseKind
from market.turnover.service import publish_release
from tests.factories import JIANGYIN, NOW
from tests.market.oversight.factories import DECLARED_ONLY, make_report
from tests.market.permissions.people import People
from tests.market.rankings.factories import landed, make_agency, make_index_books

LONG_AGO = NOW - timedelta(days=30)
"""Long enough for the time of objections to be over at NOW."""


def figure_records(session: Session, people: People) -> dict[str, Any]:
    """Insert what is said of the figures, once all contracts of the scene are in the ledger."""
    entry = select(TurnoverEntry.id).order_by(TurnoverEntry.id).limit(1)
    release = publish_release(
        session,
        OPERATOR,
        region=JIANGYIN,
        kind=ReleaseKind.MONTHLY,
        period="2025-04",
        note=None,
        now=NOW,
    )
    return {
        "entry_id": session.scalars(entry).one(),
        "target_id": session.scalars(select(Target.id).limit(1)).one(),
        "release_id": release.id,
        "file_format": "csv",
        **_reports(session, people),
        **_rankings(session),
    }


def _reports(session: Session, people: People) -> dict[str, Any]:
    university = actor_of(people.seller)
    complete = make_report(session, university, year=2022, status=ReportStatus.DRAFT)
    change_report(
        session,
        university,
        complete.id,
        figures=DECLARED_ONLY,
        explanations={},
        version=complete.version,
        now=NOW,
    )
    return {
        "report_id": make_report(session, university, year=2024).id,
        "report_id-draft": make_report(session, university, year=2023, status=ReportStatus.DRAFT).id,
        "report_id-complete": complete.id,
    }


def _rankings(session: Session) -> dict[str, Any]:
    agency = make_agency(session)
    landed(session, shares={agency: 10_000})

    def draft(year: int, *, now: datetime = NOW) -> Ranking:
        return draft_ranking(session, OPERATOR, region=JIANGYIN, year=year, now=now)

    ranking = publish_ranking(session, OPERATOR, draft(2024).id, now=NOW)
    due = publish_ranking(session, OPERATOR, draft(2022, now=LONG_AGO).id, now=LONG_AGO)
    objection = RankingObjection(ranking_id=ranking.id, agency_id=agency.id, words="漏计", filed_at=NOW)
    session.add(objection)
    session.flush()
    ids = {
        "ranking_id": ranking.id,
        "ranking_id-due": due.id,
        "ranking_id-draft": draft(2023).id,
        "agency_id": agency.id,
        "objection_id": objection.id,
    }
    make_index_books(session)
    return ids
