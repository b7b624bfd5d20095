"""Recognitions, yearly evaluations and members: recorded once, by whom they are for, where they apply."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.errors import Conflict, MarketError, NotFound, PermissionDenied
from market.libraries.models import Consortium
from market.libraries.queries.kinds import freeze
from market.libraries.queries.records import list_evaluations, list_recognitions
from market.libraries.rules import EntryKind, EntryStatus
from market.libraries.service.records import add_member, add_recognition, record_evaluation, remove_member
from tests.factories import NOW, make_actor, make_organisation
from tests.market.libraries.factories import TODAY, bring_to, make_bureau, make_entry, make_filing, make_node

LEVEL = {"level": "municipal", "recognised_on": TODAY, "recognised_by": "市科技局"}
YEAR = {"year": 2024, "grade": "good"}


def test_a_recognition_and_a_year_are_recorded_once_by_the_bureau(session: Session) -> None:
    (bureau, _), filing, node = make_bureau(session), make_filing(session), make_node(session)
    stranger, _ = make_bureau(session, "320282")
    add_recognition(session, bureau, filing.id, form=LEVEL, now=NOW)
    record_evaluation(session, bureau, filing.id, form=YEAR, now=NOW)

    def code(record: Any, actor: Actor, entry_id: int, form: dict[str, Any]) -> str:
        with pytest.raises(MarketError) as refused:
            record(session, actor, entry_id, form=form, now=NOW)
        return refused.value.code

    for record, form, known in (
        (add_recognition, LEVEL, "recognition-known"),
        (record_evaluation, YEAR, "evaluation-known"),
    ):
        assert code(record, bureau, filing.id, form) == known
        assert code(record, stranger, filing.id, form) == "role-not-allowed"
        assert code(record, bureau, node.id, form) == "kind-not-recorded"
    assert code(add_recognition, bureau, filing.id, {**LEVEL, "level": "x"}) == "unknown-code"
    assert (
        code(add_recognition, bureau, filing.id, {**LEVEL, "recognised_on": date(2025, 6, 11)}) == "day-ahead"
    )
    ended = {**LEVEL, "recognised_on": date(2025, 6, 9), "ended_on": date(2025, 6, 8)}
    assert code(add_recognition, bureau, filing.id, ended) == "dates-out-of-order"
    assert code(record_evaluation, bureau, filing.id, {**YEAR, "year": 2026}) == "day-ahead"
    assert [one.level for one in list_recognitions(session, bureau, filing.id)] == ["municipal"]
    assert [one.year for one in list_evaluations(session, bureau, filing.id)] == [2024]
    assert freeze(session, [filing])[0].content["evaluation"].startswith("2024年")


def test_a_unit_joins_a_consortium_once_and_may_leave(session: Session) -> None:
    form = {"title": "特钢产业创新联合体", "category": "alliance", "founded_on": date(2024, 1, 1)}
    consortium: Consortium = make_entry(session, EntryKind.CONSORTIUM, form)
    unit = make_organisation(session, name="暨阳理工大学")
    joined = {"joined_on": TODAY}
    add_member(session, OPERATOR, consortium.id, form={**joined, "organisation_id": unit.id}, now=NOW)
    assert freeze(session, [consortium])[0].content["members"] == ["暨阳理工大学"]
    with pytest.raises(Conflict):
        add_member(session, OPERATOR, consortium.id, form={**joined, "name": "暨阳理工大学"}, now=NOW)
    with pytest.raises(MarketError) as nameless:
        add_member(session, OPERATOR, consortium.id, form=joined, now=NOW)
    assert nameless.value.code == "name-missing"
    broker = make_actor(session, OrganisationKind.AGENCY)
    with pytest.raises(PermissionDenied):
        add_member(session, broker, consortium.id, form={**joined, "name": "别家"}, now=NOW)
    member = consortium.members[0].id
    remove_member(session, OPERATOR, consortium.id, member, now=NOW)
    with pytest.raises(NotFound):
        remove_member(session, OPERATOR, consortium.id, member, now=NOW)


def test_members_of_what_was_handed_in_are_for_the_bureau(session: Session) -> None:
    keeper = make_actor(session, OrganisationKind.UNIVERSITY)
    form = {"title": "特钢联盟", "category": "alliance", "founded_on": TODAY}
    form["organisation_id"] = keeper.organisation_id
    draft: Consortium = make_entry(session, EntryKind.CONSORTIUM, form, status=EntryStatus.DRAFT)
    firms = [{"name": f"第{n}家企业", "joined_on": TODAY} for n in range(3)]
    for firm in firms[:2]:
        add_member(session, keeper, draft.id, form=firm, now=NOW)
    first, second = (member.id for member in draft.members)
    remove_member(session, keeper, draft.id, first, now=NOW)
    bring_to(session, draft, EntryStatus.LISTED)
    for write in (
        lambda actor: add_member(session, actor, draft.id, form=firms[2], now=NOW),
        lambda actor: remove_member(session, actor, draft.id, second, now=NOW),
    ):
        with pytest.raises(PermissionDenied) as refused:
            write(keeper)
        assert refused.value.code == "role-not-allowed"
        write(make_bureau(session)[0])
    assert [member.name for member in draft.members] == ["第2家企业"]
