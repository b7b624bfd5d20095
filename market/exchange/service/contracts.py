"""Writing imported contracts: registrations made elsewhere, entered once and never changed by a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import Actor, Role
from market.contracts.ledger import Ledger
from market.contracts.models import Contract
from market.contracts.service import enter_registered_contract
from market.contracts.service.form import complete_form, difference, form_of
from market.errors import Conflict, FieldError, RuleViolation
from market.exchange import queries
from market.exchange.rules.runs import Outcome

APART = frozenset({"reg_no", "registered_on", "external_id"})
"""Values of a row that are not part of the registration form."""


class ContractWriter:
    """Writes the rows of one file of registered contracts.

    Args:
        actor: who imports.
        ledger: takes the line of each registration.
    """

    def __init__(self, actor: Actor, *, ledger: Ledger) -> None:
        self._actor = actor
        self._ledger = ledger
        self._known: dict[tuple[str, str], Contract] = {}

    def key_fields(self) -> tuple[str, ...]:
        """Return the fields by which a row is told from others."""
        return ("reg_no", "external_id")

    def keys_of(self, _owner_id: int, values: Mapping[str, Any]) -> tuple[object, ...]:
        """Return what no other row of the file may have; numbers are unique over all stations."""
        return tuple((name, values[name]) for name in self.key_fields() if values.get(name) is not None)

    def prepare(self, session: Session, rows: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
        """Look up which of these rows, of station and values, are there already."""
        found = queries.find_contracts(
            session,
            reg_nos={values["reg_no"] for _, values in rows},
            external_ids={values["external_id"] for _, values in rows if values.get("external_id")},
        )
        self._known = {
            (name, number): contract
            for contract in found
            for name in self.key_fields()
            if (number := getattr(contract, name)) is not None
        }

    def write(self, session: Session, owner_id: int, values: Mapping[str, Any], *, now: datetime) -> Outcome:
        """Enter the contract, unless it is there already and says the same.

        Raises:
            RuleViolation: it breaks a rule, or differs from the registered one (`contract-differs`): a
                registered contract is changed by a change registration, not by a file.
            Conflict: its number is another contract's.
        """
        form = {name: value for name, value in values.items() if name not in APART}
        keys = (("reg_no", values["reg_no"]), ("external_id", values.get("external_id") or ""))
        known = next((self._known[key] for key in keys if key in self._known), None)
        if known is not None:
            self._require_same(known, owner_id, values, form)
            return Outcome.UNCHANGED
        enter_registered_contract(
            session,
            self._actor,
            form={**form, "station_id": owner_id},
            registered_on=values["registered_on"],
            reg_no=values["reg_no"],
            external_id=values.get("external_id"),
            ledger=self._ledger,
            now=now,
        )
        return Outcome.CREATED

    def _require_same(
        self, known: Contract, station_id: int, values: Mapping[str, Any], form: Mapping[str, Any]
    ) -> None:
        if self._actor.role is not Role.ADMIN and known.station_id != self._actor.organisation_id:
            raise Conflict("该登记编号或外部编号已被使用。", code="reg-no-taken")
        new = complete_form(form)
        old = form_of(known)
        apart = {
            name: getattr(known, name)
            for name in APART & values.keys()
            if values[name] is not None and values[name] != getattr(known, name)
        }
        faults = [_fault(f"/{name}", there) for name, there in apart.items()]
        for name, value in difference(old, new).items():
            if isinstance(value, dict):
                faults += [_fault(f"/{name}/{part}", old[name][part]) for part in value]
            else:
                faults.append(_fault(f"/{name}", old[name]))
        if known.station_id != station_id:
            faults.append(_fault("/organisation", known.station_id))
        if faults:
            raise RuleViolation(
                "该合同已经登记，内容与文件不同。", code="contract-differs", fields=tuple(faults)
            )


def _fault(pointer: str, there: Any) -> FieldError:
    shown = "空" if there is None else there.isoformat() if isinstance(there, date) else there
    detail = f"该合同已经登记，此项现为“{shown}”；如需更改请办理变更登记。"
    return FieldError(pointer, "contract-differs", detail)
