"""Who sees which organisations, and what of them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from market.accounts import queries
from market.accounts.models import Organisation
from market.accounts.rules import OPERATOR, Actor, OrganisationKind, OrganisationStatus
from market.db import PageRequest
from market.errors import NotFound
from tests.factories import make_actor, make_organisation, make_user
from tests.market.accounts.conftest import ELSEWHERE

ALL = PageRequest(limit=100)


@pytest.fixture
def town(session: Session) -> dict[str, Organisation]:
    """Organisations of several states, kinds and regions."""
    return {
        "verified": make_organisation(session, name="江阴100%纯水公司"),
        "pending": make_organisation(session, status=OrganisationStatus.PENDING),
        "rejected": make_organisation(session, status=OrganisationStatus.REJECTED),
        "university": make_organisation(session, OrganisationKind.UNIVERSITY, region_code=ELSEWHERE),
        "far": make_organisation(session, region_code=ELSEWHERE, status=OrganisationStatus.PENDING),
    }


def seen(session: Session, actor: Actor, town: dict[str, Organisation], **filters: Any) -> set[str]:
    page = queries.list_organisations(session, actor, page=ALL, **filters)
    ids = {organisation.id for organisation in page.items}
    return {name for name, organisation in town.items() if organisation.id in ids}


def test_unverified_ones_are_seen_by_those_concerned(
    session: Session, town: dict[str, Organisation], bureau: Actor, other_bureau: Actor
) -> None:
    public = {"verified", "university"}
    assert seen(session, make_actor(session), town) == public
    assert seen(session, make_actor(session, OrganisationKind.STATION), town) == public
    assert seen(session, bureau, town) == public | {"pending", "rejected"}
    assert seen(session, other_bureau, town) == public | {"far"}
    assert seen(session, OPERATOR, town) == set(town)
    member = queries.actor_of(make_user(session, town["pending"]))
    assert seen(session, member, town) == public | {"pending"}


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"kind": OrganisationKind.UNIVERSITY}, {"university"}),
        ({"status": OrganisationStatus.PENDING}, {"pending", "far"}),
        ({"region": "320200"}, {"verified", "pending", "rejected"}),
        ({"region": "320281", "status": OrganisationStatus.VERIFIED}, {"verified"}),
        ({"name": "0%纯"}, {"verified"}),
        ({"name": "1%纯"}, set()),
        ({"name": "_"}, set()),
        ({"name": ""}, {"verified", "pending", "rejected", "university", "far"}),
    ],
)
def test_filters(
    session: Session, town: dict[str, Organisation], filters: dict[str, Any], names: set[str]
) -> None:
    assert seen(session, OPERATOR, town, **filters) == names


def test_list_is_paged_by_id(session: Session, town: dict[str, Organisation]) -> None:
    first = queries.list_organisations(session, OPERATOR, page=PageRequest(limit=2))
    second = queries.list_organisations(session, OPERATOR, page=PageRequest(first.next_cursor, 2))
    ids = [organisation.id for organisation in [*first.items, *second.items]]
    assert len(ids) == 4
    assert ids == sorted(set(ids))


def test_contact_is_for_members_and_officials(session: Session, bureau: Actor, other_bureau: Actor) -> None:
    organisation = make_organisation(session)
    member = queries.actor_of(make_user(session, organisation))
    assert all(queries.sees_contact(actor, organisation) for actor in (member, bureau, OPERATOR))
    strangers = (other_bureau, make_actor(session), make_actor(session, OrganisationKind.AGENCY))
    assert not any(queries.sees_contact(actor, organisation) for actor in strangers)


def test_organisation_is_found_by_code(session: Session) -> None:
    make_organisation(session)
    newer = make_organisation(session)
    assert newer.uscc is not None
    assert queries.find_organisation_by_uscc(session, newer.uscc) is newer
    assert queries.find_organisation_by_uscc(session, "nothing") is None


def test_what_is_missing_is_named(session: Session) -> None:
    with pytest.raises(NotFound, match="没有找到该单位"):
        queries.get_organisation(session, 999_999_999)
    with pytest.raises(NotFound, match="没有找到该用户"):
        queries.get_user(session, 999_999_999)
