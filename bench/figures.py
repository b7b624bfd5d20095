"""What all figures share: SVG files that are the same, byte for byte, whenever their data are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.engine import ROOT

FOLDER = ROOT / "docs" / "figures"
BLUE, ORANGE, GREY = "#0b5394", "#c55a11", "#7f7f7f"


def new_figure(width: float, height: float, **options: Any) -> tuple[Any, Any]:
    """Return a figure and its axes; see `matplotlib.pyplot.subplots`.

    Args:
        width: inches.
        height: inches.
        options: for `subplots`.
    """
    import matplotlib as mpl  # noqa: PLC0415 - slow, and in the extra `bench` only

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "bench", "font.size": 9, "axes.spines.top": False})
    mpl.rcParams.update({"axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.3})
    from matplotlib import pyplot  # noqa: PLC0415 - after the choice of backend

    return pyplot.subplots(figsize=(width, height), layout="constrained", **options)


def keep(figure: Any, path: Path) -> None:
    """Write a figure as SVG, without the date; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="svg", metadata={"Date": None})
