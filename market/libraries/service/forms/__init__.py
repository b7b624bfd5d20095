"""What the form of each kind must obey besides its schema, where that takes the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.libraries.models import RegisterEntry
from market.libraries.rules import EntryKind
from market.libraries.service.forms.agencies import check_agency, check_consortium
from market.libraries.service.forms.chains import check_enterprise, check_node
from market.libraries.service.forms.projects import check_leader, check_project
from market.libraries.service.forms.resources import check_resource
from market.libraries.service.forms.talents import require_kept
from market.libraries.service.forms.technologies import check_technology

FormCheck = Callable[[Session, Mapping[str, Any], RegisterEntry | None, date], None]
"""Called with the values given, the entry they change (None for a new one) and the day in China; raises
RuleViolation with a pointer to each value at fault."""

FORM_CHECKS: Mapping[EntryKind, FormCheck] = {
    EntryKind.NODE: check_node,
    EntryKind.ENTERPRISE: check_enterprise,
    EntryKind.RESOURCE: check_resource,
    EntryKind.TECHNOLOGY: check_technology,
    EntryKind.PROJECT: check_project,
    EntryKind.AGENCY: check_agency,
    EntryKind.CONSORTIUM: check_consortium,
}

ACTOR_CHECKS: Mapping[EntryKind, Callable[[Session, Actor, Mapping[str, Any]], None]] = {
    EntryKind.PROJECT: check_leader,
}
"""What of the values given depends on who writes them: records of others that the actor may not know of.
Raises RuleViolation."""

READY_CHECKS: Mapping[EntryKind, Callable[[Session, RegisterEntry], None]] = {
    EntryKind.TALENT: require_kept,
}
"""What must be on record beside an entry before it is handed in, and still when it is listed; raises
RuleViolation."""
