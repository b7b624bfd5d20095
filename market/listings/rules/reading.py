"""Reading a need as an enterprise wrote it: goals, conditions, empty words, trade, dependence on others.

Functions of a text. Each finds what is plainly there and passes over the rest: a question asked in vain
costs more trust than one that was forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from market.listings.rules import words
from market.listings.rules.figures import (
    ARABIC,
    BOUNDED_BY,
    FIGURE,
    FIGURES,
    NUMERAL,
    SHARES,
    any_of,
    has_figure,
    plain,
    without_names,
)
from market.listings.rules.terms import without_terms

_CLAUSES = re.compile(r"[。;!?\n、]|(?<!\d),|,(?!\d)")
"""What clauses end with; a comma between digits is part of a figure."""

# --- goals

_WISHES = re.compile(
    r"希望|要求|需要|想要|需求|寻求|征集|期望|目标|指标|验收|力争|争取|能不能|必须|急需|亟需|拟|盼|(?<![理设])想"
    r"|^[\s\"“]*(?:求|要|须|请|望)"
    r"|(?<![主只就快重])要(?=把|做|能|有|让|全|在|到|达|降|翻|控制|提[高升]|缩短|[小低高大]于|不[低超])"
    r"|请(?=人|帮)|求(?=一|套|个|能|把)|最好(?!的)|就行|就够|即可|就算|才[行算]|得(?=保证|做到|有)"
)
"""Words that begin a wish. 「要」 alone often says how things are: 「停机检查要半天」."""

_TO = r"[^,。;\n\d]{0,6}?"
_CHANGED = re.compile(
    rf"{any_of(words.CHANGES)}{_TO}{BOUNDED_BY}"
    rf"|(?:{any_of(words.STEPS)}(?!了)[^,。;\n\d]{{0,3}}?|[省降减砍][^,。;\n\d了温]?)"
    rf"(?:{SHARES}|{ARABIC} ?(?:%|个?百分点|个点))"
)
_LIMITED = re.compile(
    rf"{any_of(words.LIMITS)}(?:{_TO}{BOUNDED_BY}|[两三四五六七八九十百千万]+)"
    rf"|{BOUNDED_BY}{_TO}(?:以内|之内|封顶)"
)
_AIMED = re.compile(
    rf"{any_of(words.COMPARISONS)}{_TO}{BOUNDED_BY}|{BOUNDED_BY}{_TO}(?:以[上下]|就行|就够|即可)"
    rf"|{BOUNDED_BY}内(?![部径存外壁孔层])|{FIGURE}[^,。;\n]{{0,6}}[也都][要得能]"
    rf"|(?:率|寿命|精度|误差|公差|节拍|硬度|强度|粗糙度|能耗|噪声|纯度|收率)[为是]?{FIGURE}"
    rf"|(?:每|一[件只台块个片支根次天圈班]|能|要|达|到){_TO}{FIGURE}"
)
"""A figure that is a goal where a wish goes before it."""

_PRESENT = re.compile(rf"{any_of(words.PRESENT)}|才(?![行算能好不会])|(?<![别不])掉到")
_COMPARED = re.compile(rf"(?:在|比|较|从|由|跟|与)[^,。;\n]{{0,3}}?{any_of(words.PRESENT)}(?!开始|起|以来)")
"""What is wanted beyond the present: 「比现在省15%」."""

_PROFILE = re.compile(any_of(words.PROFILE))
_OURSELVES = re.compile(any_of(words.OURSELVES))
_HELPERS = re.compile(
    r"(?:[派请找来与和跟有建买购]|安排|引进)[^,。;\n]{0,3}?"
    rf"(?:{ARABIC}|{NUMERAL})[多来余]?(?:[次台套条家项名位座所]|个(?!百?分?点))"
)
"""How many of something are there or are asked for: 「派两名专家」."""

# --- what is said besides

_CONDITIONS = re.compile(any_of(words.CONDITIONS))
STORY = 20
"""Characters outside of wishes that make a description of how things are."""

_EMPTY = re.compile(any_of(words.EMPTY))

_TRADE = any_of(words.TRADE)
_WANTS_TRADE = re.compile(
    rf"(?:希望|需要|需求|(?<![虚模])拟|计划|想|要|急需|寻求|寻找)[^,。;\n]{{0,6}}{_TRADE}"
    rf"|{_TRADE}(?:需求|启事|公告|信息)$"
)
_TRADE_TITLE = re.compile(rf"^(?:急需|寻求|寻找)?[^,。;\n]{{0,6}}{_TRADE}")
_TECHNICAL = re.compile(any_of(words.TECHNICAL))

_ABROAD = "(?:进口|国外|外国|境外|日本|德国|美国|欧美|欧洲|瑞士|瑞典|法国|意大利|英国|荷兰|韩国)"
_DEPENDENCE = re.compile(
    r"卡脖子(?=技术|问题|环节|领域|产品|材料|难题|清单|[”\"」』])|受制于人|国外[^,。;\n]{0,6}垄断|外企垄断|外资垄断"
    r"|禁运|禁售|出口管制|依[赖靠](?:国外)?进口|进口依赖|(?:全|只能|全部|完全|一直|都)靠?进口|自主可控|填补(?:国内)?空白"
    rf"|(?:替代|代替|替换|取代)掉?{_ABROAD}|国产(?!钢代)[^,。;\n]{{0,4}}(?:替代|代替|替换|取代|顶上)(?!不)"
    r"|国内(?:尚|还)?(?:没有|无人|做不)|尚无国产"
    r"|(?:只有|仅)(?:日本|德国|美国|国外|进口|外资|外企)"
    rf"|{_ABROAD}[^。\n]{{0,30}}(?:断供|停供|买不到|拿不到货|不卖|不供货?|不给供|经常断货|限购|封锁)"
    rf"|(?:全部?|只能|一直|长期|都)[从靠]{_ABROAD}[^,。;\n]{{0,4}}(?:买|供|进口)|被(?:国外|外国|外企)[^,。;\n]{{0,4}}卡"
)
"""「卡脖子」 alone is said of many a bottleneck in a workshop."""
_CALLED_HARD = re.compile(r"揭榜挂帅|关键核心技术|关键共性技术|前沿技术|颠覆性技术|重大专项")


def has_goal(text: str) -> bool:
    """Tell whether a text says what is to be reached, with a figure: 「压到1%以内」, not 「现在是3%」.

    Money and time that the enterprise can spare are no goals.
    """
    read = _HELPERS.sub(" ", without_terms(without_names(plain(text))))
    announced = False
    for sentence in _sentences(read):
        if _is_goal(sentence, announced=announced):
            return True
        announced = sentence.rstrip().endswith(":") and _WISHES.search(sentence) is not None
    return False


def _is_goal(sentence: str, *, announced: bool) -> bool:
    """Tell whether a sentence states a goal.

    After a wish any figure that is aimed at counts, until the sentence turns to how things are; without
    one only a change or a limit does.
    """
    wished, told = announced, False
    for clause in re.split(_CLAUSES, sentence):
        present = _PRESENT.search(_COMPARED.sub(" ", clause)) is not None
        changed, limited = _CHANGED.search(clause), _LIMITED.search(clause)
        if _WISHES.search(clause):
            wished, told = True, present
            plainly = not present and not _PROFILE.search(clause) and FIGURES.search(clause)
            if changed or plainly or (limited and not present):
                return True
        elif present:
            wished, told = False, True
        elif changed or (limited and not told):
            return True
        elif _PROFILE.search(clause) or _OURSELVES.search(clause):
            wished, told = False, True
        elif (announced and FIGURES.search(clause)) or (wished and _AIMED.search(clause)):
            return True
    return False


def is_wish(text: str) -> bool:
    """Tell whether a plain text says that something is wanted, or what it is to be brought to."""
    return _WISHES.search(text) is not None or _CHANGED.search(text) is not None


def _sentences(text: str) -> Iterator[str]:
    yield from (part for part in re.split(r"[。;!?\n]", text) if part.strip())


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


def dependence(text: str) -> tuple[str, ...]:
    """Return the words by which a need says that others hold the technology, sorted."""
    return tuple(sorted({match.group() for match in _DEPENDENCE.finditer(plain(text))}))


def called_hard(text: str) -> tuple[str, ...]:
    """Return the words by which a need is counted among the hard ones, sorted."""
    return tuple(sorted(set(_CALLED_HARD.findall(plain(text)))))
