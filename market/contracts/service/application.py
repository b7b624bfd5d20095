"""The applicant's part: drafting an application, editing, submitting and withdrawing it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import get_organisation
from market.accounts.rules import Actor, normalise_uscc
from market.clock import china_day
from market.contracts import queries
from market.contracts.form_rules import BROKERAGE, CHINA_CODE, applicant_of
from market.contracts.models import Contract
from market.contracts.rules import (
    APPLICANT_ROLES,
    EDITABLE,
    SELLER_ROLES,
    SIDE_NAMES,
    Action,
    Side,
    Status,
)
from market.contracts.service.awarded import fill_from_award, get_awarded, require_award_buyer
from market.contracts.service.form import (
    brokered_unknown,
    check_form,
    check_station,
    complete_form,
    form_of,
    merge_forms,
    to_json,
    write_form,
)
from market.contracts.service.papers import require_papers
from market.contracts.service.questions import confirm_questions
from market.contracts.service.registration import refuse_duplicate
from market.contracts.service.station import require_territory
from market.contracts.service.steps import (
    illegal_transition,
    open_step,
    require_applicant,
    require_verified,
    take_step,
    write_event,
)
from market.db import require_version
from market.errors import NotFound, PermissionDenied, violation
from market.matches.models import Suggestion
from market.matches.queries import get_suggestion, side_of
from market.matches.rules import Side as DealSide
from market.matches.rules import Status as SuggestionStatus

DEAL_SIDES = {Side.SELLER: DealSide.ACHIEVEMENT, Side.BUYER: DealSide.NEED}
"""Who sells and who buys of the two sides of a suggestion."""

DEAL_STATES = frozenset({SuggestionStatus.AGREED, SuggestionStatus.CONTRACTED})
"""States of a suggestion from which a contract can come; several contracts may follow one deal."""


def apply_for_registration(
    session: Session, actor: Actor, *, form: Mapping[str, Any], now: datetime
) -> Contract:
    """Draft an application for the registration of a contract, as its seller.

    Where the form says that the seller is abroad, its buyer applies (技术进口).

    Args:
        session: open transaction.
        actor: member of the applicant, a verified enterprise or university; an agency for a brokerage
            contract (技术中介).
        form: `station_id`, optional `suggestion_id` or `award_id`, and the fields of the form. The
            applying party is the actor's own organisation; its mapping may only say more about it. From
            a suggestion or an award, project name, technical field and buyer are taken where they are
            not given.
        now: present time.

    Raises:
        PermissionDenied: the actor's organisation does not apply, is not verified, is on the other side
            of the suggestion, or was not awarded.
        RuleViolation: the form breaks a rule, a code is unknown, the suggestion is no deal, the award's
            demand side is not the buyer, or the station does not serve the applicant's region.
    """
    _require_applying(actor, form)
    require_verified(actor)
    side = _side_applying(form)
    station = check_station(session, form["station_id"], open_now=True)
    values = dict(form)
    suggestion = None
    if form.get("suggestion_id") is not None:
        suggestion = _deal(session, actor, form["suggestion_id"], side=side)
        _fill_from_deal(values, suggestion, side=side)
    award = None
    if form.get("award_id") is not None:
        award = get_awarded(session, actor, form["award_id"], side=side)
        fill_from_award(values, award, suggestion, owner=_party_of(award.challenge.organisation))
    values[side] = _own_party(session, actor, side=side, given=values.get(side) or {})
    complete = complete_form(values)
    if award is not None:
        require_award_buyer(award.challenge.organisation, complete)
    _check_application(session, actor, complete, station=station, contract_id=None, today=china_day(now))
    contract = Contract(
        status=Status.DRAFT,
        station=station,
        suggestion=suggestion,
        award=award,
        project_id=award.project_id if award is not None else None,
        created_by=actor.user_id,
        created_at=now,
    )
    write_form(session, contract, complete, applicant_id=actor.organisation_id)
    session.add(contract)
    session.flush()  # the event needs the id
    write_event(session, actor, contract, action=Action.CREATE, source=None, now=now)
    return contract


def _require_applying(actor: Actor, form: Mapping[str, Any]) -> None:
    brokerage = form.get("subtype_code") == BROKERAGE
    if actor.role not in (APPLICANT_ROLES if brokerage else SELLER_ROLES):
        raise PermissionDenied(
            "合同登记由卖方（企业或高校院所）申请，技术中介合同可由技术转移机构申请。",
            code="role-not-allowed",
        )


def _side_applying(form: Mapping[str, Any]) -> Side:
    country = (form.get("seller") or {}).get("country_code") or CHINA_CODE
    return applicant_of({"seller": {"country_code": country}})


def _check_application(
    session: Session,
    actor: Actor,
    form: Mapping[str, Any],
    *,
    station: Organisation,
    contract_id: int | None,
    today: date,
) -> None:
    """Check a complete form that has not been accepted yet, under the rules of today."""
    rules = queries.rule_set_on(session, today)
    check_form(session, form, rules=rules, today=today, application=True)
    require_territory(session, station, form[applicant_of(form)]["region_code"])
    require_known_brokered(session, actor, form["brokered_id"], contract_id=contract_id)


def require_known_brokered(
    session: Session, actor: Actor, brokered_id: int | None, *, contract_id: int | None
) -> None:
    """Refuse to name a brokered contract that is the contract itself, or that the applicant may not know.

    Raises:
        RuleViolation: `brokered-itself` or `brokered-not-found`.
    """
    if brokered_id is None:
        return
    if brokered_id == contract_id:
        raise violation("/brokered_id", "brokered-itself", "所促成的合同不能是本合同。")
    try:
        queries.get_contract(session, actor, brokered_id)
    except NotFound:
        raise brokered_unknown() from None


def _deal(session: Session, actor: Actor, suggestion_id: int, *, side: Side) -> Suggestion:
    try:
        suggestion = get_suggestion(session, actor, suggestion_id)
    except NotFound as error:
        raise violation("/suggestion_id", "suggestion-not-found", error.detail) from None
    if side_of(actor, suggestion) is not DEAL_SIDES[side]:
        raise PermissionDenied(
            "合同登记由成果一方申请；卖方在境外的，由需求一方申请。", code="not-the-applicant"
        )
    if suggestion.status not in DEAL_STATES:
        raise violation("/suggestion_id", "suggestion-not-agreed", "双方尚未达成意向，不能据此申请登记。")
    return suggestion


def _fill_from_deal(values: dict[str, Any], suggestion: Suggestion, *, side: Side) -> None:
    need, achievement = suggestion.need, suggestion.achievement
    if values.get("project_name") is None:
        values["project_name"] = achievement.title
    if values.get("tech_field") is None:
        values["tech_field"] = achievement.tech_field or need.tech_field
    if side is Side.BUYER:
        return  # the buyer is the applicant, and the seller abroad is not the one who listed it here
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


def _own_party(session: Session, actor: Actor, *, side: Side, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the actor's organisation as the applying party; only its name and code are fixed."""
    assert actor.organisation_id is not None  # a verified actor has an organisation
    own = _party_of(get_organisation(session, actor.organisation_id))
    uscc = given.get("uscc")
    if uscc is not None and normalise_uscc(uscc) != own["uscc"]:
        raise violation(f"/{side}/uscc", "party-not-applicant", f"{SIDE_NAMES[side]}应为申请单位本身。")
    if given.get("name") is not None and given["name"] != own["name"]:
        detail = f"{SIDE_NAMES[side]}名称应与申请单位的名称一致。"
        raise violation(f"/{side}/name", "party-not-applicant", detail)
    return {**own, **{name: value for name, value in given.items() if name not in {"name", "uscc"}}}


