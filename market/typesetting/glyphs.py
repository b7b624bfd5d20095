"""Which characters the vendored fonts can print, read from the font itself."""

from __future__ import annotations

import struct
import unicodedata
from functools import cache
from pathlib import Path

FONTS = Path(__file__).parent / "fonts"
REGULAR = FONTS / "NotoSansSC-Regular.ttf"

GETA = "〓"
"""Stands where type is missing, as in hand-set books."""

_LAID_OUT = frozenset("\n\t")
_INVISIBLE = frozenset({"Cf", "Cc"})


def printable(text: str) -> str:
    """Return a text that can be typeset whole.

    Characters without a glyph become 〓. Control and format characters and variation selectors are dropped:
    they would print nothing, and an overridden direction could turn a name around.
    """
    if not _foreign(text):
        return text
    return "".join(_replaced(char) for char in text)


def unprintable(text: str) -> str:
    """Return the characters that would print as 〓, each once, in order; empty if all can be printed."""
    return "".join(char for char in _foreign(text) if _replaced(char) == GETA)


def _foreign(text: str) -> list[str]:
    known = _covered()
    return [char for char in dict.fromkeys(text) if char not in known]


def _replaced(char: str) -> str:
    if char in _covered():
        return char
    if unicodedata.category(char) in _INVISIBLE or unicodedata.name(char, "").startswith(
        "VARIATION SELECTOR"
    ):
        return ""
    return GETA


@cache
def _covered() -> frozenset[str]:
    """Read the character map of the regular font (OpenType 1.9, cmap, format 12: ranges of codes)."""
    font = REGULAR.read_bytes()
    cmap = _table(font, b"cmap")
    (count,) = struct.unpack_from(">H", font, cmap + 2)
    for i in range(count):
        _, _, offset = struct.unpack_from(">HHI", font, cmap + 4 + 8 * i)
        (form,) = struct.unpack_from(">H", font, cmap + offset)
        if form == 12:
            break
    else:
        raise ValueError("the font has no full character map")
    (groups,) = struct.unpack_from(">I", font, cmap + offset + 12)
    covered = set(_LAID_OUT)
    for i in range(groups):
        first, last, _ = struct.unpack_from(">III", font, cmap + offset + 16 + 12 * i)
        covered.update(map(chr, range(first, last + 1)))
    return frozenset(
        char for char in covered if char in _LAID_OUT or unicodedata.category(char) not in _INVISIBLE
    )


def _table(font: bytes, tag: bytes) -> int:
    (count,) = struct.unpack_from(">H", font, 4)
    for i in range(count):
        name, _, offset, _ = struct.unpack_from(">4sIII", font, 12 + 16 * i)
        if name == tag:
            return int(offset)
    raise ValueError(f"the font has no table {tag!r}")
