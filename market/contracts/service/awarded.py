"""Contracts that follow from an award of a challenge (揭榜挂帅): who sells, who buys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.rules import Actor
from market.challenges.models import Award
from market.challenges.queries.awards import get_award
from market.challenges.rules import LIVE_AWARD
from market.challenges.service.awards import mark_uncontracted
from market.contracts.models import Contract
from market.contracts.rules import LIVE, STATUS_NAMES, Side
from market.errors import NotFound, PermissionDenied, violation
from market.matches.models import Suggestion


def get_awarded(session: Session, actor: Actor, award_id: int, *, side: Side) -> Award:
    """Return the award from which the actor applies for a contract.

    Raises:
        PermissionDenied: the actor's unit is not the one awarded, or does not sell.
        RuleViolation: there is no such award, or it is over.
    """
    try:
        award = get_award(session, actor, award_id)
    except NotFound as error:
        raise violation("/award_id", "award-not-found", error.detail) from None
    if side is not Side.SELLER or actor.organisation_id != award.organisation_id:
        raise PermissionDenied("揭榜挂帅项目的合同由中榜单位作为卖方申请登记。", code="not-the-applicant")
    if award.status not in LIVE_AWARD:
        raise violation("/award_id", "award-over", "该立项已通过验收或终止，不能据此申请登记。")
    return award


def fill_from_award(
    values: dict[str, Any], award: Award, suggestion: Suggestion | None, *, owner: Mapping[str, Any]
) -> None:
    """Put in what the award says and the form does not: project name, field, and the buyer.

    Args:
        values: the form.
        award: where the contract comes from.
        suggestion: the suggestion it comes from as well, if any.
        owner: the demand side as a party.

    Raises:
        RuleViolation: suggestion and award are about different needs.
    """
    challenge = award.challenge
    if suggestion is not None and suggestion.need_id != challenge.need_id:
        raise violation("/award_id", "award-other-need", "所选的匹配建议与榜单项目不是同一需求。")
    if values.get("project_name") is None:
        values["project_name"] = challenge.title
    if values.get("tech_field") is None:
        values["tech_field"] = challenge.tech_field
    values["buyer"] = {**owner, **(values.get("buyer") or {})}


def require_award_buyer(owner: Organisation, form: Mapping[str, Any]) -> None:
    """Refuse a contract of an award that somebody else than the demand side buys.

    Raises:
        RuleViolation: `award-other-buyer`.
    """
    for name, own in (("uscc", owner.uscc), ("name", owner.name)):
        if own is not None and form["buyer"][name] != own:
            detail = f"揭榜挂帅项目的合同，买方应为需求单位“{owner.name}”。"
            raise violation(f"/buyer/{name}", "award-other-buyer", detail)


def release_award(session: Session, actor: Actor, contract: Contract, *, now: datetime) -> None:
    """Let the award of a contract that was cancelled or revoked know, unless another one of it stands."""
    if contract.award_id is None:
        return
    get_award(session, actor, contract.award_id, lock=True)  # two contracts that end at once queue up here
    others = select(Contract.id).where(
        Contract.award_id == contract.award_id, Contract.id != contract.id, Contract.status.in_(LIVE)
    )
    if session.scalar(others.limit(1)) is None:
        note = f"登记合同{contract.reg_no}{STATUS_NAMES[contract.status]}"
        mark_uncontracted(session, actor, contract.award_id, note=note, now=now)
