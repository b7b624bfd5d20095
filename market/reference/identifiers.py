"""Numbers with check digits that stand in listings: Chinese patent application numbers."""

from __future__ import annotations

import re

_PATENT = re.compile(r"(?:ZL)?(\d{12}|\d{8})\.([0-9X])", re.ASCII)


def patent_number_fault(raw: str) -> str | None:
    """Say in Chinese what is wrong with a patent application number; None if nothing is.

    From October 2003 on: year 4, kind 1, serial 7, a point and a check digit; before: year 2, kind 1,
    serial 5. Check digit: weights 2 to 9 repeating from the left, sum modulo 11, ten written X.
    `ZL` in front means granted. Publication numbers (CN...) are another series and are not accepted.
    """
    match = _PATENT.fullmatch(raw.strip().upper().replace(" ", ""))
    if match is None:
        return "专利申请号应为12位（2003年10月前为8位）数字加“.”和校验位，如 201710601862.3。"
    digits, check = match.groups()
    total = sum(int(digit) * (2 + i % 8) for i, digit in enumerate(digits))
    if "0123456789X"[total % 11] != check:
        return "专利申请号的校验位不正确。"
    return None
