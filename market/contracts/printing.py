"""What a station hands out, as PDF: certificates, lists, verifications of income.

Certificates and lists print their frozen content and nothing else, so that they come out the same for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from market.clock import china_day
from market.contracts.models import Certificate, IncomeVerification, RegistrationList
from market.contracts.queries import Names
from market.contracts.rules import STATUS_NAMES, Status
from market.contracts.rules.certificates import amount_in_words
from market.reference.rules import HOME_CURRENCY, MINOR_DIGITS, Scheme
from market.typesetting.amounts import plain, wan_text
from market.typesetting.pdf import typeset
from market.typesetting.qr import qr_svg

CHECK = "凭验证码或二维码可以在线核验本{paper}的内容和效力；与核验结果不一致的，以核验结果为准。"
ESTIMATE = "本合同约定提成支付，所列金额为预估数，结算后须办理变更登记。"
NO_TAX = "本清单只证明所列合同已经登记，不是税务文书。"
INCOME_IS_RECEIPT = "技术性收入按实际到账核定，不计入合同成交额、技术交易额的统计。"


def verification_address(code: str, *, public_url: str) -> str:
    """Return what the QR code of a certificate or list holds: an address, or the code alone without one."""
    return f"{public_url}/api/v1/verifications/{code}" if public_url else code


def certificate_pdf(certificate: Certificate, *, public_url: str) -> bytes:
    """Return a certificate as it was issued, marked 作废 once it is void."""
    content = certificate.content
    notes = [CHECK.format(paper="证明")]
    if content["amount_is_estimate"]:
        notes.insert(0, ESTIMATE)
    return typeset(
        "market.contracts:certificate.typ",
        {
            "document_date": content["issued_on"],
            "title": "技术合同登记证明",
            "number": content["number"],
            "reg_no": content["reg_no"],
            "code": content["code"],
            "facts": _certificate_facts(content),
            "amounts": [
                _amount("合同成交额", content["total_amount_fen"]),
                _amount("其中：技术交易额", content["tech_amount_fen"]),
            ],
            "estimate": content["amount_is_estimate"],
            "foreign": foreign_note(content),
            "station": content["station"],
            "issued_on": content["issued_on"],
            "rule_version": content["rule_version"],
            "digest": certificate.digest,
            "notes": notes,
            "void": _void(certificate.voided_at, certificate.void_reason),
        },
        images=_qr(content["code"], public_url),
    )


def list_pdf(row: RegistrationList, *, public_url: str) -> bytes:
    """Return a registration list as it was issued, marked 作废 once it is void."""
    content = row.content
    rows = [
        [
            str(position),
            item["reg_no"],
            item["project_name"],
            item["type_name"],
            item["seller"],
            item["buyer"],
            wan_text(item["total_amount_fen"]) + ("＊" if item["amount_is_estimate"] else ""),
            wan_text(item["tech_amount_fen"]) + ("＊" if item["amount_is_estimate"] else ""),
            item["registered_on"],
        ]
        for position, item in enumerate(content["contracts"], start=1)
    ]
    notes = [NO_TAX, "清单上任何一项合同变更、注销或被撤销的，整份清单作废。", CHECK.format(paper="清单")]
    if any(item["amount_is_estimate"] for item in content["contracts"]):
        notes.insert(0, "带“＊”的是提成支付合同的预估金额。")
    return typeset(
        "market.contracts:list.typ",
        {
            "document_date": content["issued_on"],
            "title": "技术合同登记清单",
            "kind": "大额合同" if content["large"] else "非大额合同",
            "number": content["number"],
            "code": content["code"],
            "facts": [
                ["申请单位", content["applicant"]["name"]],
                ["统一社会信用代码", content["applicant"]["uscc"]],
                ["登记机构", content["station"]],
                ["出具日期", _chinese(content["issued_on"])],
            ],
            "rows": rows,
            "total": [
                "合计",
                f"{content['count']} 项",
                "",
                "",
                "",
                "",
                wan_text(content["total_amount_fen"]),
                wan_text(content["tech_amount_fen"]),
                "",
            ],
            "station": content["station"],
            "issued_on": content["issued_on"],
            "digest": row.digest,
            "notes": notes,
            "void": _void(row.voided_at, row.void_reason),
        },
        images=_qr(content["code"], public_url),
    )


def income_pdf(row: IncomeVerification, *, names: Names) -> bytes:
    """Return a verification of income as a form to sign; the registration's end since then is shown on it.

    Args:
        row: a verified one.
        names: of its contract's codes.
    """
    contract = row.contract
    assert row.decided_at is not None
    decided_on = china_day(row.decided_at)
    bonus = "未申报" if row.bonus_fen is None else _wan(row.bonus_fen)
    ended = contract.status in {Status.CANCELLED, Status.REVOKED}
    return typeset(
        "market.contracts:income.typ",
        {
            "document_date": decided_on,
            "title": "技术性收入核定表",
            "number": row.number,
            "contract": [
                ["合同登记编号", contract.reg_no],
                ["登记日期", _chinese(contract.registered_on)],
                ["项目名称", contract.project_name, True],
                ["合同类别", names.codes.get((Scheme.CONTRACT_TYPE, contract.type_code))],
                ["登记机构", contract.station.name],
                ["卖方", contract.seller.name, True],
                ["买方", contract.buyer.name, True],
                ["合同成交额", _wan(contract.total_amount_fen)],
                ["技术交易额", _wan(contract.tech_amount_fen)],
            ],
            "receipt": [
                ["收款期间", f"{_chinese(row.received_from)}至{_chinese(row.received_to)}", True],
                ["实际收款", _wan(row.received_fen)],
                ["扣除设备、材料等", _wan(row.deducted_fen)],
                ["核定技术性收入", _wan(row.income_fen)],
                ["拟提取奖酬金", bonus],
                ["大写", f"人民币{amount_in_words(row.income_fen)}", True],
            ],
            "decision": [
                ["核定意见", row.decision_note or "同意核定。", True],
                ["核定日期", _chinese(decided_on), True],
            ],
            "notes": [INCOME_IS_RECEIPT],
            "warning": None
            if not ended
            else f"所依据的合同登记{STATUS_NAMES[contract.status]}（{_chinese(contract.ended_on)}）",
        },
    )


def foreign_note(content: Mapping[str, Any]) -> str | None:
    """Say in what currency a contract was made, at which rate it was converted; None for yuan."""
    currency, amount = content["currency"], content["foreign_amount"]
    if currency == HOME_CURRENCY or amount is None:
        return None
    whole = Decimal(amount).scaleb(-MINOR_DIGITS[currency])
    rate = plain(Decimal(content["exchange_rate"]))
    day = _chinese(content["rate_on"])
    source = f"，汇率来源：{content['rate_source']}" if content["rate_source"] else ""
    return f"合同以外币计价：{currency} {whole:,}，按{day}汇率 {rate} 折合人民币{source}。"


def _certificate_facts(content: Mapping[str, Any]) -> list[list[Any]]:
    kind = content["type_name"] + (f"（{content['subtype_name']}）" if content["subtype_name"] else "")
    facts: list[list[Any]] = [
        ["项目名称", content["project_name"], True],
        ["合同类别", kind],
        ["技术领域", content["tech_field_name"]],
        ["知识产权", content["ip_kind_name"]],
        ["签订日期", _chinese(content["signed_on"])],
    ]
    if content["valid_from"] or content["valid_to"]:
        start = _chinese(content["valid_from"]) if content["valid_from"] else "签订之日"
        end = _chinese(content["valid_to"]) if content["valid_to"] else "履行完毕"
        facts.append(["有效期限", f"{start}至{end}", True])
    for side, label in (("seller", "卖方"), ("buyer", "买方")):
        party = content[side]
        facts.append([label, party["name"], True])
        facts.append(["统一社会信用代码", party["uscc"]])
        facts.append(["所在地", party["place"]])
    facts.append(["登记日期", _chinese(content["registered_on"])])
    facts.append(["登记机构", content["station"]])
    return facts


def _amount(label: str, amount_fen: int) -> dict[str, str]:
    return {"label": label, "wan": wan_text(amount_fen), "words": f"人民币{amount_in_words(amount_fen)}"}


def _wan(amount_fen: int) -> str:
    return f"{wan_text(amount_fen)} 万元"


def _chinese(day: Any) -> str:
    """Return a day, or its ISO text, as 2025年3月1日."""
    if day is None:
        return "—"
    year, month, date = (int(part) for part in str(day).split("-"))
    return f"{year}年{month}月{date}日"


def _void(voided_at: datetime | None, reason: str | None) -> Sequence[str] | None:
    if voided_at is None:
        return None
    return [_chinese(china_day(voided_at)), reason or "—"]


def _qr(code: str, public_url: str) -> dict[str, bytes]:
    return {"qr.svg": qr_svg(verification_address(code, public_url=public_url))}
