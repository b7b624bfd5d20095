"""What is recorded with entries, in words for editions: recognitions with their ends, the last evaluation."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.libraries.models import Evaluation, Recognition, RegisterEntry
from market.libraries.queries.spec import Column
from market.reference.queries import code_names
from market.reference.rules import Scheme

RECOGNITIONS = Column("recognitions", "认定", bracketed=True)
EVALUATION = Column("evaluation", "最近一次评价")


def told_recognitions(session: Session, entries: Sequence[RegisterEntry]) -> dict[int, list[str]]:
    """Return the recognitions of entries by id, oldest first; one that ended says so.

    What is past is told with its end and not left out, so that no row changes because a day went by.
    """
    statement = (
        select(Recognition)
        .where(Recognition.entry_id.in_([entry.id for entry in entries]))
        .order_by(Recognition.recognised_on, Recognition.id)
    )
    levels = code_names(session, Scheme.RECOGNITION_LEVEL)
    found: dict[int, list[str]] = {}
    for row in session.scalars(statement):
        until = f"至{row.ended_on.isoformat()}" if row.ended_on else ""
        words = f"{levels[row.level]}（{row.recognised_on.isoformat()}{until}，{row.recognised_by}）"
        found.setdefault(row.entry_id, []).append(words)
    return found


def told_evaluations(session: Session, entries: Sequence[RegisterEntry]) -> dict[int, str]:
    """Return the grade of the last year evaluated, by entry."""
    statement = (
        select(Evaluation)
        .where(Evaluation.entry_id.in_([entry.id for entry in entries]), Evaluation.withdrawn_at.is_(None))
        .order_by(Evaluation.year)
    )
    grades = code_names(session, Scheme.EVALUATION_GRADE)
    return {row.entry_id: f"{row.year}年{grades[row.grade]}" for row in session.scalars(statement)}
