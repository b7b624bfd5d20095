"""Key technologies over HTTP: progress and linked needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from market.accounts.auth import current_actor
from market.accounts.rules import Actor
from market.http.edge import now, transaction
from market.http.etag import versioned
from market.libraries.api.blueprint import blp, lay_out
from market.libraries.models import KeyTechnology
from market.libraries.queries.counts import between
from market.libraries.rules import EntryKind
from market.libraries.schemas.technologies import (
    TechnologyArgs,
    TechnologyFields,
    TechnologyInput,
    TechnologyInternalView,
    TechnologyNeedLinkInput,
    TechnologyProgressInput,
    TechnologyView,
)
from market.libraries.service import technologies as service
from market.search.access import current_encoder, index_changed


def _filters(filters: dict[str, Any]) -> Iterator[ColumnElement[bool]]:
    if progress := filters.pop("progress", None):
        yield KeyTechnology.progress == progress
    yield from between(KeyTechnology.solved_on, filters.pop("since", None), filters.pop("until", None))
    if (node := filters.pop("node", None)) is not None:
        yield KeyTechnology.node_id == node


lay_out(
    EntryKind.TECHNOLOGY,
    "key-technologies",
    KeyTechnology,
    new=TechnologyInput,
    change=TechnologyFields,
    view=TechnologyView,
    internal_view=TechnologyInternalView,
    args=TechnologyArgs,
    conditions=_filters,
)


def _done(work: Callable[[Session, Actor], KeyTechnology], status: int = 200) -> Any:
    with transaction() as session:
        technology = work(session, current_actor(session))
    index_changed()
    return versioned(technology, status)


@blp.route("/key-technologies/<int:entry_id>/progress", methods=["POST"])
@blp.arguments(TechnologyProgressInput)
@blp.response(200, TechnologyInternalView)
def record_progress(form: dict[str, Any], entry_id: int) -> Any:
    """记录攻关进展（所在地主管部门）"""
    return _done(
        lambda session, actor: service.record_progress(
            session, actor, entry_id, **form, encoder=current_encoder(), now=now()
        )
    )


@blp.route("/key-technologies/<int:entry_id>/needs", methods=["POST"])
@blp.arguments(TechnologyNeedLinkInput)
@blp.response(201, TechnologyInternalView)
def link_need(form: dict[str, Any], entry_id: int) -> Any:
    """关联已发布的需求（提出单位、所属单位和所在地主管部门）"""
    return _done(
        lambda session, actor: service.link_need(
            session, actor, entry_id, need_id=form["need_id"], now=now()
        ),
        201,
    )


@blp.route("/key-technologies/<int:entry_id>/needs/<int:need_id>", methods=["DELETE"])
@blp.response(200, TechnologyInternalView)
def unlink_need(entry_id: int, need_id: int) -> Any:
    """取消关联需求（提出单位、所属单位和所在地主管部门）"""
    return _done(
        lambda session, actor: service.unlink_need(session, actor, entry_id, need_id=need_id, now=now())
    )
