"""The Milvus server as the engine uses it: one collection for each kind, one for labels.

Every read waits until all that was written before can be seen, whoever wrote it (consistency Strong).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from matching.character_table import MAX_CODES
from matching.errors import ManifestMismatch, MatchingError
from matching.lexical_index import K1, B
from matching.milvus.filters import one_of
from matching.milvus.rows import DAYS, MAX_BYTES, MAX_NAME_BYTES, NAMES, NUMBERS, TEXTS, Row
from matching.types import Kind

ANALYSER: Final = {"tokenizer": "jieba", "filter": ["cnalphanumonly"]}
"""Words as jieba cuts them for searching; tokens that are punctuation or blanks are dropped."""

MAX_MODES: Final = 100
"""So many modes of cooperation a document may name; one with more is refused by the server."""

_LABELS: Final = "labels"
_MAX_LABELS: Final = 1_000
_KEYS_AT_ONCE: Final = 5_000
_MANIFEST: Final = "market."
_RECONNECT: Final = {"grpc.max_reconnect_backoff_ms": 2_000}
"""Without it a server that was away for long is tried again after as much as two minutes."""


class EngineUnavailable(MatchingError):
    """The server cannot be reached, refuses the token, or did not do what it was asked; the message says.

    Attributes:
        code: gRPC's name of the failure, as UNAVAILABLE or UNAUTHENTICATED, or Milvus's number; unlike the
            message it never holds anything of what was asked.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class Server:
    """A connection and the collections whose names begin with a prefix. Any number of threads may use it."""

    def __init__(
        self, uri: str, *, token: str, prefix: str, manifest: Mapping[str, str], timeout: float,
        index: Mapping[str, Any], search_params: Mapping[str, Any], shards: int,
    ) -> None:  # fmt: skip
        """Connect, and check every collection that is there.

        Args:
            uri: `http://host:19530`, `https://…`; or a path ending in `.db` for the small edition.
            token: `user:password` or an API key; empty for a server without accounts.
            prefix: of the names of all collections; letters, digits and underscores.
            manifest: what the documents are made with; kept with each collection.
            timeout: seconds for one call.
            index: type and parameters of the index over vectors.
            search_params: of that index.
            shards: parts a new collection is cut into.

        Raises:
            EngineUnavailable: the server cannot be reached, or refuses the token.
            ManifestMismatch: the documents there were made with something else.
        """
        self._prefix, self._manifest, self._timeout = prefix, dict(manifest), timeout
        self._index, self._search_params, self._shards = dict(index), dict(search_params), shards
        self._milvus, self._client = _connect(uri, token=token, timeout=timeout)
        self._open: set[str] = set()
        try:
            for name in (*(kind.value for kind in Kind), _LABELS):
                self._is_open(name)
        except MatchingError:
            self.close()
            raise

    def close(self) -> None:
        """Give the connection back. Twice does no harm."""
        self._client.close()

    def put(self, kind: Kind, rows: Sequence[Row]) -> None:
        """Add rows, or replace those of the same keys."""
        self._make_sure(kind.value)
        with self._asking():
            self._client.upsert(self._name(kind.value), list(rows), timeout=self._timeout)

    def remove(self, kind: Kind, keys: Sequence[str]) -> None:
        """Take rows out; unknown keys are ignored."""
        if not self._is_open(kind.value):
            return
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            gone = one_of("key", keys[start : start + _KEYS_AT_ONCE])
            with self._asking():
                self._client.delete(self._name(kind.value), filter=gone, timeout=self._timeout)

    def nearest(
        self, kind: Kind, *, vector: Sequence[float] | None, words: str, condition: str, count: int,
        columns: Sequence[str],
    ) -> dict[str, Row]:  # fmt: skip
        """Return the nearest documents by vector and the best by words, in one hybrid search.

        Args:
            kind: of the documents.
            vector: of the question; None leaves this way out.
            words: of the question; empty leaves this way out.
            condition: what all documents must fulfil; empty allows all.
            count: number wanted of each way.
            columns: wanted of each.

        Returns:
            By key; at most `2 * count`, in no promised order.
        """
        if not self._is_open(kind.value):
            return {}
        ways = []
        request = self._milvus.AnnSearchRequest
        if vector is not None:
            param = {"metric_type": "IP", "params": self._search_params}
            ways.append(request([list(vector)], "vector", param, count, expr=condition))
        if words:
            ways.append(request([words], "sparse", {"metric_type": "BM25"}, count, expr=condition))
        if not ways:
            return {}
        with self._asking():
            (found,) = self._client.hybrid_search(
                self._name(kind.value), ways, self._milvus.RRFRanker(), limit=count * len(ways),
                output_fields=list(columns), timeout=self._timeout,
            )  # fmt: skip
        return {hit["key"]: hit["entity"] for hit in found}

    def bm25(self, kind: Kind, words: str, keys: Sequence[str]) -> dict[str, float]:
        """Return the BM25 scores of some documents; those that have none of the words are left out."""
        with self._asking():
            (found,) = self._client.search(
                self._name(kind.value), [words], anns_field="sparse", filter=one_of("key", keys),
                limit=len(keys), search_params={"metric_type": "BM25"}, timeout=self._timeout,
            )  # fmt: skip
        # The small edition gives scores with the sign turned; none is ever below 0.
        return {hit["key"]: abs(hit["distance"]) for hit in found}

    def rows(self, kind: Kind, keys: Sequence[str], columns: Sequence[str]) -> dict[str, Row]:
        """Return some documents by key; those that are not there are left out."""
        if not keys or not self._is_open(kind.value):
            return {}
        with self._asking():
            rows = self._client.query(
                self._name(kind.value), filter=one_of("key", keys), output_fields=["key", *columns],
                timeout=self._timeout,
            )  # fmt: skip
        return {row["key"]: row for row in rows}

    def count(self, kind: Kind) -> int:
        """Return the number of documents."""
        if not self._is_open(kind.value):
            return 0
        with self._asking():
            name = self._name(kind.value)
            (row,) = self._client.query(name, output_fields=["count(*)"], timeout=self._timeout)
        return int(row["count(*)"])

    def keys(self, kind: Kind) -> set[str]:
        """Return the keys of all documents."""
        if not self._is_open(kind.value):
            return set()
        found: set[str] = set()
        with self._asking():
            pages = self._client.query_iterator(
                self._name(kind.value), batch_size=_KEYS_AT_ONCE, output_fields=["key"], timeout=self._timeout
            )
            while page := pages.next():
                found.update(row["key"] for row in page)
            pages.close()
        return found

    def labels(self) -> dict[str, str]:
        """Return all labels."""
        if not self._is_open(_LABELS):
            return {}
        with self._asking():
            rows = self._client.query(
                self._name(_LABELS), filter='key >= ""', output_fields=["key", "value"], limit=_MAX_LABELS,
                timeout=self._timeout,
            )  # fmt: skip
        return {row["key"]: row["value"] for row in rows}

    def set_labels(self, labels: Mapping[str, str]) -> None:
        """Set some labels; others stay."""
        self._make_sure(_LABELS)
        rows = [{"key": key, "value": value, "vector": [0.0, 0.0]} for key, value in labels.items()]
        with self._asking():
            self._client.upsert(self._name(_LABELS), rows, timeout=self._timeout)

    def _name(self, collection: str) -> str:
        return f"{self._prefix}_{collection}"

    @contextmanager
    def _asking(self) -> Iterator[None]:
        with _asking(self._milvus):
            yield

    def _is_open(self, collection: str) -> bool:
        """Tell whether a collection is there; check and load it when it is first seen."""
        if collection in self._open:
            return True
        name = self._name(collection)
        with self._asking():
            if not self._client.has_collection(name, timeout=self._timeout):
                return False
            properties = self._client.describe_collection(name, timeout=self._timeout)["properties"]
        for field, wanted in self._manifest.items():
            saved = properties.get(f"{_MANIFEST}{field}")
            if saved != wanted:
                raise ManifestMismatch(field, saved=saved, wanted=wanted)
        with self._asking():
            self._client.load_collection(name, timeout=self._timeout)
        self._open.add(collection)
        return True

    def _make_sure(self, collection: str) -> None:
        """Make a collection if it is not there; another process may do so at the same moment."""
        if self._is_open(collection):
            return
        schema, indexes = self._labels_schema() if collection == _LABELS else self._documents_schema()
        try:
            with self._asking():
                self._client.create_collection(
                    self._name(collection), schema=schema, index_params=indexes, num_shards=self._shards,
                    consistency_level="Strong", timeout=self._timeout,
                    properties={f"{_MANIFEST}{field}": value for field, value in self._manifest.items()},
                )  # fmt: skip
        except EngineUnavailable:
            if not self._is_open(collection):
                raise
        self._open.add(collection)

    def _schema(self) -> Any:
        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("key", self._type("VARCHAR"), is_primary=True, max_length=MAX_NAME_BYTES)
        return schema

    def _type(self, name: str) -> Any:
        return getattr(self._milvus.DataType, name)

    def _documents_schema(self) -> tuple[Any, Any]:
        schema = self._schema()
        for name in TEXTS:
            schema.add_field(name, self._type("VARCHAR"), max_length=MAX_BYTES)
        schema.add_field(
            "words",
            self._type("VARCHAR"),
            max_length=MAX_BYTES,
            enable_analyzer=True,
            analyzer_params=ANALYSER,
        )
        schema.add_field("sparse", self._type("SPARSE_FLOAT_VECTOR"))
        schema.add_field("vector", self._type("FLOAT_VECTOR"), dim=int(self._manifest["dim"]))
        schema.add_field("word_count", self._type("INT32"))
        schema.add_field("concepts", self._type("JSON"))
        schema.add_field(
            "characters", self._type("ARRAY"), element_type=self._type("INT32"), max_capacity=MAX_CODES
        )
        schema.add_field(
            "modes",
            self._type("ARRAY"),
            element_type=self._type("VARCHAR"),
            max_length=MAX_NAME_BYTES,
            max_capacity=MAX_MODES,
        )
        for name in NAMES:
            schema.add_field(name, self._type("VARCHAR"), max_length=MAX_NAME_BYTES)
        for name, kind in NUMBERS.items():
            schema.add_field(name, self._type(kind))
        for name in DAYS:
            schema.add_field(name, self._type("INT32"))
        bm25 = self._milvus.Function(
            name="bm25", function_type=self._milvus.FunctionType.BM25, input_field_names=["words"],
            output_field_names=["sparse"],
        )  # fmt: skip
        schema.add_function(bm25)
        indexes = self._client.prepare_index_params()
        indexes.add_index("vector", metric_type="IP", **self._index)
        indexes.add_index(
            "sparse", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25",
            params={"bm25_k1": K1, "bm25_b": B},
        )  # fmt: skip
        return schema, indexes

    def _labels_schema(self) -> tuple[Any, Any]:
        schema = self._schema()
        schema.add_field("value", self._type("VARCHAR"), max_length=MAX_BYTES)
        schema.add_field("vector", self._type("FLOAT_VECTOR"), dim=2)  # no collection may be without one
        indexes = self._client.prepare_index_params()
        indexes.add_index("vector", metric_type="IP", index_type="FLAT")
        return schema, indexes


