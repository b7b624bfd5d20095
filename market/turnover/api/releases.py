"""Releases over HTTP: publishing, withdrawing, reading, and their files."""

from __future__ import annotations

from typing import Any

from market.accounts.auth import current_actor
from market.http.edge import now, page_request, reading, transaction
from market.http.files import BINARY, made_answer
from market.http.schema import page_of
from market.turnover import service
from market.turnover.api.blueprint import blp
from market.turnover.printing import FileFormat, print_release
from market.turnover.queries import releases
from market.turnover.schemas.releases import (
    DraftArgs,
    DraftView,
    ReleaseArgs,
    ReleaseComparisonView,
    ReleaseDetail,
    ReleaseInput,
    ReleaseView,
    WithdrawalInput,
)


@blp.route("/releases", methods=["POST"])
@blp.arguments(ReleaseInput)
@blp.response(201, ReleaseDetail)
def publish_release(form: dict[str, Any]) -> Any:
    """发布本地区已结束时段的统计数据并固定下来（本地区主管部门）"""
    with transaction() as session:
        return service.publish_release(session, current_actor(session), now=now(), **form)


@blp.route("/releases")
@blp.arguments(ReleaseArgs, location="query")
@blp.response(200, page_of(ReleaseView))
def list_releases(args: dict[str, Any]) -> Any:
    """列出已发布的统计数据，时段新的在前"""
    page = page_request(args)
    with reading() as session:
        return releases.list_releases(session, page=page, **args)


@blp.route("/releases/preview")
@blp.arguments(DraftArgs, location="query")
@blp.response(200, DraftView)
def preview_release(args: dict[str, Any]) -> Any:
    """预览将要发布的数据，进行中的时段也可预览（本地区主管部门）"""
    with reading() as session:
        return service.draft_release(session, current_actor(session), now=now(), **args)


@blp.route("/releases/<int:release_id>")
@blp.response(200, ReleaseDetail)
def get_release(release_id: int) -> Any:
    """查看一次发布的全部表；已撤回的注明撤回"""
    with reading() as session:
        return releases.get_release(session, release_id)


@blp.route("/releases/<int:release_id>/withdrawals", methods=["POST"])
@blp.arguments(WithdrawalInput)
@blp.response(200, ReleaseDetail)
def withdraw_release(form: dict[str, Any], release_id: int) -> Any:
    """撤回有误的发布，须写明原因；更正后可重新发布（本地区主管部门）"""
    with transaction() as session:
        return service.withdraw_release(
            session, current_actor(session), release_id, reason=form["reason"], now=now()
        )


@blp.route("/releases/<int:release_id>/comparison")
@blp.response(200, ReleaseComparisonView)
def compare_release(release_id: int) -> Any:
    """将已发布的数与现有台账的数逐项核对（本地区主管部门）"""
    with reading() as session:
        return service.compare_release(session, current_actor(session), release_id)


@blp.route("/releases/<int:release_id>/files/<any(xlsx, csv, pdf):file_format>")
@blp.response(200, BINARY, content_type="application/octet-stream")
def get_release_file(release_id: int, file_format: str) -> Any:
    """下载一次发布的表格（xlsx、csv）或可签发的文件（pdf）"""
    with reading() as session:
        file = print_release(releases.get_release(session, release_id), FileFormat(file_format))
    return made_answer(file.content, name=file.name, media_type=file.media_type)
