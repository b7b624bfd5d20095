"""Writing contracts: each step checks permission, the transition table and the form itself."""

from market.contracts.service.application import (
    apply_for_registration,
    edit_contract,
    submit_contract,
    withdraw_contract,
)
from market.contracts.service.decisions import decide_request, examine_request
from market.contracts.service.experts import call_experts, record_opinion
from market.contracts.service.questions import AskedQuestion, list_questions
from market.contracts.service.registration import approve_contract, enter_registered_contract
from market.contracts.service.requests import (
    request_cancellation,
    request_change,
    request_revocation,
    request_settlement,
)
from market.contracts.service.review import (
    accept_contract,
    examine_contract,
    mark_disputed,
    refuse_contract,
    return_contract,
)
from market.contracts.service.station import add_territory, end_duty, grant_duty, remove_territory

__all__ = [
    "AskedQuestion",
    "accept_contract",
    "add_territory",
    "apply_for_registration",
    "approve_contract",
    "call_experts",
    "decide_request",
    "edit_contract",
    "end_duty",
    "enter_registered_contract",
    "examine_contract",
    "examine_request",
    "grant_duty",
    "list_questions",
    "mark_disputed",
    "record_opinion",
    "refuse_contract",
    "remove_territory",
    "request_cancellation",
    "request_change",
    "request_revocation",
    "request_settlement",
    "return_contract",
    "submit_contract",
    "withdraw_contract",
]
