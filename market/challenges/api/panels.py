"""Draws of experts, declarations, sheets, the ranking and the integrity record over HTTP."""

from __future__ import annotations

from typing import Any

from market.accounts.auth import current_actor
from market.challenges.api.blueprint import blp
from market.challenges.queries import integrity as integrity_queries
from market.challenges.queries import panels as queries
from market.challenges.queries import scores
from market.challenges.queries.challenges import get_challenge, is_bureau
from market.challenges.schemas.challenges import ChallengeView, OptionalNoteInput
from market.challenges.schemas.panels import (
    DeclarationInput,
    DrawView,
    IntegrityInput,
    IntegrityView,
    IntegrityWithdrawalInput,
    PanelInput,
    PanelsView,
    RankedView,
    ScoreInput,
    SeatView,
    SheetView,
)
from market.challenges.service import integrity, scoring
from market.challenges.service import panels as service
from market.http.edge import now, page_request, reading, transaction
from market.http.schema import PageArgs, page_of


@blp.route("/challenges/<int:challenge_id>/panels", methods=["POST"])
@blp.arguments(PanelInput)
@blp.response(201, DrawView)
def draw_panel(form: dict[str, Any], challenge_id: int) -> Any:
    """按领域随机抽取专家，自动排除应回避的（所在地主管部门）"""
    chosen = form.pop("fields_", None)
    with transaction() as session:
        return service.draw_panel(
            session, current_actor(session), challenge_id, fields=chosen, **form, now=now()
        )


@blp.route("/challenges/<int:challenge_id>/panels")
@blp.response(200, PanelsView)
def list_panels(challenge_id: int) -> Any:
    """查看抽取记录和评审席位：主管部门看全部，专家看自己的，立项后双方看名单"""
    with reading() as session:
        actor = current_actor(session)
        challenge = get_challenge(session, actor, challenge_id)
        draws = queries.panels_of(session, challenge.id) if is_bureau(actor, challenge) else []
        return {"draws": draws, "seats": queries.list_seats(session, actor, challenge)}


@blp.route("/panel-seats/<int:seat_id>/declarations", methods=["POST"])
@blp.arguments(DeclarationInput)
@blp.response(200, SeatView)
def declare(form: dict[str, Any], seat_id: int) -> Any:
    """声明无须回避或应当回避，回避的依次递补（专家本人；没有账号的，由主管部门代为记录）"""
    with transaction() as session:
        return service.declare(session, current_actor(session), seat_id, **form, now=now())


@blp.route("/panel-seats/<int:seat_id>/scores", methods=["POST"])
@blp.arguments(ScoreInput)
@blp.response(201, SheetView)
def score_bid(form: dict[str, Any], seat_id: int) -> Any:
    """提交评分表，每位专家对每份申报一次（专家本人，或主管部门录入签字的评分表）"""
    with transaction() as session:
        return scoring.score_bid(session, current_actor(session), seat_id, **form, now=now())


@blp.route("/challenges/<int:challenge_id>/ranking")
@blp.response(200, RankedView(many=True))
def read_ranking(challenge_id: int) -> Any:
    """查看评审名次和偏离较大的评分（所在地主管部门；立项后需求单位）"""
    with reading() as session:
        actor = current_actor(session)
        return scores.read_ranking(session, actor, get_challenge(session, actor, challenge_id))


@blp.route("/challenges/<int:challenge_id>/reviews", methods=["POST"])
@blp.arguments(OptionalNoteInput)
@blp.response(200, ChallengeView)
def conclude_review(form: dict[str, Any], challenge_id: int) -> Any:
    """评分表交齐后完成评审（所在地主管部门）"""
    with transaction() as session:
        return scoring.conclude_review(session, current_actor(session), challenge_id, **form, now=now())


@blp.route("/integrity-records", methods=["POST"])
@blp.arguments(IntegrityInput)
@blp.response(201, IntegrityView)
def record_integrity(form: dict[str, Any]) -> Any:
    """登记专家或单位的失信行为；限制期内不被抽取、不得揭榜（所在地主管部门）"""
    with transaction() as session:
        return integrity.record_integrity(session, current_actor(session), **form, now=now())


@blp.route("/integrity-records")
@blp.arguments(PageArgs, location="query")
@blp.response(200, page_of(IntegrityView))
def list_integrity(args: dict[str, Any]) -> Any:
    """列出本地区的诚信记录，新的在前（主管部门）"""
    with reading() as session:
        return integrity_queries.list_integrity(session, current_actor(session), page=page_request(args))


@blp.route("/integrity-records/<int:integrity_id>/withdrawals", methods=["POST"])
@blp.arguments(IntegrityWithdrawalInput)
@blp.response(200, IntegrityView)
def withdraw_integrity(form: dict[str, Any], integrity_id: int) -> Any:
    """撤销诚信记录，记录保留（所在地主管部门，登记人除外）"""
    with transaction() as session:
        return integrity.withdraw_integrity(
            session, current_actor(session), integrity_id, note=form["note"], now=now()
        )
