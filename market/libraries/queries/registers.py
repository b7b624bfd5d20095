"""Whole registers: how many entries stand where."""

from __future__ import annotations

from sqlalchemy.orm import Session

from market.accounts.rules import Actor, Role, oversees
from market.errors import NotFound, PermissionDenied
from market.libraries.queries.entries import RegisterCount, count_entries
from market.libraries.rules import Register


def get_register(name: str) -> Register:
    """Return the register of this name.

    Raises:
        NotFound: there is none.
    """
    if name not in set(Register):
        raise NotFound("没有这个清单或库。", code="register-not-found")
    return Register(name)


def require_office(actor: Actor, region_code: str) -> None:
    """Refuse all but the bureau of a region and admins.

    Raises:
        PermissionDenied: the actor is neither.
    """
    if actor.role is not Role.ADMIN and not oversees(actor, region_code):
        raise PermissionDenied("只有所在地主管部门可以查看清单和库的全貌。", code="role-not-allowed")


def count_registers(session: Session, actor: Actor, *, region_code: str) -> list[RegisterCount]:
    """Return how many entries of each kind stand in each state, in a region and all inside it.

    Raises:
        PermissionDenied: another region's bureau, or no bureau.
    """
    require_office(actor, region_code)
    return [one for register in Register for one in count_entries(session, register, region_code)]
