"""What the forms of agencies and consortia must obey besides their schema."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import is_valid_uscc
from market.db import AdvisoryLock, advisory_lock
from market.errors import violation
from market.libraries.models import RegisterEntry
from market.libraries.queries.filings import find_filing
from market.libraries.queries.kinds import may_be_found


def check_agency(
    session: Session, values: Mapping[str, Any], entry: RegisterEntry | None, today: date
) -> None:
    """Demand days in order, and a right code; no other entry of region and category is of the agency.

    Raises:
        RuleViolation: a filing ahead, or one that ends before it begins; a wrong code; an agency that is on
            the register already.
    """

    def held(name: str) -> Any:
        return values[name] if name in values else getattr(entry, name, None)

    filed, until, uscc = held("filed_on"), held("valid_until"), held("uscc")
    if filed is not None and filed > today:
        raise violation("/filed_on", "day-ahead", "备案（联通）日期不能晚于今天。")
    if filed is not None and until is not None and until < filed:
        raise violation("/valid_until", "dates-out-of-order", "有效期的最后一天不能早于备案日期。")
    if uscc is not None and not is_valid_uscc(uscc):
        raise violation("/uscc", "bad-uscc", "统一社会信用代码不正确。", source="GB 32100-2015")
    # No constraint reaches from code and name to the region, which stand in two tables.
    advisory_lock(session, AdvisoryLock.CHAIN_ENTERPRISES)
    known = find_filing(
        session,
        held("region_code"),
        category=held("category"),
        uscc=uscc,
        title=held("title"),
        apart_from=entry.id if entry else None,
    )
    if known is None:
        return
    # It may be somebody else's draft, so that it is named only where anyone may read it.
    where = f"已在名录上（条目 {known.id}）" if may_be_found(session, known) else "已由本地区的单位提出"
    pointer = "/uscc" if uscc is not None and known.uscc == uscc else "/title"
    raise violation(pointer, "agency-known", f"该类别中的这家机构{where}，不能重复提出。")


def check_consortium(
    _session: Session, values: Mapping[str, Any], entry: RegisterEntry | None, today: date
) -> None:
    """Demand that a consortium has been founded.

    Raises:
        RuleViolation: on a day ahead.
    """
    founded = values["founded_on"] if "founded_on" in values else getattr(entry, "founded_on", None)
    if founded is not None and founded > today:
        raise violation("/founded_on", "day-ahead", "组建日期不能晚于今天。")
