"""Which code lists exist and what their codes must look like."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter

import chinese_calendar


class Scheme(StrEnum):
    """A list of codes; the codes themselves are data in `codes`."""

    TECH_FIELD = "tech_field"
    CONTRACT_TYPE = "contract_type"
    CONTRACT_SUBTYPE = "contract_subtype"
    PARTY_NATURE = "party_nature"
    IP_KIND = "ip_kind"
    LICENCE_KIND = "licence_kind"
    PAYMENT_MODE = "payment_mode"
    PLAN_SOURCE = "plan_source"
    SEO = "seo"
    INDUSTRY_SECTION = "industry_section"
    INDUSTRY = "industry"
    TRL = "trl"
    NEED_TYPE = "need_type"
    SCENARIO_TYPE = "scenario_type"
    COOPERATION_MODE = "cooperation_mode"
    TRANSFER_MODE = "transfer_mode"
    PRICING_MODE = "pricing_mode"
    ACHIEVEMENT_STAGE = "achievement_stage"
    ACHIEVEMENT_ATTRIBUTE = "achievement_attribute"
    CHAIN = "chain"
    REFUSAL_REASON = "refusal_reason"
    DECLINE_REASON = "decline_reason"
    RECOMMEND_REASON = "recommend_reason"
    FAILURE_REASON = "failure_reason"
    PARTY_COUNTRY = "party_country"
    PARK_KIND = "park_kind"
    DOCUMENT_KIND = "document_kind"
    CURRENCY = "currency"
    ROYALTY_BASE = "royalty_base"
    REVOCATION_REASON = "revocation_reason"
    ATTRIBUTION_ROLE = "attribution_role"
    CUSTOMS_COUNTRY = "customs_country"
    RESOURCE_CATEGORY = "resource_category"
    RECOGNITION_LEVEL = "recognition_level"
    EVALUATION_GRADE = "evaluation_grade"
    ENTERPRISE_TAG = "enterprise_tag"
    TALENT_ROLE = "talent_role"
    BROKER_LEVEL = "broker_level"
    PROJECT_CATEGORY = "project_category"
    PROJECT_STAGE = "project_stage"
    TECHNOLOGY_PROGRESS = "technology_progress"
    AGENCY_CATEGORY = "agency_category"
    AGENCY_TIER = "agency_tier"
    CONSORTIUM_KIND = "consortium_kind"
    CONDUCT_GROUND = "conduct_ground"


class RegionLevel(StrEnum):
    """Level of a region of GB/T 2260; the nation stands above all with the code 000000."""

    NATION = "nation"
    PROVINCE = "province"
    PREFECTURE = "prefecture"
    COUNTY = "county"


NATION_CODE = "000000"

HOME_CURRENCY = "CNY"

MINOR_DIGITS: Mapping[str, int] = {
    **dict.fromkeys(("CNY", "USD", "EUR", "GBP", "HKD", "MOP", "TWD", "SGD", "CHF", "CAD", "AUD", "NZD"), 2),
    **dict.fromkeys(("SEK", "DKK", "NOK", "RUB", "ILS", "INR", "THB", "MYR", "KZT", "AED", "SAR"), 2),
    **dict.fromkeys(("JPY", "KRW", "VND"), 0),
}
"""Digits after the point of each currency of scheme `currency` (ISO 4217, minor unit)."""


def region_prefix(code: str) -> str:
    """Return the digits that every region inside this one starts with.

    GB/T 2260 codes nest by pairs of digits: 320000 holds 3202xx, 320200 holds 32028x.
    """
    if code == NATION_CODE:
        return ""
    return code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code


def lies_within(code: str, area: str) -> bool:
    """Tell whether a region is the area or lies inside it."""
    return code.startswith(region_prefix(area))


def regions_around(code: str) -> frozenset[str]:
    """Return the codes of a region and of all that it lies in, up to the nation."""
    return frozenset((code, f"{code[:4]}00", f"{code[:2]}0000", NATION_CODE))


def announced_workday(day: date) -> bool | None:
    """Tell whether a day is a working day as the State Council announced; None in a year not known.

    The announcements come from `chinesecalendar`, which learns of a year only by an upgrade.
    """
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:  # how the calendar says that it does not know the year
        return None


def working_days_after(start: date, days: int, *, is_workday: Callable[[date], bool]) -> date:
    """Return the last day of a limit of so many working days; the day it starts does not count.

    Args:
        start: the day it starts.
        days: how many, 0 or more.
        is_workday: calendar of working days.
    """
    day = start
    while days > 0:
        day += timedelta(days=1)
        days -= is_workday(day)
    return day


def workdays(overrides: Mapping[date, bool]) -> Callable[[date], bool]:
    """Return a calendar: the days given, then the announcements, then Monday to Friday.

    In a year nobody has announced, a limit may so come out a few days early.

    Args:
        overrides: whether a day is worked, by day; what an operator has loaded.
    """

    def is_workday(day: date) -> bool:
        stated = overrides.get(day)
        if stated is None:
            stated = announced_workday(day)
        return day.weekday() < 5 if stated is None else stated

    return is_workday


def year_is_known(year: int, overrides: Mapping[date, bool]) -> bool:
    """Tell whether the holidays of a year are announced or were loaded.

    A notice covers a whole year, so one that was loaded has New Year's Day and National Day in it.
    """
    if announced_workday(date(year, 10, 1)) is not None:
        return True
    return all(overrides.get(day) is False for day in (date(year, 1, 1), date(year, 10, 1)))


def last_successors(steps: Mapping[str, str]) -> dict[str, str]:
    """Return each region that ended to the one that holds its place at the end of all steps.

    Args:
        steps: old code to new code, without a cycle.
    """
    found = {}
    for code in steps:
        last = code
        while last in steps:
            last = steps[last]
        found[code] = last
    return found


def cycle_in(steps: Iterable[tuple[str, str]]) -> tuple[str, ...] | None:
    """Return the codes of one cycle of old codes and new codes, in order; None if there is none."""
    before: dict[str, set[str]] = {}
    for old, new in steps:
        before.setdefault(new, set()).add(old)
    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        return tuple(error.args[1][:-1])  # it names the first code again at the end
    return None
