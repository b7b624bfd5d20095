"""Bundles, subscriptions and the inbox over HTTP."""

from __future__ import annotations

from typing import Any

from market.accounts.auth import current_actor, find_current_actor
from market.bundles import queries
from market.bundles.schemas import (
    BundleArgs,
    BundleDetailView,
    BundleFields,
    BundleInput,
    BundleItemsInput,
    BundleNoteInput,
    BundleView,
    DeliveryArgs,
    DeliveryView,
    SubscriptionInput,
    SubscriptionView,
)
from market.bundles.service import making, releasing, subscriptions
from market.http.edge import now, page_request, reading, transaction
from market.http.etag import IF_MATCH_DOC, expected_version, versioned
from market.http.schema import MarketBlueprint, page_of
from market.search.access import current_replica

blp = MarketBlueprint("bundles", __name__, description="成果包：主题成果的定期发布、订阅与推送")


@blp.route("/bundles")
@blp.arguments(BundleArgs, location="query")
@blp.response(200, page_of(BundleView))
def list_bundles(args: dict[str, Any]) -> Any:
    """列出成果包，新的在前；已发布的任何人可看"""
    page = page_request(args)
    with reading() as session:
        return queries.list_bundles(session, find_current_actor(session), page=page, **args)


@blp.route("/bundles", methods=["POST"])
@blp.arguments(BundleInput)
@blp.response(201, BundleDetailView)
def create_bundle(form: dict[str, Any]) -> Any:
    """新建成果包（技术经纪人、所在地主管部门）"""
    with transaction() as session:
        bundle = making.create_bundle(session, current_actor(session), form=form, now=now())
    return versioned(bundle, 201)


@blp.route("/bundles/<int:bundle_id>")
@blp.response(200, BundleDetailView)
def get_bundle(bundle_id: int) -> Any:
    """查看成果包及其成果；已下架的成果不再链接"""
    with reading() as session:
        return versioned(queries.get_bundle(session, find_current_actor(session), bundle_id))


@blp.route("/bundles/<int:bundle_id>", methods=["PATCH"])
@blp.doc(**IF_MATCH_DOC)
@blp.arguments(BundleFields)
@blp.response(200, BundleDetailView)
def edit_bundle(changes: dict[str, Any], bundle_id: int) -> Any:
    """修改待发布的成果包（制作单位、所在地主管部门）"""
    version = expected_version()
    with transaction() as session:
        bundle = making.edit_bundle(
            session, current_actor(session), bundle_id, changes=changes, version=version, now=now()
        )
    return versioned(bundle)


@blp.route("/bundles/<int:bundle_id>/items", methods=["POST"])
@blp.doc(**IF_MATCH_DOC)
@blp.arguments(BundleItemsInput)
@blp.response(200, BundleDetailView)
def set_items(form: dict[str, Any], bundle_id: int) -> Any:
    """确定待发布成果包的成果清单，整份替换原清单（制作单位、所在地主管部门）"""
    version = expected_version()
    with transaction() as session:
        bundle = making.set_items(
            session, current_actor(session), bundle_id, items=form["items"], version=version, now=now()
        )
    return versioned(bundle)


@blp.route("/bundles/<int:bundle_id>/releases", methods=["POST"])
@blp.response(200, BundleDetailView)
def release_bundle(bundle_id: int) -> Any:
    """发布到期的成果包，并推送给需求相符的订阅单位（制作单位、所在地主管部门）"""
    replica = current_replica()
    with reading() as session:
        prepared = releasing.prepare_release(
            session, current_actor(session), bundle_id, replica=replica, now=now()
        )
    with transaction() as session:
        bundle = releasing.release_bundle(
            session, current_actor(session), bundle_id, prepared=prepared, now=now()
        )
    return versioned(bundle)


@blp.route("/bundles/<int:bundle_id>/withdrawals", methods=["POST"])
@blp.arguments(BundleNoteInput)
@blp.response(200, BundleDetailView)
def withdraw_bundle(form: dict[str, Any], bundle_id: int) -> Any:
    """撤回成果包，须写明理由（制作单位、所在地主管部门）"""
    with transaction() as session:
        bundle = releasing.withdraw_bundle(
            session, current_actor(session), bundle_id, note=form["note"], now=now()
        )
    return versioned(bundle)


@blp.route("/bundle-subscriptions")
@blp.response(200, SubscriptionView(many=True))
def list_subscriptions() -> Any:
    """列出本单位的订阅（企业、高校院所）"""
    with reading() as session:
        return queries.list_subscriptions(session, current_actor(session))


@blp.route("/bundle-subscriptions", methods=["POST"])
@blp.arguments(SubscriptionInput)
@blp.response(201, SubscriptionView)
def subscribe(form: dict[str, Any]) -> Any:
    """为本单位订阅某条产业链、某个技术领域的成果包（企业、高校院所）"""
    with transaction() as session:
        return subscriptions.subscribe(session, current_actor(session), **form, now=now())


@blp.route("/bundle-subscriptions/<int:subscription_id>", methods=["DELETE"])
@blp.response(204)
def unsubscribe(subscription_id: int) -> None:
    """退订（企业、高校院所）；已收到的推送保留"""
    with transaction() as session:
        subscriptions.unsubscribe(session, current_actor(session), subscription_id, now=now())


@blp.route("/bundle-deliveries")
@blp.arguments(DeliveryArgs, location="query")
@blp.response(200, page_of(DeliveryView))
def list_deliveries(args: dict[str, Any]) -> Any:
    """列出推送给本单位的成果包及其与本单位需求的对应，新的在前（企业、高校院所）"""
    page = page_request(args)
    with reading() as session:
        return queries.list_deliveries(session, current_actor(session), page=page, **args)


@blp.route("/bundle-deliveries/<int:delivery_id>/readings", methods=["POST"])
@blp.response(200, DeliveryView)
def mark_read(delivery_id: int) -> Any:
    """标记一条推送为已读（企业、高校院所）"""
    with transaction() as session:
        return subscriptions.mark_read(session, current_actor(session), delivery_id, now=now())
