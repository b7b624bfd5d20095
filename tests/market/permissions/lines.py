"""What a line of the tables is, and how it is asked: one request as one role."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient

from market.exchange.rules.fields import FIELDS
from market.exchange.rules.runs import ImportKind

# Strangers ask about records of others in their own region.
STRANGERS = ("anyone", "enterprise", "university", "broker", "registrar", "bureau", "admin")
# The need's owner, who buys; the achievement's, who sells and applies; the broker in charge of both; a
# person of the station with every duty.
CONCERNED = ("buyer", "seller", "desk", "station")
ROLES = STRANGERS + CONCERNED
SIGNS = {"401": "1", "403": "3", "404": "4", "422": "2"}
ALL = "yyyyyyy yyyy"
SIGNED_IN = "1yyyyyy yyyy"
PASSWORD = "correct horse battery"

_PLACE = re.compile(r"<(?:[^<>:]+:)?(\w+)>")


@dataclass(frozen=True)
class Line:
    """One endpoint, and what each role is answered, in the order of ROLES.

    `y` is any 2xx, `1` 401, `3` 403, `4` 404 (may not even know), `2` 422 (an admin must say for whom).
    `record` names the state of the record, where the step starts from another one than the usual; an
    endpoint has several lines where its answer depends on the record or on what is asked.
    """

    endpoint: str
    answers: str
    body: Any = None
    record: str = ""
    query: str = ""

    @property
    def name(self) -> str:
        """The endpoint with what tells its lines apart."""
        return " ".join(filter(None, [self.endpoint, self.query, self.record]))

    @property
    def expected(self) -> dict[str, str]:
        """The answers by role."""
        return dict(zip(ROLES, self.answers.replace(" ", ""), strict=True))


@dataclass(frozen=True)
class Scene:
    """Headers of each role, and the ids that stand for the placeholders of paths, queries and bodies."""

    headers: dict[str, dict[str, str]]
    ids: dict[str, Any]


def sides_swapped(answers: str) -> str:
    """Return answers with enterprise and university changed about, and need's owner and achievement's."""
    anyone, enterprise, university, *officials, gap, buyer, seller, desk, station = list(answers)
    return "".join([anyone, university, enterprise, *officials, gap, seller, buyer, desk, station])


def written(signs: Sequence[str]) -> str:
    """Return the signs of all roles as a line's answers."""
    return "".join(signs[: len(STRANGERS)]) + " " + "".join(signs[len(STRANGERS) :])


def filled(value: Any, ids: dict[str, Any]) -> Any:
    """Put ids in the place of "{name}" in a body."""
    if isinstance(value, dict):
        return {name: filled(item, ids) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, ids) for item in value]
    if isinstance(value, str) and value.startswith("{"):
        return ids[value[1:-1]]
    return value


def ask(client: FlaskClient, line: Line, scene: Scene, role: str) -> str:
    """Send one request as one role, and return its sign, or the status where there is none."""
    method, pattern = line.endpoint.split(" ", 1)
    path = _PLACE.sub(lambda place: str(scene.ids[_key(line, pattern, place[1])]), pattern)
    query = re.sub(r"{(\w+)}", lambda place: str(scene.ids[place[1]]), line.query)
    extra = {"If-Match": '"1"', "Idempotency-Key": f"permissions-{role}"}
    with client.open(
        f"/api/v1{path}{query}",
        method=method,
        headers={**scene.headers[role], **extra},
        **_sent(path, filled(line.body, scene.ids)),
    ) as response:
        return "y" if response.status_code < 300 else SIGNS.get(str(response.status_code), response.status)


def _key(line: Line, pattern: str, name: str) -> str:
    if name == "listing_id" or (name == "entry_id" and not pattern.startswith("/turnover/")):
        name = pattern.split("/")[1]  # what the record is stands first in the address
    return f"{name}-{line.record}" if line.record else name


def _sent(path: str, body: Any) -> dict[str, Any]:
    """Return a body as JSON, or as a form with a file where the endpoint takes one."""
    if path == "/imports":
        return {"data": {**body, "file": (io.BytesIO(_headings(body["kind"]).encode()), "a.csv")}}
    if path.endswith("/documents") and body is not None:
        return {"data": {**body, "file": (io.BytesIO(b"%PDF-1.7"), "a.pdf")}}
    return {} if body is None else {"json": body}


def _headings(kind: str) -> str:
    """Return a table of this kind without a row."""
    return ",".join(field.label for field in FIELDS[ImportKind(kind)] if field.required) + "\n"
