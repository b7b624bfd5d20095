"""A ranking's way from draft to final, and objections to it, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor, OrganisationKind, OrganisationStatus
from market.audit.models import AuditEvent
from market.errors import Conflict, MarketError, NotFound, PermissionDenied, RuleViolation
from market.rankings import service
from market.rankings.models import Ranking, RankingObjection
from market.rankings.queries import rankings as queries
from market.rankings.rules import ObjectionStatus, RankingStatus
from tests.factories import NOW, make_actor, make_user
from tests.market.rankings.factories import credit, landed, make_agency, revoke

AFTER = NOW + timedelta(days=30)


@pytest.fixture
def bureau(session: Session) -> Actor:
    """An officer of 江阴's bureau."""
    return make_actor(session, OrganisationKind.BUREAU, uscc=None)


@pytest.fixture
def agency(session: Session) -> Organisation:
    """An agency with one deal of last year."""
    agency = make_agency(session)
    landed(session, shares={agency: 10_000})
    return agency


def _draft(session: Session, actor: Actor, **values: Any) -> Ranking:
    return service.draft_ranking(session, actor, **{"region": "320281", "year": 2024, "now": NOW, **values})


def _published(session: Session, actor: Actor) -> Ranking:
    return service.publish_ranking(session, actor, _draft(session, actor).id, now=NOW)


def _refused(code: str, work: Callable[[], Any], kind: type[MarketError] = Conflict) -> None:
    with pytest.raises(kind) as caught:
        work()
    assert caught.value.code == code


def test_a_draft_is_counted_anew(session: Session, bureau: Actor, agency: Organisation) -> None:
    ranking = _draft(session, bureau)
    assert [(row.agency_id, row.position, row.deals) for row in ranking.rows] == [(agency.id, 1, 1)]
    other = make_agency(session)
    landed(session, shares={other: 10_000}, recorded_at=AFTER)
    landed(session, shares={other: 10_000}, recorded_at=AFTER)
    again = service.recount_ranking(session, bureau, ranking.id, now=AFTER)
    assert [(row.agency_id, row.rank_by_deals) for row in again.rows] == [(other.id, 1), (agency.id, 2)]
    assert again.known_at == AFTER


def test_only_one_ranking_stands(session: Session, bureau: Actor) -> None:
    ranking = _draft(session, bureau)
    _refused("ranking-exists", lambda: _draft(session, bureau))
    service.withdraw_ranking(session, bureau, ranking.id, reason="年度写错", now=NOW)
    assert _draft(session, bureau).id != ranking.id


def test_what_cannot_be_ranked(session: Session, bureau: Actor) -> None:
    _refused("year-in-future", lambda: _draft(session, bureau, year=2026), RuleViolation)
    _refused("unknown-code", lambda: _draft(session, bureau, region="999999"), RuleViolation)
    _refused("not-in-charge", lambda: _draft(session, bureau, region="320282"), PermissionDenied)


@pytest.mark.parametrize(
    "kind",
    [OrganisationKind.ENTERPRISE, OrganisationKind.AGENCY, OrganisationKind.STATION],
)
def test_others_draw_up_nothing(session: Session, kind: OrganisationKind) -> None:
    _refused("not-in-charge", lambda: _draft(session, make_actor(session, kind)), PermissionDenied)


def test_an_unverified_bureau_draws_up_nothing(session: Session) -> None:
    actor = make_actor(session, OrganisationKind.BUREAU, uscc=None, status=OrganisationStatus.SUSPENDED)
    _refused("not-in-charge", lambda: _draft(session, actor), PermissionDenied)


def test_publication_opens_seven_working_days(session: Session, bureau: Actor) -> None:
    ranking = _published(session, bureau)
    assert (ranking.status, ranking.published_on) == (RankingStatus.PUBLISHED, date(2025, 6, 10))
    assert ranking.objections_until == date(2025, 6, 19)
    _refused("illegal-transition", lambda: service.recount_ranking(session, bureau, ranking.id, now=NOW))


def test_a_year_is_not_published_before_it_is_over(session: Session, bureau: Actor) -> None:
    ranking = _draft(session, bureau, year=2025)
    next_year = NOW + timedelta(days=300)
    publish = service.publish_ranking
    _refused("year-not-over", lambda: publish(session, bureau, ranking.id, now=next_year))
    service.recount_ranking(session, bureau, ranking.id, now=next_year)
    assert publish(session, bureau, ranking.id, now=next_year).status is RankingStatus.PUBLISHED


def test_a_draft_is_hidden_from_all_but_those_in_charge(session: Session, bureau: Actor) -> None:
    ranking = _draft(session, bureau)
    broker = make_actor(session, OrganisationKind.AGENCY)
    elsewhere = make_actor(session, OrganisationKind.BUREAU, uscc=None, region_code="320282")
    above = make_actor(session, OrganisationKind.BUREAU, uscc=None, region_code="320200")
    for actor in (None, broker, elsewhere):
        _refused("ranking-not-found", lambda a=actor: queries.get_ranking(session, a, ranking.id), NotFound)
    for actor in (bureau, above, OPERATOR):
        assert queries.get_ranking(session, actor, ranking.id).id == ranking.id
    service.publish_ranking(session, bureau, ranking.id, now=NOW)
    assert queries.get_ranking(session, None, ranking.id).id == ranking.id


