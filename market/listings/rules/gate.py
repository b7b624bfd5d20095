"""What a need must say before somebody can look for a solution: rules with their questions to the enterprise.

They follow what collection forms of technical needs ask for: name, problem, indicators, present conditions,
mode of cooperation, budget, term, contact. They look at the public part of a need and at whether a contact
is given, and say nothing of whether the need is worth solving: that is for the reviewer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any, TypeAlias

from market.listings.rules import figures, joined, reading, terms

GATE_VERSION = "2026.2"
"""Changes with every change of a rule, a weight or a threshold; kept with each assessment."""

MIN_BODY = 30
"""Characters of the body, blanks apart, below which nobody can tell what is wrong."""

NOT_TECHNOLOGY_TYPES = frozenset({"talent"})
"""Codes of scheme `need_type` that ask for people and not for technology."""


class Severity(StrEnum):
    """Whether a need can be a valid one while the question is open."""

    BLOCKING = "blocking"
    ADVICE = "advice"


SEVERITY_NAMES: Mapping[Severity, str] = {Severity.BLOCKING: "必须补充", Severity.ADVICE: "建议补充"}


class GateCode(StrEnum):
    """What is asked about a need."""

    TOO_SHORT = "too_short"
    NO_FIELD = "no_field"
    NO_NUMBER = "no_number"
    NO_GOAL = "no_goal"
    NOT_TECHNOLOGY = "not_technology"
    SEVERAL_PROBLEMS = "several_problems"
    VAGUE_WORDS = "vague_words"
    NO_INDICATOR = "no_indicator"
    BARE_INDICATOR = "bare_indicator"
    UNIT_MISSING = "unit_missing"
    NO_CONDITIONS = "no_conditions"
    NO_DEADLINE = "no_deadline"
    NO_BUDGET = "no_budget"
    NO_MODE = "no_mode"
    NO_CONTACT = "no_contact"


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedFacts:
    """What the rules see of a need.

    Attributes:
        title: public.
        body: public.
        existing_conditions: present conditions; empty if none are stated.
        indicators: name and value of each.
        need_type: code of scheme `need_type`.
        tech_field: code of the technical field.
        cooperation_modes: codes.
        budget_fen: None means to be negotiated.
        min_trl: lowest TRL that would do.
        deadline: day by which it is to be solved.
        has_contact: whether a person and a telephone are named.
    """

    title: str
    body: str
    existing_conditions: str = ""
    indicators: tuple[tuple[str, str], ...] = ()
    need_type: str | None = None
    tech_field: str | None = None
    cooperation_modes: tuple[str, ...] = ()
    budget_fen: int | None = None
    min_trl: int | None = None
    deadline: date | None = None
    has_contact: bool = False

    @property
    def text(self) -> str:
        """All that was written in words, indicators apart."""
        return "\n".join((self.title, self.body, self.existing_conditions))


CONTENT = tuple(field.name for field in fields(NeedFacts) if field.name != "has_contact")
"""What a class and a validity are decided on, named as in the tables: all the rules read but the contact."""

Evidence: TypeAlias = "tuple[str, ...] | None"
"""Words that gave rise to a question, sorted; None where there is no reason to ask."""


@dataclass(frozen=True, slots=True)
class GateRule:
    """One thing that is looked for.

    Attributes:
        code: stable.
        name: a few Chinese words.
        severity: whether it must be answered.
        weight: points of completeness lost, of 100; 0 for faults in what is said.
        question: what the enterprise is asked.
        reason: why it is asked.
        look: finds the evidence.
    """

    code: GateCode
    name: str
    severity: Severity
    weight: int
    question: str
    reason: str
    look: Callable[[NeedFacts], Evidence]


@dataclass(frozen=True, slots=True)
class Finding:
    """A question that is open, and the words that gave rise to it."""

    rule: GateRule
    evidence: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as it is kept: whole, since the rules may change."""
        return {
            "code": self.rule.code.value,
            "severity": self.rule.severity.value,
            "question": self.rule.question,
            "reason": self.rule.reason,
            "evidence": list(self.evidence),
        }


