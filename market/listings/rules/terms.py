"""Reading a need for the time and the money that the enterprise can spare."""

from __future__ import annotations

import re

from market.listings.rules.figures import FIGURE, NUMERAL, plain

_NUMBER = rf"(?:(?<![\dA-Za-z.\-])\d{{1,3}}(?:\.\d)?|{NUMERAL}|几)"
_LONG = rf"{_NUMBER}(?:个半?月|个?季度|年半?)"
_SPAN = rf"(?:{_LONG}|{_NUMBER}(?:月|周|天|个?星期|个?礼拜))"
"""「48小时内」 is how fast a thing works, not by when it is to be there."""

_DONE = (
    "(?:解决|完成|做[到完好出成]|搞[定好完]|弄[好出]|拿[出到]|装[好完上]|改[好完]|调[好试]|投[用产运]|上线|落地"
    "|见到?效|建成|达产|[试量]产|交[货付样出工]|[出供给送交]样|送检|验收|验证|实现|结题|用上|到位|开发|研[发制]|出结果|通过|形成|突破)"
)
_BY = (
    r"(?:年底|年末|月底|季末|季度|旺季|汛期|台风季|丰水期|雨季|采暖季|供暖季|入冬|入夏|开春"
    r"|春节|五一|(?<!二)十一(?=之?前)|国庆|中秋|元旦|[上下]半年|明年|后年|\d月|[一二三四五六七八九十]月份?|月\d+日)"
)
_NOT_A_TERM = r"(?![^,。;\n]{0,6}(?:不|无|没|免|回本|收回))"
"""「三年内不用更换」 is a goal."""

_DEADLINES = re.compile(
    rf"{_SPAN}(?:以|之)?内(?=[^,。;\n]{{0,12}}(?:{_DONE}|[达出交投给]))"
    rf"|(?:希望|最好|争取|力争|必须|务必|要求|需要|打算|计划|尽量)[^,。;\n]{{0,8}}{_LONG}(?:(?:以|之)?内|的?时间){_NOT_A_TERM}"
    rf"|{_LONG}(?:的?时间)?(?=[内就能要]?{_DONE})|给[^,。;\n]{{0,4}}?{_LONG}"
    rf"|{_BY}(?:[^,。;\n]{{0,8}}前(?![年后])|(?=[^,。;\n]{{0,6}}(?:{_DONE}|全部切换)))"
    rf"|(?<![\d一二两三四五六七八九十半几多])年内(?=[^,。;\n]{{0,6}}{_DONE})|今年[之以]内|最[晚迟]"
    r"|(?:(?<!使用)(?<!质保)(?<!保质)(?<!保修)期限|工期|(?:研发|开发|项目|合作|攻关)周期|合作期"
    r"|完成时[限间]|交付时间|给了一年)"
    rf"(?:[^,。;\n]{{0,6}}?{_SPAN})?"
)
"""What is done by then is looked at and not taken: 「四个月内CPK做到1.67」 is a goal too."""

_MONEY = (
    rf"(?:{_NUMBER}[多来余几]?\s*[万亿][元块]?(?![件只台套个人次吨米平公克方片根张颗份种盒箱小度转])"
    rf"|{_NUMBER}\s*[wW](?![A-Za-z])|(?<![\dA-Za-z.\-])\d{{4,8}}[元块])"
)
"""Not what a piece or a ton costs: that may be the goal."""

_PURSES = (
    "(?:预算|(?<!注册)(?<!流动)资金|经费|费用|总价|总造价|合同额|金额|酬金|报酬|奖金"
    "|出资|投资|投入?|自筹|承担|拨款?|批了)"
)
_BUDGETS = re.compile(
    rf"(?:预算|经费|(?:研发|开发|项目|合作|改造|技术|总)费用?)[^,。;\n降减省每]{{0,10}}?{FIGURE}"
    r"(?:[万亿千百]?元?)?(?:以内|以下|左右|封顶)?"
    rf"|{_PURSES}[^,。;\n降减省每]{{0,10}}?{_MONEY}"
    r"|(?:愿意?|可以?|能够?|准备|打算|计划|拟|最多|老板说|给你们)[^,。;\n]{0,3}"
    rf"[出给掏花拿付投][^,。;\n每]{{0,6}}?{_MONEY}|(?:掏|拿出|花个?){_MONEY}"
)
_SPENT = re.compile(
    r"已|曾|累计|先后|去年|前年|上年|每年|年均|历年|花了|投了|买的|损失|浪费|亏|销售|公司总|固定资产"
)
"""Money that is gone, or that is no project's."""


def has_time_limit(text: str) -> bool:
    """Tell whether a text says by when something is to be done."""
    return _DEADLINES.search(plain(text)) is not None


def has_budget(text: str) -> bool:
    """Tell whether a text says what may be spent, and not what was."""
    clauses = re.split(r"[。;!?\n]|(?<!\d),|,(?!\d)", plain(text))
    return any(_BUDGETS.search(clause) and not _SPENT.search(clause) for clause in clauses)


def without_terms(text: str) -> str:
    """Return a plain text without the time and the money that it speaks of."""
    return _BUDGETS.sub(" ", _DEADLINES.sub(" ", text))
