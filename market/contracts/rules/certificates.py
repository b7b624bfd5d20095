"""Rules of what a station hands out: codes to check it by, numbers, amounts in words."""

from __future__ import annotations

import secrets

CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O and U, so that a code can be read aloud and typed from paper."""

CODE_LENGTH = 20
"""100 random bits: too many to find a code by trying."""

GROUP = 4
_MISREAD = str.maketrans("OIL", "011")

REPLACED = "已由变更后的证明取代"
CHANGED = "合同登记已变更"
CANCELLED = "合同登记已注销"
REVOKED = "合同登记已撤销"
"""Why certificates and lists become void. Readers of a verification see these words, and no others."""

REASON_LENGTH = 200

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_UNITS = ((10**8, "亿"), (10**4, "万"), (1000, "仟"), (100, "佰"), (10, "拾"))


def new_code() -> str:
    """Return a new verification code, as `7QK2-M0ZT-9D4V-XW1C-HB6E`."""
    return _grouped("".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH)))


def normal_code(text: str) -> str | None:
    """Return a code as it is stored, whatever case, blanks and hyphens it was typed with.

    O is taken for 0, I and L for 1, as Crockford's alphabet provides. None where it cannot be a code.
    """
    plain = "".join(character for character in text.upper() if not character.isspace() and character != "-")
    plain = plain.translate(_MISREAD)
    if len(plain) != CODE_LENGTH or not set(plain) <= set(CODE_ALPHABET):
        return None
    return _grouped(plain)


def _grouped(plain: str) -> str:
    return "-".join(plain[at : at + GROUP] for at in range(0, len(plain), GROUP))


def certificate_number(reg_no: str, serial: int) -> str:
    """Return the number of a contract's `serial`-th certificate; the first one is 1."""
    return f"{reg_no}-{serial:02d}"


def serial_prefix(kind: str, *, year: int, area: str, station_id: int) -> str:
    """Return what all numbers of a kind begin with that a station gives in a year.

    Args:
        kind: `QD` for lists (清单), `HD` for verifications of income (核定).
        year: of the day it is given.
        area: region code of the station.
        station_id: tells apart the stations of one region.
    """
    return f"{kind}{year:04d}-{area}-{station_id}-"


def amount_in_words(amount_fen: int) -> str:
    """Return an amount in the capital numerals of bills, as 壹佰万元整.

    Follows 《支付结算办法》附一《正确填写票据和结算凭证的基本规定》 (中国人民银行, 1997).

    Raises:
        ValueError: the amount is negative, or too long for the numerals.
    """
    if not 0 <= amount_fen <= 10**15:
        raise ValueError(f"{amount_fen} fen cannot be written in words")
    yuan, rest = divmod(amount_fen, 100)
    jiao, fen = divmod(rest, 10)
    words = f"{_whole_in_words(yuan)}元" if yuan else ""
    if not rest:
        return f"{words or '零元'}整"
    if jiao:
        words += f"{_DIGITS[jiao]}角"
    elif yuan:
        words += "零"
    return words + (f"{_DIGITS[fen]}分" if fen else "整")


def _whole_in_words(number: int) -> str:
    for unit, name in _UNITS:
        if number >= unit:
            high, low = divmod(number, unit)
            zero = "零" if 0 < low * 10 < unit else ""  # once, however many places are empty
            return f"{_whole_in_words(high)}{name}{zero}{_whole_in_words(low)}"
    return _DIGITS[number] if number else ""
