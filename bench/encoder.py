"""How fast an encoder is: start, many listings at once, one at a time.

    python -m bench.encoder --listings 20000 --characters 250 --json

The listings are strings of words of the lexicon, the same ones every time.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import time
from typing import Any

import numpy as np
import torch

from matching.encoder import load_encoder
from matching.lexicon import Lexicon
from matching.text import normalise


def listings(number: int, characters: int) -> list[str]:
    """Make texts of exactly `characters` characters."""
    chooser = random.Random(0)
    words = [term for concept in Lexicon.load().concepts.values() for term in concept.terms]
    texts = []
    for _ in range(number):
        text = ""
        while len(text) < characters:
            text += chooser.choice(words) + chooser.choice(["，", "的", "与", "。", "用于", "达到95%"])
        texts.append(text[:characters])
    return texts


def measure(name: str | None, *, number: int, characters: int, asked: int) -> dict[str, Any]:
    """Return the figures of one encoder."""
    texts = listings(number, characters)
    started = time.perf_counter()
    encoder = load_encoder(name)
    encoder.encode(texts[:1])
    load_seconds = time.perf_counter() - started

    # The best of three rounds: on a machine that does other work, the others measure that work.
    rounds = []
    for _ in range(3):
        started, processor = time.perf_counter(), time.process_time()
        encoder.encode(texts)
        rounds.append((time.perf_counter() - started, time.process_time() - processor))
    batch_seconds, processor_seconds = min(rounds)

    started = time.perf_counter()
    for text in texts:
        normalise(text)
    normalise_seconds = time.perf_counter() - started

    single = []
    for text in texts[:asked]:
        started = time.perf_counter()
        encoder.encode([text])
        single.append(time.perf_counter() - started)
    return {
        "encoder": encoder.key,
        "dim": encoder.dim,
        "torch_threads": torch.get_num_threads(),
        "listings": number,
        "characters": characters,
        "load_seconds": round(load_seconds, 3),
        "listings_per_second": round(number / batch_seconds),
        "listings_per_processor_second": round(number / processor_seconds),
        "normalise_per_second": round(number / normalise_seconds),
        "single_p50_ms": round(float(np.percentile(single, 50)) * 1000, 3),
        "single_p99_ms": round(float(np.percentile(single, 99)) * 1000, 3),
        "machine": platform.machine(),
        "python": platform.python_version(),
    }


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser("python -m bench.encoder", description="Speed of an encoder.")
    parser.add_argument("--model", help="folder or hub name; the shipped one without it")
    parser.add_argument("--listings", type=int, default=20_000)
    parser.add_argument("--characters", type=int, default=250)
    parser.add_argument("--asked", type=int, default=1_000, help="texts encoded one at a time")
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of a table")
    options = parser.parse_args()
    found = measure(
        options.model, number=options.listings, characters=options.characters, asked=options.asked
    )
    if options.json:
        print(json.dumps(found))
    else:
        for key, value in found.items():
            print(f"{key:30} {value}")


if __name__ == "__main__":
    main()
