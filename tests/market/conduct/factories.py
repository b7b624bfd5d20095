"""Records of the red and black lists in any state, made by the market's own services."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.conduct.models import ConductRecord
from market.conduct.rules import Action, Board, Status
from market.conduct.service import (
    appeal_against,
    check_record,
    decide_record,
    object_to,
    propose_record,
    remove_record,
)
from tests.factories import JIANGYIN, NOW, make_organisation, make_user

NOTICE = timedelta(days=8)
"""From a check at NOW to the day after the fifth working day."""
NOTICE_OVER = NOW + NOTICE
LAST_DAY = date(2026, 6, 10)
AFTER_LAST = NOW + timedelta(days=366)


@dataclass(frozen=True)
class Office:
    """Three people of a bureau: who proposes, who checks and decides, who decides on appeals."""

    proposer: Actor = OPERATOR
    checker: Actor = OPERATOR
    third: Actor = OPERATOR


def make_office(session: Session, region: str = JIANGYIN) -> Office:
    """Insert a bureau with three people."""
    bureau = make_organisation(session, OrganisationKind.BUREAU, region_code=region)
    return Office(*(actor_of(make_user(session, bureau)) for _ in range(3)))


def conduct_form(**values: Any) -> dict[str, Any]:
    """Return the form of a black record without its subject."""
    return {
        "board": Board.BLACK,
        "ground": "black_false_papers",
        "facts": "揭榜申报中的工程业绩系伪造。",
        "evidence": "业主单位来函否认该工程，见核查笔录。",
        "documents": ["澄科核〔2025〕7号核查笔录"],
        "expires_on": LAST_DAY,
        **values,
    }


def red_form(**values: Any) -> dict[str, Any]:
    """Return the form of a red record without its subject."""
    return conduct_form(board=Board.RED, ground="red_results", facts="全年促成技术合同登记五十项。", **values)


def reach(
    session: Session, status: Status, form: dict[str, Any], *, office: Office, start: datetime = NOW
) -> ConductRecord:
    """Take a new record up to a state.

    Args:
        session: open transaction.
        status: the state to reach; what is listed is listed once the notice is over.
        form: of the record.
        office: who takes the steps.
        start: when it is proposed and checked.
    """
    record = propose_record(session, office.proposer, form=form, now=start)
    if status is Status.PROPOSED:
        return record
    check_record(session, office.checker, record.id, passed=True, note=None, now=start)
    if status is Status.OBJECTED:
        object_to(session, office.third, record.id, words="业绩属实。", evidence="书面异议存档", now=start)
    if status in {Status.LISTED, Status.REMOVED}:
        decide_record(session, office.checker, record.id, decision=Action.LIST, note=None, now=start + NOTICE)
    if status is Status.REMOVED:
        remove_record(session, office.checker, record.id, note="已完成整改", now=start + NOTICE)
    assert record.status is status, record.status
    return record


def appealed(session: Session, form: dict[str, Any], *, office: Office, start: datetime) -> ConductRecord:
    """Insert a listed record with an appeal that waits."""
    record = reach(session, Status.LISTED, form, office=office, start=start)
    return appeal_against(
        session, office.third, record.id, words="业绩属实。", evidence="书面申诉存档", now=start + NOTICE
    )
