"""A ranking's way: drafted, recounted, published for objections, final or withdrawn."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.audit.service import record
from market.clock import china_day
from market.errors import Conflict, violation
from market.rankings.models import Ranking, RankingObjection, RankingRow
from market.rankings.queries.counting import count_standings
from market.rankings.queries.rankings import differences, get_ranking, require_in_charge
from market.rankings.rules import (
    OBJECTION_DAYS,
    RANKING_STATUS_NAMES,
    ObjectionStatus,
    RankingStatus,
    places,
)
from market.reference.queries import check_region, is_workday
from market.reference.rules import working_days_after


def draft_ranking(session: Session, actor: Actor, *, region: str, year: int, now: datetime) -> Ranking:
    """Draw up the ranking of a region's year from what is known now.

    Args:
        session: open transaction.
        actor: an admin, or a bureau over the region.
        region: GB/T 2260 code.
        year: this year or an earlier one.
        now: present time.

    Raises:
        PermissionDenied: `not-in-charge`.
        RuleViolation: `unknown-code` or `year-in-future`.
        Conflict: `ranking-exists`; one ranking of a region and year stands at a time.
    """
    check_region(session, region, pointer="/region")
    require_in_charge(actor, region)
    if year > china_day(now).year:
        raise violation("/year", "year-in-future", "不能统计未来年度的排名。")
    standing = select(Ranking.id).where(
        Ranking.region_code == region, Ranking.year == year, Ranking.status != RankingStatus.WITHDRAWN
    )
    if session.scalar(standing) is not None:
        raise Conflict(f"该地区{year}年的排名已经存在。", code="ranking-exists")
    ranking = Ranking(region_code=region, year=year, known_at=now, created_by=actor.user_id, created_at=now)
    session.add(ranking)
    session.flush()  # its rows need its id
    _count(session, ranking, now=now)
    audit_ranking(session, actor, ranking, verb="draft", now=now)
    return get_ranking(session, actor, ranking.id, lock=True)


def recount_ranking(session: Session, actor: Actor, ranking_id: int, *, now: datetime) -> Ranking:
    """Count a draft anew from what is known now.

    Raises:
        NotFound, PermissionDenied, Conflict: see `open_ranking`.
    """
    ranking = open_ranking(session, actor, ranking_id, {RankingStatus.DRAFT}, deed="重新统计")
    _count(session, ranking, now=now)
    audit_ranking(session, actor, ranking, verb="recount", now=now)
    return get_ranking(session, actor, ranking.id, lock=True)


def publish_ranking(session: Session, actor: Actor, ranking_id: int, *, now: datetime) -> Ranking:
    """Publish a draft as it stands; from now on objections may be raised.

    Raises:
        NotFound, PermissionDenied, Conflict: see `open_ranking`; `year-not-over` where the draft was
            counted before the year had ended.
    """
    ranking = open_ranking(session, actor, ranking_id, {RankingStatus.DRAFT}, deed="公示")
    if china_day(ranking.known_at) <= date(ranking.year, 12, 31):
        raise Conflict("草稿统计时年度尚未结束，请在年度结束后重新统计再公示。", code="year-not-over")
    ranking.status = RankingStatus.PUBLISHED
    ranking.published_on = china_day(now)
    ranking.objections_until = working_days_after(
        ranking.published_on, OBJECTION_DAYS, is_workday=is_workday(session)
    )
    audit_ranking(session, actor, ranking, verb="publish", now=now)
    session.flush()  # a lost race stops here
    return ranking


def finalise_ranking(
    session: Session, actor: Actor, ranking_id: int, *, keep_published: bool, now: datetime
) -> Ranking:
    """Make a published ranking final: it never changes again.

    Args:
        session: open transaction.
        actor: an admin, or a bureau over the region.
        ranking_id: a published ranking.
        keep_published: keep the published figures although a count of today would differ.
        now: present time.

    Raises:
        NotFound, PermissionDenied, Conflict: see `open_ranking`; `objections-open` while the time for
            objections runs or one is undecided; `figures-changed` where a count of today differs.
    """
    ranking = open_ranking(session, actor, ranking_id, {RankingStatus.PUBLISHED}, deed="定稿")
    assert ranking.objections_until is not None
    if china_day(now) <= ranking.objections_until:
        raise Conflict(
            f"公示期至{ranking.objections_until.isoformat()}，期满才能定稿。", code="objections-open"
        )
    undecided = select(RankingObjection.id).where(
        RankingObjection.ranking_id == ranking.id, RankingObjection.status == ObjectionStatus.OPEN
    )
    if session.scalar(undecided.limit(1)) is not None:
        raise Conflict("还有异议没有处理，不能定稿。", code="objections-open")
    changed = differences(session, ranking, now=now)
    if changed and not keep_published:
        raise Conflict(
            f"公示之后有{len(changed)}家机构的数字已变，请撤回后重新统计，或确认仍按公示数定稿。",
            code="figures-changed",
        )
    ranking.status = RankingStatus.FINAL
    ranking.final_on = china_day(now)
    audit_ranking(session, actor, ranking, verb="finalise", now=now, details={"changed": len(changed)})
    session.flush()  # a lost race stops here
    return ranking


def withdraw_ranking(
    session: Session, actor: Actor, ranking_id: int, *, reason: str, now: datetime
) -> Ranking:
    """Withdraw a draft or published ranking, so that another may be drawn up; a final one stands.

    Raises:
        NotFound, PermissionDenied, Conflict: see `open_ranking`.
    """
    ranking = open_ranking(
        session, actor, ranking_id, {RankingStatus.DRAFT, RankingStatus.PUBLISHED}, deed="撤回"
    )
    end_ranking(session, actor, ranking, reason=reason, now=now)
    return ranking


def open_ranking(
    session: Session, actor: Actor, ranking_id: int, sources: set[RankingStatus], *, deed: str
) -> Ranking:
    """Return a ranking, locked, if this actor may do this with it now.

    Raises:
        NotFound: there is none, or the actor may not know of it.
        PermissionDenied: `not-in-charge`.
        Conflict: `illegal-transition`: it is not in one of these states.
    """
    ranking = get_ranking(session, actor, ranking_id, lock=True)
    require_in_charge(actor, ranking.region_code)
    require_status(ranking, sources, deed=deed)
    return ranking


def require_status(ranking: Ranking, sources: set[RankingStatus], *, deed: str) -> None:
    """Refuse what cannot be done with a ranking in its present state.

    Raises:
        Conflict: `illegal-transition`.
    """
    if ranking.status not in sources:
        state = RANKING_STATUS_NAMES[ranking.status]
        raise Conflict(f"该排名现为“{state}”，不能{deed}。", code="illegal-transition")


def end_ranking(session: Session, actor: Actor, ranking: Ranking, *, reason: str, now: datetime) -> None:
    """Withdraw a ranking; the caller has checked that it may be."""
    ranking.status = RankingStatus.WITHDRAWN
    ranking.note = reason
    audit_ranking(session, actor, ranking, verb="withdraw", now=now)
    session.flush()  # a lost race stops here


def audit_ranking(
    session: Session,
    actor: Actor,
    ranking: Ranking,
    *,
    verb: str,
    now: datetime,
    details: dict[str, Any] | None = None,
) -> None:
    """Write the audit record of a step with a ranking."""
    record(
        session,
        actor.user_id,
        action=f"ranking.{verb}",
        entity="ranking",
        entity_id=ranking.id,
        now=now,
        details={"region": ranking.region_code, "year": ranking.year, **(details or {})},
    )


def _count(session: Session, ranking: Ranking, *, now: datetime) -> None:
    """Put the count of this moment in place of a draft's rows."""
    session.execute(delete(RankingRow).where(RankingRow.ranking_id == ranking.id))
    session.expire(ranking, ["rows"])
    ranking.known_at = now
    found = count_standings(session, region_code=ranking.region_code, year=ranking.year, known_at=now)
    for place in places(found):
        row = place.standing
        session.add(
            RankingRow(
                ranking_id=ranking.id,
                agency_id=row.agency_id,
                position=place.position,
                rank_by_deals=place.rank_by_deals,
                rank_by_amount=place.rank_by_amount,
                deals=row.deals,
                deals_share_bp=row.deals_share_bp,
                total_fen=row.total_fen,
                tech_fen=row.tech_fen,
            )
        )
    session.flush()  # a lost race stops here
