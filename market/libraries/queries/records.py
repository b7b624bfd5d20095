"""Reading what is recorded with an entry."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.libraries.models import Evaluation, Recognition, RegisterEntry
from market.libraries.queries.entries import get_entry, is_checker


def list_recognitions(session: Session, actor: Actor | None, entry_id: int) -> list[Recognition]:
    """Return the recognitions of an entry the actor may read, oldest first."""
    entry = get_entry(session, actor, RegisterEntry, entry_id)
    statement = select(Recognition).where(Recognition.entry_id == entry.id)
    return list(session.scalars(statement.order_by(Recognition.recognised_on, Recognition.id)))


def list_evaluations(session: Session, actor: Actor | None, entry_id: int) -> list[Evaluation]:
    """Return the evaluations of an entry the actor may read, by year; to its bureau also those withdrawn."""
    entry = get_entry(session, actor, RegisterEntry, entry_id)
    statement = select(Evaluation).where(Evaluation.entry_id == entry.id)
    if not is_checker(actor, entry):
        statement = statement.where(Evaluation.withdrawn_at.is_(None))
    return list(session.scalars(statement.order_by(Evaluation.year, Evaluation.id)))
