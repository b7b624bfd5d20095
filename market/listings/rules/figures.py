"""Figures in a text as an enterprise wrote it, in digits or in words, and what only looks like one."""

from __future__ import annotations

import re
import unicodedata

from market.listings.rules import words


def any_of(listed: str) -> str:
    """Return a pattern for one of the words listed, the longest first."""
    return "(?:" + "|".join(sorted(map(re.escape, listed.split()), key=len, reverse=True)) + ")"


_SIMPLER = str.maketrans(words.TRADITIONAL, words.SIMPLIFIED)
_RINGED = {ord("①") + i: f"({i + 1})" for i in range(20)}
"""NFKC would make a figure of the label: 「①1.6」 would be 11.6."""

ARABIC = (
    r"(?:(?<![A-Za-z\d.\-])|(?<=R[az])|(?<=[Pp]H)|(?<=HRC)|(?<=C[Pp][Kk]))"
    r"\d+(?:\.\d+)?(?![\d.]|(?![MG](?:Pa|Hz|[WVB])|HRC|HB|HV|NTU|PP[MB]|RPM|LEL|TB)[A-Z][a-z]?[A-Z\d])"
)
"""Arabic figures, but not those of a name such as C7025, H.264 or 40CrNiMoA; 600MPa is one."""

NUMERAL = "[零〇一二两三四五六七八九十百千万亿半]{1,12}"
"""Bounded, so that a text of nothing but numerals is read in linear time."""

_MEASURES = any_of(words.MEASURES) + "(?<!丝(?=[杠网绸袜锥线印束杆]))"
_DECIMAL = rf"{NUMERAL}点[零〇一二三四五六七八九]{{1,6}}(?![线点滴])"
SHARES = (
    rf"[百千万]分之{NUMERAL}|{NUMERAL}分之{NUMERAL}|{NUMERAL}成(?![熟本果品为型功像套份立])"
    rf"|{NUMERAL}倍|一半|减半|数量级|翻倍|翻[一两]?番"
)
_COUNTS = (
    rf"(?!一{_MEASURES}){NUMERAL}[多几来余]?{_MEASURES}|(?!一年){NUMERAL}年(?!代)"
    r"|零(?:缺陷|泄漏|泄露|渗漏|故障|排放|事故|返工|不良|投诉)"
)
FIGURE = rf"(?:{ARABIC}|{SHARES}|{_DECIMAL}|{_COUNTS})"
BOUNDED_BY = rf"(?:{FIGURE}|{NUMERAL}(?=以[上下内])|一(?:{_MEASURES}|年))"
"""「一次」 is a figure only where it bounds something: 「不超过一次」."""

FIGURES = re.compile(FIGURE)
_ANY_NUMBER = re.compile(
    rf"{FIGURE}|[两三四五六七八九十百千万几]{{2,}}|[两三四五六七八九十][家路头口棵例种回罐瓶支]"
)
"""Figures, and numbers too loose for a goal: 「四十多家」."""

_NOT_FIGURES = re.compile(
    r"(?:19|20)\d{2} ?年(?:\d{1,2}月)?(?:\d{1,2}日)?"  # dates
    r"|第[\d一二三四五六七八九十]+"  # ordinals
    r"|(?:^|(?<=[\s。;:]))\d{1,2}[).、](?!\d)|\(\d{1,2}\)"  # labels of a list
    r"|(?:GB|HG|JB|YB|ISO|IEC|ASTM|EN|DIN)[/T ]*\d[\d.\-]*"  # numbers of standards
)


def plain(text: str) -> str:
    """Return a text in the form in which it is read here: NFKC, common characters simplified."""
    return unicodedata.normalize("NFKC", text.translate(_RINGED)).translate(_SIMPLER)


def without_names(text: str) -> str:
    """Return a plain text without what looks like a figure and is none."""
    return _NOT_FIGURES.sub(" ", text)


def has_figure(text: str) -> bool:
    """Tell whether a text states any figure; dates, ordinals, and numbers in names are none."""
    return _ANY_NUMBER.search(without_names(plain(text))) is not None
