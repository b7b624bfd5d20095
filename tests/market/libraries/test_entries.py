"""Proposing, checking and delisting; who reads what; what the index holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.db import PageRequest
from market.errors import Conflict, NotFound, PermissionDenied, RuleViolation, StaleVersion
from market.libraries.models import AgencyFiling, ChainNode, EntryEvent
from market.libraries.queries.entries import get_entry, list_entries, may_read
from market.libraries.rules import EntryAction, EntryKind, EntryStatus, Register
from market.libraries.service.entries import (
    check_entry,
    check_register,
    create_entry,
    delist_entry,
    edit_entry,
    propose_entry,
    revise_entry,
)
from market.search.documents import Kind
from market.search.queries import findable
from tests.factories import JIANGYIN, NOW, make_actor, make_organisation
from tests.market.challenges.refusing import refused
from tests.market.libraries.factories import (
    ENCODER,
    SOURCE,
    agency_form,
    make_bureau,
    make_enterprise,
    make_entry,
    make_filing,
    make_node,
    publish,
)


def _listed(session: Session, actor, entry_id: int, decision: EntryAction = EntryAction.LIST, note=None):  # type: ignore[no-untyped-def]
    return check_entry(
        session, actor, AgencyFiling, entry_id, decision=decision, note=note, encoder=ENCODER, now=NOW
    )


def test_one_proposes_and_another_checks(session: Session) -> None:
    first, second = make_bureau(session)
    form = {"region_code": JIANGYIN, **SOURCE, **agency_form()}
    entry = create_entry(session, first, EntryKind.AGENCY, form=form, now=NOW)
    propose_entry(session, first, AgencyFiling, entry.id, now=NOW)
    with pytest.raises(PermissionDenied) as refusal:
        _listed(session, first, entry.id)
    assert refusal.value.code == "checker-is-proposer"
    assert _listed(session, second, entry.id).status is EntryStatus.LISTED
    steps = session.scalars(select(EntryEvent).where(EntryEvent.entry_id == entry.id).order_by(EntryEvent.id))
    assert [step.action for step in steps] == [EntryAction.CREATE, EntryAction.PROPOSE, EntryAction.LIST]


def test_nobody_checks_what_they_changed_or_handed_in(session: Session) -> None:
    (first, second), (third, _) = make_bureau(session), make_bureau(session)
    entry = make_entry(session, EntryKind.AGENCY, agency_form(), actor=first)
    revise_entry(session, second, AgencyFiling, entry.id, encoder=ENCODER, now=NOW)
    edit_entry(
        session, second, AgencyFiling, entry.id, changes={"tier": "filed"}, version=entry.version, now=NOW
    )
    propose_entry(session, second, AgencyFiling, entry.id, now=NOW)
    with pytest.raises(PermissionDenied) as alone:
        _listed(session, second, entry.id)
    with pytest.raises(PermissionDenied) as among_many:
        check_register(
            session, second, Register.AGENCIES, region_code=JIANGYIN, ids=[], decision=EntryAction.LIST,
            note=None, encoder=ENCODER, now=NOW,
        )  # fmt: skip
    assert {alone.value.code, among_many.value.code} == {"checker-is-proposer"}
    assert entry.status is EntryStatus.PROPOSED
    _listed(session, third, entry.id, EntryAction.RETURN, "层级有误")
    propose_entry(session, first, AgencyFiling, entry.id, now=NOW)
    assert _listed(session, second, entry.id).status is EntryStatus.LISTED  # it was checked since


def test_a_unit_that_is_not_verified_keeps_nothing(session: Session) -> None:
    university = make_actor(session, OrganisationKind.UNIVERSITY)
    form = {**SOURCE, **agency_form()}
    entry = create_entry(session, university, EntryKind.AGENCY, form=form, now=NOW)
    with pytest.raises(PermissionDenied) as refusal:
        propose_entry(session, replace(university, verified=False), AgencyFiling, entry.id, now=NOW)
    assert refusal.value.code == "organisation-not-verified"
    propose_entry(session, university, AgencyFiling, entry.id, now=NOW)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (OrganisationKind.ENTERPRISE, "role-not-allowed"),
        (OrganisationKind.STATION, "role-not-allowed"),
        (OrganisationKind.UNIVERSITY, "not-own-organisation"),
    ],
)
def test_who_may_not_propose_for_others(session: Session, kind: OrganisationKind, code: str) -> None:
    other = make_organisation(session)
    with pytest.raises(PermissionDenied) as refusal:
        create_entry(
            session, make_actor(session, kind), EntryKind.AGENCY, now=NOW,
            form={**SOURCE, **agency_form(organisation_id=other.id)},
        )  # fmt: skip
    assert refusal.value.code == code


def test_what_is_listed_is_taken_back_by_its_unit_or_its_bureau_alone(session: Session) -> None:
    broker = make_actor(session, OrganisationKind.AGENCY)
    firm, university = make_actor(session), make_actor(session, OrganisationKind.UNIVERSITY)
    numbers = iter("甲乙丙丁")

    def listed(unit: Actor) -> AgencyFiling:
        form = agency_form(organisation_id=unit.organisation_id, title=f"{next(numbers)}地技术转移中心")
        entry: AgencyFiling = make_entry(session, EntryKind.AGENCY, form, actor=broker)
        return entry

    entry = listed(university)
    for actor, one, code in ((broker, entry, "not-keeper"), (firm, listed(firm), "role-not-allowed")):
        with refused(code):
            delist_entry(session, actor, AgencyFiling, one.id, note="不再开放", encoder=ENCODER, now=NOW)
        with refused(code):
            revise_entry(session, actor, AgencyFiling, one.id, encoder=ENCODER, now=NOW)
        assert one.status is EntryStatus.LISTED
    revise_entry(session, university, AgencyFiling, entry.id, encoder=ENCODER, now=NOW)
    propose_entry(session, broker, AgencyFiling, entry.id, now=NOW)  # and is checked again
    _listed(session, make_bureau(session)[0], entry.id)
    delist_entry(session, university, AgencyFiling, entry.id, note="不再开放", encoder=ENCODER, now=NOW)
    revise_entry(session, broker, AgencyFiling, entry.id, encoder=ENCODER, now=NOW)  # which lists nothing
    by_bureau = listed(university)
    delist_entry(
        session, make_bureau(session)[0], AgencyFiling, by_bureau.id, note="停业", encoder=ENCODER, now=NOW
    )


def test_facts_do_not_hold_as_of_a_day_ahead(session: Session) -> None:
    form = {"region_code": JIANGYIN, **SOURCE, **agency_form()}
    with refused("day-ahead"):
        create_entry(
            session, OPERATOR, EntryKind.AGENCY, form={**form, "source_date": date(2025, 6, 11)}, now=NOW
        )
    entry = create_entry(
        session, OPERATOR, EntryKind.AGENCY, form={**form, "source_date": date(2025, 6, 10)}, now=NOW
    )
    with refused("day-ahead"):
        edit_entry(
            session, OPERATOR, AgencyFiling, entry.id, changes={"source_date": date(2099, 1, 1)},
            version=entry.version, now=NOW,
        )  # fmt: skip


def test_a_bureau_keeps_its_own_region_only(session: Session) -> None:
    bureau, _ = make_bureau(session, "320282")
    form = {"region_code": JIANGYIN, **SOURCE, **agency_form()}
    with pytest.raises(PermissionDenied) as refusal:
        create_entry(session, bureau, EntryKind.AGENCY, form=form, now=NOW)
    assert refusal.value.code == "outside-region"
    waiting = make_filing(session, status=EntryStatus.PROPOSED)
    with pytest.raises(NotFound):
        _listed(session, bureau, waiting.id)


def test_a_university_proposes_for_itself_and_its_region_follows(session: Session) -> None:
    university = make_actor(session, OrganisationKind.UNIVERSITY)
    entry = create_entry(session, university, EntryKind.AGENCY, form={**SOURCE, **agency_form()}, now=NOW)
    assert (entry.organisation_id, entry.region_code) == (university.organisation_id, JIANGYIN)


def test_codes_numbers_and_regions_are_checked(session: Session) -> None:
    make_filing(session, external_id="A-1")
    for form, code in (
        ({"category": "guild"}, "unknown-code"),
        ({"external_id": "A-1"}, "external-id-taken"),
        ({"region_code": "999999"}, "unknown-code"),
        ({"region_code": None}, "region-missing"),
    ):
        given = {"region_code": JIANGYIN, **SOURCE, **agency_form(), **form}
        with pytest.raises(RuleViolation) as refusal:
            create_entry(session, OPERATOR, EntryKind.AGENCY, form=given, now=NOW)
        assert code in {refusal.value.code, *(fault.code for fault in refusal.value.fields)}


def test_a_listed_entry_is_revised_before_it_is_changed(session: Session) -> None:
    entry = make_filing(session)
    with pytest.raises(Conflict) as refusal:
        edit_entry(
            session,
            OPERATOR,
            AgencyFiling,
            entry.id,
            changes={"tier": "filed"},
            version=entry.version,
            now=NOW,
        )
    assert refusal.value.code == "not-editable"
    revise_entry(session, OPERATOR, AgencyFiling, entry.id, encoder=ENCODER, now=NOW)
    with pytest.raises(StaleVersion):
        edit_entry(session, OPERATOR, AgencyFiling, entry.id, changes={}, version=1, now=NOW)
    edited = edit_entry(
        session, OPERATOR, AgencyFiling, entry.id, changes={"tier": "filed"}, version=entry.version, now=NOW
    )
    assert (edited.tier, edited.status) == ("filed", EntryStatus.RETURNED)
    last = session.scalars(select(EntryEvent).order_by(EntryEvent.id.desc()).limit(1)).one()
    assert last.snapshot is not None
    assert last.snapshot["tier"] == "filed"


def test_a_refusal_wants_words_and_changes_nothing_without(session: Session) -> None:
    entry = make_filing(session, status=EntryStatus.PROPOSED)
    with pytest.raises(RuleViolation) as refusal:
        _listed(session, OPERATOR, entry.id, EntryAction.RETURN)
    assert refusal.value.code == "note-missing"
    assert entry.status is EntryStatus.PROPOSED
    assert _listed(session, OPERATOR, entry.id, EntryAction.REJECT, "不在本市").status is EntryStatus.REJECTED
    with pytest.raises(Conflict) as twice:
        _listed(session, OPERATOR, entry.id)
    assert twice.value.code == "illegal-transition"


def test_who_reads_what_when(session: Session) -> None:
    bureau, _ = make_bureau(session)
    reader, broker = make_actor(session), make_actor(session, OrganisationKind.AGENCY)
    form = agency_form(title="拟报的中心")
    draft = make_entry(session, EntryKind.AGENCY, form, status=EntryStatus.DRAFT, actor=broker)
    listed = make_filing(session)
    assert [may_read(session, actor, draft) for actor in (None, reader, broker, bureau)] == [
        False, False, True, True,
    ]  # fmt: skip
    assert [may_read(session, actor, listed) for actor in (None, reader)] == [False, True]
    publish(session, Register.AGENCIES)
    assert may_read(session, None, listed)
    for actor, count in ((None, 1), (reader, 1), (broker, 2), (bureau, 2), (OPERATOR, 2)):
        page = list_entries(session, actor, AgencyFiling, page=PageRequest())
        assert len(page.items) == count
    assert [entry.id for entry in list_entries(
        session, broker, AgencyFiling, page=PageRequest(), mine=True).items] == [draft.id]  # fmt: skip
    assert not list_entries(session, None, AgencyFiling, page=PageRequest(), mine=True).items


def test_lists_are_filtered(session: Session) -> None:
    bureau, _ = make_bureau(session)
    here = make_filing(session, title="江阴的机构", tech_field="05", chain_code="chain-metal")
    make_filing(session, title="宜兴的机构", region_code="320282")
    for filters in (
        {"region": JIANGYIN}, {"field": "05"}, {"chain": "chain-metal"}, {"name": "江阴"},
    ):  # fmt: skip
        found = list_entries(session, bureau, AgencyFiling, page=PageRequest(), **filters)
        assert [entry.id for entry in found.items] == [here.id], filters
    listed = list_entries(session, bureau, AgencyFiling, page=PageRequest(), status=EntryStatus.DRAFT)
    assert not listed.items


def test_the_index_holds_what_stands_in_an_edition_until_it_is_delisted(session: Session) -> None:
    node, enterprise = make_node(session), make_enterprise(session)
    assert not findable(session, Kind.NODE, [node.id])
    publish(session, Register.CHAINS)
    assert findable(session, Kind.NODE, [node.id]) == {node.id}
    assert findable(session, Kind.ENTERPRISE, [enterprise.id]) == {enterprise.id}
    delist_entry(session, OPERATOR, ChainNode, node.id, note="环节合并", encoder=ENCODER, now=NOW)
    assert not findable(session, Kind.NODE, [node.id])
    revise_entry(session, OPERATOR, ChainNode, node.id, encoder=ENCODER, now=NOW)
    propose_entry(session, OPERATOR, ChainNode, node.id, now=NOW)
    check_entry(
        session, OPERATOR, ChainNode, node.id, decision=EntryAction.LIST, note=None, encoder=ENCODER, now=NOW
    )
    assert findable(session, Kind.NODE, [node.id]) == {node.id}


def test_many_are_checked_at_once_or_none(session: Session) -> None:
    first, second = make_bureau(session)
    own = make_entry(session, EntryKind.AGENCY, agency_form(), status=EntryStatus.PROPOSED, actor=second)
    others = [make_filing(session, title=f"{name}中心", status=EntryStatus.PROPOSED) for name in "甲乙"]
    arguments = {"region_code": JIANGYIN, "decision": EntryAction.LIST, "note": None, "encoder": ENCODER}

    def check(actor, ids: list[int]):  # type: ignore[no-untyped-def]
        return check_register(session, actor, Register.AGENCIES, ids=ids, **arguments, now=NOW)

    with pytest.raises(PermissionDenied):
        check(second, [])
    with pytest.raises(RuleViolation) as refusal:
        check(first, [own.id, 10**9])
    assert [fault.pointer for fault in refusal.value.fields] == ["/ids/1"]
    assert {entry.id for entry in check(first, [others[0].id])} == {others[0].id}
    assert {entry.id for entry in check(first, [])} == {own.id, others[1].id}
    with pytest.raises(PermissionDenied):
        check(make_actor(session, OrganisationKind.AGENCY), [])


def test_an_entry_of_another_kind_is_not_found(session: Session) -> None:
    node = make_node(session)
    with pytest.raises(NotFound) as refusal:
        get_entry(session, OPERATOR, AgencyFiling, node.id)
    assert refusal.value.code == "agency-not-found"
    assert make_filing(session).source_date == date(2025, 3, 31)
