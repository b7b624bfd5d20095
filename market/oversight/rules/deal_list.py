"""Unregistered deals as they are listed, and what they add up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from market.oversight.rules.deals import AGE_BANDS, AgeBand, DealSource, Stage, Waiting, age_band, waits_for


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal that is not registered.

    Attributes:
        source: what it is known from.
        source_id: of the contract or the suggestion.
        suggestion_id: where it came from, if from a suggestion.
        stage: how far it has come.
        since: day it was signed, or agreed where it is not signed.
        days: since then.
        applicant_name: the party that has to apply.
        applicant_region: where it is; None abroad.
        counterparty_name: the other party; None while that is not for those who watch.
        title: project, or achievement where there is no application; None as above.
        total_fen: amount; None as above, and where there is no application.
        station_id: where it lies, or which one is competent; None where no station serves the region.
        broker_id: who is responsible on the market's side.
        broker_name: of that person.
        agency_name: where that person works.
    """

    source: DealSource
    source_id: int
    suggestion_id: int | None
    stage: Stage
    since: date
    days: int
    applicant_name: str
    applicant_region: str | None
    counterparty_name: str | None
    title: str | None
    total_fen: int | None
    station_id: int | None
    station_name: str | None = None
    broker_id: int | None = None
    broker_name: str | None = None
    agency_name: str | None = None

    @property
    def waits_for(self) -> Waiting:
        """Who has to act."""
        return waits_for(self.stage)

    @property
    def band(self) -> AgeBand:
        """How old it is."""
        return age_band(self.days)


@dataclass(frozen=True, slots=True)
class BandCount:
    """How many deals are of an age."""

    band: AgeBand
    deals: int


@dataclass(frozen=True, slots=True)
class StationCount:
    """How many deals lie with a station or fall to it; None where no station is competent."""

    station_id: int | None
    station_name: str | None
    deals: int
    bands: Sequence[BandCount]


def band_counts(deals: Iterable[Deal]) -> list[BandCount]:
    """Count deals by age, in the order of `AGE_BANDS`."""
    counts = Counter(deal.band.code for deal in deals)
    return [BandCount(band, counts[band.code]) for band in AGE_BANDS]


def station_counts(deals: Iterable[Deal]) -> list[StationCount]:
    """Count deals by station, the one with most first; those that fall to none last."""
    groups: dict[int | None, list[Deal]] = {}
    for deal in deals:
        groups.setdefault(deal.station_id, []).append(deal)
    ranked = sorted(groups.items(), key=lambda item: (item[0] is None, -len(item[1]), item[0] or 0))
    return [
        StationCount(station_id, found[0].station_name, len(found), band_counts(found))
        for station_id, found in ranked
    ]
