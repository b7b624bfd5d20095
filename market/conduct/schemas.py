"""Form of the red and black lists over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from market.conduct.queries import SeenRecord, Sight
from market.conduct.rules import (
    ACTION_NAMES,
    BOARD_NAMES,
    DECISIONS,
    PLEA_KIND_NAMES,
    PLEA_STATUS_NAMES,
    STATUS_NAMES,
    Action,
    Board,
    PleaKind,
    PleaStatus,
    Status,
)
from market.http.schema import MarketSchema, PageArgs, text

REGION = validate.Length(equal=6)


class ConductInput(MarketSchema):
    """A record to propose, about one organisation or one entry of the registers."""

    board = fields.Enum(Board, by_value=True, required=True, data_key="list")
    organisation_id = fields.Integer(strict=True)
    entry_id = fields.Integer(strict=True)
    region_code = fields.String(validate=REGION)
    ground = text(1, 32, required=True)
    facts = text(10, 2000, required=True)
    evidence = text(10, 10_000, required=True)
    documents = fields.List(text(2, 200), required=True, validate=validate.Length(min=1, max=20))
    expires_on = fields.Date(required=True)


class ConductArgs(PageArgs):
    """Which records to list."""

    board = fields.Enum(Board, by_value=True, data_key="list")
    status = fields.Enum(Status, by_value=True)
    organisation = fields.Integer()
    entry = fields.Integer()
    region = fields.String(validate=REGION)


class ConductSubjectView(MarketSchema):
    """Whom a record is about: an organisation of the market, or an agency or person of the registers."""

    kind = fields.String()
    id = fields.Integer()
    name = fields.String()


class ConductView(MarketSchema):
    """What is public of a record; `status` is that of today."""

    id = fields.Integer(attribute="record.id")
    board = fields.Enum(Board, by_value=True, attribute="record.board", data_key="list")
    list_name = fields.Function(lambda seen: BOARD_NAMES[seen.record.board], metadata={"type": "string"})
    status = fields.Enum(Status, by_value=True)
    status_name = fields.Function(lambda seen: STATUS_NAMES[seen.status], metadata={"type": "string"})
    subject = fields.Nested(ConductSubjectView)
    region_code = fields.String(attribute="record.region_code")
    ground = fields.String(attribute="record.ground")
    facts = fields.String(attribute="record.facts")
    notice_until = fields.Date(attribute="record.notice_until", allow_none=True)
    listed_on = fields.Date(attribute="record.listed_on", allow_none=True)
    expires_on = fields.Date(attribute="record.expires_on")
    updated_at = fields.AwareDateTime(attribute="record.updated_at")
    version = fields.Integer()


class ConductPleaView(MarketSchema):
    """What the subject said, and the answer."""

    kind = fields.Enum(PleaKind, by_value=True)
    kind_name = fields.Function(lambda row: PLEA_KIND_NAMES[row.kind], metadata={"type": "string"})
    status = fields.Enum(PleaStatus, by_value=True)
    status_name = fields.Function(lambda row: PLEA_STATUS_NAMES[row.status], metadata={"type": "string"})
    words = fields.String()
    evidence = fields.String(allow_none=True)
    filed_at = fields.AwareDateTime()
    answer = fields.String(allow_none=True)
    decided_at = fields.AwareDateTime(allow_none=True)


def _for_office(name: str, kind: str) -> fields.Function:
    def value(seen: SeenRecord) -> object:
        return getattr(seen.record, name) if seen.sight is Sight.OFFICE else None

    return fields.Function(value, metadata={"type": [kind, "null"]})


class ConductWholeView(ConductView):
    """A record as the reader may see it: what is the office's own is null for others."""

    evidence = _for_office("evidence", "string")
    documents = _for_office("documents", "array")
    proposed_by = _for_office("proposed_by", "integer")
    checked_by = _for_office("checked_by", "integer")
    pleas = fields.List(fields.Nested(ConductPleaView))


class ConductCheckInput(MarketSchema):
    """Whether a proposed record passes; the reason where it does not."""

    passed = fields.Boolean(required=True)
    note = text(2, 1000, allow_none=True, load_default=None)


class ConductDecisionInput(MarketSchema):
    """What is decided, and why; of an objection, what its subject is told."""

    decision = fields.String(required=True, validate=validate.OneOf([one.value for one in DECISIONS]))
    note = text(2, 1000, allow_none=True, load_default=None)


class ConductNoteInput(MarketSchema):
    """Grounds of a step."""

    note = text(2, 1000, required=True)


class ConductPleaInput(MarketSchema):
    """What the subject says, and what it rests on."""

    words = text(2, 5000, required=True)
    evidence = text(0, 5000, allow_none=True, load_default=None)


class ConductAppealDecisionInput(MarketSchema):
    """Whether the subject is right, and what it is told."""

    upheld = fields.Boolean(required=True)
    answer = text(2, 5000, required=True)


class ConductEventView(MarketSchema):
    """One step of a record; who took it and the words of the office are null for the subject."""

    action = fields.Enum(Action, by_value=True)
    action_name = fields.Function(lambda row: ACTION_NAMES[row["action"]], metadata={"type": "string"})
    source = fields.Enum(Status, by_value=True, allow_none=True)
    target = fields.Enum(Status, by_value=True)
    actor_id = fields.Integer(allow_none=True)
    note = fields.String(allow_none=True)
    at = fields.AwareDateTime()
