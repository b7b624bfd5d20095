"""Writing imported contracts: registrations made elsewhere, entered once and never changed by a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import Actor, Role
from market.contracts.ledger import Ledger
from market.contracts.queries import rule_set_on
from market.contracts.service.bulk import enter_registered_contracts
from market.contracts.service.form import complete_form, difference
from market.contracts.service.registered_elsewhere import APART, RegisteredElsewhere, find_registered
from market.errors import Conflict, FieldError, MarketError, RuleViolation, violation
from market.exchange import queries
from market.exchange.rules.field import BROKERED
from market.exchange.rules.old_forms import under_rules
from market.exchange.rules.runs import Outcome


class ContractWriter:
    """Writes the rows of one file of registered contracts.

    Args:
        actor: who imports.
        ledger: takes the line of each registration.
    """

    batch = 5000

    def __init__(self, actor: Actor, *, ledger: Ledger) -> None:
        self._actor = actor
        self._ledger = ledger

    def key_fields(self) -> tuple[str, ...]:
        """Return the fields by which a row is told from others."""
        return ("reg_no", "external_id")

    def keys_of(self, _owner_id: int, values: Mapping[str, Any]) -> tuple[object, ...]:
        """Return what no other row of the file may have; numbers are unique over all stations."""
        return tuple((name, values[name]) for name in self.key_fields() if values.get(name) is not None)

    def write(
        self, session: Session, rows: Sequence[tuple[int, Mapping[str, Any]]], *, now: datetime
    ) -> list[Outcome | MarketError]:
        """Enter the contracts that are not there; those that are must say the same.

        A registered contract is changed by a change registration, not by a file: one that differs is
        refused (`contract-differs`). Contracts that brokered others go last, for those to be there.
        """
        outcomes: dict[int, Outcome | MarketError] = {}
        for brokering in (False, True):
            some = {
                place: row
                for place, row in enumerate(rows)
                if (row[1].get(BROKERED) is not None) is brokering
            }
            if some:
                self._write(session, some, outcomes, now=now)
        return [outcomes[place] for place in range(len(rows))]

    def _write(
        self,
        session: Session,
        rows: Mapping[int, tuple[int, Mapping[str, Any]]],
        outcomes: dict[int, Outcome | MarketError],
        *,
        now: datetime,
    ) -> None:
        known = _Known(session, rows.values())
        entering: dict[int, RegisteredElsewhere] = {}
        for place, (station_id, values) in rows.items():
            brokered_id = known.brokered.get(values.get(BROKERED) or "")
            if brokered_id is None and values.get(BROKERED) is not None:
                outcomes[place] = violation(f"/{BROKERED}", "brokered-not-found", "没有找到所促成的合同。")
                continue
            row = _registration(session, station_id, {**values, "brokered_id": brokered_id})
            there = known.find(row)
            if there is None:
                entering[place] = row
            else:
                outcomes[place] = self._difference(there, row, given=values) or Outcome.UNCHANGED
        places = list(entering)
        result = enter_registered_contracts(
            session, self._actor, list(entering.values()), ledger=self._ledger, now=now
        )
        outcomes |= {places[i]: Outcome.CREATED for i in result.entered}
        outcomes |= {places[i]: error for i, error in result.refused.items()}

    def _difference(
        self, there: RegisteredElsewhere, row: RegisteredElsewhere, *, given: Mapping[str, Any]
    ) -> MarketError | None:
        """Return what is wrong with a row whose contract is there; None if it says the same."""
        station_id = there.form["station_id"]
        if self._actor.role is not Role.ADMIN and station_id != self._actor.organisation_id:
            return Conflict("该登记编号或外部编号已被使用。", code="reg-no-taken")
        try:
            new = complete_form(row.form)
        except RuleViolation as error:
            return error
        faults = [
            _fault(f"/{name}", getattr(there, name))
            for name in APART
            if given.get(name) is not None and given[name] != getattr(there, name)
        ]
        for name, value in difference(there.form, new).items():
            if isinstance(value, dict):
                faults += [_fault(f"/{name}/{part}", there.form[name][part]) for part in value]
            else:
                faults.append(_fault(f"/{name}", there.form[name]))
        if station_id != row.form["station_id"]:
            faults.append(_fault("/organisation", station_id))
        if not faults:
            return None
        return RuleViolation(
            "该合同已经登记，内容与文件不同。", code="contract-differs", fields=tuple(faults)
        )


class _Known:
    """The contracts that some rows of a file name by number.

    Attributes:
        brokered: ids of those that were brokered, by registration number.
    """

    def __init__(self, session: Session, rows: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
        rows = list(rows)
        brokered = {values[BROKERED] for _, values in rows if values.get(BROKERED) is not None}
        self.brokered = queries.contract_ids(session, brokered)
        found = find_registered(
            session,
            reg_nos={values["reg_no"] for _, values in rows},
            external_ids={values["external_id"] for _, values in rows if values.get("external_id")},
        )
        self._by_reg_no = {each.reg_no: each for each in found}
        self._by_external_id = {each.external_id: each for each in found if each.external_id is not None}

    def find(self, row: RegisteredElsewhere) -> RegisteredElsewhere | None:
        """Return the contract with this row's registration number, or else with its external number."""
        there = self._by_reg_no.get(row.reg_no)
        return there if there is not None else self._by_external_id.get(row.external_id or "")


def _registration(session: Session, station_id: int, values: Mapping[str, Any]) -> RegisteredElsewhere:
    form = {name: value for name, value in values.items() if name not in APART and name != BROKERED}
    rules = rule_set_on(session, values["registered_on"])
    return RegisteredElsewhere(
        form={**under_rules(form, rules), "station_id": station_id},
        registered_on=values["registered_on"],
        reg_no=values["reg_no"],
        external_id=values.get("external_id"),
    )


def _fault(pointer: str, there: Any) -> FieldError:
    shown = "空" if there is None else there.isoformat() if isinstance(there, date) else there
    detail = f"该合同已经登记，此项现为“{shown}”；如需更改请办理变更登记。"
    return FieldError(pointer, "contract-differs", detail)
