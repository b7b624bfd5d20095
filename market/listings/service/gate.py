"""The gate of needs: noting what the rules find, asking back, deciding the class and the validity."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.audit.service import record
from market.errors import Conflict, FieldError, RuleViolation, violation
from market.listings import queries
from market.listings.models import Need, NeedAssessment, NeedQuestion, NeedTriage
from market.listings.rules import (
    CONTENT,
    EDITABLE,
    GATE_VERSION,
    RULE_OF,
    STATUS_NAMES,
    TRIAGE_NAMES,
    TRIAGED_IN,
    VALID_CLASSES,
    Action,
    By,
    GateCode,
    ListingKind,
    Status,
    Triage,
    Validation,
)
from market.listings.service.steps import require_reviewer, take_step

UNSETTLED = EDITABLE | {Status.PENDING, Status.REJECTED}
"""States in which a need that was published before may read otherwise by now."""


def assess_need(session: Session, need: Need, *, now: datetime) -> NeedAssessment:
    """Note what the rules in force find in a need."""
    check, suggestion = queries.read_need(need)
    assessment = NeedAssessment(
        need_id=need.id,
        need_version=need.version,
        rule_version=GATE_VERSION,
        completeness=check.completeness,
        findings=[finding.to_json() for finding in check.findings],
        suggested=suggestion.triage,
        reasons=list(suggestion.reasons),
        at=now,
    )
    session.add(assessment)
    session.flush()  # decisions and questions need the id
    return assessment


def is_outdated(session: Session, need: Need) -> bool:
    """Tell whether a need, about to be handed in, was decided on in other words than it has now."""
    if need.triage is None and need.validation is Validation.OPEN:
        return False
    events = queries.list_events(session, need)
    handed_in = max((i for i, event in enumerate(events) if event.action is Action.SUBMIT), default=-1)
    before = [event.snapshot for event in events[: handed_in + 1] if event.snapshot]
    since = [event.snapshot for event in events[handed_in + 1 :] if event.snapshot]
    if not since:
        return False
    return not before or any(before[-1].get(name) != since[-1].get(name) for name in CONTENT)


def undo_decisions(session: Session, actor: Actor, need: Need, *, now: datetime) -> None:
    """Take back the class and the validity of a need whose content was changed; the history keeps both."""
    record(
        session, actor.user_id, action="need.validate", entity="need", entity_id=need.id, now=now,
        details={
            "result": Validation.OPEN.value,
            "why": "content-changed",
            "was": need.validation.value,
            "class_was": need.triage.value if need.triage else None,
        },
    )  # fmt: skip
    need.triage, need.validation = None, Validation.OPEN
    need.validated_by = need.validated_at = None
    need.validation_note = need.override_note = None
    session.flush()  # draws the new version


def _standing_assessment(session: Session, need: Need, *, now: datetime) -> NeedAssessment:
    """Return what was noted last, or note anew what the rules find differently by now."""
    check, suggestion = queries.read_need(need)
    last = queries.last_assessment(session, need.id)
    if last is not None and queries.same_as(last, check, suggestion.triage):
        return last
    return assess_need(session, need, now=now)


def ask_questions(
    session: Session, actor: Actor, need_id: int, *, codes: Sequence[GateCode], words: str, now: datetime
) -> NeedQuestion:
    """Send a need under review back with questions.

    Args:
        session: open transaction.
        actor: the reviewer.
        need_id: which one.
        codes: findings of the rules to be answered.
        words: of the reviewer, with whatever else is to be told.
        now: present time.

    Raises:
        NotFound, PermissionDenied: see `review_listing`.
        Conflict: it is not waiting for review.
        RuleViolation: the rules have no reason for one of these questions.
    """
    need = _reviewed(session, actor, need_id)
    assessment = _standing_assessment(session, need, now=now)
    found = queries.codes_of(assessment.findings)
    wrong = tuple(
        FieldError(f"/codes/{i}", "nothing-to-ask", f"该需求没有“{RULE_OF[code].name}”的问题，请写在说明中。")
        for i, code in enumerate(codes)
        if code.value not in found
    )
    if wrong:
        raise RuleViolation("有的问题不在评估结果中。", code="nothing-to-ask", fields=wrong)
    asked = NeedQuestion(
        need_id=need.id,
        assessment=assessment,
        codes=[rule.code.value for rule in RULE_OF.values() if rule.code in set(codes)],
        words=words,
        asked_by=actor.user_id,
        at=now,
    )
    session.add(asked)
    names = "、".join(RULE_OF[GateCode(code)].name for code in asked.codes)
    note = f"{words}（追问：{names}）" if names else words
    take_step(session, actor, need, Action.RETURN, By.REVIEWER, encoder=None, now=now, note=note)
    return asked


def triage_need(
    session: Session,
    actor: Actor,
    need_id: int,
    *,
    decided: Triage,
    note: str | None,
    visit_note: str | None,
    now: datetime,
) -> Need:
    """Decide which way a need goes; what the rules suggest is kept beside it.

    Args:
        session: open transaction.
        actor: the reviewer.
        need_id: which one.
        decided: the class.
        note: why; required for long-term tracking.
        visit_note: for a second diagnosis: when which expert is to visit.
        now: present time.

    Raises:
        NotFound, PermissionDenied: see `review_listing`.
        Conflict: it has not been handed in, or is off the market.
        RuleViolation: the note is missing, or a visit is planned for another class.
    """
    need = _reviewed(session, actor, need_id)
    if decided is Triage.LONG_TERM and not note:
        raise violation("/note", "note-missing", "列入长期跟踪时，请写明难在哪里、受制于谁。")
    if visit_note and decided is not Triage.DIAGNOSE:
        raise violation("/visit_note", "visit-not-applicable", "只有二次诊断才安排专家上门。")
    if need.status not in TRIAGED_IN:
        raise Conflict(f"该需求现为“{STATUS_NAMES[need.status]}”，不能分类。", code="illegal-transition")
    assessment = _standing_assessment(session, need, now=now)
    session.add(
        NeedTriage(
            need_id=need.id,
            assessment=assessment,
            decided=decided,
            note=note,
            visit_note=visit_note,
            decided_by=actor.user_id,
            at=now,
        )
    )
    need.triage = decided
    session.flush()  # draws the new version
    record(
        session, actor.user_id, action="need.triage", entity="need", entity_id=need.id, now=now,
        details={"suggested": assessment.suggested.value, "decided": decided.value},
    )  # fmt: skip
    return need


def validate_need(
    session: Session,
    actor: Actor,
    need_id: int,
    *,
    result: Validation,
    note: str | None = None,
    override_note: str | None = None,
    now: datetime,
) -> Need:
    """Record whether a need is a real one (有效技术需求).

    Args:
        session: open transaction.
        actor: the reviewer.
        need_id: which one.
        result: VALID, INVALID, or OPEN to take an earlier decision back.
        note: why; required for INVALID.
        override_note: why it is valid although questions are open that must be answered.
        now: present time.

    Raises:
        NotFound, PermissionDenied: see `review_listing`.
        Conflict: it has not been published as it stands, or not put into a class whose needs can be valid.
        RuleViolation: a note is missing.
    """
    need = _reviewed(session, actor, need_id)
    if need.published_at is None or (result is Validation.VALID and need.status in UNSETTLED):
        raise Conflict("需求发布后才能认定是否有效。", code="illegal-transition")
    if result is Validation.INVALID and not note:
        raise violation("/note", "note-missing", "认定无效时，请写明理由。")
    if override_note and result is not Validation.VALID:
        raise violation("/override_note", "override-not-applicable", "只有认定有效时才需要说明例外理由。")
    details: dict[str, object] = {"result": result.value}
    if result is Validation.VALID:
        _require_class(session, need)
        overridden = _require_answers(need, override_note)
        if overridden:
            details |= {"overridden": overridden, "override_note": override_note}
    need.validation = result
    need.validation_note = note
    need.override_note = override_note
    need.validated_by = actor.user_id
    need.validated_at = now
    session.flush()  # draws the new version
    record(
        session, actor.user_id, action="need.validate", entity="need", entity_id=need.id, now=now,
        details=details,
    )  # fmt: skip
    return need


def _reviewed(session: Session, actor: Actor, need_id: int) -> Need:
    """Return a need, locked, for somebody who may decide on it."""
    need = queries.get_listing(session, actor, ListingKind.NEED, need_id, lock=True)
    assert isinstance(need, Need)
    require_reviewer(actor, need)
    return need


def _require_class(session: Session, need: Need) -> None:
    if need.triage is None and queries.last_triage(session, need.id) is None:
        raise Conflict("认定有效之前，请先分类。", code="triage-missing")
    if need.triage is None:
        raise Conflict("分类以后需求的内容有改动，请按新的内容重新分类。", code="triage-outdated")
    if need.triage not in VALID_CLASSES:
        raise Conflict(
            f"该需求分类为“{TRIAGE_NAMES[need.triage]}”，诊断清楚并改为其他类后才能认定有效。",
            code="triage-undecided",
        )


def _require_answers(need: Need, override_note: str | None) -> list[str]:
    """Refuse a need with questions that block, unless it is said why; return which were passed over."""
    open_ones = queries.blocking_findings(need)
    if open_ones and not override_note:
        raise RuleViolation(
            "还有必须补充的问题；确认有效的，请在 override_note 中写明理由。",
            code="questions-open",
            fields=tuple(
                FieldError("/override_note", "questions-open", f"{one.rule.name}：{one.rule.question}")
                for one in open_ones
            ),
        )
    return [one.rule.code.value for one in open_ones]
