"""Papers of a contract over HTTP."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from market.accounts.auth import current_actor
from market.clock import china_day
from market.contracts.api.blueprint import blp
from market.contracts.queries import papers as queries
from market.contracts.schemas.papers import (
    FILE_WORDS,
    INCOME_WORDS,
    KIND_WORDS,
    REQUEST_WORDS,
    PaperFile,
    PaperInput,
    PapersView,
    PaperView,
)
from market.contracts.service import papers as service
from market.contracts.service.papers import Belonging
from market.http.edge import edge, now, reading, transaction
from market.http.files import BINARY, file_answer
from market.storage import DocumentStore, open_store

UPLOAD_DOC: dict[str, Any] = {
    "parameters": [],
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "kind"],
                    "properties": {
                        "file": {**BINARY, "description": FILE_WORDS},
                        "kind": {"type": "string", "description": KIND_WORDS},
                        "request_id": {"type": "integer", "description": REQUEST_WORDS},
                        "income_verification_id": {"type": "integer", "description": INCOME_WORDS},
                    },
                }
            }
        },
    },
}
"""The form and its file as one body; the framework can only describe one of two places."""


def current_store() -> DocumentStore:
    """Return the current app's document store."""
    return open_store(edge().settings)


@blp.route("/contracts/<int:contract_id>/documents", methods=["POST"])
@blp.doc(**UPLOAD_DOC)
@blp.arguments(PaperInput, location="form")
@blp.arguments(PaperFile, location="files")
@blp.response(201, PaperView)
def add_paper(form: dict[str, Any], files: dict[str, Any], contract_id: int) -> Any:
    """上传合同材料（申请单位在草稿或退回补正时，登记机构在办理期间；属于某项申请的，在其办结前）"""
    kind = form.pop("kind")
    belonging = Belonging(**form)
    with closing(files["file"]) as upload:
        # First without the file: strangers cannot fill the disk, and no transaction waits for a scanner.
        with reading() as session:
            service.require_may_add(
                session, current_actor(session), contract_id, kind=kind, belonging=belonging, now=now()
            )
        file = current_store().put(upload.stream, name=upload.filename or "")
    with transaction() as session:
        return service.add_paper(
            session, current_actor(session), contract_id, kind=kind, file=file, belonging=belonging, now=now()
        )


@blp.route("/contracts/<int:contract_id>/documents")
@blp.response(200, PapersView)
def list_papers(contract_id: int) -> Any:
    """列出合同材料，及申请应交材料的清单和是否已交（合同双方、登记机构、主管部门）"""
    with reading() as session:
        return queries.list_papers(session, current_actor(session), contract_id, today=china_day(now()))


@blp.route("/contracts/<int:contract_id>/documents/<int:document_id>")
@blp.response(200, BINARY, content_type="application/octet-stream")
def get_paper(contract_id: int, document_id: int) -> Any:
    """下载一份合同材料（合同双方、登记机构、主管部门；身份、账户类材料对方当事人不可见）"""
    with reading() as session:
        paper = queries.get_paper(session, current_actor(session), contract_id, document_id)
    return file_answer(current_store().path_of(paper.sha256), name=paper.name, media_type=paper.media_type)


@blp.route("/contracts/<int:contract_id>/documents/<int:document_id>", methods=["DELETE"])
@blp.response(204)
def withdraw_paper(contract_id: int, document_id: int) -> None:
    """撤下本单位提交的一份材料（申请单位在受理前，登记机构在登记前；属于某项申请的，在其办结前）"""
    with transaction() as session:
        service.withdraw_paper(session, current_actor(session), contract_id, document_id, now=now())
