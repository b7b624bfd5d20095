"""Tables of registers, by subject."""

from market.libraries.models.agencies import AgencyFiling, Consortium, ConsortiumMember
from market.libraries.models.chains import (
    ChainEdge,
    ChainEnterprise,
    ChainNode,
    ChainPosition,
    EnterpriseTag,
)
from market.libraries.models.editions import Edition, EditionRow
from market.libraries.models.entries import EntryEvent, Evaluation, Recognition, RegisterEntry
from market.libraries.models.projects import Project, ProjectMember, ProjectMilestone, ProjectPayment
from market.libraries.models.resources import Booking, Resource, ResourceClosure
from market.libraries.models.talents import Talent, TalentConsent, TalentRole
from market.libraries.models.technologies import KeyTechnology, TechnologyNeed

__all__ = [
    "AgencyFiling",
    "Booking",
    "ChainEdge",
    "ChainEnterprise",
    "ChainNode",
    "ChainPosition",
    "Consortium",
    "ConsortiumMember",
    "Edition",
    "EditionRow",
    "EnterpriseTag",
    "EntryEvent",
    "Evaluation",
    "KeyTechnology",
    "Project",
    "ProjectMember",
    "ProjectMilestone",
    "ProjectPayment",
    "Recognition",
    "RegisterEntry",
    "Resource",
    "ResourceClosure",
    "Talent",
    "TalentConsent",
    "TalentRole",
    "TechnologyNeed",
]
