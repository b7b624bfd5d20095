"""This process's replica of the index: it catches up with the database before every answer."""

from market.search.replica.encoders import describe, open_encoder, open_live_encoder
from market.search.replica.live import Replica, ReplicaStatus
from market.search.replica.opening import make_replica, open_replica

__all__ = [
    "Replica",
    "ReplicaStatus",
    "describe",
    "make_replica",
    "open_encoder",
    "open_live_encoder",
    "open_replica",
]
