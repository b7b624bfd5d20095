"""Steps of suggestions and referrals."""

from market.matches.service.steps import note_event
from market.matches.service.suggestions import (
    add_note,
    assign_suggestion,
    express_interest,
    mark_contracted,
    record_outcome,
    review_suggestion,
    take_engine_step,
)

__all__ = [
    "add_note",
    "assign_suggestion",
    "express_interest",
    "mark_contracted",
    "note_event",
    "record_outcome",
    "review_suggestion",
    "take_engine_step",
]
