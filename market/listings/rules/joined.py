"""Telling a need that joins problems which nobody solves at once from one with a list of what it wants."""

from __future__ import annotations

import re

from market.listings.rules.figures import plain
from market.listings.rules.reading import is_wish
from market.listings.rules.terms import without_terms

_NUMBERED_WISH = re.compile(r"(?:需求|难题|课题|问题|任务|方向|项目)[一二三四五六七八九\d](?=[:、. ])")
_JOINED_TITLE = re.compile(r"[;；]|以及|、[^、]{2,}(?:和|及|与)[^、]{2,}")
_ANOTHER = re.compile(r"(?:另外|此外|同时还?|另),?[^。;\n]{0,4}(?:希望|需要|想|要求|求|寻求|需)")

_LABELS = re.compile(
    r"\((?:\d{1,2}|[一二三四五六七八九十]{1,2})\)"
    r"|(?:^|(?<=[\s。;:,]))(?:\d{1,2}[、.)](?!\d)|[一二三四五六七八九十]、|其[一二三四五]|第[一二三四五六七八九十][,、:是])"
    r"|(?<![统唯同第])[一二三四五六七八九]是(?!否)"
)
_GOALS_FOLLOW = re.compile(r"指标|要求|参数|目标|达到|满足|性能|验收|功能|做到|效果|(?:希望|想|要)能?:$")
_PROBLEMS_FOLLOW = re.compile(r"问题|难题|课题|需求|几件事|方面")
_SECTION = re.compile(
    r"[:、,.\s]*(?:我|公司|企业|项目|技术|需求|工艺)?.{0,2}?"
    r"(?:背景|简介|概况|现状|难点|要求|指标|目标|参数|条件|内容|方式|预算|期限|验收|合作|说明|应用)"
    r"[^。;,\n]{0,4}:"
)
"""How a part of a description begins: 「二、技术要求」."""

SHOWN = 20
"""Characters of a part of a list that are shown as evidence."""


def several_wishes(title: str, body: str) -> tuple[str, ...]:
    """Return the words by which a need joins problems that nobody solves at once, sorted."""
    heading = plain(title)
    found = {heading} if _JOINED_TITLE.search(heading) else set()
    read = plain(body)
    numbered = set(_NUMBERED_WISH.findall(read))
    if len(numbered) > 1:
        found |= numbered
    found |= {match.group() for match in _ANOTHER.finditer(read)}
    return tuple(sorted(found | _listed_wishes(read)))


def _listed_wishes(text: str) -> set[str]:
    """Return the parts of a list that each have a wish of their own; empty unless there are two."""
    labels = list(_LABELS.finditer(text))
    if len(labels) < 2 or not _lists_problems(text[: labels[0].start()]):
        return set()
    ends = [label.start() for label in labels[1:]] + [_end_of_part(text, labels[-1].end())]
    found = set()
    for label, end in zip(labels, ends, strict=True):
        part = text[label.end() : end]
        if not _SECTION.match(part) and is_wish(without_terms(part)):
            found.add(text[label.start() : end].strip(" ,;。\n")[:SHOWN])
    return found if len(found) > 1 else set()


def _lists_problems(before: str) -> bool:
    """Tell whether what stands before a list lets it be one of problems, and not of goals for one of them."""
    line = re.split(r"[。;!?\n]", before.rstrip())[-1]
    if _PROBLEMS_FOLLOW.search(line):
        return True
    ends = not line or line.endswith((":", ","))
    return ends and not _GOALS_FOLLOW.search(line)


def _end_of_part(text: str, start: int) -> int:
    match = re.compile(r"[。\n]").search(text, start)
    return match.start() if match else len(text)
