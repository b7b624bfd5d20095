"""Ranking of text that people wrote for another purpose: from an author's keywords to the title.

Takes a spreadsheet of research results with the columns 成果名称 and 关键词. Each row asks with its keywords
for its own title among all titles; keywords that stand in the title are taken out, and rows left without any
do not ask.

    .venv/bin/python -m bench.keywords --achievements FILE.csv [--json FILE]
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from pathlib import Path

from matching.encoder import load_encoder
from matching.evaluation import evaluate
from matching.lexicon import Lexicon
from matching.text import normalise
from matching.types import Document, Kind

_BETWEEN = re.compile("[;；,，、]")


def task(path: Path) -> tuple[list[Document], list[Document], dict[str, dict[str, int]]]:
    """Return questions, titles and which title answers which question."""
    questions: list[Document] = []
    titles: list[Document] = []
    judgements: dict[str, dict[str, int]] = {}
    with path.open(encoding="utf-8-sig") as stream:
        for number, row in enumerate(csv.DictReader(stream)):
            title = row["成果名称"]
            folded = normalise(title).text
            keywords = [word.strip() for word in _BETWEEN.split(row["关键词"]) if word.strip()]
            asked = [word for word in keywords if normalise(word).text not in folded]
            titles.append(Document(f"t{number}", Kind.ACHIEVEMENT, title, ""))
            if asked:
                questions.append(Document(f"q{number}", Kind.NEED, "", " ".join(asked)))
                judgements[f"q{number}"] = {f"t{number}": 1}
    return questions, titles, judgements


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--achievements", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    questions, titles, judgements = task(options.achievements)
    report = evaluate(questions, titles, judgements, encoder=load_encoder(), lexicon=Lexicon.load())
    if options.json:
        options.json.write_text(json.dumps(report, indent=1), encoding="utf-8")
    print(f"{report['needs']} questions, {report['pool']} titles")
    for name, measures in report["systems"].items():
        low, high = measures["ci95"]
        figures = f"nDCG@10 {measures['ndcg@10']:.3f} [{low:.3f}-{high:.3f}]"
        print(f"{name:18} {figures} R@10 {measures['recall@10']:.3f}")


if __name__ == "__main__":
    main()
