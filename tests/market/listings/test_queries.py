"""Who reads which listings, and in what order they come."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.db import PageRequest
from market.errors import NotFound, PermissionDenied, RuleViolation
from market.listings import queries
from market.listings.models import Need
from market.listings.rules import PUBLIC, ListingKind, Status, Validation
from tests.market.listings.factories import NAMES, TODAY, WUXI, Cast, make_listing

NEED = ListingKind.NEED
EVERYTHING = {"owner", "admin"}
REVIEWING = {"broker", "bureau"}
"""They read what was handed in, and no drafts."""


def ids(session: Session, actor: Actor | None, **filters: Any) -> list[int]:
    page = queries.list_listings(session, actor, NEED, page=PageRequest(limit=100), **filters)
    return [listing.id for listing in page.items]


@pytest.mark.parametrize("name", ["nobody", *NAMES])
def test_lists_and_single_listings_show_the_same_to_the_same_person(
    session: Session, cast: Cast, name: str
) -> None:
    actor: Actor | None = None if name == "nobody" else getattr(cast, name)
    needs = {make_listing(session, NEED, cast.organisation, status=status).id: status for status in Status}
    listed = {needs[i] for i in ids(session, actor)}
    handed_in = set(Status) - {Status.DRAFT}
    assert listed == (set(Status) if name in EVERYTHING else handed_in if name in REVIEWING else PUBLIC)
    for need_id, status in needs.items():
        if status in listed:
            assert queries.get_listing(session, actor, NEED, need_id).id == need_id
        else:
            with pytest.raises(NotFound) as caught:
                queries.get_listing(session, actor, NEED, need_id)
            assert caught.value.code == "need-not-found"


def test_a_need_is_not_found_among_achievements(session: Session, cast: Cast) -> None:
    need = make_listing(session, NEED, cast.organisation)
    with pytest.raises(NotFound) as caught:
        queries.get_listing(session, cast.admin, ListingKind.ACHIEVEMENT, need.id)
    assert caught.value.code == "achievement-not-found"


def test_newest_come_first_and_filters_narrow(session: Session, cast: Cast) -> None:
    oil = make_listing(session, NEED, cast.organisation, tech_field="01", chain_code="chain-ic")
    far = make_listing(session, NEED, cast.organisation, region_code="110101")
    near = make_listing(session, NEED, cast.stranger.organisation_id or 0, region_code="320205")
    draft = make_listing(session, NEED, cast.organisation, status=Status.DRAFT)
    assert isinstance(near, Need)
    near.validation = Validation.VALID
    session.flush()
    assert ids(session, None) == [near.id, far.id, oil.id]
    assert ids(session, cast.owner) == [draft.id, near.id, far.id, oil.id]
    assert ids(session, cast.owner, mine=True) == [draft.id, far.id, oil.id]
    assert ids(session, None, mine=True) == ids(session, cast.admin, mine=True) == []
    assert ids(session, None, field="01") == [oil.id]
    assert ids(session, None, region=WUXI) == [near.id, oil.id]
    assert ids(session, None, region="320205") == [near.id]
    assert ids(session, None, region="000000") == [near.id, far.id, oil.id]
    assert ids(session, None, chain="chain-ic") == [oil.id]
    assert ids(session, None, validation=Validation.VALID) == [near.id]
    assert ids(session, cast.owner, status=Status.DRAFT) == [draft.id]
    assert ids(session, None, status=Status.DRAFT) == []
    assert ids(session, cast.owner, field="01", status=Status.DRAFT) == []


def test_pages_follow_each_other_without_gap_or_repetition(session: Session, cast: Cast) -> None:
    expected = [make_listing(session, NEED, cast.organisation).id for _ in range(5)][::-1]
    seen: list[int] = []
    cursor = None
    for size in (2, 2, 1):
        page = queries.list_listings(session, None, NEED, page=PageRequest(cursor=cursor, limit=2))
        assert len(page.items) == size
        seen += [listing.id for listing in page.items]
        cursor = page.next_cursor
        make_listing(session, NEED, cast.organisation)  # comes before the first page and shifts nothing
    assert cursor is None
    assert seen == expected
    with pytest.raises(RuleViolation):
        queries.list_listings(session, None, NEED, page=PageRequest(cursor="nonsense"))


def test_history_is_for_the_owner_and_those_who_review(session: Session, cast: Cast) -> None:
    need = make_listing(session, NEED, cast.organisation)
    for name in NAMES:
        if name in {"stranger", "registrar"}:
            with pytest.raises(PermissionDenied):
                queries.require_history(getattr(cast, name), need)
        else:
            queries.require_history(getattr(cast, name), need)


def test_due_listings_are_published_and_past_their_last_day(session: Session, cast: Cast) -> None:
    make_listing(session, NEED, cast.organisation, expires_on=TODAY)
    past = [
        make_listing(session, NEED, cast.organisation, expires_on=TODAY.replace(day=d)) for d in (1, 2, 3)
    ]
    past[2].status = Status.WITHDRAWN
    session.flush()
    assert queries.list_due(session, today=TODAY, limit=10) == past[:2]
    assert queries.list_due(session, today=TODAY, limit=1) == past[:1]
