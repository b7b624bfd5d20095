"""Normalisation and tokenisation: the one view of a text that every index shares.

A text is folded so that the spellings of one thing become equal, and every character of the
result remembers where in the raw text it came from, so that reasons can point at the words
their owner wrote. Knows nothing of documents, vectors or scores.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from html.entities import html5
from pathlib import Path
from typing import Final

import opencc
import rjieba

NORMALISATION_VERSION: Final = "1"
"""Changes whenever `normalise`, `tokens` or `words` would give another result."""

MAX_CHARACTERS: Final = 20_000
"""Longer raw texts are read up to here; the rest is ignored."""

MAX_WORD_CHARACTERS: Final = 40
"""Longer tokens (pasted keys, addresses) are dropped; they only fill the index."""


@dataclass(frozen=True, slots=True)
class Normalised:
    """A folded text and where each of its characters came from.

    Attributes:
        text: the folded text.
        offsets: `offsets[i]` is the index, in the raw text, of the character that produced
            `text[i]`; never decreasing; one entry more than `text`, the last one being the end.
    """

    text: str
    offsets: tuple[int, ...]

    @property
    def aligned(self) -> bool:
        """Whether every character stands where it stood in the raw text."""
        return self.offsets == tuple(range(len(self.offsets)))

    @classmethod
    def of_aligned(cls, text: str) -> Normalised:
        """Make again what had been `aligned` from its text alone."""
        return cls(text, tuple(range(len(text) + 1)))

    def raw_span(self, start: int, end: int) -> tuple[int, int]:
        """Return the half-open range of the raw text that produced `text[start:end]`.

        A raw character that produced several (`㎡` gives `m2`) is returned whole.

        Raises:
            IndexError: `start` or `end` lies outside the text.
        """
        if not 0 <= start <= end <= len(self.text):
            raise IndexError(f"span {start}:{end} outside of {len(self.text)} characters")
        if start == end:
            return self.offsets[start], self.offsets[start]
        last = self.offsets[end - 1]
        following = end
        while following < len(self.text) and self.offsets[following] == last:
            following += 1
        return self.offsets[start], self.offsets[following]


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a normalised text, at `text[start:end]`."""

    text: str
    start: int
    end: int


def normalise(raw: str) -> Normalised:
    """Fold a raw text.

    Unicode NFKC character by character, lower case, accents of Latin letters and combining marks
    removed; control characters removed; emoji and symbols become white space; HTML references
    decoded and HTML tags removed; traditional characters to simplified ones (OpenCC `t2s`);
    Chinese and typographic unit spellings to their symbols (`毫克/升`, `mg·L-1` to `mg/l`); white
    space folded to single spaces and trimmed. Applying it to its own result changes nothing.

    Args:
        raw: any text; only its first `MAX_CHARACTERS` characters are read.
    """
    raw = raw[:MAX_CHARACTERS]
    text = raw.translate(_FOLD)
    offsets: Sequence[int]
    if _FOLD.resizing.isdisjoint(raw):
        offsets = range(len(raw) + 1)
    else:
        offsets = [index for index, character in enumerate(raw) for _ in _FOLD[ord(character)]]
        offsets.append(len(raw))
    # The conditions only save time: most texts hold nothing of the kind.
    if "&" in text:
        text, offsets = _substitute(text, offsets, _REFERENCE, _decoded)
    if "μ" in text:
        text = _MICRO.sub("u", text)
    if "<" in text:
        for pattern, closer in _MARKUP:
            # Behind the last closer no match can end: stopping there keeps hostile input linear.
            text, offsets = _substitute(text, offsets, pattern, _space, end=text.rfind(closer) + len(closer))
    text = _simplified(text)
    if "  " in text:
        text, offsets = _substitute(text, offsets, _SPACES, _space)
    if "/" in text or "每" in text:
        text, offsets = _substitute(text, offsets, _UNIT_PER, _per_unit)
    text, offsets = _substitute(text, offsets, _UNIT_AFTER_NUMBER, _counted_unit)
    if "·" in text:
        text, offsets = _substitute(text, offsets, _UNIT_POWER, _power_unit)
    start = 1 if text.startswith(" ") else 0
    end = len(text) - 1 if len(text) > start and text.endswith(" ") else len(text)
    if end - start != len(text):
        text, offsets = text[start:end], offsets[start : end + 1]
    return Normalised(text, tuple(offsets))


def tokens(n: Normalised) -> list[Token]:
    """Return the words of a text that carry content, with their places, in order of the text.

    Words are those of rjieba's search mode (a long word and the words inside it); stop words,
    bare units, bare numbers, punctuation and single characters without content are left out.
    """
    return [
        Token(word, start, end)
        for word, start, end in rjieba.tokenize(n.text, mode="search")
        if carries_content(word)
    ]


def words(text: str) -> list[str]:
    """Return the words of `tokens` for a piece of normalised text, in no promised order; twice as fast."""
    return [word for word in rjieba.cut_for_search(text) if carries_content(word)]


