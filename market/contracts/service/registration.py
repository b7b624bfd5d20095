"""Registration: numbers, one registration per contract, and registrations made elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, String, bindparam, cast, exists, or_, select, type_coerce, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from market.accounts.models import Organisation
from market.accounts.rules import Actor, Role
from market.challenges.service import awards as challenges
from market.clock import china_day
from market.contracts import queries
from market.contracts.form_rules import PLACE_RULE
from market.contracts.ledger import Ledger
from market.contracts.models import Contract, RegistrationSerial
from market.contracts.queries.approval import ApprovalFacts, approval_facts
from market.contracts.rules import (
    Action,
    Duty,
    RuleSet,
    Status,
    approval_action,
    is_large,
    is_valid_external_number,
    registration_number,
)
from market.contracts.service.certificates import issue_first
from market.contracts.service.credit import credit_broker
from market.contracts.service.experts import require_review
from market.contracts.service.form import (
    check_form,
    check_station,
    complete_form,
    form_of,
    to_json,
    write_form,
)
from market.contracts.service.steps import (
    require_any_duty,
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
    """Approve an examined contract: register it, or pass a large one on to a second person.

    Args:
        session: open transaction.
        actor: an approver (审批员) of the contract's station; of a large contract under its second
            review, an approver of large contracts (大额审批员).
        contract_id: which contract.
        ledger: takes the registration's line.
        now: present time.

    Raises:
        NotFound: no such contract, or the actor may not know of it.
        PermissionDenied: not of the station, without the duty, or a person who may not decide a second
            time.
        Conflict: it is not in review, or experts have not supported it.
        RuleViolation: `duplicate-registration`.
    """
    contract = queries.get_contract(session, actor, contract_id, lock=True)
    facts = approval_facts(session, actor, contract, day=china_day(now))
    rules = facts.rules
    large = is_large(
        rules, total_amount_fen=contract.total_amount_fen, tech_amount_fen=contract.tech_amount_fen
    )
    action = approval_action(contract.status, large=large)
    require_step(session, actor, contract, action=action, now=now, held=facts.duties)
    _require_another_person(actor, contract, facts)
    require_review(session, contract, rules)
    if action is Action.ESCALATE:
        take_step(session, actor, contract, action=action, now=now)
        session.flush()  # a lost race stops here
        return contract
    if facts.registered_as is not None:
        raise duplicate(facts.registered_as)
    return _register(session, actor, contract, names=facts.names, ledger=ledger, now=now)


def _require_another_person(actor: Actor, contract: Contract, facts: ApprovalFacts) -> None:
    if contract.status is Status.LARGE_REVIEW and facts.escalated_by == actor.user_id:
        raise PermissionDenied("大额合同的复审人不能是初审人本人。", code="second-person-needed")
    if facts.rules.approver_differs and facts.examined_by == actor.user_id:
        raise PermissionDenied("审批人不能是该合同的审核人本人。", code="second-person-needed")


def _register(
    session: Session, actor: Actor, contract: Contract, *, names: queries.Names, ledger: Ledger, now: datetime
) -> Contract:
    """Register a contract; what others wait for, its serial and the counters, comes last.

    Whatever does not need the number is written before it is drawn: from then on every other
    registration in the area waits for this one to end.
    """
    suggestion = contract.suggestion
    # Talks that were written off cannot be signed any more; the thread to them stands all the same.
    if suggestion is not None and suggestion.status is not SuggestionStatus.FAILED:
        matches.mark_contracted(session, actor, suggestion, now=now)
    if suggestion is not None:
        credit_broker(session, actor, contract, now=now)
    if contract.award_id is not None:
        challenges.mark_contracted(session, actor, contract.award_id, now=now)
    write_event(
        session,
        actor,
        contract,
        action=Action.REGISTER,
        source=contract.status,
        target=Status.REGISTERED,
        now=now,
        snapshot=to_json(form_of(contract)),
    )
    session.flush()  # all of it, before the number is drawn
    today = china_day(now)
    number = draw_registration_number(session, year=today.year, area=contract.station.region_code)
    _write_registered(session, contract, number=number, today=today)
    issue_first(session, actor, contract, names=names, now=now)
    ledger.post_registration(session, contract, now=now)
    return contract


CONTRACTS = Contract.metadata.tables["contracts"]
WRITTEN = ("status", "reg_no", "registered_on", "live_identity", "version")
_REGISTER = (
    update(CONTRACTS)
    .where(CONTRACTS.c.id == bindparam("of_id"), CONTRACTS.c.version == bindparam("seen"))
    .values({name: bindparam(name) for name in WRITTEN})
)


def _write_registered(session: Session, contract: Contract, *, number: str, today: date) -> None:
    """Write a registration into its contract, as a flush would at three times the cost.

    Raises:
        RuleViolation, Conflict: as `flush_registered`.
    """
    values: dict[str, Any] = {
        "status": Status.REGISTERED,
        "reg_no": number,
        "registered_on": today,
        "live_identity": contract.identity,
        "version": contract.version + 1,
    }
    with _told_apart():
        written = session.connection().execute(
            _REGISTER, {**values, "of_id": contract.id, "seen": contract.version}
        )
    if written.rowcount != 1:  # it was read under a lock, so somebody works at the database itself
        raise Conflict("合同刚刚被他人修改，请刷新后重试。", code="concurrent-change")
    for name, value in values.items():
        set_committed_value(contract, name, value)


# The number as `registration_number` makes it, of the area's and year's part and the serial.
_NUMBER = type_coerce(bindparam("stem"), BigInteger) + RegistrationSerial.last
_DRAW = (
    update(RegistrationSerial)
    .where(RegistrationSerial.area == bindparam("of_area"), RegistrationSerial.year == bindparam("of_year"))
    .values(last=RegistrationSerial.last + 1)
    .returning(
        RegistrationSerial.last,
        exists().where(Contract.reg_no == cast(_NUMBER, String)).label("taken"),
    )
)


def draw_registration_number(session: Session, *, year: int, area: str) -> str:
    """Return the next free registration number of an area's stations.

    The serial's row stays locked until the transaction ends, so two registrations at one station
    never get the same number. Numbers that came from elsewhere are stepped over.

    Raises:
        Conflict: the year's serials are used up.
    """
    connection = session.connection()
    wanted = {"of_area": area, "of_year": year, "stem": int(f"{year:04d}{area}000000")}
    while True:
        drawn = connection.execute(_DRAW, wanted).one_or_none()
        if drawn is None:
            _begin_serials(session, year=year, area=area)
            continue
        try:
            number = registration_number(year=year, area=area, serial=drawn.last)
        except ValueError:
            raise Conflict("该登记机构本年度的登记编号已用完。", code="serials-used-up") from None
        if not drawn.taken:
            return number


def _begin_serials(session: Session, *, year: int, area: str) -> None:
    # Where somebody else begins them at the same moment, there is nothing left to do.
    with suppress(IntegrityError), session.begin_nested():
        session.add(RegistrationSerial(area=area, year=year, last=0))


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
    return violation(
        "/project_name", "duplicate-registration", f"该合同已经登记{where}，不得重复登记。", source=PLACE_RULE
    )


def flush_registered(session: Session) -> None:
    """Write a contract that counts from now on.

    Raises:
        RuleViolation: another transaction has registered the same contract since we looked.
        Conflict: `reg-no-taken`, another transaction has entered this number from elsewhere since then.
    """
    with _told_apart():
        session.flush()


@contextmanager
def _told_apart() -> Iterator[None]:
    """Say which of a registration's unique values was taken meanwhile."""
    try:
        yield
    except IntegrityError as error:
        if "live_identity" in str(error.orig):
            raise duplicate() from None
        if "reg_no" in str(error.orig):
            raise Conflict("该登记编号刚刚被使用，请重试。", code="reg-no-taken") from None
        raise


