"""Tables of registers, by subject."""

from market.libraries.models.agencies import AgencyFiling, Consortium, ConsortiumMember
from market.libraries.models.editions import Edition, EditionRow
from market.libraries.models.entries import EntryEvent, Evaluation, Recognition, RegisterEntry

__all__ = [
    "AgencyFiling",
    "Consortium",
    "ConsortiumMember",
    "Edition",
    "EditionRow",
    "EntryEvent",
    "Evaluation",
    "Recognition",
    "RegisterEntry",
]
