"""Who reads which entry in which state, and whose eyes its internal part is for, kind by kind over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OrganisationKind, Role
from market.libraries.rules import POOLS, REGISTER_OF, EntryKind, EntryStatus
from tests.factories import as_actor, make_actor, make_organisation, make_uscc, make_user
from tests.market.libraries.factories import agency_form, make_bureau, make_entry
from tests.market.libraries.factories_talents import make_talent

pytestmark = pytest.mark.one_database("views; test_entries.py and talents/test_queries.py ask both")

SECRET = "只供办理人员看的备注"
FORMS: dict[EntryKind, tuple[str, dict[str, Any]]] = {
    EntryKind.NODE: ("chain-nodes", {"chain_code": "chain-metal", "segment": "upstream"}),
    EntryKind.ENTERPRISE: ("chain-enterprises", {}),
    EntryKind.RESOURCE: ("resources", {"category": "instrument"}),
    EntryKind.TECHNOLOGY: ("key-technologies", {}),
    EntryKind.PROJECT: ("projects", {"category": "research"}),
    EntryKind.TALENT: ("talents", {}),
    EntryKind.AGENCY: ("agencies", agency_form()),
    EntryKind.CONSORTIUM: ("consortia", {"category": "alliance", "founded_on": date(2024, 5, 6)}),
}
OFFICE = ("owner", "bureau", "admin")


@pytest.fixture
def readers(session: Session) -> dict[str, Any]:
    """Headers by who asks; `owner` is of the unit that the entries are about."""
    owner = actor_of(make_user(session, make_organisation(session, OrganisationKind.UNIVERSITY)))
    people = {
        "enterprise": make_actor(session),
        "university": make_actor(session, OrganisationKind.UNIVERSITY),
        "broker": make_actor(session, OrganisationKind.AGENCY),
        "registrar": make_actor(session, OrganisationKind.STATION),
        "elsewhere": make_bureau(session, "320282")[0],
        "owner": owner,
        "bureau": make_bureau(session)[0],
        "admin": actor_of(make_user(session, None, role=Role.ADMIN)),
    }
    headers: dict[str, Any] = {name: as_actor(session, actor) for name, actor in people.items()}
    return {"anyone": {}, **headers, "owner id": owner.organisation_id}


@pytest.mark.parametrize("kind", EntryKind)
def test_an_entry_shows_itself_by_state_and_its_notes_to_its_office_alone(
    client: FlaskClient, session: Session, readers: dict[str, Any], kind: EntryKind
) -> None:
    plural, form = FORMS[kind]
    form = {**form, "internal": SECRET, "organisation_id": readers.pop("owner id")}
    for status in (EntryStatus.DRAFT, EntryStatus.PROPOSED, EntryStatus.LISTED):
        if kind is EntryKind.ENTERPRISE:
            form["uscc"] = make_uscc()
        if kind is EntryKind.TALENT:
            entry = make_talent(session, status=status, **form)
        else:
            entry = make_entry(session, kind, {**form, "title": f"{status}的条目"}, status=status)
        hidden = set(readers) - set(OFFICE)
        if status is EntryStatus.LISTED:  # and in no edition yet, where its register has editions
            hidden = set() if REGISTER_OF[kind] in POOLS else {"anyone"}
        for name, headers in readers.items():
            answer = client.get(f"/api/v1/{plural}/{entry.id}", headers=headers)
            assert answer.status_code == (404 if name in hidden else 200), (status, name)
            assert (SECRET in answer.get_data(as_text=True)) == (name in OFFICE), (status, name)
            page = client.get(f"/api/v1/{plural}", headers=headers).get_json()
            assert (entry.id in [row["id"] for row in page["items"]]) == (name not in hidden), (status, name)
            assert SECRET not in str(page), (status, name)
