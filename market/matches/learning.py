"""Learning the weights of a score from what brokers decided.

Every decision is a verdict on a pair whose score parts are kept with the suggestion. Weights are fitted
to these, drawn towards those in use, and compared with them on decisions that were held out.

What can be seen is not all there is: only pairs that the engine placed among its first ten became
suggestions, and brokers decide those on top more often. The second is set right by weighting decisions
(`rules.exposure_weight`); the first cannot be, so that nothing is learned about pairs far from the top.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from market.errors import RuleViolation
from market.matches.models import Suggestion
from market.matches.rules import (
    DECLINES_ABOUT_FIT,
    MIN_DECISIONS,
    MIN_GROUPS,
    MIN_OF_EACH_KIND,
    Side,
    Status,
    can_be_learnt_from,
    exposure_weight,
)
from market.search.documents import (
    BASE,
    Example,
    Weights,
    calibration,
    calibration_error,
    fit_weights,
    log_loss,
    order_quality,
    split_groups,
)

LEARNED: Final = "learned"
"""Version of weights that have not been recorded."""

ROUNDS: Final = 200
SURE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Decisions:
    """What brokers decided about pairs scored with one encoder.

    Attributes:
        examples: one for each decision about whether a pair fits; their weights are 1 on average.
        silent: number of declines by reason code that say nothing about that.
        other_encoders: number of decisions on pairs scored with other encoders, whose parts mean
            something else.
    """

    examples: list[Example]
    silent: Mapping[str, int]
    other_encoders: int

    def counts(self) -> dict[str, Any]:
        """Return the counts as JSON."""
        relevant = sum(example.relevant for example in self.examples)
        return {
            "decisions": len(self.examples),
            "recommended": relevant,
            "declined": len(self.examples) - relevant,
            "groups": len({example.group for example in self.examples}),
            "silent": dict(sorted(self.silent.items())),
            "other_encoders": self.other_encoders,
        }


@dataclass(frozen=True, slots=True)
class Figures:
    """How well weights foretell decisions.

    Attributes:
        log_loss: mean surprise; the lower the better, 0.69 is guessing.
        order_quality: how often a recommended pair stands above a declined one of the same listing.
        calibration_error: mean distance between score and share recommended.
        bins: that comparison in ten steps of the score.
    """

    log_loss: float
    order_quality: float
    calibration_error: float
    bins: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a run of learning found.

    Attributes:
        counts: of decisions, of those fitted to and those held out.
        old: weights in use.
        new: weights fitted.
        before: figures of the old ones on the decisions held out.
        after: figures of the new ones on the same.
        chance: probability that decisions made by lot would be ordered as well as the new weights do.
    """

    counts: dict[str, Any]
    old: Weights
    new: Weights
    before: Figures
    after: Figures
    chance: float

    @property
    def better(self) -> bool:
        """Whether the new weights are to be used.

        They foretell the decisions held out better, order them no worse, and do so better than could
        well be luck. The last is needed since fitting to decisions made by lot lowers the log loss, too:
        such weights are right that nothing can be foretold, and would rank by nothing.
        """
        return (
            self.after.log_loss < self.before.log_loss
            and self.after.order_quality >= self.before.order_quality
            and self.chance < SURE
        )

    def figures(self) -> dict[str, Any]:
        """Return what was found on the decisions held out, as JSON."""
        return {
            "prior": self.old.version,
            "before": asdict(self.before),
            "after": asdict(self.after),
            "chance": self.chance,
        }

    def moves(self) -> list[tuple[str, float, float]]:
        """Return the name, old and new value of each weight that moved, those that moved most first."""
        old, new = _by_name(self.old), _by_name(self.new)
        moved = [(name, old[name], new[name]) for name in new if old[name] != new[name]]
        return sorted(moved, key=lambda one: (-abs(one[2] - one[1]), one[0]))


def study(session: Session, old: Weights, *, encoder: str | None, share: float, seed: int) -> Lesson:
    """Fit weights to the decisions made so far, and compare them with those in use. Nothing is written.

    Args:
        session: open session.
        old: weights in use.
        encoder: key of the encoder the market runs on; None before the index was first opened.
        share: of the listings whose decisions are held out.
        seed: of the draw of these listings.

    Raises:
        RuleViolation: `not-enough-decisions`.
    """
    decisions = read_decisions(session, encoder=encoder)
    counts = decisions.counts()
    if not can_be_learnt_from(
        relevant=counts["recommended"], irrelevant=counts["declined"], groups=counts["groups"]
    ):
        raise RuleViolation(
            f"可供学习的决定不够：共{counts['decisions']}条（推荐{counts['recommended']}，"
            f"因不匹配而否决{counts['declined']}），涉及{counts['groups']}个条目；至少要{MIN_DECISIONS}条，"
            f"推荐和否决各{MIN_OF_EACH_KIND}条，{MIN_GROUPS}个条目。",
            code="not-enough-decisions",
        )
    fitted, held_out = split_groups(decisions.examples, share=share, seed=seed)
    if any(len({example.relevant for example in part}) < 2 for part in (fitted, held_out)):
        raise RuleViolation(
            "分出检验用的条目后，两边不是都既有推荐又有否决；请等决定更多时再学习，或换 --share、--seed。",
            code="not-enough-decisions",
        )
    new = fit_weights(fitted, old, version=LEARNED)
    return Lesson(
        counts={**counts, "fitted": len(fitted), "held_out": len(held_out), "share": share, "seed": seed},
        old=old,
        new=new,
        before=_figures(held_out, old),
        after=_figures(held_out, new),
        chance=chance_of_order(held_out, new, seed=seed),
    )


