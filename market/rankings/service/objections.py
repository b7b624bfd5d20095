"""Objections of agencies to a published ranking, and what the bureau decides."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor, Role
from market.audit.service import record
from market.clock import china_day
from market.db import get_or_not_found
from market.errors import Conflict, PermissionDenied
from market.rankings.models import Ranking, RankingObjection
from market.rankings.queries.rankings import get_ranking, require_in_charge
from market.rankings.rules import ObjectionStatus, RankingStatus
from market.rankings.service.rankings import draft_ranking, end_ranking, require_status
from market.reference.rules import lies_within


def raise_objection(
    session: Session, actor: Actor, ranking_id: int, *, words: str, now: datetime
) -> RankingObjection:
    """Object to a published ranking.

    Args:
        session: open transaction.
        actor: member of a verified agency that is in the ranking or in its region.
        ranking_id: a published ranking whose time for objections runs.
        words: what is wrong.
        now: present time.

    Raises:
        NotFound: there is no such ranking.
        PermissionDenied: `not-concerned`.
        Conflict: `illegal-transition`, `objections-closed`, or `objection-open` where the agency's
            earlier one is not yet decided.
    """
    ranking = get_ranking(session, actor, ranking_id, lock=True)
    _require_concerned(actor, ranking)
    require_status(ranking, {RankingStatus.PUBLISHED}, deed="提出异议")
    assert ranking.objections_until is not None
    assert actor.organisation_id is not None
    if china_day(now) > ranking.objections_until:
        raise Conflict(f"公示期已于{ranking.objections_until.isoformat()}届满。", code="objections-closed")
    earlier = select(RankingObjection.id).where(
        RankingObjection.ranking_id == ranking.id,
        RankingObjection.agency_id == actor.organisation_id,
        RankingObjection.status == ObjectionStatus.OPEN,
    )
    if session.scalar(earlier) is not None:
        raise Conflict("贵机构已有一项异议待处理。", code="objection-open")
    objection = RankingObjection(
        ranking_id=ranking.id,
        agency_id=actor.organisation_id,
        words=words,
        filed_by=actor.user_id,
        filed_at=now,
    )
    session.add(objection)
    session.flush()  # draws the id that the audit names
    _ = objection.agency  # shown after the session ends
    _audit(session, actor, objection, verb="raise", now=now)
    return objection


def _require_concerned(actor: Actor, ranking: Ranking) -> None:
    placed = any(row.agency_id == actor.organisation_id for row in ranking.rows)
    local = actor.region_code is not None and lies_within(actor.region_code, ranking.region_code)
    if actor.role is not Role.BROKER or not actor.verified or not (placed or local):
        raise PermissionDenied("只有上榜机构和本地区的技术转移机构可以提出异议。", code="not-concerned")


def decide_objection(
    session: Session, actor: Actor, objection_id: int, *, uphold: bool, note: str, now: datetime
) -> RankingObjection:
    """Decide on an objection. One that is upheld withdraws the ranking, and a new draft is counted.

    What is still undecided about a ranking withdrawn meanwhile is answered too, without further effect.

    Args:
        session: open transaction.
        actor: an admin, or a bureau over the ranking's region.
        objection_id: which objection.
        uphold: whether the agency is right.
        note: the grounds, for the agency.
        now: present time.

    Raises:
        NotFound: there is no such objection, or the actor may not know of its ranking.
        PermissionDenied: `not-in-charge`.
        Conflict: `objection-decided`.
    """
    objection = get_or_not_found(session, RankingObjection, objection_id, name="异议")
    ranking = get_ranking(session, actor, objection.ranking_id, lock=True)
    require_in_charge(actor, ranking.region_code)
    session.refresh(objection)  # what it says now that its ranking is locked
    if objection.status is not ObjectionStatus.OPEN:
        raise Conflict("该异议已经处理。", code="objection-decided")
    objection.status = ObjectionStatus.UPHELD if uphold else ObjectionStatus.DISMISSED
    objection.decided_by = actor.user_id
    objection.decided_at = now
    objection.decision_note = note
    _ = objection.agency  # shown after the session ends
    _audit(session, actor, objection, verb=objection.status.value, now=now)
    if uphold and ranking.status is RankingStatus.PUBLISHED:
        end_ranking(session, actor, ranking, reason="因异议成立而撤回，另行统计。", now=now)
        draft_ranking(session, actor, region=ranking.region_code, year=ranking.year, now=now)
    session.flush()
    return objection


def _audit(session: Session, actor: Actor, objection: RankingObjection, *, verb: str, now: datetime) -> None:
    record(
        session,
        actor.user_id,
        action=f"ranking_objection.{verb}",
        entity="ranking_objection",
        entity_id=objection.id,
        now=now,
        details={"ranking_id": objection.ranking_id, "agency_id": objection.agency_id},
    )
