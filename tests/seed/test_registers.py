"""The registers of the sample market: their files, their loading, and that everything of them is found."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from rich.progress import Progress
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation, User
from market.accounts.rules import OPERATOR, OrganisationKind
from market.audit.models import AuditEvent
from market.db import Base, Database
from market.libraries.models import (
    Booking,
    ChainEdge,
    Edition,
    EntryEvent,
    Evaluation,
    Project,
    RegisterEntry,
    TalentRole,
)
from market.libraries.queries.bookings import sharing
from market.libraries.queries.chains import get_chain
from market.libraries.queries.talents import available_experts
from market.libraries.rules import EntryKind, EntryStatus, Register
from market.libraries.rules.projects import ProjectOrigin
from market.listings.rules import ListingKind, Status
from market.listings.service import create_listing, submit_listing
from market.search.documents import Kind, Query
from market.search.models import ListingChange
from market.search.replica import open_replica
from market.settings import Settings
from matching.encoder import HashingEncoder
from seed import records, registers, sample
from seed.deeds import CHECKER, PROPOSER, REGION
from tests.factories import make_achievement, make_need, make_organisation, make_user
from tests.market.contracts.factories import make_contract

DAY = date(2025, 11, 18)
NEW_MATERIALS, MANUFACTURING = "05", "03"
FILES = [name for part in registers.PARTS for name in part.files]
SENTENCE = re.compile(r"[。！？；]")
WRITTEN: tuple[type[Base], ...] = (RegisterEntry, EntryEvent, Edition, Booking, AuditEvent, ListingChange)


def rows(*names: str) -> list[dict[str, Any]]:
    return [row for name in names for row in records.read(name)]


def values_of(value: Any, *names: str) -> Iterator[str]:
    """Yield the strings under these names, wherever they stand."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in names and isinstance(inner, str):
                yield inner
            else:
                yield from values_of(inner, *names)
    elif isinstance(value, list):
        for inner in value:
            yield from values_of(inner, *names)


def test_numbers_are_unique_and_references_hold() -> None:
    numbers = [row["external_id"] for row in rows(*FILES)]
    assert len(numbers) == len(set(numbers))
    slugs = {row["slug"] for row in rows("organisations", "people")}
    assert set(values_of(rows(*FILES, "scenarios"), "organisation", "by")) <= slugs
    listed = {*numbers, *(row["external_id"] for row in rows("achievements", "contracts"))}
    named = ("node", "agency", "talent", "leader", "achievement", "contract")
    edges = [edge for row in rows("chain_nodes") for edge in row.get("delivers", ())]
    assert {*values_of(rows(*FILES), *named), *values_of(edges, "to")} <= listed
    needs = {number for row in rows("technologies") for number in row["needs"]}
    assert len(needs) == 8
    assert needs <= {row["external_id"] for row in rows("needs")}


def test_no_sentence_recurs() -> None:
    said = [*values_of(rows(*FILES), "summary", "opening_terms", "gap", "target", "wanted")]
    said += values_of(rows("needs", "achievements", "scenarios"), "body", "confidential")
    sentences = [part.strip() for text in said for part in SENTENCE.split(text) if len(part.strip()) >= 10]
    assert [text for text, count in Counter(sentences).items() if count > 1] == []


def test_there_are_experts_for_every_need() -> None:
    experts = [row for row in rows("talents") if "expert" in {one["role"] for one in row["roles"]}]
    fields = Counter(field for row in experts for field in row["fields"])
    assert {row["tech_field"] for row in rows("needs")} <= set(fields)
    for field in (NEW_MATERIALS, MANUFACTURING):
        units = {row.get("unit_name", row.get("organisation")) for row in experts if field in row["fields"]}
        assert fields[field] >= 10
        assert len(units) >= 6
    assert all({"keep", "find"} <= set(row["consents"]) for row in rows("talents"))


@pytest.mark.one_database("the listings' own service is tested on both")
def test_the_scenarios_are_fit_to_be_handed_in(session: Session) -> None:
    kinds = {row["slug"]: row["kind"] for row in rows("organisations", "people")}
    for row in rows("scenarios"):
        owner = make_organisation(session, OrganisationKind(kinds[row["organisation"]]))
        form = sample.listing_form(session, ListingKind.SCENARIO, row)
        now = records.moment(DAY)
        scenario = create_listing(
            session, OPERATOR, ListingKind.SCENARIO, form=form, now=now, organisation_id=owner.id
        )
        handed_in = submit_listing(session, OPERATOR, ListingKind.SCENARIO, scenario.id, now=now)
        assert handed_in.status is Status.PENDING


@pytest.fixture
def organisations(database: Database) -> dict[str, Organisation]:
    """The sample's units and users, and the listings and contracts that its registers refer to."""
    needed = {number for row in rows("technologies") for number in row["needs"]}
    needed |= {row[name] for row in rows("projects") for name in ("achievement", "contract") if name in row}
    with database.transaction() as session:
        found = {row["slug"]: _unit(session, row) for row in rows("organisations", "people")}
        for name, make in (("needs", make_need), ("achievements", make_achievement)):
            for row in rows(name):
                if row["external_id"] in needed:
                    text = {part: row[part] for part in ("external_id", "title", "body", "tech_field")}
                    make(session, found[row["organisation"]], **text)
        for row in rows("contracts"):
            if row["external_id"] in needed:
                values: dict[str, Any] = {name: row[name] for name in ("external_id", "project_name")}
                values |= {side: found[row[side]] for side in ("seller", "buyer", "station")}
                values |= {name: date.fromisoformat(row[name]) for name in ("signed_on", "valid_to")}
                values |= {f"{name}_amount_fen": row[f"{name}_fen"] for name in ("total", "tech")}
                make_contract(session, **values)
    return found


