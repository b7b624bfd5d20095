"""Figures of a node: they are those of the market's other counts, and each opens to what it counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.challenges.queries.awards import count_challenges
from market.challenges.rules import Status as ChallengeStatus
from market.db import PageRequest
from market.errors import PermissionDenied, RuleViolation, Unauthenticated
from market.libraries.models import AgencyFiling
from market.libraries.queries.counts import count_listed
from market.libraries.rules import Register
from market.listings.rules import Status, Validation
from market.matches.rules import Status as MatchStatus
from market.network.queries.overview import MATCHES_WITHHELD, UNIT_WITHHELD, Figure, get_overview
from market.network.queries.records import Record, open_figure
from market.network.rules import CONTRACTS, PUBLIC_FIGURES, Basis, FigureKey, Level
from market.rankings.queries.indicators import Where, measure
from market.rankings.rules import IndicatorKey
from market.search.documents import Kind
from market.turnover.models import Release
from market.turnover.queries.entries import list_entries
from market.turnover.queries.figures import totals
from market.turnover.queries.releases import TOO_FEW
from market.turnover.queries.scopes import get_scope
from market.turnover.rules import Measure, ReleaseKind
from market.turnover.service import publish_release, withdraw_release
from tests.factories import (
    JIANGYIN,
    NOW,
    make_achievement,
    make_actor,
    make_need,
    make_organisation,
    make_user,
)
from tests.market.challenges.factories import make_field, reach
from tests.market.contracts.factories import make_station
from tests.market.libraries.factories import make_filing, publish
from tests.market.matches.referrals.factories import make_referral, make_resource
from tests.market.network.factories import HITECH, WUXI, YIXING, Tree, make_net_node, make_tree
from tests.market.rankings.factories import credit
from tests.market.turnover.factories import change, end, make_suggestion, register

LAST_YEAR = datetime(2024, 11, 18, 2, 0, tzinfo=UTC)
MAY = date(2025, 5, 20)


@dataclass(frozen=True)
class World:
    """A tree, a university in a park of 江阴 that sells, an enterprise that buys, an agency between them."""

    tree: Tree
    university: Organisation
    enterprise: Organisation
    agency: Organisation


@pytest.fixture
def world(session: Session) -> World:
    """Insert one of everything that is counted, and beside each something that is not."""
    university = make_organisation(session, OrganisationKind.UNIVERSITY, name="澄江大学", park_code=HITECH)
    enterprise = make_organisation(session, name="暨阳印染有限公司")
    agency = make_organisation(session, OrganisationKind.AGENCY, name="澄江技术转移中心")
    need = make_need(session, enterprise, validation=Validation.VALID, validated_at=NOW)
    make_need(session, enterprise, status=Status.WITHDRAWN)
    make_need(session, enterprise, status=Status.DRAFT, published_at=None)
    make_need(session, enterprise, published_at=LAST_YEAR)
    make_need(session, make_organisation(session, region_code=YIXING), region_code=YIXING)
    achievement = make_achievement(session, university)
    make_achievement(session, university, published_at=LAST_YEAR)
    make_suggestion(session, need, achievement, status=MatchStatus.AGREED)
    make_suggestion(session, need, make_achievement(session, university), status=MatchStatus.SUGGESTED)
    make_filing(session, organisation_id=agency.id)
    resource = make_resource(session, organisation_id=agency.id)
    make_referral(session, (Kind.NEED, need.id), (Kind.RESOURCE, resource.id), status=MatchStatus.DECLINED)
    publish(session, Register.AGENCIES)
    make_filing(session, title="尚未进入版本的机构")
    station = make_station(session)
    deal = register(session, station=station, seller=university, buyer=enterprise, registered_on=MAY)
    change(session, deal, total_amount_fen=120_000_000)
    credit(session, deal, agency, 4000)
    end(session, register(session, station=station, seller=university, registered_on=MAY))
    register(session, station=station, registered_on=date(2024, 5, 20))
    return World(make_tree(session), university, enterprise, agency)


def figures(session: Session, actor: Actor | None, node_id: int, year: int = 2025) -> dict[str, Figure]:
    """Return the figures of a node by key and group."""
    found = get_overview(session, actor, node_id, year=year, now=NOW)
    return {f"{one.key}/{one.group}": one for one in found.figures}


def opened(session: Session, actor: Actor | None, source: str) -> list[Record]:
    """Return all records behind a figure, read from its address in pages of one."""
    parts = urlsplit(source)
    node_id = int(parts.path.split("/")[-2])
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    cursor, found = None, list[Record]()
    while True:
        answer = open_figure(
            session, actor, node_id,
            figure=FigureKey(query["figure"]), group=query.get("group"), year=int(query["year"]),
            page=PageRequest(cursor, 1), now=NOW,
        )  # fmt: skip
        found += answer.page.items
        cursor = answer.page.next_cursor
        if cursor is None:
            return found


def test_a_region_has_the_numbers_of_the_other_counts(session: Session, world: World) -> None:
    reach(session, make_field(session, teams=1, experts=3), ChallengeStatus.AWARDED)
    for node in (world.tree.jiangyin, world.tree.hub):
        region, found = node.region_code, figures(session, OPERATOR, node.id)
        where = Where(region, date(2025, 1, 1), date(2025, 12, 31))
        for key, indicator in (
            ("valid_needs/", IndicatorKey.VALID_NEEDS),
            ("achievements/", IndicatorKey.PUBLISHED_ACHIEVEMENTS),
        ):
            assert found[key].value == measure(session, indicator, where).value
        challenges = count_challenges(session, region, start=where.start, end=where.end)
        assert found["challenges_listed/"].value == challenges.listed == 1
        assert found["challenges_awarded/"].value == challenges.awarded == 1
        public = [AgencyFiling.published_at.is_not(None)]
        listed = count_listed(session, AgencyFiling, region, conditions=public)
        assert found["entries/agencies"].value == listed == 1
        for one in Measure:
            scope = get_scope(session, measure=one, region=region, park=None, period="2025", now=NOW)
            sums = totals(session, scope)
            parts = [found[f"{one}/{part}"].value for part in ("deals", "total_fen", "tech_fen")]
            assert parts == [sums.deals, sums.total_fen, sums.tech_fen] == [1, 120_000_000, 80_000_000]
    assert figures(session, OPERATOR, world.tree.yixing.id)["registered/deals"].value == 0


def test_the_territory_decides_what_lies_under_a_node(session: Session, world: World) -> None:
    tree = world.tree
    nodes = {
        "江阴": tree.jiangyin.id,
        "园区": make_net_node(session, Level.NODE, tree.jiangyin, park_code=HITECH).id,
        "大学": make_net_node(session, Level.NODE, tree.jiangyin, organisation_id=world.university.id).id,
        "企业": make_net_node(session, Level.NODE, tree.jiangyin, organisation_id=world.enterprise.id).id,
        "机构": make_net_node(session, Level.NODE, tree.jiangyin, organisation_id=world.agency.id).id,
        "宜兴": tree.yixing.id,
    }
    wanted: dict[str, list[int | None]] = {  # in the order of `nodes`; None: not told of such a node
        "needs/": [2, 0, 0, 2, 0, 1],
        "valid_needs/": [1, 0, 0, 1, 0, 0],
        "achievements/": [2, 2, 2, 0, 0, 0],
        "suggestions/agreed": [1, 0, 1, 1, 0, 0],
        "suggestions/suggested": [1, 0, 1, 1, 0, 0],
        "referrals/declined": [1, 0, 0, 1, 1, 0],
        "registered/deals": [1, 0, None, None, None, 0],
        "output/deals": [1, 1, 1, 0, 0, 0],
        "output/total_fen": [120_000_000, 120_000_000, 120_000_000, 0, 0, 0],
        "absorbed/deals": [1, 0, 0, 1, 0, 0],
        "brokered/deals": [None, None, None, None, 1, None],
        "entries/agencies": [1, 0, 0, 0, 1, 0],
    }
    found = {name: figures(session, OPERATOR, node) for name, node in nodes.items()}
    for key, values in wanted.items():
        assert [one[key].value if key in one else None for one in found.values()] == values, key
    assert figures(session, OPERATOR, tree.jiangyin.id, year=2024)["needs/"].value == 1


def test_every_number_opens_to_as_many_records(session: Session, world: World) -> None:
    unit = make_net_node(session, Level.NODE, world.tree.hub, organisation_id=world.university.id)
    agency = make_net_node(session, Level.NODE, world.tree.hub, organisation_id=world.agency.id)
    opened_keys = set()
    for node in (world.tree.jiangyin, unit, agency):
        for one in figures(session, OPERATOR, node.id).values():
            assert one.value is not None
            assert one.source is not None
            if one.source.startswith("/api/v1/turnover/entries?"):
                query = {name: values[0] for name, values in parse_qs(urlsplit(one.source).query).items()}
                scope = get_scope(
                    session, measure=Measure(query["measure"]), region=query["region"], park=None,
                    period=query["period"], now=NOW,
                )  # fmt: skip
                lines = list_entries(session, OPERATOR, scope, page=PageRequest()).page.items
                total = sum(getattr(line, {"deals": "count"}.get(one.group, one.group)) for line in lines)
            else:
                records = opened(session, OPERATOR, one.source)
                total = len(records)
                if one.key in CONTRACTS:
                    total = sum(getattr(record, one.group) for record in records)
                assert all(record.path for record in records)
            assert total == one.value, one.name
            if one.value:
                opened_keys.add(one.key)
    assert opened_keys == set(FigureKey) - {FigureKey.CHALLENGES_LISTED, FigureKey.CHALLENGES_AWARDED}


def test_what_one_may_not_see_is_named_without_a_value(session: Session, world: World) -> None:
    tree = world.tree
    unit = make_net_node(session, Level.NODE, tree.jiangyin, organisation_id=world.university.id)
    for actor in (
        None,
        make_actor(session),
        make_actor(session, OrganisationKind.BUREAU, region_code=YIXING),
    ):
        for node in (tree.jiangyin, unit):
            for one in figures(session, actor, node.id).values():
                shown = one.key in PUBLIC_FIGURES
                assert (one.value is not None, one.source is not None, one.withheld is None) == (shown,) * 3
                assert one.definition


def test_the_published_figure_is_for_anyone_with_the_months_it_covers(session: Session, world: World) -> None:
    tree = world.tree
    unit = make_net_node(session, Level.NODE, tree.jiangyin, organisation_id=world.university.id)

    def published() -> Release:
        return publish_release(
            session, OPERATOR, region=JIANGYIN, kind=ReleaseKind.MONTHLY, period="2025-05", note=None, now=NOW
        )

    release = published()
    seen = figures(session, None, tree.jiangyin.id)
    amount, deals = seen["registered/total_fen"], seen["registered/deals"]
    assert (amount.value, amount.source, amount.withheld) == (None, None, TOO_FEW)
    assert (deals.value, deals.withheld, deals.source) == (1, None, f"/api/v1/releases/{release.id}")
    withdraw_release(session, OPERATOR, release.id, reason="漏统", now=NOW)
    for _ in range(2):
        register(session, registered_on=MAY, total_amount_fen=100, tech_amount_fen=100)
    release = published()
    found = figures(session, None, tree.jiangyin.id)["registered/total_fen"]
    assert (found.value, found.basis, found.through) == (120_000_200, Basis.PUBLISHED, date(2025, 5, 31))
    assert found.source == f"/api/v1/releases/{release.id}"
    assert found.definition.endswith("为已发布的2025年1—5月数。")
    assert figures(session, OPERATOR, tree.jiangyin.id)["registered/total_fen"].basis is Basis.LIVE
    assert figures(session, None, unit.id)["output/deals"].withheld == UNIT_WITHHELD
    assert figures(session, None, unit.id)["suggestions/agreed"].withheld == MATCHES_WITHHELD


def test_a_unit_sees_its_own_matches_from_the_recommendation_on(session: Session, world: World) -> None:
    unit = make_net_node(session, Level.NODE, world.tree.jiangyin, organisation_id=world.university.id)
    member = actor_of(make_user(session, world.university))
    found = figures(session, member, unit.id)
    assert found["suggestions/agreed"].value == 1
    assert "suggestions/suggested" not in found
    assert found["output/deals"].value == 1
    source = found["suggestions/agreed"].source
    assert source is not None
    assert len(opened(session, member, source.replace("group=agreed&", ""))) == 1
    # A bureau counts matches; to read them is not its business.
    bureau = make_actor(session, OrganisationKind.BUREAU, region_code=WUXI)
    (row,) = opened(session, bureau, source)
    assert (row.path, row.title) == (None, None)


def test_rows_that_are_public_no_more_still_count(session: Session, world: World) -> None:
    found = figures(session, None, world.tree.jiangyin.id)["needs/"]
    assert found.source is not None
    rows = opened(session, None, found.source)
    assert [row.path is None for row in rows] == [True, False]
    assert rows[0].title is None


def test_children_stand_beside_the_node(session: Session, world: World) -> None:
    found = get_overview(session, OPERATOR, world.tree.hub.id, year=None, now=NOW)
    assert [row.node.title for row in found.children] == ["江阴分中心", "宜兴分中心"]
    of_children = [{f"{one.key}/{one.group}": one.value for one in row.figures} for row in found.children]
    for one in found.figures:
        assert one.value is not None
        assert one.value >= sum(child[f"{one.key}/{one.group}"] or 0 for child in of_children)
    assert get_overview(session, None, world.tree.station.id, year=2025, now=NOW).children == []


def test_what_cannot_be_opened_says_why(session: Session, world: World) -> None:
    def opening(actor: Actor | None, **values: Any) -> Any:
        asked = {"figure": FigureKey.NEEDS, "group": None, "year": 2025, **values}
        return open_figure(session, actor, world.tree.jiangyin.id, page=PageRequest(), now=NOW, **asked)

    for values, code in (
        ({"year": 2026}, "bad-year"),
        ({"figure": FigureKey.OUTPUT}, "network-figure-elsewhere"),
        ({"figure": FigureKey.BROKERED}, "network-figure-elsewhere"),
        ({"group": "agreed"}, "network-bad-group"),
        ({"figure": FigureKey.ENTRIES, "group": "challenges"}, "network-bad-group"),
    ):
        with pytest.raises(RuleViolation) as caught:
            opening(OPERATOR, **values)
        assert caught.value.code == code
    with pytest.raises(PermissionDenied, match="不能查看"):
        opening(make_actor(session), figure=FigureKey.SUGGESTIONS)
    with pytest.raises(Unauthenticated):
        opening(None, figure=FigureKey.SUGGESTIONS)
