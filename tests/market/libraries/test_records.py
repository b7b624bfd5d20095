"""Recognitions, yearly evaluations and members: recorded once, by whom they are for, where they apply."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.audit.models import AuditEvent
from market.errors import Conflict, MarketError, NotFound, PermissionDenied
from market.libraries.models import Consortium, Resource
from market.libraries.queries.counts import sum_evaluated
from market.libraries.queries.entries import list_events
from market.libraries.queries.kinds import freeze
from market.libraries.queries.records import list_evaluations, list_recognitions
from market.libraries.rules import EntryKind, EntryStatus
from market.libraries.rules.recognitions import RD_FIGURES
from market.libraries.service.records import (
    add_member,
    add_recognition,
    end_recognition,
    record_evaluation,
    remove_member,
    withdraw_evaluation,
)
from tests.factories import JIANGYIN, NOW, make_actor, make_organisation
from tests.market.challenges.refusing import refused
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


def test_a_recognition_ends_once_on_a_day_that_has_come(session: Session) -> None:
    (bureau, _), filing, other = make_bureau(session), make_filing(session), make_filing(session)
    term = {**LEVEL, "recognised_on": date(2024, 1, 8), "ended_on": date(2027, 1, 7)}
    row = add_recognition(session, bureau, filing.id, form=term, now=NOW)

    def end(day: date, *, entry_id: int = filing.id, actor: Actor = bureau) -> None:
        end_recognition(session, actor, entry_id, row.id, ended_on=day, note="考核不合格", now=NOW)

    for day, code in ((date(2025, 6, 11), "day-ahead"), (date(2024, 1, 7), "dates-out-of-order")):
        with refused(code):
            end(day)
    with refused("role-not-allowed"):
        end(TODAY, actor=make_bureau(session, "320282")[0])
    with refused("recognition-not-found"):
        end(TODAY, entry_id=other.id)
    end(date(2025, 5, 30))
    with refused("recognition-ended"):
        end(TODAY)
    assert row.ended_on == date(2025, 5, 30)
    assert list_events(session, filing)[-1].note == "终止认定：考核不合格"


def test_a_wrong_evaluation_is_withdrawn_and_recorded_again(session: Session) -> None:
    bureau, _ = make_bureau(session)
    form = {"title": "澄江材料研究院", "category": "rd_institution"}
    lab: Resource = make_entry(session, EntryKind.RESOURCE, form)

    def record(served: int) -> int:
        form = {"year": 2023, "grade": "good", "figures": {"服务企业": served}}
        return record_evaluation(session, bureau, lab.id, form=form, now=NOW).id

    def counted() -> int | None:
        return sum_evaluated(
            session, JIANGYIN, category="rd_institution", name="服务企业", years=(2023, 2025)
        )

    def withdraw(actor: Actor, evaluation_id: int) -> None:
        withdraw_evaluation(session, actor, lab.id, evaluation_id, note="多写三个零", now=NOW)

    wrong = record(300_000)
    with refused("evaluation-known"):
        record(300)
    with refused("role-not-allowed"):
        withdraw(make_bureau(session, "320282")[0], wrong)
    with refused("evaluation-not-found"):
        withdraw(bureau, 0)
    assert counted() == 300_000
    withdraw(bureau, wrong)
    with refused("evaluation-withdrawn"):
        withdraw(bureau, wrong)
    assert counted() is None
    record(300)
    assert counted() == 300
    seen = [
        (one.figures["服务企业"], one.withdrawal_note) for one in list_evaluations(session, bureau, lab.id)
    ]
    assert seen == [(300_000, "多写三个零"), (300, None)]
    stranger = make_actor(session)
    assert [one.figures for one in list_evaluations(session, stranger, lab.id)] == [{"服务企业": 300}]
    noted = select(func.count()).select_from(AuditEvent).where(
        AuditEvent.action == "resource.note", AuditEvent.entity_id == lab.id
    )  # fmt: skip
    assert session.scalar(noted) == 3


def test_what_is_recorded_is_of_listed_entries_and_in_known_words(session: Session) -> None:
    lab: Resource = make_entry(
        session, EntryKind.RESOURCE, {"title": "澄江材料研究院", "category": "rd_institution"}
    )
    with pytest.raises(MarketError) as misnamed:
        record_evaluation(session, OPERATOR, lab.id, form={**YEAR, "figures": {"服务企业数": 3}}, now=NOW)
    assert misnamed.value.code == "figure-unknown"
    assert all(name in misnamed.value.detail for name in ("服务企业数", *RD_FIGURES))
    record_evaluation(
        session, OPERATOR, lab.id, form={**YEAR, "figures": dict.fromkeys(RD_FIGURES, 1)}, now=NOW
    )
    free = make_filing(session)  # others state what they like
    record_evaluation(session, OPERATOR, free.id, form={**YEAR, "figures": {"促成合同": 9}}, now=NOW)
    for status, recognised in (
        (EntryStatus.DRAFT, True),  # checked together with the entry
        (EntryStatus.PROPOSED, True),
        (EntryStatus.REJECTED, False),
        (EntryStatus.DELISTED, False),
    ):
        filing = make_filing(session, status=status)
        with refused("entry-not-listed"):
            record_evaluation(session, OPERATOR, filing.id, form=YEAR, now=NOW)
        if recognised:
            add_recognition(session, OPERATOR, filing.id, form=LEVEL, now=NOW)
        else:
            with refused("entry-not-listed"):
                add_recognition(session, OPERATOR, filing.id, form=LEVEL, now=NOW)


def test_a_unit_joins_a_consortium_once_and_may_leave(session: Session) -> None:
    form = {"title": "特钢产业创新联合体", "category": "alliance", "founded_on": date(2024, 1, 1)}
    consortium: Consortium = make_entry(session, EntryKind.CONSORTIUM, form)
    unit = make_organisation(session, name="暨阳理工大学")
    joined = {"joined_on": TODAY}
    add_member(session, OPERATOR, consortium.id, form={**joined, "organisation_id": unit.id}, now=NOW)
    assert freeze(session, [consortium])[0].content["members"] == ["暨阳理工大学（2025-06-10加入）"]
    with pytest.raises(Conflict):
        add_member(session, OPERATOR, consortium.id, form={**joined, "name": "暨阳理工大学"}, now=NOW)
    with refused("name-missing"):
        add_member(session, OPERATOR, consortium.id, form=joined, now=NOW)
    with refused("day-ahead"):
        form = {"name": "别家", "joined_on": date(2025, 6, 11)}
        add_member(session, OPERATOR, consortium.id, form=form, now=NOW)
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
