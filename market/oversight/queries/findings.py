"""What looks odd in the registrations of a year, computed when asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, case, func, literal, select, true
from sqlalchemy.orm import Session, aliased

from market.accounts.models import Organisation
from market.accounts.rules import Actor
from market.clock import china_day
from market.contracts.form_rules import CHINA_CODE, NATURAL_PERSON
from market.contracts.models import Contract, ContractParty
from market.contracts.queries import rule_set_on, rule_sets
from market.contracts.rules import LIVE, RuleSet, amount_that_counts
from market.db import Page, PageRequest
from market.errors import violation
from market.oversight.queries.paging import page_of_rows
from market.oversight.queries.watching import Watch, get_watch
from market.oversight.rules.completeness import OPTIONAL_FIELDS, FieldCount, count_fields
from market.oversight.rules.findings import ContractFacts, Finding, FindingKind
from market.oversight.rules.review import LOOK_BACK_DAYS, YearReview, review_year
from market.reference.rules import NATION_CODE, region_prefix

MAX_CONTRACTS = 200_000
"""Contracts looked at in one request: more than any province registers in a year."""


@dataclass(frozen=True, slots=True)
class FindingCount:
    """How many findings there are of a kind."""

    kind: FindingKind
    findings: int


@dataclass(frozen=True, slots=True)
class FindingPage:
    """One page of findings, beside how many there are of each kind."""

    watch: Watch
    review: YearReview
    counts: Sequence[FindingCount]
    page: Page[Finding]


@dataclass(frozen=True, slots=True)
class Completeness:
    """How complete optional fields are, by station."""

    watch: Watch
    year: int
    contracts: int
    fields: Sequence[FieldCount]


def list_findings(
    session: Session,
    actor: Actor,
    *,
    region: str | None,
    station: int | None,
    year: int | None,
    kind: FindingKind | None,
    page: PageRequest,
    now: datetime,
) -> FindingPage:
    """List what looks odd among the contracts that stations registered in a year, the gravest first.

    Args:
        session: open session.
        actor: a bureau, a registrar or an admin.
        region: of the stations; None means all the actor may look into.
        station: only this station.
        year: of registration; None means the present one.
        kind: only this kind; the counts are of all kinds.
        page: cursor and limit.
        now: present time.

    Raises:
        PermissionDenied, NotFound, RuleViolation: see `get_watch`; `too-many-contracts`; the cursor was not
            issued for this list.
    """
    watch = get_watch(session, actor, region=region, station=station)
    asked = year if year is not None else china_day(now).year
    review = review_year(_facts(session, watch, year=asked), year=asked)
    findings = [finding for finding in review.findings if kind in {None, finding.kind}]
    counts = Counter(finding.kind for finding in review.findings)
    return FindingPage(
        watch=watch,
        review=review,
        counts=[FindingCount(each, counts[each]) for each in FindingKind],
        page=page_of_rows(findings, key=lambda finding: finding.order, page=page),
    )


def get_completeness(
    session: Session,
    actor: Actor,
    *,
    region: str | None,
    station: int | None,
    year: int | None,
    now: datetime,
) -> Completeness:
    """Return how complete the optional fields of a year's registrations are, by station.

    Raises:
        PermissionDenied, NotFound, RuleViolation: as `list_findings`.
    """
    watch = get_watch(session, actor, region=region, station=station)
    asked = year if year is not None else china_day(now).year
    own = [facts for facts in _facts(session, watch, year=asked) if facts.registered_on.year == asked]
    return Completeness(watch, asked, len(own), count_fields(own))


def _facts(session: Session, watch: Watch, *, year: int) -> list[ContractFacts]:
    """Return the live contracts registered in a year or shortly before, by id, in one query."""
    seller, buyer = aliased(ContractParty), aliased(ContractParty)
    asked, missing = _masks(seller, buyer)
    statement = (
        select(
            Contract.id,
            Contract.reg_no,
            Contract.rule_version,
            Contract.station_id,
            Organisation.name.label("station_name"),
            func.coalesce(seller.uscc, seller.name).label("seller"),
            seller.name.label("seller_name"),
            func.coalesce(buyer.uscc, buyer.name).label("buyer"),
            buyer.name.label("buyer_name"),
            Contract.project_name,
            Contract.type_code,
            Contract.signed_on,
            Contract.registered_on,
            Contract.total_amount_fen,
            Contract.tech_amount_fen,
            Contract.related_party,
            asked.label("asked"),
            missing.label("missing"),
        )
        .join(seller, Contract.seller_id == seller.id)
        .join(buyer, Contract.buyer_id == buyer.id)
        .join(Organisation, Contract.station_id == Organisation.id)
        .where(
            _within(watch),
            Contract.status.in_(LIVE),
            Contract.total_amount_fen > 0,
            Contract.registered_on >= date(year, 1, 1) - timedelta(days=LOOK_BACK_DAYS),
            Contract.registered_on <= date(year, 12, 31),
        )
        .order_by(Contract.id)
        .limit(MAX_CONTRACTS + 1)
    )
    rows = session.execute(statement).all()
    if len(rows) > MAX_CONTRACTS:
        raise violation(
            "/region", "too-many-contracts", f"登记合同超过{MAX_CONTRACTS}项，请选择较小的地区或登记机构。"
        )
    named = {rules.version: rules for rules in rule_sets(session)}
    return [
        _fact(row, named.get(row.rule_version) or rule_set_on(session, row.registered_on)) for row in rows
    ]


def _within(watch: Watch) -> ColumnElement[bool]:
    if watch.station_id is not None:
        own = Contract.station_id == watch.station_id
        return own & Organisation.region_code.startswith(region_prefix(watch.region))
    return (
        true()
        if watch.region == NATION_CODE
        else Organisation.region_code.startswith(region_prefix(watch.region))
    )


def _fact(row: Any, rules: RuleSet) -> ContractFacts:
    return ContractFacts(
        contract_id=row.id,
        reg_no=row.reg_no,
        station_id=row.station_id,
        station_name=row.station_name,
        seller=row.seller,
        seller_name=row.seller_name,
        buyer=row.buyer,
        buyer_name=row.buyer_name,
        project_name=row.project_name,
        type_code=row.type_code,
        signed_on=row.signed_on,
        registered_on=row.registered_on,
        total_fen=row.total_amount_fen,
        tech_fen=row.tech_amount_fen,
        counts_fen=amount_that_counts(
            rules, total_amount_fen=row.total_amount_fen, tech_amount_fen=row.tech_amount_fen
        ),
        large_from_fen=rules.large_from_fen,
        related=row.related_party,
        asked=row.asked,
        missing=row.missing,
    )


def _masks(
    seller: type[ContractParty], buyer: type[ContractParty]
) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Return two columns of bits: which optional fields make sense for a contract, and which lack."""
    columns: Mapping[str, tuple[ColumnElement[bool], ColumnElement[Any]]] = {
        "subtype_code": (Contract.type_code != "ZX", Contract.subtype_code.expression),
        "licence_kind": (Contract.type_code == "XK", Contract.licence_kind.expression),
        "valid_to": (true(), Contract.valid_to.expression),
        "seo": (true(), Contract.seo.expression),
        "industry_code": (true(), Contract.industry_code.expression),
        "new_input_fen": (Contract.type_code == "ZR", Contract.new_input_fen.expression),
        "new_output_fen": (Contract.type_code == "ZR", Contract.new_output_fen.expression),
        "seller_uscc": (_is_company(seller), seller.uscc.expression),
        "buyer_uscc": (_is_company(buyer), buyer.uscc.expression),
    }
    fields = [columns[field.column] for field in OPTIONAL_FIELDS]
    return (
        _bits(asked for asked, _ in fields),
        _bits(and_(asked, column.is_(None)) for asked, column in fields),
    )


def _bits(conditions: Iterable[ColumnElement[bool]]) -> ColumnElement[int]:
    total: ColumnElement[int] = literal(0, Integer)
    for bit, condition in enumerate(conditions):
        total = total + case((condition, 1 << bit), else_=0)
    return total


def _is_company(party: type[ContractParty]) -> ColumnElement[bool]:
    """A party at home that must have a credit code: people have none."""
    return and_(party.country_code == CHINA_CODE, party.nature_code != NATURAL_PERSON)
