"""How well needs find what is no achievement: experts, resources and projects, each kind apart.

    python -m bench.crosskinds
    python -m bench.crosskinds --json crosskinds.json --ablate

Without a folder: the judged set of this repository. A need without a judged document of a kind does not count
there. The intervals are of nDCG@10, bootstrapped over needs; see `matching.evaluation`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.engine import ROOT
from matching.dataset import read_documents, read_judgements
from matching.encoder import Encoder, load_encoder
from matching.engine import LocalEngine
from matching.evaluation import evaluate, verdicts
from matching.explain import Tagger
from matching.learning import calibration, calibration_error
from matching.lexicon import Lexicon
from matching.scoring import Weights
from matching.types import Kind

OWN_SET: Final = ROOT / "tests" / "matching" / "data" / "cross"
FILES: Final = {
    Kind.EXPERT: "experts.jsonl",
    Kind.RESOURCE: "resources.jsonl",
    Kind.PROJECT: "projects.jsonl",
}
SYSTEMS: Final = ("bm25", "char-tfidf", "encoder", "engine")
MEASURES: Final = ("ndcg@10", "recall@10", "mrr", "top1")


def reports(
    folder: Path, *, encoder: Encoder, lexicon: Tagger, weights: Weights, ablate: bool = False
) -> dict[str, dict[str, Any]]:
    """Measure every kind.

    Args:
        folder: with `needs.jsonl`, `qrels.jsonl` and the `FILES`.
        encoder: alone and in the engine.
        lexicon: of the engine.
        weights: of the engine.
        ablate: measure the engine without each of its parts too.

    Returns:
        By kind what `matching.evaluation.evaluate` returns, with the `calibration_error` of the engine.
    """
    needs = read_documents(folder / "needs.jsonl", kind=Kind.NEED)
    found = {}
    for kind, name in FILES.items():
        pool = read_documents(folder / name, kind=kind)
        judgements = read_judgements(folder / "qrels.jsonl", kind=kind)
        report = evaluate(
            needs, pool, judgements, encoder=encoder, lexicon=lexicon, weights=weights, ablate=ablate
        )
        engine = LocalEngine(encoder, lexicon=lexicon, weights=weights)
        engine.upsert(pool)
        bins = calibration(verdicts(needs, judgements, engine, kind=kind), weights)
        engine.close()
        found[kind.value] = report | {"calibration_error": round(calibration_error(bins), 4)}
    return found


def table(kind: str, report: Mapping[str, Any], systems: Sequence[str]) -> str:
    """Return one kind's report as lines."""
    head = f"{kind}: {report['pool']} documents, {report['needs']} needs"
    lines = [f"{head}, calibration error {report['calibration_error']}"]
    lines.append(f"{'':18}" + "".join(f"{name:>10}" for name in MEASURES) + "  ci95")
    for system in systems:
        measures = report["systems"][system]
        low, high = measures["ci95"]
        values = "".join(f"{measures[name]:>10.3f}" for name in MEASURES)
        lines.append(f"{system:18}{values}  {low:.3f}-{high:.3f}")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser("python -m bench.crosskinds", description="needs against other kinds")
    parser.add_argument("--folder", type=Path, default=OWN_SET, help="default: the judged set of this folder")
    parser.add_argument("--weights", type=Path, help="of the engine; default: the shipped ones")
    parser.add_argument("--encoder", help="model folder or name; default: the shipped model")
    parser.add_argument("--ablate", action="store_true", help="measure the engine without each part too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there")
    options = parser.parse_args()
    found = reports(
        options.folder,
        encoder=load_encoder(options.encoder),
        lexicon=Lexicon.load(),
        weights=Weights.load(options.weights),
        ablate=options.ablate,
    )
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for kind, report in found.items():
        extra = [name for name in report["systems"] if name.startswith("engine-")]
        print(table(kind, report, [*SYSTEMS, *extra]), end="\n\n")


if __name__ == "__main__":
    main()
