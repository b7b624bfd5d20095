"""This process's way to the index, its own or a shared one, always caught up with the database."""

from market.search.replica.checking import Difference, compare_stored, hold_moment, put_right
from market.search.replica.encoders import describe, open_encoder, open_live_encoder
from market.search.replica.live import Replica, ReplicaStatus
from market.search.replica.opening import drop_other_collections, make_replica, open_replica

__all__ = [
    "Difference",
    "Replica",
    "ReplicaStatus",
    "compare_stored",
    "describe",
    "drop_other_collections",
    "hold_moment",
    "make_replica",
    "open_encoder",
    "open_live_encoder",
    "open_replica",
    "put_right",
]
