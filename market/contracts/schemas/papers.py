"""Form of the papers of a contract over HTTP."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask_smorest.fields import Upload
from marshmallow import fields, validate

from market.contracts.queries.papers import DescribedPaper
from market.contracts.rules import Scan
from market.http.schema import MarketSchema

FILE_WORDS = "PDF、OFD、JPEG、PNG、DOCX 或 XLSX；加密或带宏的办公文件不予接收"
KIND_WORDS = "材料种类，见代码表 document_kind"
REQUEST_WORDS = "所属的变更、结算、注销或撤销申请"
INCOME_WORDS = "所属的技术性收入核定申请"


class PaperFile(MarketSchema):
    """The file itself."""

    file = Upload(required=True)


class PaperInput(MarketSchema):
    """What the file is; at most one of the two ids, where it does not belong to the application."""

    kind = fields.String(required=True, validate=validate.Length(min=1, max=32))
    request_id = fields.Integer(load_default=None)
    income_verification_id = fields.Integer(load_default=None)

    @ma.validates_schema
    def _belongs_once(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("request_id") is not None and data.get("income_verification_id") is not None:
            raise ma.ValidationError("只能属于一项申请", field_name="income_verification_id")


class PaperView(MarketSchema):
    """A paper handed in; taken back where `withdrawn_at` is set."""

    id = fields.Integer()
    contract_id = fields.Integer()
    request_id = fields.Integer(allow_none=True)
    income_verification_id = fields.Integer(allow_none=True)
    kind = fields.String()
    kind_name = fields.String(allow_none=True)
    name = fields.String()
    media_type = fields.String()
    size = fields.Integer()
    sha256 = fields.String()
    scan = fields.Enum(Scan, by_value=True)
    uploaded_by = fields.Integer(allow_none=True)
    uploaded_at = fields.AwareDateTime()
    withdrawn_at = fields.AwareDateTime(allow_none=True)

    @ma.pre_dump
    def _beside_name(self, described: DescribedPaper, **_: Any) -> dict[str, Any]:
        columns = {
            name: getattr(described.paper, name) for name in self.fields if hasattr(described.paper, name)
        }
        return {**columns, "kind_name": described.kind_name}


class ChecklistItemView(MarketSchema):
    """A kind of paper the application is asked for."""

    kind = fields.String()
    kind_name = fields.String()
    required = fields.Boolean(metadata={"description": "是否必须；否则视情况提交"})
    there = fields.Boolean()
    source = fields.String(metadata={"description": "依据"})


class PapersView(MarketSchema):
    """The papers of a contract and the checklist of its application."""

    rule_version = fields.String()
    complete = fields.Boolean(metadata={"description": "必须的材料是否已齐"})
    checklist = fields.List(fields.Nested(ChecklistItemView))
    papers = fields.List(fields.Nested(PaperView))
