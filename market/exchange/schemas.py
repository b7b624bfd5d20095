"""Form of imports over HTTP."""

from __future__ import annotations

from flask_smorest.fields import Upload
from marshmallow import fields, validate

from market.exchange.rules.runs import ImportKind, Mode, Result
from market.http.schema import MarketSchema, text

PAIR = validate.Regexp(r"^[^=]+=.*$", error="应写成“名称=值”")


class ImportFile(MarketSchema):
    """The file itself."""

    file = Upload(
        required=True,
        metadata={"description": ".csv、.xlsx 或 .jsonl，至多 5000 行；清单和库的条目至多 500 行"},
    )


class ImportInput(MarketSchema):
    """How the file is to be imported."""

    kind = fields.Enum(ImportKind, by_value=True, required=True)
    mode = fields.Enum(Mode, by_value=True, load_default=Mode.ALL_OR_NOTHING)
    dry_run = fields.Boolean(load_default=False, metadata={"description": "只检查，不写入"})
    publish = fields.Boolean(load_default=False, metadata={"description": "导入并发布；仅管理员"})
    draft = fields.Boolean(
        load_default=False, metadata={"description": "清单和库的条目只存为草稿，不提交核对"}
    )
    organisation = text(
        1,
        200,
        load_default=None,
        metadata={"description": "所有行的单位（合同为登记机构）：编号、统一社会信用代码或名称"},
    )
    sheet = text(1, 100, load_default=None, metadata={"description": "工作表名称"})
    map = fields.List(
        fields.String(validate=PAIR),
        load_default=list,
        metadata={"description": "列=字段；字段留空表示不导入该列"},
    )
    set = fields.List(
        fields.String(validate=PAIR), load_default=list, metadata={"description": "字段=值；用于未填的行"}
    )
    confirm_unit = fields.Boolean(
        load_default=False, metadata={"description": "确认金额单位无误，即使与通常的金额相差悬殊"}
    )


class MappedColumnView(MarketSchema):
    """What a column was taken for."""

    column = fields.String()
    field = fields.String()
    label = fields.String()
    unit = fields.String(allow_none=True)


class RowErrorView(MarketSchema):
    """Why a row was refused."""

    row = fields.Integer()
    column = fields.String(allow_none=True)
    position = fields.String(allow_none=True)
    code = fields.String()
    detail = fields.String()
    source = fields.String(allow_none=True, metadata={"description": "所依据的规定"})


class ImportView(MarketSchema):
    """One import; `errors` lists the first 200 faults."""

    id = fields.Integer()
    kind = fields.Enum(ImportKind, by_value=True)
    file_name = fields.String()
    sha256 = fields.String()
    mode = fields.Enum(Mode, by_value=True)
    dry_run = fields.Boolean()
    publish = fields.Boolean()
    result = fields.Enum(Result, by_value=True)
    rows = fields.Integer()
    created = fields.Integer()
    updated = fields.Integer()
    unchanged = fields.Integer()
    failed = fields.Integer()
    mapping = fields.List(fields.Nested(MappedColumnView))
    unmapped = fields.List(fields.String())
    errors = fields.List(fields.Nested(RowErrorView))
    started_at = fields.AwareDateTime()
    finished_at = fields.AwareDateTime(allow_none=True)
