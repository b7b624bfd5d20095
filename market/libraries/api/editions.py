"""Editions of lists over HTTP."""

from __future__ import annotations

from typing import Any

from market.accounts.auth import current_actor
from market.http.edge import now, page_request, reading, transaction
from market.http.files import BINARY, made_answer
from market.http.schema import PageArgs, page_of
from market.libraries.api.blueprint import blp
from market.libraries.printing import MEDIA_TYPES, SheetFormat, edition_file
from market.libraries.queries import editions as queries
from market.libraries.schemas.editions import (
    EditionArgs,
    EditionInput,
    EditionPreviewInput,
    EditionPreviewView,
    EditionRowView,
    EditionView,
)
from market.libraries.schemas.registers import FileArgs
from market.libraries.service import editions as service
from market.search.access import current_encoder, index_changed


@blp.route("/editions")
@blp.arguments(EditionArgs, location="query")
@blp.response(200, page_of(EditionView))
def list_editions(args: dict[str, Any]) -> Any:
    """列出已发布的清单版本，新的在前"""
    page = page_request(args)
    with reading() as session:
        return queries.list_editions(session, page=page, **args)


@blp.route("/editions", methods=["POST"])
@blp.arguments(EditionInput)
@blp.response(201, EditionView)
def publish_edition(form: dict[str, Any]) -> Any:
    """发布清单的新版本；有待核对的条目时不能发布（所在地主管部门）"""
    with transaction() as session:
        edition = service.publish_edition(
            session, current_actor(session), **form, encoder=current_encoder(), now=now()
        )
    index_changed()
    return edition


@blp.route("/editions/previews", methods=["POST"])
@blp.arguments(EditionPreviewInput)
@blp.response(200, EditionPreviewView)
def preview_edition(form: dict[str, Any]) -> Any:
    """预览下一版：条目数、待核对的条目、与上一版的差别（所在地主管部门）"""
    with reading() as session:
        return service.preview_edition(session, current_actor(session), **form)


@blp.route("/editions/<int:edition_id>")
@blp.response(200, EditionView)
def get_edition(edition_id: int) -> Any:
    """查看清单版本及其与上一版的差别"""
    with reading() as session:
        return queries.get_edition(session, edition_id)


@blp.route("/editions/<int:edition_id>/rows")
@blp.arguments(PageArgs, location="query")
@blp.response(200, page_of(EditionRowView))
def list_rows(args: dict[str, Any], edition_id: int) -> Any:
    """列出清单版本的各行"""
    page = page_request(args)
    with reading() as session:
        return queries.list_rows(session, queries.get_edition(session, edition_id), page=page)


@blp.route("/editions/<int:edition_id>/files/<any(xlsx, csv):file_format>")
@blp.arguments(FileArgs, location="query")
@blp.response(200, BINARY, content_type="application/octet-stream")
def get_edition_file(args: dict[str, Any], edition_id: int, file_format: str) -> Any:
    """下载清单版本：工作簿（xlsx）或文本表格（csv）"""
    chosen = SheetFormat(file_format)
    with reading() as session:
        edition = queries.get_edition(session, edition_id)
        content = edition_file(session, edition, chosen, **args)
    return made_answer(content, name=f"{edition.title}.{chosen}", media_type=MEDIA_TYPES[chosen])
