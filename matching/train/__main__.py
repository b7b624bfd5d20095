"""`python -m matching.train`: make the shipped encoder anew."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict, fields, replace
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import Progress

from matching.encoder import SHIPPED_MODEL, SentenceTransformerEncoder
from matching.errors import MatchingError
from matching.train.corpus import Corpus, load_corpus
from matching.train.fit import Settings, fit
from matching.train.fold import fold, to_half
from matching.train.held_out import figures, split
from matching.train.save import save_model
from matching.train.teacher import ask_teacher
from matching.train.vocabulary import build_tokenizer


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code, 2 for bad data."""
    options = _parser().parse_args(arguments)
    # Sums are split by thread, so another number of threads may give other last digits.
    torch.set_num_threads(options.threads)
    settings = Settings(**{field.name: getattr(options, field.name) for field in fields(Settings)})
    console = Console(stderr=True)
    try:
        corpus = load_corpus(options.lexicon, options.pairs)
        if options.held_out:
            _report_held_out(corpus, settings=settings, share=options.held_out, console=console)
        else:
            train(corpus, options.output, settings=settings, console=console)
    except MatchingError as error:
        console.print(str(error), style="red", markup=False)
        return 2
    return 0


def train(corpus: Corpus, folder: Path, *, settings: Settings, console: Console) -> None:
    """Train on the corpus and write the model to `folder`, showing a progress bar."""
    tokenizer = build_tokenizer(corpus)
    lessons = ask_teacher(corpus, progress=console.is_terminal) if settings.distillation else None
    tables = []
    with Progress(console=console) as progress:
        task = progress.add_task("training", total=settings.steps * settings.members)
        for member in range(settings.members):
            table = fit(
                corpus,
                tokenizer,
                settings=replace(settings, seed=settings.seed + member),
                lessons=lessons,
                on_step=lambda _loss: progress.advance(task),
            )
            tables.append(table)
    vectors = to_half(fold(tables, corpus, tokenizer, dim=settings.dim))
    save_model(folder, tokenizer, vectors=vectors, settings=settings)
    console.print(f"{folder}: {vectors.shape[0]} tokens, {vectors.shape[1]} dimensions")


def _report_held_out(corpus: Corpus, *, settings: Settings, share: float, console: Console) -> None:
    rest, asked = split(corpus, share=share, seed=settings.seed)
    with tempfile.TemporaryDirectory() as folder:
        train(rest, Path(folder), settings=settings, console=console)
        found = figures(SentenceTransformerEncoder(folder), asked, rest.triples)
    Console().print_json(json.dumps(asdict(found)))


def _parser() -> argparse.ArgumentParser:
    defaults = Settings()
    parser = argparse.ArgumentParser(
        prog="python -m matching.train", description="Train the shipped encoder."
    )
    parser.add_argument("--output", type=Path, default=SHIPPED_MODEL, help="folder of the model")
    parser.add_argument("--lexicon", type=Path, help="folder of the lexicon (default: the shipped one)")
    parser.add_argument("--pairs", type=Path, help="folder of the training pairs (default: the shipped ones)")
    parser.add_argument("--threads", type=int, default=2, help="torch threads")
    parser.add_argument(
        "--held-out",
        type=float,
        metavar="SHARE",
        help="train without this share of the triples, print the figures on them and write no model",
    )
    for field in fields(Settings):
        default = getattr(defaults, field.name)
        option = "--" + field.name.replace("_", "-")
        parser.add_argument(option, type=type(default), default=default, help=f"default {default}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
