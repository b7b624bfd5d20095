"""Agencies, consortia and an edition that the table asks about."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR
from market.libraries.rules import EntryKind, Register
from market.libraries.service.records import add_member, add_recognition, record_evaluation
from tests.factories import NOW
from tests.market.libraries.factories import agency_form, make_filing, publish
from tests.market.permissions.entries import entry_records
from tests.market.permissions.people import People


def register_records(session: Session, people: People) -> dict[str, Any]:
    """Insert them, and return their ids by the names that the lines use.

    What is proposed comes after the editions, since these want everything checked.
    """
    published = make_filing(session, organisation_id=people.home("seller").id)
    level = {"level": "county", "recognised_on": date(2024, 6, 3), "recognised_by": "江阴市科技局"}
    recognition = add_recognition(session, OPERATOR, published.id, form=level, now=NOW)
    year = {"year": 2023, "grade": "good"}
    evaluation = record_evaluation(session, OPERATOR, published.id, form=year, now=NOW)
    edition = publish(session, Register.AGENCIES)
    agencies = entry_records(
        session, people, "agencies", EntryKind.AGENCY, agency_form(title="锡澄技术转移中心")
    )
    founded = {"title": "特钢产业联盟", "category": "alliance", "founded_on": date(2024, 5, 6)}
    consortia = entry_records(
        session, people, "consortia", EntryKind.CONSORTIUM, founded, region_code="320282"
    )
    member = {"name": "暨阳特钢有限公司", "joined_on": date(2024, 5, 6)}
    consortium = add_member(session, OPERATOR, consortia["consortia"], form=member, now=NOW)
    publish(session, Register.CONSORTIA)
    return {
        **agencies,
        "agencies": published.id,
        "entries": published.id,
        "recognition_id": recognition.id,
        "evaluation_id": evaluation.id,
        **consortia,
        "member_id": consortium.members[0].id,
        "edition_id": edition.id,
        "register": "agencies",
    }
