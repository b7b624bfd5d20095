"""From needs and technologies to a published list with open calls."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.audit.models import AuditEvent
from market.challenges.models import AnnexAgreement, Challenge
from market.challenges.queries.challenges import (
    get_challenge,
    list_challenges,
    list_events,
    rules_on,
    terms_digest,
)
from market.challenges.rules import USUAL_RULES, Action, Mode, Status
from market.challenges.service.calling import (
    agree_to_terms,
    cancel_challenge,
    close_call,
    invite,
    publish_list,
    read_annex,
    record_rules,
)
from market.challenges.service.collecting import collect_challenge, edit_challenge, screen_challenge
from market.db import PageRequest
from market.libraries.models import Edition
from market.libraries.rules import EntryKind, Register
from market.listings.rules import Validation
from tests.factories import JIANGYIN, NOW, make_actor, make_need, make_organisation
from tests.market.challenges.factories import (
    CLOSED,
    CLOSES,
    challenge_form,
    make_field,
    make_team,
    reach,
    unit_of,
)
from tests.market.challenges.refusing import refused
from tests.market.libraries.factories import make_entry


def test_a_challenge_takes_over_what_its_need_says(session: Session) -> None:
    scene = make_field(session, teams=0, experts=0)
    challenge = reach(session, scene, Status.COLLECTED)
    assert (challenge.title, challenge.summary, challenge.tech_field) == (
        scene.need.title,
        scene.need.body,
        "07",
    )
    assert challenge.organisation_id == scene.owner.organisation_id
    assert challenge.demand_rules == USUAL_RULES
    assert sum(criterion.weight for criterion in challenge.score_criteria) == 100


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"budget_fen": 79_999_999}, "budget-below-grant"),
        ({"solver_percent": 39}, "solver-share-low"),
        ({"duration_months": 37}, "duration-too-long"),
        ({"indicators": []}, "indicators-missing"),
        ({"mode": Mode.RACE}, "awards-out-of-range"),
        ({"annex": "配方"}, "annex-terms-missing"),
        ({"criteria": [{"key": "a", "name": "甲", "weight": 90}]}, "criteria-invalid"),
        ({"tech_field": "99"}, "unknown-code"),
        ({"need_id": 0}, "need-not-found"),
        ({"need_id": None}, "origin-missing"),
        ({"technology_id": 0}, "technology-not-found"),
        ({"organisation_id": 0}, "owner-fixed"),
    ],
)
def test_what_breaks_a_demand_rule_is_refused_by_its_name(
    session: Session, change: dict[str, object], code: str
) -> None:
    scene = make_field(session, teams=0, experts=0)
    with refused(code):
        collect_challenge(session, scene.owner, form={**challenge_form(scene.need), **change}, now=NOW)
    assert session.scalar(select(func.count()).select_from(Challenge)) == 0


def test_only_a_valid_need_of_ones_own_becomes_a_challenge_and_only_once(session: Session) -> None:
    scene = make_field(session, teams=1, experts=0)
    idea = make_need(session, unit_of(session, scene.owner), validation=Validation.OPEN)
    with refused("need-not-valid"):
        collect_challenge(session, scene.owner, form=challenge_form(idea), now=NOW)
    form = challenge_form(scene.need)
    for stranger in (make_actor(session), scene.teams[0]):
        with refused("role-not-allowed"):
            collect_challenge(session, stranger, form=form, now=NOW)
    elsewhere = make_actor(session, OrganisationKind.BUREAU, region_code="340800")
    with refused("role-not-allowed"):
        collect_challenge(session, elsewhere, form=form, now=NOW)
    challenge = collect_challenge(session, scene.bureau, form=form, now=NOW)
    with refused("need-has-challenge"):
        collect_challenge(session, scene.owner, form=form, now=NOW)
    screen_challenge(session, scene.owner, challenge.id, chosen=False, note="改为自主研发", now=NOW)
    assert challenge.status is Status.DROPPED
    assert collect_challenge(session, scene.owner, form=form, now=NOW).id != challenge.id


def test_need_and_technology_lie_in_one_place(session: Session) -> None:
    scene = make_field(session, teams=0, experts=0)
    for region, code in (("340881", "outside-region"), ("320200", None)):
        technology = make_entry(
            session, EntryKind.TECHNOLOGY, {"title": f"膜污染控制{region}", "region_code": region}
        )
        form = challenge_form(scene.need, technology_id=technology.id)
        if code is None:
            assert collect_challenge(session, scene.owner, form=form, now=NOW).technology_id == technology.id
            continue
        with refused(code):
            collect_challenge(session, scene.owner, form=form, now=NOW)


def test_a_technology_becomes_a_challenge_of_the_enterprise_that_asks_for_it(session: Session) -> None:
    technology = make_entry(
        session,
        EntryKind.TECHNOLOGY,
        {
            "title": "高温合金返回料纯净化",
            "indicators": [{"name": "氧含量", "target": "≤8ppm", "present": "20ppm"}],
        },
    )
    form = {
        name: value
        for name, value in challenge_form(technology_id=technology.id).items()
        if name != "indicators"
    }
    with refused("owner-missing"):
        collect_challenge(session, OPERATOR, form=form, now=NOW)
    university = make_organisation(session, OrganisationKind.UNIVERSITY)
    with refused("owner-not-enterprise"):
        collect_challenge(session, OPERATOR, form={**form, "organisation_id": university.id}, now=NOW)
    enterprise = make_actor(session)
    with refused("role-not-allowed"):  # it is not theirs to ask
        collect_challenge(
            session, enterprise, form={**form, "organisation_id": enterprise.organisation_id}, now=NOW
        )
    challenge = collect_challenge(
        session, OPERATOR, form={**form, "organisation_id": enterprise.organisation_id}, now=NOW
    )
    assert challenge.indicators == [{"name": "氧含量", "value": "≤8ppm"}]


def test_a_challenge_is_changed_until_it_is_screened(session: Session) -> None:
    scene = make_field(session, teams=0, experts=0)
    challenge = reach(session, scene, Status.COLLECTED)
    with refused("stale-version"):
        edit_challenge(session, scene.owner, challenge.id, changes={}, version=9, now=NOW)
    with refused("budget-below-grant"):
        edit_challenge(
            session, scene.owner, challenge.id, changes={"grant_fen": 20_000_001},
            version=challenge.version, now=NOW,
        )  # fmt: skip
    edit_challenge(
        session, scene.owner, challenge.id, changes={"key": True, "max_awards": 1}, version=challenge.version,
        now=NOW,
    )  # fmt: skip
    assert challenge.key
    with refused("note-missing"):
        screen_challenge(session, scene.bureau, challenge.id, chosen=False, note=None, now=NOW)
    with refused("role-not-allowed"):
        screen_challenge(session, scene.owner, challenge.id, chosen=True, note=None, now=NOW)
    screen_challenge(session, scene.bureau, challenge.id, chosen=True, note=None, now=NOW)
    with refused("illegal-transition"):
        edit_challenge(session, scene.owner, challenge.id, changes={}, version=challenge.version, now=NOW)


def test_only_the_bureau_makes_a_challenge_a_key_one(session: Session) -> None:
    scene = make_field(session, teams=0, experts=0)
    challenge = reach(session, scene, Status.COLLECTED, key=True)

    def found(key: bool) -> list[Challenge]:
        return list(list_challenges(session, scene.bureau, page=PageRequest(), key=key).items)

    def screen(key: bool | None, actor: Actor = scene.bureau) -> bool:
        screen_challenge(session, actor, challenge.id, chosen=True, key=key, note=None, now=NOW)
        return challenge.key

    assert (found(True), found(False)) == ([], [challenge])  # a wish
    assert screen(None) is True
    assert (found(True), found(False)) == ([challenge], [])
    assert screen(False) is False
    assert (found(True), found(False)) == ([], [challenge])
    with refused("role-not-allowed"):
        screen(True, scene.owner)
    assert screen(True) is True
    words = [event.note for event in list_events(session, scene.bureau, challenge)]
    assert words == [None, "定为重点", "不作为重点", "定为重点"]
    publish_list(session, scene.bureau, region_code=JIANGYIN, ids=[challenge.id], closes_at=CLOSES, now=NOW)
    with refused("illegal-transition"):
        screen(False)


def test_nobody_else_knows_of_a_challenge_before_it_stands_on_a_list(session: Session) -> None:
    scene = make_field(session, teams=1, experts=0)
    challenge = reach(session, scene, Status.SCREENED)
    page = PageRequest()
    for actor in (None, scene.teams[0]):
        with refused("challenge-not-found"):
            get_challenge(session, actor, challenge.id)
        assert list_challenges(session, actor, page=page).items == []
    for actor in (scene.owner, scene.bureau, OPERATOR):
        assert list(list_challenges(session, actor, page=page).items) == [challenge]
    publish_list(session, scene.bureau, region_code=JIANGYIN, ids=[challenge.id], closes_at=CLOSES, now=NOW)
    found = list_challenges(
        session, None, page=page, status=Status.CALLING, region="320200", field="07", need_id=scene.need.id
    )
    assert list(found.items) == [challenge]
    assert list_challenges(session, scene.teams[0], page=page, mine=True).items == []
    assert list(list_challenges(session, scene.owner, page=page, mine=True).items) == [challenge]
    with refused("role-not-allowed"):
        list_events(session, scene.owner, challenge)
    assert [event.action for event in list_events(session, scene.bureau, challenge)] == [
        Action.COLLECT,
        Action.SCREEN,
        Action.LIST,
        Action.OPEN,
    ]


def test_a_list_is_published_whole_or_not_at_all(session: Session) -> None:
    scene, other = make_field(session, teams=0, experts=0), make_field(session, teams=0, experts=0)
    ready, raw = reach(session, scene, Status.SCREENED), reach(session, other, Status.COLLECTED)
    for ids, closes_at, code in (
        ([ready.id], NOW, "deadline-past"),
        ([ready.id, 0], CLOSES, "challenge-not-found"),
        ([ready.id, raw.id], CLOSES, "illegal-transition"),
    ):
        with refused(code), session.begin_nested():
            publish_list(session, scene.bureau, region_code=JIANGYIN, ids=ids, closes_at=closes_at, now=NOW)
    with refused("role-not-allowed"):
        publish_list(session, scene.owner, region_code=JIANGYIN, ids=[ready.id], closes_at=CLOSES, now=NOW)
    with refused("outside-region"):
        publish_list(session, OPERATOR, region_code="340800", ids=[ready.id], closes_at=CLOSES, now=NOW)
    session.refresh(ready)
    assert (ready.status, ready.number, ready.edition_id) == (Status.SCREENED, None, None)
    edition = publish_list(
        session, scene.bureau, region_code=JIANGYIN, ids=[ready.id], closes_at=CLOSES, title="第一批", now=NOW
    )
    assert (edition.register, edition.row_count, edition.title) == (Register.CHALLENGES, 1, "第一批")
    assert ready.status is Status.CALLING
    assert session.scalar(select(func.count()).select_from(Edition)) == 1


def test_a_commissioned_challenge_waits_for_an_invitation(session: Session) -> None:
    scene = make_field(session, teams=1, experts=0)
    challenge = reach(session, scene, Status.SCREENED, mode=Mode.DIRECTED)
    publish_list(session, scene.bureau, region_code=JIANGYIN, ids=[challenge.id], closes_at=CLOSES, now=NOW)
    assert (challenge.status, challenge.closes_at) == (Status.LISTED, None)
    unit, owner = scene.teams[0].organisation_id, scene.owner.organisation_id
    assert unit is not None
    assert owner is not None
    for wrong, code in ((owner, "cannot-be-invited"), (0, "organisation-not-found")):
        with refused(code):
            invite(session, scene.bureau, challenge.id, organisation_id=wrong, closes_at=CLOSES, now=NOW)
    invite(session, scene.bureau, challenge.id, organisation_id=unit, closes_at=CLOSES, now=NOW)
    assert (challenge.status, challenge.closes_at) == (Status.CALLING, CLOSES)
    open_one = make_field(session, teams=0, experts=0)
    reach(session, open_one, Status.CALLING)
    with refused("mode-not-allowed"):
        invite(session, scene.bureau, open_one.id, organisation_id=unit, closes_at=CLOSES, now=NOW)


def test_a_call_closes_when_its_time_is_over_and_fails_without_bids(session: Session) -> None:
    scene = make_field(session, teams=0, experts=0)
    challenge = reach(session, scene, Status.CALLING)
    with refused("call-still-open"):
        close_call(session, scene.bureau, challenge.id, now=CLOSES - timedelta(seconds=1))
    with refused("role-not-allowed"):
        close_call(session, scene.owner, challenge.id, now=CLOSED)
    close_call(session, scene.bureau, challenge.id, now=CLOSES)
    assert challenge.status is Status.FAILED
    with refused("illegal-transition"):
        cancel_challenge(session, scene.bureau, challenge.id, note="无人揭榜", now=CLOSED)


def test_a_challenge_on_a_list_can_be_called_off(session: Session) -> None:
    scene = make_field(session, teams=0, experts=0)
    challenge = reach(session, scene, Status.CALLING)
    with refused("role-not-allowed"):
        cancel_challenge(session, scene.owner, challenge.id, note="需求变化", now=NOW)
    cancel_challenge(session, scene.bureau, challenge.id, note="需求变化", now=NOW)
    assert challenge.status is Status.TERMINATED


ANNEX: dict[str, Any] = {"annex": "现有膜面改性配方与工艺窗口", "annex_terms": "不得向第三方披露，保密三年。"}


def test_the_annex_is_read_only_after_the_terms_were_agreed_to(session: Session) -> None:
    scene = make_field(session, teams=2, experts=0)
    challenge = reach(session, scene, Status.CALLING, **ANNEX)
    team, other = scene.teams
    digest = terms_digest(challenge)
    assert digest is not None
    with refused("annex-not-agreed"):
        read_annex(session, team, challenge.id, now=NOW)
    with refused("terms-changed"):
        agree_to_terms(session, team, challenge.id, digest="0" * 64, now=NOW)
    with refused("role-not-allowed"):
        agree_to_terms(session, scene.bureau, challenge.id, digest=digest, now=NOW)
    with refused("call-not-open"):
        agree_to_terms(session, team, challenge.id, digest=digest, now=CLOSES)
    agreement = agree_to_terms(session, team, challenge.id, digest=digest, now=NOW)
    assert agree_to_terms(session, team, challenge.id, digest=digest, now=NOW) is agreement
    assert (agreement.agreed_by, agreement.terms_digest) == (team.user_id, digest)
    for reader in (team, scene.owner, scene.bureau):
        assert read_annex(session, reader, challenge.id, now=NOW) == ANNEX["annex"]
    with refused("annex-not-agreed"):
        read_annex(session, other, challenge.id, now=NOW)
    readings = select(AuditEvent).where(AuditEvent.action == "challenge.read_annex").order_by(AuditEvent.id)
    assert [event.actor_id for event in session.scalars(readings)] == [
        team.user_id,
        scene.owner.user_id,
        scene.bureau.user_id,
    ]
    assert ANNEX["annex"] not in str([event.details for event in session.scalars(select(AuditEvent))])
    assert session.scalar(select(func.count()).select_from(AnnexAgreement)) == 1


def test_without_an_annex_there_is_nothing_to_agree_to(session: Session) -> None:
    scene = make_field(session, teams=1, experts=0)
    challenge = reach(session, scene, Status.CALLING)
    with refused("no-annex"):
        agree_to_terms(session, scene.teams[0], challenge.id, digest="0" * 64, now=NOW)
    with refused("no-annex"):
        read_annex(session, scene.owner, challenge.id, now=NOW)


def test_an_invitation_shuts_others_out_of_the_annex(session: Session) -> None:
    scene = make_field(session, teams=1, experts=0)
    challenge = reach(session, scene, Status.CALLING, mode=Mode.DIRECTED, **ANNEX)
    digest = terms_digest(challenge)
    assert digest is not None
    with refused("not-invited"):
        agree_to_terms(session, make_team(session), challenge.id, digest=digest, now=NOW)


def test_a_region_has_rules_of_its_own_and_challenges_keep_theirs(session: Session) -> None:
    scene = make_field(session, teams=0, experts=0)
    before = reach(session, scene, Status.COLLECTED)
    content = {
        name: value for name, value in USUAL_RULES.to_json().items() if name not in {"version", "panel_size"}
    }

    def write(version: str, region: str | None, start: date, size: int = 7) -> None:
        record_rules(
            session, OPERATOR, version=version, region_code=region, in_force_from=start,
            content={**content, "panel_size": size}, now=NOW,
        )  # fmt: skip

    write("everywhere", None, date(2025, 1, 1))
    write("city", "320200", date(2025, 1, 1))
    write("city-later", "320200", date(2026, 1, 1))
    with refused("version-taken"):
        write("city", "320200", date(2025, 1, 1))
    with refused("panel-size-invalid"):
        write("even", None, date(2025, 1, 1), size=4)
    with refused("role-not-allowed"):
        record_rules(
            session, scene.bureau, version="x", region_code=None, in_force_from=date(2025, 1, 1),
            content=content, now=NOW,
        )  # fmt: skip
    day = date(2025, 6, 10)
    assert rules_on(session, JIANGYIN, day=day).version == "city"
    assert rules_on(session, "340881", day=day).version == "everywhere"
    assert rules_on(session, JIANGYIN, day=date(2026, 1, 1)).version == "city-later"
    assert rules_on(session, JIANGYIN, day=date(2024, 1, 1)) == USUAL_RULES
    assert before.demand_rules == USUAL_RULES
