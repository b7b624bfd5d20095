"""A transformer small enough to be made in a test: real modules and files, random weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

DIM = 32
MAX_TOKENS = 64
SIGNS = "abcdefghijklmnopqrstuvwxyz0123456789.,:;<>/&%()"
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def save_tiny_transformer(
    folder: Path, *, prompts: Mapping[str, str] | None = None, seed: int = 0, text: str = ""
) -> Path:
    """Save a BERT of two layers with mean pooling.

    Args:
        folder: where to.
        prompts: put into its config, as models ask for that were trained with them.
        seed: of the weights.
        text: whose characters the vocabulary knows, besides Latin ones.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizer

    torch.manual_seed(seed)
    parts = folder.with_name(f"{folder.name}-bert")
    parts.mkdir(parents=True)
    signs = sorted(set(SIGNS) | {sign for sign in text if not sign.isspace()})
    words = [*SPECIAL, *signs, *(f"##{sign}" for sign in SIGNS)]
    (parts / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizer(vocab=str(parts / "vocab.txt")).save_pretrained(parts)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=DIM,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=MAX_TOKENS,
    )
    BertModel(config).save_pretrained(parts)
    transformer = Transformer(str(parts))
    model = SentenceTransformer(
        modules=[transformer, Pooling(DIM)], device="cpu", prompts=dict(prompts) if prompts else None
    )
    model.save(str(folder), create_model_card=False)
    return folder
