"""Those whom the records belong to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from market.accounts.models import Organisation, User


@dataclass(frozen=True)
class People:
    """One user of each side of a deal, its broker, and one of the station with every duty."""

    buyer: User
    seller: User
    desk: User
    station: User

    def home(self, name: Literal["buyer", "seller", "desk", "station"]) -> Organisation:
        """Return where one of them belongs."""
        user: User = getattr(self, name)
        assert user.organisation is not None
        return user.organisation
