"""Innovation resources: what editions and the index read of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from market.libraries.models import Resource
from market.libraries.queries.recorded import EVALUATION, RECOGNITIONS, told_evaluations, told_recognitions
from market.libraries.queries.spec import Column, KindSpec
from market.reference.queries import code_names
from market.reference.rules import Scheme
from market.search.documents import Kind

_WEEKDAYS = "一二三四五六日"


def _contents(session: Session, resources: Sequence[Resource]) -> list[dict[str, Any]]:
    recognised, evaluated = told_recognitions(session, resources), told_evaluations(session, resources)
    return [
        {
            "category": one.category,
            "level": one.level,
            "place": one.place,
            "model": one.model,
            "min_trl": one.min_trl,
            "max_trl": one.max_trl,
            "opening_terms": one.opening_terms,
            "bookable": "可预约" if one.bookable else None,
            "fee_fen_per_hour": one.fee_fen_per_hour,
            "open_weekdays": [f"周{_WEEKDAYS[day - 1]}" for day in sorted(one.hours.weekdays)],
            "hours": _told_hours(one),
            "recognitions": recognised.get(one.id, []),
            "evaluation": evaluated.get(one.id),
        }
        for one in resources
    ]


def _told_hours(resource: Resource) -> str | None:
    if resource.opens_at is None or resource.closes_at is None:
        return None
    return f"{resource.opens_at:%H:%M}-{resource.closes_at:%H:%M}"


def _index_text(session: Session, resource: Resource) -> str:
    category = code_names(session, Scheme.RESOURCE_CATEGORY).get(resource.category, "")
    return " ".join(part for part in (category, resource.model, resource.opening_terms) if part)


def _facets(_session: Session, resource: Resource) -> dict[str, Any]:
    return {"category": resource.category, "min_trl": resource.min_trl, "max_trl": resource.max_trl}


RESOURCE = KindSpec(
    model=Resource,
    columns=(
        Column("category", "类别", scheme=Scheme.RESOURCE_CATEGORY),
        Column("level", "级别", scheme=Scheme.RECOGNITION_LEVEL),
        Column("place", "地点"),
        Column("model", "型号"),
        Column("min_trl", "承接成熟度自", "integer"),
        Column("max_trl", "承接成熟度至", "integer"),
        Column("opening_terms", "开放条件"),
        Column("bookable", "预约"),
        Column("fee_fen_per_hour", "每小时收费", "amount_wan"),
        Column("open_weekdays", "开放星期"),
        Column("hours", "开放时间"),
        RECOGNITIONS,
        EVALUATION,
    ),
    contents=_contents,
    office=(Column("value_fen", "原值", "amount_wan"), Column("area_m2", "面积", "integer")),
    codes={"category": Scheme.RESOURCE_CATEGORY, "level": Scheme.RECOGNITION_LEVEL},
    index_kind=Kind.RESOURCE,
    index_text=_index_text,
    facets=_facets,
)
