"""What a challenge must state and keep to, as versioned data.

The proportions are those of one city's call for challenges (domain reference, 揭榜挂帅); sizes of panels,
days of notice and the limit of crowdsourcing are usual practice and our own choice. None has been compared
with an official text of the region, so they are data: a region's own rules take their place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from market.challenges.rules.workflow import Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandRules:
    """The rules a challenge is collected under; it keeps a copy of them.

    Attributes:
        version: their name.
        budget_per_grant: the demand side's budget must be at least so many times the grant.
        solver_percent: at least this share of the grant goes to who solves it.
        max_months: longest duration.
        crowd_limit_fen: crowdsourcing up to this budget does without a panel.
        panel_size: usual number of experts.
        panel_least: least number of experts.
        notice_days: working days of a notice.
        max_awards: most awards of a race.
        source: where this is written, and how well it is known.
        verified: whether somebody has compared it with the official text.
    """

    version: str
    budget_per_grant: int
    solver_percent: int
    max_months: int
    crowd_limit_fen: int
    panel_size: int
    panel_least: int
    notice_days: int
    max_awards: int
    source: str
    verified: bool

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


USUAL_RULES = DemandRules(
    version="2026.1",
    budget_per_grant=4,
    solver_percent=40,
    max_months=36,
    crowd_limit_fen=20_000_000,
    panel_size=5,
    panel_least=3,
    notice_days=5,
    max_awards=3,
    source="某市揭榜挂帅项目征集通知中的比例；评审组人数、公示天数、众包限额为通行做法，未经核对",
    verified=False,
)
"""Where no region has rules of its own."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one value: a pointer, the rule's name, words, and where the rule comes from."""

    pointer: str
    code: str
    detail: str
    source: str | None = None


def demand_faults(form: Mapping[str, Any], rules: DemandRules) -> Iterator[Fault]:
    """Find what a challenge's form breaks of the rules.

    Args:
        form: all fields, None where empty: `mode`, `budget_fen`, `grant_fen`, `solver_percent`,
            `duration_months`, `max_awards`, `indicators`.
        rules: those of its region.
    """
    budget, grant = form["budget_fen"], form["grant_fen"]
    if budget <= 0:
        yield Fault("/budget_fen", "budget-missing", "企业投入应大于零，否则无人能够揭榜。")
    elif (fault := grant_fault(budget, grant, rules, pointer="/budget_fen")) is not None:
        yield fault
    if form["solver_percent"] < rules.solver_percent:
        yield Fault(
            "/solver_percent", "solver-share-low",
            f"财政资助中付给揭榜方的比例不得低于{rules.solver_percent}%。", rules.source,
        )  # fmt: skip
    if form["duration_months"] > rules.max_months:
        yield Fault(
            "/duration_months", "duration-too-long", f"实施期限不得超过{rules.max_months}个月。", rules.source
        )
    if not form["indicators"]:
        yield Fault("/indicators", "indicators-missing", "请写明考核指标。", rules.source)
    if form["mode"] is Mode.RACE and not 2 <= form["max_awards"] <= rules.max_awards:
        yield Fault("/max_awards", "awards-out-of-range", f"赛马制应有2至{rules.max_awards}个揭榜方并行。")
    if form["mode"] is not Mode.RACE and form["max_awards"] != 1:
        yield Fault("/max_awards", "awards-out-of-range", "除赛马制外，每个榜单只立一项。")


def grant_fault(amount_fen: int, grant_fen: int, rules: DemandRules, *, pointer: str) -> Fault | None:
    """Say that a grant is too large for what the demand side pays; None if it is not."""
    if amount_fen >= grant_fen * rules.budget_per_grant:
        return None
    detail = f"企业投入不得低于财政资助的{rules.budget_per_grant}倍。"
    return Fault(pointer, "budget-below-grant", detail, rules.source)


def needs_panel(mode: Mode, budget_fen: int, rules: DemandRules) -> bool:
    """Tell whether experts decide on bids; small crowdsourced work is scored by the demand side."""
    return mode is not Mode.CROWDSOURCING or budget_fen > rules.crowd_limit_fen


def owner_part(grant_fen: int, solver_percent: int) -> int:
    """Return the most of a grant that may stay with the demand side, in fen; rounded down."""
    return grant_fen * (100 - solver_percent) // 100
