"""How the engine grows: latency, build time and memory from ten thousand to a million listings.

    python -m bench.growth --json growth.json
    python -m bench.growth --from growth.json      # draws again what was measured

Each size is built in one process, saved, and asked in another that opens the snapshot, as a server does. The
figure goes to docs/figures/growth.svg. Needs the extra `bench`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.figures import BLUE, FOLDER, GREY, ORANGE, keep, new_figure
from bench.peers.prepared import prepare_market
from bench.peers.running import Run, whole_memory

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure the engine at every size."""
    with tempfile.TemporaryDirectory(prefix="growth", dir=options.work) as name:
        scratch = Path(name)
        prepared = scratch / "prepared"
        prepared.mkdir()
        count = max(options.sizes)
        print(f"preparing {count:,} listings", file=sys.stderr, flush=True)
        made = prepare_market(
            prepared, count=count, questions=options.questions, encoder_name=options.encoder
        )
        sizes = []
        for size in sorted(options.sizes):
            print(f"{size:,} listings", file=sys.stderr, flush=True)
            sizes.append(Run(scratch, options.encoder).measure("local", prepared, size))
    return {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "questions": options.questions,
        "prepared": made,
        "sizes": sizes,
    }


def draw(report: dict[str, Any], path: Path) -> None:
    """Draw latency, build time and memory over the number of listings."""
    rows = report["sizes"]
    listings = [row["listings"] for row in rows]
    figure, (latency, build, memory) = new_figure(10.5, 3.3, ncols=3)
    asked = [row["serve"]["one_thread"] for row in rows]
    _line(latency, listings, [one["p50_ms"] for one in asked], "p50", BLUE)
    _line(latency, listings, [one["p99_ms"] for one in asked], "p99", ORANGE)
    latency.set(ylabel="ms per need", title="Answer, one client", ylim=(0, None))
    _line(build, listings, [row["build"]["build_s"] for row in rows], "build and save", BLUE)
    _line(build, listings, [row["serve"]["open_s"] for row in rows], "open a snapshot", ORANGE)
    build.set(ylabel="seconds", title="Build and start", yscale="log")
    serving = [row["serve"] for row in rows]
    _line(memory, listings, [whole_memory(row["build"]) / 1e3 for row in rows], "building, peak", BLUE)
    _line(memory, listings, [whole_memory(one) / 1e3 for one in serving], "serving, peak", ORANGE)
    _line(memory, listings, [row["disk_mb"] / 1e3 for row in rows], "snapshot on disk", GREY)
    memory.set(ylabel="GB", title="Memory and disk", yscale="log")
    for axes in (latency, build, memory):
        axes.set(xscale="log", xlabel="achievements")
        axes.set_xticks(
            listings, labels=[f"{one / 1e6:g} M" if one >= 1e6 else f"{one / 1e3:g} k" for one in listings]
        )
        axes.minorticks_off()
        axes.yaxis.set_major_formatter("{x:g}")
        axes.legend(frameon=False)
    keep(figure, path)


def _line(axes: Any, listings: Sequence[int], values: Sequence[float], label: str, colour: str) -> None:
    axes.plot(listings, values, marker="o", markersize=4, label=label, color=colour)


def main() -> None:
    """Measure or read, draw, and keep the figures."""
    parser = argparse.ArgumentParser("python -m bench.growth", description="the engine at several sizes")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), metavar="N")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--encoder", help="model folder or name; default: the shipped model")
    parser.add_argument("--figure", type=Path, default=FOLDER / "growth.svg")
    parser.add_argument("--work", type=Path, help="folder for indexes; default: the system's temporary one")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the measurements there")
    parser.add_argument("--from", type=Path, dest="measured", metavar="FILE", help="draw these measurements")
    options = parser.parse_args()
    measured = options.measured
    report = json.loads(measured.read_text(encoding="utf-8")) if measured else run(options)
    text = json.dumps(report, ensure_ascii=False, indent=1)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    draw(report, options.figure)
    print(text)


if __name__ == "__main__":
    main()
