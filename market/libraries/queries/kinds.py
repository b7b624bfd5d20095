"""All kinds of entries, and what is made of any of them: documents for the index, rows for editions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from market.clock import china_day
from market.libraries.models import RegisterEntry
from market.libraries.queries.agencies import AGENCY, CONSORTIUM
from market.libraries.queries.chains import ENTERPRISE, NODE
from market.libraries.queries.challenges import CHALLENGE, CHALLENGE_COLUMNS
from market.libraries.queries.projects import PROJECT
from market.libraries.queries.resources import RESOURCE
from market.libraries.queries.spec import Column, KindSpec
from market.libraries.queries.talents import TALENT
from market.libraries.queries.technologies import TECHNOLOGY
from market.libraries.rules import REGISTER_OF, EntryKind, Frozen, Register, is_public
from market.reference.rules import Scheme
from market.search.documents import Document, Facets

SPECS: Mapping[EntryKind, KindSpec] = {
    EntryKind.NODE: NODE,
    EntryKind.ENTERPRISE: ENTERPRISE,
    EntryKind.RESOURCE: RESOURCE,
    EntryKind.TECHNOLOGY: TECHNOLOGY,
    EntryKind.PROJECT: PROJECT,
    EntryKind.TALENT: TALENT,
    EntryKind.AGENCY: AGENCY,
    EntryKind.CONSORTIUM: CONSORTIUM,
}

COMMON_COLUMNS = (
    Column("title", "名称"),
    Column("region_code", "行政区划"),
    Column("organisation", "所属单位"),
    Column("tech_field", "技术领域", scheme=Scheme.TECH_FIELD),
    Column("chain_code", "产业链", scheme=Scheme.CHAIN),
    Column("summary", "简介"),
    Column("keywords", "关键词"),
    Column("source", "来源"),
    Column("source_date", "数据日期", "date"),
)

OFFICE_COLUMNS = (Column("external_id", "编号"),)
"""Of all kinds; never part of an edition."""


def kinds_of(register: Register) -> tuple[EntryKind, ...]:
    """Return the kinds a register holds."""
    return tuple(kind for kind in SPECS if REGISTER_OF[kind] is register)


def columns_of(kind: str, *, office: bool = False) -> tuple[Column, ...]:
    """Return the columns of a kind's public part, by the `kind` of an edition's row.

    Args:
        kind: of the row.
        office: with those that only the office which keeps the register sees.
    """
    if kind == CHALLENGE:
        return CHALLENGE_COLUMNS
    own = SPECS[EntryKind(kind)]
    return COMMON_COLUMNS + own.columns + (OFFICE_COLUMNS + own.office if office else ())


def may_be_found(session: Session, entry: RegisterEntry) -> bool:
    """Tell whether anyone may read an entry's public part; the index holds it then, and only then."""
    return is_public(entry.kind, entry.status, published=entry.published_at is not None) and SPECS[
        entry.kind
    ].may_be_found(session, entry)


def to_document(session: Session, entry: RegisterEntry) -> Document:
    """Return what the index sees of an entry: its public part only.

    Raises:
        ValueError: entries of this kind are not indexed.
    """
    spec = SPECS[entry.kind]
    if spec.index_kind is None:
        raise ValueError(f"entries of kind {entry.kind} are not indexed")
    body = (entry.summary, spec.index_text(session, entry), " ".join(entry.keywords))
    return Document(
        key=str(entry.id),
        kind=spec.index_kind,
        title=entry.title,
        body="\n".join(part for part in body if part),
        facets=Facets(
            tech_field=entry.tech_field,
            chain=entry.chain_code,
            region=entry.region_code,
            organisation=None if entry.organisation_id is None else str(entry.organisation_id),
            published_on=china_day(entry.published_at) if entry.published_at else None,
            **spec.facets(session, entry),
        ),
    )


def freeze(session: Session, entries: Sequence[RegisterEntry], *, office: bool = False) -> list[Frozen]:
    """Return the public part of entries as rows of an edition, in their order.

    Args:
        session: open session.
        entries: of any kind.
        office: with what only the office sees, for a copy of its own.
    """
    own: dict[int, dict[str, Any]] = {}
    for kind in {entry.kind for entry in entries}:
        these = [entry for entry in entries if entry.kind is kind]
        own |= {
            entry.id: content
            for entry, content in zip(these, SPECS[kind].contents(session, these), strict=True)
        }
    return [
        Frozen(
            record_id=entry.id,
            key=f"{entry.kind.value}:{entry.id}",
            title=entry.title,
            content={
                "kind": entry.kind.value,
                **_common(entry),
                **own[entry.id],
                **(_office(entry) if office else {}),
            },
        )
        for entry in entries
    ]


def _common(entry: RegisterEntry) -> dict[str, Any]:
    return {
        "title": entry.title,
        "region_code": entry.region_code,
        "organisation": entry.organisation.name if entry.organisation else None,
        "tech_field": entry.tech_field,
        "chain_code": entry.chain_code,
        "summary": entry.summary,
        "keywords": entry.keywords,
        "source": entry.source,
        "source_date": entry.source_date.isoformat(),
    }


def _office(entry: RegisterEntry) -> dict[str, Any]:
    return {column.key: getattr(entry, column.key) for column in OFFICE_COLUMNS + SPECS[entry.kind].office}
