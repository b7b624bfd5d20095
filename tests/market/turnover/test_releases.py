"""Publishing, withdrawing and comparing: what is published stays as it was, whatever the ledger learns."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, Actor, OrganisationKind, OrganisationStatus
from market.audit.models import AuditEvent
from market.canonical import digest_of
from market.db import PageRequest
from market.errors import Conflict, NotFound, PermissionDenied, RuleViolation
from market.turnover.ledger import Sums
from market.turnover.models import Release
from market.turnover.printing import FileFormat, print_release
from market.turnover.queries.releases import (
    get_release,
    list_releases,
    months_covered,
    published_figure,
)
from market.turnover.rules import Measure, ReleaseKind, Span
from market.turnover.service import compare_release, draft_release, publish_release, withdraw_release
from tests.factories import NOW, make_actor
from tests.market.turnover.factories import change, register

JIANGYIN = "320281"


@pytest.fixture
def bureau(session: Session) -> Actor:
    """An officer of 江阴's bureau."""
    return make_actor(session, OrganisationKind.BUREAU)


def publish(session: Session, actor: Actor = OPERATOR, **values: Any) -> Release:
    """Publish 江阴's May 2025, unless something else is asked."""
    form: dict[str, Any] = {
        "region": JIANGYIN,
        "kind": ReleaseKind.MONTHLY,
        "period": "2025-05",
        "note": None,
        "now": NOW,
        **values,
    }
    return publish_release(session, actor, **form)


def _register(session: Session, day: date = date(2025, 5, 6), fen: int = 100, **values: Any) -> Any:
    return register(session, registered_on=day, total_amount_fen=fen, tech_amount_fen=fen, **values)


def test_what_was_published_stays_when_the_ledger_changes(session: Session, bureau: Actor) -> None:
    contract, *_ = (_register(session) for _ in range(3))
    release = publish(session, bureau, note="首期")
    assert release.title == "2025年5月江阴市技术市场统计快报"
    assert release.content["headline"][0]["total_fen"] == 300
    assert release.digest == digest_of(release.content)
    change(session, contract, now=NOW + timedelta(hours=1), total_amount_fen=900)
    session.expire_all()
    again = get_release(session, release.id)
    assert again.content["headline"][0]["total_fen"] == 300
    assert again.digest == digest_of(again.content)
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "release.publish")).one()
    assert (event.entity_id, event.actor_id, event.details["digest"]) == (
        release.id,
        bureau.user_id,
        release.digest,
    )


@pytest.mark.parametrize("values", [{"title": "别的"}, {"digest": "0" * 64}, {"content": {}}])
def test_the_database_itself_keeps_what_was_published(session: Session, values: dict[str, Any]) -> None:
    release = publish(session)
    with pytest.raises(DBAPIError, match="frozen"), session.begin_nested():
        session.execute(update(Release).where(Release.id == release.id).values(**values))


def _refused(session: Session, error: type[Exception], code: str, actor: Actor, **values: Any) -> None:
    count = session.scalar(select(func.count(Release.id)))
    with pytest.raises(error) as caught:
        publish(session, actor, **values)
    assert caught.value.code == code  # type: ignore[attr-defined]  # of MarketError
    assert session.scalar(select(func.count(Release.id))) == count


def test_only_the_bureau_of_exactly_this_region_publishes(session: Session) -> None:
    for kind, values in (
        (OrganisationKind.BUREAU, {"region_code": "320200"}),
        (OrganisationKind.BUREAU, {"region_code": "320282"}),
        (OrganisationKind.BUREAU, {"status": OrganisationStatus.SUSPENDED}),
        (OrganisationKind.STATION, {}),
        (OrganisationKind.ENTERPRISE, {}),
    ):
        actor = make_actor(session, kind, **values)
        _refused(session, PermissionDenied, "release-denied", actor)
        _refused(session, PermissionDenied, "release-denied", actor, region="999999")


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"region": "999999"}, "unknown-code"),
        ({"period": "2025-06"}, "period-running"),
        ({"period": "2025-05", "kind": ReleaseKind.QUARTERLY}, "period-kind"),
        ({"period": "2025-Q2", "kind": ReleaseKind.QUARTERLY}, "period-running"),
        ({"period": "2025", "kind": ReleaseKind.ANNUAL}, "period-running"),
        ({"period": "since-plan"}, "period-kind"),
    ],
)
def test_what_cannot_be_published(session: Session, values: dict[str, Any], code: str) -> None:
    _refused(session, RuleViolation, code, OPERATOR, **values)