@dataclass(frozen=True, slots=True)
class Check:
    """What the rules find in a need.

    Attributes:
        completeness: 0 to 100; 100 less the weights of the findings.
        findings: in the order of the rules.
    """

    completeness: int
    findings: tuple[Finding, ...]

    @property
    def codes(self) -> frozenset[GateCode]:
        """What is asked."""
        return frozenset(finding.rule.code for finding in self.findings)

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """Questions that must be answered."""
        return tuple(finding for finding in self.findings if finding.rule.severity is Severity.BLOCKING)


# --- how each is found


def _when(condition: bool) -> Evidence:
    return () if condition else None


def _words(found: tuple[str, ...]) -> Evidence:
    return found or None


def _too_short(need: NeedFacts) -> Evidence:
    return _when(len("".join(need.body.split())) < MIN_BODY)


def _no_number(need: NeedFacts) -> Evidence:
    values = (value for _, value in need.indicators)
    return _when(not figures.has_figure(need.text) and not any(map(figures.has_figure, values)))


def _no_goal(need: NeedFacts) -> Evidence:
    reached = any(is_measurable(value) for _, value in need.indicators)
    return _when(not reached and not reading.has_goal(need.text))


def _not_technology(need: NeedFacts) -> Evidence:
    if need.need_type in NOT_TECHNOLOGY_TYPES:
        return ("人才引进",)
    return _words(reading.trade_words(need.title, need.body))


def _bare_indicator(need: NeedFacts) -> Evidence:
    return _words(tuple(sorted(name for name, value in need.indicators if not is_measurable(value))))


def _unit_missing(need: NeedFacts) -> Evidence:
    return _words(tuple(sorted(name for name, value in need.indicators if lacks_unit(name, value))))


_VERIFIABLE = re.compile(r"[无不未零全]|通过|符合|满足|合格|达标|标准|连续|一次")
"""Words of a value that can be checked without a figure: 「不检出」, 「通过型式试验」."""


def is_measurable(value: str) -> bool:
    """Tell whether an indicator's value can be checked: it has a figure, or says what must not be."""
    has_digit = any(letter.isdecimal() for letter in value)
    return has_digit or figures.has_figure(value) or _VERIFIABLE.search(value) is not None


_BARE_NUMBER = re.compile(r"[\s≥≤<>=±~\-–—至到约为不低高大小多少于超过达及以上下内\d.]*")
_DIMENSIONED = re.compile(
    r"率$|误差$|温度$|强度|温升|压力|压降|速度|时间|周期|寿命|成本|单价|能耗|电耗|水耗|重量|长度|厚度|直径|粒径|面积|体积|高度"
    r"|宽度|距离|功率|浓度|含量|产量|产能|流量|电压|电流|频率|噪声|噪音"
)


def lacks_unit(name: str, value: str) -> bool:
    """Tell whether a value is a bare number although what it measures has a unit.

    Only quantities that certainly have one are asked about, and none whose name carries it: 「强度（MPa）」.
    """
    number, label = figures.plain(value), figures.plain(name)
    if not _BARE_NUMBER.fullmatch(number) or not _DIMENSIONED.search(label):
        return False
    return re.search(r"[1-9]", number) is not None and "(" not in label and "/" not in label


