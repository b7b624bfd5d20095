"""What the form of a resource must obey besides its schema."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from market.errors import violation
from market.libraries.models import RegisterEntry


def check_resource(
    _session: Session, values: Mapping[str, Any], entry: RegisterEntry | None, _today: date
) -> None:
    """Demand that spans run forward, of maturity and of opening hours.

    Raises:
        RuleViolation: one runs backward, or hours have one end only.
    """

    def now_or_before(name: str) -> Any:
        return values[name] if name in values else getattr(entry, name, None)

    low, high = now_or_before("min_trl"), now_or_before("max_trl")
    if low is not None and high is not None and low > high:
        raise violation("/max_trl", "trl-backward", "承接成熟度的上限不能低于下限。")
    opens, closes = now_or_before("opens_at"), now_or_before("closes_at")
    if (opens is None) != (closes is None):
        raise violation("/closes_at", "hours-incomplete", "请同时填写开放时间的起止。")
    if opens is not None and opens >= closes:
        raise violation("/closes_at", "hours-backward", "开放时间的止应晚于起。")
