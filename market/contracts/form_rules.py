"""What the registration form must say, and what makes two forms the same contract."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from market.accounts.rules import is_valid_uscc
from market.contracts.rules import RuleSet, amount_fault
from market.errors import FieldError

CHINA_CODE = "156"
"""China in ISO 3166-1 numeric; parties of any other country or area make a contract 涉外."""

NATURAL_PERSON = "910"
FOREIGN_COMPANY = "930"
"""Codes of party natures that have rules of their own (自然人, 境外企业)."""

LICENCE = "XK"
TRANSFER = "ZR"
ORDINARY_LICENCE = "ordinary"
"""A licence that does not say which kind it is counts as 普通许可 (法释〔2004〕20号，第25条)."""

USCC_SINCE = date(2015, 10, 1)
"""Unified social credit codes are issued from this day; older contracts may name parties without one."""


def contract_identity(
    *, seller: str, buyer: str, project_name: str, total_amount_fen: int, signed_on: date
) -> str:
    """Return a digest that is equal for two entries of the same contract (一次登记).

    Args:
        seller: the seller's credit code, or its name where it has none.
        buyer: the same of the buyer.
        project_name: full name; width of characters and blanks do not matter.
        total_amount_fen: whole value.
        signed_on: day of signing.

    Returns:
        64 hexadecimal digits.
    """
    parts = [seller, buyer, project_name, str(total_amount_fen), signed_on.isoformat()]
    plain = ("".join(unicodedata.normalize("NFKC", part).split()).casefold() for part in parts)
    return hashlib.sha256("\n".join(plain).encode()).hexdigest()


def form_faults(form: Mapping[str, Any], *, rules: RuleSet, today: date) -> list[FieldError]:
    """Find what is wrong with a registration form by itself, without asking any code table.

    Args:
        form: a complete form: every field of `Contract` that a person fills in, None where empty,
            `seller` and `buyer` as mappings.
        rules: the rule set it stands under.
        today: no contract is signed later than this day.

    Returns:
        All faults, with JSON pointers; empty if there are none.
    """
    return [
        *_kind_faults(form, rules),
        *_money_and_time_faults(form, today),
        *_party_faults("/seller", form["seller"], form["signed_on"]),
        *_party_faults("/buyer", form["buyer"], form["signed_on"]),
        *_self_dealing(form),
    ]


def _kind_faults(form: Mapping[str, Any], rules: RuleSet) -> Iterator[FieldError]:
    kind = form["type_code"]
    if kind not in rules.types:
        yield FieldError(
            "/type_code", "type-not-in-rules", f"{rules.version}年版认定登记规则没有合同类别“{kind}”。"
        )
    if kind == LICENCE and form["licence_kind"] is None:
        yield FieldError("/licence_kind", "licence-kind-missing", "技术许可合同请填写许可方式。")
    if kind != LICENCE and form["licence_kind"] is not None:
        yield FieldError("/licence_kind", "licence-kind-not-applicable", "只有技术许可合同才填写许可方式。")
    if kind == TRANSFER and rules.needs_forecast:
        for name, label in (("new_input_fen", "预计新增投入"), ("new_output_fen", "预计新增产值")):
            if form[name] is None:
                yield FieldError(f"/{name}", "forecast-missing", f"技术转让合同请填写{label}。")


def _money_and_time_faults(form: Mapping[str, Any], today: date) -> Iterator[FieldError]:
    total = form["total_amount_fen"]
    fault = amount_fault(total_amount_fen=total, tech_amount_fen=form["tech_amount_fen"])
    if fault is not None:
        yield FieldError("/total_amount_fen" if total <= 0 else "/tech_amount_fen", "bad-amount", fault)
    if form["signed_on"] > today:
        yield FieldError("/signed_on", "signed-in-future", "签订日期不能晚于今天。")
    start, end = form["valid_from"], form["valid_to"]
    if end is not None and end < (start or form["signed_on"]):
        yield FieldError("/valid_to", "bad-period", "有效期的截止日期不能早于起始日期。")


def _party_faults(pointer: str, party: Mapping[str, Any], signed_on: date) -> Iterator[FieldError]:
    nature, uscc = party["nature_code"], party["uscc"]
    if party["country_code"] == CHINA_CODE:
        if party["region_code"] is None:
            yield FieldError(f"{pointer}/region_code", "region-missing", "境内当事人请填写行政区划代码。")
        if nature == FOREIGN_COMPANY:
            yield FieldError(
                f"{pointer}/country_code", "country-mismatch", "境外企业请填写所在国家（地区）。"
            )
        if uscc is None and nature != NATURAL_PERSON and signed_on >= USCC_SINCE:
            yield FieldError(f"{pointer}/uscc", "uscc-missing", "境内单位请填写统一社会信用代码。")
    elif party["region_code"] is not None or party["park_code"] is not None:
        yield FieldError(
            f"{pointer}/region_code", "region-not-applicable", "境外当事人不填写行政区划代码和园区。"
        )
    if uscc is None:
        return
    if nature == NATURAL_PERSON:
        # An identity card's number has 18 characters too and must not end up here.
        yield FieldError(
            f"{pointer}/uscc", "uscc-not-applicable", "自然人不填写信用代码，也不得填写身份证号。"
        )
    elif not is_valid_uscc(uscc):
        yield FieldError(
            f"{pointer}/uscc", "uscc-invalid", "统一社会信用代码有误：应为18位且校验码正确（GB 32100-2015）。"
        )


def _self_dealing(form: Mapping[str, Any]) -> Iterator[FieldError]:
    seller, buyer = form["seller"], form["buyer"]
    if seller["uscc"] is not None and seller["uscc"] == buyer["uscc"]:
        yield FieldError("/buyer/uscc", "same-party", "买方和卖方不能是同一单位。")
