"""How good suggestions are, measured by what brokers made of them. Figures only, no texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor, Role
from market.clock import CHINA, china_day
from market.errors import PermissionDenied
from market.listings.models import Need
from market.matches.models import Suggestion
from market.matches.rules import Status
from market.reference.queries import code_names
from market.reference.rules import Scheme

Decided = Row[int, Status, datetime | None, str, str, str | None]


@dataclass(frozen=True, slots=True)
class Figure:
    """What became of some suggestions that brokers decided.

    Attributes:
        key: what they have in common; empty for all.
        label: its Chinese name where it has one.
        decided: number of suggestions decided.
        accepted: number of those recommended, whatever came of it later.
        acceptance_rate: accepted / decided; None if nothing was decided.
        mean_reciprocal_rank: mean of 1 / rank over the accepted ones, where rank is the place at which
            the engine put the pair when one of its listings asked; 1 if all stood first. None if none
            was accepted.
    """

    key: str
    label: str
    decided: int
    accepted: int
    acceptance_rate: float | None
    mean_reciprocal_rank: float | None


@dataclass(frozen=True, slots=True)
class Quality:
    """Figures over all decisions since a day, and over parts of them, each ordered by its key.

    Attributes:
        since: first day, in China, of the decisions counted; None for all.
        overall: all of them.
        by_field: by technical field of the need; the key is empty where it has none.
        by_encoder: by key of the encoder, which names its revision.
        by_weights: by version of the weights.
        by_month: by month of the decision in China, like 2025-06.
    """

    since: date | None
    overall: Figure
    by_field: list[Figure]
    by_encoder: list[Figure]
    by_weights: list[Figure]
    by_month: list[Figure]


def quality(session: Session, actor: Actor, *, since: date | None = None) -> Quality:
    """Return how good the suggestions decided since a day were.

    All declines count, whatever their reason.

    Raises:
        PermissionDenied: neither a verified broker, nor a bureau, nor an admin.
    """
    verified_broker = actor.role is Role.BROKER and actor.verified
    if not verified_broker and actor.role not in {Role.BUREAU, Role.ADMIN}:
        raise PermissionDenied("匹配质量供技术经纪人和主管部门查看。", code="role-not-allowed")
    statement = (
        select(
            Suggestion.rank,
            Suggestion.status,
            Suggestion.decided_at,
            Suggestion.encoder,
            Suggestion.weights,
            Need.tech_field,
        )
        .join(Need, Need.id == Suggestion.need_id)
        .where(Suggestion.decided_at.is_not(None))
    )
    if since is not None:
        statement = statement.where(Suggestion.decided_at >= datetime.combine(since, time(), CHINA))
    rows = session.execute(statement).all()
    fields = {"": "未填"} | code_names(session, Scheme.TECH_FIELD)
    return Quality(
        since=since,
        overall=_figure("", "全部", rows),
        by_field=_grouped(rows, lambda row: row.tech_field or "", label=lambda key: fields.get(key, key)),
        by_encoder=_grouped(rows, lambda row: row.encoder),
        by_weights=_grouped(rows, lambda row: row.weights),
        by_month=_grouped(rows, lambda row: china_day(row.decided_at).isoformat()[:7]),
    )


def _grouped(
    rows: Iterable[Decided], key_of: Callable[[Decided], str], *, label: Callable[[str], str] = str
) -> list[Figure]:
    groups: dict[str, list[Decided]] = {}
    for row in rows:
        groups.setdefault(key_of(row), []).append(row)
    return [_figure(key, label(key), groups[key]) for key in sorted(groups)]


def _figure(key: str, label: str, rows: Iterable[Decided]) -> Figure:
    rows = list(rows)
    ranks = [row.rank for row in rows if row.status is not Status.DECLINED]
    return Figure(
        key=key,
        label=label,
        decided=len(rows),
        accepted=len(ranks),
        acceptance_rate=len(ranks) / len(rows) if rows else None,
        mean_reciprocal_rank=sum(1 / rank for rank in ranks) / len(ranks) if ranks else None,
    )
