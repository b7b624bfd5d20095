"""What the registration form must say. Each fault names the law or standard its rule comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from market.accounts.rules import is_valid_uscc
from market.contracts.rules import RuleSet, Side, amount_fault, converted_fen, rate_of
from market.errors import FieldError
from market.reference.rules import MINOR_DIGITS

CHINA_CODE = "156"
"""China in ISO 3166-1 numeric; parties of any other country or area make a contract 涉外."""

NATURAL_PERSON = "910"
FOREIGN_COMPANY = "930"
"""Codes of party natures that have rules of their own (自然人, 境外企业)."""

LICENCE = "XK"
TRANSFER = "ZR"
BROKERAGE = "FW2"
ORDINARY_LICENCE = "ordinary"
"""A licence that does not say which kind it is counts as 普通许可 (法释〔2004〕20号，第25条)."""

YUAN = "CNY"
FOREIGN_MONEY = ("foreign_amount", "exchange_rate", "rate_on", "rate_source")
"""What a contract in another currency states, and one in yuan does not."""

ROYALTIES = frozenset({"royalty", "royalty_with_entry_fee"})
"""Payment modes in which what is paid depends on what is earned (提成支付)."""

USCC_SINCE = date(2015, 10, 1)
"""Unified social credit codes are issued from this day; older contracts may name parties without one."""

INTERPRETATION = "最高人民法院关于审理技术合同纠纷案件适用法律若干问题的解释（法释〔2004〕20号）第25条"
CIVIL_CODE_PAYMENT = "民法典第846条"
OLD_FORM = "技术合同登记表（国科发政字〔2000〕063号办法）"
REGION_STANDARD = "技术合同登记表填表说明；GB/T 2260"
USCC_STANDARD = "GB 32100-2015"
CURRENCY_STANDARD = "ISO 4217"
BROKERAGE_RULE = "民法典第887条"
PLACE_RULE = "技术合同认定登记管理办法（国科发政字〔2000〕063号）：卖方向所在地的登记机构申请，一次登记"


def applicant_of(form: Mapping[str, Any]) -> Side:
    """Return who applies: the seller, or the buyer where technology is bought from abroad (技术进口)."""
    return Side.SELLER if form["seller"]["country_code"] == CHINA_CODE else Side.BUYER


def application_faults(form: Mapping[str, Any]) -> Iterator[FieldError]:
    """Find what a new application must say besides, which registrations of old may have left out."""
    if form["payment_mode"] in ROYALTIES:
        for name, label in (("royalty_base", "提成基数"), ("royalty_terms", "提成办法（比例、期限等）")):
            if form[name] is None:
                yield FieldError(
                    f"/{name}", "royalty-missing", f"提成支付的合同请填写{label}。", CIVIL_CODE_PAYMENT
                )


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
        *_currency_faults(form, today),
        *_royalty_faults(form),
        *_party_faults("/seller", form["seller"], form["signed_on"]),
        *_party_faults("/buyer", form["buyer"], form["signed_on"]),
        *_self_dealing(form),
    ]


def _kind_faults(form: Mapping[str, Any], rules: RuleSet) -> Iterator[FieldError]:
    kind = form["type_code"]
    if kind not in rules.types:
        yield FieldError(
            "/type_code",
            "type-not-in-rules",
            f"{rules.version}年版认定登记规则没有合同类别“{kind}”。",
            rules.source,
        )
    if kind == LICENCE and form["licence_kind"] is None:
        yield FieldError(
            "/licence_kind", "licence-kind-missing", "技术许可合同请填写许可方式。", INTERPRETATION
        )
    if kind != LICENCE and form["licence_kind"] is not None:
        yield FieldError("/licence_kind", "licence-kind-not-applicable", "只有技术许可合同才填写许可方式。")
    if form["brokered_id"] is not None and form["subtype_code"] != BROKERAGE:
        yield FieldError(
            "/brokered_id", "brokered-not-applicable", "只有技术中介合同才填写所促成的合同。", BROKERAGE_RULE
        )
    if kind == TRANSFER and rules.needs_forecast:
        for name, label in (("new_input_fen", "预计新增投入"), ("new_output_fen", "预计新增产值")):
            if form[name] is None:
                yield FieldError(f"/{name}", "forecast-missing", f"技术转让合同请填写{label}。", OLD_FORM)


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


def _currency_faults(form: Mapping[str, Any], today: date) -> Iterator[FieldError]:
    currency = form["currency"]
    if currency == YUAN:
        for name in FOREIGN_MONEY:
            if form[name] is not None:
                yield FieldError(
                    f"/{name}", "foreign-money-not-applicable", "人民币合同不填写外币金额和汇率。"
                )
        return
    missing = [name for name in FOREIGN_MONEY if form[name] is None]
    for name in missing:
        yield FieldError(
            f"/{name}", "foreign-money-missing", "外币合同请填写外币金额、汇率、汇率日期和汇率来源。"
        )
    if currency not in MINOR_DIGITS:
        detail = f"尚不知道货币“{currency}”的最小单位，不能折算。"
        yield FieldError("/currency", "currency-unknown", detail, CURRENCY_STANDARD)
    elif not missing:
        yield from _conversion_faults(form, MINOR_DIGITS[currency])
    if form["rate_on"] is not None and form["rate_on"] > today:
        yield FieldError("/rate_on", "rate-in-future", "汇率日期不能晚于今天。")


def _conversion_faults(form: Mapping[str, Any], minor_digits: int) -> Iterator[FieldError]:
    rate = rate_of(form["exchange_rate"])
    if rate is None:
        yield FieldError(
            "/exchange_rate", "bad-rate", "汇率应为大于零的小数，如“7.1058”，即一单位外币折合人民币元。"
        )
        return
    fen = converted_fen(form["foreign_amount"], rate=rate, minor_digits=minor_digits)
    if fen != form["total_amount_fen"]:
        detail = f"外币金额按汇率折合人民币{fen // 100}.{fen % 100:02d}元，与所填合同成交额不符。"
        yield FieldError("/total_amount_fen", "conversion-mismatch", detail)


def _royalty_faults(form: Mapping[str, Any]) -> Iterator[FieldError]:
    if form["payment_mode"] in ROYALTIES:
        return
    for name in ("royalty_base", "royalty_terms"):
        if form[name] is not None:
            yield FieldError(
                f"/{name}",
                "royalty-not-applicable",
                "只有提成支付的合同才填写提成基数和办法。",
                CIVIL_CODE_PAYMENT,
            )
    if form["amount_is_estimate"]:
        yield FieldError(
            "/amount_is_estimate",
            "estimate-not-applicable",
            "只有提成支付的合同，其金额才可以是暂估。",
            CIVIL_CODE_PAYMENT,
        )


def _party_faults(pointer: str, party: Mapping[str, Any], signed_on: date) -> Iterator[FieldError]:
    nature, uscc = party["nature_code"], party["uscc"]
    if party["country_code"] == CHINA_CODE:
        if party["region_code"] is None:
            yield FieldError(
                f"{pointer}/region_code", "region-missing", "境内当事人请填写行政区划代码。", REGION_STANDARD
            )
        if nature == FOREIGN_COMPANY:
            yield FieldError(
                f"{pointer}/country_code", "country-mismatch", "境外企业请填写所在国家（地区）。"
            )
        if uscc is None and nature != NATURAL_PERSON and signed_on >= USCC_SINCE:
            yield FieldError(
                f"{pointer}/uscc", "uscc-missing", "境内单位请填写统一社会信用代码。", USCC_STANDARD
            )
    elif party["region_code"] is not None or party["park_code"] is not None:
        yield FieldError(
            f"{pointer}/region_code",
            "region-not-applicable",
            "境外当事人不填写行政区划代码和园区。",
            REGION_STANDARD,
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
            f"{pointer}/uscc", "uscc-invalid", "统一社会信用代码有误：应为18位且校验码正确。", USCC_STANDARD
        )


def _self_dealing(form: Mapping[str, Any]) -> Iterator[FieldError]:
    seller, buyer = form["seller"], form["buyer"]
    if seller["uscc"] is not None and seller["uscc"] == buyer["uscc"]:
        yield FieldError("/buyer/uscc", "same-party", "买方和卖方不能是同一单位。")
