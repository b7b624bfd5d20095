"""What an import asks of the database: code tables, owners, and the records that are there already."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ScalarResult, or_, select
from sqlalchemy.orm import Session, joinedload

from market.accounts.models import Organisation
from market.accounts.rules import Actor, Role, normalise_uscc
from market.contracts.models import Contract
from market.db import get_or_not_found
from market.errors import NotFound
from market.exchange.models import ImportRun
from market.exchange.rules.codes import SYNONYMS, CodeTable, RegionTable, Tables
from market.exchange.rules.fields import FIELDS
from market.exchange.rules.runs import REGISTERS, ImportKind
from market.listings.models import AnyListing
from market.listings.queries import MODELS
from market.listings.rules import ListingKind
from market.reference.models import Region
from market.reference.queries import code_names, customs_to_iso, list_parks
from market.reference.rules import Scheme

NO_REGIONS = RegionTable(())
NO_CODES = CodeTable.of({})


def load_tables(session: Session, kind: ImportKind) -> Tables:
    """Return the tables that the cells of such a file may name."""
    schemes = {field.scheme for field in FIELDS[kind] if field.scheme is not None}
    codes = {scheme: CodeTable.of(code_names(session, scheme), SYNONYMS.get(scheme)) for scheme in schemes}
    levels = CodeTable.of(code_names(session, Scheme.TRL))
    if kind in REGISTERS:
        return Tables(codes=codes, levels=levels, parks=NO_CODES, regions=_regions(session))
    if kind is not ImportKind.CONTRACTS:
        return Tables(codes=codes, levels=levels, parks=NO_CODES, regions=NO_REGIONS)
    parks = {park.code: park.name for park in list_parks(session)}
    return Tables(
        codes=codes,
        levels=levels,
        parks=CodeTable.of(parks),
        regions=_regions(session),
        customs=customs_to_iso(session),
    )


def _regions(session: Session) -> RegionTable:
    rows = session.execute(
        select(Region.code, Region.name, Region.parent_code, Region.valid_to).order_by(Region.code)
    )
    return RegionTable.of((code, name, parent, valid_to is None) for code, name, parent, valid_to in rows)


def find_organisations(session: Session, text: str) -> list[Organisation]:
    """Return the organisations that an id, a credit code or an exact name means; at most two."""
    wanted = text.strip()
    statement = select(Organisation).where(
        or_(Organisation.name == wanted, Organisation.uscc == normalise_uscc(wanted))
    )
    found = list(session.scalars(statement.order_by(Organisation.id).limit(2)))
    if not found and wanted.isdecimal() and len(wanted) < 10:
        organisation = session.get(Organisation, int(wanted))
        found = [organisation] if organisation is not None else []
    return found


def find_listings(
    session: Session, kind: ListingKind, *, owners: Collection[int], external_ids: Collection[str]
) -> dict[tuple[int, str], AnyListing]:
    """Return the listings with these numbers, by owner and number."""
    model = MODELS[kind]
    rows: ScalarResult[AnyListing] = session.scalars(
        select(model)
        .options(joinedload(model.organisation))
        .where(model.organisation_id.in_(sorted(owners)), model.external_id.in_(sorted(external_ids)))
    )
    return {(row.organisation_id, row.external_id): row for row in rows if row.external_id is not None}


def contract_ids(session: Session, reg_nos: Collection[str]) -> dict[str, int]:
    """Return the ids of the contracts with these registration numbers."""
    if not reg_nos:
        return {}
    rows = session.execute(select(Contract.reg_no, Contract.id).where(Contract.reg_no.in_(sorted(reg_nos))))
    return {row.reg_no: row.id for row in rows}


def recent_amounts(session: Session, type_code: str, *, limit: int) -> list[int]:
    """Return the whole values in fen of the contracts of a type that were entered last."""
    return list(
        session.scalars(
            select(Contract.total_amount_fen)
            .where(Contract.type_code == type_code, Contract.live_identity.is_not(None))
            .order_by(Contract.id.desc())
            .limit(limit)
        )
    )


def get_import(session: Session, actor: Actor, import_id: int) -> ImportRun:
    """Return one import.

    Raises:
        NotFound: there is none, or it is not the actor's, their organisation's, and they are no admin.
    """
    run = get_or_not_found(session, ImportRun, import_id, name="导入记录")
    own = actor.user_id is not None and run.actor_id == actor.user_id
    colleague = actor.organisation_id is not None and run.organisation_id == actor.organisation_id
    if actor.role is not Role.ADMIN and not own and not colleague:
        raise NotFound("没有找到该导入记录。", code="import-not-found")
    return run
