"""Reading suggestions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, aliased, contains_eager, joinedload

from market.accounts.rules import Actor, Role
from market.db import Page, PageRequest, SortKey, paginate
from market.errors import NotFound, PermissionDenied
from market.listings.models import Achievement, Need
from market.matches.models import Suggestion, SuggestionEvent
from market.matches.rules import OPEN_TO_PARTIES, RELEASED, Side, Status
from market.reference.rules import region_prefix


def _loaded() -> list[Any]:
    return [
        joinedload(Suggestion.need).joinedload(Need.organisation),
        joinedload(Suggestion.achievement).joinedload(Achievement.organisation),
    ]


def side_of(actor: Actor, suggestion: Suggestion) -> Side | None:
    """Return the side the actor's organisation stands on; None if it stands on neither."""
    if actor.organisation_id is None:
        return None
    if actor.organisation_id == suggestion.need.organisation_id:
        return Side.NEED
    if actor.organisation_id == suggestion.achievement.organisation_id:
        return Side.ACHIEVEMENT
    return None


def may_read(actor: Actor, suggestion: Suggestion) -> bool:
    """Tell whether the actor may know of a suggestion."""
    if actor.role is Role.ADMIN or (actor.role is Role.BROKER and actor.verified):
        return True
    return side_of(actor, suggestion) is not None and suggestion.status in OPEN_TO_PARTIES


def get_suggestion(session: Session, actor: Actor, suggestion_id: int, *, lock: bool = False) -> Suggestion:
    """Return a suggestion the actor may know of, with both listings and their owners.

    Args:
        session: open session.
        actor: who is asking.
        suggestion_id: which one.
        lock: read it afresh and lock it, to change it.

    Raises:
        NotFound: there is none, or the actor may not know of it.
    """
    suggestion = session.get(
        Suggestion,
        suggestion_id,
        options=_loaded(),
        populate_existing=lock,
        with_for_update={"of": Suggestion} if lock else None,
    )
    if suggestion is None or not may_read(actor, suggestion):
        raise NotFound("没有找到该匹配建议。", code="suggestion-not-found")
    return suggestion


def list_suggestions(
    session: Session,
    actor: Actor,
    *,
    page: PageRequest,
    status: Status | None = None,
    field: str | None = None,
    region: str | None = None,
    min_score: float | None = None,
    assigned: str | None = None,
    need: int | None = None,
    achievement: int | None = None,
) -> Page[Suggestion]:
    """List suggestions the actor may know of, best first.

    Args:
        session: open session.
        actor: a broker or admin sees all; a party sees its own once recommended.
        page: cursor and limit.
        status: only this state.
        field: only needs of this technical field.
        region: only needs of this region and all inside it.
        min_score: only scores from this on.
        assigned: `me` or `none`; None means whoever it is assigned to.
        need: only this need.
        achievement: only this achievement.

    Raises:
        PermissionDenied: the actor's role sees figures only.
    """
    # Both listings share a table, so each needs a name of its own in the join.
    needs, achievements = aliased(Need, flat=True), aliased(Achievement, flat=True)
    statement = (
        select(Suggestion)
        .join(Suggestion.need.of_type(needs))
        .join(Suggestion.achievement.of_type(achievements))
        .options(
            contains_eager(Suggestion.need.of_type(needs)).joinedload(needs.organisation),
            contains_eager(Suggestion.achievement.of_type(achievements)).joinedload(
                achievements.organisation
            ),
        )
        .where(_visible(actor, needs, achievements))
    )
    if status is not None:
        statement = statement.where(Suggestion.status == status)
    if field is not None:
        statement = statement.where(needs.tech_field == field)
    if region is not None:
        statement = statement.where(needs.region_code.startswith(region_prefix(region)))
    if min_score is not None:
        statement = statement.where(Suggestion.score >= min_score)
    if assigned == "me":
        statement = statement.where(Suggestion.broker_id == actor.user_id)
    elif assigned == "none":
        statement = statement.where(Suggestion.broker_id.is_(None))
    if need is not None:
        statement = statement.where(Suggestion.need_id == need)
    if achievement is not None:
        statement = statement.where(Suggestion.achievement_id == achievement)
    order = [SortKey(Suggestion.score, descending=True), SortKey(Suggestion.id)]
    return paginate(session, statement, order=order, page=page)


def _visible(actor: Actor, needs: type[Need], achievements: type[Achievement]) -> ColumnElement[bool]:
    if actor.role is Role.ADMIN or (actor.role is Role.BROKER and actor.verified):
        return Suggestion.id.is_not(None)
    if actor.role not in {Role.ENTERPRISE, Role.UNIVERSITY}:
        raise PermissionDenied("匹配建议由技术经纪人办理，您只能查看统计数据。", code="role-not-allowed")
    own = or_(
        needs.organisation_id == actor.organisation_id,
        achievements.organisation_id == actor.organisation_id,
    )
    return own & Suggestion.status.in_(OPEN_TO_PARTIES)


def list_events(session: Session, suggestion: Suggestion) -> list[SuggestionEvent]:
    """Return the steps of a suggestion, oldest first."""
    return list(
        session.scalars(
            select(SuggestionEvent)
            .where(SuggestionEvent.suggestion_id == suggestion.id)
            .order_by(SuggestionEvent.id)
        )
    )


def confidential_parts(actor: Actor, suggestion: Suggestion) -> dict[str, Need | Achievement]:
    """Return the listings whose confidential part the actor may read, by side.

    A side reads both once both agreed; a broker reads those of pairs assigned to them.

    Raises:
        PermissionDenied: nothing may be read yet, or by this actor.
    """
    both: dict[str, Need | Achievement] = {"need": suggestion.need, "achievement": suggestion.achievement}
    if actor.role is Role.BROKER and suggestion.broker_id == actor.user_id:
        return both
    if side_of(actor, suggestion) is None:
        raise PermissionDenied("保密部分仅供双方和承办的技术经纪人查看。", code="confidential")
    if suggestion.status not in RELEASED:
        raise PermissionDenied("双方均表示有意后，才能查看对方的保密部分。", code="not-released")
    return both
