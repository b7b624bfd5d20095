"""What the form of an agency must obey besides its schema."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from market.errors import violation
from market.libraries.models import RegisterEntry


def check_agency(
    _session: Session, values: Mapping[str, Any], entry: RegisterEntry | None, _today: date
) -> None:
    """Demand that a filing does not end before it begins.

    Raises:
        RuleViolation: it does.
    """
    filed, until = (
        values[name] if name in values else getattr(entry, name, None) for name in ("filed_on", "valid_until")
    )
    if filed is not None and until is not None and until < filed:
        raise violation("/valid_until", "dates-out-of-order", "有效期的最后一天不能早于备案日期。")
