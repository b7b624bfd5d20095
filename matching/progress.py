"""A progress bar for people who wait more than two seconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import track as rich_track

Item = TypeVar("Item")


def track(items: Iterable[Item], text: str, *, total: int, show: bool) -> Iterator[Item]:
    """Go through items with a bar on the error stream.

    Args:
        items: what to go through.
        text: what is being done, in Chinese.
        total: number of items.
        show: without it there is no bar.
    """
    if not show:
        yield from items
        return
    yield from rich_track(items, text, total=total, console=Console(stderr=True), transient=True)
