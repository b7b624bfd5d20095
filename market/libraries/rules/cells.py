"""Several things in one cell of a sheet: how they are joined, and taken apart again without loss.

Items are joined by ；. One that holds a mark at which cells are split stands in 「」, a 」 inside it twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

STRONG = ";；|\n"
"""Marks that part items wherever they stand; 、 does where none of these is there, then commas do."""

_MARKS = STRONG + "、，,"
_PARTING = re.compile(f"[{_MARKS}]")
_PARTING_BRACKETED = re.compile(f"[{STRONG}、]")
_INNER = r"「((?:[^」]|」」)*)」"
_QUOTED = re.compile(rf"(?<![^{_MARKS}])[ \t\u3000]*{_INNER}[ \t\u3000]*(?=[{_MARKS}]|$)")
_HEAD = re.compile(_INNER)
_KEPT = re.compile("\x00([0-9]+)\x00")


def joined(items: Iterable[str], *, bracketed: bool = False) -> str:
    """Return items as one text that `parted` takes apart again.

    Args:
        items: none of them empty.
        bracketed: each ends with a mark in brackets, by which it is read, so that commas part nothing.
    """
    parting = _PARTING_BRACKETED if bracketed else _PARTING
    return "；".join(quoted(item) if parting.search(item) or item[:1] == "「" else item for item in items)


def quoted(item: str) -> str:
    """Return an item in 「」."""
    return f"「{item.replace('」', '」」')}」"


def parted(text: str, *marks: str) -> list[str]:
    """Split a text at those of the marks that come first and stand in it; what stands in 「」 stays whole.

    Args:
        text: without control characters.
        marks: regular expressions of one character, the strongest first.
    """
    kept: list[tuple[str, str]] = []

    def set_aside(match: re.Match[str]) -> str:
        kept.append((_plain(match[1]), match[0]))
        return f"\x00{len(kept) - 1}\x00"

    def restored(piece: str) -> str:
        whole = _KEPT.fullmatch(piece)
        return kept[int(whole[1])][0] if whole else _KEPT.sub(lambda match: kept[int(match[1])][1], piece)

    bare = _QUOTED.sub(set_aside, text)
    mark = next((mark for mark in marks if re.search(mark, bare)), marks[-1])
    return [restored(piece.strip()) for piece in re.split(mark, bare)]


def quoted_at(text: str, place: int) -> tuple[str, int] | None:
    """Return what stands in 「」 at a place of a text, and the place behind it; None if nothing does."""
    match = _HEAD.match(text, place)
    return None if match is None else (_plain(match[1]), match.end())


def _plain(inner: str) -> str:
    return inner.replace("」」", "」")


def told_indicator(indicator: Mapping[str, str | None]) -> str:
    """Return an indicator as people read it: name, target, and where one stands."""
    name, present = indicator["name"] or "", indicator.get("present")
    shown = quoted(name) if re.search("[:：]", name) or name[:1] == "「" else name
    return f"{shown}：{indicator['target']}" + (f"（现为{present}）" if present else "")
