"""What makes two forms the same contract."""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import date


def contract_identity(
    *, seller: str, buyer: str, project_name: str, total_amount_fen: int, signed_on: date
) -> str:
    """Return a digest that is equal for two entries of the same contract (一次登记).

    Args:
        seller: the seller's credit code, or its name where it has none.
        buyer: the same of the buyer.
        project_name: full name; width of characters and blanks do not matter.
        total_amount_fen: whole value.
        signed_on: day of signing.

    Returns:
        64 hexadecimal digits.
    """
    parts = [seller, buyer, project_name, str(total_amount_fen), signed_on.isoformat()]
    return hashlib.sha256("\n".join(map(plain, parts)).encode()).hexdigest()


def plain(text: str) -> str:
    """Return a text in which width, case and blanks do not matter any more."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()
