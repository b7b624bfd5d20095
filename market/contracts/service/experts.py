"""Experts: calling for their review of a contract, and writing down what each of them concluded."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.audit.service import record
from market.clock import china_day
from market.contracts import queries
from market.contracts.form_rules import plain
from market.contracts.models import Contract, ExpertOpinion
from market.contracts.rules import CONCLUSION_NAMES, Action, ExpertConclusion, RuleSet, review_fault
from market.contracts.service.review import require_words
from market.contracts.service.steps import open_step, take_step
from market.errors import Conflict, violation


def call_experts(session: Session, actor: Actor, contract_id: int, *, reason: str, now: datetime) -> Contract:
    """Have experts heard about an application; it is then not registered without them.

    Args:
        session: open transaction.
        actor: one of the station's people with any duty.
        contract_id: an accepted application.
        reason: what the experts are to look at.
        now: present time.

    Raises:
        NotFound, PermissionDenied, Conflict: see `open_step`; `experts-called` where they are already.
        RuleViolation: no reason is given.
    """
    contract = open_step(session, actor, contract_id, action=Action.CALL_EXPERTS, now=now)
    if contract.experts_called:
        raise Conflict("该合同已提请专家评审。", code="experts-called")
    require_words(reason, pointer="/reason", detail="请写明提请专家评审的事项。")
    contract.experts_called = True
    take_step(session, actor, contract, action=Action.CALL_EXPERTS, now=now, note=reason)
    session.flush()  # a lost race stops here
    return contract


def record_opinion(
    session: Session,
    actor: Actor,
    contract_id: int,
    *,
    name: str,
    unit: str,
    conclusion: ExpertConclusion,
    words: str,
    opined_on: date,
    now: datetime,
) -> ExpertOpinion:
    """Write down what one expert concluded. Who opined on an earlier filing may do so on a corrected one.

    Args:
        session: open transaction.
        actor: one of the station's people with any duty.
        contract_id: an accepted application about which experts are heard.
        name: the expert.
        unit: where the expert works.
        conclusion: for or against registration.
        words: the grounds.
        opined_on: day of the opinion, from acceptance until today.
        now: present time.

    Raises:
        NotFound, PermissionDenied, Conflict: see `open_step`; `experts-not-called`, `opinion-recorded`.
        RuleViolation: `expert-conflict`: the expert works for a party; `bad-opinion-day`.
    """
    contract = open_step(session, actor, contract_id, action=Action.RECORD_OPINION, now=now)
    rules = queries.rules_of(session, contract)
    if not queries.needs_review(contract, rules):
        raise Conflict("该合同未达到专家评审的金额，也未提请专家评审，请先提请。", code="experts-not-called")
    if plain(unit) in {plain(contract.seller.name), plain(contract.buyer.name)}:
        raise violation("/unit", "expert-conflict", "专家所在单位是合同当事人，应当回避。")
    assert contract.accepted_on is not None
    if not contract.accepted_on <= opined_on <= china_day(now):
        raise violation("/opined_on", "bad-opinion-day", "专家意见的日期应在受理日与今天之间。")
    opinion = _row_for(session, actor, contract, name=name, unit=unit, now=now)
    opinion.conclusion = conclusion
    opinion.words = words
    opinion.opined_on = opined_on
    opinion.recorded_by = actor.user_id
    opinion.recorded_at = now
    # Parties read the events: an expert's name and words are not for them.
    note = CONCLUSION_NAMES[conclusion]
    take_step(session, actor, contract, action=Action.RECORD_OPINION, now=now, note=note)
    session.flush()  # draws the id
    return opinion


def _row_for(
    session: Session, actor: Actor, contract: Contract, *, name: str, unit: str, now: datetime
) -> ExpertOpinion:
    row = session.scalar(
        select(ExpertOpinion).where(
            ExpertOpinion.contract_id == contract.id,
            ExpertOpinion.name == name,
            ExpertOpinion.unit == unit,
        )
    )
    if row is None:
        row = ExpertOpinion(contract_id=contract.id, name=name, unit=unit)
        session.add(row)
        return row
    accepted = queries.find_last_event(session, contract.id, Action.ACCEPT)
    if accepted is None or row.recorded_at >= accepted.at:
        raise Conflict("该专家的意见已经记录。", code="opinion-recorded")
    record(
        session,
        actor.user_id,
        action="expert_opinion.replace",
        entity="expert_opinion",
        entity_id=row.id,
        now=now,
        details={"conclusion": row.conclusion.value, "opined_on": row.opined_on.isoformat()},
    )
    return row


def require_review(session: Session, contract: Contract, rules: RuleSet) -> None:
    """Refuse to register a contract that experts are to be heard about before they support it.

    Raises:
        Conflict: `experts-missing` or `experts-oppose`.
    """
    if not queries.needs_review(contract, rules):
        return
    opinions = queries.opinions_on(session, contract)
    fault = review_fault([opinion.conclusion for opinion in opinions], min_experts=rules.min_experts)
    if fault is not None:
        raise Conflict(fault.detail, code=fault.code)
