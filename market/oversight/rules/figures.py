"""What a conversion report states, and how it is held against what the market counts itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from market.errors import FieldError
from market.oversight.rules.reports import REPORT_LAW
from market.typesetting.amounts import wan_text


class Unit(StrEnum):
    """What a figure is counted in."""

    COUNT = "count"
    PEOPLE = "people"
    FEN = "fen"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the report.

    Attributes:
        key: name of the field.
        name: what the form calls it.
        unit: what it is counted in.
        basis: what the market computes it from; None where it knows nothing of it.
        part_of: figure that holds this one.
    """

    key: str
    name: str
    unit: Unit
    basis: str | None = None
    part_of: str | None = None


CONTRACT_FIGURES: Mapping[str, tuple[str, str]] = {
    "transfers": ("ZR", "转让"),
    "licences": ("XK", "许可"),
    "developments": ("KF", "技术开发"),
    "consultings": ("ZX", "技术咨询"),
    "services": ("FW", "技术服务"),
}
"""Stem of the keys to contract type and name."""


def _contract_figures() -> Iterator[Figure]:
    for stem, (_, name) in CONTRACT_FIGURES.items():
        basis = f"本单位为卖方、当年登记且现仍有效的{name}合同"
        yield Figure(f"{stem}_count", f"{name}合同项数", Unit.COUNT, basis)
        yield Figure(f"{stem}_fen", f"{name}合同成交额", Unit.FEN, basis)
        if stem == "transfers":
            # Technology given for equity is registered as a transfer; no field of the form tells it apart.
            yield Figure("equity_count", "其中：作价投资项数", Unit.COUNT, part_of="transfers_count")
            yield Figure("equity_fen", "其中：作价投资金额", Unit.FEN, part_of="transfers_fen")


FIGURES: tuple[Figure, ...] = (
    Figure("achievements_obtained", "依法取得的科技成果数", Unit.COUNT),
    Figure("achievements_published", "在本市场发布的科技成果数", Unit.COUNT, "当年在本市场发布的科技成果"),
    *_contract_figures(),
    Figure(
        "income_fen",
        "核定的技术性收入",
        Unit.FEN,
        "收款期间止于当年、已核定的技术性收入",
    ),
    Figure("bonus_fen", "向有关人员发放的奖酬金", Unit.FEN, "上述核定中申报的奖酬金"),
    Figure("transfer_staff", "专职从事成果转化的人数", Unit.PEOPLE),
)
"""Achievements obtained, how they were put to use, how the income was shared: what article 21 asks for."""

FIGURE_OF: Mapping[str, Figure] = {figure.key: figure for figure in FIGURES}
COMPUTED = tuple(figure.key for figure in FIGURES if figure.basis is not None)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure as declared and as the market computes it; None where one of them says nothing."""

    figure: Figure
    declared: int | None
    computed: int | None
    explanation: str | None

    @property
    def difference(self) -> int | None:
        """Declared less computed."""
        if self.declared is None or self.computed is None:
            return None
        return self.declared - self.computed

    @property
    def differs(self) -> bool:
        """Whether both are known and not the same."""
        return bool(self.difference)


def prefilled(computed: Mapping[str, int]) -> dict[str, int | None]:
    """Return the figures a draft starts with: those computed, the others empty."""
    return {figure.key: computed.get(figure.key) for figure in FIGURES}


def compared(
    figures: Mapping[str, int | None], *, computed: Mapping[str, int], explanations: Mapping[str, str]
) -> list[Comparison]:
    """Set what is declared beside what is computed, in the order of the form."""
    return [
        Comparison(
            figure, figures.get(figure.key), computed.get(figure.key), explanations.get(figure.key) or None
        )
        for figure in FIGURES
    ]


def report_faults(
    figures: Mapping[str, int | None], *, computed: Mapping[str, int], explanations: Mapping[str, str]
) -> Iterator[FieldError]:
    """Find what keeps a report from being handed in.

    Args:
        figures: as declared, by key.
        computed: as the market's own records say, by key.
        explanations: why a figure differs, by key.
    """
    for row in compared(figures, computed=computed, explanations=explanations):
        figure = row.figure
        if row.declared is None:
            yield FieldError(
                f"/figures/{figure.key}", "figure-missing", f"请填写“{figure.name}”，没有的填0。", REPORT_LAW
            )
        elif row.differs and row.explanation is None:
            yield FieldError(
                f"/explanations/{figure.key}",
                "difference-unexplained",
                f"“{figure.name}”填报{_shown(figure, row.declared)}，"
                f"本市场统计为{_shown(figure, row.computed or 0)}，请说明差异原因。",
            )
        whole = figures.get(figure.part_of) if figure.part_of is not None else None
        if row.declared is not None and whole is not None and row.declared > whole:
            yield FieldError(
                f"/figures/{figure.key}",
                "part-exceeds-whole",
                f"“{figure.name}”不能大于“{FIGURE_OF[figure.part_of or ''].name}”。",
            )


def _shown(figure: Figure, value: int) -> str:
    return f"{wan_text(value)}万元" if figure.unit is Unit.FEN else f"{value}{_UNIT_NAMES[figure.unit]}"


_UNIT_NAMES = {Unit.COUNT: "项", Unit.PEOPLE: "人"}
