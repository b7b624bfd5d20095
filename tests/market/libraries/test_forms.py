"""Forms of new entries: what must be there for every kind, and the days of an agency."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

import market.libraries.api  # noqa: F401  # loads the forms of all kinds
from market.accounts.rules import OPERATOR
from market.libraries.models import AgencyFiling
from market.libraries.rules import EntryKind, EntryStatus
from market.libraries.schemas.entries import EntryInput
from market.libraries.service.entries import edit_entry
from tests.factories import NOW
from tests.market.challenges.refusing import refused
from tests.market.libraries.factories import make_entry

FORMS = sorted(EntryInput.__subclasses__(), key=lambda form: form.__name__)


def test_all_kinds_have_a_form() -> None:
    assert len(FORMS) == len(EntryKind)


@pytest.mark.parametrize("form", FORMS)
def test_no_entry_comes_without_title_and_source(form: type[EntryInput]) -> None:
    missing = form().validate({})
    own_title = {"person_name", "unit_name"} if "person_name" in form().fields else {"title"}
    assert {"source", "source_date", *own_title} <= set(missing)


def test_a_filing_does_not_end_before_it_begins(session: Session) -> None:
    form = {"title": "澄江技术转移中心", "category": "transfer", "filed_on": date(2024, 5, 6)}
    agency = make_entry(session, EntryKind.AGENCY, form, status=EntryStatus.DRAFT)
    with refused("dates-out-of-order"):
        edit_entry(
            session,
            OPERATOR,
            AgencyFiling,
            agency.id,
            changes={"valid_until": date(2024, 5, 5)},
            version=agency.version,
            now=NOW,
        )
    assert agency.valid_until is None
