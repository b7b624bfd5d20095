"""Looking at refusals: which code, which values; what the refused deed did is undone, as at the edge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from market.errors import MarketError, RuleViolation


def code_of(session: Session, work: Callable[[], Any], kind: type[MarketError] = MarketError) -> str:
    """Return the code of the error."""
    with pytest.raises(kind) as caught, session.begin_nested():
        work()
    return caught.value.code


def faults(session: Session, work: Callable[[], Any]) -> dict[str, str]:
    """Return pointer and code of every value at fault."""
    with pytest.raises(RuleViolation) as caught, session.begin_nested():
        work()
    return {fault.pointer: fault.code for fault in caught.value.fields}
