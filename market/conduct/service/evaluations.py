"""Yearly evaluations, of which some on the black list take no part."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.conduct.queries import evaluation_bar
from market.libraries.models import Evaluation
from market.libraries.service import records


def record_evaluation(
    session: Session, actor: Actor, entry_id: int, *, form: Mapping[str, Any], now: datetime
) -> Evaluation:
    """Record the evaluation of a year, unless a breach bars the unit; see the service of the registers.

    Raises:
        PermissionDenied, RuleViolation: as there.
        Conflict: as there; `evaluation-barred` for an R&D institution after a serious breach.
    """
    return records.record_evaluation(session, actor, entry_id, form=form, now=now, bar=evaluation_bar)
