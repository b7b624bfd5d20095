"""Certificates, registration lists and their verification over HTTP."""

from __future__ import annotations

from typing import Any

from market.accounts.auth import current_actor
from market.contracts.api.blueprint import blp
from market.contracts.printing import certificate_pdf, list_pdf
from market.contracts.queries import certificates as queries
from market.contracts.schemas.certificates import (
    CertificateView,
    ListArgs,
    ListInput,
    ListVoidInput,
    RegistrationListView,
    VerificationView,
)
from market.contracts.service import lists as service
from market.http.edge import edge, now, page_request, reading, transaction
from market.http.files import BINARY, PDF_TYPE, pdf_answer
from market.http.limits import limiter
from market.http.schema import page_of

VERIFICATION_LIMIT = "60 per minute"
"""For one address: plenty for a clerk with a pile of certificates, nothing for guessing codes."""


@blp.route("/contracts/<int:contract_id>/certificates")
@blp.response(200, CertificateView(many=True))
def list_certificates(contract_id: int) -> Any:
    """列出合同的登记证明（含已作废的），旧的在前"""
    with reading() as session:
        return queries.list_certificates(session, current_actor(session), contract_id)


@blp.route("/certificates/<int:certificate_id>/pdf")
@blp.response(200, BINARY, content_type=PDF_TYPE)
def print_certificate(certificate_id: int) -> Any:
    """打印登记证明（PDF）；已作废的印有“作废”"""
    with reading() as session:
        certificate = queries.get_certificate(session, current_actor(session), certificate_id)
    content = certificate_pdf(certificate, public_url=edge().settings.public_url)
    return pdf_answer(content, name=f"技术合同登记证明{certificate.number}")


@blp.route("/verifications/<code>")
@limiter.limit(VERIFICATION_LIMIT)
@blp.response(200, VerificationView)
def verify(code: str) -> Any:
    """凭验证码核验登记证明或登记清单：内容，是否有效，作废的日期和原因（公开，限制频次）"""
    with reading() as session:
        return queries.get_by_code(session, code)


@blp.route("/registration-lists", methods=["POST"])
@blp.arguments(ListInput)
@blp.response(201, RegistrationListView)
def create_list(form: dict[str, Any]) -> Any:
    """出具登记清单：同一申请单位、本机构登记、均为大额或均非大额的合同（登记机构）"""
    with transaction() as session:
        return service.create_list(session, current_actor(session), **form, now=now())


@blp.route("/registration-lists")
@blp.arguments(ListArgs, location="query")
@blp.response(200, page_of(RegistrationListView))
def list_lists(args: dict[str, Any]) -> Any:
    """列出登记清单，新的在前（申请单位、登记机构、主管部门）"""
    page = page_request(args)
    with reading() as session:
        return queries.list_registration_lists(session, current_actor(session), page=page, **args)


@blp.route("/registration-lists/<int:list_id>")
@blp.response(200, RegistrationListView)
def get_list(list_id: int) -> Any:
    """查看一份登记清单"""
    with reading() as session:
        return queries.get_registration_list(session, current_actor(session), list_id)


@blp.route("/registration-lists/<int:list_id>/pdf")
@blp.response(200, BINARY, content_type=PDF_TYPE)
def print_list(list_id: int) -> Any:
    """打印登记清单（PDF）；已作废的印有“作废”"""
    with reading() as session:
        row = queries.get_registration_list(session, current_actor(session), list_id)
    content = list_pdf(row, public_url=edge().settings.public_url)
    return pdf_answer(content, name=f"技术合同登记清单{row.number}")


@blp.route("/registration-lists/<int:list_id>/voidings", methods=["POST"])
@blp.arguments(ListVoidInput)
@blp.response(200, RegistrationListView)
def void_list(form: dict[str, Any], list_id: int) -> Any:
    """作废一份开错的登记清单，须写明原因（登记机构）"""
    with transaction() as session:
        return service.void_list(session, current_actor(session), list_id, **form, now=now())
