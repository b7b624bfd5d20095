"""The routes of registers, and what the routes of every kind of entry share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import flask
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from market.accounts.auth import current_actor, find_current_actor
from market.accounts.rules import Actor
from market.http.edge import now, page_request, reading, transaction
from market.http.etag import IF_MATCH_DOC, expected_version
from market.http.schema import MarketBlueprint, MarketSchema, page_of
from market.libraries.models import RegisterEntry
from market.libraries.queries import entries as queries
from market.libraries.rules import EntryAction, EntryKind
from market.libraries.schemas.entries import CheckInput, EntryEventView, EntryNoteInput
from market.libraries.service import entries as service
from market.search.access import current_encoder, index_changed

blp = MarketBlueprint("libraries", __name__, description="三单两库：清单、项目库与人才库")


def lay_out(
    kind: EntryKind,
    plural: str,
    model: type[RegisterEntry],
    *,
    new: type[MarketSchema],
    change: type[MarketSchema],
    view: type[MarketSchema],
    internal_view: type[MarketSchema],
    args: type[MarketSchema],
    conditions: Callable[[dict[str, Any]], Iterable[ColumnElement[bool]]] = lambda _filters: (),
) -> None:
    """Lay out the routes that every kind of entry has.

    Args:
        kind: of the entries.
        plural: in the address.
        model: their table class.
        new: form of a new entry.
        change: form of a change.
        view: the public part.
        internal_view: the whole, for its keeper and its bureau.
        args: filters of the list, `EntryArgs` and those of the kind.
        conditions: takes the kind's own filters out of the arguments and says what they mean.
    """
    one = f"/{plural}/<int:entry_id>"
    public, whole = view(), internal_view()

    def answer(actor: Actor | None, entry: RegisterEntry, status: int = 200) -> ResponseReturnValue:
        shape = whole if queries.sees_internal(actor, entry) else public
        return flask.jsonify(shape.dump(entry)), status, {"ETag": f'"{entry.version}"'}

    def take(work: Callable[[Session, Actor], RegisterEntry], status: int = 200) -> ResponseReturnValue:
        with transaction() as session:
            actor = current_actor(session)
            entry = work(session, actor)
        index_changed()
        return answer(actor, entry, status)

    @blp.route(f"/{plural}", methods=["POST"], endpoint=f"create_{kind}")
    @blp.arguments(new)
    @blp.response(201, internal_view)
    def create(form: dict[str, Any]) -> ResponseReturnValue:
        """提出条目，先成为草稿"""
        return take(
            lambda session, actor: service.create_entry(session, actor, kind, form=form, now=now()), 201
        )

    @blp.route(f"/{plural}", endpoint=f"list_{plural}")
    @blp.arguments(args, location="query")
    @blp.response(200, page_of(view))
    def list_all(filters: dict[str, Any]) -> Any:
        """列出可见的条目，最新在前；只含公开部分"""
        page = page_request(filters)
        wanted = list(conditions(filters))
        with reading() as session:
            return queries.list_entries(
                session, find_current_actor(session), model, page=page, conditions=wanted, **filters
            )

    @blp.route(one, endpoint=f"get_{kind}")
    @blp.response(200, internal_view)
    def get(entry_id: int) -> ResponseReturnValue:
        """查看条目；内部部分仅提出单位、所属单位和所在地主管部门可见"""
        with reading() as session:
            actor = find_current_actor(session)
            return answer(actor, queries.get_entry(session, actor, model, entry_id))

    @blp.route(one, methods=["PATCH"], endpoint=f"edit_{kind}")
    @blp.doc(**IF_MATCH_DOC)
    @blp.arguments(change)
    @blp.response(200, internal_view)
    def edit(changes: dict[str, Any], entry_id: int) -> ResponseReturnValue:
        """修改草稿或退回的条目"""
        version = expected_version()
        return take(
            lambda session, actor: service.edit_entry(
                session, actor, model, entry_id, changes=changes, version=version, now=now()
            )
        )

    @blp.route(f"{one}/proposals", methods=["POST"], endpoint=f"propose_{kind}")
    @blp.response(200, internal_view)
    def propose(entry_id: int) -> ResponseReturnValue:
        """提交核对"""
        return take(lambda session, actor: service.propose_entry(session, actor, model, entry_id, now=now()))

    @blp.route(f"{one}/checks", methods=["POST"], endpoint=f"check_{kind}")
    @blp.arguments(CheckInput)
    @blp.response(200, internal_view)
    def check(form: dict[str, Any], entry_id: int) -> ResponseReturnValue:
        """核对：列入、退回或不予列入（所在地主管部门，提出、改写或提交它的人除外）"""
        return take(
            lambda session, actor: service.check_entry(
                session,
                actor,
                model,
                entry_id,
                decision=EntryAction(form["decision"]),
                note=form["note"],
                encoder=current_encoder(),
                now=now(),
            )
        )

    @blp.route(f"{one}/revisions", methods=["POST"], endpoint=f"revise_{kind}")
    @blp.response(200, internal_view)
    def revise(entry_id: int) -> ResponseReturnValue:
        """撤回修订，修改后须重新核对"""
        return take(lambda session, actor: service.revise_entry(session, actor, model, entry_id, now=now()))

    @blp.route(f"{one}/delistings", methods=["POST"], endpoint=f"delist_{kind}")
    @blp.arguments(EntryNoteInput)
    @blp.response(200, internal_view)
    def delist(form: dict[str, Any], entry_id: int) -> ResponseReturnValue:
        """移出，须写明理由；提交后立即不再被检索到"""
        return take(
            lambda session, actor: service.delist_entry(
                session, actor, model, entry_id, note=form["note"], now=now()
            )
        )

    @blp.route(f"{one}/events", endpoint=f"list_{kind}_events")
    @blp.response(200, EntryEventView(many=True))
    def list_events(entry_id: int) -> Any:
        """查看办理经过（提出单位、所属单位和所在地主管部门）"""
        with reading() as session:
            actor = current_actor(session)
            entry = queries.get_entry(session, actor, model, entry_id)
            queries.require_history(actor, entry)
            return queries.list_events(session, entry)
