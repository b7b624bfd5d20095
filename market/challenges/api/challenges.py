"""Challenges, their lists, calls, annexes and demand rules over HTTP."""

from __future__ import annotations

from typing import Any

from market.accounts.auth import current_actor, find_current_actor
from market.challenges.api.blueprint import blp
from market.challenges.queries import challenges as queries
from market.challenges.schemas.challenges import (
    AgreementInput,
    AgreementView,
    AnnexView,
    ChallengeArgs,
    ChallengeEventView,
    ChallengeFields,
    ChallengeInput,
    ChallengeListInput,
    ChallengeListView,
    ChallengeNoteInput,
    ChallengePostponementInput,
    ChallengeRulesArgs,
    ChallengeRulesInput,
    ChallengeRulesView,
    ChallengeView,
    InvitationInput,
    ScreeningInput,
)
from market.challenges.service import calling, collecting
from market.clock import china_day
from market.http.edge import now, page_request, reading, transaction
from market.http.etag import IF_MATCH_DOC, expected_version, versioned
from market.http.schema import page_of


@blp.route("/challenges", methods=["POST"])
@blp.arguments(ChallengeInput)
@blp.response(201, ChallengeView)
def collect_challenge(form: dict[str, Any]) -> Any:
    """由有效需求或攻关技术提出榜单项目（需求单位或所在地主管部门）"""
    with transaction() as session:
        challenge = collecting.collect_challenge(session, current_actor(session), form=form, now=now())
    return versioned(challenge, 201)


@blp.route("/challenges")
@blp.arguments(ChallengeArgs, location="query")
@blp.response(200, page_of(ChallengeView))
def list_challenges(args: dict[str, Any]) -> Any:
    """列出可见的榜单项目，新的在前；发榜以后任何人可看"""
    page = page_request(args)
    with reading() as session:
        return queries.list_challenges(session, find_current_actor(session), page=page, **args)


@blp.route("/challenges/<int:challenge_id>")
@blp.response(200, ChallengeView)
def get_challenge(challenge_id: int) -> Any:
    """查看榜单项目的公开部分"""
    with reading() as session:
        return versioned(queries.get_challenge(session, find_current_actor(session), challenge_id))


@blp.route("/challenges/<int:challenge_id>", methods=["PATCH"])
@blp.doc(**IF_MATCH_DOC)
@blp.arguments(ChallengeFields)
@blp.response(200, ChallengeView)
def edit_challenge(changes: dict[str, Any], challenge_id: int) -> Any:
    """修改待筛选的榜单项目（需求单位或所在地主管部门）"""
    version = expected_version()
    with transaction() as session:
        challenge = collecting.edit_challenge(
            session, current_actor(session), challenge_id, changes=changes, version=version, now=now()
        )
    return versioned(challenge)


@blp.route("/challenges/<int:challenge_id>/screenings", methods=["POST"])
@blp.arguments(ScreeningInput)
@blp.response(200, ChallengeView)
def screen_challenge(form: dict[str, Any], challenge_id: int) -> Any:
    """筛选：入选待发榜，或不予入选（所在地主管部门；需求单位可撤回自己的）"""
    with transaction() as session:
        return collecting.screen_challenge(session, current_actor(session), challenge_id, **form, now=now())


@blp.route("/challenge-lists", methods=["POST"])
@blp.arguments(ChallengeListInput)
@blp.response(201, ChallengeListView)
def publish_list(form: dict[str, Any]) -> Any:
    """发榜：把入选项目冻结成一版榜单公开，并开始揭榜（所在地主管部门）"""
    with transaction() as session:
        return calling.publish_list(session, current_actor(session), **form, now=now())


@blp.route("/challenges/<int:challenge_id>/invitations", methods=["POST"])
@blp.arguments(InvitationInput)
@blp.response(200, ChallengeView)
def invite(form: dict[str, Any], challenge_id: int) -> Any:
    """定向委托：邀请一家单位揭榜（所在地主管部门）"""
    with transaction() as session:
        return calling.invite(session, current_actor(session), challenge_id, **form, now=now())


