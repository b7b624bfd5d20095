"""The words in which features speak to the index: documents, questions, answers.

Features take these from here, so that this package stays the one bridge to `matching`.
"""

from matching.encoder import Encoder
from matching.errors import MatchingError as EngineError
from matching.scoring import PART_NAMES
from matching.types import Document, Facets, Hit, Kind, Query, Ranking

__all__ = ["PART_NAMES", "Document", "Encoder", "EngineError", "Facets", "Hit", "Kind", "Query", "Ranking"]
