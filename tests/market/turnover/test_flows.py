"""Where technology goes and comes from."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, OrganisationKind
from market.errors import PermissionDenied, RuleViolation
from market.turnover.ledger import Sums
from market.turnover.queries.flows import Flows, flows, get_flows
from market.turnover.queries.scopes import get_area
from market.turnover.rules import Direction, PartnerLevel, Source, parse_period
from tests.factories import NOW, make_actor
from tests.market.turnover.factories import end, party_in, register

JIANGYIN, YIXING, WUXI, JIANGSU, ANQING, NATION = "320281", "320282", "320200", "320000", "340800", "000000"
LOCAL, ABROAD = "本地", "境外"


@pytest.fixture
def books(session: Session) -> Session:
    """Deals inside a city, inside a province, between provinces and across the border."""
    for seller, buyer, amount in [
        (JIANGYIN, JIANGYIN, 1),
        (JIANGYIN, YIXING, 2),
        (JIANGYIN, "320500", 4),
        (JIANGYIN, ANQING, 8),
        (JIANGYIN, None, 16),
        (ANQING, JIANGYIN, 32),
        (None, JIANGYIN, 64),
        (ANQING, "340881", 128),
    ]:
        register(
            session,
            seller=party_in(session, seller),
            buyer=party_in(session, buyer),
            registered_on=date(2025, 3, 1),
            total_amount_fen=amount,
            tech_amount_fen=amount,
        )
    ended = register(session, buyer=party_in(session, "440300"), registered_on=date(2025, 3, 1))
    end(session, ended, now=NOW)
    return session


def _flows(
    session: Session,
    region: str,
    direction: Direction,
    level: PartnerLevel = PartnerLevel.PROVINCE,
    *,
    known_at: datetime | None = None,
) -> Flows:
    period = parse_period("2025")
    assert period is not None
    area = get_area(session, region=region, park=None)
    return flows(session, area, period, direction=direction, level=level, known_at=known_at)


@pytest.mark.parametrize("known_at", [None, NOW], ids=["counters", "ledger"])
@pytest.mark.parametrize(
    ("region", "direction", "level", "partners"),
    [
        (
            JIANGYIN,
            Direction.OUT,
            PartnerLevel.PROVINCE,
            {ABROAD: 16, "安徽省": 8, "江苏省其他地区": 6, LOCAL: 1},
        ),
        (
            WUXI,
            Direction.OUT,
            PartnerLevel.PROVINCE,
            {ABROAD: 16, "安徽省": 8, "江苏省其他地区": 4, LOCAL: 3},
        ),
        (JIANGSU, Direction.OUT, PartnerLevel.PROVINCE, {ABROAD: 16, "安徽省": 8, LOCAL: 7}),
        (NATION, Direction.OUT, PartnerLevel.PROVINCE, {"安徽省": 136, "江苏省": 39, ABROAD: 16}),
        (JIANGYIN, Direction.IN, PartnerLevel.PROVINCE, {ABROAD: 64, "安徽省": 32, LOCAL: 1}),
        (JIANGSU, Direction.IN, PartnerLevel.PROVINCE, {ABROAD: 64, "安徽省": 32, LOCAL: 7}),
        (NATION, Direction.IN, PartnerLevel.PROVINCE, {"安徽省": 160, ABROAD: 64, "江苏省": 15}),
        (
            JIANGYIN,
            Direction.OUT,
            PartnerLevel.REGION,
            {ABROAD: 16, "安庆市": 8, "苏州市": 4, "宜兴市": 2, LOCAL: 1},
        ),
        (JIANGSU, Direction.OUT, PartnerLevel.REGION, {ABROAD: 16, "安庆市": 8, LOCAL: 7}),
        (JIANGSU, Direction.IN, PartnerLevel.REGION, {ABROAD: 64, "安庆市": 32, LOCAL: 7}),
    ],
)
def test_partners(
    books: Session,
    known_at: datetime | None,
    region: str,
    direction: Direction,
    level: PartnerLevel,
    partners: dict[str, int],
) -> None:
    found = _flows(books, region, direction, level, known_at=known_at)
    assert {partner.name: partner.sums.total_fen for partner in found.partners} == partners
    assert [partner.rank for partner in found.partners] == list(range(1, len(partners) + 1))
    assert found.sums.total_fen == sum(partners.values())


def test_counters_answer_where_they_can(books: Session) -> None:
    def source(region: str, level: PartnerLevel) -> Source:
        return _flows(books, region, Direction.OUT, level).source

    assert source(JIANGSU, PartnerLevel.REGION) is source(WUXI, PartnerLevel.PROVINCE) is Source.COUNTERS
    assert source(WUXI, PartnerLevel.REGION) is Source.LEDGER


def test_the_matrix_of_provinces(books: Session) -> None:
    then = NOW - timedelta(days=1)
    assert _flows(books, NATION, Direction.MATRIX, known_at=then).pairs == []
    for known_at in (None, NOW):
        found = _flows(books, NATION, Direction.MATRIX, known_at=known_at)
        assert [(pair.seller_name, pair.buyer_name, pair.sums.total_fen) for pair in found.pairs] == [
            ("安徽省", "安徽省", 128),
            (ABROAD, "江苏省", 64),
            ("安徽省", "江苏省", 32),
            ("江苏省", ABROAD, 16),
            ("江苏省", "安徽省", 8),
            ("江苏省", "江苏省", 7),
        ]
        assert found.sums == Sums(8, 255, 255)


def test_a_city_has_no_matrix(books: Session) -> None:
    with pytest.raises(RuleViolation) as error:
        _flows(books, WUXI, Direction.MATRIX)
    assert error.value.code == "matrix-of-nation"


def test_flows_are_for_those_who_answer_for_the_area(books: Session) -> None:
    bureau = make_actor(books, OrganisationKind.BUREAU, region_code=WUXI)

    def ask(region: str, **values: object) -> Flows:
        question = {"period": "2025", "direction": Direction.OUT, "level": PartnerLevel.PROVINCE, **values}
        return get_flows(books, bureau, region=region, now=NOW, **question)  # type: ignore[arg-type]

    assert ask(JIANGYIN).sums.deals == 5
    for region in (JIANGSU, ANQING):
        with pytest.raises(PermissionDenied) as error:
            ask(region)
        assert error.value.code == "figures-not-public"
    with pytest.raises(RuleViolation):
        ask(JIANGYIN, known_at=NOW + timedelta(seconds=1))
    assert get_flows(
        books,
        OPERATOR,
        region=NATION,
        period="2025",
        direction=Direction.MATRIX,
        level=PartnerLevel.PROVINCE,
        now=NOW,
    ).pairs
