"""People of the talent pool, made by the market's own services."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR
from market.libraries.models import Talent
from market.libraries.rules import EntryKind, EntryStatus
from market.libraries.rules.talents import ConsentScope
from market.libraries.service.talent_roles import add_role
from market.libraries.service.talents import give_consent
from tests.factories import NOW
from tests.market.libraries.factories import ENCODER, bring_to, make_entry

FOUND = (ConsentScope.KEEP, ConsentScope.FIND)
SINCE = date(2025, 1, 1)


def talent_form(**values: Any) -> dict[str, Any]:
    """Return the form of a person."""
    return {
        "person_name": "顾澄波",
        "unit_name": "暨阳理工大学",
        "post": "教授",
        "fields": ["07", "04"],
        "works": ["高盐废水膜浓缩装置，发明专利"],
        "summary": "长期研究印染废水回用。",
        "availability": "每周三",
        "contact": "0510-80000000",
        **values,
    }


def make_talent(
    session: Session,
    *,
    roles: Iterable[str | dict[str, Any]] = ("expert",),
    consents: Iterable[ConsentScope] = FOUND,
    status: EntryStatus = EntryStatus.LISTED,
    **values: Any,
) -> Talent:
    """Insert a person in any state.

    Args:
        session: open transaction.
        roles: codes of roles held since `SINCE` without end, or whole forms of roles.
        consents: what the person agrees to; whoever is no draft agrees to be kept besides.
        status: state of the record.
        values: of the form.
    """
    talent: Talent = make_entry(session, EntryKind.TALENT, talent_form(**values), status=EntryStatus.DRAFT)
    for role in roles:
        form = {"role": role, "valid_from": SINCE} if isinstance(role, str) else {"valid_from": SINCE, **role}
        add_role(session, OPERATOR, talent.id, form=form, encoder=ENCODER, now=NOW)
    needed = () if status is EntryStatus.DRAFT else (ConsentScope.KEEP,)
    for scope in dict.fromkeys((*needed, *consents)):
        give_consent(
            session, OPERATOR, talent.id, scope=scope, given_on=SINCE, evidence="同意书存科技局",
            encoder=ENCODER, now=NOW,
        )  # fmt: skip
    bring_to(session, talent, status)
    return talent
