"""Key technologies: their progress, the needs they stand for, what of them is public."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.errors import Conflict, MarketError, NotFound, PermissionDenied, RuleViolation
from market.libraries.models import KeyTechnology
from market.libraries.queries.kinds import freeze, to_document
from market.libraries.queries.technologies import count_solved
from market.libraries.rules import EntryKind, EntryStatus, Register
from market.libraries.rules.technologies import DROPPED, OPEN, PROGRESS_STEPS, SOLVED, TACKLING
from market.libraries.service.technologies import link_need, record_progress, set_progress, unlink_need
from market.listings.rules import Status as ListingStatus
from market.search.documents import Kind
from market.search.queries import findable
from tests.factories import JIANGYIN, NOW, make_need, make_organisation, make_user
from tests.market.libraries.factories import (
    CHAIN,
    ENCODER,
    TODAY,
    make_bureau,
    make_entry,
    make_node,
    publish,
)


def make_technology(
    session: Session, *, status: EntryStatus = EntryStatus.LISTED, actor: Actor = OPERATOR, **values: Any
) -> KeyTechnology:
    """Insert a key technology."""
    form = {
        "title": "高温合金真空熔炼纯净化",
        "summary": "降低氧硫含量，提高棒材一致性。",
        "indicators": [{"name": "氧含量", "target": "≤8 ppm", "present": "15 ppm"}],
        "gap": "真空感应炉核心部件依赖进口",
        **values,
    }
    technology: KeyTechnology = make_entry(session, EntryKind.TECHNOLOGY, form, status=status, actor=actor)
    return technology


def refused(error: type[MarketError], call: Any, *args: Any, **values: Any) -> str:
    with pytest.raises(error) as caught:
        call(*args, **values)
    return caught.value.code


def progress(session: Session, actor: Actor, technology: KeyTechnology, code: str) -> KeyTechnology:
    return record_progress(session, actor, technology.id, progress=code, note=None, encoder=ENCODER, now=NOW)


@given(st.lists(st.sampled_from([OPEN, TACKLING, SOLVED, DROPPED]), max_size=10))
def test_what_is_solved_was_tackled_and_stays_solved(wanted: list[str]) -> None:
    path = [OPEN]
    for target in wanted:
        if target in PROGRESS_STEPS[path[-1]]:
            path.append(target)
    if SOLVED in path:
        assert path.index(SOLVED) == len(path) - 1
        assert path[-2] == TACKLING


def test_progress_is_recorded_by_the_bureau(session: Session) -> None:
    bureau, _ = make_bureau(session)
    technology = make_technology(session)
    assert refused(Conflict, progress, session, bureau, technology, SOLVED) == "illegal-progress"
    assert refused(RuleViolation, progress, session, bureau, technology, "unheard") == "unknown-code"
    unit = actor_of(make_user(session, make_organisation(session, OrganisationKind.UNIVERSITY)))
    for actor in (unit, make_bureau(session, "320282")[0]):
        assert refused(PermissionDenied, progress, session, actor, technology, TACKLING) == "role-not-allowed"
    progress(session, bureau, technology, TACKLING)
    progress(session, bureau, technology, SOLVED)
    assert (technology.progress, technology.solved_on) == (SOLVED, TODAY)
    assert refused(Conflict, progress, session, bureau, technology, OPEN) == "illegal-progress"


def test_a_deed_elsewhere_sets_the_progress(session: Session) -> None:
    enterprise = actor_of(make_user(session, make_organisation(session)))
    technology = make_technology(session)
    values = {"encoder": ENCODER, "now": NOW}
    set_progress(session, enterprise, technology, progress=TACKLING, **values)
    set_progress(session, enterprise, technology, progress=OPEN, note="无人揭榜", **values)
    set_progress(session, enterprise, technology, progress=DROPPED, **values)
    assert set_progress(session, enterprise, technology, progress=OPEN, **values).solved_on is None
    draft = make_technology(session, status=EntryStatus.PROPOSED)
    assert "technology-not-listed" == refused(  # noqa: SIM300  # the call is long
        Conflict, set_progress, session, enterprise, draft, progress=TACKLING, **values
    )


def test_solved_technologies_are_counted_by_their_day(session: Session) -> None:
    for region in (JIANGYIN, "320282"):
        technology = make_technology(session, region_code=region)
        progress(session, OPERATOR, technology, TACKLING)
        progress(session, OPERATOR, technology, SOLVED)
    make_technology(session)
    span = {"start": date(2025, 6, 1), "end": date(2025, 6, 30)}
    assert count_solved(session, region=JIANGYIN, **span) == 1
    assert count_solved(session, region="320200", **span) == 2
    assert count_solved(session, region=JIANGYIN, start=None, end=date(2025, 6, 9)) == 0
    assert count_solved(session, region=JIANGYIN, start=date(2025, 6, 11), end=date(2025, 6, 30)) == 0


def test_only_published_needs_are_linked_and_shown(session: Session) -> None:
    technology, enterprise = make_technology(session), make_organisation(session)
    need = make_need(session, enterprise)
    draft = make_need(session, enterprise, status=ListingStatus.DRAFT)
    link_need(session, OPERATOR, technology.id, need_id=need.id, now=NOW)
    assert [link.need.title for link in technology.public_needs] == [need.title]
    values = {"now": NOW}
    for wrong in (draft.id, 0):
        assert "need-not-published" == refused(  # noqa: SIM300  # the call is long
            RuleViolation, link_need, session, OPERATOR, technology.id, need_id=wrong, **values
        )
    assert refused(Conflict, link_need, session, OPERATOR, technology.id, need_id=need.id, **values) == (
        "need-linked"
    )
    stranger = actor_of(make_user(session, make_organisation(session, OrganisationKind.AGENCY)))
    for call in (link_need, unlink_need):
        assert refused(
            PermissionDenied, call, session, stranger, technology.id, need_id=need.id, **values
        ) == ("not-keeper")
    need.status = ListingStatus.WITHDRAWN
    assert technology.public_needs == []
    unlink_need(session, OPERATOR, technology.id, need_id=need.id, now=NOW)
    assert technology.needs == []
    assert refused(NotFound, unlink_need, session, OPERATOR, technology.id, need_id=need.id, **values) == (
        "link-not-found"
    )


def test_the_gap_is_public_by_choice_alone(session: Session) -> None:
    kept = make_technology(session)
    told = make_technology(session, title="航空锻件模锻仿真", gap_public=True)
    publish(session, Register.TECHNOLOGIES)
    assert findable(session, Kind.TECHNOLOGY, [kept.id, told.id]) == {kept.id, told.id}
    assert "依赖进口" not in to_document(session, kept).text
    assert "依赖进口" in to_document(session, told).text
    rows = freeze(session, [kept, told])
    assert [row.content["gap"] for row in rows] == [None, "真空感应炉核心部件依赖进口"]
    assert rows[0].content["indicators"] == ["氧含量：≤8 ppm（现为15 ppm）"]


def test_the_node_is_on_the_list_and_on_the_same_chain(session: Session) -> None:
    node = make_node(session)
    technology = make_technology(session, node_id=node.id, chain_code=CHAIN)
    assert freeze(session, [technology])[0].content["node"] == node.title
    for values, code in (
        ({"node_id": 0}, "node-unknown"),
        ({"node_id": node.id, "chain_code": "chain-textile"}, "node-of-another-chain"),
        ({"node_id": technology.id}, "node-unknown"),
    ):
        assert refused(RuleViolation, make_technology, session, **values) == code
