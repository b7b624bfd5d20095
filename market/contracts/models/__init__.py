"""Tables of contracts: the registration itself, its rules, station, papers, certificates, income, credit."""

from market.contracts.models.certificates import Certificate, RegistrationList, RegistrationListItem
from market.contracts.models.contract import (
    Contract,
    ContractEvent,
    ContractParty,
    ContractRequest,
    ExpertOpinion,
    RegistrationSerial,
)
from market.contracts.models.credit import Attribution
from market.contracts.models.income import IncomeVerification
from market.contracts.models.papers import ContractDocument
from market.contracts.models.rulebook import DocumentRequirement, RegistrationRules
from market.contracts.models.station import StationDuty, StationTerritory

__all__ = [
    "Attribution",
    "Certificate",
    "Contract",
    "ContractDocument",
    "ContractEvent",
    "ContractParty",
    "ContractRequest",
    "DocumentRequirement",
    "ExpertOpinion",
    "IncomeVerification",
    "RegistrationList",
    "RegistrationListItem",
    "RegistrationRules",
    "RegistrationSerial",
    "StationDuty",
    "StationTerritory",
]
