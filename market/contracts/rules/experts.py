"""What a review by experts must come to before a contract is registered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class ExpertConclusion(StrEnum):
    """What an expert of a review concludes."""

    SUPPORT = "support"
    OPPOSE = "oppose"


CONCLUSION_NAMES: Mapping[ExpertConclusion, str] = {
    ExpertConclusion.SUPPORT: "同意认定登记",
    ExpertConclusion.OPPOSE: "不同意认定登记",
}


@dataclass(frozen=True, slots=True)
class ReviewFault:
    """Why a review does not carry a registration."""

    code: str
    detail: str


def review_fault(conclusions: Sequence[ExpertConclusion], *, min_experts: int) -> ReviewFault | None:
    """Return what is wanting in a review; None if enough experts opined and more than half support.

    Args:
        conclusions: one of each expert.
        min_experts: how many there must be.
    """
    if len(conclusions) < min_experts:
        detail = f"专家评审至少需要{min_experts}位专家的意见，现有{len(conclusions)}位。"
        return ReviewFault("experts-missing", detail)
    support = sum(conclusion is ExpertConclusion.SUPPORT for conclusion in conclusions)
    if support * 2 <= len(conclusions):
        detail = f"{len(conclusions)}位专家中只有{support}位同意认定登记，未过半数，不能登记。"
        return ReviewFault("experts-oppose", detail)
    return None
