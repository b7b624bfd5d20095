"""Finding a code from what people write: the code itself, with or without its leading zeros, or its name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from market.reference.rules import Scheme

SYNONYMS: Mapping[Scheme, Mapping[str, str]] = {
    Scheme.TECH_FIELD: {
        "生物与新医药": "04",
        "新能源与节能": "06",
        "资源与环境": "07",
        "先进制造与自动化": "03",
    },
    Scheme.NEED_TYPE: {
        "技术难题": "tackle",
        "技术难题攻关": "tackle",
        "成果转化": "introduce",
        "联合实施科技计划": "joint_programme",
    },
    Scheme.COOPERATION_MODE: {
        "转让": "transfer",
        "许可": "licence",
        "入股": "equity",
        "作价入股": "equity",
        "联合开发": "joint",
    },
    Scheme.TRANSFER_MODE: {
        "技术转让": "transfer",
        "技术许可": "licence",
        "合作开发": "joint",
        "合作转化": "joint",
        "技术入股": "equity",
        "作价入股": "equity",
    },
    Scheme.IP_KIND: {"无": "90", "软件著作权": "30"},
    Scheme.PAYMENT_MODE: {"一次总算一次总付": "lump_sum", "一次总算分期支付": "instalments"},
    Scheme.PARTY_NATURE: {
        "高校": "022",
        "科研院所": "021",
        "有限公司": "150",
        "个体工商户": "400",
        "个人": "910",
    },
    Scheme.ROYALTY_BASE: {
        "价格": "price",
        "新增产值": "output_value",
        "新增利润": "profit",
        "销售额": "sales",
        "销售收入": "sales",
    },
    Scheme.CURRENCY: {"人民币元": "CNY", "美金": "USD", "日圆": "JPY", "港币": "HKD", "台币": "TWD"},
    Scheme.PARTY_COUNTRY: {"香港": "344", "澳门": "446", "台湾": "158", "中华人民共和国": "156"},
}
"""Other names in use: those of the eight 高新技术领域 (国科发火〔2016〕32号) that lie within one of ours, and
the words of local forms."""

_ENDINGS = re.compile(r"(技术领域|技术|合同|阶段|领域|行业|产业|制造业|工业|业|类)$")


def name_key(name: str) -> str:
    """Return a name without width, case, blanks and punctuation."""
    return "".join(c for c in unicodedata.normalize("NFKC", name).lower() if c.isalnum())


@dataclass(frozen=True, slots=True)
class CodeTable:
    """One list of codes, made for finding.

    Attributes:
        codes: all codes.
        exact: code by name key; of a name that stands for several codes the general one, if there is one.
        loose: the same with usual endings cut off, so that 「纺织」 finds 「纺织业」.
    """

    codes: frozenset[str]
    exact: Mapping[str, str]
    loose: Mapping[str, str]

    @classmethod
    def of(cls, names: Mapping[str, str], synonyms: Mapping[str, str] | None = None) -> CodeTable:
        """Build the table from names by code."""
        exact = _unique((name_key(name), code) for code, name in names.items())
        loose = _unique((_cut(name_key(name)), code) for code, name in names.items())
        others = {name_key(name): code for name, code in (synonyms or {}).items() if code in names}
        return cls(codes=frozenset(names), exact={**others, **exact}, loose=loose)

    def find(self, text: str) -> str | None:
        """Return the code for a code, a name, 「07 环境保护…」, or a beginning that only one name has."""
        wanted = unicodedata.normalize("NFKC", text).strip()
        if wanted in self.codes:
            return wanted
        if wanted.lower() in self.codes:
            return wanted.lower()
        if wanted.isdecimal():
            return self._with_zeros(wanted)
        key = name_key(wanted)
        found = self.exact.get(key) or self.loose.get(_cut(key))
        return found or self._numbered(wanted) or self._beginning(key)

    def exact_code(self, name: str) -> str | None:
        """Return the code that has exactly this name or is it; no endings cut, no beginnings."""
        return name if name in self.codes else self.exact.get(name_key(name))

    def _with_zeros(self, digits: str) -> str | None:
        padded = {digits.zfill(length) for length in {len(code) for code in self.codes}} & self.codes
        return padded.pop() if len(padded) == 1 else None

    def _numbered(self, text: str) -> str | None:
        match = re.fullmatch(r"([0-9A-Za-z]+)[\s.、:_-]+(\D+)", text)
        if match is None or match[1] not in self.codes:
            return None
        # The name behind the code must agree; a code with another list's name is nobody's meaning.
        return match[1] if self.exact.get(name_key(match[2])) == match[1] else None

    def _beginning(self, key: str) -> str | None:
        if len(key) < 2:
            return None
        found = {code for name, code in self.exact.items() if name.startswith(key)}
        return found.pop() if len(found) == 1 else None


@dataclass(frozen=True)
class RegionTable:
    """Regions by code and by name, alone or behind the names of what they lie in.

    Attributes:
        regions: code, name, code of the region around it, and whether it exists at present; regions come
            after those around them.
    """

    regions: tuple[tuple[str, str, str | None, bool], ...]

    @classmethod
    def of(cls, regions: Iterable[tuple[str, str, str | None, bool]]) -> RegionTable:
        """Build the table; see `regions`."""
        return cls(tuple(regions))

    @cached_property
    def codes(self) -> frozenset[str]:
        """All codes, former ones too: old contracts have them."""
        return frozenset(code for code, *_ in self.regions)

    @cached_property
    def paths(self) -> Mapping[str, str]:
        """Code by name, of present regions; names that several have are left out.

        Made when the first name is asked for: it takes half a second, and most files have codes.
        """
        parents: dict[str, str] = {}
        ways: dict[str, list[str]] = {}
        for code, name, parent, present in self.regions:
            if not present or parent is None:
                continue
            parents[code] = parent
            # 江苏省江阴市 is as good as 江苏省无锡市江阴市, and 北京市东城区 has 市辖区 between.
            above = ["", *ways.get(parent, []), *ways.get(parents.get(parent, ""), [])]
            own = {name, re.sub(r"(?<=..)[省市县区]$", "", name)}
            ways[code] = [way + each for way in above for each in own]
        return _unique((way, code) for code, all_ways in ways.items() for way in all_ways)

    def find(self, text: str) -> str | None:
        """Return the code for six digits or a name only one region has."""
        wanted = "".join(unicodedata.normalize("NFKC", text).split())
        return wanted if wanted in self.codes else self.paths.get(re.sub(r"[-/,]", "", wanted))


@dataclass(frozen=True, slots=True)
class Tables:
    """All that cells may name.

    Attributes:
        codes: lists of codes, by scheme.
        levels: levels of readiness.
        parks: parks by code and name.
        regions: regions by code and name.
        customs: code of a country by the customs' code.
    """

    codes: Mapping[Scheme, CodeTable]
    levels: CodeTable
    parks: CodeTable
    regions: RegionTable
    customs: Mapping[str, str] = field(default_factory=dict)


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return code by name; of several codes the one that is shorter than all others, the general one."""
    found: dict[str, set[str]] = {}
    for key, code in pairs:
        if key:
            found.setdefault(key, set()).add(code)
    chosen = {}
    for key, codes in found.items():
        first, *others = sorted(codes, key=len)
        if all(len(first) < len(other) for other in others):
            chosen[key] = first
    return chosen


def _cut(key: str) -> str:
    shorter = _ENDINGS.sub("", key)
    return shorter if len(shorter) >= 2 else key
