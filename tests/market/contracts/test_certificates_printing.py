"""What a station hands out, as PDF: the same for ever, its words in it, void ones marked."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from market.accounts.models import Organisation
from market.canonical import digest_of
from market.contracts.models import (
    Certificate,
    Contract,
    ContractParty,
    IncomeVerification,
    RegistrationList,
)
from market.contracts.printing import (
    certificate_pdf,
    foreign_note,
    income_pdf,
    list_pdf,
    verification_address,
)
from market.contracts.queries import Names
from market.contracts.rules import Status
from market.contracts.rules.certificates import REPLACED
from tests.factories import NOW
from tests.market.typesetting.reading import page_texts

CODE = "7QK2-M0ZT-9D4V-XW1C-HB6E"
CONTENT: dict[str, Any] = {
    "number": "2025320281000012-01",
    "code": CODE,
    "issued_on": "2025-06-10",
    "reg_no": "2025320281000012",
    "project_name": "膜法水处理 #工艺] *开发*",
    "type_name": "技术开发",
    "subtype_name": "委托开发",
    "tech_field_name": "环境保护与资源综合利用",
    "ip_kind_name": "技术秘密",
    "seller": {"name": "江南某大学", "uscc": "12320000466007234B", "place": "无锡市"},
    "buyer": {"name": "Müller GmbH", "uscc": None, "place": "德国"},
    "signed_on": "2025-05-20",
    "valid_from": None,
    "valid_to": "2026-05-19",
    "total_amount_fen": 100_000_000,
    "tech_amount_fen": 80_000_000,
    "amount_is_estimate": True,
    "currency": "EUR",
    "foreign_amount": 12_820_513,
    "exchange_rate": "7.80",
    "rate_on": "2025-05-20",
    "rate_source": "中国人民银行",
    "rule_version": "2021",
    "station": "江阴市技术合同登记站",
    "registered_on": "2025-06-10",
    "contract_version": 5,
}
LISTED: dict[str, Any] = {
    "number": "QD2025-320281-7-0001",
    "code": CODE,
    "issued_on": "2025-06-10",
    "station": "江阴市技术合同登记站",
    "applicant": {"name": "江南某大学", "uscc": "12320000466007234B"},
    "large": False,
    "contracts": [
        {
            "reg_no": f"20253202810000{number:02d}",
            "project_name": "膜法水处理工艺开发",
            "type_name": "技术开发",
            "seller": "江南某大学",
            "buyer": "江阴澄清环境工程有限公司",
            "total_amount_fen": 100_000_000,
            "tech_amount_fen": 80_000_000,
            "amount_is_estimate": number == 3,
            "registered_on": "2025-06-10",
        }
        for number in range(1, 41)
    ],
    "count": 40,
    "total_amount_fen": 4_000_000_000,
    "tech_amount_fen": 3_200_000_000,
}


def certificate(**void: Any) -> Certificate:
    return Certificate(content=CONTENT, digest=digest_of(CONTENT), **void)


def words_of(pdf: bytes) -> str:
    """Return the text of a PDF without blanks; what a reader can search for."""
    return "".join("".join(page_texts(pdf)).split())


def test_the_same_certificate_is_the_same_file() -> None:
    first = certificate_pdf(certificate(), public_url="https://market.example.cn")
    assert first.startswith(b"%PDF-")
    assert first == certificate_pdf(certificate(), public_url="https://market.example.cn")
    assert first != certificate_pdf(certificate(), public_url="")


def test_a_certificate_holds_what_it_must_say() -> None:
    words = words_of(certificate_pdf(certificate(), public_url=""))
    for part in (
        "技术合同登记证明",
        "2025320281000012",
        "膜法水处理#工艺]*开发*",
        "技术开发（委托开发）",
        "签订之日至2026年5月19日",
        "100.00万元",
        "人民币壹佰万元整",
        "人民币捌拾万元整",
        "EUR128,205.13",
        "预估",
        "MüllerGmbH",
        "江阴市技术合同登记站",
        CODE,
    ):
        assert part in words
    assert "作废" not in words


def test_a_void_certificate_says_so() -> None:
    pdf = certificate_pdf(certificate(voided_at=NOW, void_reason=REPLACED), public_url="")
    assert pdf != certificate_pdf(certificate(), public_url="")
    words = words_of(pdf)
    assert f"本件已于2025年6月10日作废：{REPLACED}" in words


def test_a_list_of_many_contracts() -> None:
    row = RegistrationList(content=LISTED, digest=digest_of(LISTED))
    pdf = list_pdf(row, public_url="https://market.example.cn")
    words = words_of(pdf)
    assert words.count("登记编号") >= 2  # the header stands on every page
    for part in ("2025320281000040", "4,000.00", "3,200.00", "40项", "非大额合同", "100.00＊", CODE):
        assert part in words
    void = RegistrationList(content=LISTED, digest=row.digest, voided_at=NOW, void_reason="选错合同")
    assert "作废：选错合同" in words_of(list_pdf(void, public_url=""))


@pytest.mark.parametrize("status", [Status.REGISTERED, Status.REVOKED])
def test_a_verification_of_income(status: Status) -> None:
    contract = Contract(
        status=status,
        reg_no="2025320281000012",
        registered_on=date(2025, 6, 10),
        ended_on=date(2025, 8, 1),
        project_name="膜法水处理工艺开发",
        type_code="KF",
        station=Organisation(name="江阴市技术合同登记站"),
        seller=ContractParty(name="江南某大学"),
        buyer=ContractParty(name="江阴澄清环境工程有限公司"),
        total_amount_fen=100_000_000,
        tech_amount_fen=80_000_000,
    )
    row = IncomeVerification(
        number="HD2025-320281-7-0001",
        contract=contract,
        received_from=date(2025, 1, 1),
        received_to=date(2025, 3, 31),
        received_fen=50_000_000,
        deducted_fen=10_000_000,
        income_fen=40_000_000,
        decided_at=NOW,
    )
    words = words_of(income_pdf(row, names=Names({}, {}, {})))
    for part in ("HD2025-320281-7-0001", "40.00万元", "人民币肆拾万元整", "未申报", "2025年3月31日"):
        assert part in words
    assert ("所依据的合同登记已撤销（2025年8月1日）" in words) == (status is Status.REVOKED)


def test_what_the_code_on_paper_leads_to() -> None:
    assert verification_address(CODE, public_url="") == CODE
    url = verification_address(CODE, public_url="https://market.example.cn")
    assert url == f"https://market.example.cn/api/v1/verifications/{CODE}"


def test_only_foreign_money_is_explained() -> None:
    assert foreign_note({**CONTENT, "currency": "CNY", "foreign_amount": None}) is None
    yen = foreign_note({**CONTENT, "currency": "JPY", "foreign_amount": 2_000_000, "rate_source": None})
    assert yen == "合同以外币计价：JPY 2,000,000，按2025年5月20日汇率 7.8 折合人民币。"
