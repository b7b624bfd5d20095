"""The seller's part: drafting an application, editing, submitting and withdrawing it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import get_organisation
from market.accounts.rules import Actor, normalise_uscc
from market.clock import china_day
from market.contracts import queries
from market.contracts.form_rules import CHINA_CODE
from market.contracts.models import Contract
from market.contracts.rules import EDITABLE, SELLER_ROLES, Action, Status, rule_set_on
from market.contracts.service.form import (
    check_form,
    check_station,
    complete_form,
    form_of,
    merge_forms,
    to_json,
    write_form,
)
from market.contracts.service.registration import refuse_duplicate
from market.contracts.service.steps import (
    illegal_transition,
    open_step,
    require_seller,
    require_verified,
    take_step,
    write_event,
)
from market.db import require_version
from market.errors import NotFound, PermissionDenied, violation
from market.matches.models import Suggestion
from market.matches.queries import get_suggestion, side_of
from market.matches.rules import Side
from market.matches.rules import Status as SuggestionStatus

DEAL_STATES = frozenset({SuggestionStatus.AGREED, SuggestionStatus.CONTRACTED})
"""States of a suggestion from which a contract can come; several contracts may follow one deal."""


def apply_for_registration(
    session: Session, actor: Actor, *, form: Mapping[str, Any], now: datetime
) -> Contract:
    """Draft an application for the registration of a contract, as its seller.

    Args:
        session: open transaction.
        actor: member of the seller, a verified enterprise or university.
        form: `station_id`, optional `suggestion_id`, and the fields of the form. The seller is the
            applicant's own organisation; its `seller` mapping may only say more about it. From a
            suggestion, project name, technical field and buyer are taken where they are not given.
        now: present time.

    Raises:
        PermissionDenied: the actor's organisation does not sell, is not verified, or is the buyer.
        RuleViolation: the form breaks a rule, a code is unknown, or the suggestion is no deal.
    """
    if actor.role not in SELLER_ROLES:
        raise PermissionDenied("合同登记由卖方（企业或高校院所）申请。", code="role-not-allowed")
    require_verified(actor)
    station = check_station(session, form["station_id"], open_now=True)
    values = dict(form)
    suggestion = None
    if form.get("suggestion_id") is not None:
        suggestion = _deal(session, actor, form["suggestion_id"])
        _fill_from_deal(values, suggestion)
    values["seller"] = _own_party(session, actor, given=values.get("seller") or {})
    complete = _checked(session, values, today=china_day(now))
    contract = Contract(
        status=Status.DRAFT,
        station=station,
        suggestion=suggestion,
        created_by=actor.user_id,
        created_at=now,
    )
    write_form(session, contract, complete, applicant_id=actor.organisation_id)
    session.add(contract)
    session.flush()  # the event needs the id
    write_event(session, actor, contract, action=Action.CREATE, source=None, now=now)
    return contract


def _checked(session: Session, values: Mapping[str, Any], *, today: date) -> dict[str, Any]:
    """Complete and check a form that has not been accepted yet, under the rules of today."""
    complete = complete_form(values)
    check_form(session, complete, rules=rule_set_on(today), today=today)
    return complete


def _deal(session: Session, actor: Actor, suggestion_id: int) -> Suggestion:
    try:
        suggestion = get_suggestion(session, actor, suggestion_id)
    except NotFound as error:
        raise violation("/suggestion_id", "suggestion-not-found", error.detail) from None
    if side_of(actor, suggestion) is not Side.ACHIEVEMENT:
        raise PermissionDenied("合同登记由成果一方申请。", code="not-the-seller")
    if suggestion.status not in DEAL_STATES:
        raise violation("/suggestion_id", "suggestion-not-agreed", "双方尚未达成意向，不能据此申请登记。")
    return suggestion


def _fill_from_deal(values: dict[str, Any], suggestion: Suggestion) -> None:
    need, achievement = suggestion.need, suggestion.achievement
    if values.get("project_name") is None:
        values["project_name"] = achievement.title
    if values.get("tech_field") is None:
        values["tech_field"] = achievement.tech_field or need.tech_field
    asker, given = _party_of(need.organisation), values.get("buyer") or {}
    same = given.get("uscc") is None or normalise_uscc(given["uscc"]) == asker["uscc"]
    values["buyer"] = {**asker, **given} if same else given


def _party_of(organisation: Organisation) -> dict[str, Any]:
    return {
        "name": organisation.name,
        "uscc": organisation.uscc,
        "nature_code": organisation.nature_code,
        "country_code": CHINA_CODE,
        "region_code": organisation.region_code,
        "park_code": organisation.park_code,
    }


def _own_party(session: Session, actor: Actor, *, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the actor's organisation as the selling party; only its name and code are fixed."""
    assert actor.organisation_id is not None  # a verified actor has an organisation
    own = _party_of(get_organisation(session, actor.organisation_id))
    uscc = given.get("uscc")
    if uscc is not None and normalise_uscc(uscc) != own["uscc"]:
        raise violation("/seller/uscc", "seller-not-applicant", "卖方应为申请单位本身。")
    if given.get("name") is not None and given["name"] != own["name"]:
        raise violation("/seller/name", "seller-not-applicant", "卖方名称应与申请单位的名称一致。")
    return {**own, **{name: value for name, value in given.items() if name not in {"name", "uscc"}}}


