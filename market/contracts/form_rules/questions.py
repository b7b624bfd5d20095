"""What about a form is unlikely but possible: it is asked, never decided.

Amounts typed in the wrong unit are the commonest error of registration: 万元 for 元 is ten thousand
times off. Every threshold below is ours and stands for "worth a look", not for a rule.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from typing import Any

from market.contracts.form_rules.identity import plain

QUANTITY_TYPES = frozenset({"KF", "ZR", "XK"})
SMALLEST_USUAL_FEN = 1_000 * 100
"""Development, transfer and licence below 1,000元 hardly pay the notary; likelier 万元 typed as 元."""

UNIT_SLIP = 10_000
SLIP_TOLERANCE = 2
"""Words round: "50万元" in the name of a contract over 499,800元 is no slip, 50元 is."""

FAR_FROM_DEAL = 1_000
"""Contracts differ from budget and price by tens, units by ten thousand; between them lies this."""

SMALL_TECH_SHARE_PERCENT = 20
"""Nationally some 70–80 % of a contract's value is technical (北京 67.5 % in 2010, 80.2 % in 2015)."""

SIMILAR_NAME = 0.9
NEAR_AMOUNT_PERCENT = 1
NEAR_DAYS = 30
"""Two filings of one contract differ by a word, a rounding or the day somebody took for signing."""

_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)(亿|万)?元")
_NUMERAL = re.compile(r"[0-9]+|[一二三四五六七八九十]")
_FACTORS = {"亿": 10**10, "万": 10**6, "": 100}


@dataclass(frozen=True, slots=True)
class Question:
    """Something the applicant is asked to confirm or correct."""

    code: str
    pointer: str
    detail: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another contract between the same parties."""

    label: str
    project_name: str
    total_amount_fen: int
    signed_on: date


def form_questions(form: Mapping[str, Any], *, deal_amounts_fen: Mapping[str, int]) -> list[Question]:
    """Return what to ask about a form by itself.

    Args:
        form: complete and without faults.
        deal_amounts_fen: amounts of the deal it came from, by their Chinese name.
    """
    asked = [
        *_small_amount(form),
        *_far_from_deal(form["total_amount_fen"], deal_amounts_fen),
        *_amount_in_name(form),
        *_tech_share(form),
    ]
    # One question of each kind: an answer names the kind.
    return list({question.code: question for question in reversed(asked)}.values())[::-1]


def _small_amount(form: Mapping[str, Any]) -> Iterator[Question]:
    total = form["total_amount_fen"]
    if form["type_code"] in QUANTITY_TYPES and total < SMALLEST_USUAL_FEN:
        yield Question(
            "amount-implausible",
            "/total_amount_fen",
            f"合同成交额只有{_yuan(total)}，请核对单位是否为元。",
        )


def _far_from_deal(total: int, amounts: Mapping[str, int]) -> Iterator[Question]:
    for name, amount in amounts.items():
        if amount > 0 and (total >= amount * FAR_FROM_DEAL or amount >= total * FAR_FROM_DEAL):
            yield Question(
                "amount-implausible",
                "/total_amount_fen",
                f"合同成交额{_yuan(total)}与{name}{_yuan(amount)}相差千倍以上，请核对单位。",
            )


def _amount_in_name(form: Mapping[str, Any]) -> Iterator[Question]:
    total = form["total_amount_fen"]
    for stated in amounts_in(form["project_name"]):
        low, high = sorted((total, stated))
        if low * UNIT_SLIP <= high * SLIP_TOLERANCE and high <= low * UNIT_SLIP * SLIP_TOLERANCE:
            yield Question(
                "amount-text-differs",
                "/total_amount_fen",
                f"项目名称中写有{_yuan(stated)}，与合同成交额{_yuan(total)}相差约一万倍，请核对单位。",
            )


def amounts_in(text: str) -> list[int]:
    """Return the amounts of yuan a text states in figures (50万元), in fen."""
    halves = "".join(unicodedata.normalize("NFKC", text).replace(",", "").split())
    return [
        int(whole) * _FACTORS[unit] + _fraction_fen(fraction, _FACTORS[unit])
        for whole, fraction, unit in (
            (*match[1].partition(".")[::2], match[2] or "") for match in _AMOUNT.finditer(halves)
        )
    ]


def _fraction_fen(digits: str, factor: int) -> int:
    return int(digits or "0") * factor // 10 ** len(digits)


def _tech_share(form: Mapping[str, Any]) -> Iterator[Question]:
    total, tech = form["total_amount_fen"], form["tech_amount_fen"]
    if tech == 0:
        yield Question("tech-share-odd", "/tech_amount_fen", "技术交易额为零，请核对是否确无技术价款。")
    elif form["type_code"] == "KF" and tech * 100 < total * SMALL_TECH_SHARE_PERCENT:
        yield Question(
            "tech-share-odd",
            "/tech_amount_fen",
            f"技术开发合同的技术交易额不足合同成交额的{SMALL_TECH_SHARE_PERCENT}%，请核对。",
        )


def near_duplicate(form: Mapping[str, Any], neighbours: list[Neighbour]) -> Question | None:
    """Ask about the contracts between the same parties that may be this one over again."""
    near = [neighbour for neighbour in neighbours if _is_near(form, neighbour)]
    if not near:
        return None
    labels = "、".join(f"“{neighbour.project_name}”（{neighbour.label}）" for neighbour in near[:3])
    return Question(
        "near-duplicate", "/project_name", f"双方另有相近的合同{labels}，请确认不是同一合同重复申请。"
    )


def _is_near(form: Mapping[str, Any], other: Neighbour) -> bool:
    total = form["total_amount_fen"]
    amounts_near = abs(total - other.total_amount_fen) * 100 <= total * NEAR_AMOUNT_PERCENT
    days_near = abs((form["signed_on"] - other.signed_on).days) <= NEAR_DAYS
    return (amounts_near or days_near) and _similar(form["project_name"], other.project_name)


def _similar(one: str, other: str) -> bool:
    first, second = plain(one), plain(other)
    if _NUMERAL.findall(first) != _NUMERAL.findall(second):
        return False  # a phase, lot or year of its own tells two contracts apart (二期, 2024年度)
    return first == second or SequenceMatcher(None, first, second, autojunk=False).ratio() >= SIMILAR_NAME


def _yuan(fen: int) -> str:
    whole, rest = divmod(fen, 100)
    return f"{whole:,}元" if not rest else f"{whole:,}.{rest:02d}元"