def test_final_only_after_the_time_for_objections(
    session: Session, bureau: Actor, agency: Organisation
) -> None:
    ranking = _published(session, bureau)

    def finalise(now: Any) -> Ranking:
        return service.finalise_ranking(session, bureau, ranking.id, keep_published=False, now=now)

    _refused("objections-open", lambda: finalise(NOW + timedelta(days=9)))
    assert finalise(NOW + timedelta(days=10)).status is RankingStatus.FINAL
    assert ranking.final_on == date(2025, 6, 20)
    withdraw = service.withdraw_ranking
    _refused("illegal-transition", lambda: withdraw(session, bureau, ranking.id, reason="…", now=AFTER))


def test_changed_figures_are_not_made_final_unseen(session: Session, bureau: Actor) -> None:
    agency = make_agency(session)
    contract = landed(session, shares={agency: 10_000})
    ranking = _published(session, bureau)
    assert queries.compare_ranking(session, bureau, ranking.id, now=NOW).differences == []
    revoke(session, contract, now=NOW + timedelta(days=1))
    (difference,) = queries.compare_ranking(session, bureau, ranking.id, now=AFTER).differences
    assert (difference.agency_id, difference.now) == (agency.id, None)
    assert difference.ranked is not None
    assert difference.ranked.deals == 1

    def finalise(*, keep: bool) -> Ranking:
        return service.finalise_ranking(session, bureau, ranking.id, keep_published=keep, now=AFTER)

    _refused("figures-changed", lambda: finalise(keep=False))
    assert finalise(keep=True).status is RankingStatus.FINAL
    assert [row.agency_id for row in ranking.rows] == [agency.id]


def test_an_objection_upheld_withdraws_and_counts_anew(
    session: Session, bureau: Actor, agency: Organisation
) -> None:
    forgotten = landed(session)
    ranking = _published(session, bureau)
    broker = actor_of(make_user(session, agency))
    objection = service.raise_objection(session, broker, ranking.id, words="漏计一项", now=NOW)
    _refused(
        "objection-open",
        lambda: service.raise_objection(session, broker, ranking.id, words="又", now=NOW),
    )
    _refused(
        "objections-open",
        lambda: service.finalise_ranking(session, bureau, ranking.id, keep_published=False, now=AFTER),
    )
    credit(session, forgotten, agency, 10_000)
    decide = service.decide_objection
    decide(session, bureau, objection.id, uphold=True, note="属实", now=NOW)
    assert (objection.status, ranking.status) == (ObjectionStatus.UPHELD, RankingStatus.WITHDRAWN)
    (draft,) = session.scalars(select(Ranking).where(Ranking.status == RankingStatus.DRAFT))
    assert [(row.agency_id, row.deals) for row in draft.rows] == [(agency.id, 2)]
    again = lambda: decide(session, bureau, objection.id, uphold=True, note="属实", now=NOW)  # noqa: E731
    _refused("objection-decided", again)


def test_an_objection_dismissed_leaves_the_ranking(
    session: Session, bureau: Actor, agency: Organisation
) -> None:
    ranking = _published(session, bureau)
    local = make_actor(session, OrganisationKind.AGENCY)
    objection = service.raise_objection(session, local, ranking.id, words="漏计", now=NOW)
    service.decide_objection(session, bureau, objection.id, uphold=False, note="无据", now=NOW)
    assert (objection.status, ranking.status) == (ObjectionStatus.DISMISSED, RankingStatus.PUBLISHED)
    service.finalise_ranking(session, bureau, ranking.id, keep_published=False, now=AFTER)


def test_who_may_object_and_when(session: Session, bureau: Actor, agency: Organisation) -> None:
    ranking = _published(session, bureau)

    def objecting(actor: Actor, now: Any = NOW) -> RankingObjection:
        return service.raise_objection(session, actor, ranking.id, words="漏计", now=now)

    stranger = make_actor(session, OrganisationKind.AGENCY, region_code="340800")
    _refused("not-concerned", lambda: objecting(stranger), PermissionDenied)
    enterprise = make_actor(session)
    _refused("not-concerned", lambda: objecting(enterprise), PermissionDenied)
    broker = actor_of(make_user(session, agency))
    _refused("objections-closed", lambda: objecting(broker, AFTER))
    objection = objecting(broker)
    _refused(
        "not-in-charge",
        lambda: service.decide_objection(session, broker, objection.id, uphold=True, note="…", now=NOW),
        PermissionDenied,
    )
    assert queries.list_objections(session, bureau, ranking.id) == [objection]
    assert queries.list_objections(session, broker, ranking.id) == [objection]
    assert queries.list_objections(session, stranger, ranking.id) == []


def test_what_is_left_undecided_about_a_withdrawn_ranking_is_answered(
    session: Session, bureau: Actor, agency: Organisation
) -> None:
    ranking = _published(session, bureau)
    broker = actor_of(make_user(session, agency))
    objection = service.raise_objection(session, broker, ranking.id, words="漏计", now=NOW)
    service.withdraw_ranking(session, bureau, ranking.id, reason="另行统计", now=NOW)
    service.decide_objection(session, bureau, objection.id, uphold=True, note="属实", now=NOW)
    assert session.scalar(select(func.count(Ranking.id))) == 1


def test_every_step_is_audited(session: Session, bureau: Actor) -> None:
    ranking = _published(session, bureau)
    service.withdraw_ranking(session, bureau, ranking.id, reason="另行统计", now=NOW)
    session.flush()
    rows = session.scalars(
        select(AuditEvent.action).where(AuditEvent.entity == "ranking").order_by(AuditEvent.id)
    )
    assert list(rows) == ["ranking.draft", "ranking.publish", "ranking.withdraw"]
