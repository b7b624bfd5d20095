"""Papers that the demonstration's people hand in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from market.typesetting.amounts import wan_text
from market.typesetting.pdf import typeset


def contract_text(contract: Mapping[str, Any]) -> bytes:
    """Return the text of a contract as a PDF, made of what was applied for.

    Args:
        contract: as the market answered the application.
    """
    total = f"{wan_text(contract['total_amount_fen'])}万元"
    return typeset(
        "seed:contract_text.typ",
        {
            "title": "技术开发（委托）合同",
            "document_date": contract["signed_on"],
            "pairs": [
                ("项目名称", contract["project_name"], True),
                ("卖方", contract["seller"]["name"], True),
                ("买方", contract["buyer"]["name"], True),
                ("签订日期", contract["signed_on"]),
                ("合同金额", total),
            ],
            "clauses": [f"买方分期支付研究开发经费和报酬，合计{total}。", "样例文本，仅供演示。"],
        },
    )
