"""Chains: no cycles, an enterprise once on a node and once on the list, gaps, and who is told of what."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.db import Database
from market.errors import Conflict, MarketError, NotFound, PermissionDenied, RuleViolation
from market.libraries.models import ChainEdge, ChainEnterprise, ChainNode
from market.libraries.queries.chains import count_tagged, gaps, get_chain
from market.libraries.queries.graphs import gap_nodes, graph_of
from market.libraries.queries.kinds import freeze, to_document
from market.libraries.rules import EntryKind, EntryStatus, Register
from market.libraries.rules.graph import ChainRole, Segment
from market.libraries.service import chains
from market.libraries.service.entries import (
    create_entry,
    delist_entry,
    edit_entry,
    propose_entry,
    revise_entry,
)
from market.search.models import SearchDocument
from tests.factories import JIANGYIN, NOW, make_actor, make_uscc
from tests.market.libraries.factories import (
    CHAIN,
    ENCODER,
    SOURCE,
    TODAY,
    bring_to,
    make_bureau,
    make_enterprise,
    make_entry,
    make_node,
    publish,
)
from tests.market.listings.answers import statements

WUXI, YIXING = "320200", "320282"
LATER_NODE = {"chain_code": CHAIN, "segment": Segment.DOWNSTREAM}


def link(session: Session, upstream: ChainNode, downstream: ChainNode, actor: Actor = OPERATOR) -> ChainNode:
    """Say that one node delivers to another."""
    return chains.add_edge(
        session, actor, upstream.id, downstream_id=downstream.id, words=None, encoder=ENCODER, now=NOW
    )


def place(session: Session, enterprise: ChainEnterprise, node: ChainNode) -> ChainEnterprise:
    """Put an enterprise on a node."""
    return chains.add_position(
        session, OPERATOR, enterprise.id, node_id=node.id, role=ChainRole.CORE, encoder=ENCODER, now=NOW
    )


def test_edges_close_no_cycle_and_cross_to_no_other_chain(session: Session) -> None:
    ore, melt, forge = (make_node(session, title) for title in ("矿料", "熔炼", "锻造"))
    link(session, ore, melt)
    link(session, melt, forge)
    with pytest.raises(RuleViolation) as cycle:
        link(session, forge, ore)
    assert cycle.value.code == "chain-cycle"
    assert "锻造 → 矿料 → 熔炼 → 锻造" in cycle.value.detail
    elsewhere = make_node(session, "纺丝", chain_code="chain-textile")
    with pytest.raises(RuleViolation) as crossing:
        link(session, ore, elsewhere)
    assert crossing.value.code == "chain-edge-crosses"
    with pytest.raises(Conflict) as twice:
        link(session, ore, melt)
    assert twice.value.code == "edge-known"
    chains.remove_edge(session, OPERATOR, melt.id, forge.id, encoder=ENCODER, now=NOW)
    with pytest.raises(NotFound):
        chains.remove_edge(session, OPERATOR, melt.id, forge.id, encoder=ENCODER, now=NOW)
    link(session, forge, ore)


def test_of_two_edges_that_close_a_cycle_together_one_wins(own_database: Database) -> None:
    with own_database.transaction() as session:
        pair = make_node(session, "熔炼"), make_node(session, "锻造")

    def add(ends: tuple[ChainNode, ChainNode]) -> str:
        try:
            with own_database.transaction() as session:
                link(session, *ends)
        except RuleViolation as error:
            return error.code
        return "added"

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(add, [pair, pair[::-1]]))
    assert answers == ["added", "chain-cycle"]
    with own_database.reading() as session:
        assert session.scalar(select(func.count(ChainEdge.id))) == 1


def test_an_enterprise_stands_once_on_a_node_and_fills_its_gap(session: Session) -> None:
    melt, forge = make_node(session, "熔炼"), make_node(session, "锻造")
    link(session, melt, forge)
    steel = place(session, make_enterprise(session), melt)
    with pytest.raises(Conflict) as twice:
        place(session, steel, melt)
    assert twice.value.code == "enterprise-already-on-node"
    assert gaps(session, [melt, forge]) == {forge.id}
    graph = graph_of(session, get_chain(session, OPERATOR, CHAIN, region=JIANGYIN), day=TODAY)
    assert [(node.title, node.x, node.gap) for node in graph.nodes] == [("熔炼", 0, False), ("锻造", 1, True)]
    assert [node.title for node in gap_nodes(graph)] == ["锻造"]
    assert [one.title for one in graph.nodes[0].enterprises] == [steel.title]
    chains.remove_position(session, OPERATOR, steel.id, melt.id, encoder=ENCODER, now=NOW)
    with pytest.raises(NotFound):
        chains.remove_position(session, OPERATOR, steel.id, melt.id, encoder=ENCODER, now=NOW)
    assert gaps(session, [melt]) == {melt.id}


def test_a_county_is_drawn_with_the_nodes_of_its_city(session: Session) -> None:
    melt, forge = (make_node(session, title, region_code=WUXI) for title in ("熔炼", "锻造"))
    own, elsewhere = make_node(session, "探伤"), make_node(session, "酸洗", region_code=YIXING)
    link(session, melt, forge)
    place(session, make_enterprise(session), melt)
    place(session, make_enterprise(session, region_code=YIXING), forge)
    for region, nodes, open_ones in (
        (JIANGYIN, [melt, forge, own], [forge, own]),
        (YIXING, [melt, forge, elsewhere], [melt, elsewhere]),
        (WUXI, [melt, forge, own, elsewhere], [own, elsewhere]),
    ):
        graph = graph_of(session, get_chain(session, OPERATOR, CHAIN, region=region), day=TODAY)
        assert [node.id for node in graph.nodes] == [node.id for node in nodes], region
        assert [node.id for node in gap_nodes(graph)] == [node.id for node in open_ones], region
        assert len(graph.edges) == 1
    # Of each node's own region, as its bureau sees it.
    assert gaps(session, [melt, forge, own, elsewhere]) == {own.id, elsewhere.id}
    # Nobody's gap is filled by what is not published yet.
    publish(session, Register.CHAINS, region=WUXI)
    place(session, make_enterprise(session), forge)
    for actor, count in ((None, 2), (OPERATOR, 1)):
        assert len(get_chain(session, actor, CHAIN, region=JIANGYIN).gaps) == count
    for code, region in (("chain-nowhere", JIANGYIN), (CHAIN, "999999")):
        with pytest.raises(RuleViolation) as refused:
            get_chain(session, None, code, region=region)
        assert refused.value.code == "unknown-code"


def test_a_node_is_there_once(session: Session) -> None:
    known = make_node(session, "熔炼")
    form = {**LATER_NODE, "title": "熔炼", "region_code": JIANGYIN, **SOURCE}
    with pytest.raises(RuleViolation) as again:
        create_entry(session, OPERATOR, EntryKind.NODE, form=form, now=NOW)
    assert again.value.code == "node-known"
    make_node(session, "熔炼", region_code=WUXI)
    make_node(session, "熔炼", chain_code="chain-textile")
    other = make_entry(session, EntryKind.NODE, {**form, "title": "锻造"}, status=EntryStatus.DRAFT)
    with pytest.raises(RuleViolation) as renamed:
        edit_entry(
            session, OPERATOR, ChainNode, other.id, changes={"title": "熔炼"}, version=other.version, now=NOW
        )
    assert renamed.value.code == "node-known"
    delist_entry(session, OPERATOR, ChainNode, known.id, note="并入他处", encoder=ENCODER, now=NOW)
    create_entry(session, OPERATOR, EntryKind.NODE, form=form, now=NOW)
    revise_entry(session, OPERATOR, ChainNode, known.id, encoder=ENCODER, now=NOW)
    with pytest.raises(RuleViolation) as second:
        propose_entry(session, OPERATOR, ChainNode, known.id, now=NOW)
    assert second.value.code == "node-known"


def test_a_graph_shows_the_titles_of_the_day(session: Session) -> None:
    node, steel = make_node(session), make_enterprise(session)
    place(session, steel, node)
    for tag, until in (("hitech", date(2025, 6, 9)), ("gazelle", TODAY), ("little_giant", None)):
        form = {"tag": tag, "year": 2022, "valid_until": until, "source": "省名单"}
        chains.add_tag(session, OPERATOR, steel.id, form=form, encoder=ENCODER, now=NOW)
    graph = graph_of(session, get_chain(session, OPERATOR, CHAIN, region=JIANGYIN), day=TODAY)
    assert len(graph.nodes[0].enterprises[0].tags) == 2
    assert not any("高新技术" in title for title in graph.nodes[0].enterprises[0].tags)
    assert freeze(session, [steel])[0].content["tags"][0] == "高新技术企业（2022，至2025-06-09）"


def test_a_chain_is_drawn_with_the_same_number_of_queries_however_long(
    session: Session, database: Database
) -> None:
    def asked() -> int:
        place(session, make_enterprise(session), make_node(session))
        session.expunge_all()
        with statements(database) as sent:
            graph_of(session, get_chain(session, OPERATOR, CHAIN, region=JIANGYIN), day=TODAY)
        return len(sent)

    asked()  # names of codes are read once
    assert asked() == asked()


def test_anyone_sees_the_chain_as_it_was_published_and_the_market_as_it_is_listed(session: Session) -> None:
    make_node(session, "熔炼")
    publish(session, Register.CHAINS)
    make_node(session, "锻造")

    def shown(actor: Actor | None) -> list[str]:
        return [node.title for node in get_chain(session, actor, CHAIN, region=JIANGYIN).nodes]

    assert shown(None) == ["熔炼"]
    assert shown(make_actor(session)) == ["熔炼", "锻造"]


def test_a_node_that_is_not_listed_is_named_to_nobody(session: Session) -> None:
    melt, gone = make_node(session, "熔炼"), make_node(session, "并入他处的环节")
    draft = make_entry(
        session, EntryKind.NODE, {"title": "未定的环节", **LATER_NODE}, status=EntryStatus.DRAFT
    )
    link(session, gone, melt)
    link(session, melt, draft)
    steel = make_enterprise(session)
    for node in (melt, gone, draft):
        place(session, steel, node)
    delist_entry(session, OPERATOR, ChainNode, gone.id, note="并入熔炼", encoder=ENCODER, now=NOW)
    rows = freeze(session, [melt, steel])
    assert rows[0].content["upstream"] == []
    assert rows[1].content["positions"] == ["熔炼（核心）"]
    texts = [to_document(session, entry).text for entry in (melt, steel)]
    assert not any("未定" in text or "他处" in text for text in texts)
    assert [position.node_id for position in steel.listed_positions] == [melt.id]


def test_the_index_says_of_neighbours_what_the_records_say(session: Session) -> None:
    melt, forge, steel = make_node(session, "熔炼"), make_node(session, "锻造"), make_enterprise(session)
    link(session, melt, forge)
    place(session, steel, forge)
    publish(session, Register.CHAINS)
    documents = select(SearchDocument).order_by(SearchDocument.kind, SearchDocument.record_id)

    def indexed() -> dict[int, bool]:
        session.expire_all()
        rows = {row.record_id: row.body for row in session.scalars(documents)}
        assert rows == {e.id: to_document(session, e).body for e in (melt, forge, steel) if e.id in rows}
        return {key: "锻造" in body for key, body in rows.items() if key != forge.id}

    assert indexed() == {melt.id: True, steel.id: True}
    revise_entry(session, OPERATOR, ChainNode, forge.id, encoder=ENCODER, now=NOW)
    assert indexed() == {melt.id: False, steel.id: False}
    bring_to(session, forge, EntryStatus.LISTED)
    assert indexed() == {melt.id: True, steel.id: True}
    delist_entry(session, OPERATOR, ChainNode, forge.id, note="并入熔炼", encoder=ENCODER, now=NOW)
    assert indexed() == {melt.id: False, steel.id: False}


def test_a_title_stands_once_a_year_and_counts_while_it_holds(session: Session) -> None:
    steel = make_enterprise(session)

    def award(year: int, until: date | None = None, tag: str = "gazelle") -> ChainEnterprise:
        form = {"tag": tag, "year": year, "valid_until": until, "source": "省名单"}
        return chains.add_tag(session, OPERATOR, steel.id, form=form, encoder=ENCODER, now=NOW)

    award(2023, date(2024, 12, 31))
    assert count_tagged(session, "gazelle", JIANGYIN, day=TODAY) == 0
    award(2025)
    with pytest.raises(RuleViolation) as backward:
        award(2024, date(2023, 12, 31))
    assert backward.value.code == "dates-out-of-order"
    for year, tag, code in (
        (2025, "gazelle", "tag-known"),
        (2026, "gazelle", "day-ahead"),
        (2025, "x", "unknown-code"),
    ):
        with pytest.raises(MarketError) as refused:
            award(year, tag=tag)
        assert refused.value.code == code
    assert count_tagged(session, "gazelle", JIANGYIN, day=TODAY) == 1
    assert (
        count_tagged(session, "gazelle", JIANGYIN, years=(2025, 2025), day=TODAY) == 0
    )  # not for the first time
    chains.remove_tag(session, OPERATOR, steel.id, steel.tags[1].id, encoder=ENCODER, now=NOW)
    assert [tag.year for tag in steel.tags] == [2023]
    with pytest.raises(NotFound):
        chains.remove_tag(session, OPERATOR, steel.id, 0, encoder=ENCODER, now=NOW)


def test_what_is_listed_is_recorded_by_the_bureau_alone(session: Session) -> None:
    broker, (bureau, _) = make_actor(session, OrganisationKind.AGENCY), make_bureau(session)
    draft = make_entry(
        session, EntryKind.NODE, {"title": "精整", **LATER_NODE}, status=EntryStatus.DRAFT, actor=broker
    )
    listed = make_node(session)
    link(session, draft, listed, broker)
    with pytest.raises(PermissionDenied) as refused:
        link(session, listed, draft, broker)
    assert refused.value.code == "not-keeper"
    propose_entry(session, broker, ChainNode, draft.id, now=NOW)
    with pytest.raises(PermissionDenied) as late:
        chains.remove_edge(session, broker, draft.id, listed.id, encoder=ENCODER, now=NOW)
    assert late.value.code == "role-not-allowed"
    chains.remove_edge(session, bureau, draft.id, listed.id, encoder=ENCODER, now=NOW)


def test_an_enterprise_comes_back_to_the_list_only_once(session: Session) -> None:
    code = make_uscc()
    old = make_enterprise(session, uscc=code)
    form = {"region_code": JIANGYIN, **SOURCE, "title": "暨阳特钢集团", "uscc": code}
    with pytest.raises(RuleViolation) as known:
        create_entry(session, OPERATOR, EntryKind.ENTERPRISE, form=form, now=NOW)
    assert known.value.code == "enterprise-known"
    assert str(old.id) not in known.value.detail  # not everybody may read it yet
    publish(session, Register.CHAINS)
    with pytest.raises(RuleViolation, match=f"条目 {old.id}"):
        create_entry(session, OPERATOR, EntryKind.ENTERPRISE, form=form, now=NOW)
    with pytest.raises(RuleViolation) as wrong:
        create_entry(session, OPERATOR, EntryKind.ENTERPRISE, form={**form, "uscc": code[:17] + "I"}, now=NOW)
    assert wrong.value.code == "bad-uscc"
    delist_entry(session, OPERATOR, ChainEnterprise, old.id, note="改名重录", encoder=ENCODER, now=NOW)
    create_entry(session, OPERATOR, EntryKind.ENTERPRISE, form=form, now=NOW)
    revise_entry(session, OPERATOR, ChainEnterprise, old.id, encoder=ENCODER, now=NOW)
    with pytest.raises(RuleViolation) as second:
        propose_entry(session, OPERATOR, ChainEnterprise, old.id, now=NOW)
    assert second.value.code == "enterprise-known"


def test_of_those_who_enter_the_same_at_once_one_wins(own_database: Database) -> None:
    form = {"region_code": JIANGYIN, **SOURCE, "title": "暨阳特钢"}
    own = {EntryKind.ENTERPRISE: {"uscc": make_uscc()}, EntryKind.NODE: LATER_NODE}

    def enter(kind: EntryKind) -> str:
        try:
            with own_database.transaction() as session:
                create_entry(session, OPERATOR, kind, form={**form, **own[kind]}, now=NOW)
        except RuleViolation as error:
            return error.code
        return "entered"

    with ThreadPoolExecutor(3) as pool:
        for kind in own:
            known = f"{kind}-known"
            assert sorted(pool.map(enter, [kind] * 3)) == sorted(["entered", known, known])


def test_an_enterprise_on_the_lists_of_a_city_and_its_county_counts_once(session: Session) -> None:
    uscc = make_uscc()
    for region, year in (("320200", 2023), (JIANGYIN, 2025)):
        entry = make_enterprise(session, uscc=uscc, region_code=region)
        form = {"tag": "gazelle", "year": year, "source": "省名单"}
        chains.add_tag(session, OPERATOR, entry.id, form=form, encoder=ENCODER, now=NOW)
    for region in ("320200", JIANGYIN):
        assert count_tagged(session, "gazelle", region, day=TODAY) == 1
    firsts = [
        count_tagged(session, "gazelle", "320200", years=(year, year), day=TODAY) for year in (2023, 2025)
    ]
    assert firsts == [1, 0]