def find_words(n: Normalised, wanted: Collection[str]) -> dict[str, list[tuple[int, int]]]:
    """Return the places of those words of a text that are wanted, each word's in order of the text.

    Only the clauses in which a wanted word is spelt out are cut into words: punctuation always separates
    words, so the result is that of the whole text.
    """
    places: dict[str, list[tuple[int, int]]] = {}
    spelt = [word for word in wanted if word in n.text]
    if not spelt:
        return places
    for clause in _CLAUSE.finditer(n.text):
        text = clause.group()
        if not any([word in text for word in spelt]):  # noqa: C419 - a list is made twice as fast as a generator
            continue
        first = clause.start()
        for word, start, end in rjieba.tokenize(text, mode="search"):
            if word in wanted:
                places.setdefault(word, []).append((first + start, first + end))
    return places


_CLAUSE: Final = re.compile(r"[^ ,。;:!?、()]+")


@lru_cache(maxsize=1 << 18)
def carries_content(word: str) -> bool:
    """Tell whether a normalised word may be searched for and shown as a reason."""
    if len(word) == 1:
        return word in _CONTENT_CHARACTERS
    if len(word) > MAX_WORD_CHARACTERS or word.lstrip("0123456789.") in _stop_words():
        return False
    return any(character.isalpha() for character in word)


# --- folding of single characters -----------------------------------------------------------


def _fold(character: str) -> str:
    """Return what one raw character becomes: nothing, a space, or one or more characters."""
    folded = unicodedata.normalize("NFKC", character).lower()
    return "".join(map(_fold_compatible, unicodedata.normalize("NFKC", folded)))


def _fold_compatible(character: str) -> str:
    if character in _DASHES:
        return "-"
    if character in _DOTS:
        return "·"
    if character.isspace():
        return " "
    if character.isascii():
        return character if character.isprintable() else ""
    if character == "°":
        return character
    category = unicodedata.category(character)
    if category in ("Cc", "Cf", "Mn", "Me"):
        return ""
    if category in ("So", "Sk", "Cs", "Co") or (category == "Cn" and not _is_late_ideograph(character)):
        return " "
    base = unicodedata.normalize("NFD", character)[0]
    return base if base.isascii() else character


def _is_late_ideograph(character: str) -> bool:
    # OpenCC maps to ideographs newer than the Unicode tables of this Python, which calls them unassigned.
    return 0x20000 <= ord(character) < 0x40000


class _FoldTable(dict[int, str]):
    """Remembers what each character met so far becomes, and which ones change the length."""

    def __init__(self) -> None:
        super().__init__()
        self.resizing: set[str] = set()

    def __missing__(self, code: int) -> str:
        character = chr(code)
        folded = _fold(character)
        if len(folded) != 1:
            self.resizing.add(character)  # before the entry: another thread may read the entry at once
        self[code] = folded
        return folded


_DASHES: Final = frozenset("‐‒–—―−")
_DOTS: Final = frozenset("·•∙⋅・")
_FOLD: Final = _FoldTable()


@cache
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def _to_simplified(text: str) -> str:
    # The table is not closed: it leads from 薴 to 苧, and from there to 苎.
    return str(_converter().convert(text)).replace("苧", "苎")


def _simplified(text: str) -> str:
    """Return the text in simplified characters, of the same length."""
    converted = _to_simplified(text)
    if len(converted) == len(text):
        return converted
    # A phrase of the dictionary changed the length: without phrases every place stays known.
    return "".join(_simplified_character(character) for character in text)


@cache
def _simplified_character(character: str) -> str:
    converted = _to_simplified(character)
    return converted if len(converted) == 1 else character


# --- replacements that change the length ----------------------------------------------------


def _substitute(
    text: str,
    offsets: Sequence[int],
    pattern: re.Pattern[str],
    replace: Callable[[re.Match[str]], str],
    *,
    end: int | None = None,
) -> tuple[str, Sequence[int]]:
    """Replace every match before `end`; a replacement counts as coming from the start of its match."""
    position = 0
    pieces: list[str] = []
    origins: list[int] = []
    for match in pattern.finditer(text, 0, len(text) if end is None else end):
        start, stop = match.span()
        replacement = replace(match)
        pieces += (text[position:start], replacement)
        origins += offsets[position:start]
        origins += [offsets[start]] * len(replacement)
        position = stop
    if not pieces:
        return text, offsets
    pieces.append(text[position:])
    origins += offsets[position:]
    return "".join(pieces), origins


def _space(_match: re.Match[str]) -> str:
    return " "


_SPACES: Final = re.compile(r" {2,}")

_REFERENCE: Final = re.compile(
    r"&(?:amp;)*(?:(?P<name>[a-z]{2,8})|#(?P<number>\d{1,7})|#x(?P<hex>[\da-f]{1,6}));"
)


def _decoded(match: re.Match[str]) -> str:
    name, number, hexadecimal = match.group("name", "number", "hex")
    if name == "amp":
        return "&"
    if name is not None:
        character = html5.get(f"{name};")
        if character is None:
            return match.group()
    else:
        code = int(number) if number is not None else int(hexadecimal, 16)
        character = chr(code) if code < 0x110000 else " "
    folded = "".join(_FOLD[part] for part in map(ord, character))
    # A character that could spell another reference would make the result depend on repetition.
    return " " if any(part.isascii() and (part.isalnum() or part in "&#;") for part in folded) else folded


