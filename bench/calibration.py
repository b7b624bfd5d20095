"""Whether scores can be believed: the share of relevant pairs against the score, as a figure.

    python -m bench.calibration --needs needs.jsonl --achievements a.jsonl b.csv --qrels qrels.jsonl

Without files: the judged set of this repository. The 50 best of every judged need are taken; a pair without
a judgement counts as not relevant. Bars are 95 % intervals of the share (Wilson 1927, "Probable inference,
the law of succession, and statistical inference"), which take pairs as independent of each other. The figure
goes to docs/figures/calibration.svg. Needs the extra `bench`.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.engine import ROOT
from bench.figures import BLUE, FOLDER, GREY, keep, new_figure
from matching.dataset import read_documents, read_judgements, read_pool
from matching.encoder import load_encoder
from matching.engine import LocalEngine
from matching.evaluation import verdicts
from matching.learning import Bin, Example, calibration, calibration_error, log_loss
from matching.lexicon import Lexicon
from matching.scoring import Weights
from matching.types import Kind

OWN_SET = ROOT / "tests" / "matching" / "data"


def examples_of(options: argparse.Namespace, weights: Weights) -> list[Example]:
    """Put the judged needs to an engine over the pool."""
    engine = LocalEngine(load_encoder(options.encoder), lexicon=Lexicon.load(), weights=weights)
    engine.upsert(read_pool(options.achievements, kind=Kind.ACHIEVEMENT))
    needs = read_documents(options.needs, kind=Kind.NEED)
    found = verdicts(needs, read_judgements(options.qrels), engine)
    engine.close()
    return found


def interval(share: float, count: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share seen in `count` cases."""
    z = 1.96
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    return max(0.0, middle - half), min(1.0, middle + half)


def draw(bins: Sequence[Bin], path: Path, *, title: str) -> None:
    """Draw share of relevant pairs over score, and below it how many pairs each bin holds."""
    figure, (shares, counts) = new_figure(4.6, 5.4, nrows=2, sharex=True, height_ratios=(3, 1))
    shares.plot((0, 1), (0, 1), linestyle="--", color=GREY, label="score = share")
    scores = [one.mean_score for one in bins]
    seen = [one.relevant_share for one in bins]
    bounds = [interval(one.relevant_share, one.count) for one in bins]
    errors = [
        [max(0.0, share - low) for share, (low, _) in zip(seen, bounds, strict=True)],
        [max(0.0, high - share) for share, (_, high) in zip(seen, bounds, strict=True)],
    ]
    shares.errorbar(
        scores, seen, yerr=errors, marker="o", markersize=4, capsize=2, color=BLUE, label="engine, 95 %"
    )
    shares.set(ylabel="share of relevant pairs", xlim=(0, 1), ylim=(0, 1), title=title)
    shares.legend(frameon=False, loc="upper left")
    middles = [(one.low + one.high) / 2 for one in bins]
    bars = counts.bar(middles, [one.count for one in bins], width=0.09, color=BLUE)
    counts.bar_label(bars, fontsize=7)
    counts.set(xlabel="score of the engine (mean of the bin above, bins below)", ylabel="pairs", yscale="log")
    counts.margins(y=0.25)
    keep(figure, path)


def report_of(examples: Sequence[Example], weights: Weights, bins: Sequence[Bin]) -> dict[str, Any]:
    """Return the figures behind the figure."""
    return {
        "weights": weights.version,
        "needs": len({example.group for example in examples}),
        "pairs": len(examples),
        "relevant": sum(example.relevant for example in examples),
        "log_loss": round(log_loss(examples, weights), 4),
        "calibration_error": round(calibration_error(bins), 4),
        "bins": [asdict(one) for one in bins],
    }


def main() -> None:
    """Measure, draw, and print the figures."""
    parser = argparse.ArgumentParser("python -m bench.calibration", description="score against share")
    parser.add_argument("--needs", type=Path, default=OWN_SET / "market_needs.jsonl")
    parser.add_argument(
        "--achievements", type=Path, nargs="+", default=[OWN_SET / "market_achievements.jsonl"]
    )
    parser.add_argument("--qrels", type=Path, default=OWN_SET / "market_qrels.jsonl")
    parser.add_argument("--weights", type=Path, help="of the engine; default: the shipped ones")
    parser.add_argument("--encoder", help="model folder or name; default: the shipped model")
    parser.add_argument("--bins", type=int, default=10)
    parser.add_argument("--figure", type=Path, default=FOLDER / "calibration.svg")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    weights = Weights.load(options.weights)
    examples = examples_of(options, weights)
    bins = calibration(examples, weights, bins=options.bins)
    report = report_of(examples, weights, bins)
    title = f"Calibration, {report['needs']} needs, {report['pairs']:,} pairs"
    draw(bins, options.figure, title=title)
    text = json.dumps(report, indent=1)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