RULES: tuple[GateRule, ...] = (
    GateRule(
        GateCode.TOO_SHORT, "描述过短", Severity.BLOCKING, 15,
        "请用几句话写清：在做什么产品或工序，出了什么问题，希望解决到什么程度。",
        "只有题目或一两句话，专家看不出难在哪里，无法对接。",
        _too_short,
    ),
    GateRule(
        GateCode.NO_FIELD, "未选技术领域", Severity.BLOCKING, 5,
        "这项需求属于哪个技术领域？",
        "技术领域决定由谁审核、在哪些成果中查找。",
        lambda need: _when(not need.tech_field),
    ),
    GateRule(
        GateCode.NO_NUMBER, "没有数字", Severity.BLOCKING, 10,
        "现在的水平是多少？例如合格率、产量、温度、成本，请至少给出一个数字。",
        "没有数字就分不清问题的大小，也无法判断成果是否够用。",
        _no_number,
    ),
    GateRule(
        GateCode.NO_GOAL, "没有目标值", Severity.BLOCKING, 20,
        "做到什么水平算解决？请给出要达到的数值，例如“合格率不低于95%”。",
        "验收要有可以测量的目标，认定有效需求也以此为据。",
        _no_goal,
    ),
    GateRule(
        GateCode.NOT_TECHNOLOGY, "不是技术需求", Severity.BLOCKING, 0,
        "文中要的是采购、招人或资金；请问要解决的技术问题是什么？",
        "本市场对接的是技术；采购、招聘、融资请走其他渠道。",
        _not_technology,
    ),
    GateRule(
        GateCode.SEVERAL_PROBLEMS, "一条多题", Severity.ADVICE, 0,
        "这里像是几个不同的问题，能否拆成几条分别发布？",
        "不同的问题往往要找不同的团队，写在一起会都找不准。",
        lambda need: _words(joined.several_wishes(need.title, need.body)),
    ),
    GateRule(
        GateCode.VAGUE_WORDS, "用语笼统", Severity.ADVICE, 0,
        "这些说法能否换成数字？提高多少，和谁相比，怎么测量？",
        "“先进”“提高效率”这类说法无法核对，也不能帮助查找。",
        lambda need: _words(reading.empty_words(need.text)),
    ),
    GateRule(
        GateCode.NO_INDICATOR, "未填技术指标", Severity.ADVICE, 12,
        "请在技术指标中逐项列出名称和数值。",
        "逐项的指标可以直接写进合同和验收标准。",
        lambda need: _when(not need.indicators),
    ),
    GateRule(
        GateCode.BARE_INDICATOR, "指标没有数值", Severity.ADVICE, 6,
        "这些指标要达到多少？请补上数值，或者写明怎样检验合格。",
        "只有名称或形容词的指标无法验收。",
        _bare_indicator,
    ),
    GateRule(
        GateCode.UNIT_MISSING, "指标没有单位", Severity.ADVICE, 3,
        "这些指标的单位是什么？",
        "同一个数字，单位不同，难度可能相差很多。",
        _unit_missing,
    ),
    GateRule(
        GateCode.NO_CONDITIONS, "没有现有条件", Severity.ADVICE, 12,
        "现有哪些设备和工艺条件？已经试过哪些办法，效果怎样？",
        "知道现有条件和走过的弯路，专家才能判断方案能否落地。",
        lambda need: _when(
            not need.existing_conditions.strip()
            and not reading.tells_conditions(f"{need.title}\n{need.body}")
        ),
    ),
    GateRule(
        GateCode.NO_DEADLINE, "没有期限", Severity.ADVICE, 8,
        "希望什么时候解决？",
        "期限决定能用成熟的成果，还是可以从头研发。",
        lambda need: _when(need.deadline is None and not terms.has_time_limit(need.text)),
    ),
    GateRule(
        GateCode.NO_BUDGET, "没有预算", Severity.ADVICE, 6,
        "大致愿意投入多少？也可以只给一个范围。",
        "有预算才能看价格是否相当；不便公开的可以仍写面议。",
        lambda need: _when(need.budget_fen is None and not terms.has_budget(need.text)),
    ),
    GateRule(
        GateCode.NO_MODE, "没有合作方式", Severity.ADVICE, 6,
        "希望怎样合作：委托开发、合作开发、转让、许可，还是服务？",
        "只说预算不说合作方式，对方无法报价。",
        lambda need: _when(not need.cooperation_modes),
    ),
    GateRule(
        GateCode.NO_CONTACT, "没有联系人", Severity.ADVICE, 6,
        "由哪位负责对接，电话是多少？（不公开）",
        "双方有意以后要马上找得到人。",
        lambda need: _when(not need.has_contact),
    ),
)  # fmt: skip
"""All rules, those that block first. A need that says nothing loses 100 points."""

RULE_OF: Mapping[GateCode, GateRule] = {rule.code: rule for rule in RULES}


def check_need(need: NeedFacts) -> Check:
    """Return what is to be asked about a need; the order of its indicators does not matter."""
    findings = []
    for rule in RULES:
        evidence = rule.look(need)
        if evidence is not None:
            findings.append(Finding(rule, evidence))
    return Check(100 - sum(finding.rule.weight for finding in findings), tuple(findings))