def test_a_period_is_over_when_its_last_day_in_china_is(session: Session) -> None:
    midnight = datetime(2025, 5, 31, 16, 0, tzinfo=UTC)
    _refused(session, RuleViolation, "period-running", OPERATOR, now=midnight - timedelta(seconds=1))
    assert publish(session, now=midnight).period_end == date(2025, 5, 31)


def test_a_wrong_release_is_withdrawn_and_superseded(session: Session, bureau: Actor) -> None:
    first = publish(session, bureau)
    _refused(session, Conflict, "release-standing", bureau)
    neighbour = make_actor(session, OrganisationKind.BUREAU, region_code="320282")
    with pytest.raises(PermissionDenied):
        withdraw_release(session, neighbour, first.id, reason="误", now=NOW)
    assert first.withdrawn_at is None
    later = NOW + timedelta(days=1)
    withdraw_release(session, bureau, first.id, reason="漏统一家登记机构", now=later)
    assert (first.withdrawn_by, first.withdrawn_at) == (bureau.user_id, later)
    with pytest.raises(Conflict) as error:
        withdraw_release(session, bureau, first.id, reason="再撤", now=later)
    assert error.value.code == "release-withdrawn"
    assert first.withdraw_reason == "漏统一家登记机构"
    second = publish(session, bureau, now=later)
    assert (first.superseded_by, second.superseded_by) == (second.id, None)
    withdraw_release(session, bureau, second.id, reason="又错", now=later)
    third = publish(session, bureau, now=later)
    assert (first.superseded_by, second.superseded_by) == (second.id, third.id)


def test_one_release_of_a_period_stands_whoever_writes_it(session: Session) -> None:
    release = publish(session)
    row = {column.key: getattr(release, column.key) for column in Release.__table__.columns}
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(insert(Release).values(**{**row, "id": release.id + 1}))


def test_a_draft_says_what_would_be_published_and_leaves_no_trace(session: Session, bureau: Actor) -> None:
    _register(session)
    form: dict[str, Any] = {"region": JIANGYIN, "kind": ReleaseKind.MONTHLY, "now": NOW}
    draft = draft_release(session, bureau, period="2025-05", **form)
    assert draft.publishable is True
    assert session.scalar(select(func.count(Release.id))) == 0
    release = publish(session, bureau)
    assert (draft.title, draft.content, draft.digest) == (release.title, release.content, release.digest)
    assert draft_release(session, bureau, period="2025-05", **form).publishable is False
    running = draft_release(session, bureau, period="2025-06", **form)
    assert running.publishable is False
    with pytest.raises(PermissionDenied):
        draft_release(session, make_actor(session, OrganisationKind.STATION), period="2025-05", **form)


def test_months_quarters_and_years_stand_beside_each_other(session: Session) -> None:
    month = publish(session, period="2025-03")
    quarter = publish(session, kind=ReleaseKind.QUARTERLY, period="2025-Q1")
    year = publish(session, kind=ReleaseKind.ANNUAL, period="2024")
    found = list_releases(session, region=JIANGYIN, kind=None, withdrawn=None, page=PageRequest())
    assert [release.id for release in found.items] == [quarter.id, month.id, year.id]
    found = list_releases(session, region=None, kind=ReleaseKind.ANNUAL, withdrawn=True, page=PageRequest())
    assert found.items == []


def test_a_comparison_names_every_figure_that_differs(session: Session, bureau: Actor) -> None:
    contract = _register(session, fen=100)
    _register(session, fen=50, type_code="FW")
    release = publish(session, bureau)
    same = compare_release(session, bureau, release.id)
    assert (same.reproduced, list(same.changes)) == (True, [])
    assert [row.hidden for row in same.headline] == [True, True, True]
    assert [row.key for row in same.headline] == ["registered", "output", "absorbed"]
    change(session, contract, now=NOW + timedelta(hours=1), total_amount_fen=300, type_code="FW")
    found = compare_release(session, bureau, release.id)
    assert found.reproduced is True
    by_type = {row.key: row for row in found.changes if row.part == "type"}
    assert by_type.keys() == {"KF", "FW"}
    kf, fw = by_type["KF"], by_type["FW"]
    assert (kf.hidden, kf.published.total_fen, kf.now.total_fen, kf.change.deals) == (True, 100, 0, -1)
    assert (fw.part_name, fw.now.total_fen, fw.change.total_fen) == ("按合同类别", 350, 300)
    assert {row.part for row in found.changes} >= {"headline", "cumulative", "type", "field"}