def own_form(
    session: Session, actor: Actor, contract: Contract, *, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the contract's form with changes; the seller bears its organisation's present name.

    Raises:
        RuleViolation: a required field is emptied, or another seller is named.
    """
    values = merge_forms(form_of(contract), changes)
    fixed = {"name", "uscc"}
    kept = {name: value for name, value in values["seller"].items() if name not in fixed}
    named = {name: value for name, value in (changes.get("seller") or {}).items() if name in fixed}
    values["seller"] = _own_party(session, actor, given={**kept, **named})
    return complete_form(values)


def edit_contract(
    session: Session,
    actor: Actor,
    contract_id: int,
    *,
    changes: Mapping[str, Any],
    version: int,
    now: datetime,
) -> Contract:
    """Change an application that is with the seller: a draft, or one returned for correction.

    Args:
        session: open transaction.
        actor: member of the seller.
        contract_id: which contract.
        changes: fields to change, parties field by field; those left out stay. May hold `station_id`.
        version: the version the change is based on.
        now: present time.

    Raises:
        NotFound, PermissionDenied, StaleVersion: see the parts.
        Conflict: `illegal-transition`: it is not with the seller.
        RuleViolation: the form breaks a rule, or a code is unknown.
    """
    contract = queries.get_contract(session, actor, contract_id, lock=True)
    require_seller(actor, contract)
    if contract.status not in EDITABLE:
        raise illegal_transition(contract.status, Action.EDIT)
    require_version(contract.version, version)
    if changes.get("station_id") is not None:
        contract.station = check_station(session, changes["station_id"], open_now=True)
    today = china_day(now)
    complete = own_form(session, actor, contract, changes=changes)
    check_form(session, complete, rules=rule_set_on(today), today=today)
    write_form(session, contract, complete, applicant_id=actor.organisation_id)
    session.flush()  # draws the new version for the ETag
    write_event(session, actor, contract, action=Action.EDIT, source=contract.status, now=now)
    return contract


def submit_contract(session: Session, actor: Actor, contract_id: int, *, now: datetime) -> Contract:
    """Hand an application in at its station; the first time it gets an acceptance number.

    Raises:
        NotFound, PermissionDenied, Conflict: see the parts.
        RuleViolation: the form breaks a rule of today, or the contract is registered already.
    """
    contract = open_step(session, actor, contract_id, action=Action.SUBMIT)
    require_verified(actor)
    today = china_day(now)
    complete = own_form(session, actor, contract, changes={})
    check_form(session, complete, rules=rule_set_on(today), today=today)
    check_station(session, contract.station_id, open_now=True)
    write_form(session, contract, complete, applicant_id=actor.organisation_id)
    refuse_duplicate(session, contract)
    contract.submitted_on = today
    if contract.acceptance_no is None:
        contract.acceptance_no = f"SL{today.year}{contract.id:08d}"
    take_step(session, actor, contract, action=Action.SUBMIT, now=now, snapshot=to_json(complete))
    session.flush()  # a lost race stops here
    return contract


def withdraw_contract(session: Session, actor: Actor, contract_id: int, *, now: datetime) -> Contract:
    """Take an application back before the station accepts it.

    Raises:
        NotFound, PermissionDenied, Conflict: see the parts.
    """
    contract = open_step(session, actor, contract_id, action=Action.WITHDRAW)
    take_step(session, actor, contract, action=Action.WITHDRAW, now=now)
    session.flush()  # a lost race stops here
    return contract
