"""Levels of recognition, and what the yearly evaluations of new-type R&D institutions state."""

from __future__ import annotations

from collections.abc import Iterable

LEVELS = ("county", "municipal", "provincial", "national")
"""Codes of `recognition_level`, lowest first."""

RD_INSTITUTION = "rd_institution"
"""Code of `resource_category`: 新型研发机构."""

RD_FIGURES = ("服务企业", "成果对接", "成果转化项目", "创新平台", "孵化企业", "技术合同项数")
"""Names of the figures of their evaluations. Targets of the plans count all but the last one."""


def at_least(level: str) -> tuple[str, ...]:
    """Return a level and all above it; nothing for a code that is no level."""
    return LEVELS[LEVELS.index(level) :] if level in LEVELS else ()


def unknown_figures(names: Iterable[str]) -> list[str]:
    """Return the names that no figure of an R&D institution's evaluation has, in their order."""
    return [name for name in names if name not in RD_FIGURES]
