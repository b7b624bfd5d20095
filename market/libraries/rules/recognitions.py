"""Levels of recognition, lowest first, and which of them meet a level that is asked for."""

from __future__ import annotations

LEVELS = ("county", "municipal", "provincial", "national")
"""Codes of `recognition_level`."""


def at_least(level: str) -> tuple[str, ...]:
    """Return a level and all above it; nothing for a code that is no level."""
    return LEVELS[LEVELS.index(level) :] if level in LEVELS else ()