def drop_collections(uri: str, *, token: str = "", prefix: str, timeout: float = 10.0) -> list[str]:
    """Delete all collections of an engine, documents and labels, as before building it anew.

    Args:
        uri: of the server.
        token: as for the engine.
        prefix: as for the engine.
        timeout: seconds for one call.

    Returns:
        The names of the collections deleted.

    Raises:
        EngineUnavailable: the server cannot be reached, or refuses the token.
    """
    milvus, client = _connect(uri, token=token, timeout=timeout)
    names = [f"{prefix}_{collection}" for collection in (*(kind.value for kind in Kind), _LABELS)]
    with _asking(milvus):
        there = [name for name in names if client.has_collection(name, timeout=timeout)]
        for name in there:
            client.drop_collection(name, timeout=timeout)
        client.close()
    return there


def remove_everywhere(
    uri: str, *, token: str = "", begin: str, kind: Kind, keys: Sequence[str], timeout: float = 10.0
) -> None:
    """Take documents out of the collections of all engines whose prefixes begin alike, whatever their models.

    Args:
        uri: of the server.
        token: as for the engine.
        begin: what the prefixes begin with.
        kind: of the documents.
        keys: of the documents; unknown ones are ignored.
        timeout: seconds for one call.

    Raises:
        EngineUnavailable: the server cannot be reached, refuses the token, or did not do it.
    """
    milvus, client = _connect(uri, token=token, timeout=timeout)
    with _asking(milvus):
        for name in client.list_collections(timeout=timeout):
            if name.startswith(begin) and name.endswith(f"_{kind.value}"):
                client.delete(name, filter=one_of("key", keys), timeout=timeout)
        client.close()


