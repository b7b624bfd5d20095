"""Going through a file of contracts once before anything is written."""

from __future__ import annotations

from contextlib import closing

from sqlalchemy.orm import Session

from market.errors import FieldError, RuleViolation
from market.exchange import queries
from market.exchange.readers import Source
from market.exchange.rules.field import How
from market.exchange.rules.mapping import ColumnMapping, MappedColumn
from market.exchange.rules.rows import CellReader
from market.exchange.rules.runs import Cell, SourceRow
from market.exchange.rules.survey import (
    AMOUNTS,
    Survey,
    doubt_detail,
    doubts,
    middle_amounts,
    with_customs,
)
from market.exchange.rules.texts import ValueFault, short_text
from market.reference.queries import code_names
from market.reference.rules import Scheme

RECENT = 1000
ENOUGH = 100
"""Contracts of a type that are looked at for their usual amount, and the fewest that tell it."""


def survey_contracts(
    session: Session,
    source: Source,
    mapping: ColumnMapping,
    *,
    reader: CellReader,
    confirm_unit: bool,
) -> ColumnMapping:
    """Look through all rows of a file of contracts for what no single row can tell.

    Args:
        session: open session.
        source: the file.
        mapping: what its columns are taken for.
        reader: of this file.
        confirm_unit: whether somebody vouches for the unit of the amounts.

    Returns:
        The mapping, with columns of the customs' country codes found out.

    Raises:
        RuleViolation: `amount-unit-doubtful`: the amounts look like another unit of money.
    """
    survey = _look_through(source, mapping, reader)
    if not confirm_unit:
        _refuse_doubtful(session, survey, mapping)
    return with_customs(mapping, survey)


def _look_through(source: Source, mapping: ColumnMapping, reader: CellReader) -> Survey:
    survey = Survey()
    kind = mapping.column_of("type_code")
    amounts = [column for name in AMOUNTS if (column := mapping.column_of(name)) is not None]
    countries = [column for column in mapping.columns if column.field.how is How.COUNTRY]
    with closing(source.rows()) as rows:
        for row in rows:
            type_code = _value(row, kind, reader)
            for column in amounts:
                fen = _value(row, column, reader)
                if isinstance(type_code, str) and isinstance(fen, int):
                    survey.see_amount(column.field.name, type_code, fen)
            for column in countries:
                survey.see_country(column, _text(row.cells.get(column.column)))
    return survey


def _value(row: SourceRow, column: MappedColumn | None, reader: CellReader) -> object:
    cell = row.cells.get(column.column) if column is not None else None
    if column is None or cell is None:
        return None
    try:
        return reader.read(column, cell)
    except ValueFault:
        return None  # named with its row when the row is read


def _text(cell: Cell) -> str:
    try:
        return short_text(cell)
    except ValueFault:
        return ""


def _refuse_doubtful(session: Session, survey: Survey, mapping: ColumnMapping) -> None:
    seen = {type_code for _, type_code in survey.amounts}
    recent = {each: queries.recent_amounts(session, each, limit=RECENT) for each in sorted(seen)}
    found = doubts(survey, mapping, middle_amounts(recent, enough=ENOUGH))
    if not found:
        return
    names = code_names(session, Scheme.CONTRACT_TYPE)
    details = [doubt_detail(doubt, type_name=names[doubt.type_code]) for doubt in found]
    raise RuleViolation(
        details[0],
        code="amount-unit-doubtful",
        fields=tuple(
            FieldError(f"/{doubt.column.field.name}", "amount-unit-doubtful", detail)
            for doubt, detail in zip(found, details, strict=True)
        ),
    )
