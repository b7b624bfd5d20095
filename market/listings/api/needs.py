"""What only needs have over HTTP: the end of talks and deals, their quality, class and validation."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from market.accounts.auth import current_actor
from market.http.edge import now, reading, transaction
from market.http.etag import versioned
from market.listings import queries, service
from market.listings.api.blueprint import Shown, blp
from market.listings.rules import ListingKind
from market.listings.schemas import (
    AssessmentView,
    GateSummaryArgs,
    GateSummaryView,
    NeedOwnView,
    NeedView,
    QuestionInput,
    QuestionRoundView,
    TriageInput,
    ValidationInput,
)
from market.search.access import current_encoder

_shown = Shown(NeedView, NeedOwnView)


@blp.route("/needs/<int:need_id>/reopenings", methods=["POST"])
@blp.response(200, NeedOwnView)
def reopen_need(need_id: int) -> ResponseReturnValue:
    """结束对接，恢复发布"""
    return _shown.take(
        lambda session, actor: service.reopen_listing(
            session, actor, ListingKind.NEED, need_id, encoder=current_encoder(), now=now()
        )
    )


@blp.route("/needs/<int:need_id>/completions", methods=["POST"])
@blp.response(200, NeedOwnView)
def complete_need(need_id: int) -> ResponseReturnValue:
    """合同履行完毕，办结"""
    return _shown.take(
        lambda session, actor: service.complete_listing(session, actor, ListingKind.NEED, need_id, now=now())
    )


@blp.route("/needs/<int:need_id>/assessment")
@blp.response(200, AssessmentView)
def get_assessment(need_id: int) -> Any:
    """查看需求的完整度、待补充的问题和分类（发布单位、审核人）"""
    with reading() as session:
        return queries.assessment_of(session, current_actor(session), need_id)


@blp.route("/needs/<int:need_id>/questions", methods=["POST"])
@blp.arguments(QuestionInput)
@blp.response(201, QuestionRoundView)
def ask_questions(form: dict[str, Any], need_id: int) -> Any:
    """追问并退回整改"""
    with transaction() as session:
        asked = service.ask_questions(session, current_actor(session), need_id, **form, now=now())
        return queries.round_of(asked)


@blp.route("/needs/<int:need_id>/questions")
@blp.response(200, QuestionRoundView(many=True))
def list_questions(need_id: int) -> Any:
    """列出历次追问，以及哪一版已经回答（发布单位、审核人）"""
    with reading() as session:
        return queries.list_questions(session, current_actor(session), need_id)


@blp.route("/needs/<int:need_id>/triages", methods=["POST"])
@blp.arguments(TriageInput)
@blp.response(201, AssessmentView)
def triage_need(form: dict[str, Any], need_id: int) -> Any:
    """分类：直接对接、二次诊断或长期跟踪"""
    with transaction() as session:
        actor = current_actor(session)
        service.triage_need(session, actor, need_id, **form, now=now())
        return queries.assessment_of(session, actor, need_id)


@blp.route("/needs/<int:need_id>/validations", methods=["POST"])
@blp.arguments(ValidationInput)
@blp.response(200, NeedView)
def validate_need(form: dict[str, Any], need_id: int) -> Any:
    """认定是否为有效技术需求；须先分类"""
    with transaction() as session:
        return versioned(service.validate_need(session, current_actor(session), need_id, **form, now=now()))


@blp.route("/needs/gate-summary")
@blp.arguments(GateSummaryArgs, location="query")
@blp.response(200, GateSummaryView)
def get_gate_summary(args: dict[str, Any]) -> Any:
    """查看一个地区需求质量和分类的概况（技术经纪人、主管部门）"""
    with reading() as session:
        return queries.gate_summary(session, current_actor(session), **args)
