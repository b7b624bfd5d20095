"""Form of stations, their territories and their people over HTTP."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from market.contracts.models import StationDuty
from market.contracts.queries import DescribedStation
from market.contracts.rules import DUTY_NAMES, Duty
from market.http.schema import MarketSchema, PageArgs, text

REGION = validate.Length(equal=6)


class StationArgs(PageArgs):
    """Which stations to list."""

    region = fields.String(validate=REGION)


class TerritoryView(MarketSchema):
    """A region a station serves, with all regions inside it."""

    region_code = fields.String()
    region_name = fields.String()
    source = fields.String()


class StationWithTerritoriesView(MarketSchema):
    """A registration station; without territories it serves the region it stands in."""

    id = fields.Integer()
    name = fields.String()
    region_code = fields.String()
    region_name = fields.String()
    territories = fields.List(fields.Nested(TerritoryView))

    @ma.pre_dump
    def _flat(self, described: DescribedStation, **_: Any) -> dict[str, Any]:
        station = described.station
        return {
            "id": station.id,
            "name": station.name,
            "region_code": station.region_code,
            "region_name": described.region_name,
            "territories": described.territories,
        }


class TerritoryInput(MarketSchema):
    """A region for a station to serve, and the paper that says so."""

    region_code = fields.String(required=True, validate=REGION)
    source = text(2, 200, required=True)


class DutyInput(MarketSchema):
    """A duty for one of the station's people; from today unless a day is given."""

    user_id = fields.Integer(required=True, strict=True)
    duty = fields.Enum(Duty, by_value=True, required=True)
    valid_from = fields.Date(load_default=None)


class DutyView(MarketSchema):
    """A duty somebody holds or held; `valid_to` is its last day."""

    id = fields.Integer()
    station_id = fields.Integer()
    user_id = fields.Integer()
    user_name = fields.String()
    duty = fields.Enum(Duty, by_value=True)
    duty_name = fields.String()
    valid_from = fields.Date()
    valid_to = fields.Date(allow_none=True)

    @ma.pre_dump
    def _beside_names(self, row: StationDuty, **_: Any) -> dict[str, Any]:
        return {
            "id": row.id,
            "station_id": row.station_id,
            "user_id": row.user.id,
            "user_name": row.user.name,
            "duty": row.duty,
            "duty_name": DUTY_NAMES[row.duty],
            "valid_from": row.valid_from,
            "valid_to": row.valid_to,
        }
