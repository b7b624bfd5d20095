"""Reading a need as an enterprise wrote it: figures, goals, limits of time, empty words, several wishes.

Functions of a text. Each finds what is plainly there and passes over the rest: a question asked in vain
costs more trust than one that was forgotten.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from market.listings.rules import words


def _any_of(listed: str) -> str:
    """Return a pattern for one of the words listed, the longest first."""
    return "(?:" + "|".join(sorted(listed.split(), key=len, reverse=True)) + ")"


_SIMPLER = str.maketrans(words.TRADITIONAL, words.SIMPLIFIED)
_CLAUSES = re.compile(r"[。;!?\n、]|(?<!\d),|,(?!\d)")
"""What clauses end with; a comma between digits is part of a figure."""

# --- figures

_ARABIC = r"(?<![A-Za-z\d.\-])\d+(?:\.\d+)?(?![\d.]|[A-Z][a-z]?[A-Z\d])"
"""Arabic figures, but not those of a name such as C7025, H.264 or 40CrNiMoA."""

_NUMERAL = "[零〇一二两三四五六七八九十百千万亿半]{1,12}"
"""Bounded, so that a text of nothing but numerals is read in linear time."""

_MEASURES = _any_of(words.MEASURES)
_SHARES = (
    rf"[百千万]分之{_NUMERAL}|{_NUMERAL}分之{_NUMERAL}|{_NUMERAL}成(?![熟本果品为型功像套份立])"
    rf"|{_NUMERAL}倍|一半|数量级"
)
_COUNTS = rf"(?!一{_MEASURES}){_NUMERAL}[多几来余]?{_MEASURES}|(?!一年){_NUMERAL}年(?!代)"
_FIGURE = rf"(?:{_ARABIC}|{_SHARES}|{_COUNTS})"
_FIGURES = re.compile(_FIGURE)
_ANY_NUMBER = re.compile(
    rf"{_FIGURE}|[两三四五六七八九十百千万几]{{2,}}|[两三四五六七八九十][家路头口棵例种回罐瓶支]"
)
"""Figures, and numbers too loose for a goal: 「四十多家」."""

_NOT_FIGURES = re.compile(
    r"(?:19|20)\d{2} ?年(?:\d{1,2}月)?(?:\d{1,2}日)?"  # dates
    r"|第[\d一二三四五六七八九十]+"  # ordinals
    r"|(?:^|(?<=[\s。;:]))\(?\d{1,2}[).、](?!\d)|[①-⑳]"  # labels of a list
    r"|(?:GB|HG|JB|YB|ISO|IEC|ASTM|EN|DIN)[/T ]*\d[\d.\-]*"  # numbers of standards
)

# --- goals

_WISHES = re.compile(
    r"希望|要求|需要|想要|需求|寻求|征集|期望|目标|指标|验收|力争|争取|能不能|必须|急需|亟需|拟|盼|(?<![理设])想"
    r"|^[\s\"“]*(?:求|要|须|请|望)|要(?=把|做|能|有|让|全|在)|请(?=人|帮)|求(?=一|套|个|能|把)"
)
"""Words that begin a wish. 「要」 alone often says how things are: 「停机检查要半天」."""

_BOUNDED_BY = rf"(?:{_FIGURE}|一(?:{_MEASURES}|年))"
"""「一次」 is a figure only where it bounds something: 「不超过一次」."""

_BOUNDED = re.compile(
    rf"{_any_of(words.BOUNDS)}[^,。;\n\d]{{0,6}}?{_BOUNDED_BY}"
    rf"|{_BOUNDED_BY}[^,。;\n\d]{{0,6}}?(?:以上|以下|以内|之内|封顶)"
)
_PRESENT = re.compile(_any_of(words.PRESENT))

# --- limits of time and money

_DEADLINES = re.compile(
    rf"(?:{_ARABIC}|{_NUMERAL})(?:个?月|年|周|天|个?季度)(?:以|之)?内"
    r"[^,。;\n]{0,12}(?:解决|完成|做到|拿出|达|出|投|交|验收|实现)"
    r"|(?:年底|月底|季末|年末|季度|旺季|汛期|台风季|丰水期|明年|后年|\d月|[一二三四五六七八九十]月份?)[^,。;\n]{0,8}"
    r"(?:前|全部切换|投用|上线|送检|完成|建成|达产)"
    r"|期限|工期|研发周期|完成时限|完成时间|交付时间|给了一年"
)
_BUDGETS = re.compile(
    rf"(?:预算|经费|资金|拟投入|总投入|费用|投资)[^,。;\n]{{0,10}}?{_FIGURE}[万亿千百]?元?(?:以内|以下|左右|封顶)?"
)

# --- what is said besides

_CONDITIONS = re.compile(_any_of(words.CONDITIONS))
STORY = 20
"""Characters outside of wishes that make a description of how things are."""

_EMPTY = re.compile(_any_of(words.EMPTY))

_TRADE = _any_of(words.TRADE)
_WANTS_TRADE = re.compile(
    rf"(?:希望|需要|需求|(?<![虚模])拟|计划|想|要|急需|寻求|寻找)[^,。;\n]{{0,6}}{_TRADE}"
    rf"|{_TRADE}(?:需求|启事|公告|信息)$"
)
_TRADE_TITLE = re.compile(rf"^(?:急需|寻求|寻找)?[^,。;\n]{{0,6}}{_TRADE}")
_TECHNICAL = re.compile(_any_of(words.TECHNICAL))

_NUMBERED_WISH = re.compile(r"(?:需求|难题|课题|问题|任务|方向|项目)[一二三四五六七八九\d](?=[:、. ])")
_JOINED_TITLE = re.compile(r"[;；]|以及|、[^、]{2,}(?:和|及|与)[^、]{2,}")
_ANOTHER = re.compile(r"(?:另外|此外|同时还?|另),?[^。;\n]{0,4}(?:希望|需要|想|要求|求|寻求|需)")

_DEPENDENCE = re.compile(
    r"卡脖子(?=技术|问题|环节|领域|产品|材料|难题|清单|[”\"」』])|受制于人|国外[^,。;\n]{0,6}垄断|外企垄断|外资垄断"
    r"|禁运|禁售|出口管制|依赖(?:国外)?进口|进口依赖|(?:全|只能|全部|完全|一直|都)靠?进口|进口替代|替代进口"
    r"|国产替代|国产化替代|国产代替|自主可控|填补(?:国内)?空白|国内(?:尚|还)?(?:没有|无人|做不)|尚无国产"
    r"|(?:只有|仅)(?:日本|德国|美国|国外|进口|外资|外企)|(?:进口|国外|日本|德国|美国)[^。\n]{0,30}断供"
)
"""「卡脖子」 alone is said of many a bottleneck in a workshop."""
_CALLED_HARD = re.compile(r"揭榜挂帅|关键核心技术|关键共性技术|前沿技术|颠覆性技术|重大专项")


def plain(text: str) -> str:
    """Return a text in the form in which it is read here: NFKC, common characters simplified."""
    return unicodedata.normalize("NFKC", text).translate(_SIMPLER)


def has_figure(text: str) -> bool:
    """Tell whether a text states any figure; dates, ordinals, and numbers in names are none."""
    return _ANY_NUMBER.search(_NOT_FIGURES.sub(" ", plain(text))) is not None


def has_goal(text: str) -> bool:
    """Tell whether a text says what is to be reached, with a figure: 「压到1%以内」, not 「现在是3%」.

    Money and time that the enterprise can spare are no goals.
    """
    read = _BUDGETS.sub(" ", _DEADLINES.sub(" ", _NOT_FIGURES.sub(" ", plain(text))))
    return any(_is_goal(sentence) for sentence in _sentences(read))


def _is_goal(sentence: str) -> bool:
    wished = False
    for clause in re.split(_CLAUSES, sentence):
        wished = wished or _WISHES.search(clause) is not None
        if wished and _FIGURES.search(clause):
            return True
        if _BOUNDED.search(clause) and not _PRESENT.search(clause):
            return True
    return False


def _sentences(text: str) -> Iterator[str]:
    yield from (part for part in re.split(r"[。;!?\n]", text) if part.strip())


def has_time_limit(text: str) -> bool:
    """Tell whether a text says by when something is to be done."""
    return _DEADLINES.search(plain(text)) is not None


def has_budget(text: str) -> bool:
    """Tell whether a text says what may be spent."""
    return _BUDGETS.search(plain(text)) is not None


def tells_conditions(text: str) -> bool:
    """Tell whether a text speaks of how things are now, or of what was tried."""
    read = plain(text)
    told = sum(len(part) for part in re.split(_CLAUSES, read) if not _WISHES.search(part))
    return told >= STORY or _CONDITIONS.search(read) is not None


def empty_words(text: str) -> tuple[str, ...]:
    """Return big words of sentences that give no figure for them, sorted."""
    found = set()
    for sentence in _sentences(plain(text)):
        if not has_figure(sentence):
            found |= set(_EMPTY.findall(sentence))
    return tuple(sorted(found))


def trade_words(title: str, body: str) -> tuple[str, ...]:
    """Return the words by which a need asks for goods, staff or money and for no technology, sorted."""
    heading = plain(title)
    if _TECHNICAL.search(heading):
        return ()
    found = {match.group() for match in _TRADE_TITLE.finditer(heading)}
    for sentence in (heading, *_sentences(plain(body))):
        if not _TECHNICAL.search(sentence):
            found |= {match.group() for match in _WANTS_TRADE.finditer(sentence)}
    return tuple(sorted(found))


def several_wishes(title: str, body: str) -> tuple[str, ...]:
    """Return the words by which a need joins problems that nobody solves at once, sorted."""
    heading = plain(title)
    found = {heading} if _JOINED_TITLE.search(heading) else set()
    read = plain(body)
    numbered = set(_NUMBERED_WISH.findall(read))
    if len(numbered) > 1:
        found |= numbered
    found |= {match.group() for match in _ANOTHER.finditer(read)}
    return tuple(sorted(found))


def dependence(text: str) -> tuple[str, ...]:
    """Return the words by which a need says that others hold the technology, sorted."""
    return tuple(sorted({match.group() for match in _DEPENDENCE.finditer(plain(text))}))


def called_hard(text: str) -> tuple[str, ...]:
    """Return the words by which a need is counted among the hard ones, sorted."""
    return tuple(sorted(set(_CALLED_HARD.findall(plain(text)))))
