"""One record for each counter of the plans' targets, on a day and in a region. Flushed, never committed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import OrganisationKind
from market.challenges.models import Award, Bid, Challenge
from market.challenges.rules import BidStatus, Mode
from market.challenges.rules import Status as ChallengeStatus
from market.clock import CHINA
from market.libraries.models import (
    AgencyFiling,
    Booking,
    ChainEnterprise,
    Consortium,
    ConsortiumMember,
    Edition,
    EnterpriseTag,
    Evaluation,
    KeyTechnology,
    Project,
    Recognition,
    Resource,
    Talent,
    TalentRole,
)
from market.libraries.rules import EntryStatus, Register
from market.libraries.rules.bookings import BookingStatus
from market.listings.rules import Validation
from tests.factories import NOW, make_need, make_organisation, make_uscc

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record belongs, the day that decides for it, and its state."""

    region: str
    day: date
    status: EntryStatus = EntryStatus.LISTED


Insert = Callable[[Session, Place], Any]


def _entry(session: Session, place: Place, model: type[Any], **values: Any) -> Any:
    row = model(
        **{
            "region_code": place.region,
            "title": f"条目{next(_numbers)}",
            "source": "测试",
            "source_date": date(2020, 1, 1),
            "status": place.status,
            "published_at": NOW,
            "created_at": NOW,
            "updated_at": NOW,
            **values,
        }
    )
    session.add(row)
    session.flush()
    return row


def _with(session: Session, row: Any) -> None:
    session.add(row)
    session.flush()


def agency(category: str, **values: Any) -> Insert:
    """Insert an agency filed that day."""
    return lambda session, place: _entry(
        session, place, AgencyFiling, category=category, filed_on=place.day, **values
    )


def consortium(category: str) -> Insert:
    """Insert a consortium founded that day."""
    return lambda session, place: _entry(session, place, Consortium, category=category, founded_on=place.day)


def partner(session: Session, place: Place) -> None:
    """Insert a college with an enterprise, and a university, that joined that day."""
    college = _entry(session, place, Consortium, category="future_college", founded_on=date(2020, 1, 1))
    for is_enterprise in (True, False):
        member = ConsortiumMember(
            consortium_id=college.id,
            name=f"成员{next(_numbers)}",
            joined_on=place.day,
            is_enterprise=is_enterprise,
        )
        _with(session, member)


def talent(role: str, deciding: str) -> Insert:
    """Insert a person; the day is that of the training or of the role's beginning."""

    def insert(session: Session, place: Place) -> None:
        person = _entry(session, place, Talent, person_name=f"某{next(_numbers)}")
        form: dict[str, Any] = {"valid_from": date(2020, 1, 1), deciding: place.day}
        _with(session, TalentRole(talent_id=person.id, role=role, **form))

    return insert


def broker(session: Session, place: Place) -> None:
    """Insert a technology manager at an agency since that day."""
    home = agency("service")(session, place)
    person = _entry(session, place, Talent, person_name=f"某{next(_numbers)}")
    role = TalentRole(
        talent_id=person.id, role="technology_manager", agency_entry_id=home.id, valid_from=place.day
    )
    _with(session, role)


def titled(tag: str) -> Insert:
    """Insert an enterprise that was awarded a title in the day's year and the year after."""

    def insert(session: Session, place: Place) -> None:
        enterprise = _entry(session, place, ChainEnterprise, uscc=make_uscc())
        for year in (place.day.year, place.day.year + 1):
            tagged = EnterpriseTag(
                enterprise_id=enterprise.id, tag=tag, year=year, source="测试", added_at=NOW
            )
            _with(session, tagged)

    return insert


def project(category: str, *, key_project: bool = False, organisation_id: int | None = None) -> Insert:
    """Insert a project that began that day."""
    return lambda session, place: _entry(
        session,
        place,
        Project,
        category=category,
        started_on=place.day,
        key_project=key_project,
        organisation_id=organisation_id,
        leader_name="某人",
    )


