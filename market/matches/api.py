"""Suggestions, the broker's desk, and free search over HTTP."""

from __future__ import annotations

from typing import Any

import flask
from sqlalchemy.orm import Session

from market.accounts.auth import current_actor, current_user_id
from market.accounts.rules import Role
from market.clock import china_day
from market.errors import PermissionDenied
from market.http.edge import now, page_request, reading, transaction
from market.http.etag import versioned
from market.http.schema import MarketBlueprint, page_of
from market.listings.models import Scenario
from market.listings.queries import get_listing
from market.listings.rules import ListingKind
from market.listings.schemas import AchievementView, NeedView
from market.matches import queries, service
from market.matches.quality import quality
from market.matches.rules import Action, Side
from market.matches.schemas import (
    AssignmentInput,
    ConfidentialView,
    InterestInput,
    MatchArgs,
    OutcomeInput,
    QualityArgs,
    QualityView,
    RankingView,
    SearchInput,
    SuggestionArgs,
    SuggestionEventView,
    SuggestionNoteInput,
    SuggestionReviewInput,
    SuggestionView,
)
from market.reference.rules import region_prefix
from market.search.access import current_encoder, current_replica, index_changed
from market.search.documents import Kind, Query, Ranking

VIEWS = {Kind.ACHIEVEMENT: AchievementView(), Kind.NEED: NeedView()}

blp = MarketBlueprint("matches", __name__, description="匹配建议、经纪人审核与检索")


@blp.route("/suggestions")
@blp.arguments(SuggestionArgs, location="query")
@blp.response(200, page_of(SuggestionView))
def list_suggestions(filters: dict[str, Any]) -> Any:
    """列出匹配建议，得分高者在前"""
    page = page_request(filters)
    with reading() as session:
        return queries.list_suggestions(session, current_actor(session), page=page, **filters)


@blp.route("/suggestions/quality")
@blp.arguments(QualityArgs, location="query")
@blp.response(200, QualityView)
def get_quality(args: dict[str, Any]) -> Any:
    """查看匹配质量：采纳率与采纳者的排位，总计及按领域、模型、权重、月份（技术经纪人、主管部门）"""
    with reading() as session:
        return quality(session, current_actor(session), **args)


@blp.route("/suggestions/<int:suggestion_id>")
@blp.response(200, SuggestionView)
def get_suggestion(suggestion_id: int) -> Any:
    """查看匹配建议及其理由"""
    with reading() as session:
        return versioned(queries.get_suggestion(session, current_actor(session), suggestion_id))


@blp.route("/suggestions/<int:suggestion_id>/assignments", methods=["POST"])
@blp.arguments(AssignmentInput)
@blp.response(200, SuggestionView)
def assign_suggestion(form: dict[str, Any], suggestion_id: int) -> Any:
    """领办匹配建议"""
    with transaction() as session:
        actor = current_actor(session)
        broker_id = form.get("broker_id", current_user_id(actor))
        return versioned(
            service.assign_suggestion(session, actor, suggestion_id, broker_id=broker_id, now=now())
        )


@blp.route("/suggestions/<int:suggestion_id>/reviews", methods=["POST"])
@blp.arguments(SuggestionReviewInput)
@blp.response(200, SuggestionView)
def review_suggestion(form: dict[str, Any], suggestion_id: int) -> Any:
    """技术经纪人审核：推荐或否决，须写明理由"""
    with transaction() as session:
        return versioned(
            service.review_suggestion(
                session,
                current_actor(session),
                suggestion_id,
                decision=Action(form["decision"]),
                reason_code=form["reason_code"],
                words=form["words"],
                now=now(),
            )
        )


@blp.route("/suggestions/<int:suggestion_id>/interests", methods=["POST"])
@blp.arguments(InterestInput)
@blp.response(200, SuggestionView)
def express_interest(form: dict[str, Any], suggestion_id: int) -> Any:
    """供需一方表达是否有意对接"""
    with transaction() as session:
        suggestion = service.express_interest(
            session,
            current_actor(session),
            suggestion_id,
            interested=form["interested"],
            words=form["words"],
            encoder=current_encoder(),
            now=now(),
        )
    index_changed()  # a need under negotiation leaves the market, and its other suggestions lapse
    return versioned(suggestion)


@blp.route("/suggestions/<int:suggestion_id>/confidential")
@blp.response(200, ConfidentialView)
def get_confidential(suggestion_id: int) -> Any:
    """查看双方的保密部分（双方均有意之后）"""
    with reading() as session:
        actor = current_actor(session)
        return queries.confidential_parts(actor, queries.get_suggestion(session, actor, suggestion_id))


