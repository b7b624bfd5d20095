"""Free search for anyone, and matches at once for brokers, over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flask
from sqlalchemy.orm import Session

from market.accounts.auth import current_actor
from market.accounts.rules import Role
from market.clock import china_day
from market.errors import PermissionDenied
from market.http.edge import now, reading
from market.libraries.models import ChainNode
from market.libraries.queries.chains import gaps
from market.listings.queries import get_listing
from market.listings.rules import ListingKind
from market.matches import queries
from market.matches.api.blueprint import blp
from market.matches.queries.finding import Found, check_filters, find_for
from market.matches.queries.records import LISTING_KINDS, Record, load
from market.matches.rules import Side
from market.matches.rules.referrals import DEMANDING, ReferralSide, pair_of
from market.matches.schemas import AchievementMatchArgs, NeedMatchArgs, RankingView, SearchInput
from market.matches.schemas.records import public_view
from market.reference.rules import region_prefix
from market.search.access import current_replica
from market.search.documents import Kind, Query, Ranking


@blp.route("/needs/<int:listing_id>/matches")
@blp.arguments(NeedMatchArgs, location="query")
@blp.response(200, RankingView)
def match_need(args: dict[str, Any], listing_id: int) -> Any:
    """为一项需求即时查找成果、专家、资源、项目等（技术经纪人）"""
    return _match(Kind.NEED, listing_id, args)


@blp.route("/achievements/<int:listing_id>/matches")
@blp.arguments(AchievementMatchArgs, location="query")
@blp.response(200, RankingView)
def match_achievement(args: dict[str, Any], listing_id: int) -> Any:
    """为一项成果即时查找需求、场景、中试基地、产业链缺口等（技术经纪人）"""
    return _match(Kind.ACHIEVEMENT, listing_id, args)


def _match(own: Kind, listing_id: int, args: dict[str, Any]) -> flask.Response:
    kind: Kind = args.pop("kind")
    with reading() as session:
        actor = current_actor(session)
        if actor.role not in {Role.BROKER, Role.ADMIN}:
            raise PermissionDenied("即时匹配供技术经纪人使用；推荐后您会看到结果。", code="role-not-allowed")
        check_filters(session, field=args.get("field"), region=args.get("region"))
        listing = get_listing(session, actor, ListingKind(own.value), listing_id)
        record = Record(
            own, listing, findable=False
        )  # whatever its state, its owner may ask through a broker
        ranking, found = find_for(
            session, current_replica(), record, kind, today=china_day(now()), all_nodes=True, **args
        )
        return _answer(session, ranking, found, asked_by=_side(own, kind))


def _side(own: Kind, other: Kind) -> Side | ReferralSide:
    """Return the side on which one stands who asks for another kind, as reasons name it."""
    if {own, other} == {Kind.NEED, Kind.ACHIEVEMENT}:
        return Side(own.value)
    pair = pair_of(own, other)
    return pair[1] if pair is not None else ReferralSide.DEMAND


@blp.route("/searches", methods=["POST"])
@blp.arguments(SearchInput)
@blp.response(200, RankingView)
def search(form: dict[str, Any]) -> Any:
    """用自己的话检索已发布的成果、需求、场景，以及清单和库中的专家、资源、项目等"""
    kind: Kind = form["kind"]
    today = china_day(now())
    query = Query(
        title=form["text"],  # so that spans count from the first character of what was asked
        body="",
        kind=kind,
        k=form["k"],
        as_of=today,
        tech_field=form["field"],
        region_prefix=region_prefix(form["region"]) if form["region"] else None,
    )
    with reading() as session:
        check_filters(session, field=form["field"], region=form["region"])
        ranking = queries.search(session, current_replica(), query)
        records = load(session, kind, [int(hit.key) for hit in ranking.hits], today=today)
        found = [
            Found(hit.rank, hit, records[int(hit.key)])
            for hit in ranking.hits
            if int(hit.key) in records and records[int(hit.key)].findable
        ]
        return _answer(session, ranking, found, asked_by=_asker_of(kind))


def _asker_of(kind: Kind) -> Side | ReferralSide:
    """Return the side on which free words stand that ask for a kind."""
    if kind in {Kind.NEED, Kind.ACHIEVEMENT}:
        return Side.NEED if kind is Kind.ACHIEVEMENT else Side.ACHIEVEMENT
    return ReferralSide.SUPPLY if kind in DEMANDING else ReferralSide.DEMAND


def _answer(
    session: Session, ranking: Ranking, found: Sequence[Found], *, asked_by: Side | ReferralSide
) -> flask.Response:
    """Return a ranking as JSON, in the form of `RankingView`.

    Built as it is sent, since a ranking is plain values already: dumping it through the schema once
    more took longer than the search.
    """
    hits = []
    nodes = [one.record.row for one in found if isinstance(one.record.row, ChainNode)]
    open_nodes = gaps(session, nodes) if nodes else set()
    for one in found:
        view = public_view(one.record)
        hits.append(
            {
                "rank": one.rank,
                "score": one.hit.score,
                "listing": view if one.record.kind in LISTING_KINDS else None,
                "record": view,
                "is_gap": one.record.id in open_nodes if one.record.kind is Kind.NODE else None,
                "reasons": queries.reasons_of(one.hit, ranking, asked_by=asked_by),
            }
        )
    return flask.jsonify(
        {
            "hits": hits,
            "encoder": ranking.encoder,
            "lexicon": ranking.lexicon,
            "weights": ranking.weights,
        }
    )
