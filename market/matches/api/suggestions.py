"""Suggestions over HTTP."""

from __future__ import annotations

from typing import Any

from market.accounts.auth import current_actor, current_user_id
from market.http.edge import now, page_request, reading, transaction
from market.http.etag import versioned
from market.http.schema import page_of
from market.matches import queries, service
from market.matches.api.blueprint import blp
from market.matches.quality import quality
from market.matches.rules import Action
from market.matches.schemas import (
    AssignmentInput,
    ConfidentialView,
    InterestInput,
    OutcomeInput,
    QualityArgs,
    QualityView,
    SuggestionArgs,
    SuggestionEventView,
    SuggestionNoteInput,
    SuggestionReviewInput,
    SuggestionView,
)
from market.search.access import current_encoder, index_changed


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
