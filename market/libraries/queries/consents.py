"""Who may speak for a person of the talent pool, and what the person agreed to."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.errors import PermissionDenied
from market.libraries.models import Talent, TalentConsent
from market.libraries.queries.entries import get_entry, is_about, is_checker, sees_internal


def is_own_unit(actor: Actor, talent: Talent) -> bool:
    """Tell whether the actor belongs to the unit of the person."""
    return actor.organisation_id is not None and actor.organisation_id == talent.organisation_id


def speaks_for(actor: Actor, talent: Talent) -> bool:
    """Tell whether the actor may say what a person agrees to: the person, the unit, the bureau.

    Whoever merely proposed the record may not.
    """
    return is_about(actor, talent) or is_own_unit(actor, talent) or is_checker(actor, talent)


def list_consents(session: Session, actor: Actor, talent_id: int) -> list[TalentConsent]:
    """Return the consents of a person, ended ones too, oldest first.

    Raises:
        NotFound: there is none, or the actor may not know of the person.
        PermissionDenied: the actor sees the public part only.
    """
    talent = get_entry(session, actor, Talent, talent_id)
    if not sees_internal(actor, talent):
        raise PermissionDenied(
            "只有本人、提出单位、所属单位和所在地主管部门可以查看同意记录。", code="role-not-allowed"
        )
    return list(
        session.scalars(
            select(TalentConsent).where(TalentConsent.talent_id == talent.id).order_by(TalentConsent.id)
        )
    )
