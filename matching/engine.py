"""The engine: documents in, rankings with reasons out. The only module callers need.

A search takes the nearest documents by vector and the best by words and by concepts, joins them by a
weighted sum in which facets count too, and gives reasons for the few that are returned.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching.analysing import Packed, pack_all, usual_workers
from matching.encoder import Encoder
from matching.errors import DimensionMismatch, DuplicateKey, IndexDamaged, ManifestMismatch, MatchingError
from matching.explain import Analysis, Tagger
from matching.locking import ReadWriteLock
from matching.partition import Partition
from matching.progress import track
from matching.ranking import Chosen, choose, depth, hits
from matching.reranker import Reranker
from matching.scoring import Weights, score
from matching.store import FORMAT, HeldSnapshot, Manifest, ScratchFolder, open_snapshot, save_snapshot
from matching.text import MAX_CHARACTERS, NORMALISATION_VERSION
from matching.types import Document, Hit, Kind, Query, Ranking

MAX_HITS: Final = 200

_BATCH: Final = 5_000
"""So many documents are taken apart before they are put in, which bounds the memory needed."""


class LocalEngine:
    """An index in this process; any number of threads may search and change it.

    A change excludes searches while it is put in, and only then; what is returned was true at one moment.
    """

    def __init__(
        self, encoder: Encoder, *, lexicon: Tagger | None = None, weights: Weights | None = None,
        reranker: Reranker | None = None,
    ) -> None:  # fmt: skip
        """Make an empty engine.

        Args:
            encoder: makes vectors of texts that come without one.
            lexicon: finds concepts; None does without.
            weights: of the parts of a score; None takes the shipped ones.
            reranker: reads the best candidates again; None does without.
        """
        self._encoder = encoder
        self._lexicon = lexicon
        self._weights = weights or Weights.load()
        self._reranker = reranker
        self._scratch = ScratchFolder()
        self._held: HeldSnapshot | None = None  # what the partitions read from, if they were loaded
        self._partitions: dict[Kind, Partition] = {}
        self._lock = ReadWriteLock()
        self._changing = threading.Lock()  # one change or save at a time; searches go on beside it
        self.labels: Mapping[str, str] = {}

    def upsert(
        self,
        documents: Sequence[Document],
        *,
        vectors: NDArray[np.float32] | None = None,
        progress: bool = False,
        workers: int | None = None,
    ) -> None:
        """Add documents, or replace those of the same kind and key.

        When a vector index has outgrown its form, a new one is made before this returns: searches go on
        beside it, other changes wait.

        Args:
            documents: of any kinds.
            vectors: (n, dim) float32, rows L2-normalised, as the encoder made them; None encodes the texts.
            progress: show a bar on the error stream.
            workers: processes that take texts apart, see `matching.analysing.pack_all`; None takes one for
                each core where that is worth it, from 20,000 documents on.

        Raises:
            DuplicateKey: two documents have the same kind and key; nothing was changed.
            DimensionMismatch, InvalidVector: the vectors are not what they should be.
        """
        if vectors is not None and vectors.shape != (len(documents), self._encoder.dim):
            expected = (len(documents), self._encoder.dim)
            raise DimensionMismatch(f"expected vectors of shape {expected}, got {vectors.shape}")
        twice = [name for name, count in Counter((d.kind, d.key) for d in documents).items() if count > 1]
        if twice:
            kind, key = twice[0]
            raise DuplicateKey(f"{kind} {key!r} is named twice")
        batches = [
            (kind, numbers[start : start + _BATCH])
            for kind, numbers in _by_kind(documents).items()
            for start in range(0, len(numbers), _BATCH)
        ]
        texts = (
            [(documents[number].text, len(documents[number].title)) for number in numbers]
            for _, numbers in batches
        )
        workers = usual_workers(len(documents)) if workers is None else workers
        packed = pack_all(texts, self._lexicon, workers=workers)
        with closing(packed):
            for kind, numbers in track(batches, "建立索引", total=len(batches), show=progress):
                batch = [documents[number] for number in numbers]
                given = vectors[numbers] if vectors is not None else self._encode([one.text for one in batch])
                self._put(kind, batch, next(packed), given)
        for kind in {document.kind for document in documents}:
            self._refit(kind)

    def remove(self, kind: Kind, keys: Sequence[str]) -> None:
        """Take documents out; unknown keys are ignored, so that applying it twice does no harm."""
        with self._changing, self._lock.writing():
            if kind in self._partitions:
                self._partitions[kind].remove(keys)

    def search(
        self, query: Query, *, vector: NDArray[np.float32] | None = None, weights: Weights | None = None
    ) -> Ranking:
        """Rank the documents of one kind.

        The same engine, question and history of changes give the same ranking. A question without text
        has an empty ranking.

        Args:
            query: what is sought.
            vector: (dim,) float32 of `query.text`, L2-normalised; None encodes it.
            weights: of the parts of a score, for this answer alone; None takes the engine's own.

        Raises:
            ValueError: `query.k` is not between 1 and 200.
            DimensionMismatch, InvalidVector: the vector is not what it should be.
        """
        if not 1 <= query.k <= MAX_HITS:
            raise ValueError(f"k must be between 1 and {MAX_HITS}, not {query.k}")
        weights = weights or self._weights
        analysis = self._analyse(query.text, title_length=len(query.title))
        if not analysis.normalised.text:
            return self._ranking((), weights)
        if vector is None:
            vector = self._encoder.encode_queries([query.text[:MAX_CHARACTERS]])[0]
        with self._lock.reading():
            partition = self._partitions.get(query.kind)
            if partition is None:
                return self._ranking((), weights)
            chosen = self._choose(partition, query, analysis, vector, weights=weights)
        # Reasons need only what was copied out, so that a waiting change does not wait for them.
        found = hits(
            query, analysis, chosen, encoder=self._encoder, reranker=self._reranker, weight=weights.reranker
        )
        return self._ranking(found, weights)

    def count(self, kind: Kind | None = None) -> int:
        """Return the number of documents, of one kind or of all."""
        with self._lock.reading():
            return sum(len(one) for name, one in self._partitions.items() if kind in (None, name))

    def keys(self, kind: Kind) -> set[str]:
        """Return the keys of all documents of a kind."""
        with self._lock.reading():
            return self._partitions[kind].keys() if kind in self._partitions else set()

    def recall(self, kind: Kind) -> float | None:
        """Measure the share of the ten nearest vectors that a search of this kind finds, 0 to 1.

        Takes seconds for a million documents; searches go on meanwhile, changes wait.

        Returns:
            The share; None where every vector is compared, so that none can be missed.
        """
        with self._changing:
            partition = self._partitions.get(kind)
            return partition.recall() if partition is not None else None

    def title(self, kind: Kind, key: str) -> str:
        """Return the raw title of a document.

        Raises:
            KeyError: there is no such document.
        """
        with self._lock.reading():
            partition = self._partitions[kind]
            document = partition.document(partition.row(key))
        return document.text[: document.title_length]

    def save(self, folder: Path, *, labels: Mapping[str, str]) -> None:
        """Save everything as one snapshot; searches go on meanwhile, changes wait.

        Args:
            folder: of the saved index; what it held before is replaced as a whole, or not at all.
            labels: kept in the manifest, given back by `load`.
        """
        with self._changing:
            manifest = Manifest(
                format=FORMAT,
                encoder=self._encoder.key,
                dim=self._encoder.dim,
                normalisation=NORMALISATION_VERSION,
                lexicon=self._lexicon_version,
                counts={kind.value: len(partition) for kind, partition in self._partitions.items()},
                built_at=datetime.now(UTC).isoformat(timespec="seconds"),
                labels=dict(labels),
            )
            save_snapshot(folder, manifest, write=self._write)
            self.labels = dict(labels)

    @classmethod
    def load(
        cls, folder: Path, encoder: Encoder, *, lexicon: Tagger | None = None, weights: Weights | None = None,
        reranker: Reranker | None = None,
    ) -> LocalEngine:  # fmt: skip
        """Open a saved index. Its files are mapped into memory, never changed, and kept until `close`.

        Large files are not read whole; `matching.store.open_snapshot` says what is checked.

        Raises:
            IndexMissing: nothing has been saved there.
            IndexDamaged: a file is missing, or is not what was written.
            ManifestMismatch: it was made with another encoder, lexicon or normalisation, or its files have
                another format.
        """
        saved, manifest = open_snapshot(folder)
        engine = cls(encoder, lexicon=lexicon, weights=weights, reranker=reranker)
        try:
            for name, stored, wanted in (
                ("encoder", manifest.encoder, encoder.key),
                ("dim", manifest.dim, encoder.dim),
                ("normalisation", manifest.normalisation, NORMALISATION_VERSION),
                ("lexicon", manifest.lexicon, engine._lexicon_version),
            ):
                if stored != wanted:
                    raise ManifestMismatch(name, saved=stored, wanted=wanted)
            engine._held = HeldSnapshot(saved)
            for value, count in manifest.counts.items():
                kind = Kind(value)
                partition = Partition.load(
                    saved / value, dim=encoder.dim, folder=engine._scratch.path / value
                )
                if len(partition) != count:
                    raise IndexDamaged(f"{count} documents of {value} were saved, {len(partition)} are there")
                engine._partitions[kind] = partition
        except (OSError, ValueError, KeyError) as error:
            engine.close()
            raise IndexDamaged(f"cannot read the saved index: {error}") from error
        except MatchingError:
            engine.close()
            raise
        engine.labels = manifest.labels
        return engine

    def close(self) -> None:
        """Give back memory and the private folder; the engine is empty afterwards. Twice does no harm."""
        with self._changing, self._lock.writing():
            self._partitions.clear()
            self._scratch.close()
            if self._held is not None:
                self._held.close()

    @property
    def _lexicon_version(self) -> str:
        return self._lexicon.version if self._lexicon is not None else ""

    def _ranking(self, found: tuple[Hit, ...], weights: Weights) -> Ranking:
        read_by = self._reranker.key if self._reranker is not None and found else None
        return Ranking(found, self._encoder.key, self._lexicon_version, weights.version, reranker=read_by)

    def _choose(
        self, partition: Partition, query: Query, analysis: Analysis, vector: NDArray[np.float32], *,
        weights: Weights,
    ) -> Chosen:  # fmt: skip
        candidates = partition.retrieve(query, analysis, vector)
        rows = candidates.rows.tolist()
        judgements = partition.facets.judge(query, candidates.rows)
        return choose(
            score(candidates.evidence, judgements, weights),
            partition.keys_of(rows),
            depth(query.k, self._reranker),
            document=lambda place: partition.document(rows[place]),
            judgements=judgements,
            terms=candidates.terms,
            concept_weights=candidates.concept_weights,
        )

    def _analyse(self, text: str, *, title_length: int) -> Analysis:
        return Analysis(text, title_length=title_length, tagger=self._lexicon)

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._encoder.encode([text[:MAX_CHARACTERS] for text in texts])

    def _put(
        self, kind: Kind, documents: Sequence[Document], packed: Packed, vectors: NDArray[np.float32]
    ) -> None:
        with self._changing, self._lock.writing():
            self._partition(kind).put(documents, packed, vectors)

    def _refit(self, kind: Kind) -> None:
        with self._changing:
            partition = self._partitions.get(kind)  # gone if the engine was closed meanwhile
            vectors = partition.refitted() if partition is not None else None
            if partition is not None and vectors is not None:
                with self._lock.writing():
                    partition.use_vectors(vectors)

    def _partition(self, kind: Kind) -> Partition:
        if kind not in self._partitions:
            folder = self._scratch.path / kind.value
            folder.mkdir()
            self._partitions[kind] = Partition(self._encoder.dim, folder=folder)
        return self._partitions[kind]

    def _write(self, folder: Path) -> None:
        for kind, partition in self._partitions.items():
            (folder / kind.value).mkdir()
            partition.save(folder / kind.value)


def _by_kind(documents: Sequence[Document]) -> dict[Kind, list[int]]:
    """Return the places of the documents of each kind."""
    places: dict[Kind, list[int]] = {}
    for place, document in enumerate(documents):
        places.setdefault(document.kind, []).append(place)
    return places
