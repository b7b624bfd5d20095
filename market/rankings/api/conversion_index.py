"""The conversion index over HTTP."""

from __future__ import annotations

from typing import Any

from market.accounts.auth import current_actor
from market.http.edge import now, page_request, reading, transaction
from market.http.schema import page_of
from market.rankings import service
from market.rankings.api.blueprint import blp
from market.rankings.queries import conversion_index as queries
from market.rankings.schemas.conversion_index import (
    IndexArgs,
    IndexDefinitionInput,
    IndexDefinitionView,
    IndexPublicationInput,
    IndexValueArgs,
    IndexValueView,
    IndexView,
)


@blp.route("/conversion-index")
@blp.arguments(IndexArgs, location="query")
@blp.response(200, IndexView)
def get_index(args: dict[str, Any]) -> Any:
    """按现有数据计算一个地区一个时段的科技成果转化指数及其构成（本地区主管部门）"""
    with reading() as session:
        return queries.get_index(session, current_actor(session), **args, now=now())


@blp.route("/conversion-index/publications", methods=["POST"])
@blp.arguments(IndexPublicationInput)
@blp.response(201, IndexValueView)
def publish_index(form: dict[str, Any]) -> Any:
    """发布一个已结束时段的科技成果转化指数，发布后不再变动（本地区主管部门）"""
    with transaction() as session:
        return service.publish_index(session, current_actor(session), **form, now=now())


@blp.route("/conversion-index/values")
@blp.arguments(IndexValueArgs, location="query")
@blp.response(200, page_of(IndexValueView))
def list_values(args: dict[str, Any]) -> Any:
    """列出已发布的科技成果转化指数及其构成，新的在前"""
    page = page_request(args)
    with reading() as session:
        return queries.list_values(session, page=page, **args)


@blp.route("/conversion-index/definitions")
@blp.response(200, IndexDefinitionView(many=True))
def list_definitions() -> Any:
    """列出科技成果转化指数的各版定义：指标、权重、折算方法和来源"""
    with reading() as session:
        return queries.list_definitions(session)


@blp.route("/conversion-index/definitions", methods=["POST"])
@blp.arguments(IndexDefinitionInput)
@blp.response(201, IndexDefinitionView)
def define_index(form: dict[str, Any]) -> Any:
    """增加一版指数定义；已有的版本不能修改（管理员）"""
    version = form.pop("version")
    with transaction() as session:
        return service.define_index(
            session, current_actor(session), version=version, definition=form, now=now()
        )
