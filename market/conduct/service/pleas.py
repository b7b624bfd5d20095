"""What subjects say against a record: objections before it is listed, appeals afterwards."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.conduct.models import ConductPlea, ConductRecord
from market.conduct.queries import is_subject
from market.conduct.rules import Action, PleaKind, PleaStatus
from market.conduct.service.steps import answer_plea, locked, take_step
from market.errors import violation


def object_to(
    session: Session, actor: Actor, record_id: int, *, words: str, evidence: str | None, now: datetime
) -> ConductRecord:
    """Object to a record while its notice runs; it is not listed before that is decided.

    Args:
        session: open transaction.
        actor: the subject; or the office, which writes down what a subject without an account handed in.
        record_id: which record.
        words: the objection.
        evidence: what it rests on; of the office, where the paper is kept.
        now: present time.

    Raises:
        NotFound, PermissionDenied, Conflict: see `steps.locked`; `objections-closed` after the last day.
        RuleViolation: written down by the office without saying where the paper is kept.
    """
    return _file(session, actor, record_id, PleaKind.OBJECTION, words=words, evidence=evidence, now=now)


def appeal_against(
    session: Session, actor: Actor, record_id: int, *, words: str, evidence: str | None, now: datetime
) -> ConductRecord:
    """Appeal against a record that is listed; it stays in force until that is decided. See `object_to`.

    Raises:
        NotFound, PermissionDenied, Conflict: see `steps.locked`; `appeal-open` while an earlier one waits,
            `record-expired` after the last day.
        RuleViolation: as `object_to`.
    """
    return _file(session, actor, record_id, PleaKind.APPEAL, words=words, evidence=evidence, now=now)


def _file(
    session: Session,
    actor: Actor,
    record_id: int,
    kind: PleaKind,
    *,
    words: str,
    evidence: str | None,
    now: datetime,
) -> ConductRecord:
    action = Action.OBJECT if kind is PleaKind.OBJECTION else Action.APPEAL
    record = locked(session, actor, record_id, action, now=now)
    if not evidence and not is_subject(actor, record):
        raise violation("/evidence", "evidence-missing", "代为登记的，请写明书面材料存放何处。")
    session.add(
        ConductPlea(
            record_id=record.id,
            kind=kind,
            status=PleaStatus.OPEN,
            words=words,
            evidence=evidence or None,
            filed_by=actor.user_id,
            filed_at=now,
        )
    )
    take_step(session, actor, record, action, now=now)
    return record


def decide_appeal(
    session: Session, actor: Actor, record_id: int, *, upheld: bool, answer: str, now: datetime
) -> ConductRecord:
    """Decide on an appeal; one that is upheld takes the record off its list.

    Args:
        session: open transaction.
        actor: of the office, but nobody who proposed, checked, decided on or listed the record.
        record_id: a record with an appeal that waits; its last day may be over.
        upheld: whether the subject is right.
        answer: what the subject is told.
        now: present time.

    Raises:
        NotFound, PermissionDenied, Conflict: see `steps.locked`; `appeal-missing` where none waits.
    """
    action = Action.UPHOLD_APPEAL if upheld else Action.DISMISS_APPEAL
    record = locked(session, actor, record_id, action, now=now)
    answer_plea(session, actor, record, upheld=upheld, answer=answer, now=now)
    take_step(session, actor, record, action, now=now)
    return record
