"""Versions of the ranking weights: which there are, and which one is active.

The database decides. While it names no version, every process ranks by the weights that come with the
program, also after an upgrade; from the first version on, an upgrade changes nothing until somebody
activates the new ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market.accounts.rules import Actor, Role
from market.audit.service import record
from market.errors import Conflict, NotFound, PermissionDenied
from market.matches import queries
from market.matches.models import RankingWeights
from market.matches.rules import WeightsSource
from market.search.documents import Weights

log = structlog.get_logger()


def current_weights(session: Session) -> Weights:
    """Return the weights the market ranks by."""
    return queries.active_weights(session) or Weights.load()


def list_versions(session: Session) -> list[RankingWeights]:
    """Return all versions, oldest first.

    The shipped weights are among them before they are recorded, and are the active ones while nothing is.
    """
    rows = list(session.scalars(select(RankingWeights).order_by(RankingWeights.id)))
    shipped = Weights.load()
    if all(row.version != shipped.version for row in rows):
        rows.append(_shipped_row(shipped, active=not rows, now=None))
    return rows


def record_learned(
    session: Session,
    actor: Actor,
    weights: Weights,
    *,
    prior: str,
    promote: bool,
    examples: Mapping[str, Any],
    figures: Mapping[str, Any],
    note: str,
    now: datetime,
) -> RankingWeights:
    """Keep weights that were learned, under the next free version `learned-N`.

    Args:
        session: open transaction.
        actor: an admin or the operator.
        weights: their version is replaced.
        prior: version they were drawn towards and compared with.
        promote: make them the active ones.
        examples: counts of decisions.
        figures: how well they did on decisions held out.
        note: why they were promoted or not, in Chinese.
        now: present time.

    Raises:
        PermissionDenied: the actor is no admin.
        Conflict: `prior` is not active any more, so the comparison says nothing of what is.
    """
    _require_admin(actor)
    active = _hold(session, actor, now=now)
    if active.version != prior:
        raise Conflict(
            f"学习期间现用权重已由{prior}改为{active.version}，请重新运行。", code="weights-changed"
        )
    learned = select(func.count()).where(RankingWeights.source == WeightsSource.LEARNED)
    weights = replace(weights, version=f"learned-{(session.scalar(learned) or 0) + 1}")
    row = RankingWeights(
        version=weights.version,
        weights=weights.to_json(),
        source=WeightsSource.LEARNED,
        examples=dict(examples),
        figures=dict(figures),
        note=note,
        created_at=now,
    )
    _add(session, actor, row, now=now)
    if promote:
        _activate(session, actor, row, before=active, now=now)
    return row


def activate(session: Session, actor: Actor, version: str, *, now: datetime) -> RankingWeights:
    """Make a version the active one, an earlier or a later one.

    Raises:
        PermissionDenied: the actor is no admin.
        NotFound: there is no such version.
        Conflict: it is active already.
    """
    _require_admin(actor)
    active = _hold(session, actor, now=now)
    row = session.scalar(select(RankingWeights).where(RankingWeights.version == version))
    if row is None:
        raise NotFound(f"没有权重版本“{version}”。", code="weights-not-found")
    if row.active:
        raise Conflict(f"权重{version}已在使用。", code="weights-active")
    _activate(session, actor, row, before=active, now=now)
    return row


def _require_admin(actor: Actor) -> None:
    if actor.role is not Role.ADMIN:
        raise PermissionDenied("只有管理员可以更换权重。", code="role-not-allowed")


def _hold(session: Session, actor: Actor, *, now: datetime) -> RankingWeights:
    """Wait until nobody else changes the versions, record the shipped one, and return the active one."""
    shipped = Weights.load()
    if session.scalar(select(RankingWeights.id).where(RankingWeights.version == shipped.version)) is None:
        _record_shipped(session, actor, shipped, now=now)
    # The oldest row is the lock. What others did while we waited is only seen by a second statement.
    session.execute(select(RankingWeights.id).order_by(RankingWeights.id).limit(1).with_for_update())
    everything = select(RankingWeights).execution_options(populate_existing=True)
    return next(row for row in session.scalars(everything) if row.active)


def _record_shipped(session: Session, actor: Actor, shipped: Weights, *, now: datetime) -> None:
    first = session.scalar(select(RankingWeights.id).limit(1)) is None
    try:
        with session.begin_nested():
            _add(session, actor, _shipped_row(shipped, active=first, now=now), now=now)
    except IntegrityError:
        log.info("weights.lost_race")  # somebody else was the first; their row does as well


def _shipped_row(shipped: Weights, *, active: bool, now: datetime | None) -> RankingWeights:
    return RankingWeights(
        version=shipped.version,
        weights=shipped.to_json(),
        source=WeightsSource.SHIPPED,
        examples={},
        figures={},
        active=active,
        promoted_at=now if active else None,
        created_at=now,
    )


def _add(session: Session, actor: Actor, row: RankingWeights, *, now: datetime) -> None:
    session.add(row)
    session.flush()
    _audit(session, actor, row, "record", {"version": row.version, "active": row.active}, now=now)


def _activate(
    session: Session, actor: Actor, row: RankingWeights, *, before: RankingWeights, now: datetime
) -> None:
    before.active = False
    session.flush()  # first, as there is never more than one
    row.active, row.promoted_at = True, now
    session.flush()
    _audit(session, actor, row, "activate", {"from": before.version, "to": row.version}, now=now)


def _audit(
    session: Session, actor: Actor, row: RankingWeights, verb: str, details: dict[str, Any], *, now: datetime
) -> None:
    record(
        session,
        actor.user_id,
        action=f"ranking_weights.{verb}",
        entity="ranking_weights",
        entity_id=row.id,
        now=now,
        details=details,
    )