# Only elements that occur in pasted listings, and the shortest names only without attributes, so that
# "a<b, c>d" stays what it is.
_TAG: Final = re.compile(
    r"</?(?:b|i|q|s|u)/?>|"
    r"</?(?:a|abbr|article|big|blockquote|body|br|button|center|code|col|colgroup|dd|del|div|dl|dt|em|figure|"
    r"font|footer|form|h[1-6]|head|header|hr|html|iframe|img|input|label|li|link|main|meta|nav|o:p|ol|option|p|"
    r"pre|script|section|select|small|span|strong|style|sub|sup|svg|table|tbody|td|textarea|tfoot|th|thead|"
    r"title|tr|ul|video)(?:\s[^>]*|/)?>"
)
_MARKUP: Final = (
    (re.compile(r"<!--.*?-->"), "-->"),
    (re.compile(r"<script\b[^>]*>.*?</script>"), "</script>"),
    (re.compile(r"<style\b[^>]*>.*?</style>"), "</style>"),
    (_TAG, ">"),
)

_SYMBOLS: Final = {
    "纳克": "ng", "微克": "ug", "毫克": "mg", "千克": "kg", "公斤": "kg", "克": "g", "吨": "t",
    "微升": "ul", "毫升": "ml", "升": "l", "立方厘米": "cm3", "立方米": "m3", "方": "m3",
    "平方毫米": "mm2", "平方厘米": "cm2", "平方千米": "km2", "平方公里": "km2", "平方米": "m2", "公顷": "hm2",
    "纳米": "nm", "微米": "um", "毫米": "mm", "厘米": "cm", "千米": "km", "公里": "km", "米": "m",
    "小时": "h", "分钟": "min", "毫秒": "ms", "秒": "s", "天": "d",
    "千瓦时": "kwh", "兆瓦": "mw", "千瓦": "kw", "瓦": "w", "千伏": "kv", "毫安": "ma", "赫兹": "hz",
    "兆赫": "mhz", "千赫": "khz", "兆帕": "mpa", "千帕": "kpa", "帕": "pa", "摩尔": "mol",
    "分贝": "db", "摄氏度": "°c",
}  # fmt: skip


def _either(names: Iterable[str]) -> str:
    return "|".join(sorted(names, key=len, reverse=True))


_MASS: Final = ("纳克", "微克", "毫克", "千克", "公斤", "克", "吨", "摩尔")
_PER: Final = ("升", "毫升", "立方米", "方", "千克", "公斤", "吨", "平方米", "小时", "天", "公顷")
_UNIT_PER: Final = re.compile(rf"(?<!μ)({_either(_MASS)})(?:/|每)({_either(_PER)})")
_UNIT_POWER: Final = re.compile(
    r"(?<![a-z/])([munk]?g|[mu]?mol|m|m3|t|[mu]?l|k?w|k?j)·(l|ml|k?g|m[23]?|h|min|s|d)-1(?!\d)"
)
_COUNTED: Final = tuple(name for name in _SYMBOLS if name not in ("方", "天"))
# What must not stand before is checked afterwards: a pattern that starts with a digit is found much faster.
# Only where a number begins, and giving nothing back: a text of nothing but digits takes no time either.
_UNIT_AFTER_NUMBER: Final = re.compile(rf"(\d(?<!\d\d)(?<!\d\.\d)[\d.]*+ ?)({_either(_COUNTED)})")
_MICRO: Final = re.compile(r"μ(?=(?:m|g|l|s|w|a|v|f|mol|pa)(?![a-z]))")


def _per_unit(match: re.Match[str]) -> str:
    return f"{_SYMBOLS[match.group(1)]}/{_SYMBOLS[match.group(2)]}"


def _power_unit(match: re.Match[str]) -> str:
    return f"{match.group(1)}/{match.group(2)}"


def _counted_unit(match: re.Match[str]) -> str:
    before = match.string[match.start() - 1 : match.start()]
    if before.isascii() and before.isalnum():
        return match.group()
    return f"{match.group(1)}{_SYMBOLS[match.group(2)]}"


# --- words without content ------------------------------------------------------------------

_CONTENT_CHARACTERS: Final = frozenset(
    "金银铜铁锡铝锌镍铬钴锰钛镁锂钠钾钙钡铅汞镉砷硒碲铟镓锗硅硼碳氮磷硫氯氟溴碘氢氧氦氩钨钼钒锆铌钽铌铼"
    "盐酸碱醇醛酮酯醚酚苯烃烷烯胺脲膜泵阀炉釜窑塔罐管轴刀模钢铸锻焊漆胶纸棉麻丝毛纱布革陶瓷"
    "油煤电热冷光声磁渣灰尘泥土茶果菜菌酶糖蛋鱼虾蟹猪牛羊鸡鸭稻麦豆薯药癌疫虫桥隧船车"
)


@cache
def _stop_words() -> frozenset[str]:
    lines = (Path(__file__).parent / "stop_words.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
