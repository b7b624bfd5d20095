"""Form of verifications of technical income over HTTP."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from market.contracts.rules import IncomeStatus
from market.contracts.rules.income import INCOME_STATUS_NAMES, Receipt
from market.http.schema import MarketSchema, MoneyFen, PageArgs, text

ANSWERS = {
    "verify": IncomeStatus.VERIFIED,
    "return": IncomeStatus.RETURNED,
    "refuse": IncomeStatus.REFUSED,
}


class IncomeInput(MarketSchema):
    """Money received under a contract within a period; amounts in fen."""

    received_from = fields.Date(required=True)
    received_to = fields.Date(required=True)
    received_fen = MoneyFen(required=True, metadata={"description": "实际收款"})
    deducted_fen = MoneyFen(load_default=0, metadata={"description": "其中用于设备、材料等非技术性费用"})
    bonus_fen = MoneyFen(allow_none=True, load_default=None, metadata={"description": "拟提取的奖酬金"})
    note = text(1, 1000, allow_none=True, load_default=None)

    @ma.post_load
    def _as_receipt(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        note = data.pop("note")
        return {"receipt": Receipt(**data), "note": note}


class IncomeDecisionInput(MarketSchema):
    """The station's answer; to return or refuse needs a note."""

    decision = fields.String(required=True, validate=validate.OneOf(list(ANSWERS)))
    note = text(1, 1000, allow_none=True, load_default=None)

    @ma.post_load
    def _as_answer(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"answer": ANSWERS[data["decision"]], "note": data["note"]}


class IncomePeriod(MarketSchema):
    """Periods that end between two days."""

    received_from = fields.Date(metadata={"description": "收款期间截止于此日或以后"})
    received_to = fields.Date(metadata={"description": "收款期间截止于此日或以前"})


class IncomeArgs(PageArgs, IncomePeriod):
    """Which verifications to list."""

    contract_id = fields.Integer()
    status = fields.Enum(IncomeStatus, by_value=True)


class IncomeView(MarketSchema):
    """A verification of technical income; amounts in fen, `number` from its verification on."""

    id = fields.Integer()
    contract_id = fields.Integer()
    reg_no = fields.String(attribute="contract.reg_no", allow_none=True)
    project_name = fields.String(attribute="contract.project_name")
    status = fields.Enum(IncomeStatus, by_value=True)
    status_name = fields.Function(lambda row: INCOME_STATUS_NAMES[row.status], metadata={"type": "string"})
    number = fields.String(allow_none=True)
    received_from = fields.Date()
    received_to = fields.Date()
    received_fen = fields.Integer()
    deducted_fen = fields.Integer()
    income_fen = fields.Integer()
    bonus_fen = fields.Integer(allow_none=True)
    note = fields.String(allow_none=True)
    submitted_by = fields.Integer(allow_none=True)
    submitted_at = fields.AwareDateTime()
    decided_by = fields.Integer(allow_none=True)
    decided_at = fields.AwareDateTime(allow_none=True)
    decision_note = fields.String(allow_none=True)
    version = fields.Integer()


class IncomeSumView(MarketSchema):
    """What was verified of the money received in one quarter; amounts in fen."""

    year = fields.Integer()
    quarter = fields.Integer()
    count = fields.Integer()
    received_fen = fields.Integer()
    deducted_fen = fields.Integer()
    income_fen = fields.Integer()
    bonus_fen = fields.Integer()
