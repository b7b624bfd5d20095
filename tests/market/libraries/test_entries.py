"""Proposing, checking and delisting; who reads what; what the index holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, OrganisationKind
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
    with pytest.raises(PermissionDenied) as refused:
        _listed(session, first, entry.id)
    assert refused.value.code == "checker-is-proposer"
    assert _listed(session, second, entry.id).status is EntryStatus.LISTED
    steps = session.scalars(select(EntryEvent).where(EntryEvent.entry_id == entry.id).order_by(EntryEvent.id))
    assert [step.action for step in steps] == [EntryAction.CREATE, EntryAction.PROPOSE, EntryAction.LIST]


def test_nobody_checks_what_they_changed_or_handed_in(session: Session) -> None:
    (first, second), (third, _) = make_bureau(session), make_bureau(session)
    entry = make_entry(session, EntryKind.AGENCY, agency_form(), actor=first)
    revise_entry(session, second, AgencyFiling, entry.id, now=NOW)
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
    with pytest.raises(PermissionDenied) as refused:
        propose_entry(session, replace(university, verified=False), AgencyFiling, entry.id, now=NOW)
    assert refused.value.code == "organisation-not-verified"
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
    with pytest.raises(PermissionDenied) as refused:
        create_entry(
            session, make_actor(session, kind), EntryKind.AGENCY, now=NOW,
            form={**SOURCE, **agency_form(organisation_id=other.id)},
        )  # fmt: skip
    assert refused.value.code == code


def test_a_bureau_keeps_its_own_region_only(session: Session) -> None:
    bureau, _ = make_bureau(session, "320282")
    form = {"region_code": JIANGYIN, **SOURCE, **agency_form()}
    with pytest.raises(PermissionDenied) as refused:
        create_entry(session, bureau, EntryKind.AGENCY, form=form, now=NOW)
    assert refused.value.code == "outside-region"
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
        with pytest.raises(RuleViolation) as refused:
            create_entry(session, OPERATOR, EntryKind.AGENCY, form=given, now=NOW)
        assert code in {refused.value.code, *(fault.code for fault in refused.value.fields)}


def test_a_listed_entry_is_revised_before_it_is_changed(session: Session) -> None:
    entry = make_filing(session)
    with pytest.raises(Conflict) as refused:
        edit_entry(
            session,
            OPERATOR,
            AgencyFiling,
            entry.id,
            changes={"tier": "filed"},
            version=entry.version,
            now=NOW,
        )
    assert refused.value.code == "not-editable"
    revise_entry(session, OPERATOR, AgencyFiling, entry.id, now=NOW)
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
    with pytest.raises(RuleViolation) as refused:
        _listed(session, OPERATOR, entry.id, EntryAction.RETURN)
    assert refused.value.code == "note-missing"
    assert entry.status is EntryStatus.PROPOSED
    assert _listed(session, OPERATOR, entry.id, EntryAction.REJECT, "不在本市").status is EntryStatus.REJECTED
    with pytest.raises(Conflict) as twice:
        _listed(session, OPERATOR, entry.id)
    assert twice.value.code == "illegal-transition"


def test_who_reads_what_when(session: Session) -> None:
    bureau, _ = make_bureau(session)
    reader, broker = make_actor(session), make_actor(session, OrganisationKind.AGENCY)
    draft = make_entry(session, EntryKind.AGENCY, agency_form(), status=EntryStatus.DRAFT, actor=broker)
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
    delist_entry(session, OPERATOR, ChainNode, node.id, note="环节合并", now=NOW)
    assert not findable(session, Kind.NODE, [node.id])
    revise_entry(session, OPERATOR, ChainNode, node.id, now=NOW)
    propose_entry(session, OPERATOR, ChainNode, node.id, now=NOW)
    check_entry(
        session, OPERATOR, ChainNode, node.id, decision=EntryAction.LIST, note=None, encoder=ENCODER, now=NOW
    )
    assert findable(session, Kind.NODE, [node.id]) == {node.id}


def test_many_are_checked_at_once_or_none(session: Session) -> None:
    first, second = make_bureau(session)
    own = make_entry(session, EntryKind.AGENCY, agency_form(), status=EntryStatus.PROPOSED, actor=second)
    others = [make_filing(session, status=EntryStatus.PROPOSED) for _ in range(2)]
    arguments = {"region_code": JIANGYIN, "decision": EntryAction.LIST, "note": None, "encoder": ENCODER}

    def check(actor, ids: list[int]):  # type: ignore[no-untyped-def]
        return check_register(session, actor, Register.AGENCIES, ids=ids, **arguments, now=NOW)

    with pytest.raises(PermissionDenied):
        check(second, [])
    with pytest.raises(RuleViolation) as refused:
        check(first, [own.id, 10**9])
    assert [fault.pointer for fault in refused.value.fields] == ["/ids/1"]
    assert {entry.id for entry in check(first, [others[0].id])} == {others[0].id}
    assert {entry.id for entry in check(first, [])} == {own.id, others[1].id}
    with pytest.raises(PermissionDenied):
        check(make_actor(session, OrganisationKind.AGENCY), [])


def test_an_entry_of_another_kind_is_not_found(session: Session) -> None:
    node = make_node(session)
    with pytest.raises(NotFound) as refused:
        get_entry(session, OPERATOR, AgencyFiling, node.id)
    assert refused.value.code == "agency-not-found"
    assert make_filing(session).source_date == date(2025, 3, 31)
