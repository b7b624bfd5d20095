"""Key technologies: how far they are, as a table."""

from __future__ import annotations

from collections.abc import Mapping

OPEN = "open"
TACKLING = "tackling"
SOLVED = "solved"
DROPPED = "dropped"
"""Codes of `technology_progress`."""

UNSOLVED = frozenset({OPEN, TACKLING})
"""While it stands so, a technology looks for achievements and people that could help."""

PROGRESS_STEPS: Mapping[str, frozenset[str]] = {
    OPEN: frozenset({TACKLING, DROPPED}),
    TACKLING: frozenset({SOLVED, DROPPED, OPEN}),
    SOLVED: frozenset(),
    DROPPED: frozenset({OPEN}),
}
"""What may follow; back to open where nobody was found or the team gave up, or after it was dropped."""
