"""Reading certificates and lists: to those concerned, and to anyone who holds their code."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, false, select, true
from sqlalchemy.orm import Session, selectinload

from market.accounts.models import Organisation
from market.accounts.rules import Actor, Role
from market.contracts.models import Certificate, RegistrationList, RegistrationListItem
from market.contracts.queries.contracts import get_contract
from market.contracts.rules import APPLICANT_ROLES
from market.contracts.rules.certificates import normal_code
from market.db import Page, PageRequest, SortKey, paginate
from market.errors import NotFound
from market.reference.rules import region_prefix


def find_valid_certificate(session: Session, contract_id: int) -> Certificate | None:
    """Return the certificate of a contract that holds now, if any; there is at most one."""
    return session.scalar(
        select(Certificate).where(Certificate.contract_id == contract_id, Certificate.voided_at.is_(None))
    )


def list_certificates(session: Session, actor: Actor, contract_id: int) -> list[Certificate]:
    """Return all certificates of a contract, oldest first.

    Raises:
        NotFound: there is no such contract, or the actor may not know of it.
    """
    get_contract(session, actor, contract_id)
    return list(
        session.scalars(
            select(Certificate).where(Certificate.contract_id == contract_id).order_by(Certificate.id)
        )
    )


def get_certificate(session: Session, actor: Actor, certificate_id: int) -> Certificate:
    """Return one certificate of a contract that the actor may know of.

    Raises:
        NotFound: there is none, or the actor may not know of its contract.
    """
    certificate = session.get(Certificate, certificate_id)
    if certificate is None:
        raise _no_certificate()
    try:
        get_contract(session, actor, certificate.contract_id)
    except NotFound:  # must look the same as a number that was never given
        raise _no_certificate() from None
    return certificate


def _no_certificate() -> NotFound:
    return NotFound("没有找到该登记证明。", code="certificate-not-found")


def list_registration_lists(
    session: Session, actor: Actor, *, page: PageRequest, valid: bool | None = None
) -> Page[RegistrationList]:
    """List the registration lists the actor may know of, newest first.

    Args:
        session: open session.
        actor: who is asking.
        page: cursor and limit.
        valid: only those that hold, or only those that are void.
    """
    statement = (
        select(RegistrationList).where(_is_visible(actor)).options(selectinload(RegistrationList.items))
    )
    if valid is not None:
        holds = RegistrationList.voided_at.is_(None)
        statement = statement.where(holds if valid else ~holds)
    return paginate(session, statement, order=[SortKey(RegistrationList.id, descending=True)], page=page)


def get_registration_list(
    session: Session, actor: Actor, list_id: int, *, lock: bool = False
) -> RegistrationList:
    """Return one registration list.

    Raises:
        NotFound: there is none, or the actor may not know of it.
    """
    statement = (
        select(RegistrationList)
        .where(RegistrationList.id == list_id, _is_visible(actor))
        .options(selectinload(RegistrationList.items))
    )
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(statement)
    if found is None:
        raise NotFound("没有找到该登记清单。", code="registration-list-not-found")
    return found


def _is_visible(actor: Actor) -> ColumnElement[bool]:
    """The applicant, the station, bureaus over the station, admins."""
    if actor.role is Role.ADMIN:
        return true()
    if not actor.in_office:
        return false()
    if actor.role is Role.REGISTRAR and actor.organisation_id is not None:
        return RegistrationList.station_id == actor.organisation_id
    if actor.role in APPLICANT_ROLES and actor.organisation_id is not None:
        return RegistrationList.applicant_id == actor.organisation_id
    if actor.role is Role.BUREAU and actor.region_code is not None:
        within = Organisation.region_code.startswith(region_prefix(actor.region_code))
        return RegistrationList.station_id.in_(select(Organisation.id).where(within))
    return false()


def find_valid_lists(
    session: Session, contract_ids: Sequence[int], *, lock: bool = False
) -> dict[int, RegistrationList]:
    """Return the valid list that each of these contracts is on, by the contract's id; locked if asked."""
    statement = (
        select(RegistrationListItem.contract_id, RegistrationList)
        .join(RegistrationListItem.registration_list)
        .where(RegistrationListItem.contract_id.in_(contract_ids), RegistrationList.voided_at.is_(None))
    )
    if lock:
        statement = statement.with_for_update(of=RegistrationList).execution_options(populate_existing=True)
    rows = session.execute(statement)
    return {row[0]: row[1] for row in rows}


def get_by_code(session: Session, code: str) -> Certificate | RegistrationList:
    """Return the certificate or list with a verification code, to anyone who has it in hand.

    Args:
        session: open session.
        code: as printed; case, blanks and hyphens do not matter.

    Raises:
        NotFound: `code-unknown`: nothing was handed out under it.
    """
    normal = normal_code(code)
    found: Certificate | RegistrationList | None = None
    if normal is not None:
        found = session.scalar(select(Certificate).where(Certificate.code == normal))
    if normal is not None and found is None:
        found = session.scalar(select(RegistrationList).where(RegistrationList.code == normal))
    if found is not None:
        return found
    raise NotFound("没有查到该验证码对应的登记证明或登记清单，请核对后重新输入。", code="code-unknown")
