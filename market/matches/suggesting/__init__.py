"""Making suggestions and referrals from what has become findable."""

from market.matches.suggesting.listings import PER_LISTING
from market.matches.suggesting.referrals import PER_RECORD
from market.matches.suggesting.working_off import BATCH, REQUEST_SECONDS, catch_up, pending, work_off

__all__ = ["BATCH", "PER_LISTING", "PER_RECORD", "REQUEST_SECONDS", "catch_up", "pending", "work_off"]
