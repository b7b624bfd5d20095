"""Which code lists exist and what their codes must look like."""

from __future__ import annotations

from enum import StrEnum


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


class RegionLevel(StrEnum):
    """Level of a region of GB/T 2260; the nation stands above all with the code 000000."""

    NATION = "nation"
    PROVINCE = "province"
    PREFECTURE = "prefecture"
    COUNTY = "county"


NATION_CODE = "000000"


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
