"""The trained model as a folder that sentence-transformers can load."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from tokenizers import Tokenizer

from matching.encoder import MARKER
from matching.text import NORMALISATION_VERSION
from matching.train.fit import Settings


def save_model(
    folder: Path, tokenizer: Tokenizer, *, vectors: NDArray[np.float16], settings: Settings
) -> None:
    """Write the model, and beside it how its input is prepared and how it was made.

    Other files of the folder, such as the model card, stay as they are. Half precision is kept on disk and in
    memory; sums are taken in single precision.

    Args:
        folder: made if it is not there.
        tokenizer: of `build_tokenizer`.
        vectors: (vocabulary size, dim).
        settings: recorded in `market.json`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    module = StaticEmbedding(tokenizer, embedding_weights=vectors)
    SentenceTransformer(modules=[module], device="cpu").save(str(folder), create_model_card=False)
    # safetensors makes its file readable for its owner alone; a service may run as someone else.
    (folder / "model.safetensors").chmod(0o644)
    marker = {"input": "normalised", "normalisation": NORMALISATION_VERSION, "training": asdict(settings)}
    (folder / MARKER).write_text(json.dumps(marker, indent=2) + "\n", encoding="utf-8")
