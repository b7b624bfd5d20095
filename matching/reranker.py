"""A second, slower reading of the best candidates, by any sentence-transformers CrossEncoder.

None is shipped: the market runs without. A site with a machine for it names one in `MARKET_RERANKER`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from matching.encoder import EncoderFault, EncoderMissing

RERANKED: Final = 50
"""So many of the best candidates are read again, or as many as are asked for."""

MAX_PASSAGE: Final = 2_000
"""Characters of a text that are read; models cut off earlier than that."""


class Reranker(Protocol):
    """Reads question and document together."""

    @property
    def key(self) -> str:
        """Name and revision in one."""
        ...

    def verdicts(self, question: str, documents: Sequence[str]) -> NDArray[np.float64]:
        """Judge documents.

        Returns:
            (n,) float64 from -1 (does not help) to 1 (solves it).

        Raises:
            EncoderFault: the model gave a value that is not a finite number.
        """
        ...


class CrossEncoderReranker:
    """A CrossEncoder with one output, from the disk of this machine."""

    def __init__(
        self, name_or_path: str | Path, *, revision: str | None = None, batch_size: int = 16
    ) -> None:
        """Load the model.

        Args:
            name_or_path: folder of a model, or the name of one in the local hub cache.
            revision: of a hub model.
            batch_size: pairs read at once.

        Raises:
            EncoderMissing: there is no such model on this machine, or it has several outputs.
        """
        from sentence_transformers import CrossEncoder  # noqa: PLC0415 - slow to import, and rarely wanted

        local = Path(name_or_path).is_dir()
        try:
            self._model = CrossEncoder(
                str(name_or_path),
                device="cpu",
                revision=None if local else revision,
                local_files_only=True,
                trust_remote_code=False,
            )
        except (OSError, ValueError) as error:
            raise EncoderMissing(
                f"cannot load the reranker {str(name_or_path)!r}: {type(error).__name__}: {error}"
            ) from error
        if self._model.num_labels != 1:
            raise EncoderMissing(
                f"the reranker {str(name_or_path)!r} has {self._model.num_labels} outputs instead of one"
            )
        name = Path(name_or_path).resolve().name if local else str(name_or_path)
        self.key = f"{name}@{revision}" if revision and not local else name
        self._batch_size = batch_size

    def verdicts(self, question: str, documents: Sequence[str]) -> NDArray[np.float64]:
        """See `Reranker.verdicts`; the sigmoid of the model's output, stretched to -1 to 1."""
        import torch  # noqa: PLC0415 - loaded with the model

        if not documents:
            return np.zeros(0)
        pairs = [(question[:MAX_PASSAGE], document[:MAX_PASSAGE]) for document in documents]
        likelihoods = self._model.predict(
            pairs,
            batch_size=self._batch_size,
            activation_fn=torch.nn.Sigmoid(),
            show_progress_bar=False,
            convert_to_numpy=True,
        )
        verdicts: NDArray[np.float64] = 2.0 * np.asarray(likelihoods, np.float64).reshape(-1) - 1.0
        if not np.isfinite(verdicts).all():
            raise EncoderFault("the reranker gave values that are not finite numbers")
        return verdicts
