"""This process's way to the index, its own or a shared one, always caught up with the database."""

from market.search.replica.encoders import describe, open_encoder, open_live_encoder
from market.search.replica.live import Replica, ReplicaStatus
from market.search.replica.opening import drop_other_collections, make_replica, open_replica

__all__ = [
    "Replica",
    "ReplicaStatus",
    "describe",
    "drop_other_collections",
    "make_replica",
    "open_encoder",
    "open_live_encoder",
    "open_replica",
]
