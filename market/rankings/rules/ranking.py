"""How contracts are shared among agencies, and how agencies are placed by what they brought about.

A contract counts once, however many agencies took part: its shares in basis points, and its amounts in
fen, are divided among them so that the parts add up to the whole. What nobody is credited with belongs
to nobody.

Ties: agencies whose figures are equal share a rank and the next rank is passed over (1, 1, 3), since
nothing that was counted puts one of them first. The two ranks, by number and by amount, stand beside each
other; the plan that asks for the ranking names both and prefers neither. The print goes by number, then
by amount, then by name and id, which decides lines on paper and nobody's rank.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

WHOLE_BP = 10_000
"""Basis points of a whole contract."""

BROKERAGE = "FW2"
"""Contracts of this subtype (技术中介) are not counted beside the contract they brokered: one deal."""

OBJECTION_DAYS = 7
"""Working days in which objections to a published ranking may be raised (公示期).

Unverified: usual in public notices of science bureaus; no source was read for rankings of agencies.
"""


@dataclass(frozen=True, slots=True)
class Credited:
    """A contract with the agencies credited with it.

    Attributes:
        contract_id: which.
        total_fen: whole value.
        tech_fen: technical part.
        shares_bp: share of each agency; at most 10,000 together.
    """

    contract_id: int
    total_fen: int
    tech_fen: int
    shares_bp: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """What an agency has of one contract."""

    share_bp: int
    total_fen: int
    tech_fen: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What an agency brought about; `deals` counts contracts it had any share in."""

    agency_id: int
    name: str
    deals: int
    deals_share_bp: int
    total_fen: int
    tech_fen: int


@dataclass(frozen=True, slots=True)
class Place:
    """A standing with its two ranks and its line in the print, all from 1."""

    standing: Standing
    position: int
    rank_by_deals: int
    rank_by_amount: int


def share_text(share_bp: int) -> str:
    """Return basis points of a contract as a number of contracts with four places."""
    return format((Decimal(share_bp) / WHOLE_BP).quantize(Decimal("0.0001")), "f")


def split(whole: int, shares_bp: Sequence[int]) -> list[int]:
    """Divide a whole by shares so that parts and the rest nobody has add up to it exactly.

    By largest remainders (Hamilton's method): each gets its part rounded down, and what is then left
    goes, one by one, to the largest fractions; of equal fractions the earlier comes first, the rest last.

    Args:
        whole: not negative.
        shares_bp: each positive, together at most 10,000.

    Returns:
        One part for each share; the rest is left out.
    """
    if whole < 0 or min(shares_bp, default=1) <= 0 or sum(shares_bp) > WHOLE_BP:
        raise ValueError(f"cannot divide {whole} by {list(shares_bp)}")
    products = [whole * share for share in (*shares_bp, WHOLE_BP - sum(shares_bp))]
    parts = [product // WHOLE_BP for product in products]
    by_fraction = sorted(range(len(parts)), key=lambda place: -(products[place] % WHOLE_BP))
    for place in by_fraction[: whole - sum(parts)]:
        parts[place] += 1
    return parts[:-1]


def parts_of(contract: Credited) -> dict[int, Piece]:
    """Return what each agency has of a contract, by agency."""
    agencies = sorted(contract.shares_bp)
    shares = [contract.shares_bp[agency] for agency in agencies]
    totals, techs = split(contract.total_fen, shares), split(contract.tech_fen, shares)
    return {
        agency: Piece(share, total, tech)
        for agency, share, total, tech in zip(agencies, shares, totals, techs, strict=True)
    }


def standings(contracts: Iterable[Credited], names: Mapping[int, str]) -> list[Standing]:
    """Add up what each agency brought about; by agency.

    Args:
        contracts: each contract once.
        names: of all agencies that are credited.
    """
    found: dict[int, list[Piece]] = {}
    for contract in contracts:
        for agency, part in parts_of(contract).items():
            found.setdefault(agency, []).append(part)
    return [
        Standing(
            agency_id=agency,
            name=names[agency],
            deals=len(parts),
            deals_share_bp=sum(part.share_bp for part in parts),
            total_fen=sum(part.total_fen for part in parts),
            tech_fen=sum(part.tech_fen for part in parts),
        )
        for agency, parts in sorted(found.items())
    ]


def places(found: Iterable[Standing]) -> list[Place]:
    """Place agencies by number and by amount, in the order of print; see the module for ties.

    The number is that of contracts by shares, so that a contract of two agencies is not counted twice.
    """
    ordered = sorted(found, key=lambda row: (-row.deals_share_bp, -row.total_fen, row.name, row.agency_id))
    return [
        Place(
            standing=row,
            position=position,
            rank_by_deals=1 + sum(other.deals_share_bp > row.deals_share_bp for other in ordered),
            rank_by_amount=1 + sum(other.total_fen > row.total_fen for other in ordered),
        )
        for position, row in enumerate(ordered, start=1)
    ]
