"""The integrity record: of one and for a time, withdrawn by another person, and never gone."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor
from market.audit.models import AuditEvent
from market.challenges.models import IntegrityRecord
from market.challenges.queries.integrity import list_integrity
from market.challenges.queries.panels import as_candidates
from market.challenges.rules import Status
from market.challenges.service.bids import begin_bid
from market.challenges.service.integrity import record_integrity, withdraw_integrity
from market.db import PageRequest
from market.libraries.rules.talents import ErasureReason
from market.libraries.service.talents import erase_talent
from tests.factories import JIANGYIN, NOW, make_user
from tests.market.challenges.factories import bid_form, make_field, reach, unit_of
from tests.market.challenges.refusing import refused
from tests.market.libraries.factories import make_bureau


def test_integrity_is_recorded_of_one_and_for_the_future(session: Session) -> None:
    scene = make_field(session, teams=1, experts=1)
    unit, person = scene.teams[0].organisation_id, scene.experts[0].id

    def write(actor: object = scene.bureau, until: date = date(2026, 6, 10), **of: int | None) -> None:
        record_integrity(
            session, actor, region_code=JIANGYIN, reason="失信", barred_until=until, now=NOW, **of,  # type: ignore[arg-type]
        )  # fmt: skip

    def listed(actor: Actor) -> list[int | None]:
        page = list_integrity(session, actor, page=PageRequest())
        return [row.talent_id for row in page.items]

    for of, code in (
        ({}, "one-subject"),
        ({"talent_id": person, "organisation_id": unit}, "one-subject"),
        ({"talent_id": 0}, "talent-unknown"),
        ({"organisation_id": 0}, "organisation-not-found"),
        ({"organisation_id": unit, "challenge_id": 0}, "challenge-not-found"),
    ):
        with refused(code):
            write(**of)
    with refused("day-past"):
        write(until=date(2025, 6, 9), talent_id=person)
    with refused("bar-too-long"):
        write(until=date(2030, 6, 11), talent_id=person)
    with refused("role-not-allowed"):
        write(actor=scene.owner, talent_id=person)
    write(talent_id=person, until=date(2030, 6, 10))
    elsewhere, _ = make_bureau(session, "320282")
    assert [listed(actor) for actor in (scene.bureau, OPERATOR, elsewhere)] == [[person], [person], []]
    erase_talent(session, OPERATOR, person, reason=ErasureReason.REQUEST, now=NOW)
    with refused("talent-unknown"):
        write(talent_id=person)
    with refused("role-not-allowed"):
        listed(scene.owner)


def test_a_record_is_withdrawn_by_somebody_else_and_stays(session: Session) -> None:
    scene = make_field(session, teams=1, experts=1)
    challenge = reach(session, scene, Status.CALLING)
    team, expert = scene.teams[0], scene.experts[0]
    unit, person = (
        record_integrity(
            session, scene.bureau, region_code=JIANGYIN, reason="虚报指标", barred_until=date(2026, 6, 10),
            now=NOW, **of,
        )
        for of in ({"organisation_id": team.organisation_id}, {"talent_id": expert.id})
    )  # fmt: skip
    colleague = actor_of(make_user(session, unit_of(session, scene.bureau)))
    elsewhere, _ = make_bureau(session, "320282")
    for actor, code in (
        (scene.bureau, "checker-is-recorder"),
        (elsewhere, "integrity-not-found"),
        (team, "role-not-allowed"),
    ):
        with refused(code):
            withdraw_integrity(session, actor, unit.id, note="登记有误", now=NOW)
    with refused("bidder-barred"):
        begin_bid(session, team, challenge.id, form=bid_form(), now=NOW)
    assert as_candidates(session, [expert], region=JIANGYIN, day=NOW.date())[0].barred
    for row in (unit, person):
        withdraw_integrity(session, colleague, row.id, note="登记有误", now=NOW)
    with refused("integrity-withdrawn"):
        withdraw_integrity(session, colleague, unit.id, note="登记有误", now=NOW)
    begin_bid(session, team, challenge.id, form=bid_form(), now=NOW)
    assert not as_candidates(session, [expert], region=JIANGYIN, day=NOW.date())[0].barred
    kept = session.scalars(select(IntegrityRecord.withdrawal_note)).all()
    assert (kept, unit.withdrawn_by) == (["登记有误", "登记有误"], colleague.user_id)
    audited = select(AuditEvent.entity_id).where(AuditEvent.action == "integrity.withdraw")
    assert session.scalars(audited.order_by(AuditEvent.id)).all() == [unit.id, person.id]


def test_a_record_bars_in_its_region_and_what_lies_inside(session: Session) -> None:
    scene = make_field(session, teams=1, experts=1)
    challenge = reach(session, scene, Status.CALLING)
    team, expert = scene.teams[0], scene.experts[0]
    for region, barred in (("320282", False), ("320400", False), ("320200", True)):
        bureau, _ = make_bureau(session, region)
        for of in ({"organisation_id": team.organisation_id}, {"talent_id": expert.id}):
            record_integrity(
                session, bureau, region_code=region, reason="泄露评审情况", barred_until=date(2026, 6, 10),
                now=NOW, **of,
            )  # fmt: skip
        (candidate,) = as_candidates(session, [expert], region=JIANGYIN, day=NOW.date())
        assert candidate.barred is barred
        if barred:
            with refused("bidder-barred"):
                begin_bid(session, team, challenge.id, form=bid_form(), now=NOW)
