"""Registrations under the rules before 2021, which knew four contract types.

A licence was a kind of transfer then, and statistics of those years have no row for licences. Files that
were prepared later often name the fifth type all the same; the registration keeps the type it was made under.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from market.contracts.form_rules import LICENCE, TRANSFER
from market.contracts.rules import RuleSet

PATENT_LICENCE = "XK1"
OLD_PATENT_LICENCE = "ZR8"
OTHER_TRANSFER = "ZR9"
"""Subtypes: 专利实施许可 today, the same under transfer before 2021, and what else was transferred."""


def under_rules(form: Mapping[str, Any], rules: RuleSet) -> Mapping[str, Any]:
    """Return a form with the type that the rules of its day have for it.

    Under rules without licences, a licence or a transfer with the subtype of one becomes a transfer; how
    far the licence went (独占、排他、普通) was not part of that form and is left out.

    Args:
        form: a row's fields.
        rules: the rule set of its day of registration.
    """
    kind, subtype = form.get("type_code"), form.get("subtype_code")
    licence = kind == LICENCE or (kind == TRANSFER and str(subtype).startswith(LICENCE))
    if not licence or LICENCE in rules.types:
        return form
    if subtype is not None:
        subtype = OLD_PATENT_LICENCE if subtype == PATENT_LICENCE else OTHER_TRANSFER
    return {**form, "type_code": TRANSFER, "subtype_code": subtype, "licence_kind": None}
