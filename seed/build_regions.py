"""Writes `reference/regions.csv` from the GB/T 2260 table that python-stdnum carries.

Run `python -m seed.build_regions` after python-stdnum was upgraded, read the difference, commit the file.
Nothing else reads the table of python-stdnum: the programs see only the CSV. `reference/SOURCES.md` says
what the columns mean and how far they can be trusted.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

REGIONS_CSV = Path(__file__).parent / "reference" / "regions.csv"
HEADER = ("code", "name", "level", "parent_code", "valid_from", "valid_to")

NATION = "000000"

# Names that head a group of codes in the standard and name no place. Their members hang under the
# province, so that people see 北京市 > 海淀区 and 湖北省 > 仙桃市.
HEADINGS = frozenset(
    {
        "市辖区",
        "县",
        "市",
        "省直辖行政单位",
        "省直辖县级行政单位",
        "省直辖县级行政区划",
        "自治区直辖县级行政单位",
        "自治区直辖县级行政区划",
    }
)

# Corrections in the notation of the table itself; an empty text removes the code. Each says why.
CORRECTIONS: Mapping[str, str] = {
    # Absent from the table, which does end 下城区 and 江干区 in 2021. The codes are those of public lists.
    "330113": "[2021-]临平区",
    "330114": "[2021-]钱塘区",
    # No years in the table, so it would still be valid beside 421300 随州市. The years are those left open
    # between 420619 (to 1986), 420681 (1989 to 1994) and 421300 (from 2000), which name the same place.
    "429001": "[1986-1989]随州市,[1994-2000]随州市",
    # The only place under this heading is 神农架林区, today 429021. The year of the change is not known,
    # and a second valid code would split its figures.
    "422900": "",
    "422921": "",
    # The headings as the National Bureau of Statistics prints them today; the table has an older wording.
    "419000": "[1986-]省直辖县级行政区划",
    "429000": "[1986-]省直辖县级行政区划",
    "469000": "[2002-]省直辖县级行政区划",
    "659000": "[1986-]自治区直辖县级行政区划",
}

# A few names of the table stand in traditional characters. A general converter would turn 乾县 into 干县.
SIMPLIFIED = str.maketrans("達區嶺員會", "达区岭员会")

_PROVINCE_LINE = re.compile(r'(\d{2}) province="[^"]+"')
_REGION_LINE = re.compile(r'  (\d{4}) county="([^"]+)"')
_OPEN = 9999
_PERIOD = re.compile(r"(?:\[(\d{4})?-(\d{4})?\])?([^\[\],]+)")


@dataclass(frozen=True, slots=True, order=True)
class Region:
    """One name of one code.

    Attributes:
        code: six digits of GB/T 2260.
        valid_from: first day as ISO 8601, or empty if older than the table.
        valid_to: last day as ISO 8601, or empty if still valid.
        name: full name in simplified characters.
        level: `nation`, `province`, `prefecture` or `county`.
        parent_code: code of the region above, empty for the nation.
    """

    code: str
    valid_from: str
    valid_to: str
    name: str
    level: str
    parent_code: str


def parse_periods(text: str) -> list[tuple[str, str, str]]:
    """Read the names one code has had, such as `[1983-1999]郊区,[2000-]滨湖区`.

    The table gives years only. Both bounding years are inclusive, as python-stdnum itself reads them.
    Where one year is given to two names of the code, the later name has it, so that a code means one
    place on any day; a name that then keeps no year (the table has a few like `[1983-1982]`) is left out.

    Returns:
        First day, last day (ISO 8601, empty where open) and name, in the order of the text.

    Raises:
        ValueError: the text does not follow the notation.
    """
    found = []
    for part in text.split(","):
        match = _PERIOD.fullmatch(part)
        if match is None:
            raise ValueError(f"not a dated name: {part!r}")
        first, last, name = match.groups()
        found.append((int(first or 0), int(last or _OPEN), name.translate(SIMPLIFIED)))
    starts = [first for first, _, _ in found[1:]] + [_OPEN + 1]
    periods = []
    for (first, stated_last, name), next_start in zip(found, starts, strict=True):
        last = min(stated_last, next_start - 1)
        if first <= last:
            periods.append((f"{first}-01-01" if first else "", f"{last}-12-31" if last < _OPEN else "", name))
    return periods


def read_table(lines: Iterable[str]) -> dict[str, str]:
    """Return the dated names of every six-digit code in the table of python-stdnum, uncorrected.

    Raises:
        ValueError: a line is neither a comment, a province nor a region.
    """
    table: dict[str, str] = {}
    province = ""
    for line in lines:
        text = line.rstrip("\n")
        if not text or text.startswith("#"):
            continue
        if match := _PROVINCE_LINE.fullmatch(text):
            province = match[1]
        elif match := _REGION_LINE.fullmatch(text):
            table[province + match[1]] = match[2]
        else:
            raise ValueError(f"unknown line: {text!r}")
    return table


def build_regions(table: Mapping[str, str]) -> list[Region]:
    """Return the nation and every corrected region, ordered by code, then by first day.

    Args:
        table: dated names by code, from `read_table`.

    Raises:
        ValueError: a dated name cannot be read.
    """
    corrected = {code: text for code, text in {**table, **CORRECTIONS}.items() if text}
    headings = {
        code
        for code, text in corrected.items()
        if code.endswith("00") and any(name in HEADINGS for _, _, name in parse_periods(text))
    }
    regions = [Region(NATION, "", "", "全国", "nation", "")]
    for code, text in corrected.items():
        level, parent_code = _place(code, headings)
        for valid_from, valid_to, name in parse_periods(text):
            regions.append(Region(code, valid_from, valid_to, name, level, parent_code))
    return sorted(regions)


def _place(code: str, headings: set[str]) -> tuple[str, str]:
    """Return the level of a code and the code above it."""
    province, prefecture = code[:2] + "0000", code[:4] + "00"
    if code == province:
        return "province", NATION
    if code == prefecture:
        return "prefecture", province
    return "county", province if prefecture in headings else prefecture


def write_regions(regions: Iterable[Region], path: Path) -> None:
    """Write the regions as UTF-8 CSV with LF line ends, replacing the file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows([getattr(region, column) for column in HEADER] for region in regions)


def main() -> None:
    """Rebuild the CSV from the installed python-stdnum."""
    text = files("stdnum.cn").joinpath("loc.dat").read_text(encoding="utf-8")
    write_regions(build_regions(read_table(text.splitlines())), REGIONS_CSV)


if __name__ == "__main__":
    main()