def _unit(session: Session, row: dict[str, Any]) -> Organisation:
    kind = OrganisationKind(row["kind"])
    unit = make_organisation(session, kind, name=row["name"], region_code=row["region_code"])
    for user in row.get("users", [{"login": row["slug"], "name": "样例用户"}]):
        make_user(session, unit, login=user["login"], name=user["name"])
    return unit


@pytest.fixture
def load(database: Database, organisations: dict[str, Organisation]) -> Any:
    """Loads the registers."""

    def run() -> None:
        with Progress(disable=True) as progress:
            encoder = HashingEncoder(dim=64)
            registers.load(database, organisations, encoder, day=DAY, progress=progress)

    return run


@pytest.mark.one_database("all that it calls is tested on both, and loading takes seconds")
def test_the_registers_are_loaded_once_and_everything_is_found(
    database: Database, load: Any, settings: Settings
) -> None:
    load()
    with database.reading() as session:
        _assert_all_is_there(session)
        _assert_four_eyes(session)
        _assert_editions_differ(session)
        _assert_they_have_a_life(session)
        before = _counts(session, *WRITTEN)
    _assert_found(database, settings)
    load()
    with database.reading() as session:
        assert _counts(session, *WRITTEN) == before


def _counts(session: Session, *tables: type[Base]) -> list[int | None]:
    return [session.scalar(select(func.count()).select_from(table)) for table in tables]


def _assert_all_is_there(session: Session) -> None:
    listed = select(RegisterEntry.kind).where(RegisterEntry.status == EntryStatus.LISTED)
    assert Counter(session.scalars(listed)) == {
        EntryKind.NODE: 14,
        EntryKind.ENTERPRISE: 24,
        EntryKind.RESOURCE: 24,
        EntryKind.TECHNOLOGY: 8,
        EntryKind.PROJECT: 16,
        EntryKind.TALENT: 30,
        EntryKind.AGENCY: 6,
        EntryKind.CONSORTIUM: 4,
    }
    for code in ("chain-metal", "chain-textile"):
        assert len(get_chain(session, None, code, region=REGION).gaps) == 1
    for field, least in ((NEW_MATERIALS, 10), (MANUFACTURING, 10), ("08", 1)):
        assert len(available_experts(session, fields=[field], region=REGION, day=DAY)) >= least


def _assert_four_eyes(session: Session) -> None:
    users = {user.login: user.id for user in session.scalars(select(User))}
    who = select(RegisterEntry.proposed_by, RegisterEntry.checked_by)
    pairs = {(proposer, checker) for proposer, checker in session.execute(who)}
    assert {checker for _, checker in pairs} == {users[CHECKER]}
    assert (users[PROPOSER], users[CHECKER]) in pairs
    assert all(proposer != checker for proposer, checker in pairs)


def _assert_editions_differ(session: Session) -> None:
    editions = session.scalars(select(Edition).order_by(Edition.register, Edition.number)).all()
    assert Counter(one.register for one in editions) == {
        Register.AGENCIES: 1,
        Register.CHAINS: 2,
        Register.CONSORTIA: 1,
        Register.RESOURCES: 2,
        Register.TECHNOLOGIES: 1,
    }
    assert all(one.as_of < DAY for one in editions)
    chains = next(one for one in editions if one.register is Register.CHAINS and one.number == 2)
    assert [len(chains.comparison[what]) for what in ("added", "removed", "changed")] == [2, 1, 3]


def _assert_they_have_a_life(session: Session) -> None:
    shared = sharing(session, REGION, start=None, end=None)
    assert (shared.bookings, shared.firms) == (5, 5)
    assert shared.minutes == 165 + 240 + 210 + 6960 + 6480
    origins = Counter(session.scalars(select(Project.origin)))
    assert origins == {ProjectOrigin.OWN: 7, ProjectOrigin.ACHIEVEMENT: 5, ProjectOrigin.CONTRACT: 4}
    closed = select(Project.closing_accepted).where(Project.closed_on.is_not(None))
    assert set(session.scalars(closed)) == {True, False}
    levels = set(session.scalars(select(TalentRole.level).where(TalentRole.role == "technology_manager")))
    assert levels == {None, "junior", "intermediate", "senior"}
    assert _counts(session, ChainEdge, Evaluation) == [17, 11]


SOUGHT = {
    Kind.NODE: ("气雾化球形高温合金粉末", "球形高温合金粉末"),
    Kind.ENTERPRISE: ("桥梁缆索钢丝与钢帘线制造商", "江阴澜桥金属制品有限公司"),
    Kind.RESOURCE: ("退浆废水膜分离中试", "水处理膜与功能材料中试基地"),
    Kind.TECHNOLOGY: ("变桨轴承整圈感应淬火软带", "大功率风电变桨轴承整圈无软带感应淬火"),
    Kind.PROJECT: ("钢丝水基介质等温处理替代铅浴", "钢丝水基介质等温处理线建设"),
    Kind.EXPERT: ("印染退浆水聚乙烯醇浆料回用", "潘屹舟 研究员 震泽环境与资源研究院"),
}


def _assert_found(database: Database, settings: Settings) -> None:
    replica = open_replica(settings, database, HashingEncoder(dim=64))
    for kind, (words, title) in SOUGHT.items():
        best = replica.search(Query(title=words, body=words, kind=kind, k=3)).hits[0]
        with database.reading() as session:
            assert session.get_one(RegisterEntry, int(best.key)).title == title
    replica.close()
