"""Defining the conversion index and publishing its values; what is published never changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor, Role
from market.audit.service import record
from market.clock import china_day
from market.errors import Conflict, PermissionDenied, RuleViolation
from market.rankings.models import IndexDefinition, IndexValue
from market.rankings.queries.conversion_index import compute_index
from market.rankings.queries.rankings import require_in_charge
from market.rankings.rules import Part, read_indicators
from market.reference.queries import check_region

DEFINED = ("name", "in_force_from", "base_year", "indicators", "source")


def publish_index(
    session: Session, actor: Actor, *, region: str, period: str, definition: str | None, now: datetime
) -> IndexValue:
    """Publish the index of a period that is over, with all its parts, as known now.

    Args:
        session: open transaction.
        actor: an admin, or a bureau over the region.
        region: GB/T 2260 code.
        period: within one year, as `2025`, `2025-Q2` or `2025-06`.
        definition: its version; by default the one in force.
        now: present time.

    Raises:
        PermissionDenied: `not-in-charge`.
        RuleViolation, NotFound: as `queries.conversion_index.get_index`.
        Conflict: `period-running`, `index-incomplete`, or `index-already-published`.
    """
    found = check_region(session, region, pointer="/region")
    require_in_charge(actor, region)
    index = compute_index(session, found, period=period, definition=definition, now=now)
    if index.period.end >= china_day(now):
        raise Conflict("该时段尚未结束，不能发布。", code="period-running")
    if index.value is None:
        raise Conflict(f"指标不全，不能发布：{''.join(index.missing)}", code="index-incomplete")
    same = select(IndexValue.id).where(
        IndexValue.region_code == region,
        IndexValue.period == index.period.text,
        IndexValue.definition_version == index.definition.version,
    )
    if session.scalar(same) is not None:
        raise Conflict("该地区该时段的指数已经发布。", code="index-already-published")
    value = IndexValue(
        region=found,
        period=index.period.text,
        definition=index.definition,
        value=format(index.value, "f"),
        parts=[_plain(part) for part in index.parts],
        known_at=now,
        published_by=actor.user_id,
        published_at=now,
    )
    session.add(value)
    session.flush()  # draws the id that the audit names
    record(
        session,
        actor.user_id,
        action="conversion_index.publish",
        entity="index_value",
        entity_id=value.id,
        now=now,
        details={"region": region, "period": value.period, "definition": index.definition.version},
    )
    return value


def _plain(part: Part) -> dict[str, Any]:
    """Return a part as it is kept: decimals as text, so that nothing rounds them."""
    numbers = {
        "raw": part.raw,
        "base": part.base,
        "normalised": part.normalised,
        "contribution": part.contribution,
    }
    indicator = part.indicator
    return {
        "key": indicator.key.value,
        "name": indicator.name,
        "unit": indicator.unit,
        "direction": indicator.direction.value,
        "method": indicator.method.value,
        "weight": format(indicator.weight, "f"),
        **{name: None if number is None else format(number, "f") for name, number in numbers.items()},
    }


def define_index(
    session: Session, actor: Actor, *, version: str, definition: Mapping[str, Any], now: datetime
) -> IndexDefinition:
    """Add a version of the definition. What exists is not changed: values already published name it.

    Args:
        session: open transaction.
        actor: an admin.
        version: not yet used.
        definition: name, in_force_from, base_year, indicators, source.
        now: present time.

    Raises:
        PermissionDenied: `not-admin`.
        RuleViolation: `bad-definition`.
        Conflict: `index-definition-exists`.
    """
    if actor.role is not Role.ADMIN:
        raise PermissionDenied("只有系统管理员可以增加指数定义。", code="not-admin")
    if session.get(IndexDefinition, version) is not None:
        raise Conflict("该版本的指数定义已经存在；修改请另立版本。", code="index-definition-exists")
    read_indicators(definition["indicators"])
    row = IndexDefinition(version=version, created_at=now, **{name: definition[name] for name in DEFINED})
    session.add(row)
    session.flush()
    record(
        session,
        actor.user_id,
        action="conversion_index.define",
        entity="index_definition",
        entity_id=0,  # its key is its version
        now=now,
        details={"version": version},
    )
    return row


def load_definitions(session: Session, rows: Iterable[Mapping[str, Any]], now: datetime) -> int:
    """Write the definitions of a file; those that stand there already, unchanged, are left alone.

    Args:
        session: open transaction.
        rows: version, name, in_force_from (a day or its ISO text), base_year, indicators, source.
        now: kept as the day they were entered.

    Returns:
        How many were read.

    Raises:
        RuleViolation: `bad-definition`; or `index-definition-in-use`, the file says something else of a
            version by which values have been published.
    """
    count = 0
    for raw in rows:
        day = raw["in_force_from"]
        row = {**raw, "in_force_from": date.fromisoformat(day) if isinstance(day, str) else day}
        read_indicators(row["indicators"])
        _load(session, row, now=now)
        count += 1
    session.flush()
    return count


def _load(session: Session, row: Mapping[str, Any], *, now: datetime) -> None:
    known = session.get(IndexDefinition, row["version"])
    if known is None:
        session.add(
            IndexDefinition(version=row["version"], created_at=now, **{name: row[name] for name in DEFINED})
        )
        return
    if all(getattr(known, name) == row[name] for name in DEFINED):
        return
    used = select(IndexValue.id).where(IndexValue.definition_version == known.version).limit(1)
    if session.scalar(used) is not None:
        raise RuleViolation(
            f"已按{known.version}版发布过指数，不能修改该版；请另立版本。", code="index-definition-in-use"
        )
    for name in DEFINED:
        setattr(known, name, row[name])
