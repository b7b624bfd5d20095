"""The ledger: lines nobody can alter, and the counters and flows that move with them."""

from market.turnover.ledger.cells import (
    AREA_COLUMNS,
    DIMENSION_COLUMNS,
    Cell,
    FlowCell,
    Place,
    Sums,
    codes_of,
    flow_cells_of,
    places_of,
)
from market.turnover.ledger.counters import add_to_counters, move_counters
from market.turnover.ledger.posting import COPIED, TurnoverLedger, line_values

__all__ = [
    "AREA_COLUMNS",
    "COPIED",
    "DIMENSION_COLUMNS",
    "Cell",
    "FlowCell",
    "Place",
    "Sums",
    "TurnoverLedger",
    "add_to_counters",
    "codes_of",
    "flow_cells_of",
    "line_values",
    "move_counters",
    "places_of",
]