def technology(session: Session, place: Place) -> None:
    """Insert a key technology that was solved that day."""
    _entry(session, place, KeyTechnology, progress="solved", solved_on=place.day)


def resource(category: str, level: str | None = None) -> Insert:
    """Insert a resource recognised that day, or known since that day where no level is named."""

    def insert(session: Session, place: Place) -> None:
        since = place.day if level is None else date(2020, 1, 1)
        row = _entry(session, place, Resource, category=category, source_date=since)
        if level is not None:
            recognition = Recognition(
                entry_id=row.id,
                level=level,
                recognised_on=place.day,
                recognised_by="测试",
                recorded_at=NOW,
            )
            _with(session, recognition)

    return insert


def evaluated(name: str) -> Insert:
    """Insert an institution with the evaluation of the day's year, in which one is stated."""

    def insert(session: Session, place: Place) -> None:
        row = _entry(session, place, Resource, category="rd_institution")
        figures = {name: 1, "别的": 7}
        year = place.day.year
        _with(session, Evaluation(entry_id=row.id, year=year, grade="good", figures=figures, recorded_at=NOW))

    return insert


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), CHINA)


def bookable(session: Session, place: Place) -> Any:
    """Insert a resource that may be booked; no day decides."""
    owner = make_organisation(session, OrganisationKind.UNIVERSITY)
    return _entry(session, place, Resource, category="lab", organisation_id=owner.id, bookable=True)


def booking(session: Session, place: Place) -> None:
    """Insert two uses of a resource by one enterprise that day; a use counts although nothing is listed."""
    row = bookable(session, place)
    firm = make_organisation(session)
    for hours in (0, 2):
        start = _noon(place.day) + timedelta(hours=hours)
        used = Booking(
            resource_id=row.id,
            organisation_id=firm.id,
            starts_at=start,
            ends_at=start + timedelta(hours=1),
            purpose="测试",
            status=BookingStatus.COMPLETED if place.status is EntryStatus.LISTED else BookingStatus.CANCELLED,
            created_at=NOW,
            updated_at=NOW,
        )
        _with(session, used)


def challenge(session: Session, place: Place) -> None:
    """Insert a key challenge awarded that day; one that never was awarded in place of a delisted one."""
    owner = make_organisation(session)
    row = Challenge(
        mode=Mode.OPEN_CALL,
        status=ChallengeStatus.AWARDED,
        region_code=place.region,
        organisation_id=owner.id,
        need_id=make_need(session, owner).id,
        key=True,
        title="某项",
        summary="某项",
        goals="某项",
        indicators=[],
        conditions="无",
        ip_terms="共有",
        budget_fen=1,
        grant_fen=0,
        solver_percent=50,
        duration_months=12,
        rules={},
        criteria=[],
        created_at=NOW,
        updated_at=NOW,
    )
    _with(session, row)
    if place.status is not EntryStatus.LISTED:
        return
    edition = Edition(
        register=Register.CHALLENGES,
        region_code=place.region,
        number=next(_numbers),
        title="某榜",
        as_of=place.day,
        row_count=0,
        digest="",
        comparison={},
        published_at=NOW,
    )
    _with(session, edition)
    row.edition_id = edition.id  # so that anyone reads it
    for _ in range(2):
        team = make_organisation(session, OrganisationKind.UNIVERSITY)
        bid = Bid(
            challenge_id=row.id,
            organisation_id=team.id,
            status=BidStatus.AWARDED,
            leader_name="某人",
            plan="某项",
            amount_fen=1,
            months=12,
            created_at=NOW,
            updated_at=NOW,
        )
        _with(session, bid)
        opened = project("challenge")(session, place)
        award = Award(
            challenge_id=row.id,
            bid_id=bid.id,
            organisation_id=team.id,
            amount_fen=1,
            grant_fen=0,
            project_id=opened.id,
            awarded_on=place.day,
        )
        _with(session, award)


