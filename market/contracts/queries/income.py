"""Reading verifications of technical income, and their sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Integer, case, cast, extract, false, func, or_, select, true
from sqlalchemy.orm import Session, aliased, contains_eager

from market.accounts.models import Organisation
from market.accounts.rules import Actor, Role
from market.contracts.models import Contract, ContractDocument, ContractParty, IncomeVerification
from market.contracts.queries.contracts import Names, describe
from market.contracts.rules import APPLICANT_ROLES, IncomeStatus, Side
from market.contracts.rules.income import OPEN_INCOME
from market.db import Page, PageRequest, SortKey, paginate
from market.errors import Conflict, NotFound, PermissionDenied
from market.reference.rules import region_prefix


@dataclass(frozen=True, slots=True)
class IncomeSum:
    """What was verified of the money received in one quarter, in fen; a period counts where it ends."""

    year: int
    quarter: int
    count: int
    received_fen: int
    deducted_fen: int
    income_fen: int
    bonus_fen: int


def get_income_verification(session: Session, actor: Actor, verification_id: int) -> IncomeVerification:
    """Return one verification, with its contract.

    Raises:
        NotFound: there is none, or the actor may not know of it.
    """
    found = session.scalar(
        select(IncomeVerification)
        .join(IncomeVerification.contract)
        .options(contains_eager(IncomeVerification.contract))
        .where(IncomeVerification.id == verification_id, _is_visible(actor))
    )
    if found is None:
        raise NotFound("没有找到该技术性收入核定申请。", code="income-verification-not-found")
    return found


def list_income_verifications(
    session: Session,
    actor: Actor,
    *,
    page: PageRequest,
    contract_id: int | None = None,
    status: IncomeStatus | None = None,
    received_from: date | None = None,
    received_to: date | None = None,
) -> Page[IncomeVerification]:
    """List the verifications the actor may know of, newest first.

    Args:
        session: open session.
        actor: who is asking.
        page: cursor and limit.
        contract_id: only of this contract.
        status: only in this state.
        received_from: only periods that end on this day or later.
        received_to: only periods that end on this day or earlier.
    """
    statement = (
        select(IncomeVerification)
        .join(IncomeVerification.contract)
        .options(contains_eager(IncomeVerification.contract))
        .where(_is_visible(actor), *_ending_within(received_from, received_to))
    )
    if contract_id is not None:
        statement = statement.where(IncomeVerification.contract_id == contract_id)
    if status is not None:
        statement = statement.where(IncomeVerification.status == status)
    return paginate(session, statement, order=[SortKey(IncomeVerification.id, descending=True)], page=page)


def sum_income(
    session: Session, actor: Actor, *, received_from: date | None = None, received_to: date | None = None
) -> list[IncomeSum]:
    """Return the verified income of the actor's area by quarter, oldest first.

    Args:
        session: open session.
        actor: a bureau (its region), a registrar (the own station) or an admin (all).
        received_from: only periods that end on this day or later.
        received_to: only periods that end on this day or earlier.

    Raises:
        PermissionDenied: these figures are not for the actor.
    """
    if actor.role not in {Role.BUREAU, Role.REGISTRAR, Role.ADMIN}:
        raise PermissionDenied("只有登记机构和主管部门可以查看核定汇总。")
    ends = IncomeVerification.received_to
    year = cast(extract("year", ends), Integer)
    month = cast(extract("month", ends), Integer)
    quarter = case((month <= 3, 1), (month <= 6, 2), (month <= 9, 3), else_=4)
    rows = session.execute(
        select(
            year,
            quarter,
            func.count(),
            *(
                cast(func.sum(func.coalesce(column, 0)), IncomeVerification.income_fen.type)
                for column in (
                    IncomeVerification.received_fen,
                    IncomeVerification.deducted_fen,
                    IncomeVerification.income_fen,
                    IncomeVerification.bonus_fen,
                )
            ),
        )
        .select_from(IncomeVerification)
        .join(IncomeVerification.contract)
        .where(
            _is_visible(actor),
            IncomeVerification.status == IncomeStatus.VERIFIED,
            *_ending_within(received_from, received_to),
        )
        .group_by(year, quarter)
        .order_by(year, quarter)
    )
    return [IncomeSum(*row) for row in rows]


def find_verified(session: Session, contract_id: int) -> Sequence[IncomeVerification]:
    """Return the verified ones of a contract, oldest period first."""
    return session.scalars(
        select(IncomeVerification)
        .where(
            IncomeVerification.contract_id == contract_id, IncomeVerification.status == IncomeStatus.VERIFIED
        )
        .order_by(IncomeVerification.received_from)
    ).all()


def find_open(session: Session, contract_id: int) -> Sequence[IncomeVerification]:
    """Return those of a contract that await an answer."""
    return session.scalars(
        select(IncomeVerification).where(
            IncomeVerification.contract_id == contract_id, IncomeVerification.status.in_(OPEN_INCOME)
        )
    ).all()


def has_papers(session: Session, verification_id: int) -> bool:
    """Tell whether anything was handed in to prove the receipts."""
    return (
        session.scalar(
            select(ContractDocument.id)
            .where(
                ContractDocument.income_verification_id == verification_id,
                ContractDocument.withdrawn_at.is_(None),
            )
            .limit(1)
        )
        is not None
    )


def _ending_within(first: date | None, last: date | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if first is not None:
        found.append(IncomeVerification.received_to >= first)
    if last is not None:
        found.append(IncomeVerification.received_to <= last)
    return found


def _is_visible(actor: Actor) -> ColumnElement[bool]:
    """The applicant, the station, bureaus over the station, admins; the other party learns nothing."""
    if actor.role is Role.ADMIN:
        return true()
    if not actor.in_office:
        return false()
    if actor.organisation_id is not None and actor.role is Role.REGISTRAR:
        return Contract.station_id == actor.organisation_id
    if actor.organisation_id is not None and actor.role in APPLICANT_ROLES:
        party = aliased(ContractParty)
        own = select(party.id).where(party.organisation_id == actor.organisation_id)
        return or_(
            (Contract.applicant == Side.SELLER) & Contract.seller_id.in_(own),
            (Contract.applicant == Side.BUYER) & Contract.buyer_id.in_(own),
        )
    if actor.role is Role.BUREAU and actor.region_code is not None:
        within = Organisation.region_code.startswith(region_prefix(actor.region_code))
        return Contract.station_id.in_(select(Organisation.id).where(within))
    return false()


def get_printable(session: Session, actor: Actor, verification_id: int) -> tuple[IncomeVerification, Names]:
    """Return a verified one with its contract, and the names of the contract's codes.

    Raises:
        NotFound: there is none, or the actor may not know of it.
        Conflict: `income-not-verified`.
    """
    row = get_income_verification(session, actor, verification_id)
    if row.status is not IncomeStatus.VERIFIED:
        raise Conflict("尚未核定，不能打印核定表。", code="income-not-verified")
    return row, describe(session, [row.contract])[0].names
