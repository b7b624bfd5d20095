"""Referrals across kinds and the broker's desk over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Any

from market.accounts.auth import current_actor, current_user_id
from market.clock import china_day
from market.http.edge import now, page_request, reading, transaction
from market.http.etag import versioned
from market.http.schema import page_of
from market.matches.api.blueprint import blp
from market.matches.queries import desk
from market.matches.queries import referrals as queries
from market.matches.rules import Action
from market.matches.schemas import (
    AssignmentInput,
    DeskArgs,
    DeskView,
    InterestInput,
    OutcomeInput,
    ReferralArgs,
    ReferralContactView,
    ReferralEventView,
    ReferralView,
    SuggestionReviewInput,
)
from market.matches.service import referrals as service


def _today() -> date:
    return china_day(now())


@blp.route("/referrals")
@blp.arguments(ReferralArgs, location="query")
@blp.response(200, page_of(ReferralView))
def list_referrals(filters: dict[str, Any]) -> Any:
    """列出引荐，得分高者在前"""
    page = page_request(filters)
    with reading() as session:
        return queries.list_referrals(session, current_actor(session), today=_today(), page=page, **filters)


@blp.route("/referrals/<int:referral_id>")
@blp.response(200, ReferralView)
def get_referral(referral_id: int) -> Any:
    """查看引荐及其理由"""
    with reading() as session:
        return versioned(queries.get_referral(session, current_actor(session), referral_id, today=_today()))


@blp.route("/referrals/<int:referral_id>/assignments", methods=["POST"])
@blp.arguments(AssignmentInput)
@blp.response(200, ReferralView)
def assign_referral(form: dict[str, Any], referral_id: int) -> Any:
    """领办引荐"""
    with transaction() as session:
        actor = current_actor(session)
        broker_id = form.get("broker_id", current_user_id(actor))
        return versioned(service.assign_referral(session, actor, referral_id, broker_id=broker_id, now=now()))


@blp.route("/referrals/<int:referral_id>/reviews", methods=["POST"])
@blp.arguments(SuggestionReviewInput)
@blp.response(200, ReferralView)
def review_referral(form: dict[str, Any], referral_id: int) -> Any:
    """技术经纪人审核引荐：推荐或否决，须写明理由"""
    with transaction() as session:
        return versioned(
            service.review_referral(
                session,
                current_actor(session),
                referral_id,
                decision=Action(form["decision"]),
                reason_code=form["reason_code"],
                words=form["words"],
                now=now(),
            )
        )


@blp.route("/referrals/<int:referral_id>/interests", methods=["POST"])
@blp.arguments(InterestInput)
@blp.response(200, ReferralView)
def express_interest(form: dict[str, Any], referral_id: int) -> Any:
    """引荐的一方表达是否有意对接"""
    with transaction() as session:
        return versioned(
            service.express_interest(session, current_actor(session), referral_id, **form, now=now())
        )


@blp.route("/referrals/<int:referral_id>/outcomes", methods=["POST"])
@blp.arguments(OutcomeInput)
@blp.response(200, ReferralView)
def record_outcome(form: dict[str, Any], referral_id: int) -> Any:
    """记录引荐结果：达成合作，或未成及其原因"""
    with transaction() as session:
        return versioned(
            service.record_outcome(session, current_actor(session), referral_id, **form, now=now())
        )


@blp.route("/referrals/<int:referral_id>/events")
@blp.response(200, ReferralEventView(many=True))
def list_events(referral_id: int) -> Any:
    """查看引荐的办理经过"""
    with reading() as session:
        case = queries.get_referral(session, current_actor(session), referral_id, today=_today())
        return queries.list_events(session, case.referral)


@blp.route("/referrals/<int:referral_id>/contact")
@blp.response(200, ReferralContactView)
def read_contact(referral_id: int) -> Any:
    """双方有意以后查看专家的联系方式，须本人同意过转达；查看留有记录"""
    with transaction() as session:
        contact = service.read_contact(session, current_actor(session), referral_id, now=now())
    return {"contact": contact}


@blp.route("/desk")
@blp.arguments(DeskArgs, location="query")
@blp.response(200, DeskView)
def get_desk(args: dict[str, Any]) -> Any:
    """查看工作台：待办的匹配建议和引荐合在一起，得分高者在前（技术经纪人）"""
    with reading() as session:
        return desk.get_desk(session, current_actor(session), limit=args["limit"], today=_today())
