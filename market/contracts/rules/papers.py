"""When a paper is needed with an application."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from market.contracts.rules.limits import Condition

NO_IP = "90"
NO_PLAN = "90"
TRANSFERS = frozenset({"ZR", "XK"})
BROKERAGE = "FW2"
ROYALTY = "royalty"
"""Codes that conditions look at: 未涉及知识产权, 计划外, 技术转让和许可, 技术中介, 提成支付."""

PRIVATE = frozenset({"identity", "authorisation", "receipt"})
"""Kinds that show persons or accounts of the applicant; the other party has no business with them."""

MAX_PAPERS = 200
"""Papers of one contract, those taken back included; nobody needs more, and a disk is finite."""


@dataclass(frozen=True, slots=True)
class PaperFacts:
    """What of a contract decides which papers it needs."""

    type_code: str
    subtype_code: str | None
    ip_kind: str
    plan_source: str
    payment_mode: str
    abroad: bool


_HOLDS: Mapping[Condition, Callable[[PaperFacts], bool]] = {
    Condition.ALWAYS: lambda _: True,
    Condition.IP: lambda facts: facts.ip_kind != NO_IP,
    Condition.FOREIGN: lambda facts: facts.abroad,
    Condition.GOVERNMENT_PLAN: lambda facts: facts.plan_source != NO_PLAN,
    Condition.BROKERAGE: lambda facts: facts.subtype_code == BROKERAGE,
    Condition.ROYALTY: lambda facts: facts.payment_mode.startswith(ROYALTY),
    Condition.TRANSFER: lambda facts: facts.type_code in TRANSFERS,
}


def is_asked(facts: PaperFacts, *, type_code: str | None, condition: Condition) -> bool:
    """Tell whether a requirement concerns a contract.

    Args:
        facts: of the contract.
        type_code: the type the requirement is for; None for every type.
        condition: when it is needed.
    """
    return type_code in {None, facts.type_code} and _HOLDS[condition](facts)
