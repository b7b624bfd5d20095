"""Registration: numbers, one registration per contract, and registrations made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market.accounts.rules import Actor, Role
from market.clock import china_day
from market.contracts import queries
from market.contracts.ledger import Ledger
from market.contracts.models import Contract, RegistrationSerial
from market.contracts.rules import (
    Action,
    Status,
    approval_action,
    is_valid_external_number,
    registration_number,
    rule_set_on,
)
from market.contracts.service.form import (
    check_form,
    check_station,
    complete_form,
    form_of,
    to_json,
    write_form,
)
from market.contracts.service.steps import (
    require_station,
    require_step,
    take_step,
    write_event,
)
from market.errors import Conflict, PermissionDenied, RuleViolation, violation
from market.matches import service as matches
from market.matches.rules import Status as SuggestionStatus


def approve_contract(
    session: Session, actor: Actor, contract_id: int, *, ledger: Ledger, now: datetime
) -> Contract:
    """Approve a contract: register it, or pass a large one on to a second person.

    Args:
        session: open transaction.
        actor: registrar of the contract's station.
        contract_id: which contract.
        ledger: takes the registration's line.
        now: present time.

    Raises:
        NotFound: no such contract, or the actor may not know of it.
        PermissionDenied: not the station's registrar, or the person who passed it on.
        Conflict: it is not in review.
        RuleViolation: `duplicate-registration`.
    """
    contract = queries.get_contract(session, actor, contract_id, lock=True)
    action = approval_action(contract.status, contract.tech_amount_fen)
    require_step(actor, contract, action)
    if action is Action.ESCALATE:
        take_step(session, actor, contract, action=action, now=now)
        session.flush()  # a lost race stops here
        return contract
    return _register(session, actor, contract, ledger=ledger, now=now)


def _register(
    session: Session, actor: Actor, contract: Contract, *, ledger: Ledger, now: datetime
) -> Contract:
    if contract.status is Status.LARGE_REVIEW:
        _require_second_person(session, actor, contract)
    refuse_duplicate(session, contract)
    today = china_day(now)
    # Drawn while nothing is pending: a flush on the way would meet a lost race in the wrong place.
    contract.reg_no = draw_registration_number(session, year=today.year, area=contract.station.region_code)
    contract.registered_on = today
    contract.live_identity = contract.identity
    take_step(session, actor, contract, action=Action.REGISTER, now=now, snapshot=to_json(form_of(contract)))
    flush_registered(session)
    ledger.post_registration(session, contract, now=now)
    suggestion = contract.suggestion
    # Talks that were written off cannot be signed any more; the thread to them stands all the same.
    if suggestion is not None and suggestion.status is not SuggestionStatus.FAILED:
        matches.mark_contracted(session, actor, suggestion, now=now)
    return contract


def _require_second_person(session: Session, actor: Actor, contract: Contract) -> None:
    first = queries.find_last_event(session, contract.id, Action.ESCALATE)
    if first is not None and first.actor_id == actor.user_id:
        raise PermissionDenied("大额合同的复审人不能是初审人本人。", code="second-person-needed")


def draw_registration_number(session: Session, *, year: int, area: str) -> str:
    """Return the next free registration number of an area's stations.

    The serial's row stays locked until the transaction ends, so two registrations at one station
    never get the same number. Numbers that came from elsewhere are stepped over.

    Raises:
        Conflict: the year's serials are used up.
    """
    while True:
        serial = _next_serial(session, year=year, area=area)
        try:
            number = registration_number(year=year, area=area, serial=serial)
        except ValueError:
            raise Conflict("该登记机构本年度的登记编号已用完。", code="serials-used-up") from None
        if session.scalar(select(Contract.id).where(Contract.reg_no == number)) is None:
            return number


def _next_serial(session: Session, *, year: int, area: str) -> int:
    draw = (
        update(RegistrationSerial)
        .where(RegistrationSerial.area == area, RegistrationSerial.year == year)
        .values(last=RegistrationSerial.last + 1)
        .returning(RegistrationSerial.last)
        .execution_options(synchronize_session=False)
    )
    serial = session.scalar(draw)
    if serial is not None:
        return serial
    try:
        with session.begin_nested():
            session.add(RegistrationSerial(area=area, year=year, last=1))
    except IntegrityError:  # somebody else drew the year's first serial at the same moment
        return session.scalars(draw).one()
    return 1


def refuse_duplicate(session: Session, contract: Contract) -> None:
    """Refuse a contract that is registered already, here or at another station (一次登记).

    Raises:
        RuleViolation: `duplicate-registration`.
    """
    other = session.scalar(
        select(Contract.reg_no).where(Contract.live_identity == contract.identity, Contract.id != contract.id)
    )
    if other is not None:
        raise duplicate(other)


def duplicate(reg_no: str | None = None) -> RuleViolation:
    """Return the error for a contract that is registered already."""
    where = f"，登记编号{reg_no}" if reg_no else ""
    return violation("/project_name", "duplicate-registration", f"该合同已经登记{where}，不得重复登记。")


def flush_registered(session: Session) -> None:
    """Write a contract that counts from now on.

    Raises:
        RuleViolation: another transaction has registered the same contract since we looked.
    """
    try:
        session.flush()
    except IntegrityError as error:
        if "live_identity" in str(error.orig):
            raise duplicate() from None
        raise


def enter_registered_contract(
    session: Session,
    actor: Actor,
    *,
    form: Mapping[str, Any],
    registered_on: date,
    reg_no: str,
    external_id: str | None,
    ledger: Ledger,
    now: datetime,
) -> Contract:
    """Enter a contract that was registered elsewhere or before this market was set up.

    It stands under the rules of its day of registration, and its line counts from that day.

    Args:
        session: open transaction.
        actor: an admin, or a registrar of the station in the form.
        form: `station_id` and the fields of the form, both parties in full.
        registered_on: day of registration in China.
        reg_no: 14 or 16 digits, taken as they are.
        external_id: key in the system it comes from.
        ledger: takes the registration's line.
        now: present time.

    Raises:
        PermissionDenied: the actor may not enter contracts at this station.
        RuleViolation: the number or the form breaks a rule, or the contract is registered already.
        Conflict: `reg-no-taken` or `external-id-taken`.
    """
    if actor.role is not Role.ADMIN:
        require_station(actor, form["station_id"])
    if not is_valid_external_number(reg_no):
        raise violation("/reg_no", "bad-reg-no", "登记编号应为14位或16位数字。")
    if registered_on > china_day(now):
        raise violation("/registered_on", "registered-in-future", "登记日期不能晚于今天。")
    rules = rule_set_on(registered_on)
    complete = complete_form(form)
    check_form(session, complete, rules=rules, today=registered_on)
    contract = Contract(
        status=Status.REGISTERED,
        station=check_station(session, form["station_id"], open_now=False),
        external_id=external_id,
        reg_no=reg_no,
        rule_version=rules.version,
        registered_on=registered_on,
        created_by=actor.user_id,
        created_at=now,
    )
    write_form(session, contract, complete)
    contract.live_identity = contract.identity
    _refuse_taken(session, contract)
    session.add(contract)
    flush_registered(session)
    write_event(
        session, actor, contract, action=Action.REGISTER, source=None, now=now, snapshot=to_json(complete)
    )
    ledger.post_registration(session, contract, now=now)
    return contract


def _refuse_taken(session: Session, contract: Contract) -> None:
    same = [Contract.reg_no == contract.reg_no, Contract.live_identity == contract.live_identity]
    if contract.external_id is not None:
        same.append(Contract.external_id == contract.external_id)
    for row in session.execute(
        select(Contract.reg_no, Contract.external_id).where(or_(*same)).order_by(Contract.id)
    ):
        if contract.external_id is not None and row.external_id == contract.external_id:
            raise Conflict("该外部编号的合同已经录入。", code="external-id-taken")
        if row.reg_no == contract.reg_no:
            raise Conflict("该登记编号已被使用。", code="reg-no-taken")
        raise duplicate(row.reg_no)
