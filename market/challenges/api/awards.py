"""Notices, objections, awards and their work over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.auth import current_actor, find_current_actor
from market.accounts.rules import Actor
from market.challenges.api.blueprint import blp
from market.challenges.models import Award
from market.challenges.queries import awards as queries
from market.challenges.queries.challenges import get_challenge
from market.challenges.schemas.awards import (
    AwardInput,
    AwardReviewInput,
    AwardView,
    ChallengeAnswerInput,
    ChallengeObjectionInput,
    ChallengeObjectionView,
    GrantPaymentInput,
    GrantPaymentView,
    NoticeInput,
    NoticeView,
)
from market.challenges.schemas.challenges import ChallengeNoteInput, OptionalNoteInput
from market.challenges.service import awards as service
from market.challenges.service import notices, performance
from market.http.edge import now, reading, transaction
from market.search.access import current_encoder, index_changed


def _take(work: Callable[[Session, Actor], Award]) -> Any:
    with transaction() as session:
        actor = current_actor(session)
        seen = queries.see_award(actor, work(session, actor))
    index_changed()
    return seen


@blp.route("/challenges/<int:challenge_id>/notices", methods=["POST"])
@blp.arguments(NoticeInput)
@blp.response(201, NoticeView)
def publish_notice(form: dict[str, Any], challenge_id: int) -> Any:
    """公示拟立项名单（所在地主管部门）"""
    with transaction() as session:
        return notices.publish_notice(session, current_actor(session), challenge_id, **form, now=now())


@blp.route("/challenges/<int:challenge_id>/notices")
@blp.response(200, NoticeView(many=True))
def list_notices(challenge_id: int) -> Any:
    """查看公示，撤回的也在内，早的在前"""
    with reading() as session:
        challenge = get_challenge(session, find_current_actor(session), challenge_id)
        return queries.list_notices(session, challenge)


@blp.route("/challenges/<int:challenge_id>/notice-withdrawals", methods=["POST"])
@blp.arguments(ChallengeNoteInput)
@blp.response(200, NoticeView)
def withdraw_notice(form: dict[str, Any], challenge_id: int) -> Any:
    """撤回公示、重新评审，须写明理由（所在地主管部门）"""
    with transaction() as session:
        return notices.withdraw_notice(
            session, current_actor(session), challenge_id, note=form["note"], now=now()
        )


@blp.route("/challenges/<int:challenge_id>/objections", methods=["POST"])
@blp.arguments(ChallengeObjectionInput)
@blp.response(201, ChallengeObjectionView)
def raise_objection(form: dict[str, Any], challenge_id: int) -> Any:
    """公示期内提出异议（任何登录用户）"""
    with transaction() as session:
        return notices.raise_objection(session, current_actor(session), challenge_id, **form, now=now())


@blp.route("/challenges/<int:challenge_id>/objections")
@blp.response(200, ChallengeObjectionView(many=True))
def list_objections(challenge_id: int) -> Any:
    """查看异议和答复：主管部门看全部，其他人看自己提出的"""
    with reading() as session:
        actor = current_actor(session)
        return queries.list_objections(session, actor, get_challenge(session, actor, challenge_id))


@blp.route("/challenge-objections/<int:objection_id>/answers", methods=["POST"])
@blp.arguments(ChallengeAnswerInput)
@blp.response(200, ChallengeObjectionView)
def answer_objection(form: dict[str, Any], objection_id: int) -> Any:
    """答复异议；成立的撤回公示、重新评审（所在地主管部门）"""
    with transaction() as session:
        return notices.answer_objection(session, current_actor(session), objection_id, **form, now=now())


@blp.route("/challenges/<int:challenge_id>/awards", methods=["POST"])
@blp.arguments(AwardInput)
@blp.response(201, AwardView(many=True))
def award_challenge(form: dict[str, Any], challenge_id: int) -> Any:
    """公示期满且无未答复异议的，立项并进入科技项目库（所在地主管部门）"""
    with transaction() as session:
        actor = current_actor(session)
        awards = service.award_challenge(
            session, actor, challenge_id, **form, encoder=current_encoder(), now=now()
        )
        seen = [queries.see_award(actor, award) for award in awards]
    index_changed()
    return seen


@blp.route("/challenges/<int:challenge_id>/awards")
@blp.response(200, AwardView(many=True))
def list_awards(challenge_id: int) -> Any:
    """查看立项；检查和拨付情况仅双方和主管部门可见"""
    with reading() as session:
        actor = find_current_actor(session)
        challenge = get_challenge(session, actor, challenge_id)
        return [queries.see_award(actor, award) for award in queries.list_awards(session, challenge)]


@blp.route("/awards/<int:award_id>/starts", methods=["POST"])
@blp.arguments(OptionalNoteInput)
@blp.response(200, AwardView)
def start_award(form: dict[str, Any], award_id: int) -> Any:
    """合同登记后启动实施；竞争后补助立项后即可进入核验（所在地主管部门）"""
    return _take(lambda session, actor: service.start_award(session, actor, award_id, **form, now=now()))


@blp.route("/awards/<int:award_id>/reviews", methods=["POST"])
@blp.arguments(AwardReviewInput)
@blp.response(200, AwardView)
def review_award(form: dict[str, Any], award_id: int) -> Any:
    """中期检查或验收：通过、整改或终止（所在地主管部门）"""
    return _take(
        lambda session, actor: performance.review_award(
            session, actor, award_id, **form, encoder=current_encoder(), now=now()
        )
    )


@blp.route("/awards/<int:award_id>/terminations", methods=["POST"])
@blp.arguments(ChallengeNoteInput)
@blp.response(200, AwardView)
def terminate_award(form: dict[str, Any], award_id: int) -> Any:
    """终止一项立项，须写明理由；赛马制的其他立项不受影响（所在地主管部门）"""
    return _take(
        lambda session, actor: performance.terminate_award(
            session, actor, award_id, note=form["note"], encoder=current_encoder(), now=now()
        )
    )


@blp.route("/awards/<int:award_id>/grant-payments", methods=["POST"])
@blp.arguments(GrantPaymentInput)
@blp.response(201, GrantPaymentView)
def pay_grant(form: dict[str, Any], award_id: int) -> Any:
    """记录财政资助的拨付（所在地主管部门）"""
    with transaction() as session:
        return performance.pay_grant(session, current_actor(session), award_id, **form, now=now())


@blp.route("/grant-payments/<int:payment_id>/withdrawals", methods=["POST"])
@blp.arguments(ChallengeNoteInput)
@blp.response(200, GrantPaymentView)
def withdraw_grant_payment(form: dict[str, Any], payment_id: int) -> Any:
    """冲销记错的资助拨付，项目库中的同一笔随之冲销（所在地主管部门）"""
    with transaction() as session:
        return performance.withdraw_grant_payment(
            session, current_actor(session), payment_id, note=form["note"], now=now()
        )
