"""Reading lists of codes, and checking that a value stands in one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.errors import FieldError, RuleViolation
from market.reference.models import CodeEntry, Park, Region
from market.reference.rules import Scheme

SCHEME_NAMES: Mapping[Scheme, str] = {
    Scheme.TECH_FIELD: "技术领域",
    Scheme.CONTRACT_TYPE: "合同类别",
    Scheme.CONTRACT_SUBTYPE: "合同小类",
    Scheme.PARTY_NATURE: "单位性质",
    Scheme.IP_KIND: "知识产权类型",
    Scheme.LICENCE_KIND: "许可方式",
    Scheme.PAYMENT_MODE: "支付方式",
    Scheme.PLAN_SOURCE: "计划来源",
    Scheme.SEO: "社会经济目标",
    Scheme.INDUSTRY_SECTION: "行业门类",
    Scheme.INDUSTRY: "国民经济行业",
    Scheme.TRL: "技术成熟度",
    Scheme.NEED_TYPE: "需求类型",
    Scheme.SCENARIO_TYPE: "场景类型",
    Scheme.COOPERATION_MODE: "合作方式",
    Scheme.TRANSFER_MODE: "转化方式",
    Scheme.PRICING_MODE: "定价方式",
    Scheme.ACHIEVEMENT_STAGE: "成果阶段",
    Scheme.ACHIEVEMENT_ATTRIBUTE: "成果属性",
    Scheme.CHAIN: "产业链",
    Scheme.REFUSAL_REASON: "不予登记理由",
    Scheme.DECLINE_REASON: "否决理由",
    Scheme.RECOMMEND_REASON: "推荐理由",
    Scheme.FAILURE_REASON: "未成交原因",
    Scheme.PARTY_COUNTRY: "国家（地区）",
    Scheme.PARK_KIND: "园区类型",
    Scheme.DOCUMENT_KIND: "材料种类",
    Scheme.CURRENCY: "币种",
    Scheme.ROYALTY_BASE: "提成基数",
    Scheme.REVOCATION_REASON: "撤销登记理由",
    Scheme.ATTRIBUTION_ROLE: "促成作用",
    Scheme.CUSTOMS_COUNTRY: "海关国别（地区）代码",
    Scheme.RESOURCE_CATEGORY: "创新资源类别",
    Scheme.RECOGNITION_LEVEL: "认定级别",
    Scheme.EVALUATION_GRADE: "评价等次",
    Scheme.ENTERPRISE_TAG: "企业称号",
    Scheme.TALENT_ROLE: "人才角色",
    Scheme.BROKER_LEVEL: "技术经理人等级",
    Scheme.PROJECT_CATEGORY: "项目类别",
    Scheme.PROJECT_STAGE: "项目阶段",
    Scheme.TECHNOLOGY_PROGRESS: "攻关进展",
    Scheme.AGENCY_CATEGORY: "机构类别",
    Scheme.AGENCY_TIER: "机构层级",
    Scheme.CONSORTIUM_KIND: "联合体类别",
    Scheme.CONDUCT_GROUND: "红黑榜事由",
}


def list_codes(session: Session, scheme: Scheme) -> list[CodeEntry]:
    """Return a list of codes in its own order."""
    return list(
        session.scalars(
            select(CodeEntry).where(CodeEntry.scheme == scheme).order_by(CodeEntry.sort, CodeEntry.code)
        )
    )


def code_names(session: Session, scheme: Scheme) -> dict[str, str]:
    """Return code to name; read once per session, as forms ask many times."""
    cache: dict[Scheme, dict[str, str]] = session.info.setdefault("code_names", {})
    if scheme not in cache:
        cache[scheme] = {entry.code: entry.name for entry in list_codes(session, scheme)}
    return cache[scheme]


def check_codes(session: Session, values: Iterable[tuple[str, Scheme, str | None]]) -> None:
    """Refuse codes that stand in no list.

    Args:
        session: open session.
        values: JSON pointer, list and value of each; None values are passed over.

    Raises:
        RuleViolation: `unknown-code`, with every value at fault.
    """
    wrong = [
        FieldError(pointer, "unknown-code", f"{SCHEME_NAMES[scheme]}中没有代码“{value}”。")
        for pointer, scheme, value in values
        if value is not None and value not in code_names(session, scheme)
    ]
    if wrong:
        raise RuleViolation("有代码不在代码表中。", code="unknown-code", fields=tuple(wrong))


def check_region(session: Session, code: str, *, pointer: str) -> Region:
    """Return the region with this code.

    Raises:
        RuleViolation: `unknown-code`.
    """
    region = session.get(Region, code)
    if region is None:
        detail = f"行政区划代码表中没有“{code}”。"
        raise RuleViolation(
            detail, code="unknown-code", fields=(FieldError(pointer, "unknown-code", detail),)
        )
    return region


def check_park(session: Session, code: str | None, *, pointer: str) -> None:
    """Refuse a park code that is not in the table; None is allowed.

    Raises:
        RuleViolation: `unknown-code`.
    """
    if code is not None and session.get(Park, code) is None:
        detail = f"园区表中没有“{code}”。"
        raise RuleViolation(
            detail, code="unknown-code", fields=(FieldError(pointer, "unknown-code", detail),)
        )


def customs_to_iso(session: Session) -> dict[str, str]:
    """Return the customs code of a country or region to its ISO 3166-1 numeric code.

    The two lists share numbers with different meanings (344 is 俄罗斯 to the customs and 中国香港 to
    ISO), so a file must say which of them it uses; a code cannot be told by its look.
    """
    return {
        entry.code: entry.parent_code
        for entry in list_codes(session, Scheme.CUSTOMS_COUNTRY)
        if entry.parent_code is not None
    }
