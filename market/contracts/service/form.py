"""The registration form as plain values: completing, checking, writing it to rows and reading it back.

A form is a dict of every field a person fills in, None where empty; `seller` and `buyer` are dicts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from market.accounts.models import Organisation
from market.accounts.rules import OrganisationKind, OrganisationStatus, normalise_uscc
from market.contracts.form_rules import (
    BROKERAGE,
    BROKERAGE_RULE,
    CHINA_CODE,
    LICENCE,
    ORDINARY_LICENCE,
    REGION_STANDARD,
    YUAN,
    applicant_of,
    application_faults,
    form_faults,
)
from market.contracts.models import Contract, ContractParty
from market.contracts.queries import CODE_COLUMNS, PARTY_CODE_COLUMNS
from market.contracts.rules import RuleSet
from market.errors import RuleViolation, violation
from market.reference.models import CodeEntry, Region
from market.reference.queries import check_codes, check_park, check_region, find_successor, list_codes
from market.reference.rules import Scheme

DATES = ("signed_on", "valid_from", "valid_to", "rate_on")
FLAGS = ("amount_is_estimate", "related_party")
FIELDS = (
    "project_name",
    "type_code",
    "subtype_code",
    "brokered_id",
    *DATES,
    "tech_field",
    "ip_kind",
    "licence_kind",
    "plan_source",
    "seo",
    "industry_code",
    "total_amount_fen",
    "tech_amount_fen",
    "payment_mode",
    "royalty_base",
    "royalty_terms",
    "currency",
    "foreign_amount",
    "exchange_rate",
    "rate_source",
    "new_input_fen",
    "new_output_fen",
    *FLAGS,
)
"""Columns of a contract that its form fills in, parties apart; `abroad` and `applicant` follow from them."""

REQUIRED = (
    "project_name",
    "type_code",
    "signed_on",
    "tech_field",
    "ip_kind",
    "plan_source",
    "total_amount_fen",
    "tech_amount_fen",
    "payment_mode",
)
PARTY_FIELDS = ("name", "uscc", "nature_code", "country_code", "region_code", "park_code")
PARTY_REQUIRED = ("name", "nature_code")
SIDES = ("seller", "buyer")


def complete_form(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a form with every field: None or the usual value where none is given.

    Raises:
        RuleViolation: `field-missing`: a field nobody can fill in but the applicant is not there.
    """
    form: dict[str, Any] = {name: values.get(name) for name in FIELDS}
    for name in FLAGS:
        form[name] = bool(form[name])
    form["currency"] = form["currency"] or YUAN
    if form["type_code"] == LICENCE and form["licence_kind"] is None:
        form["licence_kind"] = ORDINARY_LICENCE
    _require(form, REQUIRED, pointer="")
    for side in SIDES:
        if values.get(side) is None:
            raise violation(f"/{side}", "field-missing", "此项必填。")
        form[side] = _complete_party(values[side])
        _require(form[side], PARTY_REQUIRED, pointer=f"/{side}")
    return form


def _complete_party(values: Mapping[str, Any]) -> dict[str, Any]:
    party = {name: values.get(name) for name in PARTY_FIELDS}
    party["country_code"] = party["country_code"] or CHINA_CODE
    if party["uscc"] is not None:
        party["uscc"] = normalise_uscc(party["uscc"])
    return party


def _require(values: Mapping[str, Any], names: tuple[str, ...], *, pointer: str) -> None:
    for name in names:
        if values[name] is None:
            raise violation(f"{pointer}/{name}", "field-missing", "此项必填。")