@blp.route("/suggestions/<int:suggestion_id>/notes", methods=["POST"])
@blp.arguments(SuggestionNoteInput)
@blp.response(201, SuggestionEventView)
def add_note(form: dict[str, Any], suggestion_id: int) -> Any:
    """记录洽谈进展"""
    with transaction() as session:
        return service.add_note(
            session, current_actor(session), suggestion_id, words=form["words"], now=now()
        )


@blp.route("/suggestions/<int:suggestion_id>/outcomes", methods=["POST"])
@blp.arguments(OutcomeInput)
@blp.response(200, SuggestionView)
def record_outcome(form: dict[str, Any], suggestion_id: int) -> Any:
    """记录洽谈结果：签约，或未成交及其原因"""
    with transaction() as session:
        suggestion = service.record_outcome(
            session, current_actor(session), suggestion_id, **form, encoder=current_encoder(), now=now()
        )
    index_changed()  # a need whose talks failed is on the market again
    return versioned(suggestion)


@blp.route("/suggestions/<int:suggestion_id>/events")
@blp.response(200, SuggestionEventView(many=True))
def list_events(suggestion_id: int) -> Any:
    """查看办理经过"""
    with reading() as session:
        return queries.list_events(
            session, queries.get_suggestion(session, current_actor(session), suggestion_id)
        )


@blp.route("/needs/<int:listing_id>/matches")
@blp.arguments(MatchArgs, location="query")
@blp.response(200, RankingView)
def match_need(args: dict[str, Any], listing_id: int) -> Any:
    """为一项需求即时查找成果（技术经纪人）"""
    return _match(ListingKind.NEED, listing_id, args)


@blp.route("/achievements/<int:listing_id>/matches")
@blp.arguments(MatchArgs, location="query")
@blp.response(200, RankingView)
def match_achievement(args: dict[str, Any], listing_id: int) -> Any:
    """为一项成果即时查找需求（技术经纪人）"""
    return _match(ListingKind.ACHIEVEMENT, listing_id, args)


def _match(kind: ListingKind, listing_id: int, args: dict[str, Any]) -> flask.Response:
    with reading() as session:
        actor = current_actor(session)
        if actor.role not in {Role.BROKER, Role.ADMIN}:
            raise PermissionDenied("即时匹配供技术经纪人使用；推荐后您会看到结果。", code="role-not-allowed")
        listing = get_listing(session, actor, kind, listing_id)
        assert not isinstance(listing, Scenario), "there is no such route for scenarios"
        ranking = queries.ask_engine(session, current_replica(), listing, today=china_day(now()), **args)
        side = Side(kind.value)
        return _answer(session, ranking, queries.OPPOSITE[side], asked_by=side)


@blp.route("/searches", methods=["POST"])
@blp.arguments(SearchInput)
@blp.response(200, RankingView)
def search(form: dict[str, Any]) -> Any:
    """用自己的话检索已发布的成果或需求"""
    kind = Kind(form["kind"].value)
    query = Query(
        title=form["text"],  # so that spans count from the first character of what was asked
        body="",
        kind=kind,
        k=form["k"],
        as_of=china_day(now()),
        tech_field=form["field"],
        region_prefix=region_prefix(form["region"]) if form["region"] else None,
    )
    with reading() as session:
        ranking = queries.search(session, current_replica(), query)
        asked_by = Side.NEED if kind is Kind.ACHIEVEMENT else Side.ACHIEVEMENT
        return _answer(session, ranking, kind, asked_by=asked_by)


def _answer(session: Session, ranking: Ranking, kind: Kind, *, asked_by: Side) -> flask.Response:
    """Return a ranking as JSON, in the form of `RankingView`.

    Built as it is sent, since a ranking is plain values already: dumping it through the schema once
    more took longer than the search.
    """
    found = queries.load_listings(session, kind, [int(hit.key) for hit in ranking.hits])
    view = VIEWS[kind]
    return flask.jsonify(
        {
            "hits": [
                {
                    "rank": hit.rank,
                    "score": hit.score,
                    "listing": view.dump(found[int(hit.key)]),
                    "reasons": queries.reasons_of(hit, ranking, asked_by=asked_by),
                }
                for hit in ranking.hits
                if int(hit.key) in found
            ],
            "encoder": ranking.encoder,
            "lexicon": ranking.lexicon,
            "weights": ranking.weights,
        }
    )
