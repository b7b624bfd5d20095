"""`make bench`: every measurement of this folder, one after the other.

    python -m bench                        # small sizes: shows that all of them run; some ten minutes
    python -m bench --full                 # the sizes of docs/benchmarks.md; hours, on an idle machine
    python -m bench --only engine peers

Reports go to standard output, and of those that can write one also as JSON into `--output`. Small runs draw
their figures there; `--full` draws those in docs/figures.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from bench.engine import ROOT

SMALL = {
    "encoder": ("--json", "--listings", "2000"),
    "engine": ("--json", "--documents", "2000", "--queries", "50"),
    "serving": ("--listings", "2000", "--seconds", "2", "--clients", "2"),
    "peers": ("--sizes", "2000", "--questions", "50", "--json", "{output}/peers.json"),
    "growth": (
        *("--sizes", "1000", "2000", "4000", "--questions", "50"),
        *("--json", "{output}/growth.json", "--figure", "{output}/growth.svg"),
    ),
    "calibration": ("--json", "{output}/calibration.json", "--figure", "{output}/calibration.svg"),
    "crosskinds": ("--json", "{output}/crosskinds.json"),
    "ledger": (
        *("--lines", "100000", "--questions", "300", "--ledger-questions", "50"),
        *("--json", "{output}/ledger.json"),
    ),
    "registrations": ("--contracts", "400", "--json", "{output}/registrations.json"),
    "importing": ("--rows", "5000", "--json", "{output}/importing.json"),
}
FULL = {
    "encoder": ("--json",),
    "engine": ("--json",),
    "serving": (),
    "peers": ("--sizes", "100000", "1000000", "--json", "{output}/peers.json"),
    "growth": ("--json", "{output}/growth.json"),
    "calibration": ("--json", "{output}/calibration.json"),
    "crosskinds": ("--json", "{output}/crosskinds.json", "--ablate"),
    "ledger": ("--json", "{output}/ledger.json"),
    "registrations": ("--json", "{output}/registrations.json"),
    "importing": ("--rows", "100000", "--json", "{output}/importing.json"),
}


def main() -> None:
    """Run all, or those named; stop at the first that fails."""
    parser = argparse.ArgumentParser("python -m bench", description="run every measurement")
    parser.add_argument("--full", action="store_true", help="large sizes; without it the figures mean little")
    parser.add_argument("--only", nargs="+", choices=SMALL, default=list(SMALL), help="measurements")
    parser.add_argument("--output", type=Path, default=ROOT / ".market" / "bench", help="folder for JSON")
    options = parser.parse_args()
    output = options.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    for name in options.only:
        print(f"== bench.{name}", flush=True)
        arguments = [one.format(output=output) for one in (FULL if options.full else SMALL)[name]]
        subprocess.run([sys.executable, "-m", f"bench.{name}", *arguments], check=True, cwd=ROOT)


if __name__ == "__main__":
    main()
