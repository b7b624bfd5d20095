"""Handing papers in, taking them back, insisting on them, sweeping up files."""

from __future__ import annotations

import io
import os
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor, OrganisationKind
from market.audit.models import AuditEvent
from market.contracts.models import (
    Contract,
    ContractDocument,
    ContractRequest,
    DocumentRequirement,
    IncomeVerification,
)
from market.contracts.queries import rule_set_named
from market.contracts.queries.papers import get_paper, list_papers
from market.contracts.rules import Condition, IncomeStatus, RequestKind, Scan, Side, Status
from market.contracts.service.papers import (
    APPLICATION,
    Belonging,
    add_paper,
    require_papers,
    sweep,
    withdraw_paper,
)
from market.errors import Conflict, NotFound, PermissionDenied, RuleViolation
from market.storage import DocumentStore, StoredFile
from tests.factories import NOW, make_actor
from tests.market.contracts.factories import Cast, make_cast, make_contract

FILE = StoredFile(sha256="ab" * 32, name="合同.pdf", media_type="application/pdf", size=1000, scanned=False)
TODAY = NOW.date()


@pytest.fixture
def cast(session: Session) -> Cast:
    return make_cast(session)


def contract_of(session: Session, cast: Cast, status: Status = Status.DRAFT, **values: object) -> Contract:
    return make_contract(
        session,
        station=cast.station,
        seller=cast.seller_organisation,
        buyer=cast.buyer_organisation,
        status=status,
        **values,
    )


def add(
    session: Session,
    actor: Actor,
    contract: Contract,
    *,
    kind: str = "contract_text",
    belonging: Belonging = APPLICATION,
) -> ContractDocument:
    return add_paper(session, actor, contract.id, kind=kind, file=FILE, belonging=belonging, now=NOW).paper


def require_two_papers(session: Session, version: str = "2021") -> None:
    """Let a version insist on the contract's text, and on proof where intellectual property is touched."""
    session.execute(delete(DocumentRequirement))
    rows = [(None, Condition.ALWAYS, "contract_text", True), (None, Condition.IP, "ip_proof", True)]
    rows.append(("KF", Condition.ALWAYS, "authorisation", False))
    for type_code, condition, kind, required in rows:
        session.add(
            DocumentRequirement(
                rule_version=version,
                type_code=type_code,
                condition=condition,
                document_kind=kind,
                required=required,
                source="认定登记规则",
            )
        )
    session.flush()


def test_the_applicant_adds_papers_to_a_draft(session: Session, cast: Cast) -> None:
    contract = contract_of(session, cast)
    paper = add(session, cast.seller, contract)
    assert (paper.kind, paper.name, paper.sha256, paper.size) == (
        "contract_text",
        "合同.pdf",
        "ab" * 32,
        1000,
    )
    assert (paper.scan, paper.uploaded_by, paper.uploaded_at) == (Scan.NOT_SCANNED, cast.seller.user_id, NOW)
    event = session.scalars(select(AuditEvent).where(AuditEvent.entity == "contract_document")).one()
    assert (event.action, event.details["contract_id"]) == ("contract_document.add", contract.id)


def test_the_buyer_adds_papers_where_it_applies(session: Session, cast: Cast) -> None:
    contract = contract_of(session, cast, applicant=Side.BUYER)
    assert add(session, cast.buyer, contract).id
    with pytest.raises(PermissionDenied) as caught:
        add(session, cast.seller, contract)
    assert caught.value.code == "not-the-applicant"


@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.IN_REVIEW, Status.REGISTERED])
def test_once_handed_in_only_the_station_adds(session: Session, cast: Cast, status: Status) -> None:
    contract = contract_of(session, cast, status)
    with pytest.raises(Conflict) as caught:
        add(session, cast.seller, contract)
    assert caught.value.code == "papers-closed"
    assert add(session, cast.registrar, contract).uploaded_by == cast.registrar.user_id


@pytest.mark.parametrize("status", [Status.REFUSED, Status.CANCELLED])
def test_nobody_adds_after_the_end(session: Session, cast: Cast, status: Status) -> None:
    contract = contract_of(session, cast, status)
    for actor in (cast.seller, cast.registrar):
        with pytest.raises(Conflict):
            add(session, actor, contract)


def test_strangers_learn_nothing_and_the_other_party_adds_nothing(session: Session, cast: Cast) -> None:
    contract = contract_of(session, cast)
    with pytest.raises(NotFound):
        add(session, make_actor(session, OrganisationKind.ENTERPRISE), contract)
    with pytest.raises(PermissionDenied):
        add(session, cast.buyer, contract)


