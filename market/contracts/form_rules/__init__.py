"""Rules of the registration form: faults that refuse it, questions that must be answered, its identity."""

from market.contracts.form_rules.faults import (
    BROKERAGE,
    BROKERAGE_RULE,
    CHINA_CODE,
    FOREIGN_COMPANY,
    FOREIGN_MONEY,
    LICENCE,
    NATURAL_PERSON,
    ORDINARY_LICENCE,
    PLACE_RULE,
    REGION_STANDARD,
    ROYALTIES,
    TRANSFER,
    USCC_SINCE,
    YUAN,
    applicant_of,
    application_faults,
    form_faults,
)
from market.contracts.form_rules.identity import contract_identity, plain
from market.contracts.form_rules.questions import Neighbour, Question, form_questions, near_duplicate

__all__ = [
    "BROKERAGE",
    "BROKERAGE_RULE",
    "CHINA_CODE",
    "FOREIGN_COMPANY",
    "FOREIGN_MONEY",
    "LICENCE",
    "NATURAL_PERSON",
    "ORDINARY_LICENCE",
    "PLACE_RULE",
    "REGION_STANDARD",
    "ROYALTIES",
    "TRANSFER",
    "USCC_SINCE",
    "YUAN",
    "Neighbour",
    "Question",
    "applicant_of",
    "application_faults",
    "contract_identity",
    "form_faults",
    "form_questions",
    "near_duplicate",
    "plain",
]
