"""The endpoints that every kind of entry has, and entries in the states these start from.

Entries belong to the seller, a university: it and the region's bureau see them in every state.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from market.libraries.rules import EntryKind, EntryStatus
from tests.market.libraries.factories import make_entry
from tests.market.permissions.lines import ALL, Line
from tests.market.permissions.people import People

PROPOSE = "13yy3yy 3yy3"
"""Bureaus, brokers, and universities for themselves."""
KEEP = "14444yy 4y44"
"""Its unit and its bureau; others may not know of it yet."""
KEEP_KNOWN = "13333yy 3y33"
"""The same, of what everybody may read."""
OFFICE = "13333yy 3333"
"""The bureau alone."""


def entry_lines(plural: str, form: dict[str, Any], *, check: str = "14444yy 4344") -> list[Line]:
    """Return the lines of a kind: a form for a new one, and who is answered how when it is checked."""
    one = f"/{plural}/<int:entry_id>"
    source = {"source": "科技局摸底", "source_date": "2025-03-31", "region_code": "320281"}
    return [
        Line(f"POST /{plural}", PROPOSE, {**source, **form}),
        Line(f"GET /{plural}", ALL),
        Line(f"GET {one}", ALL),
        Line(f"PATCH {one}", KEEP, {"summary": "改过的简介"}, "draft"),
        Line(f"POST {one}/proposals", KEEP, None, "draft"),
        Line(f"POST {one}/checks", check, {"decision": "list"}, "proposed"),
        Line(f"POST {one}/revisions", KEEP_KNOWN),
        Line(f"POST {one}/delistings", KEEP_KNOWN, {"note": "不再开放"}),
        Line(f"GET {one}/events", KEEP_KNOWN),
    ]


def entry_records(
    session: Session, people: People, plural: str, kind: EntryKind, form: dict[str, Any], **proposed: Any
) -> dict[str, Any]:
    """Insert an entry of the seller's in each state, and return their ids by the names of the lines.

    Args:
        session: open transaction.
        people: whose they are.
        plural: of the addresses.
        kind: of the entries.
        form: fields of its own.
        proposed: other fields of the one that waits to be checked.
    """
    owned = {**form, "organisation_id": people.home("seller").id}
    states = (EntryStatus.DRAFT, EntryStatus.PROPOSED)

    def named(state: EntryStatus) -> dict[str, Any]:  # no register takes the same thing twice
        return {"title": f"{form['title']}（{state.value}）"} if "title" in form else {}

    return {
        plural: make_entry(session, kind, owned).id,
        **{
            f"{plural}-{state}": make_entry(
                session,
                kind,
                {**owned, **named(state), **(proposed if state is EntryStatus.PROPOSED else {})},
                status=state,
            ).id
            for state in states
        },
    }
