"""Roles, kinds of organisation, identifiers and who may see whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from stdnum.cn import uscc as stdnum_uscc

from market.reference.rules import lies_within


class Role(StrEnum):
    """What a user is on the market; one role per user."""

    ENTERPRISE = "enterprise"
    UNIVERSITY = "university"
    BROKER = "broker"
    REGISTRAR = "registrar"
    BUREAU = "bureau"
    ADMIN = "admin"


class OrganisationKind(StrEnum):
    """What an organisation is on the market."""

    ENTERPRISE = "enterprise"
    UNIVERSITY = "university"
    AGENCY = "agency"
    STATION = "station"
    BUREAU = "bureau"


class OrganisationStatus(StrEnum):
    """Whether a bureau has checked that the organisation is what it says."""

    PENDING = "pending"
    VERIFIED = "verified"
    REJECTED = "rejected"
    SUSPENDED = "suspended"


ROLE_OF_KIND: Mapping[OrganisationKind, Role] = {
    OrganisationKind.ENTERPRISE: Role.ENTERPRISE,
    OrganisationKind.UNIVERSITY: Role.UNIVERSITY,
    OrganisationKind.AGENCY: Role.BROKER,
    OrganisationKind.STATION: Role.REGISTRAR,
    OrganisationKind.BUREAU: Role.BUREAU,
}
"""The one role that members of such an organisation can have."""

SELF_REGISTERED = frozenset(
    {OrganisationKind.ENTERPRISE, OrganisationKind.UNIVERSITY, OrganisationKind.AGENCY}
)
"""Kinds that anyone may register; stations and bureaus are set up by the operator."""

VERIFICATION_STEPS: Mapping[OrganisationStatus, frozenset[OrganisationStatus]] = {
    OrganisationStatus.PENDING: frozenset({OrganisationStatus.VERIFIED, OrganisationStatus.REJECTED}),
    OrganisationStatus.REJECTED: frozenset({OrganisationStatus.VERIFIED}),
    OrganisationStatus.VERIFIED: frozenset({OrganisationStatus.SUSPENDED}),
    OrganisationStatus.SUSPENDED: frozenset({OrganisationStatus.VERIFIED}),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is asking.

    Attributes:
        user_id: the user; None for the operator at the command line.
        role: the user's role.
        organisation_id: where the user belongs; None for admins and the operator.
        region_code: region of that organisation.
        verified: whether that organisation has been verified.
    """

    user_id: int | None
    role: Role
    organisation_id: int | None = None
    region_code: str | None = None
    verified: bool = False

    @property
    def in_office(self) -> bool:
        """Whether the office counts: people of a suspended station or bureau decide and see nothing of it."""
        return self.verified or self.role not in {Role.REGISTRAR, Role.BUREAU}


OPERATOR = Actor(user_id=None, role=Role.ADMIN)
"""The person at the command line, who holds the database anyway."""


def oversees(actor: Actor, region_code: str | None) -> bool:
    """Tell whether a bureau that is in office covers another region."""
    return (
        actor.role is Role.BUREAU
        and actor.in_office
        and actor.region_code is not None
        and region_code is not None
        and lies_within(region_code, actor.region_code)
    )


def normalise_uscc(raw: str) -> str:
    """Return a unified social credit code without blanks and hyphens, in capitals."""
    return stdnum_uscc.compact(raw)


def is_valid_uscc(code: str) -> bool:
    """Tell whether a code obeys GB 32100-2015: 18 characters, six region digits, check character.

    python-stdnum refuses codes that begin with a letter (rural collectives N, others Y, A), since
    it wants eight leading digits; only its check character is used here.
    """
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    return (
        len(code) == 18
        and all(character in alphabet for character in code)
        and code[2:8].isdecimal()
        and code[-1] == stdnum_uscc.calc_check_digit(code[:17])
    )


def password_fault(password: str, *, login: str) -> str | None:
    """Say in Chinese what is wrong with a new password; None if nothing is.

    Follows NIST SP 800-63B: length decides, composition rules do not.
    """
    if len(password) < 10:
        return "密码至少需要10个字符。"
    if len(password) > 200:
        return "密码不能超过200个字符。"
    if login.lower() in password.lower() or len(set(password)) < 5:
        return "密码过于简单：不能包含登录名，且至少要有5种不同字符。"
    return None