def merge_forms(form: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a form with some fields changed; a party's fields are changed one by one."""
    merged = {**form, **changes}
    for side in SIDES:
        merged[side] = {**(form.get(side) or {}), **(changes.get(side) or {})}
    return merged


def check_form(
    session: Session, form: Mapping[str, Any], *, rules: RuleSet, today: date, application: bool = False
) -> None:
    """Refuse a complete form that breaks a rule or uses an unknown code.

    Args:
        session: open session.
        form: from `complete_form`.
        rules: the rule set it stands under.
        today: no contract is signed later than this day.
        application: whether it is a new application, which must say more than old registrations had
            to, and name regions as they are now.

    Raises:
        RuleViolation: with a JSON pointer for every value at fault.
    """
    check_form_rules(form, rules=rules, today=today, application=application)
    codes = [(f"/{name}", scheme, form[name]) for name, scheme in CODE_COLUMNS.items()]
    for side in SIDES:
        codes += [
            (f"/{side}/{name}", scheme, form[side][name]) for name, scheme in PARTY_CODE_COLUMNS.items()
        ]
    check_codes(session, codes)
    if form["subtype_code"] is not None:
        _check_subtype(session, form, rules=rules, today=today)
    for side in SIDES:
        if form[side]["region_code"] is not None:
            region = check_region(session, form[side]["region_code"], pointer=f"/{side}/region_code")
            _keep(session, region)
            if application:
                refuse_retired(session, region, pointer=f"/{side}/region_code", today=today)
        check_park(session, form[side]["park_code"], pointer=f"/{side}/park_code")
    if form["brokered_id"] is not None:
        _check_brokered(session, form["brokered_id"])


def _check_subtype(session: Session, form: Mapping[str, Any], *, rules: RuleSet, today: date) -> None:
    subtype = _subtypes(session)[form["subtype_code"]]
    if subtype.parent_code != form["type_code"]:
        raise violation("/subtype_code", "subtype-mismatch", "合同小类不属于所选的合同类别。")
    ended = subtype.valid_to is not None and subtype.valid_to < rules.in_force_from
    if ended or (subtype.valid_from is not None and subtype.valid_from > today):
        raise violation(
            "/subtype_code",
            "subtype-not-in-rules",
            f"{rules.version}年版认定登记规则没有合同小类“{subtype.name}”。",
            source=rules.source,
        )


def refuse_retired(session: Session, region: Region, *, pointer: str, today: date) -> None:
    """Refuse a region whose code has ended, naming the one that took its place.

    Raises:
        RuleViolation: `region-retired`.
    """
    if region.valid_to is None or region.valid_to >= today:
        return
    successor = find_successor(session, region.code, today)
    instead = f"，请改用“{successor.name}”（{successor.code}）" if successor is not None else ""
    raise violation(
        pointer,
        "region-retired",
        f"行政区划代码{region.code}（{region.name}）已于{region.valid_to:%Y-%m-%d}停用{instead}。",
        source=REGION_STANDARD,
    )


def _check_brokered(session: Session, brokered_id: int) -> None:
    brokered = session.get(Contract, brokered_id)
    if brokered is None:
        raise brokered_unknown()
    if brokered.subtype_code == BROKERAGE:
        raise violation(
            "/brokered_id",
            "brokered-is-brokerage",
            "所促成的合同不能也是技术中介合同。",
            source=BROKERAGE_RULE,
        )


def brokered_unknown() -> RuleViolation:
    """Return the error for a brokered contract that is not there, or that the applicant may not know of."""
    return violation("/brokered_id", "brokered-not-found", "没有找到所促成的合同。")


def check_form_rules(
    form: Mapping[str, Any], *, rules: RuleSet, today: date, application: bool = False
) -> None:
    """Refuse a complete form that breaks a rule of the form by itself.

    Raises:
        RuleViolation: with a JSON pointer for every value at fault.
    """
    faults = tuple(form_faults(form, rules=rules, today=today))
    if application:
        faults += tuple(application_faults(form))
    if faults:
        code = faults[0].code if len(faults) == 1 else "form-invalid"
        raise RuleViolation("登记表有误，请查看各项说明。", code=code, fields=faults)


def _subtypes(session: Session) -> dict[str, CodeEntry]:
    """Return every subtype by its code; read once per session, as importers ask thousands of times."""
    known: dict[str, CodeEntry] | None = session.info.get("contract_subtypes")
    if known is None:
        known = {entry.code: entry for entry in list_codes(session, Scheme.CONTRACT_SUBTYPE)}
        session.info["contract_subtypes"] = known
    return known


def check_station(session: Session, station_id: int, *, open_now: bool) -> Organisation:
    """Return the registration station with this id.

    Args:
        session: open session.
        station_id: an organisation.
        open_now: whether it must be at work at present; history may name one that was closed.

    Raises:
        RuleViolation: it is not a station, or not at work.
    """
    station = session.get(Organisation, station_id)
    if (
        station is None
        or station.kind is not OrganisationKind.STATION
        or (open_now and station.status is not OrganisationStatus.VERIFIED)
    ):
        raise violation("/station_id", "station-unknown", "没有这个技术合同登记机构，或其已停止登记。")
    _keep(session, station)
    return station


def _keep(session: Session, row: Region | Organisation) -> None:
    """Hold a row for as long as the session lives.

    A session forgets rows that nobody holds, and importers ask for the same few thousands of times.
    """
    session.info.setdefault("contract_rows", {})[id(row)] = row


def write_form(
    session: Session, contract: Contract, form: Mapping[str, Any], *, applicant_id: int | None = None
) -> None:
    """Put a checked form into a contract, and link its parties to the organisations of the market.

    Args:
        session: open transaction.
        contract: new, or one that has a form.
        form: from `complete_form`, checked.
        applicant_id: the organisation that applies, as seller or, for an import, as buyer.
    """
    organisations = _organisations_by_uscc(session, form)
    for name in FIELDS:
        setattr(contract, name, form[name])
    for side in SIDES:
        party: ContractParty | None = getattr(contract, side)
        if party is None:
            party = ContractParty()
            setattr(contract, side, party)
        if party.organisation_id is None or party.uscc != form[side]["uscc"]:
            party.organisation_id = organisations.get(form[side]["uscc"])
        for name in PARTY_FIELDS:
            setattr(party, name, form[side][name])
    contract.applicant = applicant_of(form)
    if applicant_id is not None:
        getattr(contract, contract.applicant.value).organisation_id = applicant_id
    contract.abroad = any(form[side]["country_code"] != CHINA_CODE for side in SIDES)
    if contract.id is not None:
        # The version must grow even where only a party's row changed.
        flag_modified(contract, "project_name")


def _organisations_by_uscc(session: Session, form: Mapping[str, Any]) -> dict[str, int]:
    """Only a verified organisation is linked: whoever claims a code must not read its contracts."""
    codes = {form[side]["uscc"] for side in SIDES} - {None}
    if not codes:
        return {}
    rows = session.execute(
        select(Organisation.uscc, Organisation.id).where(
            Organisation.uscc.in_(sorted(codes)), Organisation.status == OrganisationStatus.VERIFIED
        )
    )
    return {uscc: organisation_id for uscc, organisation_id in rows if uscc is not None}


def form_of(contract: Contract) -> dict[str, Any]:
    """Return the form a contract now has."""
    form = {name: getattr(contract, name) for name in FIELDS}
    for side in SIDES:
        form[side] = {name: getattr(getattr(contract, side), name) for name in PARTY_FIELDS}
    return form


def to_json(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return a form, or some of its fields, as JSON keeps it: dates as ISO 8601 text."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in form.items()}


def from_json(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `to_json` was given."""
    return {
        name: date.fromisoformat(value) if name in DATES and value is not None else value
        for name, value in stored.items()
    }


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a complete form that another one changes, with their new values."""
    changed = {name: new[name] for name in FIELDS if new[name] != old[name]}
    for side in SIDES:
        party = {name: new[side][name] for name in PARTY_FIELDS if new[side][name] != old[side][name]}
        if party:
            changed[side] = party
    return changed
