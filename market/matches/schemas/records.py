"""The public part of records of any kind, as their own features show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from market.http.schema import MarketSchema
from market.libraries.schemas.chains import ChainEnterpriseView, ChainNodeView
from market.libraries.schemas.projects import ProjectView
from market.libraries.schemas.resources import ResourceView
from market.libraries.schemas.talents import TalentView
from market.libraries.schemas.technologies import TechnologyView
from market.listings.schemas import AchievementView, NeedView, ScenarioView
from market.matches.queries.records import Record
from market.search.documents import Kind

VIEWS: Mapping[Kind, MarketSchema] = {
    Kind.NEED: NeedView(),
    Kind.ACHIEVEMENT: AchievementView(),
    Kind.SCENARIO: ScenarioView(),
    Kind.EXPERT: TalentView(),
    Kind.RESOURCE: ResourceView(),
    Kind.PROJECT: ProjectView(),
    Kind.NODE: ChainNodeView(),
    Kind.ENTERPRISE: ChainEnterpriseView(),
    Kind.TECHNOLOGY: TechnologyView(),
}


def public_view(record: Record) -> dict[str, Any]:
    """Return the public part of a record."""
    found: dict[str, Any] = VIEWS[record.kind].dump(record.row)
    return found


class RecordField(fields.Field[Any]):
    """A record, as its public part; null where it may not be read any more."""

    def _serialize(
        self,
        value: Record | None,
        attr: str | None,  # noqa: ARG002 - the signature is marshmallow's
        obj: Any,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> dict[str, Any] | None:
        return None if value is None else public_view(value)
