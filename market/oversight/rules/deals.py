"""Deals that should be registered (应登尽登): how far each has come, who has to act, and how old it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from market.contracts.rules import AT_STATION, EDITABLE
from market.contracts.rules import Status as ContractStatus
from market.matches.rules import Status as SuggestionStatus
from market.reference.rules import lies_within, region_prefix


class DealSource(StrEnum):
    """What a deal is known from."""

    CONTRACT = "contract"
    SUGGESTION = "suggestion"


class Stage(StrEnum):
    """How far a deal has come on its way to registration."""

    AGREED = "agreed"
    SIGNED = "signed"
    WITHDRAWN = "withdrawn"
    DRAFT = "draft"
    RETURNED = "returned"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    IN_REVIEW = "in_review"
    LARGE_REVIEW = "large_review"


STAGE_NAMES: Mapping[Stage, str] = {
    Stage.AGREED: "双方有意，尚未签约",
    Stage.SIGNED: "已签约，尚未申请登记",
    Stage.WITHDRAWN: "申请已撤回，尚未重新申请",
    Stage.DRAFT: "申请起草中",
    Stage.RETURNED: "已退回补正",
    Stage.SUBMITTED: "已提交，待受理",
    Stage.ACCEPTED: "已受理，待审核",
    Stage.IN_REVIEW: "认定审核中",
    Stage.LARGE_REVIEW: "大额复审中",
}


class Waiting(StrEnum):
    """Who has to act next."""

    PARTIES = "parties"
    APPLICANT = "applicant"
    STATION = "station"


WAITING_NAMES: Mapping[Waiting, str] = {
    Waiting.PARTIES: "供需双方",
    Waiting.APPLICANT: "申请单位",
    Waiting.STATION: "登记机构",
}

UNREGISTERED = EDITABLE | AT_STATION
"""States of a contract that is to be registered and is not yet; each is a stage of the same name."""

OPEN_DEALS = frozenset({SuggestionStatus.AGREED, SuggestionStatus.CONTRACTED})
"""States of a suggestion that lead to a contract."""


def waits_for(stage: Stage) -> Waiting:
    """Return who has to act."""
    if stage is Stage.AGREED:
        return Waiting.PARTIES
    if stage in {Stage.SIGNED, Stage.WITHDRAWN, Stage.DRAFT, Stage.RETURNED}:
        return Waiting.APPLICANT
    return Waiting.STATION


def is_disclosed(stage: Stage) -> bool:
    """Tell whether those who watch over deals may read the other party, the title and the amount.

    Talks are the two sides' own business and a draft is not yet the station's: of these only the party
    that will have to apply is named, so that it can be reminded.
    """
    return stage not in {Stage.AGREED, Stage.DRAFT}


def stage_of_contract(status: ContractStatus) -> Stage:
    """Return the stage of a contract that is not registered.

    Raises:
        ValueError: it is registered, or will never be.
    """
    return Stage(status.value)


def stage_of_suggestion(status: SuggestionStatus, contracts: Collection[ContractStatus]) -> Stage | None:
    """Return the stage of a suggestion that no application stands for; None if one does or none is due.

    Args:
        status: of the suggestion.
        contracts: states of the contracts that came from it. What is open is listed itself; what was
            registered or refused has had its answer.
    """
    if status not in OPEN_DEALS or any(found is not ContractStatus.WITHDRAWN for found in contracts):
        return None
    if contracts:
        return Stage.WITHDRAWN
    return Stage.SIGNED if status is SuggestionStatus.CONTRACTED else Stage.AGREED


@dataclass(frozen=True, slots=True)
class AgeBand:
    """Days since a deal was agreed or signed, from and to (None: without end)."""

    code: str
    name: str
    first: int
    last: int | None


AGE_BANDS = (
    AgeBand("0-15", "15天以内", 0, 15),
    AgeBand("16-30", "16至30天", 16, 30),
    AgeBand("31-90", "31至90天", 31, 90),
    AgeBand("91-", "90天以上", 91, None),
)


def age_band(days: int) -> AgeBand:
    """Return the band of a number of days; days to come count as none."""
    return next(band for band in AGE_BANDS if band.last is None or days <= band.last)


def competent_station(region: str | None, territories: Iterable[tuple[int, str]]) -> int | None:
    """Return the station that serves a region: that of the smallest area, then the lowest id.

    Args:
        region: of the party that applies; None abroad.
        territories: stations and the areas they serve.
    """
    if region is None:
        return None
    serving = [
        (-len(region_prefix(area)), station_id)
        for station_id, area in territories
        if lies_within(region, area)
    ]
    return min(serving)[1] if serving else None
