"""Encoders: texts in, unit vectors out.

An encoder is chosen once, where the program is put together, and handed on. This module knows nothing of
indexes or rankings. torch and sentence_transformers are imported only when a model is really loaded.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from matching.errors import MatchingError
from matching.text import NORMALISATION_VERSION, normalise
from matching.types import Span

SHIPPED_MODEL = Path(__file__).parent / "models" / "market-static"
"""Folder of the model that comes with this package, made by `python -m matching.train`."""

MARKER = "market.json"
"""File in a model's folder that says how its input is prepared; absent in models of other makers."""


class EncoderMissing(MatchingError):
    """The wanted model is not on this machine, or cannot be read."""


class EncoderFault(MatchingError):
    """A model gave values that are not finite numbers."""


class Encoder(Protocol):
    """What the engine asks of an encoder.

    Attributes:
        name: of the model, as a person would say it.
        revision: changes whenever the vectors of any text may change.
        dim: length of a vector.
    """

    @property
    def name(self) -> str:
        """See above."""
        ...

    @property
    def revision(self) -> str:
        """See above."""
        ...

    @property
    def dim(self) -> int:
        """See above."""
        ...

    @property
    def key(self) -> str:
        """Name and revision in one: `name@revision`."""
        ...

    def encode(self, texts: Sequence[str], *, progress: bool = False) -> NDArray[np.float32]:
        """Encode raw texts as documents, which are to be found.

        Args:
            texts: as their owners wrote them; what is longer than the model reads is cut off by the model.
            progress: show a progress bar on the error stream.

        Returns:
            (n, dim) float32 in the order of `texts`, rows L2-normalised. A text in which there is nothing to
            encode (empty or blank; for models of words also one made of unknown signs only) gives a row of
            zeros: its cosine with anything is 0. Never NaN.
        """
        ...

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode raw texts as questions; else like `encode`.

        Most models make no difference. Some were trained with another prompt, or other weights, for those
        who seek than for what is sought.
        """
        ...


class HashingEncoder:
    """Characters and pairs of characters hashed into `dim` signed buckets: no model, no training.

    Texts that share characters are near to each other. Deterministic on every machine; meant for tests and
    for trying the engine out.
    """

    def __init__(self, dim: int = 64) -> None:
        """Make an encoder of `dim` buckets.

        Raises:
            ValueError: `dim` is not positive.
        """
        if dim < 1:
            raise ValueError(f"dim must be positive, not {dim}")
        self.dim = dim
        self.name = f"hashing-{dim}"
        self.revision = f"1-n{NORMALISATION_VERSION}"

    @property
    def key(self) -> str:
        """Name and revision in one: `name@revision`."""
        return f"{self.name}@{self.revision}"

    def encode(self, texts: Sequence[str], *, progress: bool = False) -> NDArray[np.float32]:  # noqa: ARG002 - too quick to need a bar
        """Encode raw texts; see `Encoder.encode`."""
        rows = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            row[:] = self._buckets(normalise(text).text)
        return unit_rows(rows)

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode raw texts as documents are; see `Encoder.encode_queries`."""
        return self.encode(texts)

    def _buckets(self, text: str) -> NDArray[np.float64]:
        points = np.frombuffer("".join(text.split()).encode("utf-32-le"), dtype="<u4").astype(np.uint64)
        pairs = (points[:-1] << np.uint64(21)) | points[1:]
        hashes = _mix(np.concatenate([points, pairs + np.uint64(1 << 42)]))
        # A pair of characters says more than one character, the sign bit lets collisions cancel on average.
        weights = np.repeat([0.5, 1.0], [len(points), len(pairs)])
        signs = np.where(hashes >> np.uint64(63), 1.0, -1.0)
        buckets = (hashes % np.uint64(self.dim)).astype(np.int64)
        return np.bincount(buckets, weights=weights * signs, minlength=self.dim).astype(np.float64)


