"""How the needs of a region fare at the gate: which way they went, what is missing most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor, Role
from market.clock import CHINA
from market.errors import PermissionDenied
from market.listings.models import Need, NeedAssessment
from market.listings.queries.listings import reviews_all
from market.listings.rules import (
    PRACTICE_PERCENT,
    RULE_OF,
    TRIAGE_NAMES,
    GateCode,
    Severity,
    Triage,
    Validation,
)
from market.reference.queries import check_region
from market.reference.rules import NATION_CODE, lies_within, region_prefix

MOST_FREQUENT = 10

Assessed = Row[int, list[dict[str, str]], Triage, Triage | None, Validation]


@dataclass(frozen=True, slots=True)
class ClassFigure:
    """How many needs a class has. Shares are of those assessed and of those decided; None of nothing.

    Attributes:
        triage: the class.
        name: in Chinese.
        suggested: number of needs for which the rules suggest it now.
        suggested_share: of all assessed.
        decided: number of needs that reviewers put into it.
        decided_share: of all decided.
        practice_share: in the practice of 江苏 in 2024, to compare with.
    """

    triage: Triage
    name: str
    suggested: int
    suggested_share: float | None
    decided: int
    decided_share: float | None
    practice_share: float


@dataclass(frozen=True, slots=True)
class FindingFigure:
    """How many needs leave a question open."""

    code: GateCode
    name: str
    severity: Severity
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class GateSummary:
    """The needs of a region that were handed in, by what was last found in each.

    Attributes:
        region: with all inside it.
        since: first day, in China, of the submissions counted; None for all.
        assessed: number of needs.
        undecided: those nobody has put into a class.
        as_suggested: those whose class is the one suggested.
        mean_completeness: 0 to 100, one decimal; None of nothing.
        classes: one for each class.
        findings: the most frequent first, then by code.
        valid: those found to be valid ones (有效技术需求).
        invalid: those found to be none.
    """

    region: str
    since: date | None
    assessed: int
    undecided: int
    as_suggested: int
    mean_completeness: float | None
    classes: list[ClassFigure]
    findings: list[FindingFigure]
    valid: int
    invalid: int


def gate_summary(
    session: Session, actor: Actor, *, region: str | None = None, since: date | None = None
) -> GateSummary:
    """Return how the needs of a region fare.

    Args:
        session: open session.
        actor: a bureau, a verified broker or an admin.
        region: a bureau's own or one inside it; None means all the actor may look into.
        since: count needs last handed in or decided on since this day.

    Raises:
        PermissionDenied: `role-not-allowed`, or `outside-region`.
        RuleViolation: the region's code is unknown.
    """
    area = _area(session, actor, region)
    rows = _assessed(session, area, since)
    decided = [row.triage for row in rows if row.triage is not None]
    suggested = [row.suggested for row in rows]
    return GateSummary(
        region=area,
        since=since,
        assessed=len(rows),
        undecided=len(rows) - len(decided),
        as_suggested=sum(row.triage is row.suggested for row in rows),
        mean_completeness=round(sum(row.completeness for row in rows) / len(rows), 1) if rows else None,
        classes=[_class_figure(one, suggested, decided) for one in Triage],
        findings=_findings(rows),
        valid=sum(row.validation is Validation.VALID for row in rows),
        invalid=sum(row.validation is Validation.INVALID for row in rows),
    )


def _area(session: Session, actor: Actor, region: str | None) -> str:
    bureau = actor.role is Role.BUREAU and actor.in_office and actor.region_code is not None
    if not bureau and not reviews_all(actor):
        raise PermissionDenied("需求质量概况供技术经纪人和主管部门查看。", code="role-not-allowed")
    if region is not None:
        check_region(session, region, pointer="/region")
    if not bureau:
        return region or NATION_CODE
    assert actor.region_code is not None
    if region is not None and not lies_within(region, actor.region_code):
        raise PermissionDenied("您只能查看本地区的情况。", code="outside-region")
    return region or actor.region_code


def _assessed(session: Session, region: str, since: date | None) -> Sequence[Assessed]:
    last = select(func.max(NeedAssessment.id)).group_by(NeedAssessment.need_id)
    statement = (
        select(
            NeedAssessment.completeness,
            NeedAssessment.findings,
            NeedAssessment.suggested,
            Need.triage,
            Need.validation,
        )
        .join(Need, Need.id == NeedAssessment.need_id)
        .where(NeedAssessment.id.in_(last), Need.region_code.startswith(region_prefix(region)))
    )
    if since is not None:
        statement = statement.where(NeedAssessment.at >= datetime.combine(since, time.min, CHINA))
    return session.execute(statement).all()


def _class_figure(one: Triage, suggested: Sequence[Triage], decided: Sequence[Triage]) -> ClassFigure:
    return ClassFigure(
        triage=one,
        name=TRIAGE_NAMES[one],
        suggested=suggested.count(one),
        suggested_share=_share(suggested.count(one), len(suggested)),
        decided=decided.count(one),
        decided_share=_share(decided.count(one), len(decided)),
        practice_share=PRACTICE_PERCENT[one] / 100,
    )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _findings(rows: Sequence[Assessed]) -> list[FindingFigure]:
    counts = Counter(finding["code"] for row in rows for finding in row.findings)
    known = [(GateCode(code), count) for code, count in counts.items() if code in set(GateCode)]
    known.sort(key=lambda pair: (-pair[1], pair[0]))
    return [
        FindingFigure(code, RULE_OF[code].name, RULE_OF[code].severity, count, round(count / len(rows), 4))
        for code, count in known[:MOST_FREQUENT]
    ]
