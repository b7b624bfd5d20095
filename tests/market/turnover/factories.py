"""Registered contracts with their ledger lines, and suggestions they came from. Flushed, never committed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.models import User
from market.contracts.models import Contract, ContractParty
from market.contracts.rules import Status
from market.listings.models import Achievement, Need
from market.matches.models import Suggestion, SuggestionEvent
from market.matches.rules import Action, Side
from market.matches.rules import Status as SuggestionStatus
from market.turnover.ledger import TurnoverLedger
from market.turnover.queries.scopes import Area, Scope, get_area
from market.turnover.rules import Measure, parse_period
from tests.factories import NOW
from tests.market.contracts.factories import make_contract, make_party

LEDGER = TurnoverLedger()


def register(session: Session, *, now: datetime = NOW, **values: Any) -> Contract:
    """Insert a registered contract and post it to the ledger."""
    contract = make_contract(session, **values)
    LEDGER.post_registration(session, contract, now=now)
    return contract


def party_in(
    session: Session,
    region: str | None,
    park: str | None = None,
    *,
    nature: str = "150",
    country: str | None = None,
) -> ContractParty:
    """Insert a party there; None means abroad, in Germany unless said."""
    country = country or ("276" if region is None else "156")
    return make_party(session, region_code=region, park_code=park, nature_code=nature, country_code=country)


def change(session: Session, contract: Contract, *, now: datetime = NOW, **values: Any) -> None:
    """Change a registered contract's form and post the change."""
    for name, value in values.items():
        setattr(contract, name, value)
    LEDGER.post_change(session, contract, now=now)


def end(
    session: Session, contract: Contract, status: Status = Status.CANCELLED, *, now: datetime = NOW
) -> None:
    """Cancel or revoke a registered contract and post the reversal."""
    contract.status = status
    contract.live_identity = None
    contract.ended_on = date(2025, 6, 10)
    LEDGER.post_reversal(session, contract, now=now)


def scope_of(
    session: Session,
    measure: Measure = Measure.REGISTERED,
    *,
    region: str | None = None,
    park: str | None = None,
    period: str = "2025",
    **values: Any,
) -> Scope:
    """Return a scope over a region (江阴 unless given) or park."""
    area: Area = get_area(session, region=None if park else region or "320281", park=park)
    found = parse_period(period)
    assert found is not None
    return Scope(measure=measure, area=area, period=found, **values)


def make_suggestion(
    session: Session,
    need: Need,
    achievement: Achievement,
    *,
    broker: User | None = None,
    status: SuggestionStatus = SuggestionStatus.CONTRACTED,
) -> Suggestion:
    """Insert a suggestion that a broker recommended in words and both sides took up, with its events."""
    row = Suggestion(
        need=need,
        achievement=achievement,
        asked_by=Side.NEED,
        rank=1,
        score=0.83,
        encoder="test-encoder@1",
        lexicon="2025.1",
        weights="2025.1",
        reasons={
            "parts": [{"name": "dense", "value": 0.9, "weight": 0.5, "contribution": 0.45}],
            "terms": [{"term": "反渗透"}],
            "concepts": [{"concept": "废水处理"}],
            "facets": [{"facet": "field", "verdict": "match", "words": "技术领域相同"}],
        },
        status=status,
        broker_id=broker.id if broker is not None else None,
        reason_code="fits",
        created_at=NOW,
        decided_at=NOW,
    )
    session.add(row)
    session.flush()
    steps: list[tuple[Action, SuggestionStatus | None, SuggestionStatus, Side | None, str | None]] = [
        (Action.SUGGEST, None, SuggestionStatus.SUGGESTED, None, None),
        (
            Action.RECOMMEND,
            SuggestionStatus.SUGGESTED,
            SuggestionStatus.RECOMMENDED,
            None,
            "工艺对口，建议面谈",
        ),
        (
            Action.INTEREST,
            SuggestionStatus.RECOMMENDED,
            SuggestionStatus.RECOMMENDED,
            Side.NEED,
            "最多出八十万",
        ),
        (Action.AGREE, SuggestionStatus.RECOMMENDED, SuggestionStatus.AGREED, Side.ACHIEVEMENT, None),
        (Action.SIGN, SuggestionStatus.AGREED, SuggestionStatus.CONTRACTED, None, None),
    ]
    for action, source, target, side, words in steps:
        session.add(
            SuggestionEvent(
                suggestion_id=row.id,
                action=action,
                source=source,
                target=target,
                actor_id=broker.id if broker is not None else None,
                side=side,
                words=words,
                at=NOW,
            )
        )
        session.flush()
    return row
