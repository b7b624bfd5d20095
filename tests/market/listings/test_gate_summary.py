"""The overview of needs at the gate: how many went which way, and who may look."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, OrganisationKind
from market.listings import queries, service
from market.listings.models import NeedAssessment
from market.listings.rules import GateCode, ListingKind, Status, Triage, Validation
from tests.factories import NOW, make_actor
from tests.market.listings.factories import TODAY, WUXI, Cast, make_solid_need, make_vague_need, put_into
from tests.market.listings.refusals import code_of, faults

NEED = ListingKind.NEED


def test_the_summary_counts_each_need_once_by_what_was_last_found(session: Session, cast: Cast) -> None:
    direct = put_into(session, cast.broker, make_solid_need(session, cast.organisation))
    put_into(session, cast.broker, make_vague_need(session, cast.organisation), Triage.DIAGNOSE)
    overruled = put_into(session, cast.broker, make_vague_need(session, cast.organisation))
    waiting = make_vague_need(session, cast.organisation, status=Status.DRAFT)
    service.submit_listing(session, cast.owner, NEED, waiting.id, now=NOW)
    far = make_solid_need(session, cast.organisation, region_code="110101")
    put_into(session, cast.broker, far)
    service.validate_need(session, cast.bureau, direct.id, result=Validation.VALID, now=NOW)
    service.validate_need(session, cast.bureau, overruled.id, result=Validation.INVALID, note="重复", now=NOW)
    summary = queries.gate_summary(session, cast.bureau)
    assert (summary.region, summary.assessed, summary.undecided, summary.as_suggested) == (WUXI, 4, 1, 2)
    assert (summary.valid, summary.invalid) == (1, 1)
    figures = {
        one.triage: (one.suggested, one.suggested_share, one.decided, one.decided_share, one.practice_share)
        for one in summary.classes
    }
    assert figures == {
        Triage.DIRECT: (1, 0.25, 2, 0.6667, 0.6),
        Triage.DIAGNOSE: (3, 0.75, 1, 0.3333, 0.25),
        Triage.LONG_TERM: (0, 0.0, 0, 0.0, 0.15),
    }
    by_code = {one.code: (one.count, one.share) for one in summary.findings}
    assert by_code[GateCode.NO_GOAL] == (3, 0.75)
    assert by_code[GateCode.NO_MODE] == (4, 1.0)
    assert [one.count for one in summary.findings] == sorted(
        (one.count for one in summary.findings), reverse=True
    )
    found = session.scalars(select(NeedAssessment.completeness).where(NeedAssessment.need_id != far.id)).all()
    assert summary.mean_completeness == round(sum(found) / 4, 1)
    everywhere = queries.gate_summary(session, cast.broker)
    assert (everywhere.region, everywhere.assessed) == ("000000", 5)
    assert queries.gate_summary(session, OPERATOR, region="110000").assessed == 1
    none = queries.gate_summary(session, cast.bureau, region="320281", since=TODAY + timedelta(days=1))
    assert (none.assessed, none.mean_completeness, none.findings) == (0, None, [])
    assert {one.suggested_share for one in none.classes} == {None}
    assert queries.gate_summary(session, cast.bureau, since=date(2025, 6, 10)).assessed == 4
    total = session.scalar(select(func.count()).select_from(NeedAssessment))
    assert total == 5


def test_the_summary_is_for_bureaus_in_their_region_and_verified_brokers(
    session: Session, cast: Cast
) -> None:
    for name in ("owner", "stranger", "unverified_broker", "registrar"):
        assert code_of(session, lambda name=name: queries.gate_summary(session, getattr(cast, name))) == (
            "role-not-allowed"
        )
    outside = lambda: queries.gate_summary(session, cast.bureau, region="340800")  # noqa: E731
    assert code_of(session, outside) == "outside-region"
    unknown = lambda: queries.gate_summary(session, cast.broker, region="999999")  # noqa: E731
    assert faults(session, unknown).keys() == {"/region"}
    suspended = make_actor(session, OrganisationKind.BUREAU, uscc=None, status="suspended")
    assert code_of(session, lambda: queries.gate_summary(session, suspended)) == "role-not-allowed"
