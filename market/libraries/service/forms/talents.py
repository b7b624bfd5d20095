"""What must be on record of a person before anybody else is told of them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from market.errors import violation
from market.libraries.models import RegisterEntry
from market.libraries.queries.talents import has_agreed
from market.libraries.rules.talents import CONSENT_SCOPE_NAMES, ConsentScope


def require_kept(session: Session, entry: RegisterEntry) -> None:
    """Demand that the person's consent to be kept is in force.

    Raises:
        RuleViolation: `consent-missing`.
    """
    if not has_agreed(session, entry.id, ConsentScope.KEEP):
        wanted = CONSENT_SCOPE_NAMES[ConsentScope.KEEP]
        raise violation(
            "/consents",
            "consent-missing",
            f"请先登记本人对“{wanted}”（{ConsentScope.KEEP.value}）的同意，再提交核对、列入。",
        )
