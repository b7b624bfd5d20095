"""Writing listings: drafts, review, publication, leaving the market again, and the gate of needs."""

from market.listings.service.drafting import (
    CODED_FIELDS,
    CODED_LISTS,
    create_listing,
    edit_listing,
    submit_listing,
)
from market.listings.service.gate import ask_questions, assess_need, triage_need, validate_need
from market.listings.service.life import (
    complete_listing,
    expire_due,
    renew_listing,
    reopen_listing,
    review_listing,
    revise_listing,
    take_market_step,
    withdraw_listing,
)

__all__ = [
    "CODED_FIELDS",
    "CODED_LISTS",
    "ask_questions",
    "assess_need",
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
    "triage_need",
    "validate_need",
    "withdraw_listing",
]