class SentenceTransformerEncoder:
    """Any sentence-transformers model, from a folder or from the local cache of the Hugging Face hub.

    Models trained by `matching.train` (their folder holds `market.json`) get the normalised text, because
    they were trained on it; models of other makers get the raw text, because letter case, width and script
    are the business of their own tokenizers. Code that comes with a model is never run.
    """

    def __init__(
        self,
        name_or_path: str | Path,
        *,
        revision: str | None = None,
        query_prompt: str | None = None,
        document_prompt: str | None = None,
        download: bool = False,
        threads: int | None = None,
        batch_size: int | None = None,
    ) -> None:
        """Load a model.

        Args:
            name_or_path: an existing folder, or the name of a hub model such as `BAAI/bge-base-zh-v1.5`.
            revision: branch, tag or full commit of a hub model; ignored for a folder.
            query_prompt: put before every question; None takes the model's own, if it has one.
            document_prompt: the same for documents.
            download: fetch a hub model that is not in the local cache. Without it the network is not used.
            threads: torch threads of the whole process. None leaves torch's choice, except for static
                embeddings, which gain nothing from a second thread and then run on one.
            batch_size: texts per step; None means 32, or 1024 for static embeddings.

        Raises:
            EncoderMissing: there is no such model on this machine, or it cannot be read.
        """
        # Imported here: torch takes seconds, and commands that need no model should start at once.
        import torch  # noqa: PLC0415
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415
        from sentence_transformers.sentence_transformer.modules import StaticEmbedding  # noqa: PLC0415

        usual_threads = _usual_threads()
        path = Path(name_or_path)
        local = path.is_dir()
        try:
            self._model = SentenceTransformer(
                str(name_or_path),
                device="cpu",
                revision=None if local else revision,
                local_files_only=local or not download,
                trust_remote_code=False,
            )
            dim = self._model.get_embedding_dimension()
        except Exception as error:  # whatever goes wrong in reading somebody's files, they cannot be read
            reason = (str(error).splitlines() or [""])[0]  # the rest is advice on how to use the network
            raise EncoderMissing(
                f"cannot load the model {str(name_or_path)!r}"
                f"{f' at revision {revision!r}' if revision and not local else ''}: give the folder of a "
                f"sentence-transformers model, or the name of one in the local hub cache "
                f"({type(error).__name__}: {reason})"
            ) from error
        if not dim:
            raise EncoderMissing(f"the model {str(name_or_path)!r} does not tell the length of its vectors")
        static = all(isinstance(module, StaticEmbedding) for module in self._model)
        torch.set_num_threads(threads or (1 if static else usual_threads))
        self.dim = int(dim)
        self.name = path.resolve().name if local else str(name_or_path)
        self.commit = None if local else _hub_commit(str(name_or_path), revision)
        self._normalises = local and wants_normalised(path)
        self._prompts = {"query": query_prompt, "document": document_prompt}
        self._batch_size = batch_size or (1024 if static else 32)
        self.revision = self._full_revision(self.commit[:12] if self.commit else folder_revision(path))

    @property
    def key(self) -> str:
        """Name and revision in one: `name@revision`."""
        return f"{self.name}@{self.revision}"

    def encode(self, texts: Sequence[str], *, progress: bool = False) -> NDArray[np.float32]:
        """Encode raw texts as documents; see `Encoder.encode`.

        Raises:
            EncoderFault: the model gave a value that is not a finite number.
        """
        return self._encode(self._model.encode_document, texts, self._prompts["document"], progress=progress)

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode raw texts as questions; see `Encoder.encode_queries`.

        Raises:
            EncoderFault: the model gave a value that is not a finite number.
        """
        if len(texts) == 1 and not self._prompts["query"]:
            taken = self.word_vectors(normalise(texts[0]).text)
            if taken is not None:  # the same sum, without the machinery that pays off for many texts only
                return unit_rows(taken[1].sum(axis=0, keepdims=True))
        return self._encode(self._model.encode_query, texts, self._prompts["query"], progress=False)

    def word_vectors(self, text: str) -> tuple[list[Span], NDArray[np.float32]] | None:
        """Take a normalised text apart, if the model adds up words; see `matching.likeness.WordEncoder`."""
        if not self._normalises or len(self._model) != 1:
            return None
        module: Any = self._model[0]
        encoding = module.tokenizer.encode(text, add_special_tokens=False)
        numbers = np.array(encoding.ids, np.int64)
        known = np.flatnonzero(numbers)  # number 0 is the unknown sign
        vectors = self._table[numbers[known]].astype(np.float32)
        spans = encoding.offsets  # read once: each reading copies the whole list
        return [spans[place] for place in known.tolist()], vectors

    @cached_property
    def _table(self) -> NDArray[Any]:
        """Return the (vocabulary, dim) vectors of a static model, as it holds them."""
        module: Any = self._model[0]
        table: NDArray[Any] = module.embedding.weight.detach().numpy()
        return table

    def _encode(
        self, way: Callable[..., Any], texts: Sequence[str], prompt: str | None, *, progress: bool
    ) -> NDArray[np.float32]:
        prepared = [normalise(text).text for text in texts] if self._normalises else list(texts)
        rows = np.zeros((len(prepared), self.dim), dtype=np.float32)
        filled = [index for index, text in enumerate(prepared) if text.strip()]
        if filled:
            rows[filled] = way(
                [prepared[index] for index in filled],
                prompt=prompt,
                batch_size=self._batch_size,
                show_progress_bar=progress,
                convert_to_numpy=True,
            )
        return unit_rows(rows)

    def _full_revision(self, base: str) -> str:
        """Add to files or commit (`base`), in which the model's own prompts are, what else makes a vector."""
        parts = [base]
        if self._normalises:
            parts.append(f"n{NORMALISATION_VERSION}")
        own = self._model.prompts
        given = {
            side: prompt
            for side, prompt in self._prompts.items()
            if prompt is not None and prompt != own.get(side, "")
        }
        if given:
            parts.append(f"p{hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()[:6]}")
        return "-".join(parts)


