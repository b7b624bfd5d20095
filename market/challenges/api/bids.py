"""Bids over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.auth import current_actor
from market.accounts.rules import Actor
from market.challenges.api.blueprint import blp
from market.challenges.models import Bid
from market.challenges.queries import bids as queries
from market.challenges.queries.challenges import get_challenge
from market.challenges.schemas.bids import BidCheckInput, BidFields, BidInput, BidView
from market.challenges.schemas.panels import AppraisalInput, SheetView
from market.challenges.service import bids as service
from market.challenges.service import scoring
from market.http.edge import now, reading, transaction
from market.http.etag import IF_MATCH_DOC, expected_version


def _take(work: Callable[[Session, Actor], Bid], status: int = 200) -> Any:
    with transaction() as session:
        actor = current_actor(session)
        seen = queries.see(session, actor, work(session, actor))
    return seen, status, {"ETag": f'"{seen.bid.version}"'}


@blp.route("/challenges/<int:challenge_id>/bids", methods=["POST"])
@blp.arguments(BidInput)
@blp.response(201, BidView)
def begin_bid(form: dict[str, Any], challenge_id: int) -> Any:
    """揭榜：以牵头单位名义起草申报（企业、高校院所，截止以前）"""
    return _take(
        lambda session, actor: service.begin_bid(session, actor, challenge_id, form=form, now=now()), 201
    )


@blp.route("/challenges/<int:challenge_id>/bids")
@blp.response(200, BidView(many=True))
def list_bids(challenge_id: int) -> Any:
    """列出可见的揭榜申报；截止以前只有申报单位能看自己的"""
    with reading() as session:
        actor = current_actor(session)
        return queries.list_bids(session, actor, get_challenge(session, actor, challenge_id))


@blp.route("/challenge-bids/<int:bid_id>")
@blp.response(200, BidView)
def get_bid(bid_id: int) -> Any:
    """查看揭榜申报；保密部分只给申报单位、主管部门和无须回避的专家"""
    with reading() as session:
        seen = queries.read_bid(session, current_actor(session), bid_id)
        return seen, 200, {"ETag": f'"{seen.bid.version}"'}


@blp.route("/challenge-bids/<int:bid_id>", methods=["PATCH"])
@blp.doc(**IF_MATCH_DOC)
@blp.arguments(BidFields)
@blp.response(200, BidView)
def edit_bid(changes: dict[str, Any], bid_id: int) -> Any:
    """截止以前修改自己的揭榜申报"""
    version = expected_version()
    return _take(
        lambda session, actor: service.edit_bid(
            session, actor, bid_id, changes=changes, version=version, now=now()
        )
    )


@blp.route("/challenge-bids/<int:bid_id>/submissions", methods=["POST"])
@blp.response(200, BidView)
def submit_bid(bid_id: int) -> Any:
    """提交揭榜申报"""
    return _take(lambda session, actor: service.submit_bid(session, actor, bid_id, now=now()))


@blp.route("/challenge-bids/<int:bid_id>/withdrawals", methods=["POST"])
@blp.response(200, BidView)
def withdraw_bid(bid_id: int) -> Any:
    """截止以前撤回揭榜申报，撤回后可另行申报"""
    return _take(lambda session, actor: service.withdraw_bid(session, actor, bid_id, now=now()))


@blp.route("/challenge-bids/<int:bid_id>/checks", methods=["POST"])
@blp.arguments(BidCheckInput)
@blp.response(200, BidView)
def check_bid(form: dict[str, Any], bid_id: int) -> Any:
    """形式审查；全部查完后进入评审，无一通过的流榜（所在地主管部门）"""
    return _take(lambda session, actor: service.check_bid(session, actor, bid_id, **form, now=now()))


@blp.route("/challenge-bids/<int:bid_id>/appraisals", methods=["POST"])
@blp.arguments(AppraisalInput)
@blp.response(201, SheetView)
def appraise_bid(form: dict[str, Any], bid_id: int) -> Any:
    """小额研发众包由需求单位评分"""
    with transaction() as session:
        return scoring.appraise_bid(session, current_actor(session), bid_id, **form, now=now())
