"""Registration lists: one applicant's registered contracts on a paper, void once one of them changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.rules import Actor
from market.audit.service import record
from market.canonical import digest_of
from market.clock import china_day
from market.contracts import queries
from market.contracts.models import Contract, RegistrationList, RegistrationListItem
from market.contracts.queries import DescribedContract
from market.contracts.queries.certificates import find_valid_lists, get_registration_list
from market.contracts.rules import Duty, Status, is_large
from market.contracts.rules.certificates import REASON_LENGTH, new_code
from market.contracts.service.numbering import draw_number
from market.contracts.service.steps import applicant_party, require_any_duty
from market.errors import Conflict, FieldError, RuleViolation
from market.reference.rules import Scheme

LIST_KIND = "QD"
PRACTICE = "江苏省技术合同登记系统的做法"
"""Where the rules of lists come from; no national text knows them."""


def create_list(
    session: Session, actor: Actor, *, contract_ids: Sequence[int], now: datetime
) -> RegistrationList:
    """Put registered contracts of one applicant on a list, in the order given.

    Args:
        session: open transaction.
        actor: one of the station's people, with any duty.
        contract_ids: contracts registered there, none twice.
        now: present time.

    Raises:
        NotFound: no such contract, or the actor may not know of it.
        PermissionDenied: the actor is not of the contracts' station, or holds no duty there.
        RuleViolation: `list-unfit`, with one fault for every contract that cannot be on it.
    """
    contracts = _locked(session, actor, contract_ids)
    station = contracts[0].station
    require_any_duty(
        session, actor, station.id, duties=frozenset(Duty), purpose="出具登记清单", day=china_day(now)
    )
    large = [_is_large(session, contract) for contract in contracts]
    faults = _faults(session, contracts, large)
    if faults:
        raise RuleViolation("所选合同不能列入同一份登记清单。", code="list-unfit", fields=tuple(faults))
    applicant = session.get_one(Organisation, applicant_party(contracts[0]).organisation_id)
    number = draw_number(session, RegistrationList.number, kind=LIST_KIND, station=station, now=now)
    code = new_code()
    content = {
        "number": number,
        "code": code,
        "issued_on": china_day(now).isoformat(),
        "station": station.name,
        "applicant": {"name": applicant.name, "uscc": applicant.uscc},
        "large": large[0],
        **_table(queries.describe(session, contracts)),
    }
    row = RegistrationList(
        number=number,
        code=code,
        station_id=station.id,
        applicant_id=applicant.id,
        large=large[0],
        content=content,
        digest=digest_of(content),
        issued_by=actor.user_id,
        issued_at=now,
        items=[
            RegistrationListItem(contract_id=contract.id, position=position)
            for position, contract in enumerate(contracts, start=1)
        ],
    )
    session.add(row)
    session.flush()  # draws the id
    _record(session, actor, row, action="issue", now=now)
    return row


def void_list(
    session: Session, actor: Actor, list_id: int, *, reason: str, now: datetime
) -> RegistrationList:
    """Take back a list that was made by mistake, so that its contracts may be put on another one.

    Raises:
        NotFound: there is none, or the actor may not know of it.
        PermissionDenied: the actor is not of its station, or holds no duty there.
        Conflict: `list-void`: it is void already.
    """
    row = get_registration_list(session, actor, list_id, lock=True)
    require_any_duty(
        session, actor, row.station_id, duties=frozenset(Duty), purpose="作废登记清单", day=china_day(now)
    )
    if row.voided_at is not None:
        raise Conflict("该登记清单已经作废。", code="list-void")
    row.voided_at = now
    row.void_reason = reason[:REASON_LENGTH]
    _record(session, actor, row, action="void", now=now)
    session.flush()
    return row


def void_lists(session: Session, contract: Contract, *, reason: str, now: datetime) -> None:
    """Declare void the list a contract is on, if any; the contract's row must be locked."""
    for row in find_valid_lists(session, [contract.id], lock=True).values():
        row.voided_at = now
        row.void_reason = f"所列合同{contract.reg_no}：{reason}"[:REASON_LENGTH]
    session.flush()


def _locked(session: Session, actor: Actor, contract_ids: Sequence[int]) -> list[Contract]:
    """Lock the contracts by their ids, whatever the order asked for: two lists must not wait in a circle."""
    found = {
        contract_id: queries.get_contract(session, actor, contract_id, lock=True)
        for contract_id in sorted(contract_ids)
    }
    return [found[contract_id] for contract_id in contract_ids]


def _is_large(session: Session, contract: Contract) -> bool:
    assert contract.rule_version is not None
    rules = queries.rule_set_named(session, contract.rule_version)
    return is_large(
        rules, total_amount_fen=contract.total_amount_fen, tech_amount_fen=contract.tech_amount_fen
    )


def _faults(session: Session, contracts: Sequence[Contract], large: Sequence[bool]) -> list[FieldError]:
    first = contracts[0]
    applicant = applicant_party(first).organisation_id
    listed = find_valid_lists(session, [contract.id for contract in contracts])
    faults: list[FieldError] = []
    for place, (contract, is_big) in enumerate(zip(contracts, large, strict=True)):
        pointer = f"/contract_ids/{place}"
        label = f"合同“{contract.project_name}”"
        if contract.status is not Status.REGISTERED:
            faults.append(
                FieldError(pointer, "contract-not-registered", f"{label}不是已登记状态。", PRACTICE)
            )
        if contract.station_id != first.station_id:
            faults.append(FieldError(pointer, "other-station", f"{label}不是在同一登记机构登记的。"))
        organisation_id = applicant_party(contract).organisation_id
        if organisation_id is None:
            faults.append(
                FieldError(pointer, "applicant-not-on-market", f"{label}的申请单位未在本市场注册。")
            )
        elif organisation_id != applicant:
            faults.append(FieldError(pointer, "other-applicant", f"{label}的申请单位与第一项不同。"))
        if is_big != large[0]:
            faults.append(
                FieldError(
                    pointer, "list-mixed", f"{label}：大额合同与其他合同不得列入同一份清单。", PRACTICE
                )
            )
        if contract.id in listed:
            number = listed[contract.id].number
            faults.append(FieldError(pointer, "already-listed", f"{label}已列入有效清单{number}。"))
    return faults


def _table(described: Sequence[DescribedContract]) -> dict[str, Any]:
    contracts = [item.contract for item in described]
    return {
        "contracts": [
            {
                "reg_no": item.contract.reg_no,
                "project_name": item.contract.project_name,
                "type_name": item.names.codes.get((Scheme.CONTRACT_TYPE, item.contract.type_code)),
                "seller": item.contract.seller.name,
                "buyer": item.contract.buyer.name,
                "total_amount_fen": item.contract.total_amount_fen,
                "tech_amount_fen": item.contract.tech_amount_fen,
                "amount_is_estimate": item.contract.amount_is_estimate,
                "registered_on": item.contract.registered_on.isoformat()
                if item.contract.registered_on
                else None,
            }
            for item in described
        ],
        "count": len(contracts),
        "total_amount_fen": sum(contract.total_amount_fen for contract in contracts),
        "tech_amount_fen": sum(contract.tech_amount_fen for contract in contracts),
    }


def _record(session: Session, actor: Actor, row: RegistrationList, *, action: str, now: datetime) -> None:
    record(
        session,
        actor.user_id,
        action=f"registration_list.{action}",
        entity="registration_list",
        entity_id=row.id,
        now=now,
        details={"number": row.number, "contracts": [item.contract_id for item in row.items]},
    )
