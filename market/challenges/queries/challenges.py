"""Reading challenges: who may know of one, lists, steps, and the rules in force."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, joinedload

from market.accounts.rules import Actor, Role, oversees
from market.canonical import digest_of
from market.challenges.models import (
    AnnexAgreement,
    Award,
    Bid,
    Challenge,
    ChallengeEvent,
    ChallengeRuleSet,
    PanelSeat,
)
from market.challenges.rules import SEATED, UNSEALING, USUAL_RULES, Action, DemandRules, Mode, Status
from market.db import Page, PageRequest, SortKey, paginate
from market.errors import NotFound, PermissionDenied
from market.libraries.models import Talent
from market.reference.rules import lies_within, region_prefix


def is_bureau(actor: Actor | None, challenge: Challenge) -> bool:
    """Tell whether the actor is of the bureau of the challenge's region, or an admin."""
    return actor is not None and (actor.role is Role.ADMIN or oversees(actor, challenge.region_code))


def is_owner(actor: Actor | None, challenge: Challenge) -> bool:
    """Tell whether the actor belongs to the demand side."""
    return actor is not None and actor.organisation_id == challenge.organisation_id


def may_read(actor: Actor | None, challenge: Challenge) -> bool:
    """Tell whether the actor may know of a challenge: anyone once it stood on a published list."""
    return challenge.edition_id is not None or is_owner(actor, challenge) or is_bureau(actor, challenge)


def get_challenge(
    session: Session, actor: Actor | None, challenge_id: int, *, lock: bool = False
) -> Challenge:
    """Return a challenge the actor may know of.

    Args:
        session: open session.
        actor: who is asking; None for anyone.
        challenge_id: its id.
        lock: read it afresh and lock it, to take a step.

    Raises:
        NotFound: there is none, or the actor may not know of it.
    """
    challenge = session.get(
        Challenge, challenge_id, options=[joinedload(Challenge.organisation), joinedload(Challenge.invited)],
        populate_existing=lock, with_for_update={"of": Challenge} if lock else None,
    )  # fmt: skip
    if challenge is None or not may_read(actor, challenge):
        raise NotFound("没有找到该榜单项目。", code="challenge-not-found")
    return challenge


def steps_taken(session: Session, challenge_id: int) -> frozenset[Action]:
    """Return which of the steps after which more is read were taken; see `UNSEALING`."""
    found = select(ChallengeEvent.action).where(
        ChallengeEvent.challenge_id == challenge_id, ChallengeEvent.action.in_(UNSEALING)
    )
    return frozenset(session.scalars(found))


def list_challenges(
    session: Session,
    actor: Actor | None,
    *,
    page: PageRequest,
    mine: bool = False,
    status: Status | None = None,
    mode: Mode | None = None,
    region: str | None = None,
    field: str | None = None,
    need_id: int | None = None,
    technology_id: int | None = None,
    number: str | None = None,
    project_id: int | None = None,
    key: bool | None = None,
    awarded_since: date | None = None,
    awarded_until: date | None = None,
) -> Page[Challenge]:
    """List challenges the actor may know of, newest first.

    Args:
        session: open session.
        actor: who is asking; None for anyone.
        page: cursor and limit.
        mine: only those the actor's unit asked for or bids for, or on whose panel the actor sits.
        status: only this state.
        mode: only this mode.
        region: only this region and all inside it.
        field: only this technical field.
        need_id: only of this need.
        technology_id: only of this key technology.
        number: only the one that bears this number on its list.
        project_id: only the one an award of which opened this project.
        key: only key ones (重点), or only others; what has not been screened is none yet.
        awarded_since: only those whose first award was made on this day or later.
        awarded_until: the same, on this day or earlier.
    """
    statement: Select[Any] = (
        select(Challenge)
        .options(joinedload(Challenge.organisation), joinedload(Challenge.invited))
        .where(_readable(actor))
    )
    wanted = {
        Challenge.status: status,
        Challenge.mode: mode,
        Challenge.tech_field: field,
        Challenge.need_id: need_id,
        Challenge.technology_id: technology_id,
        Challenge.number: number,
    }
    for column, value in wanted.items():
        if value is not None:
            statement = statement.where(column == value)
    if project_id is not None:
        awards = select(Award.challenge_id).where(Award.project_id == project_id)
        statement = statement.where(Challenge.id.in_(awards))
    if region is not None:
        statement = statement.where(Challenge.region_code.startswith(region_prefix(region)))
    if key is not None:
        decided = Challenge.key & Challenge.status.not_in({Status.COLLECTED, Status.DROPPED})
        statement = statement.where(decided if key else ~decided)
    if awarded_since is not None or awarded_until is not None:
        statement = statement.where(Challenge.id.in_(_awarded(awarded_since, awarded_until)))
    if mine:
        statement = statement.where(_mine(actor))
    return paginate(session, statement, order=[SortKey(Challenge.id, descending=True)], page=page)


