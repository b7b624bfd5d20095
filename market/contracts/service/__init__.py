"""Writing contracts: each step checks permission, the transition table and the form itself."""

from market.contracts.service.application import (
    apply_for_registration,
    edit_contract,
    submit_contract,
    withdraw_contract,
)
from market.contracts.service.registration import (
    approve_contract,
    enter_registered_contract,
)
from market.contracts.service.requests import (
    decide_request,
    request_cancellation,
    request_change,
    revoke_contract,
)
from market.contracts.service.review import accept_contract, refuse_contract, return_contract

__all__ = [
    "accept_contract",
    "apply_for_registration",
    "approve_contract",
    "decide_request",
    "edit_contract",
    "enter_registered_contract",
    "refuse_contract",
    "request_cancellation",
    "request_change",
    "return_contract",
    "revoke_contract",
    "submit_contract",
    "withdraw_contract",
]
