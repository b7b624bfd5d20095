"""Which way a need goes: to partners at once, back for a second diagnosis, or into long-term tracking.

The classes and their shares are those of the practice in 江苏 in 2024: about 60 % of needs could be matched
once they had been refined, 25 % were vague and diagnosed again, 15 % were bottlenecks (卡脖子) to be tracked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from market.listings.rules import reading
from market.listings.rules.gate import Check, GateCode, NeedFacts
from market.listings.rules.lifecycle import Status


class Triage(StrEnum):
    """Which way a need goes."""

    DIRECT = "direct"
    DIAGNOSE = "diagnose"
    LONG_TERM = "long_term"


TRIAGE_NAMES: Mapping[Triage, str] = {
    Triage.DIRECT: "直接对接",
    Triage.DIAGNOSE: "二次诊断",
    Triage.LONG_TERM: "长期跟踪",
}

PRACTICE_PERCENT: Mapping[Triage, int] = {Triage.DIRECT: 60, Triage.DIAGNOSE: 25, Triage.LONG_TERM: 15}
"""Shares in the practice named above, to compare with."""

TRIAGED_IN = frozenset({Status.PENDING, Status.REWORK, Status.PUBLISHED, Status.MATCHING})
"""States in which a need may be put into a class: handed in, and not yet off the market."""

VALID_CLASSES = frozenset({Triage.DIRECT, Triage.LONG_TERM})
"""Classes whose needs can be valid ones (有效技术需求)."""

DIRECT_FROM = 60
"""Completeness from which a need without open blocking questions can be matched."""

LOW_TRL = 3
"""A need that takes such early results expects research, not a product."""

LARGE_BUDGET_FEN = 1_000_000_000
"""1,000万元: far above what the transfer of a finished result costs as a rule."""

WEAK_SIGNS = 2
"""So many signs of a hard problem make up for the plain words that it depends on others."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A class and why, in Chinese."""

    triage: Triage
    reasons: tuple[str, ...]


def suggest_triage(need: NeedFacts, check: Check) -> Suggestion:
    """Suggest a class; the decision is a reviewer's.

    Words that tell of dependence on others lead to long-term tracking even where the goal is still open,
    because such needs rarely have one at the start; only what cannot be read at all is diagnosed first.
    """
    hard = _hard_signs(need)
    if hard and not check.codes & {GateCode.TOO_SHORT, GateCode.NOT_TECHNOLOGY}:
        return Suggestion(Triage.LONG_TERM, (*hard, *_open_questions(check)))
    reasons = list(_open_questions(check))
    several = next((f for f in check.findings if f.rule.code is GateCode.SEVERAL_PROBLEMS), None)
    if several is not None:
        reasons.append(f"像是几个问题写在了一起（“{'”“'.join(several.evidence)}”）。")
    if check.completeness < DIRECT_FROM:
        reasons.append(f"完整度{check.completeness}，低于可直接对接的{DIRECT_FROM}。")
    if reasons:
        return Suggestion(Triage.DIAGNOSE, (*reasons, *hard))
    return Suggestion(Triage.DIRECT, (f"有可以测量的目标，完整度{check.completeness}。",))


def _open_questions(check: Check) -> tuple[str, ...]:
    if not check.blocking:
        return ()
    return (f"还有必须补充的问题：{'、'.join(finding.rule.name for finding in check.blocking)}。",)


def _hard_signs(need: NeedFacts) -> tuple[str, ...]:
    """Return why a need may be a bottleneck; empty if nothing speaks for it."""
    depends = reading.dependence(need.text)
    if depends:
        return (f"文中提到“{'”“'.join(depends)}”，可能受制于人。",)
    signs = []
    called = reading.called_hard(need.text)
    if called:
        signs.append(f"文中提到“{'”“'.join(called)}”。")
    if need.min_trl is not None and need.min_trl <= LOW_TRL:
        signs.append(f"可接受的成熟度低至TRL {need.min_trl}，需要从研究做起。")
    if need.budget_fen is not None and need.budget_fen >= LARGE_BUDGET_FEN:
        signs.append("预算在一千万元以上。")
    return tuple(signs) if len(signs) >= WEAK_SIGNS else ()