def test_what_was_published_before_totals_were_withheld_stays_and_is_compared(session: Session) -> None:
    _register(session)
    draft = draft_release(
        session, OPERATOR, region=JIANGYIN, kind=ReleaseKind.MONTHLY, period="2025-05", now=NOW
    )
    content = {**draft.content, "layout": 1}
    for line in (*content["headline"], *content["cumulative"]["lines"]):
        del line["hidden"], line["before"]["hidden"]
        line |= {"total_fen": 100, "tech_fen": 100}
    release = Release(
        region=draft.region,
        kind=ReleaseKind.MONTHLY,
        period="2025-05",
        period_start=draft.period.start,
        period_end=draft.period.end,
        title=draft.title,
        known_at=NOW,
        content=content,
        digest=digest_of(content),
        published_at=NOW,
    )
    session.add(release)
    session.flush()
    found = compare_release(session, OPERATOR, release.id)
    assert found.reproduced is True
    assert [row.hidden for row in found.headline] == [False, False, False]
    span = Span(date(2025, 1, 1), date(2025, 12, 31))
    shown = published_figure(session, region=JIANGYIN, measure=Measure.REGISTERED, span=span)
    assert shown is not None
    assert shown.sums == Sums(1, 100, 100)
    lines = print_release(release, FileFormat.CSV).content.decode().splitlines()
    assert lines[1].startswith("主要指标（2025年5月）,登记,registered,登记,1,")
    assert not lines[1].endswith("金额不公布")


def test_a_comparison_is_for_bureaus_over_the_region(session: Session) -> None:
    release = publish(session)
    above = make_actor(session, OrganisationKind.BUREAU, region_code="320200")
    assert compare_release(session, above, release.id).reproduced is True
    for kind, region in ((OrganisationKind.BUREAU, "320282"), (OrganisationKind.STATION, JIANGYIN)):
        with pytest.raises(PermissionDenied):
            compare_release(session, make_actor(session, kind, region_code=region), release.id)
    with pytest.raises(NotFound) as error:
        compare_release(session, OPERATOR, 10**9)
    assert error.value.code == "release-not-found"


def test_published_years_add_up_as_long_as_they_are_complete(session: Session) -> None:
    def published(start: int, end: date) -> Any:
        span = Span(date(start, 1, 1), end)
        return published_figure(session, region=JIANGYIN, measure=Measure.REGISTERED, span=span)

    for day, fen in ((date(2023, 4, 1), 5), (date(2024, 4, 1), 70), (date(2025, 2, 1), 900)):
        for _ in range(3):
            _register(session, day, fen)
    assert published(2023, date(2025, 12, 31)) is None
    year = publish(session, kind=ReleaseKind.ANNUAL, period="2023")
    assert published(2023, date(2025, 12, 31)).sums.total_fen == 15
    month = publish(session, period="2025-03")
    assert published(2023, date(2025, 12, 31)).span.end == date(2023, 12, 31)
    between = publish(session, period="2024-12", now=NOW + timedelta(hours=1))
    found = published(2023, date(2025, 12, 31))
    assert (found.deals, found.sums.deals, found.sums.total_fen) == (9, 9, 2925)
    assert found.span.end == date(2025, 3, 31)
    assert found.releases == [year.id, between.id, month.id]
    assert found.known_at == NOW + timedelta(hours=1)
    assert months_covered(found.span) == "2023年1月—2025年3月"
    assert published(2025, date(2025, 12, 31)).sums.total_fen == 2700
    withdraw_release(session, OPERATOR, month.id, reason="误", now=NOW)
    assert published(2025, date(2025, 12, 31)) is None
    _register(session, date(2022, 4, 1), 8)
    publish(session, kind=ReleaseKind.ANNUAL, period="2022")
    few = published(2022, date(2024, 12, 31))
    assert (few.deals, few.sums, few.span.end) == (7, None, date(2024, 12, 31))


def test_spans_that_begin_within_a_year_are_not_covered(session: Session) -> None:
    publish(session)
    span = Span(date(2025, 5, 1), date(2025, 5, 31))
    assert published_figure(session, region=JIANGYIN, measure=Measure.REGISTERED, span=span) is None


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (date(2025, 1, 1), date(2025, 1, 31), "2025年1月"),
        (date(2025, 1, 1), date(2025, 5, 31), "2025年1—5月"),
    ],
)
def test_months_are_named(start: date, end: date, words: str) -> None:
    assert months_covered(Span(start, end)) == words
