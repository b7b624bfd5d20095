"""Writing listings: drafts, review, publication, and leaving the market again."""

from market.listings.service.drafting import (
    CODED_FIELDS,
    CODED_LISTS,
    create_listing,
    edit_listing,
    submit_listing,
)
from market.listings.service.life import (
    complete_listing,
    expire_due,
    renew_listing,
    reopen_listing,
    review_listing,
    revise_listing,
    take_market_step,
    validate_need,
    withdraw_listing,
)

__all__ = [
    "CODED_FIELDS",
    "CODED_LISTS",
    "complete_listing",
    "create_listing",
    "edit_listing",
    "expire_due",
    "renew_listing",
    "reopen_listing",
    "review_listing",
    "revise_listing",
    "submit_listing",
    "take_market_step",
    "validate_need",
    "withdraw_listing",
]