def test_the_kind_must_be_in_the_list(session: Session, cast: Cast) -> None:
    with pytest.raises(RuleViolation) as caught:
        add(session, cast.seller, contract_of(session, cast), kind="selfie")
    assert (caught.value.code, caught.value.fields[0].pointer) == ("unknown-code", "/kind")


def test_nobody_fills_the_disk(session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("market.contracts.service.papers.MAX_PAPERS", 1)
    contract = contract_of(session, cast)
    withdraw_paper(session, cast.seller, contract.id, add(session, cast.seller, contract).id, now=NOW)
    with pytest.raises(Conflict) as caught:
        add(session, cast.seller, contract)
    assert caught.value.code == "too-many-papers"


# What a paper belongs to


def make_request(session: Session, contract: Contract, *, decided: bool = False) -> ContractRequest:
    row = ContractRequest(
        contract_id=contract.id,
        kind=RequestKind.REVOCATION,
        reason="虚假",
        requested_at=NOW,
        decided_at=NOW if decided else None,
    )
    session.add(row)
    session.flush()
    return row


def make_verification(session: Session, contract: Contract, status: IncomeStatus) -> IncomeVerification:
    row = IncomeVerification(
        contract=contract,
        status=status,
        received_from=TODAY,
        received_to=TODAY,
        received_fen=100,
        deducted_fen=0,
        income_fen=100,
        submitted_at=NOW,
    )
    session.add(row)
    session.flush()
    return row


def test_papers_of_a_request_are_added_while_it_is_open(session: Session, cast: Cast) -> None:
    contract = contract_of(session, cast, Status.CHANGE_PENDING)
    belonging = Belonging(request_id=make_request(session, contract).id)
    bureau = make_actor(session, OrganisationKind.BUREAU, region_code="320200")
    for actor in (cast.seller, cast.registrar, bureau):
        assert add(session, actor, contract, kind="other", belonging=belonging).request_id
    closed = Belonging(request_id=make_request(session, contract, decided=True).id)
    with pytest.raises(Conflict):
        add(session, cast.seller, contract, belonging=closed)


def test_papers_of_a_verification_are_added_while_it_is_open(session: Session, cast: Cast) -> None:
    contract = contract_of(session, cast, Status.REGISTERED)
    verification = make_verification(session, contract, IncomeStatus.RETURNED)
    belonging = Belonging(income_verification_id=verification.id)
    assert add(session, cast.seller, contract, kind="receipt", belonging=belonging).income_verification_id
    verification.status = IncomeStatus.VERIFIED
    with pytest.raises(Conflict):
        add(session, cast.seller, contract, kind="receipt", belonging=belonging)


def test_what_it_belongs_to_must_be_of_the_same_contract(session: Session, cast: Cast) -> None:
    contract, other = (contract_of(session, cast, Status.REGISTERED) for _ in range(2))
    request = make_request(session, other)
    verification = make_verification(session, other, IncomeStatus.SUBMITTED)
    for belonging in (
        Belonging(request_id=request.id),
        Belonging(income_verification_id=verification.id),
        Belonging(request_id=10**9),
    ):
        with pytest.raises(NotFound):
            add(session, cast.seller, contract, belonging=belonging)


# Reading


def test_who_reads_papers(session: Session, cast: Cast) -> None:
    contract = contract_of(session, cast, Status.REGISTERED)
    open_one = add(session, cast.registrar, contract)
    private = add(session, cast.registrar, contract, kind="identity")
    for actor in (cast.seller, cast.registrar, cast.bureau):
        found = list_papers(session, actor, contract.id, today=TODAY)
        assert [item.paper.id for item in found.papers] == [open_one.id, private.id]
        assert get_paper(session, actor, contract.id, private.id) is private
    found = list_papers(session, cast.buyer, contract.id, today=TODAY)
    assert [item.paper.id for item in found.papers] == [open_one.id]
    with pytest.raises(NotFound):
        get_paper(session, cast.buyer, contract.id, private.id)


def test_a_paper_of_another_contract_is_not_found(session: Session, cast: Cast) -> None:
    contract, other = (contract_of(session, cast) for _ in range(2))
    paper = add(session, cast.seller, contract)
    with pytest.raises(NotFound):
        get_paper(session, cast.seller, other.id, paper.id)


def test_the_checklist_follows_the_rules_of_acceptance(session: Session, cast: Cast) -> None:
    require_two_papers(session, "2000")
    contract = contract_of(session, cast)
    found = list_papers(session, cast.seller, contract.id, today=TODAY)
    assert (found.rule_version, found.complete, found.checklist) == ("2021", True, [])
    contract.rule_version = "2000"
    found = list_papers(session, cast.seller, contract.id, today=TODAY)
    assert (found.rule_version, found.complete) == ("2000", False)
    assert [(item.kind, item.required, item.there) for item in found.checklist] == [
        ("contract_text", True, False),
        ("ip_proof", True, False),
        ("authorisation", False, False),
    ]


# Insisting


def test_missing_papers_are_named_with_their_source(session: Session, cast: Cast) -> None:
    require_two_papers(session)
    rules = rule_set_named(session, "2021")
    contract = contract_of(session, cast, ip_kind="10")
    add(session, cast.seller, contract)
    with pytest.raises(RuleViolation) as caught:
        require_papers(session, contract, rules=rules)
    assert caught.value.code == "papers-missing"
    assert [(fault.pointer, fault.code, fault.source) for fault in caught.value.fields] == [
        ("/documents/ip_proof", "paper-missing", "认定登记规则")
    ]
    add(session, cast.seller, contract, kind="ip_proof")
    require_papers(session, contract, rules=rules)


def test_a_withdrawn_paper_and_one_of_a_request_do_not_count(session: Session, cast: Cast) -> None:
    require_two_papers(session)
    contract = contract_of(session, cast, ip_kind="90")
    paper = add(session, cast.seller, contract)
    require_papers(session, contract, rules=rule_set_named(session, "2021"))
    withdraw_paper(session, cast.seller, contract.id, paper.id, now=NOW)
    add(session, cast.seller, contract, belonging=Belonging(request_id=make_request(session, contract).id))
    with pytest.raises(RuleViolation):
        require_papers(session, contract, rules=rule_set_named(session, "2021"))


# Taking back


def test_a_paper_taken_back_stays_on_record_and_is_not_read(session: Session, cast: Cast) -> None:
    contract = contract_of(session, cast)
    paper = add(session, cast.seller, contract)
    withdraw_paper(session, cast.seller, contract.id, paper.id, now=NOW)
    assert (paper.withdrawn_by, paper.withdrawn_at) == (cast.seller.user_id, NOW)
    assert list_papers(session, cast.seller, contract.id, today=TODAY).papers[0].paper is paper
    for again in (get_paper, lambda *args: withdraw_paper(*args, now=NOW)):
        with pytest.raises(NotFound):
            again(session, cast.seller, contract.id, paper.id)


def test_a_paper_is_taken_back_by_the_side_that_gave_it(session: Session, cast: Cast) -> None:
    contract = contract_of(session, cast, Status.RETURNED)
    paper = add(session, cast.seller, contract)
    contract.status = Status.SUBMITTED
    given = add(session, cast.registrar, contract)
    for actor, other in ((cast.registrar, paper), (cast.seller, given)):
        with pytest.raises(PermissionDenied) as caught:
            withdraw_paper(session, actor, contract.id, other.id, now=NOW)
        assert caught.value.code == "not-your-paper"


def test_after_acceptance_nothing_is_taken_back(session: Session, cast: Cast) -> None:
    contract = contract_of(session, cast)
    paper = add(session, cast.seller, contract)
    contract.status = Status.ACCEPTED
    with pytest.raises(Conflict) as caught:
        withdraw_paper(session, cast.seller, contract.id, paper.id, now=NOW)
    assert caught.value.code == "papers-closed"


def test_what_the_station_is_about_to_check_cannot_be_taken_away(session: Session, cast: Cast) -> None:
    require_two_papers(session)
    contract = contract_of(session, cast, ip_kind="90")
    first, second = add(session, cast.seller, contract), add(session, cast.seller, contract)
    contract.status = Status.SUBMITTED
    withdraw_paper(session, cast.seller, contract.id, first.id, now=NOW)
    with pytest.raises(RuleViolation) as caught:
        withdraw_paper(session, cast.seller, contract.id, second.id, now=NOW)
    assert caught.value.code == "papers-missing"


# Sweeping


def test_a_sweep_removes_old_files_that_no_paper_names(session: Session, cast: Cast, tmp_path: Path) -> None:
    store = DocumentStore(tmp_path, max_bytes=1000)
    named, left, new = (
        store.put(io.BytesIO(b"%PDF-1.7 " + text), name="合同.pdf") for text in (b"a", b"b", b"c")
    )
    add_paper(session, cast.seller, contract_of(session, cast).id, kind="other", file=named, now=NOW)
    session.flush()
    for file, days in ((named, 2), (left, 2), (new, 0)):
        moment = (NOW - timedelta(days=days)).timestamp()
        os.utime(store.path_of(file.sha256), (moment, moment))
    assert sweep(store, session, now=NOW) == 1
    assert store.path_of(named.sha256)
    assert store.path_of(new.sha256)
    with pytest.raises(NotFound):
        store.path_of(left.sha256)
