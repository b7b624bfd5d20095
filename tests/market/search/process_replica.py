"""A process with a replica, for tests: one order per line of JSON on standard input, one answer per line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from market import logs
from market.db import Database
from market.search.models import IndexEncoder
from market.search.replica import Replica
from matching.encoder import Encoder, EncoderMissing, HashingEncoder
from matching.types import Kind
from tests.market.search.factories import TITLE, ask, forget, make_document, make_replica, put_all


def main() -> None:
    """Open a replica as the first order says, then put and ask."""
    first = json.loads(sys.stdin.readline())
    encoders = {encoder.key: encoder for encoder in (HashingEncoder(dim=dim) for dim in first["dims"])}

    def load(record: IndexEncoder) -> Encoder:
        if record.key not in encoders:
            raise EncoderMissing(record.key)
        return encoders[record.key]

    logs.configure(as_json=False)
    database = Database(first["database"])
    encoder = HashingEncoder(dim=first["dims"][0])
    replica = make_replica(database, Path(first["folder"]), encoder=encoder, load=load).open()
    _answer({})
    for line in sys.stdin:
        _answer(_do(replica, database, json.loads(line)))
    replica.close()
    database.dispose()


def _do(replica: Replica, database: Database, order: dict[str, Any]) -> dict[str, Any]:
    if "put" in order:
        title = order.get("title", TITLE)
        put_all(database, make_document(order["put"], title=title), encoder=replica.encoder)
        return {}
    if "forget" in order:
        forget(database, order["forget"], kind=Kind.NEED)
        return {}
    found = sorted(ask(replica))
    return {"found": found, "encoder": replica.encoder.key}


def _answer(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