def list_prefixes(uri: str, *, token: str = "", begin: str, timeout: float = 10.0) -> list[str]:
    """Return the prefixes of engines whose collections are on a server, ordered.

    Args:
        uri: of the server.
        token: as for the engine.
        begin: what the prefixes begin with.
        timeout: seconds for one call.

    Raises:
        EngineUnavailable: the server cannot be reached, or refuses the token.
    """
    milvus, client = _connect(uri, token=token, timeout=timeout)
    with _asking(milvus):
        names = client.list_collections(timeout=timeout)
        client.close()
    ends = tuple(f"_{collection}" for collection in (*(kind.value for kind in Kind), _LABELS))
    return sorted(
        {name.rpartition("_")[0] for name in names if name.startswith(begin) and name.endswith(ends)}
    )


def _connect(uri: str, *, token: str, timeout: float) -> tuple[Any, Any]:
    """Return the client's module and a client."""
    try:
        import pymilvus  # noqa: PLC0415 - an extra that most markets do without
    except ImportError as error:
        raise EngineUnavailable(
            "pymilvus is not installed; it comes with the extra `milvus`", code="NOT_INSTALLED"
        ) from error
    # It logs every error before it raises it, with the filter in which somebody's identity may stand.
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
    with _asking(pymilvus):
        return pymilvus, pymilvus.MilvusClient(uri, token=token, timeout=timeout, grpc_options=_RECONNECT)


@contextmanager
def _asking(milvus: Any) -> Iterator[None]:
    """Turn every failure of the server, or on the way to it, into one error."""
    import grpc  # noqa: PLC0415 - comes with pymilvus

    try:
        yield
    except (milvus.MilvusException, grpc.RpcError) as error:
        reason = getattr(error, "message", "") or str(error)
        call = error if isinstance(error, grpc.RpcError) else error.__cause__
        if isinstance(call, grpc.RpcError):  # which says whether nobody answers or the token is refused
            code = str(call.code().name)
            reason = f"{reason} ({code}: {call.details()})"
        else:
            code = str(error.code)
        raise EngineUnavailable(f"the Milvus server did not do it: {reason}", code=code) from error
