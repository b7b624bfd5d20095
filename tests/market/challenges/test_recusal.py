"""Who stands aside for what is known by name: the same projects, and interests in firms and people."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from market.challenges.models import Challenge
from market.challenges.queries.bids import standing_bids
from market.challenges.queries.panels import as_candidates, concerned_with, list_seats
from market.challenges.rules import Candidate, Concerned, Recusal, Status
from market.challenges.rules.panels import core_of, recusal_of
from market.challenges.service.calling import cancel_challenge
from market.challenges.service.panels import draw_panel
from market.libraries.models import Talent
from tests.factories import JIANGYIN, NOW
from tests.market.challenges.factories import CLOSED, Field, hand_in, make_expert, make_field, reach
from tests.market.challenges.refusing import refused
from tests.market.libraries.projects.factories import open_with

PLACES = ("江苏省", "江苏", "无锡市", "无锡", "江阴市", "江阴", "东方")


@pytest.mark.parametrize(
    ("unit", "core"),
    [
        ("江阴腾索金属制品股份有限公司", "腾索金属"),
        ("江苏省无锡市江阴海澜服饰集团有限公司", "海澜服饰"),
        ("腾索金属（江阴）有限公司", "腾索金属"),
        ("江阴法尔胜公司", "法尔胜"),
        ("江苏阳光集团股份有限公司", None),  # 阳光 alone means many things
        ("东方有限公司", None),
        ("江阴市人民医院", None),
        ("江南大学", None),
        ("", None),
    ],
)
def test_firms_are_known_by_what_stands_between_place_and_legal_form(unit: str, core: str | None) -> None:
    assert core_of(unit, PLACES) == core


@pytest.mark.parametrize(
    ("interests", "found"),
    [
        ("持有腾索金属5%股份", True),
        ("与周文远合作发表论文", True),
        ("持有 腾 索 金 属 股份", True),
        ("研究金属制品", False),
        ("", False),
    ],
)
def test_interests_are_looked_through_for_firms_and_people(interests: str, found: bool) -> None:
    concerned = Concerned(
        owner_units=("江阴腾索金属制品股份有限公司",),
        cores=("腾索金属",),
        people=(("周文远", "暨阳理工大学"), ("属", "暨阳理工大学")),
    )
    expert = Candidate(talent_id=9, name="林知秋", interests=interests)
    assert recusal_of(expert, concerned) is (Recusal.STATED if found else None)
    assert recusal_of(replace(expert, interests=""), concerned) is None


def reason_of(session: Session, challenge: Challenge, expert: Talent) -> Recusal | None:
    (candidate,) = as_candidates(session, [expert], region=challenge.region_code, day=NOW.date())
    return recusal_of(candidate, concerned_with(session, challenge, standing_bids(session, challenge.id)))


def test_a_project_in_common_is_found_by_name_however_it_is_written(session: Session) -> None:
    scene = make_field(session, teams=2, experts=0)
    known, linked = make_expert(session), make_expert(session)
    names = [make_expert(session) for _ in range(5)]
    led, joined, by_link, written, stranger = names
    challenge = reach(session, scene, Status.CALLING)
    hand_in(session, scene, scene.teams[0], leader_name="周文远", members=[{"talent_id": known.id}])
    hand_in(session, scene, scene.teams[1], members=[{"name": "李明", "unit": "膜工程公司"}])
    home = scene.teams[0].organisation_id
    # The leader leads a project of the own unit in which the expert is written down by name and full unit.
    team = [{"name": led.person_name, "unit": f"{led.unit_name} 化工所"}]
    open_with(session, organisation_id=home, leader_name="周 文远", members=team, milestones=[])
    open_with(
        session,
        members=[{"name": "李明", "unit": "膜工程公司（江阴）"}, {"talent_id": joined.id}],
        milestones=[],
    )
    open_with(session, leader_talent_id=known.id, members=[{"talent_id": by_link.id}], milestones=[])
    team = [{"name": known.person_name, "unit": known.unit_name}, {"talent_id": written.id}]
    open_with(session, members=team, milestones=[])
    elsewhere = [{"name": "李明", "unit": "别处公司"}, {"talent_id": stranger.id}]
    open_with(session, members=elsewhere, milestones=[])
    assert [reason_of(session, challenge, one) for one in names] == [Recusal.SAME_PROJECT] * 4 + [None]
    linked.person_name, linked.unit_name = known.person_name, known.unit_name  # entered twice
    session.flush()
    assert reason_of(session, challenge, linked) is Recusal.BIDDER


def test_what_an_expert_states_names_firm_or_person(session: Session) -> None:
    scene = make_field(session, teams=1, experts=3)
    challenge = reach(session, scene, Status.CALLING)
    firm, person, free = scene.experts
    hand_in(
        session, scene, scene.teams[0], members=[{"name": "陆一舟", "unit": "江阴腾索金属制品股份有限公司"}]
    )
    firm.declared_interests, person.declared_interests = "腾索金属技术顾问", "陆一舟的导师"
    free.declared_interests = "金属制品行业协会理事"
    assert [reason_of(session, challenge, one) for one in scene.experts] == [Recusal.STATED] * 2 + [None]


def test_a_draw_elsewhere_says_where_and_why(session: Session) -> None:
    scene = make_field(session, teams=1, experts=3)
    challenge = reach(session, scene, Status.CHECKED)

    def draw(**values: object) -> object:
        return draw_panel(session, scene.bureau, challenge.id, size=3, now=CLOSED, **values)  # type: ignore[arg-type]

    for values in ({"region": "320282"}, {"fields": []}, {"fields": ["01"]}):
        with refused("note-missing"):
            draw(**values)
    with refused("unknown-code"):
        draw(region="999999", note="另行抽取")
    assert challenge.tech_field is not None
    panel = draw_panel(
        session,
        scene.bureau,
        challenge.id,
        size=3,
        fields=[challenge.tech_field],
        region=JIANGYIN,
        now=CLOSED,
    )
    assert (panel.region_code, panel.note) == (JIANGYIN, None)
    wider = _checked(session)
    drawn = draw_panel(
        session, wider.bureau, wider.id, size=3, fields=[], region="320200", note="本地专家不足", now=CLOSED
    )
    assert (drawn.fields, drawn.region_code, drawn.note) == ([], "320200", "本地专家不足")


def _checked(session: Session) -> Field:
    scene = make_field(session, teams=1, experts=0)
    reach(session, scene, Status.CHECKED)
    return scene


def test_names_of_experts_stay_unknown_where_it_never_comes_to_an_award(session: Session) -> None:
    scene = make_field(session, teams=1, experts=3)
    challenge = reach(session, scene, Status.NOTICED)
    cancel_challenge(session, scene.bureau, challenge.id, note="需求变化", now=CLOSED)
    assert challenge.status is Status.TERMINATED
    assert [list_seats(session, one, challenge) for one in (scene.owner, scene.teams[0])] == [[], []]
    assert len(list_seats(session, scene.bureau, challenge)) == 3