@blp.route("/challenges/<int:challenge_id>/postponements", methods=["POST"])
@blp.arguments(ChallengePostponementInput)
@blp.response(200, ChallengeView)
def postpone_call(form: dict[str, Any], challenge_id: int) -> Any:
    """延期揭榜截止时间，须写明理由并对外公开（所在地主管部门）"""
    with transaction() as session:
        return calling.postpone_call(session, current_actor(session), challenge_id, **form, now=now())


@blp.route("/challenges/<int:challenge_id>/closings", methods=["POST"])
@blp.response(200, ChallengeView)
def close_call(challenge_id: int) -> Any:
    """期限已过，截止揭榜并开始形式审查；无人揭榜的流榜（所在地主管部门）"""
    with transaction() as session:
        return calling.close_call(session, current_actor(session), challenge_id, now=now())


@blp.route("/challenges/<int:challenge_id>/cancellations", methods=["POST"])
@blp.arguments(ChallengeNoteInput)
@blp.response(200, ChallengeView)
def cancel_challenge(form: dict[str, Any], challenge_id: int) -> Any:
    """立项以前撤销榜单项目，须写明理由（所在地主管部门）"""
    with transaction() as session:
        return calling.cancel_challenge(
            session, current_actor(session), challenge_id, note=form["note"], now=now()
        )


@blp.route("/challenges/<int:challenge_id>/events")
@blp.response(200, ChallengeEventView(many=True))
def list_challenge_events(challenge_id: int) -> Any:
    """查看办理经过（所在地主管部门）"""
    with reading() as session:
        actor = current_actor(session)
        return queries.list_events(session, actor, queries.get_challenge(session, actor, challenge_id))


@blp.route("/challenges/<int:challenge_id>/annex-agreements", methods=["POST"])
@blp.arguments(AgreementInput)
@blp.response(201, AgreementView)
def agree_to_terms(form: dict[str, Any], challenge_id: int) -> Any:
    """代表本单位同意保密条款，之后可读保密附件（企业、高校院所，揭榜期间）"""
    with transaction() as session:
        return calling.agree_to_terms(
            session, current_actor(session), challenge_id, digest=form["terms_digest"], now=now()
        )


@blp.route("/challenges/<int:challenge_id>/annex-agreements")
@blp.response(200, AgreementView(many=True))
def list_agreements(challenge_id: int) -> Any:
    """列出同意保密条款的单位（需求单位、所在地主管部门）"""
    with reading() as session:
        actor = current_actor(session)
        return queries.list_agreements(session, actor, queries.get_challenge(session, actor, challenge_id))


@blp.route("/challenges/<int:challenge_id>/annex")
@blp.response(200, AnnexView)
def read_annex(challenge_id: int) -> Any:
    """阅读保密附件；每次阅读都有记录"""
    with transaction() as session:  # who read it, and when, is written down
        return {"annex": calling.read_annex(session, current_actor(session), challenge_id, now=now())}


@blp.route("/challenge-rules")
@blp.arguments(ChallengeRulesArgs, location="query")
@blp.response(200, ChallengeRulesView)
def get_rules(args: dict[str, Any]) -> Any:
    """查看某地现行的榜单规则及其来源"""
    with reading() as session:
        return queries.rules_on(session, args["region"], day=china_day(now()))


@blp.route("/challenge-rules", methods=["POST"])
@blp.arguments(ChallengeRulesInput)
@blp.response(201, ChallengeRulesView)
def record_rules(form: dict[str, Any]) -> Any:
    """登记本地的榜单规则；已提出的榜单项目仍按原规则（主管部门、管理员）"""
    version, region = form.pop("version"), form.pop("region_code")
    start = form.pop("in_force_from")
    with transaction() as session:
        row = calling.record_rules(
            session, current_actor(session), version=version, region_code=region, in_force_from=start,
            content=form, now=now(),
        )  # fmt: skip
        return row.rules
