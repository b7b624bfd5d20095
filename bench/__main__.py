"""`make bench`: every measurement of this folder, one after the other, as JSON on standard output.

Takes about a quarter of an hour on two cores; `--quick` is for trying out that all of them run.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

RUNS = (
    ("bench.encoder", ("--json",), ("--json", "--listings", "2000")),
    ("bench.engine", ("--json",), ("--json", "--documents", "2000", "--queries", "50")),
    ("bench.serving", (), ("--listings", "2000", "--seconds", "2", "--clients", "2")),
)


def main() -> None:
    """Run all."""
    parser = argparse.ArgumentParser(description="run every measurement")
    parser.add_argument("--quick", action="store_true", help="small sizes; the figures mean nothing")
    quick = parser.parse_args().quick
    for module, options, quick_options in RUNS:
        print(f"== {module}", flush=True)
        subprocess.run([sys.executable, "-m", module, *(quick_options if quick else options)], check=True)


if __name__ == "__main__":
    main()
