"""The routes of registers, and what the routes of every kind of entry share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class _Kind:
    """What the routes of one kind of entry need to know of it.

    Attributes:
        kind: of the entries.
        plural: in the address.
        model: their table class.
        view: the public part.
        internal_view: the whole, for its keeper and its bureau.
    """

    kind: EntryKind
    plural: str
    model: type[RegisterEntry]
    view: type[MarketSchema]
    internal_view: type[MarketSchema]

    @property
    def one(self) -> str:
        """The address of one entry."""
        return f"/{self.plural}/<int:entry_id>"

    def answer(self, actor: Actor | None, entry: RegisterEntry, status: int = 200) -> ResponseReturnValue:
        """Show an entry as far as the actor may see it."""
        shape = self.internal_view if queries.sees_internal(actor, entry) else self.view
        return flask.jsonify(shape().dump(entry)), status, {"ETag": f'"{entry.version}"'}

    def take(self, work: Callable[[Session, Actor], RegisterEntry], status: int = 200) -> ResponseReturnValue:
        """Do a piece of work in a transaction of its own, and show the entry it returns."""
        with transaction() as session:
            actor = current_actor(session)
            entry = work(session, actor)
        index_changed()
        return self.answer(actor, entry, status)


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
    of = _Kind(kind, plural, model, view, internal_view)
    _lay_out_reading(of, args, conditions)
    _lay_out_writing(of, new, change)
    _lay_out_steps(of)
    _lay_out_check(of)


def _lay_out_reading(
    of: _Kind,
    args: type[MarketSchema],
    conditions: Callable[[dict[str, Any]], Iterable[ColumnElement[bool]]],
) -> None:
    """Lay out the list, one entry and its steps."""

    @blp.route(f"/{of.plural}", endpoint=f"list_{of.plural}")
    @blp.arguments(args, location="query")
    @blp.response(200, page_of(of.view))
    def list_all(filters: dict[str, Any]) -> Any:
        """列出可见的条目，最新在前；只含公开部分"""
        page = page_request(filters)
        wanted = list(conditions(filters))
        with reading() as session:
            return queries.list_entries(
                session, find_current_actor(session), of.model, page=page, conditions=wanted, **filters
            )

    @blp.route(of.one, endpoint=f"get_{of.kind}")
    @blp.response(200, of.internal_view)
    def get(entry_id: int) -> ResponseReturnValue:
        """查看条目；内部部分仅提出单位、所属单位和所在地主管部门可见"""
        with reading() as session:
            actor = find_current_actor(session)
            return of.answer(actor, queries.get_entry(session, actor, of.model, entry_id))

    @blp.route(f"{of.one}/events", endpoint=f"list_{of.kind}_events")
    @blp.response(200, EntryEventView(many=True))
    def list_events(entry_id: int) -> Any:
        """查看办理经过（提出单位、所属单位和所在地主管部门）"""
        with reading() as session:
            actor = current_actor(session)
            entry = queries.get_entry(session, actor, of.model, entry_id)
            queries.require_history(actor, entry)
            return queries.list_events(session, entry)


def _lay_out_writing(of: _Kind, new: type[MarketSchema], change: type[MarketSchema]) -> None:
    """Lay out a new entry and its change."""

    @blp.route(f"/{of.plural}", methods=["POST"], endpoint=f"create_{of.kind}")
    @blp.arguments(new)
    @blp.response(201, of.internal_view)
    def create(form: dict[str, Any]) -> ResponseReturnValue:
        """提出条目，先成为草稿"""
        return of.take(
            lambda session, actor: service.create_entry(session, actor, of.kind, form=form, now=now()), 201
        )

    @blp.route(of.one, methods=["PATCH"], endpoint=f"edit_{of.kind}")
    @blp.doc(**IF_MATCH_DOC)
    @blp.arguments(change)
    @blp.response(200, of.internal_view)
    def edit(changes: dict[str, Any], entry_id: int) -> ResponseReturnValue:
        """修改草稿或退回的条目"""
        version = expected_version()
        return of.take(
            lambda session, actor: service.edit_entry(
                session, actor, of.model, entry_id, changes=changes, version=version, now=now()
            )
        )


def _lay_out_steps(of: _Kind) -> None:
    """Lay out the steps of whoever keeps an entry."""

    @blp.route(f"{of.one}/proposals", methods=["POST"], endpoint=f"propose_{of.kind}")
    @blp.response(200, of.internal_view)
    def propose(entry_id: int) -> ResponseReturnValue:
        """提交核对"""
        return of.take(
            lambda session, actor: service.propose_entry(session, actor, of.model, entry_id, now=now())
        )

    @blp.route(f"{of.one}/revisions", methods=["POST"], endpoint=f"revise_{of.kind}")
    @blp.response(200, of.internal_view)
    def revise(entry_id: int) -> ResponseReturnValue:
        """撤回修订，修改后须重新核对；在列的只由所属单位或所在地主管部门撤回"""
        return of.take(
            lambda session, actor: service.revise_entry(
                session, actor, of.model, entry_id, encoder=current_encoder(), now=now()
            )
        )

    @blp.route(f"{of.one}/delistings", methods=["POST"], endpoint=f"delist_{of.kind}")
    @blp.arguments(EntryNoteInput)
    @blp.response(200, of.internal_view)
    def delist(form: dict[str, Any], entry_id: int) -> ResponseReturnValue:
        """移出，须写明理由（所属单位、所在地主管部门）；提交后立即不再被检索到"""
        return of.take(
            lambda session, actor: service.delist_entry(
                session, actor, of.model, entry_id, note=form["note"], encoder=current_encoder(), now=now()
            )
        )


def _lay_out_check(of: _Kind) -> None:
    """Lay out the bureau's decision."""

    @blp.route(f"{of.one}/checks", methods=["POST"], endpoint=f"check_{of.kind}")
    @blp.arguments(CheckInput)
    @blp.response(200, of.internal_view)
    def check(form: dict[str, Any], entry_id: int) -> ResponseReturnValue:
        """核对：列入、退回或不予列入（所在地主管部门，提出、改写或提交它的人除外）"""
        return of.take(
            lambda session, actor: service.check_entry(
                session,
                actor,
                of.model,
                entry_id,
                decision=EntryAction(form["decision"]),
                note=form["note"],
                encoder=current_encoder(),
                now=now(),
            )
        )
