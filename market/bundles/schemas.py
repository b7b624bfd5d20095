"""Form of bundles, subscriptions and the inbox over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from market.bundles.rules import STATUS_NAMES, Status
from market.http.schema import MarketSchema, PageArgs, text
from market.matches.schemas import ReasonsView

CODE = validate.Length(min=1, max=32)
REGION = validate.Length(equal=6)
MAX_ITEMS = 50


class BundleFields(MarketSchema):
    """What a bundle says; all may be changed until it is released."""

    title = text(2, 200)
    summary = text(2, 5000)
    chain_code = fields.String(validate=CODE)
    release_on = fields.Date()


class BundleInput(MarketSchema):
    """A new bundle."""

    title = text(2, 200, required=True)
    summary = text(2, 5000, required=True)
    chain_code = fields.String(required=True, validate=CODE)
    release_on = fields.Date(required=True)
    region_code = fields.String(validate=REGION)


class BundleItemInput(MarketSchema):
    """An achievement, and why it is in."""

    achievement_id = fields.Integer(required=True, strict=True)
    words = text(2, 500, required=True)


class BundleItemsInput(MarketSchema):
    """All achievements of a bundle, in their order."""

    items = fields.List(
        fields.Nested(BundleItemInput), required=True, validate=validate.Length(max=MAX_ITEMS)
    )


class BundleNoteInput(MarketSchema):
    """Why a bundle is taken back."""

    note = text(2, 1000, required=True)


class BundleMakerView(MarketSchema):
    """The unit that made a bundle."""

    id = fields.Integer()
    name = fields.String()


class BundleItemView(MarketSchema):
    """An achievement as copied into a bundle; without an id where nobody may read it any more."""

    achievement_id = fields.Integer(allow_none=True)
    state_name = fields.String()
    title = fields.String()
    provider = fields.String()
    trl = fields.Integer(allow_none=True)
    words = fields.String()


class BundleView(MarketSchema):
    """A bundle in a list."""

    id = fields.Integer()
    title = fields.String()
    summary = fields.String()
    chain_code = fields.String()
    region_code = fields.String()
    organisation = fields.Nested(BundleMakerView, allow_none=True)
    release_on = fields.Date()
    status = fields.Enum(Status, by_value=True)
    status_name = fields.Function(lambda row: STATUS_NAMES[row.status], metadata={"type": "string"})
    item_count = fields.Function(lambda row: len(row.items), metadata={"type": "integer"})
    released_at = fields.AwareDateTime(allow_none=True)
    withdrawn_at = fields.AwareDateTime(allow_none=True)
    withdrawal_note = fields.String(allow_none=True)
    version = fields.Integer()


class BundleDetailView(BundleView):
    """A bundle with its achievements."""

    items = fields.List(fields.Nested(BundleItemView), attribute="shown_items")


class BundleArgs(PageArgs):
    """Which bundles to list."""

    mine = fields.Boolean(load_default=False)
    status = fields.Enum(Status, by_value=True)
    chain = fields.String(validate=CODE)
    region = fields.String(validate=REGION)


class SubscriptionInput(MarketSchema):
    """What to subscribe to."""

    chain_code = fields.String(allow_none=True, load_default=None, validate=CODE)
    tech_field = fields.String(allow_none=True, load_default=None, validate=CODE)
    without_match = fields.Boolean(load_default=False, metadata={"description": "没有匹配需求时也通知"})


class SubscriptionView(MarketSchema):
    """What a unit subscribes to."""

    id = fields.Integer()
    chain_code = fields.String(allow_none=True)
    tech_field = fields.String(allow_none=True)
    without_match = fields.Boolean()
    created_at = fields.AwareDateTime()


class DeliveredBundleView(MarketSchema):
    """The bundle that was sent; a withdrawn one cannot be read any more."""

    id = fields.Integer()
    title = fields.String()
    summary = fields.String()
    status = fields.Enum(Status, by_value=True)
    status_name = fields.Function(lambda row: STATUS_NAMES[row.status], metadata={"type": "string"})
    released_at = fields.AwareDateTime()


class DeliveredNeedView(MarketSchema):
    """The unit's own need."""

    id = fields.Integer()
    title = fields.String()


class DeliveryView(MarketSchema):
    """Something in the inbox: a bundle, with an achievement of it for a need or without a pair."""

    id = fields.Integer()
    bundle = fields.Nested(DeliveredBundleView)
    need = fields.Nested(DeliveredNeedView, allow_none=True)
    achievement = fields.Nested(BundleItemView, allow_none=True)
    rank = fields.Integer(allow_none=True)
    score = fields.Float(allow_none=True)
    reasons = fields.Nested(ReasonsView, allow_none=True)
    created_at = fields.AwareDateTime()
    read_at = fields.AwareDateTime(allow_none=True)


class DeliveryArgs(PageArgs):
    """Which of what was sent to list."""

    unread = fields.Boolean(load_default=False)