def read_decisions(session: Session, *, encoder: str | None) -> Decisions:
    """Return what brokers decided: a recommendation means that a pair fits, some declines that it does not.

    What became of a recommendation later does not matter, nor does a decision that was undone when the
    listing changed. The listing that asked is the group.

    Args:
        session: open session.
        encoder: only pairs scored with this one; None takes all.
    """
    same = Suggestion.encoder == encoder if encoder is not None else true()
    statement = (
        select(
            Suggestion.rank,
            Suggestion.status,
            Suggestion.asked_by,
            Suggestion.need_id,
            Suggestion.achievement_id,
            Suggestion.reason_code,
            Suggestion.reasons["parts"].label("parts"),
        )
        .where(Suggestion.decided_at.is_not(None), same)
        .order_by(Suggestion.id)
    )
    exposure = _exposure_weights(session, same)
    examples: list[Example] = []
    silent: Counter[str] = Counter()
    for row in session.execute(statement):
        relevant = row.status is not Status.DECLINED
        if not relevant and row.reason_code not in DECLINES_ABOUT_FIT:
            silent[row.reason_code] += 1
            continue
        asked = row.need_id if row.asked_by is Side.NEED else row.achievement_id
        values = {part["name"]: float(part["value"]) for part in row.parts if part["name"] != BASE}
        group = f"{row.asked_by.value}:{asked}"
        examples.append(Example(values, relevant=relevant, group=group, weight=exposure[row.rank]))
    others = select(func.count()).where(Suggestion.decided_at.is_not(None), ~same)
    return Decisions(_evened(examples), silent, session.scalar(others) or 0)


def chance_of_order(examples: Sequence[Example], weights: Weights, *, seed: int = 0) -> float:
    """Return how likely decisions made by lot would be ordered as well as these.

    A permutation test: the verdicts of each listing are dealt out anew among its pairs, 200 times. Good
    for any number of listings, however few.

    Returns:
        From 1/201 to 1; 1 if no listing has both verdicts.
    """
    generator = random.Random(seed)  # noqa: S311 - nothing secret
    reached = order_quality(examples, weights)
    by_group: dict[str, list[Example]] = {}
    for example in examples:
        by_group.setdefault(example.group, []).append(example)
    as_good = 0
    for _ in range(ROUNDS):
        dealt: list[Example] = []
        for group in by_group.values():
            verdicts = [example.relevant for example in group]
            generator.shuffle(verdicts)
            dealt += [
                replace(example, relevant=verdict) for example, verdict in zip(group, verdicts, strict=True)
            ]
        as_good += order_quality(dealt, weights) >= reached
    return (as_good + 1) / (ROUNDS + 1)


def _exposure_weights(session: Session, same: Any) -> dict[int, float]:
    rows = session.execute(
        select(Suggestion.rank, func.count(), func.count(Suggestion.decided_at))
        .where(same)
        .group_by(Suggestion.rank)
    )
    return {rank: exposure_weight(shown=shown, decided=decided) for rank, shown, decided in rows}


def _evened(examples: Sequence[Example]) -> list[Example]:
    """Scale weights to 1 on average, so that decisions are held against the prior as many as they are."""
    if not examples:
        return []
    mean = sum(example.weight for example in examples) / len(examples)
    return [replace(example, weight=example.weight / mean) for example in examples]


def _figures(examples: Sequence[Example], weights: Weights) -> Figures:
    bins = calibration(examples, weights)
    return Figures(
        log_loss=log_loss(examples, weights),
        order_quality=order_quality(examples, weights),
        calibration_error=calibration_error(bins),
        bins=[asdict(one) for one in bins],
    )


def _by_name(weights: Weights) -> dict[str, float]:
    entries = weights.to_json()
    facets: dict[str, float] = entries.pop("facets")
    del entries["version"]
    return {BASE: entries.pop("intercept"), **entries, **facets}
