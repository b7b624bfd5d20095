"""People of the talent pool: what is read of them, who may be asked, how many there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, distinct, func, or_, select
from sqlalchemy.orm import Session, joinedload

from market.libraries.models import AgencyFiling, Talent, TalentConsent, TalentRole
from market.libraries.queries.counts import on_file
from market.libraries.queries.spec import Column, KindSpec
from market.libraries.rules import EntryStatus
from market.libraries.rules.talents import EXPERT_ROLE, ConsentScope
from market.reference.queries import code_names
from market.reference.rules import Scheme, region_prefix
from market.search.documents import Kind


def agreed_to(scope: ConsentScope) -> ColumnElement[bool]:
    """Return the condition that a talent's consent of this scope is in force."""
    return (
        select(TalentConsent.id)
        .where(
            TalentConsent.talent_id == Talent.id,
            TalentConsent.scope == scope,
            TalentConsent.withdrawn_at.is_(None),
        )
        .exists()
    )


def has_agreed(session: Session, talent_id: int, scope: ConsentScope) -> bool:
    """Tell whether a person's consent of this scope is in force."""
    return bool(session.scalar(select(Talent.id).where(Talent.id == talent_id, agreed_to(scope))))


def works_in(fields: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that a talent works in one of these technical fields."""
    wanted = list(fields)
    # The codes are quoted in the JSON text, so that none is found inside another, on either database.
    held = cast(Talent.fields, String)
    return or_(
        Talent.tech_field.in_(wanted), *(held.contains(f'"{code}"', autoescape=True) for code in wanted)
    )


def valid_on(day: date) -> ColumnElement[bool]:
    """Return the condition that a role is held on a day."""
    return (TalentRole.valid_from <= day) & or_(
        TalentRole.valid_until.is_(None), TalentRole.valid_until >= day
    )


def holds(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that a talent has one role that meets all of these."""
    return select(TalentRole.id).where(TalentRole.talent_id == Talent.id, *conditions).exists()


def available_experts(
    session: Session, *, fields: Sequence[str], region: str | None, day: date
) -> list[Talent]:
    """Return the experts who may be asked on a day, with their units, by id.

    They are listed, agree to be found, and hold the role of an expert that day.

    Args:
        session: open session.
        fields: technical fields, of which they work in at least one; empty means any.
        region: only this region and all inside it.
        day: the day of asking.
    """
    statement = (
        select(Talent)
        .options(joinedload(Talent.organisation))
        .where(
            Talent.status == EntryStatus.LISTED,
            agreed_to(ConsentScope.FIND),
            holds(TalentRole.role == EXPERT_ROLE, valid_on(day)),
        )
        .order_by(Talent.id)
    )
    if fields:
        statement = statement.where(works_in(fields))
    if region is not None:
        statement = statement.where(Talent.region_code.startswith(region_prefix(region)))
    return list(session.scalars(statement))


@dataclass(frozen=True, slots=True)
class RoleCount:
    """How many different people; a person with two such roles counts once.

    Attributes:
        trained: trained within the span.
        appointed: whose role began for the first time within the span; a renewal makes nobody new.
        dispatched: with a role of the kind that began within the span, whether they had held one before.
        stock: listed, and holding the role on the day.
    """

    trained: int
    appointed: int
    dispatched: int
    stock: int


def listed_agencies(day: date | None) -> Select[int]:
    """Return the ids of the agencies on the list; on file on a day besides, if one is given."""
    agencies = select(AgencyFiling.id).where(AgencyFiling.status == EntryStatus.LISTED)
    return agencies if day is None else agencies.where(on_file(day))


def count_roles(
    session: Session,
    role: str,
    region: str,
    *,
    start: date | None,
    end: date,
    day: date,
    at_agency: bool = False,
) -> RoleCount:
    """Count the people of a region's pool who hold a role.

    Whoever was listed once counts as trained and appointed for good, also when the record was erased
    since, for what was done is not undone; the stock is of those on the pool now.

    Args:
        session: open session.
        role: code of scheme `talent_role`.
        region: this region and all inside it.
        start: first day of the span; None for no beginning.
        end: its last day.
        day: day of the stock.
        at_agency: only the roles at an agency that is on file on the day.
    """
    pool = [
        TalentRole.role == role,
        Talent.region_code.startswith(region_prefix(region)),
        Talent.published_at.is_not(None),
    ]
    if at_agency:
        pool.append(TalentRole.agency_entry_id.in_(listed_agencies(day)))
    first = (
        select(TalentRole.talent_id, func.min(TalentRole.valid_from).label("since"))
        .where(TalentRole.role == role)
        .group_by(TalentRole.talent_id)
        .subquery()
    )

    def within(column: Any) -> ColumnElement[bool]:
        span: ColumnElement[bool] = column <= end
        return span if start is None else span & (column >= start)

    def people(condition: ColumnElement[bool]) -> Any:
        return func.count(distinct(Talent.id)).filter(condition)

    row = session.execute(
        select(
            people(within(TalentRole.trained_on)),
            people(within(first.c.since)),
            people(within(TalentRole.valid_from)),
            people((Talent.status == EntryStatus.LISTED) & valid_on(day)),
        )
        .select_from(TalentRole)
        .join(Talent, Talent.id == TalentRole.talent_id)
        .join(first, first.c.talent_id == Talent.id)
        .where(*pool)
    ).one()
    return RoleCount(*row)


def _may_be_found(session: Session, talent: Talent) -> bool:
    return has_agreed(session, talent.id, ConsentScope.FIND)


def _index_text(session: Session, talent: Talent) -> str:
    fields, roles = code_names(session, Scheme.TECH_FIELD), code_names(session, Scheme.TALENT_ROLE)
    held = dict.fromkeys(roles[one.role] for one in talent.roles)
    return "\n".join(
        filter(None, ["、".join([*(fields[code] for code in talent.fields), *held]), *talent.works])
    )


def _facets(_session: Session, talent: Talent) -> dict[str, Any]:
    held = [one.role for one in talent.roles]
    category = EXPERT_ROLE if EXPERT_ROLE in held else next(iter(held), None)
    return {"category": category}


def _contents(session: Session, entries: Sequence[Talent]) -> list[dict[str, Any]]:
    roles, levels = code_names(session, Scheme.TALENT_ROLE), code_names(session, Scheme.BROKER_LEVEL)
    wanted = {one.agency_entry_id for entry in entries for one in entry.roles}
    named = select(AgencyFiling.id, AgencyFiling.title).where(AgencyFiling.id.in_(wanted - {None}))
    agencies = {row.id: row.title for row in session.execute(named)}

    def told(one: TalentRole) -> str:
        until = one.valid_until.isoformat() if one.valid_until else "长期"
        name = levels[one.level] if one.level else roles[one.role]
        agency = f"，挂靠{agencies[one.agency_entry_id]}" if one.agency_entry_id is not None else ""
        return f"{name}（{one.valid_from.isoformat()}至{until}{agency}）"

    return [
        {
            "person_name": entry.person_name,
            "unit_name": entry.unit_name,
            "post": entry.post,
            "fields": entry.fields,
            "works": entry.works,
            "availability": entry.availability,
            "roles": [told(one) for one in entry.roles],
        }
        for entry in entries
    ]


TALENT = KindSpec(
    model=Talent,
    columns=(
        Column("person_name", "姓名"),
        Column("unit_name", "工作单位"),
        Column("post", "职称或职务"),
        Column("fields", "专业领域", scheme=Scheme.TECH_FIELD),
        Column("works", "代表成果"),
        Column("availability", "可服务时间"),
        Column("roles", "身份", bracketed=True),
    ),
    contents=_contents,
    code_lists={"fields": Scheme.TECH_FIELD},
    index_kind=Kind.EXPERT,
    index_text=_index_text,
    facets=_facets,
    may_be_found=_may_be_found,
    shown=agreed_to(ConsentScope.FIND),
    person="user_id",
    personal=True,
)
