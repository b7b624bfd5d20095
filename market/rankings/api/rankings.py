"""The yearly ranking of agencies over HTTP."""

from __future__ import annotations

from typing import Any

from market.accounts.auth import current_actor, find_current_actor
from market.http.edge import now, page_request, reading, transaction
from market.http.files import BINARY, made_answer
from market.http.schema import PageArgs, page_of
from market.rankings import service
from market.rankings.api.blueprint import blp
from market.rankings.printing import FileKind, ranking_file
from market.rankings.queries import rankings as queries
from market.rankings.schemas.rankings import (
    AgencyContractView,
    AgencyRankingSummaryView,
    AgencyRankingView,
    RankingArgs,
    RankingComparisonView,
    RankingFinalisationInput,
    RankingInput,
    RankingObjectionDecisionInput,
    RankingObjectionInput,
    RankingObjectionView,
    RankingWithdrawalInput,
)


@blp.route("/rankings")
@blp.arguments(RankingArgs, location="query")
@blp.response(200, page_of(AgencyRankingSummaryView))
def list_rankings(args: dict[str, Any]) -> Any:
    """列出技术转移机构排名，新的在前；未公示的只有本地区主管部门可见"""
    page = page_request(args)
    with reading() as session:
        return queries.list_rankings(session, find_current_actor(session), page=page, **args)


@blp.route("/rankings", methods=["POST"])
@blp.arguments(RankingInput)
@blp.response(201, AgencyRankingView)
def draft_ranking(form: dict[str, Any]) -> Any:
    """统计一个地区一个年度的排名，成为草稿（本地区主管部门）"""
    with transaction() as session:
        return service.draft_ranking(session, current_actor(session), **form, now=now())


@blp.route("/rankings/<int:ranking_id>")
@blp.response(200, AgencyRankingView)
def get_ranking(ranking_id: int) -> Any:
    """查看排名；未公示的只有本地区主管部门可见"""
    with reading() as session:
        return queries.get_ranking(session, find_current_actor(session), ranking_id)


@blp.route("/rankings/<int:ranking_id>/files/<any(xlsx, csv, pdf):file_format>")
@blp.response(200, BINARY, content_type="application/octet-stream")
def get_ranking_file(ranking_id: int, file_format: str) -> Any:
    """下载排名：工作簿（xlsx）、文本表格（csv）或可打印的文件（pdf）"""
    with reading() as session:
        ranking = queries.get_ranking(session, find_current_actor(session), ranking_id)
        file = ranking_file(ranking, FileKind(file_format))
    return made_answer(file.content, name=file.name, media_type=file.media_type)


@blp.route("/rankings/<int:ranking_id>/recounts", methods=["POST"])
@blp.response(200, AgencyRankingView)
def recount_ranking(ranking_id: int) -> Any:
    """按现有登记数据重新统计草稿（本地区主管部门）"""
    with transaction() as session:
        return service.recount_ranking(session, current_actor(session), ranking_id, now=now())


@blp.route("/rankings/<int:ranking_id>/publications", methods=["POST"])
@blp.response(200, AgencyRankingView)
def publish_ranking(ranking_id: int) -> Any:
    """公示排名，七个工作日内可以提出异议（本地区主管部门）"""
    with transaction() as session:
        return service.publish_ranking(session, current_actor(session), ranking_id, now=now())


@blp.route("/rankings/<int:ranking_id>/finalisations", methods=["POST"])
@blp.arguments(RankingFinalisationInput)
@blp.response(200, AgencyRankingView)
def finalise_ranking(form: dict[str, Any], ranking_id: int) -> Any:
    """公示期满、异议处理完毕后定稿，此后不再变动（本地区主管部门）"""
    with transaction() as session:
        return service.finalise_ranking(session, current_actor(session), ranking_id, **form, now=now())


@blp.route("/rankings/<int:ranking_id>/withdrawals", methods=["POST"])
@blp.arguments(RankingWithdrawalInput)
@blp.response(200, AgencyRankingView)
def withdraw_ranking(form: dict[str, Any], ranking_id: int) -> Any:
    """撤回草稿或公示中的排名，须写明理由（本地区主管部门）"""
    with transaction() as session:
        return service.withdraw_ranking(session, current_actor(session), ranking_id, **form, now=now())


@blp.route("/rankings/<int:ranking_id>/comparison")
@blp.response(200, RankingComparisonView)
def compare_ranking(ranking_id: int) -> Any:
    """比较排名所列数字与现在重新统计的数字（本地区主管部门）"""
    with reading() as session:
        return queries.compare_ranking(session, current_actor(session), ranking_id, now=now())


@blp.route("/rankings/<int:ranking_id>/agencies/<int:agency_id>/contracts")
@blp.arguments(PageArgs, location="query")
@blp.response(200, page_of(AgencyContractView))
def list_agency_contracts(args: dict[str, Any], ranking_id: int, agency_id: int) -> Any:
    """列出一家机构名次背后的合同及其份额（本地区主管部门）"""
    page = page_request(args)
    with reading() as session:
        actor = current_actor(session)
        return queries.list_agency_contracts(session, actor, ranking_id, agency_id, page=page)


@blp.route("/rankings/<int:ranking_id>/objections")
@blp.response(200, RankingObjectionView(many=True))
def list_objections(ranking_id: int) -> Any:
    """列出对排名的异议，旧的在前（本地区主管部门；机构只见自己的）"""
    with reading() as session:
        return queries.list_objections(session, current_actor(session), ranking_id)


@blp.route("/rankings/<int:ranking_id>/objections", methods=["POST"])
@blp.arguments(RankingObjectionInput)
@blp.response(201, RankingObjectionView)
def raise_objection(form: dict[str, Any], ranking_id: int) -> Any:
    """在公示期内对排名提出异议（上榜机构或本地区的技术转移机构）"""
    with transaction() as session:
        return service.raise_objection(session, current_actor(session), ranking_id, **form, now=now())


@blp.route("/ranking-objections/<int:objection_id>/decisions", methods=["POST"])
@blp.arguments(RankingObjectionDecisionInput)
@blp.response(200, RankingObjectionView)
def decide_objection(form: dict[str, Any], objection_id: int) -> Any:
    """处理异议：成立（uphold）则撤回排名并重新统计草稿，不成立（dismiss）须说明（本地区主管部门）"""
    with transaction() as session:
        return service.decide_objection(
            session,
            current_actor(session),
            objection_id,
            uphold=form["decision"] == "uphold",
            note=form["note"],
            now=now(),
        )
