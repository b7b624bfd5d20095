"""States of a ranking and of an objection to it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class RankingStatus(StrEnum):
    """State of a yearly ranking."""

    DRAFT = "draft"
    PUBLISHED = "published"
    FINAL = "final"
    WITHDRAWN = "withdrawn"


RANKING_STATUS_NAMES: Mapping[RankingStatus, str] = {
    RankingStatus.DRAFT: "草稿",
    RankingStatus.PUBLISHED: "公示中",
    RankingStatus.FINAL: "已定",
    RankingStatus.WITHDRAWN: "已撤回",
}


class ObjectionStatus(StrEnum):
    """State of an objection to a published ranking."""

    OPEN = "open"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


OBJECTION_STATUS_NAMES: Mapping[ObjectionStatus, str] = {
    ObjectionStatus.OPEN: "待处理",
    ObjectionStatus.UPHELD: "成立",
    ObjectionStatus.DISMISSED: "不成立",
}
