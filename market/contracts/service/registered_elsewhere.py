"""Registrations that were made elsewhere, as plain values, and finding those that are here already."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, String, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from market.contracts.models import Contract, ContractParty
from market.contracts.service.form import FIELDS, PARTY_FIELDS, SIDES

APART = ("registered_on", "reg_no", "external_id")
"""What a registration says beside its form."""


@dataclass(frozen=True, slots=True)
class RegisteredElsewhere:
    """One registration that was made elsewhere, or before this market was set up.

    Attributes:
        form: `station_id` and the fields of the form, both parties in full.
        registered_on: day of registration in China.
        reg_no: 14 or 16 digits, taken as they are.
        external_id: key in the system it comes from.
    """

    form: Mapping[str, Any]
    registered_on: date
    reg_no: str
    external_id: str | None = None


def find_registered(
    session: Session, *, reg_nos: Iterable[str], external_ids: Iterable[str]
) -> list[RegisteredElsewhere]:
    """Return the contracts that have one of these numbers, as the rows that would enter them, oldest first.

    Drafts and contracts that no longer count are among them; a form holds every field and `station_id`.
    """
    found: dict[int, RegisteredElsewhere] = {}
    for column, numbers in ((Contract.reg_no, reg_nos), (Contract.external_id, external_ids)):
        for row in session.execute(_forms().where(among(session, column, numbers))):
            values = iter(row)
            contract_id = next(values)
            apart = {name: next(values) for name in APART}
            form: dict[str, Any] = {name: next(values) for name in ("station_id", *FIELDS)}
            for side in SIDES:
                form[side] = {name: next(values) for name in PARTY_FIELDS}
            found[contract_id] = RegisteredElsewhere(form=form, **apart)
    return [found[contract_id] for contract_id in sorted(found)]


def _forms() -> Select[Any]:
    parties = {side: aliased(ContractParty, name=side) for side in SIDES}
    columns = [getattr(Contract, name) for name in ("id", *APART, "station_id", *FIELDS)]
    columns += [getattr(parties[side], name) for side in SIDES for name in PARTY_FIELDS]
    return (
        select(*columns)
        .join(parties["seller"], Contract.seller_id == parties["seller"].id)
        .join(parties["buyer"], Contract.buyer_id == parties["buyer"].id)
    )


def among(session: Session, column: InstrumentedAttribute[Any], values: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that a column has one of these values, in one parameter however many they are."""
    wanted = sorted(values)
    if session.get_bind().dialect.name == "postgresql":
        return column == func.any(literal(wanted, ARRAY(String)))
    return column.in_(select(func.json_each(json.dumps(wanted)).table_valued("value").c.value))
