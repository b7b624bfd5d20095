"""Reading code tables: lists of codes, regions and what became of them, parks, working days."""

from market.reference.queries.calendar import CALENDAR_CACHE, holidays_known, is_workday
from market.reference.queries.codes import (
    SCHEME_NAMES,
    check_codes,
    code_names,
    customs_to_iso,
    list_codes,
)
from market.reference.queries.regions import (
    SUCCESSIONS_CACHE,
    SuccessionNote,
    check_park,
    check_region,
    find_successor,
    get_region,
    list_parks,
    list_regions,
    present_codes,
    succession_notes,
)

__all__ = [
    "CALENDAR_CACHE",
    "SCHEME_NAMES",
    "SUCCESSIONS_CACHE",
    "SuccessionNote",
    "check_codes",
    "check_park",
    "check_region",
    "code_names",
    "customs_to_iso",
    "find_successor",
    "get_region",
    "holidays_known",
    "is_workday",
    "list_codes",
    "list_parks",
    "list_regions",
    "present_codes",
    "succession_notes",
]
