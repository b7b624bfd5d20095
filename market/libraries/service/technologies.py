"""Key technologies: how far they are, and the needs they stand for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.clock import china_day
from market.errors import Conflict, NotFound, PermissionDenied, violation
from market.libraries.models import KeyTechnology, RegisterEntry, TechnologyNeed
from market.libraries.queries.entries import get_entry, is_checker
from market.libraries.rules import EntryAction, EntryStatus
from market.libraries.rules.technologies import PROGRESS_STEPS, SOLVED
from market.libraries.service.entries import record_with
from market.libraries.service.steps import require_right
from market.listings.models import Need
from market.listings.rules import PUBLIC
from market.reference.queries import check_codes, code_names
from market.reference.rules import Scheme
from market.search.documents import Encoder


def record_progress(
    session: Session,
    actor: Actor,
    technology_id: int,
    *,
    progress: str,
    note: str | None,
    encoder: Encoder,
    now: datetime,
) -> KeyTechnology:
    """Record how far a technology is, as the bureau of its region; see `set_progress`.

    Raises:
        NotFound: no such technology.
        PermissionDenied: another region's bureau.
    """
    technology = get_entry(session, actor, KeyTechnology, technology_id, lock=True)
    if not is_checker(actor, technology):
        raise PermissionDenied("攻关进展由所在地主管部门记录。", code="role-not-allowed")
    return set_progress(session, actor, technology, progress=progress, note=note, encoder=encoder, now=now)


def set_progress(
    session: Session,
    actor: Actor,
    technology: KeyTechnology,
    *,
    progress: str,
    note: str | None = None,
    encoder: Encoder,
    now: datetime,
) -> KeyTechnology:
    """Set how far a technology is. The caller has seen to it that the actor may decide that.

    Args:
        session: open transaction.
        actor: who decides.
        technology: is read afresh and locked.
        progress: code of scheme `technology_progress`; `solved` sets the day too.
        note: words that go with it.
        encoder: makes the vector.
        now: present time.

    Raises:
        Conflict: it is not listed, or the progress does not follow the present one.
        RuleViolation: no such code.
    """
    session.refresh(technology, with_for_update={"of": [RegisterEntry, KeyTechnology]})
    check_codes(session, [("/progress", Scheme.TECHNOLOGY_PROGRESS, progress)])
    if technology.status is not EntryStatus.LISTED:
        raise Conflict("该攻关技术不在列，不能记录进展。", code="technology-not-listed")
    names = code_names(session, Scheme.TECHNOLOGY_PROGRESS)
    if progress not in PROGRESS_STEPS[technology.progress]:
        raise Conflict(
            f"该攻关技术现为“{names[technology.progress]}”，不能改为“{names[progress]}”。",
            code="illegal-progress",
        )
    technology.progress = progress
    technology.solved_on = china_day(now) if progress == SOLVED else None
    words = f"攻关进展：{names[progress]}" + (f"，{note}" if note else "")
    record_with(session, actor, technology, note=words, encoder=encoder, now=now)
    return technology


def link_need(
    session: Session, actor: Actor, technology_id: int, *, need_id: int, now: datetime
) -> KeyTechnology:
    """Link a published need to the technology it asks for.

    Raises:
        NotFound: no such technology.
        PermissionDenied: neither keeper nor bureau.
        Conflict: they are linked already.
        RuleViolation: there is no such need, or it is not published.
    """
    technology = get_entry(session, actor, KeyTechnology, technology_id, lock=True)
    require_right(actor, technology, EntryAction.NOTE)
    if any(one.need_id == need_id for one in technology.needs):
        raise Conflict("该需求已经关联。", code="need-linked")
    need = session.scalar(select(Need).where(Need.id == need_id, Need.status.in_(PUBLIC)))
    if need is None:
        raise violation("/need_id", "need-not-published", "没有找到该需求，或该需求未发布。")
    technology.needs.append(TechnologyNeed(need=need, linked_at=now))
    record_with(session, actor, technology, note=f"关联需求{need.id}", encoder=None, now=now)
    return technology


def unlink_need(
    session: Session, actor: Actor, technology_id: int, *, need_id: int, now: datetime
) -> KeyTechnology:
    """Take the link between a need and a technology away.

    Raises:
        NotFound: no such technology, or no such link.
        PermissionDenied: neither keeper nor bureau.
    """
    technology = get_entry(session, actor, KeyTechnology, technology_id, lock=True)
    require_right(actor, technology, EntryAction.NOTE)
    link = next((one for one in technology.needs if one.need_id == need_id), None)
    if link is None:
        raise NotFound("该需求没有关联到此项技术。", code="link-not-found")
    technology.needs.remove(link)
    record_with(session, actor, technology, note=f"取消关联需求{need_id}", encoder=None, now=now)
    return technology
