"""Numbers of registrations."""

from __future__ import annotations

import re


def registration_number(*, year: int, area: str, serial: int) -> str:
    """Return a 16-digit registration number: year 4, area 6, serial 6.

    The layout of the national 16-digit number is not published; this one is ours.

    Raises:
        ValueError: the year's serials are used up.
    """
    if not 1 <= serial <= 999_999:
        raise ValueError(f"serial {serial} does not fit six digits")
    return f"{year:04d}{area}{serial:06d}"


def is_valid_external_number(number: str) -> bool:
    """Tell whether a number from elsewhere has 14 or 16 digits; it is opaque otherwise."""
    return re.fullmatch(r"[0-9]{14}|[0-9]{16}", number) is not None