def own_form(
    session: Session, actor: Actor, contract: Contract, *, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the contract's form with changes; the applicant bears its organisation's present name.

    Raises:
        PermissionDenied: the actor's organisation does not apply for such contracts.
        RuleViolation: a required field is emptied, somebody else would have to apply, or the buyer is not
            the demand side of the award.
    """
    side = contract.applicant
    values = merge_forms(form_of(contract), changes)
    _require_applying(actor, values)
    fixed = {"name", "uscc"}
    kept = {name: value for name, value in values[side].items() if name not in fixed}
    named = {name: value for name, value in (changes.get(side) or {}).items() if name in fixed}
    values[side] = _own_party(session, actor, side=side, given={**kept, **named})
    complete = complete_form(values)
    if applicant_of(complete) is not side:
        raise violation(
            "/seller/country_code",
            "applicant-fixed",
            "境内卖方的合同由卖方申请，境外卖方的由买方申请；卖方国别不同的，请由应当申请的一方另行申请。",
        )
    if contract.award is not None:
        require_award_buyer(contract.award.challenge.organisation, complete)
    return complete


def edit_contract(
    session: Session,
    actor: Actor,
    contract_id: int,
    *,
    changes: Mapping[str, Any],
    version: int,
    now: datetime,
) -> Contract:
    """Change an application that is with the applicant: a draft, or one returned for correction.

    Args:
        session: open transaction.
        actor: member of the applicant.
        contract_id: which contract.
        changes: fields to change, parties field by field; those left out stay. May hold `station_id`.
        version: the version the change is based on.
        now: present time.

    Raises:
        NotFound, PermissionDenied, StaleVersion: see the parts.
        Conflict: `illegal-transition`: it is not with the applicant.
        RuleViolation: the form breaks a rule, or a code is unknown.
    """
    contract = queries.get_contract(session, actor, contract_id, lock=True)
    require_applicant(actor, contract)
    if contract.status not in EDITABLE:
        raise illegal_transition(contract.status, Action.EDIT)
    require_version(contract.version, version)
    if changes.get("station_id") is not None:
        contract.station = check_station(session, changes["station_id"], open_now=True)
    complete = own_form(session, actor, contract, changes=changes)
    _check_application(
        session, actor, complete, station=contract.station, contract_id=contract.id, today=china_day(now)
    )
    write_form(session, contract, complete, applicant_id=actor.organisation_id)
    session.flush()  # draws the new version for the ETag
    write_event(session, actor, contract, action=Action.EDIT, source=contract.status, now=now)
    return contract


def submit_contract(
    session: Session, actor: Actor, contract_id: int, *, now: datetime, confirmed: Collection[str] = ()
) -> Contract:
    """Hand an application in at its station; the first time it gets an acceptance number.

    Args:
        session: open transaction.
        actor: member of the applicant.
        contract_id: a draft, or an application returned for correction.
        now: present time.
        confirmed: codes of the questions about the form that the applicant answers with yes.

    Raises:
        NotFound, PermissionDenied, Conflict: see the parts.
        RuleViolation: the form breaks a rule of today, the contract is registered already, papers are
            missing, or a question is open (`confirmation-needed`).
    """
    contract = open_step(session, actor, contract_id, action=Action.SUBMIT, now=now)
    require_verified(actor)
    today = china_day(now)
    complete = own_form(session, actor, contract, changes={})
    station = check_station(session, contract.station_id, open_now=True)
    _check_application(session, actor, complete, station=station, contract_id=contract.id, today=today)
    write_form(session, contract, complete, applicant_id=actor.organisation_id)
    refuse_duplicate(session, contract)
    require_papers(session, contract, rules=queries.rule_set_on(session, today))
    contract.confirmed = confirm_questions(session, contract, confirmed=confirmed)
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
    contract = open_step(session, actor, contract_id, action=Action.WITHDRAW, now=now)
    take_step(session, actor, contract, action=Action.WITHDRAW, now=now)
    session.flush()  # a lost race stops here
    return contract
