"""What the cooperation modes of the two sides have in common.

A need states codes of the scheme `cooperation_mode` (after the forms on which cities collect needs), an
achievement codes of `transfer_mode` (促进科技成果转化法, 2015 revision, article 16). They are compared by
family when a question is judged: documents keep the codes their owners chose, no index need be rebuilt.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

FAMILIES: Final[dict[str, str | None]] = {
    "commission": "development",  # 委托开发
    "joint": "development",  # 合作开发 of a need, 合作实施 of an achievement
    "transfer": "transfer",  # 技术转让, 转让
    "licence": "licence",  # 技术许可, 许可
    "equity": "equity",  # 技术入股, 作价投资
    "service": "service",  # 技术服务, which no achievement states
    "consulting": "consulting",  # 技术咨询, the same
    "platform": "platform",  # 共建平台, the same
    "self": "self",  # 自行实施, which no need states
    "other": None,  # 其他: two sides that both say so need not mean the same
}
"""The family of every code of both schemes; None belongs to none."""


def families(codes: Iterable[str]) -> frozenset[str]:
    """Return the families of some codes; a code that is not in the table is a family of its own."""
    return frozenset(family for code in codes if (family := FAMILIES.get(code, code)) is not None)
