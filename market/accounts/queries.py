"""Reading organisations, users and tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from market.accounts.models import AccessToken, Organisation, User
from market.accounts.rules import Actor, OrganisationKind, OrganisationStatus, Role, oversees
from market.db import Page, PageRequest, SortKey, get_or_not_found, paginate
from market.errors import NotFound
from market.reference.rules import region_prefix


def get_organisation(session: Session, organisation_id: int) -> Organisation:
    """Return one organisation.

    Raises:
        NotFound: there is none.
    """
    return get_or_not_found(session, Organisation, organisation_id, name="单位")


def find_organisation_by_uscc(session: Session, uscc: str) -> Organisation | None:
    """Return the organisation with this code, if any."""
    return session.scalar(select(Organisation).where(Organisation.uscc == uscc))


def list_organisations(
    session: Session,
    actor: Actor,
    *,
    page: PageRequest,
    kind: OrganisationKind | None = None,
    status: OrganisationStatus | None = None,
    region: str | None = None,
    name: str | None = None,
) -> Page[Organisation]:
    """List organisations by id: verified ones, and others only to their overseers and members.

    Args:
        session: open session.
        actor: who is asking.
        page: cursor and limit.
        kind: only this kind.
        status: only this status.
        region: only this region and all inside it.
        name: only names that contain this.
    """
    statement: Select[tuple[Organisation]] = select(Organisation)
    visible = Organisation.status == OrganisationStatus.VERIFIED
    if actor.role is Role.BUREAU and actor.region_code:
        visible = visible | Organisation.region_code.startswith(region_prefix(actor.region_code))
    if actor.organisation_id is not None:
        visible = visible | (Organisation.id == actor.organisation_id)
    if actor.role is not Role.ADMIN:
        statement = statement.where(visible)
    if kind is not None:
        statement = statement.where(Organisation.kind == kind)
    if status is not None:
        statement = statement.where(Organisation.status == status)
    if region is not None:
        statement = statement.where(Organisation.region_code.startswith(region_prefix(region)))
    if name:
        statement = statement.where(Organisation.name.contains(name, autoescape=True))
    return paginate(session, statement, order=[SortKey(Organisation.id)], page=page)


def sees_contact(actor: Actor, organisation: Organisation) -> bool:
    """Tell whether the actor may read an organisation's contact person."""
    return (
        actor.role is Role.ADMIN
        or actor.organisation_id == organisation.id
        or oversees(actor, organisation.region_code)
    )


def get_user(session: Session, user_id: int) -> User:
    """Return one user.

    Raises:
        NotFound: there is none.
    """
    return get_or_not_found(session, User, user_id, name="用户")


def list_users(
    session: Session, actor: Actor, *, page: PageRequest, organisation: int | None = None
) -> Page[User]:
    """List users by id: an admin sees all, others their own organisation's.

    A bureau also sees the people of the stations in its region, to whom it gives duties.

    Args:
        session: open session.
        actor: who is asking.
        page: cursor and limit.
        organisation: only users of this one.
    """
    statement = select(User)
    if actor.role is not Role.ADMIN:
        seen = User.organisation_id == actor.organisation_id
        if actor.role is Role.BUREAU and actor.verified and actor.region_code is not None:
            stations = select(Organisation.id).where(
                Organisation.kind == OrganisationKind.STATION,
                Organisation.region_code.startswith(region_prefix(actor.region_code)),
            )
            seen = seen | User.organisation_id.in_(stations)
        statement = statement.where(seen)
    if organisation is not None:
        statement = statement.where(User.organisation_id == organisation)
    return paginate(session, statement, order=[SortKey(User.id)], page=page)


def find_user_by_login(session: Session, login: str) -> User | None:
    """Return the user with this login name, if any."""
    return session.scalar(select(User).where(User.login == login))


def find_actor(session: Session, digest: str, *, now: datetime) -> Actor | None:
    """Return who holds a live token with this digest; None if it is unknown, expired or revoked.

    Asked by every request, so it reads five columns instead of two whole rows.
    """
    row = session.execute(
        select(User.id, User.role, User.organisation_id, Organisation.region_code, Organisation.status)
        .join(AccessToken, AccessToken.user_id == User.id)
        .outerjoin(Organisation, Organisation.id == User.organisation_id)
        .where(
            AccessToken.digest == digest,
            AccessToken.revoked_at.is_(None),
            AccessToken.expires_at > now,
            User.active,
        )
    ).first()
    if row is None:
        return None
    return Actor(
        user_id=row.id,
        role=row.role,
        organisation_id=row.organisation_id,
        region_code=row.region_code,
        verified=row.status is OrganisationStatus.VERIFIED,
    )


def actor_of(user: User) -> Actor:
    """Return a user as an actor."""
    organisation = user.organisation
    return Actor(
        user_id=user.id,
        role=user.role,
        organisation_id=user.organisation_id,
        region_code=organisation.region_code if organisation else None,
        verified=organisation is not None and organisation.status is OrganisationStatus.VERIFIED,
    )


def list_tokens(session: Session, actor: Actor) -> list[AccessToken]:
    """Return the actor's own tokens that are not revoked, newest first."""
    return list(
        session.scalars(
            select(AccessToken)
            .where(AccessToken.user_id == actor.user_id, AccessToken.revoked_at.is_(None))
            .order_by(AccessToken.id.desc())
        )
    )


def get_own_token(session: Session, actor: Actor, token_id: int) -> AccessToken:
    """Return one of the actor's own tokens.

    Raises:
        NotFound: there is none of that number, or it is somebody else's.
    """
    token = session.get(AccessToken, token_id)
    if token is None or token.user_id != actor.user_id:
        raise NotFound("没有找到该令牌。", code="token-not-found")
    return token
