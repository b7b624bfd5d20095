"""Form of certificates, registration lists and their verification over HTTP."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from market.clock import china_day
from market.contracts.models import Certificate, RegistrationList
from market.contracts.rules.certificates import REASON_LENGTH
from market.http.schema import MarketSchema, PageArgs, text

MAX_ON_LIST = 200


class CertificateView(MarketSchema):
    """A certificate; `content` is everything printed on it, void where `voided_at` is set."""

    id = fields.Integer()
    contract_id = fields.Integer()
    contract_version = fields.Integer()
    number = fields.String()
    code = fields.String()
    content = fields.Dict()
    digest = fields.String(metadata={"description": "content 的 SHA-256（键排序、无空白的 UTF-8 JSON）"})
    issued_at = fields.AwareDateTime()
    voided_at = fields.AwareDateTime(allow_none=True)
    void_reason = fields.String(allow_none=True)


class ListInput(MarketSchema):
    """Which contracts to put on a list, in this order."""

    contract_ids = fields.List(
        fields.Integer(strict=True), required=True, validate=validate.Length(min=1, max=MAX_ON_LIST)
    )

    @ma.validates("contract_ids")
    def _none_twice(self, ids: list[int], **_: Any) -> None:
        if len(set(ids)) < len(ids):
            raise ma.ValidationError("同一合同不能列两次")


class ListVoidInput(MarketSchema):
    """Why a list is taken back."""

    reason = text(1, REASON_LENGTH, required=True)


class ListArgs(PageArgs):
    """Which lists to show."""

    valid = fields.Boolean(metadata={"description": "true 只列有效的，false 只列作废的"})


class RegistrationListView(MarketSchema):
    """A registration list; `content` is everything printed on it, void where `voided_at` is set."""

    id = fields.Integer()
    number = fields.String()
    code = fields.String()
    station_id = fields.Integer()
    applicant_id = fields.Integer()
    large = fields.Boolean(metadata={"description": "true 为大额合同清单"})
    contract_ids = fields.Function(
        lambda row: [item.contract_id for item in sorted(row.items, key=lambda item: item.position)],
        metadata={"type": "array", "items": {"type": "integer"}},
    )
    content = fields.Dict()
    digest = fields.String()
    issued_at = fields.AwareDateTime()
    voided_at = fields.AwareDateTime(allow_none=True)
    void_reason = fields.String(allow_none=True)


class VerificationView(MarketSchema):
    """What a verification code stands for, and whether it still holds."""

    kind = fields.String(validate=validate.OneOf(["certificate", "registration_list"]))
    kind_name = fields.String()
    valid = fields.Boolean()
    status_name = fields.String(metadata={"description": "有效 或 作废"})
    number = fields.String()
    code = fields.String()
    issued_on = fields.Date()
    voided_on = fields.Date(allow_none=True)
    void_reason = fields.String(allow_none=True)
    digest = fields.String()
    content = fields.Dict(metadata={"description": "证明或清单上所载的全部内容"})

    @ma.pre_dump
    def _told(self, row: Certificate | RegistrationList, **_: Any) -> dict[str, Any]:
        is_certificate = isinstance(row, Certificate)
        return {
            "kind": "certificate" if is_certificate else "registration_list",
            "kind_name": "技术合同登记证明" if is_certificate else "技术合同登记清单",
            "valid": row.voided_at is None,
            "status_name": "有效" if row.voided_at is None else "作废",
            "number": row.number,
            "code": row.code,
            "issued_on": china_day(row.issued_at),
            "voided_on": None if row.voided_at is None else china_day(row.voided_at),
            "void_reason": row.void_reason,
            "digest": row.digest,
            "content": row.content,
        }
