"""`market contracts …`: the rules registration stands under, and the papers handed in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from market.contracts import readers
from market.contracts.service import papers, rulebook
from market.storage import open_store


@click.group("contracts", help="技术合同登记。")
def contracts_group() -> None:
    """Group of commands on contracts."""


@contracts_group.command("rules")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.pass_obj
def load_rules(context: Any, folder: Path) -> None:
    """载入登记规则各版本（registration_rules.csv）与应交材料（document_requirements.csv）；可重复运行。"""
    with context.database.transaction() as session:
        rules = rulebook.load_rules(session, readers.read_rules(folder / "registration_rules.csv"))
        required = rulebook.load_requirements(
            session, readers.read_requirements(folder / "document_requirements.csv")
        )
    click.echo(f"registration_rules.csv：{rules} 行")
    click.echo(f"document_requirements.csv：{required} 行")


@contracts_group.command("sweep")
@click.pass_obj
def sweep_papers(context: Any) -> None:
    """清除文件库中没有登记、存放超过一天的文件"""
    with context.database.reading() as session:
        removed = papers.sweep(open_store(context.settings), session, now=context.clock.now())
    click.echo(f"已清除文件 {removed} 个")
