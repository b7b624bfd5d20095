"""`market reference …`: code tables and the calendar, from CSV files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from market.errors import NotFound
from market.reference import readers, service

Rows = Iterable[Mapping[str, Any]]

FILES: tuple[tuple[str, Callable[[Path], Rows], Callable[[Session, Rows], int]], ...] = (
    ("regions.csv", readers.read_regions, service.load_regions),
    ("parks.csv", readers.read_parks, service.load_parks),
    ("codes.csv", readers.read_codes, service.load_codes),
    ("region_successions.csv", readers.read_successions, service.load_successions),
    ("calendar_days.csv", readers.read_calendar, service.load_calendar),
)
"""What `load` looks for in a folder, in the order in which the tables depend on each other."""


@click.group("reference", help="代码表、行政区划与工作日历。")
def reference_group() -> None:
    """Group of commands on reference data."""


@reference_group.command("load")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.pass_obj
def load(context: Any, folder: Path) -> None:
    """载入目录中的代码表（目录中有哪个文件就载入哪个）；有一处错误就全部不载入，可重复运行。"""
    found = [entry for entry in FILES if (folder / entry[0]).is_file()]
    if not found:
        names = "、".join(name for name, _, _ in FILES)
        raise NotFound(f"目录中没有可载入的文件（{names}）。", code="no-reference-files")
    with context.database.transaction() as session:
        counts = [(name, write(session, read(folder / name))) for name, read, write in found]
    for name, count in counts:
        click.echo(f"{name}：{count} 行")


@reference_group.command("calendar")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def calendar(context: Any, file: Path) -> None:
    """载入国务院办公厅公布的节假日与调休（列：day,workday,name,source；workday 填 yes 或 no）。"""
    with context.database.transaction() as session:
        count = service.load_calendar(session, readers.read_calendar(file))
    click.echo(f"{file.name}：{count} 天")
