"""Filters over facets, and verdicts in both directions."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.facets import FACET_NAMES, VERDICTS, FacetTable
from matching.kinds import EXPECTED
from matching.types import Facets, Kind, Query

TODAY = date(2026, 5, 1)


def table(*facets: Facets) -> FacetTable:
    made = FacetTable()
    made.append(facets)
    return made


def ask(facets: Facets | None = None, **filters: object) -> Query:
    return Query("", "文", Kind.ACHIEVEMENT, facets=facets or Facets(), **filters)  # type: ignore[arg-type]


def verdict(wish: Facets, known: Facets, facet: str, *, as_of: date | None = None) -> tuple[str, float, str]:
    judgements = table(known).judge(ask(wish, as_of=as_of), np.array([0]))
    (judgement,) = [one for one in judgements if one.facet == facet]
    spoken = judgement.verdict(0)
    assert spoken.facet == facet
    return spoken.verdict, float(judgement.values[0]), spoken.words


@pytest.mark.parametrize(
    ("wish", "known", "facet", "expected"),
    [
        (Facets(tech_field="07"), Facets(tech_field="07"), "tech_field", ("fits", 1, "技术领域相同")),
        (Facets(tech_field="07"), Facets(tech_field="04"), "tech_field", ("differs", -1, "技术领域不同")),
        (Facets(tech_field="07"), Facets(), "tech_field", ("unknown", 0, "对方未注明技术领域")),
        (Facets(chain="c1"), Facets(chain="c1"), "chain", ("fits", 1, "同属一条产业链")),
        (Facets(min_trl=5), Facets(trl=6), "maturity", ("fits", 1, "成熟度TRL 6，已达要求的TRL 5")),
        (
            Facets(min_trl=6),
            Facets(trl=4),
            "maturity",
            ("near", 0, "成熟度TRL 4，距要求的TRL 6差2级，尚需中试"),
        ),
        (
            Facets(min_trl=8),
            Facets(trl=2),
            "maturity",
            ("differs", -1, "成熟度TRL 2，距要求的TRL 8差6级，差距较大"),
        ),
        (Facets(min_trl=8), Facets(), "maturity", ("unknown", 0, "对方未注明成熟度")),
        (Facets(trl=6), Facets(min_trl=5), "maturity", ("fits", 1, "成熟度TRL 6，已达要求的TRL 5")),
        (
            Facets(trl=4),
            Facets(min_trl=5),
            "maturity",
            ("near", 0, "成熟度TRL 4，距要求的TRL 5差1级，尚需中试"),
        ),
        (Facets(trl=4), Facets(), "maturity", ("unknown", 0, "对方未注明成熟度要求")),
        (Facets(trl=7), Facets(max_trl=7), "maturity", ("fits", 1, "成熟度TRL 7，未超过要求的上限TRL 7")),
        (
            Facets(trl=5),
            Facets(min_trl=4, max_trl=7),
            "maturity",
            ("fits", 1, "成熟度TRL 5，在要求的范围TRL 4–7之内"),
        ),
        (
            Facets(trl=8),
            Facets(min_trl=4, max_trl=7),
            "maturity",
            ("near", 0, "成熟度TRL 8，略高于要求的上限TRL 7"),
        ),
        (Facets(trl=9), Facets(max_trl=7), "maturity", ("differs", -1, "成熟度TRL 9，已高于要求的上限TRL 7")),
        (
            Facets(trl=2),
            Facets(min_trl=4, max_trl=7),
            "maturity",
            ("near", 0, "成熟度TRL 2，距要求的TRL 4差2级，尚需中试"),
        ),
        (
            Facets(min_trl=4, max_trl=7),
            Facets(trl=9),
            "maturity",
            ("differs", -1, "成熟度TRL 9，已高于要求的上限TRL 7"),
        ),
        (Facets(max_trl=7), Facets(), "maturity", ("unknown", 0, "对方未注明成熟度")),
        (Facets(budget_fen=100), Facets(price_fen=99), "price", ("fits", 1, "预算高于报价")),
        (Facets(budget_fen=100), Facets(price_fen=100), "price", ("fits", 1, "预算与报价相同")),
        (Facets(budget_fen=100), Facets(price_fen=120), "price", ("near", 0, "预算略低于报价")),
        (Facets(budget_fen=100), Facets(price_fen=121), "price", ("differs", -1, "预算低于报价")),
        (Facets(budget_fen=100), Facets(), "price", ("unknown", 0, "对方未注明报价")),
        (Facets(price_fen=90), Facets(budget_fen=100), "price", ("fits", 1, "预算高于报价")),
        (Facets(price_fen=200), Facets(budget_fen=100), "price", ("differs", -1, "预算低于报价")),
        (Facets(price_fen=200), Facets(), "price", ("unknown", 0, "对方未注明预算")),
        (Facets(modes=("a", "b")), Facets(modes=("b",)), "modes", ("fits", 1, "有共同接受的合作方式")),
        (Facets(modes=("a",)), Facets(modes=("b",)), "modes", ("differs", -1, "合作方式不同")),
        (
            Facets(modes=("commission",)),
            Facets(modes=("joint",)),
            "modes",
            ("fits", 1, "有共同接受的合作方式"),
        ),
        (
            Facets(modes=("joint",)),
            Facets(modes=("commission",)),
            "modes",
            ("fits", 1, "有共同接受的合作方式"),
        ),
        (Facets(modes=("commission",)), Facets(modes=("licence",)), "modes", ("differs", -1, "合作方式不同")),
        (Facets(modes=("licence",)), Facets(modes=("other",)), "modes", ("unknown", 0, "对方未注明合作方式")),
        (Facets(region="330106"), Facets(region="330106"), "region", ("fits", 1, "同一区县")),
        (Facets(region="330106"), Facets(region="330108"), "region", ("near", 0.5, "同省或同市")),
        (Facets(region="330106"), Facets(region="331002"), "region", ("near", 0.25, "同省或同市")),
        (Facets(region="330106"), Facets(region="440305"), "region", ("differs", -1, "不在同一省份")),
    ],
)
def test_verdicts(wish: Facets, known: Facets, facet: str, expected: tuple[str, float, str]) -> None:
    assert verdict(wish, known, facet) == expected


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        (date(2026, 5, 1), ("fits", 1.0, "发布于一年内")),
        (date(2024, 5, 1), ("near", pytest.approx(-1 / 3, abs=0.01), "发布于一至三年内")),
        (date(2020, 5, 1), ("differs", -1.0, "发布已逾三年")),
        (date(2027, 5, 1), ("fits", 1.0, "发布于一年内")),
        (None, ("unknown", 0.0, "未注明发布日期")),
    ],
)
def test_freshness(published: date | None, expected: tuple[str, float, str]) -> None:
    assert verdict(Facets(), Facets(published_on=published), "freshness", as_of=TODAY) == expected


@pytest.mark.parametrize(
    ("trl", "expected"),
    [
        (3, ("near", "成熟度TRL 3，距要求的TRL 4差1级，尚需前期研发")),
        (1, ("differs", "成熟度TRL 1，距要求的TRL 4差3级，差距较大")),
        (6, ("fits", "成熟度TRL 6，在其服务范围TRL 4–7之内")),
        (8, ("near", "成熟度TRL 8，略高于其服务上限TRL 7")),
        (9, ("differs", "成熟度TRL 9，已高于其服务上限TRL 7")),
    ],
)
def test_maturity_against_what_a_pilot_base_serves(trl: int, expected: tuple[str, str]) -> None:
    query = Query("", "文", Kind.RESOURCE, facets=Facets(trl=trl))
    (judgement,) = table(Facets(min_trl=4, max_trl=7)).judge(query, np.array([0]))
    spoken = judgement.verdict(0)
    assert (spoken.verdict, spoken.words) == expected


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
def test_an_upper_limit_never_makes_a_level_fit_better(trl: int, least: int, most: int) -> None:
    known = table(Facets(min_trl=least), Facets(min_trl=least, max_trl=most))
    (judgement,) = known.judge(ask(Facets(trl=trl)), np.array([0, 1]))
    open_ended, limited = judgement.values
    assert limited <= open_ended
    if trl <= most:
        assert limited == open_ended


ASKED = Facets(
    tech_field="07", chain="c1", region="330106", min_trl=5, budget_fen=100, modes=("joint",)
)  # fmt: skip
STATED = Facets(
    tech_field="07", chain="c1", region="330106", trl=5, price_fen=90, modes=("joint",), published_on=TODAY
)  # fmt: skip


def told(kind: Kind, *known: Facets) -> list[set[str]]:
    """Return for each document the facets that a reader is told of."""
    query = Query("", "文", kind, facets=ASKED, as_of=TODAY)
    judgements = table(*known).judge(query, np.arange(len(known)))
    return [{one.facet for one in judgements if one.tells(number)} for number in range(len(known))]


def test_every_kind_says_what_is_expected_of_it() -> None:
    assert set(EXPECTED) == set(Kind)
    for kind, expected in EXPECTED.items():
        assert expected <= set(FACET_NAMES)
        assert told(kind, Facets()) == [expected]


@pytest.mark.parametrize("kind", [Kind.NEED, Kind.ACHIEVEMENT])
def test_listings_are_told_of_every_facet(kind: Kind) -> None:
    assert told(kind, Facets(), STATED) == [set(FACET_NAMES)] * 2


def test_of_a_person_only_what_is_stated_is_told() -> None:
    assert told(Kind.EXPERT, Facets(tech_field="01"), STATED) == [
        {"tech_field", "region"},
        set(FACET_NAMES) - {"freshness"},
    ]
    query = Query("", "文", Kind.EXPERT, facets=ASKED, as_of=TODAY)
    assert [one.facet for one in table(Facets(chain="c2")).judge(query, np.array([0]))] == [
        "tech_field",
        "chain",
        "region",
    ]


def test_wishes_that_are_not_stated_are_not_judged() -> None:
    assert table(Facets(trl=5, region="330106")).judge(ask(), np.array([0])) == []
    assert table(Facets(modes=("other",))).judge(ask(Facets(modes=("other",))), np.array([0])) == []


FACETS = st.builds(
    Facets,
    tech_field=st.sampled_from([None, "04", "07"]),
    category=st.sampled_from([None, "lab", "pilot_base"]),
    region=st.sampled_from([None, "330106", "330200", "440305"]),
    trl=st.one_of(st.none(), st.integers(1, 9)),
    min_trl=st.one_of(st.none(), st.integers(1, 9)),
    max_trl=st.one_of(st.none(), st.integers(1, 9)),
    price_fen=st.one_of(st.none(), st.integers(0, 10**13)),
    budget_fen=st.one_of(st.none(), st.integers(0, 10**13)),
    modes=st.sampled_from([(), ("a",), ("a", "b")]),
    organisation=st.sampled_from([None, "o1", "o2"]),
    published_on=st.one_of(st.none(), st.dates(date(2015, 1, 1), date(2027, 1, 1))),
    expires_on=st.one_of(st.none(), st.dates(date(2025, 1, 1), date(2027, 1, 1))),
)


@settings(deadline=None)
@given(st.lists(FACETS, min_size=1, max_size=8), FACETS, st.sampled_from(Kind))
def test_every_verdict_has_words_and_a_value_in_range(known: list[Facets], wish: Facets, kind: Kind) -> None:
    query = Query("", "文", kind, facets=wish, as_of=TODAY)
    for judgement in table(*known).judge(query, np.arange(len(known))):
        assert judgement.facet in FACET_NAMES
        assert ((judgement.values >= -1) & (judgement.values <= 1)).all()
        for number in range(len(known)):
            spoken = judgement.verdict(number)
            assert spoken.verdict in VERDICTS
            assert spoken.words
            if spoken.verdict == "unknown":
                assert judgement.values[number] == 0


@settings(deadline=None)
@given(
    st.lists(FACETS, min_size=1, max_size=12),
    FACETS,
    st.sampled_from([None, TODAY]),
    st.sampled_from([None, "07", "99"]),
    st.sampled_from([None, "", "lab", "99"]),
    st.sampled_from([None, "", "33", "330106", "9"]),
)
def test_filters_are_those_of_the_definition(
    known: list[Facets],
    wish: Facets,
    as_of: date | None,
    field: str | None,
    category: str | None,
    prefix: str | None,
) -> None:
    query = ask(wish, as_of=as_of, tech_field=field, category=category, region_prefix=prefix)
    mask = table(*known).allowed(query)
    for number, one in enumerate(known):
        fits = (
            (as_of is None or one.expires_on is None or one.expires_on >= as_of)
            and (field is None or one.tech_field == field)
            and (category is None or one.category == category)
            and (not prefix or (one.region or "").startswith(prefix))
            and (wish.organisation is None or one.organisation != wish.organisation)
        )
        assert (mask is None or bool(mask[number])) == fits


def test_removed_rows_are_not_allowed_and_rows_go_on() -> None:
    made = table(Facets(), Facets(trl=3))
    made.remove(np.array([0]))
    mask = made.allowed(ask())
    assert mask is not None
    assert mask.tolist() == [False, True]
    assert made.append([Facets()]).tolist() == [2]
    assert (len(made), made.rows) == (2, 3)
    assert made.alive_rows().tolist() == [1, 2]


def test_restored_table_is_the_same() -> None:
    known = [
        Facets(tech_field="07", category="lab", region="330106", modes=("a", "b"), trl=4, price_fen=10**12),
        Facets(),
    ]
    made = table(*known)
    made.remove(np.array([1]))
    again = FacetTable.restore(made.arrays(), made.vocabularies())
    wish = Facets(tech_field="07", modes=("b",), region="330106", min_trl=5, budget_fen=10**12)
    before, after = (one.judge(ask(wish), np.array([0, 1])) for one in (made, again))
    assert [j.verdict(n) for j in before for n in (0, 1)] == [j.verdict(n) for j in after for n in (0, 1)]
    assert again.append([Facets(modes=("a", "b"), category="lab")]).tolist() == [2]
    allowed = again.allowed(ask(category="lab"))
    assert allowed is not None
    assert allowed.tolist() == [True, False, True]
    assert again.vocabularies()["modes"] == [("a", "b")]
