"""What the rules find in a need, what was decided on it, and which questions have been answered since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from market.accounts.rules import Actor, Role, oversees
from market.errors import PermissionDenied
from market.listings.models import Need, NeedAssessment, NeedQuestion, NeedTriage
from market.listings.queries.listings import get_listing, is_owner, reviews_all
from market.listings.rules import (
    GATE_VERSION,
    Check,
    Finding,
    ListingKind,
    NeedFacts,
    Suggestion,
    Triage,
    check_need,
    suggest_triage,
)


@dataclass(frozen=True, slots=True)
class AssessmentReport:
    """A need as the rules see it now, and what was noted on it before.

    Attributes:
        need: with its class and validation.
        rule_version: of the rules in force.
        completeness: 0 to 100.
        findings: questions that are open, in the form in which they are kept.
        suggestion: the class that follows.
        stored: what was noted when it was last handed in or decided on; None for one never handed in.
        triages: decisions on its class, oldest first.
    """

    need: Need
    rule_version: str
    completeness: int
    findings: Sequence[dict[str, Any]]
    suggestion: Suggestion
    stored: NeedAssessment | None
    triages: Sequence[NeedTriage]


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """One finding that was sent back as a question.

    Attributes:
        code: of the rule.
        question: as it was asked.
        answered_in: version of the need in which the finding was gone; None while it is open.
    """

    code: str
    question: str
    answered_in: int | None


@dataclass(frozen=True, slots=True)
class QuestionRound:
    """Questions with which a need was sent back once.

    Attributes:
        id: of the round.
        need_version: version of the need that they are about.
        words: of the reviewer.
        items: findings among the questions.
        asked_by: the reviewer; None for the operator.
        at: when.
    """

    id: int
    need_version: int
    words: str
    items: tuple[AskedAgain, ...]
    asked_by: int | None
    at: datetime


def read_need(need: Need) -> tuple[Check, Suggestion]:
    """Return what the rules in force find in a need's present text, and the class that follows."""
    facts = NeedFacts(
        title=need.title,
        body=need.body,
        existing_conditions=need.existing_conditions or "",
        indicators=tuple((item["name"], item["value"]) for item in need.indicators),
        need_type=need.need_type,
        tech_field=need.tech_field,
        cooperation_modes=tuple(need.cooperation_modes),
        budget_fen=need.budget_fen,
        min_trl=need.min_trl,
        deadline=need.deadline,
        has_contact=bool(need.contact_name and need.contact_phone),
    )
    check = check_need(facts)
    return check, suggest_triage(facts, check)


def blocking_findings(need: Need) -> tuple[Finding, ...]:
    """Return the questions that keep a need from being a valid one."""
    check, _ = read_need(need)
    return check.blocking


def require_gate_access(actor: Actor, need: Need) -> None:
    """Refuse whoever is neither the owner nor may decide on the need.

    Raises:
        PermissionDenied: `role-not-allowed`.
    """
    if is_owner(actor, need) or actor.role is Role.ADMIN or reviews_all(actor):
        return
    if not oversees(actor, need.region_code):
        raise PermissionDenied("质量评估只供发布单位和审核人查看。", code="role-not-allowed")


def assessment_of(session: Session, actor: Actor, need_id: int) -> AssessmentReport:
    """Return how complete a need is, what is asked about it, and what was decided.

    Raises:
        NotFound: there is no such need, or the actor may not know of it.
        PermissionDenied: neither owner nor reviewer.
    """
    need = get_listing(session, actor, ListingKind.NEED, need_id)
    assert isinstance(need, Need)
    require_gate_access(actor, need)
    check, suggestion = read_need(need)
    triages = session.scalars(
        select(NeedTriage)
        .options(joinedload(NeedTriage.assessment))
        .where(NeedTriage.need_id == need.id)
        .order_by(NeedTriage.id)
    )
    return AssessmentReport(
        need=need,
        rule_version=GATE_VERSION,
        completeness=check.completeness,
        findings=[finding.to_json() for finding in check.findings],
        suggestion=suggestion,
        stored=last_assessment(session, need.id),
        triages=triages.all(),
    )


def last_assessment(session: Session, need_id: int) -> NeedAssessment | None:
    """Return what was noted last on a need; None if nothing was."""
    return session.scalar(
        select(NeedAssessment)
        .where(NeedAssessment.need_id == need_id)
        .order_by(NeedAssessment.id.desc())
        .limit(1)
    )


def last_triage(session: Session, need_id: int) -> NeedTriage | None:
    """Return the last decision on a need's class; None if there is none."""
    return session.scalar(
        select(NeedTriage).where(NeedTriage.need_id == need_id).order_by(NeedTriage.id.desc()).limit(1)
    )


def list_questions(session: Session, actor: Actor, need_id: int) -> list[QuestionRound]:
    """Return the rounds of questions about a need, oldest first, with what has been answered since.

    A question is answered by the first later version in which the rules find no reason for it any more.

    Raises:
        NotFound: there is no such need, or the actor may not know of it.
        PermissionDenied: neither owner nor reviewer.
    """
    need = get_listing(session, actor, ListingKind.NEED, need_id)
    assert isinstance(need, Need)
    require_gate_access(actor, need)
    rows = session.scalars(
        select(NeedQuestion)
        .options(joinedload(NeedQuestion.assessment))
        .where(NeedQuestion.need_id == need_id)
        .order_by(NeedQuestion.id)
    )
    later = session.scalars(
        select(NeedAssessment).where(NeedAssessment.need_id == need_id).order_by(NeedAssessment.id)
    ).all()
    return [round_of(row, later=[one for one in later if one.id > row.assessment_id]) for row in rows]


def round_of(row: NeedQuestion, *, later: Sequence[NeedAssessment] = ()) -> QuestionRound:
    """Return one round of questions, as far as it has been answered by what was noted later."""
    asked = {finding["code"]: finding["question"] for finding in row.assessment.findings}
    return QuestionRound(
        id=row.id,
        need_version=row.assessment.need_version,
        words=row.words,
        items=tuple(AskedAgain(code, asked[code], _answered_in(code, later)) for code in row.codes),
        asked_by=row.asked_by,
        at=row.at,
    )


def _answered_in(code: str, later: Sequence[NeedAssessment]) -> int | None:
    return next((one.need_version for one in later if code not in codes_of(one.findings)), None)


def codes_of(findings: Sequence[dict[str, Any]]) -> frozenset[str]:
    """Return the codes of findings as they are kept."""
    return frozenset(finding["code"] for finding in findings)


def same_as(stored: NeedAssessment | None, check: Check, suggested: Triage) -> bool:
    """Tell whether what was noted last still says what the rules in force find."""
    return (
        stored is not None
        and stored.rule_version == GATE_VERSION
        and stored.suggested is suggested
        and stored.findings == [finding.to_json() for finding in check.findings]
    )
