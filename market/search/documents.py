"""The words in which features speak to the index: documents, questions, answers, weights.

Features take these from here, so that this package stays the one bridge to `matching`.
"""

from matching.encoder import Encoder
from matching.errors import MatchingError as EngineError
from matching.learning import (
    Example,
    calibration,
    calibration_error,
    fit_weights,
    log_loss,
    order_quality,
    split_groups,
)
from matching.scoring import BASE, PART_NAMES, Weights
from matching.types import Document, Facets, Hit, Kind, Query, Ranking

__all__ = [
    "BASE",
    "PART_NAMES",
    "Document",
    "Encoder",
    "EngineError",
    "Example",
    "Facets",
    "Hit",
    "Kind",
    "Query",
    "Ranking",
    "Weights",
    "calibration",
    "calibration_error",
    "fit_weights",
    "log_loss",
    "order_quality",
    "split_groups",
]
