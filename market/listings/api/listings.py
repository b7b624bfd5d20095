"""What all kinds of listings have in common over HTTP.

They have the same steps, so one function lays out the routes of a kind; only their forms differ.
"""

from __future__ import annotations

from typing import Any

import flask
from flask.typing import ResponseReturnValue

from market.accounts.auth import current_actor, find_current_actor
from market.http.edge import now, page_request, reading
from market.http.etag import IF_MATCH_DOC, expected_version
from market.http.schema import MarketSchema, page_of
from market.listings import queries, service
from market.listings.api.blueprint import Shown, blp
from market.listings.rules import Action, ListingKind
from market.listings.schemas import (
    AchievementFields,
    AchievementInput,
    AchievementOwnView,
    AchievementView,
    ListingArgs,
    ListingEventView,
    ListingNoteInput,
    ListingOwnEventView,
    ListingReviewInput,
    NeedArgs,
    NeedFields,
    NeedInput,
    NeedOwnView,
    NeedView,
    RenewalInput,
    ScenarioArgs,
    ScenarioFields,
    ScenarioInput,
    ScenarioOwnView,
    ScenarioView,
)
from market.search.access import current_encoder


def _lay_out(
    kind: ListingKind,
    plural: str,
    *,
    new: type[MarketSchema],
    change: type[MarketSchema],
    view: type[MarketSchema],
    own_view: type[MarketSchema],
    args: type[MarketSchema],
) -> None:
    one = f"/{plural}/<int:listing_id>"
    shown = Shown(view, own_view)

    @blp.route(f"/{plural}", methods=["POST"], endpoint=f"create_{kind}")
    @blp.arguments(new)
    @blp.response(201, own_view)
    def create(form: dict[str, Any]) -> ResponseReturnValue:
        """新建草稿"""
        organisation_id = form.pop("organisation_id", None)
        return shown.take(
            lambda session, actor: service.create_listing(
                session, actor, kind, form=form, now=now(), organisation_id=organisation_id
            ),
            201,
        )

    @blp.route(f"/{plural}", endpoint=f"list_{plural}")
    @blp.arguments(args, location="query")
    @blp.response(200, page_of(view))
    def list_all(filters: dict[str, Any]) -> Any:
        """列出可见的条目，最新在前；只含公开部分"""
        page = page_request(filters)
        with reading() as session:
            return queries.list_listings(session, find_current_actor(session), kind, page=page, **filters)

    @blp.route(one, endpoint=f"get_{kind}")
    @blp.response(200, own_view)
    def get(listing_id: int) -> ResponseReturnValue:
        """查看一条；保密部分仅发布单位可见"""
        with reading() as session:
            actor = find_current_actor(session)
            listing = queries.get_listing(session, actor, kind, listing_id)
        return shown.answer(actor, listing)

    @blp.route(one, methods=["PATCH"], endpoint=f"edit_{kind}")
    @blp.doc(**IF_MATCH_DOC)
    @blp.arguments(change)
    @blp.response(200, own_view)
    def edit(changes: dict[str, Any], listing_id: int) -> ResponseReturnValue:
        """修改草稿或整改中的条目"""
        version = expected_version()
        return shown.take(
            lambda session, actor: service.edit_listing(
                session, actor, kind, listing_id, changes=changes, version=version, now=now()
            )
        )

    @blp.route(f"{one}/submissions", methods=["POST"], endpoint=f"submit_{kind}")
    @blp.response(200, own_view)
    def submit(listing_id: int) -> ResponseReturnValue:
        """提交审核"""
        return shown.take(
            lambda session, actor: service.submit_listing(session, actor, kind, listing_id, now=now())
        )

    @blp.route(f"{one}/reviews", methods=["POST"], endpoint=f"review_{kind}")
    @blp.arguments(ListingReviewInput)
    @blp.response(200, view)
    def review(form: dict[str, Any], listing_id: int) -> ResponseReturnValue:
        """审核：发布、退回整改或驳回"""
        return shown.take(
            lambda session, actor: service.review_listing(
                session,
                actor,
                kind,
                listing_id,
                decision=Action(form["decision"]),
                note=form["note"],
                encoder=current_encoder(),
                now=now(),
            )
        )

    @blp.route(f"{one}/withdrawals", methods=["POST"], endpoint=f"withdraw_{kind}")
    @blp.arguments(ListingNoteInput)
    @blp.response(200, view)
    def withdraw(form: dict[str, Any], listing_id: int) -> ResponseReturnValue:
        """下架；提交后立即不再被检索到"""
        return shown.take(
            lambda session, actor: service.withdraw_listing(
                session, actor, kind, listing_id, note=form["note"], now=now()
            )
        )

    @blp.route(f"{one}/revisions", methods=["POST"], endpoint=f"revise_{kind}")
    @blp.response(200, own_view)
    def revise(listing_id: int) -> ResponseReturnValue:
        """撤回修订，修改后须重新审核"""
        return shown.take(
            lambda session, actor: service.revise_listing(session, actor, kind, listing_id, now=now())
        )

    @blp.route(f"{one}/renewals", methods=["POST"], endpoint=f"renew_{kind}")
    @blp.arguments(RenewalInput)
    @blp.response(200, own_view)
    def renew(form: dict[str, Any], listing_id: int) -> ResponseReturnValue:
        """续期"""
        return shown.take(
            lambda session, actor: service.renew_listing(
                session,
                actor,
                kind,
                listing_id,
                expires_on=form["expires_on"],
                encoder=current_encoder(),
                now=now(),
            )
        )

    @blp.route(f"{one}/events", endpoint=f"list_{kind}_events")
    @blp.response(200, ListingOwnEventView(many=True))
    def list_events(listing_id: int) -> ResponseReturnValue:
        """查看办理经过；各版本原文仅发布单位可见"""
        with reading() as session:
            actor = current_actor(session)
            listing = queries.get_listing(session, actor, kind, listing_id)
            queries.require_history(actor, listing)
            events = queries.list_events(session, listing)
        shape = ListingOwnEventView if queries.is_owner(actor, listing) else ListingEventView
        return flask.jsonify(shape(many=True).dump(events))


_lay_out(
    ListingKind.NEED,
    "needs",
    new=NeedInput,
    change=NeedFields,
    view=NeedView,
    own_view=NeedOwnView,
    args=NeedArgs,
)
_lay_out(
    ListingKind.ACHIEVEMENT,
    "achievements",
    new=AchievementInput,
    change=AchievementFields,
    view=AchievementView,
    own_view=AchievementOwnView,
    args=ListingArgs,
)
_lay_out(
    ListingKind.SCENARIO,
    "scenarios",
    new=ScenarioInput,
    change=ScenarioFields,
    view=ScenarioView,
    own_view=ScenarioOwnView,
    args=ScenarioArgs,
)
