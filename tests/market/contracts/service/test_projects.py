"""A registered contract becomes a project that waits to be checked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import actor_of
from market.accounts.rules import Actor, OrganisationKind
from market.audit.models import AuditEvent
from market.contracts.models import Contract
from market.contracts.rules import Status
from market.contracts.service.projects import project_from_contract
from market.db import Database
from market.errors import Conflict, MarketError, NotFound, PermissionDenied, RuleViolation
from market.libraries.models import Project
from market.libraries.rules import EntryAction, EntryStatus
from market.libraries.rules.projects import ProjectOrigin
from market.libraries.service.entries import check_entry
from tests.factories import NOW, make_achievement, make_need, make_organisation, make_user
from tests.market.contracts.factories import make_contract
from tests.market.contracts.racing import at_once
from tests.market.libraries.factories import ENCODER, make_bureau
from tests.market.turnover.factories import make_suggestion


@dataclass
class Deal:
    """A registered contract of an enterprise that sells, and its bureau."""

    session: Session
    seller: Organisation
    actor: Actor
    bureau: Actor
    colleague: Actor
    contract: Contract

    def turn(self, actor: Actor | None = None, contract: Contract | None = None, **form: Any) -> Project:
        """Make a project of the contract, as the seller unless told."""
        return project_from_contract(
            self.session,
            actor or self.actor,
            (contract or self.contract).id,
            form={"category": "collaboration", **form},
            now=NOW,
        )

    def list_(self, actor: Actor, project: Project) -> None:
        """Check a project and list it."""
        check_entry(
            self.session, actor, Project, project.id, decision=EntryAction.LIST, note=None, encoder=ENCODER,
            now=NOW,
        )  # fmt: skip


@pytest.fixture
def deal(session: Session) -> Deal:
    """A deal that a broker brought about."""
    seller, buyer = make_organisation(session), make_organisation(session)
    suggestion = make_suggestion(
        session, make_need(session, buyer), make_achievement(session, make_organisation(session))
    )
    contract = make_contract(session, seller=seller, buyer=buyer, suggestion_id=suggestion.id)
    return Deal(session, seller, actor_of(make_user(session, seller)), *make_bureau(session), contract)


def refused(error: type[MarketError], call: Any, *args: Any, **values: Any) -> str:
    with pytest.raises(error) as caught:
        call(*args, **values)
    return caught.value.code


def test_the_seller_hands_in_what_the_contract_tells(deal: Deal) -> None:
    contract, before = deal.contract, deal.contract.status
    project = deal.turn(trl=6)
    assert (project.status, project.origin, project.stage) == (
        EntryStatus.PROPOSED,
        ProjectOrigin.CONTRACT,
        "research",
    )
    assert (project.title, project.total_fen, project.trl) == (contract.project_name, 100_000_000, 6)
    assert (project.started_on, project.ends_on) == (date(2025, 5, 20), date(2026, 5, 19))
    assert (project.organisation_id, project.tech_field) == (deal.seller.id, "07")
    assert contract.suggestion is not None
    assert (project.need_id, project.achievement_id) == (
        contract.suggestion.need_id,
        contract.suggestion.achievement_id,
    )
    assert (contract.project_id, contract.status) == (project.id, before)
    [event] = deal.session.scalars(select(AuditEvent).where(AuditEvent.action == "contract.project"))
    assert event.details == {"project": project.id}
    assert refused(Conflict, deal.turn) == "contract-has-project"
    deal.list_(deal.colleague, project)
    assert project.status is EntryStatus.LISTED


def test_who_may_not_and_when_not(deal: Deal) -> None:
    buyer = actor_of(make_user(deal.session, make_organisation(deal.session)))
    deal.contract.buyer.organisation_id = buyer.organisation_id
    assert refused(PermissionDenied, deal.turn, buyer) == "role-not-allowed"
    assert refused(PermissionDenied, deal.turn, replace(deal.actor, verified=False)) == "role-not-allowed"
    stranger = actor_of(make_user(deal.session, make_organisation(deal.session, OrganisationKind.UNIVERSITY)))
    assert refused(NotFound, deal.turn, stranger) == "contract-not-found"
    for status in (Status.ACCEPTED, Status.CANCELLED):
        other = make_contract(deal.session, seller=deal.seller, status=status)
        assert refused(Conflict, deal.turn, contract=other) == "contract-not-registered"
    assert refused(RuleViolation, deal.turn, total_fen=1, grant_fen=2) == "grant-over-total"
    assert deal.contract.project_id is None


def test_the_bureau_hands_in_and_does_not_check_itself(deal: Deal) -> None:
    project = deal.turn(deal.bureau, title="膜法水处理产业化")
    assert project.title == "膜法水处理产业化"
    assert refused(PermissionDenied, deal.list_, deal.bureau, project) == "checker-is-proposer"


def test_of_two_at_the_same_moment_one_makes_the_project(own_database: Database) -> None:
    with own_database.transaction() as session:
        seller = make_organisation(session)
        actors = [actor_of(make_user(session, seller)) for _ in range(2)]
        contract_id = make_contract(session, seller=seller).id

    def turn(actor: Actor) -> int:
        with own_database.transaction() as session:
            form = {"category": "collaboration"}
            return project_from_contract(session, actor, contract_id, form=form, now=NOW).id

    results = at_once(*(lambda actor=actor: turn(actor) for actor in actors))
    [made] = [one for one in results if isinstance(one, int)]
    [lost] = [one for one in results if isinstance(one, Conflict)]
    assert lost.code == "contract-has-project"
    with own_database.reading() as session:
        assert session.scalars(select(Project.id)).all() == [made]
        assert session.scalars(select(Contract.project_id)).all() == [made]
