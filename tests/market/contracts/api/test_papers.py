"""Papers over HTTP: upload, checklist, download, taking back."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import flask
import pytest
from flask.testing import FlaskClient

from market.accounts.rules import OrganisationKind
from market.contracts.models import Contract
from market.contracts.rules import Status
from market.db import Database
from market.http.edge import Edge, attach_edge, edge
from tests.factories import make_actor
from tests.market.contracts.api.support import PDF, Desk, open_desk, problem
from tests.market.contracts.factories import make_deal

pytestmark = pytest.mark.one_database("views; service/ and test_queries.py ask both")


@pytest.fixture
def desk(app: flask.Flask, client: FlaskClient, database: Database) -> Desk:
    return open_desk(app, client, database)


def with_settings(desk: Desk, **values: object) -> None:
    """Let the app run with some settings changed."""
    with desk.app.app_context():
        old = edge()
    settings = dataclasses.replace(old.settings, **values)  # type: ignore[arg-type]  # names and types agree
    attach_edge(desk.app, Edge(settings=settings, database=old.database, clock=old.clock))


def test_upload_list_download_withdraw(desk: Desk) -> None:
    contract_id, seller = desk.contract(Status.DRAFT), desk.cast.seller
    response = desk.upload(contract_id, seller)
    assert response.status_code == 201
    body = response.get_json()
    assert (body["kind_name"], body["name"]) == ("完整的合同文本（双方签章）", "合同.pdf")
    assert (body["media_type"], body["size"]) == ("application/pdf", len(PDF))
    assert (body["scan"], body["withdrawn_at"], body["request_id"]) == ("not_scanned", None, None)

    found = desk.get(f"/contracts/{contract_id}/documents", seller).get_json()
    assert [paper["id"] for paper in found["papers"]] == [body["id"]]
    there = {item["kind"]: item["there"] for item in found["checklist"]}
    assert there["contract_text"]
    assert not there["ip_proof"]
    assert all(item["source"] for item in found["checklist"])

    path = f"/contracts/{contract_id}/documents/{body['id']}"
    file = desk.get(path, desk.cast.buyer)
    assert (file.status_code, file.data, file.mimetype) == (200, PDF, "application/pdf")
    assert file.headers["Content-Disposition"].startswith("attachment; ")
    assert "filename*=UTF-8''%E5%90%88%E5%90%8C.pdf" in file.headers["Content-Disposition"]
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert file.headers["Cache-Control"] == "private, no-store"
    file.close()

    assert desk.send("DELETE", path, seller).status_code == 204
    problem(desk.get(path, seller), 404, "document-not-found")


def test_a_broker_in_charge_reads_no_papers(desk: Desk) -> None:
    with desk.database.transaction() as session:
        broker = make_actor(session, OrganisationKind.AGENCY)
        contract = desk.insert(session, Status.DRAFT)
        contract_id = contract.id
        contract.suggestion_id = make_deal(session, desk.cast, broker=broker).id
    assert desk.get(f"/contracts/{contract_id}", broker).status_code == 200
    problem(desk.get(f"/contracts/{contract_id}/documents", broker), 403, "papers-not-yours")


def test_a_refused_upload_leaves_nothing_on_the_disk(desk: Desk, tmp_path: Path) -> None:
    contract_id = desk.contract(Status.DRAFT)
    problem(desk.upload(contract_id, None), 401, "unauthenticated")
    problem(desk.upload(contract_id, desk.cast.buyer), 403, "not-the-applicant")
    problem(desk.upload(contract_id, desk.cast.seller, kind="selfie"), 422, "unknown-code")
    assert not (tmp_path / "documents").exists()


def test_files_that_are_not_taken(desk: Desk) -> None:
    with_settings(desk, max_document_bytes=1024)
    contract_id, seller = desk.contract(Status.DRAFT), desk.cast.seller
    for content, name, code in (
        (b"MZ\x90\x00", "合同.exe", "file-type-refused"),
        (b"", "合同.pdf", "file-empty"),
        (PDF + bytes(2000), "合同.pdf", "file-too-large"),
    ):
        problem(desk.upload(contract_id, seller, content=content, name=name), 422, code)
    detail = "文件内容是PDF，与文件名“合同.docx”不符，请更正扩展名后重新上传。"
    assert problem(desk.upload(contract_id, seller, name="合同.docx"), 422, "file-type-mismatch") == {
        "type": "urn:market:problem:file-type-mismatch",
        "title": "不符合规则",
        "status": 422,
        "detail": detail,
        "code": "file-type-mismatch",
        "errors": [{"pointer": "/file", "code": "file-type-mismatch", "detail": detail}],
    }


def test_a_paper_belongs_to_one_thing(desk: Desk) -> None:
    response = desk.upload(desk.contract(), desk.cast.seller, request_id="1", income_verification_id="2")
    body = problem(response, 422, "validation-failed")
    assert body["errors"] == [
        {"pointer": "/income_verification_id", "code": "invalid-value", "detail": "只能属于一项申请。"}
    ]


def test_the_scanner_decides(desk: Desk, tmp_path: Path) -> None:
    scan = tmp_path / "scan.sh"
    scan.write_text('#!/bin/sh\ngrep -q EICAR "$1" && exit 1\ngrep -q BROKEN "$1" && exit 3\nexit 0\n')
    scan.chmod(0o755)
    with_settings(desk, scan_command=str(scan))
    contract_id, seller = desk.contract(Status.DRAFT), desk.cast.seller
    assert desk.upload(contract_id, seller).get_json()["scan"] == "clean"
    problem(desk.upload(contract_id, seller, content=PDF + b"EICAR"), 422, "file-infected")
    response = desk.upload(contract_id, seller, content=PDF + b"BROKEN")
    problem(response, 503, "scanner-unavailable")
    assert response.headers["Retry-After"] == "5"


def test_a_file_that_has_gone_missing_is_told(desk: Desk, tmp_path: Path) -> None:
    contract_id = desk.contract(Status.DRAFT)
    body = desk.upload(contract_id, desk.cast.seller).get_json()
    (tmp_path / "documents" / body["sha256"][:2] / body["sha256"]).unlink()
    path = f"/contracts/{contract_id}/documents/{body['id']}"
    problem(desk.get(path, desk.cast.seller), 404, "file-missing")


def test_withdrawing_too_late(desk: Desk) -> None:
    contract_id = desk.contract(Status.IN_REVIEW)
    body = desk.upload(contract_id, desk.cast.registrar).get_json()
    path = f"/contracts/{contract_id}/documents/{body['id']}"
    problem(desk.send("DELETE", path, desk.cast.seller), 403, "not-your-paper")
    with desk.database.transaction() as session:
        session.get_one(Contract, contract_id).status = Status.REFUSED
    problem(desk.send("DELETE", path, desk.cast.registrar), 409, "papers-closed")
