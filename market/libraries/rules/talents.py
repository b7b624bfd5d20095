"""People of the talent pool: how a record is titled, what was agreed to, when a role is held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum

EXPERT_ROLE = "expert"
"""Code of scheme `talent_role` of those who may be asked for an expert opinion."""

MANAGER_ROLE = "technology_manager"
"""Code of scheme `talent_role` of technology managers, the one role with levels."""

ERASED_NAME = "（已删除）"
"""What stands in the place of a person's name, unit and source once the record was erased."""


class ConsentScope(StrEnum):
    """What a person agreed to."""

    KEEP = "keep"
    FIND = "find"
    CONTACT = "contact"


CONSENT_SCOPE_NAMES: Mapping[ConsentScope, str] = {
    ConsentScope.KEEP: "入库保存",
    ConsentScope.FIND: "公开检索",
    ConsentScope.CONTACT: "转达联系方式",
}


class ErasureReason(StrEnum):
    """Why a person's record is erased; words of one's own might name the person."""

    REQUEST = "request"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    PURPOSE_ENDED = "purpose_ended"
    MISTAKE = "mistake"


def talent_title(name: str | None, post: str | None, unit: str | None) -> str:
    """Return the title of a person's record: name, post and unit, what is not stated left out."""
    return " ".join(part for part in (name, post, unit) if part)


def overlaps(valid_from: date, valid_until: date | None, periods: Iterable[tuple[date, date | None]]) -> bool:
    """Tell whether a period has a day in common with any of the others."""
    return any(
        (until is None or valid_from <= until) and (valid_until is None or since <= valid_until)
        for since, until in periods
    )