def load_encoder(
    name_or_path: str | Path | None = None,
    *,
    revision: str | None = None,
    query_prompt: str | None = None,
    document_prompt: str | None = None,
) -> SentenceTransformerEncoder:
    """Load the encoder a site has chosen, without using the network.

    Args:
        name_or_path: folder or hub name of a sentence-transformers model; None means the shipped one.
        revision: branch, tag or full commit of a hub model.
        query_prompt: put before every question instead of the model's own prompt.
        document_prompt: the same for documents.

    Raises:
        EncoderMissing: there is no such model on this machine, or it cannot be read.
    """
    return SentenceTransformerEncoder(
        name_or_path or SHIPPED_MODEL,
        revision=revision,
        query_prompt=query_prompt,
        document_prompt=document_prompt,
    )


def unit_rows(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale every row of an (n, dim) float32 matrix to length 1; rows of zeros stay zero.

    Raises:
        EncoderFault: a value is not a finite number.
    """
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    if not np.isfinite(norms).all():
        raise EncoderFault("the encoder gave values that are not finite numbers")
    units = np.zeros_like(rows)
    np.divide(rows, norms, out=units, where=norms > 0)
    return units


def wants_normalised(folder: Path) -> bool:
    """Tell whether the model in `folder` was trained on normalised text.

    Raises:
        EncoderMissing: its `market.json` is damaged.
    """
    marker = folder / MARKER
    if not marker.is_file():
        return False
    try:
        return bool(json.loads(marker.read_text(encoding="utf-8"))["input"] == "normalised")
    except (ValueError, KeyError, TypeError) as error:
        raise EncoderMissing(f"{marker} is damaged: {error}") from error


def folder_revision(folder: Path) -> str:
    """Hash the files of a model, all but Markdown pages and hidden files, to twelve hexadecimal digits."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder)
        if not file.is_file() or file.suffix == ".md" or any(part.startswith(".") for part in name.parts):
            continue
        content = hashlib.sha256()
        with file.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                content.update(chunk)
        digest.update(f"{name.as_posix()}\n{content.hexdigest()}\n".encode())
    return digest.hexdigest()[:12]


@cache
def _usual_threads() -> int:
    """Return how many threads torch chose, before any model of this process changed it."""
    import torch  # noqa: PLC0415 - slow

    return torch.get_num_threads()


def _hub_commit(name: str, revision: str | None) -> str:
    """Find the commit of a cached hub model: the name of its snapshot's folder."""
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415 - slow, and for hub models only

    for file in ("modules.json", "config.json"):
        cached = try_to_load_from_cache(name, file, revision=revision)
        if isinstance(cached, str):
            return Path(cached).parent.name
    raise EncoderMissing(f"the hub cache does not tell the commit of {name!r}")


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread 64-bit integers evenly.

    Finaliser of SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators",
    section 3).
    """
    mixed = values.copy()
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed ^= mixed >> np.uint64(shift)
        mixed *= np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))
