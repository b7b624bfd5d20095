"""Agencies and consortia: what is read of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.libraries.models import AgencyFiling, Consortium, ConsortiumMember
from market.libraries.queries.recorded import EVALUATION, RECOGNITIONS, told_evaluations, told_recognitions
from market.libraries.queries.spec import Column, KindSpec
from market.reference.rules import Scheme


def _agency_contents(session: Session, entries: Sequence[AgencyFiling]) -> list[dict[str, Any]]:
    recognised, evaluated = told_recognitions(session, entries), told_evaluations(session, entries)
    return [
        {
            "category": entry.category,
            "tier": entry.tier,
            "uscc": entry.uscc,
            "filed_on": entry.filed_on.isoformat(),
            "valid_until": entry.valid_until.isoformat() if entry.valid_until else None,
            "services": entry.services,
            "transfer_staff": entry.transfer_staff,
            "above_scale": "是" if entry.above_scale else "否",
            "recognitions": recognised.get(entry.id, []),
            "evaluation": evaluated.get(entry.id),
        }
        for entry in entries
    ]


def _consortium_contents(session: Session, entries: Sequence[Consortium]) -> list[dict[str, Any]]:
    statement = (
        select(ConsortiumMember)
        .where(ConsortiumMember.consortium_id.in_([entry.id for entry in entries]))
        .order_by(ConsortiumMember.lead.desc(), ConsortiumMember.id)
    )
    members: dict[int, list[str]] = {}
    for member in session.scalars(statement):
        members.setdefault(member.consortium_id, []).append(_told_member(member))
    recognised = told_recognitions(session, entries)
    return [
        {
            "category": entry.category,
            "founded_on": entry.founded_on.isoformat(),
            "members": members.get(entry.id, []),
            "recognitions": recognised.get(entry.id, []),
        }
        for entry in entries
    ]


def _told_member(member: ConsortiumMember) -> str:
    marks = ("牵头" if member.lead else "") + ("企业" if member.is_enterprise else "")
    return f"{member.name}（{marks}{' ' if marks else ''}{member.joined_on.isoformat()}加入）"


AGENCY = KindSpec(
    model=AgencyFiling,
    columns=(
        Column("category", "机构类别", scheme=Scheme.AGENCY_CATEGORY),
        Column("tier", "层级", scheme=Scheme.AGENCY_TIER),
        Column("uscc", "统一社会信用代码"),
        Column("filed_on", "备案（联通）日期", "date"),
        Column("valid_until", "有效期至", "date"),
        Column("services", "服务内容"),
        Column("transfer_staff", "技术转移从业人员", "integer"),
        Column("above_scale", "规上"),
        RECOGNITIONS,
        EVALUATION,
    ),
    contents=_agency_contents,
    codes={"category": Scheme.AGENCY_CATEGORY, "tier": Scheme.AGENCY_TIER},
)

CONSORTIUM = KindSpec(
    model=Consortium,
    columns=(
        Column("category", "类别", scheme=Scheme.CONSORTIUM_KIND),
        Column("founded_on", "组建日期", "date"),
        Column("members", "成员单位"),
        RECOGNITIONS,
    ),
    contents=_consortium_contents,
    codes={"category": Scheme.CONSORTIUM_KIND},
)