def _awarded(since: date | None, until: date | None) -> Select[int]:
    first = func.min(Award.awarded_on)
    found = select(Award.challenge_id).group_by(Award.challenge_id)
    if since is not None:
        found = found.having(first >= since)
    return found if until is None else found.having(first <= until)


def _readable(actor: Actor | None) -> ColumnElement[bool]:
    public = Challenge.edition_id.is_not(None)
    if actor is None:
        return public
    if actor.role is Role.ADMIN:
        return Challenge.id.is_not(None)
    alternatives: list[ColumnElement[bool]] = [public]
    if actor.organisation_id is not None:
        alternatives.append(Challenge.organisation_id == actor.organisation_id)
    if actor.role is Role.BUREAU and actor.in_office and actor.region_code is not None:
        alternatives.append(Challenge.region_code.startswith(region_prefix(actor.region_code)))
    return or_(*alternatives)


def _mine(actor: Actor | None) -> ColumnElement[bool]:
    if actor is None:
        return Challenge.id.is_(None)
    seats = (
        select(PanelSeat.challenge_id)
        .join(Talent, Talent.id == PanelSeat.talent_id)
        .where(Talent.user_id == actor.user_id, PanelSeat.status.in_(SEATED))
    )
    bids = select(Bid.challenge_id).where(Bid.organisation_id == actor.organisation_id)
    return or_(
        Challenge.organisation_id == actor.organisation_id, Challenge.id.in_(bids), Challenge.id.in_(seats)
    )


def require_office(actor: Actor | None, challenge: Challenge) -> None:
    """Refuse whoever is not of the bureau in charge.

    Raises:
        PermissionDenied: `role-not-allowed`.
    """
    if not is_bureau(actor, challenge):
        raise PermissionDenied("只有榜单项目所在地的主管部门可以办理或查看。", code="role-not-allowed")


def list_events(session: Session, actor: Actor, challenge: Challenge) -> list[ChallengeEvent]:
    """Return the steps of a challenge, its bids and awards, oldest first; for the bureau.

    Raises:
        PermissionDenied: the actor is somebody else.
    """
    require_office(actor, challenge)
    return list(
        session.scalars(
            select(ChallengeEvent)
            .where(ChallengeEvent.challenge_id == challenge.id)
            .order_by(ChallengeEvent.id)
        )
    )


def terms_digest(challenge: Challenge) -> str | None:
    """Return the digest of the terms on which the annex may be read; None where there is no annex."""
    if challenge.annex is None or challenge.annex_terms is None:
        return None
    return digest_of({"challenge": challenge.id, "terms": challenge.annex_terms})


def has_agreed(session: Session, actor: Actor | None, challenge: Challenge) -> bool:
    """Tell whether the actor's unit agreed to the terms as they stand."""
    if actor is None or actor.organisation_id is None:
        return False
    found = select(AnnexAgreement.id).where(
        AnnexAgreement.challenge_id == challenge.id,
        AnnexAgreement.organisation_id == actor.organisation_id,
        AnnexAgreement.terms_digest == terms_digest(challenge),
    )
    return session.scalar(found) is not None


def list_agreements(session: Session, actor: Actor, challenge: Challenge) -> list[AnnexAgreement]:
    """Return who agreed to the terms of the annex, oldest first; for the demand side and the bureau.

    Raises:
        PermissionDenied: the actor is somebody else.
    """
    if not is_owner(actor, challenge):
        require_office(actor, challenge)
    return list(
        session.scalars(
            select(AnnexAgreement)
            .options(joinedload(AnnexAgreement.organisation))
            .where(AnnexAgreement.challenge_id == challenge.id)
            .order_by(AnnexAgreement.id)
        )
    )


def list_rule_sets(session: Session) -> list[ChallengeRuleSet]:
    """Return all rule sets that were recorded, newest first."""
    return list(
        session.scalars(
            select(ChallengeRuleSet).order_by(
                ChallengeRuleSet.in_force_from.desc(), ChallengeRuleSet.version.desc()
            )
        )
    )


def rules_on(session: Session, region_code: str, *, day: date) -> DemandRules:
    """Return the rules of a region on a day: the narrowest region's newest ones, or the usual ones."""
    fitting = [
        row
        for row in list_rule_sets(session)
        if row.in_force_from <= day and (row.region_code is None or lies_within(region_code, row.region_code))
    ]
    best = max(
        fitting,
        key=lambda row: (
            len(region_prefix(row.region_code)) if row.region_code is not None else -1,
            row.in_force_from,
            row.version,
        ),
        default=None,
    )
    return best.rules if best is not None else USUAL_RULES