def need(session: Session, place: Place) -> None:
    """Insert a need published and found valid that day; in place of a delisted one, neither."""
    held = place.status is EntryStatus.LISTED
    make_need(
        session,
        make_organisation(session),
        region_code=place.region,
        validation=Validation.VALID if held else Validation.INVALID,
        validated_at=_noon(place.day),
        published_at=_noon(place.day) if held else None,
    )


FLOWS: Mapping[str, Insert] = {
    "valid_needs": need,
    "published_listings": need,
    "new_transfer_agencies": agency("transfer"),
    "attracted_global_agencies": agency("global"),
    "new_conversion_projects": project("conversion", key_project=True),
    "key_innovation_projects": project("innovation", key_project=True),
    "collaboration_projects": project("collaboration"),
    "key_collaboration_projects": project("collaboration", key_project=True),
    "new_talent_projects": project("talent"),
    "key_challenge_projects": challenge,
    "core_technology_breakthroughs": technology,
    "new_university_enterprise_alliances": consortium("alliance"),
    "new_innovation_consortia": consortium("innovation"),
    "future_college_partner_enterprises": partner,
    "new_rd_institutions": resource("rd_institution", "county"),
    "new_rd_units": resource("rd_unit", "municipal"),
    "new_incubators": resource("agri_incubator", "municipal"),
    "new_provincial_incubators": resource("maker_space", "national"),
    "industrial_innovation_platforms": resource("industrial_platform", "provincial"),
    "offshore_centres": resource("offshore_centre", "county"),
    "resource_platform_served_enterprises": booking,
}
"""What comes in a span, by indicator; of people what is done stays done, see `LASTING`."""

LASTING: Mapping[str, Insert] = {
    "trained_brokers": talent("technology_manager", "trained_on"),
    "cultivated_brokers": talent("technology_manager", "valid_from"),
    "chain_fusion_specialists": talent("chain_fusion", "valid_from"),
    "industrial_internet_specialists": talent("industrial_internet", "valid_from"),
}

YEARLY: Mapping[str, Insert] = {
    "hitech_pool_intake": titled("hitech_pool"),
    "new_little_giant_enterprises": titled("little_giant"),
    "new_eaglet_enterprises": titled("eaglet"),
    "new_gazelle_enterprises": titled("gazelle"),
    "new_quasi_unicorn_enterprises": titled("quasi_unicorn"),
    "new_star_market_listings": titled("star_market"),
    "attracted_tech_enterprises": titled("attracted"),
    "rd_institution_served_enterprises": evaluated("服务企业"),
    "rd_institution_matches": evaluated("成果对接"),
    "rd_institution_conversion_projects": evaluated("成果转化项目"),
    "rd_institution_platforms": evaluated("创新平台"),
    "incubated_enterprises": evaluated("孵化企业"),
}
"""What comes in a span of years."""

STOCKS: Mapping[str, Insert] = {
    "transfer_agencies": agency("transfer"),
    "demonstration_agencies": agency("transfer", tier="demonstration"),
    "linked_regional_centres": agency("regional_centre"),
    "linked_national_agencies": agency("national_transfer"),
    "regional_branches": agency("branch"),
    "industry_branches": agency("industry_branch"),
    "service_agencies": agency("service", above_scale=True),
    "transfer_staff": agency("transfer", transfer_staff=1),
    "affiliated_brokers": broker,
    "rd_institutions": resource("rd_institution"),
    "incubators": resource("incubator", "provincial"),
    "complexes": resource("complex"),
    "maker_communities": resource("maker_community"),
    "service_clusters": resource("service_cluster", "municipal"),
    "industrialisation_bases": resource("industrialisation_base"),
}
"""What there is on a day."""

YEARLY_STOCKS: Mapping[str, Insert] = {
    "hitech_enterprises": titled("hitech"),
    "sme_tech_enterprises": titled("sme_tech"),
    "four_tech_standard_enterprises": titled("four_tech"),
    "little_giant_enterprises": titled("little_giant"),
    "eaglet_enterprises": titled("eaglet"),
    "gazelle_enterprises": titled("gazelle"),
    "quasi_unicorn_enterprises": titled("quasi_unicorn"),
}
"""What there is on a day, known by year."""