@dataclass(frozen=True, slots=True)
class Entry:
    """A registration made elsewhere, checked by itself: its complete form, its rules, its station."""

    form: dict[str, Any]
    rules: RuleSet
    station: Organisation


def check_entry(
    session: Session,
    actor: Actor,
    *,
    form: Mapping[str, Any],
    registered_on: date,
    reg_no: str,
    now: datetime,
) -> Entry:
    """Check one registration made elsewhere, but for what is registered here already.

    Args:
        session: open session.
        actor: an admin, or an approver (审批员) of the station in the form.
        form: `station_id` and the fields of the form, both parties in full.
        registered_on: day of registration in China; the form stands under the rules of that day.
        reg_no: 14 or 16 digits.
        now: present time.

    Raises:
        PermissionDenied: the actor may not enter contracts at this station.
        RuleViolation: the number or the form breaks a rule.
    """
    if actor.role is not Role.ADMIN:
        _require_entering(session, actor, form["station_id"], day=china_day(now))
    if not is_valid_external_number(reg_no):
        raise violation("/reg_no", "bad-reg-no", "登记编号应为14位或16位数字。")
    if registered_on > china_day(now):
        raise violation("/registered_on", "registered-in-future", "登记日期不能晚于今天。")
    rules = queries.rule_set_on(session, registered_on)
    complete = complete_form(form)
    check_form(session, complete, rules=rules, today=registered_on)
    return Entry(complete, rules, check_station(session, form["station_id"], open_now=False))


def _require_entering(session: Session, actor: Actor, station_id: int, *, day: date) -> None:
    """Refuse whoever may not enter old registrations; asked once a session, importers ask for each row."""
    allowed: set[tuple[int | None, int, date]] = session.info.setdefault("may_enter", set())
    if (actor.user_id, station_id, day) not in allowed:
        duties = frozenset({Duty.APPROVE, Duty.APPROVE_LARGE})
        require_any_duty(session, actor, station_id, duties=duties, purpose="补录已登记的合同", day=day)
        allowed.add((actor.user_id, station_id, day))


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
    entry = check_entry(session, actor, form=form, registered_on=registered_on, reg_no=reg_no, now=now)
    contract = Contract(
        status=Status.REGISTERED,
        station=entry.station,
        external_id=external_id,
        reg_no=reg_no,
        rule_version=entry.rules.version,
        registered_on=registered_on,
        created_by=actor.user_id,
        created_at=now,
    )
    write_form(session, contract, entry.form)
    contract.live_identity = contract.identity
    _refuse_taken(session, contract)
    session.add(contract)
    flush_registered(session)
    write_event(
        session, actor, contract, action=Action.REGISTER, source=None, now=now, snapshot=to_json(entry.form)
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
