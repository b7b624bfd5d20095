"""`market turnover …`: proving that the books agree, and making the counters anew."""

from __future__ import annotations

from typing import Any

import click

from market.turnover import service as turnover


@click.group("turnover", help="成交额台账。")
def turnover_group() -> None:
    """Group of ledger commands."""


@turnover_group.command("verify", help="核对合同、台账、计数器与流向，精确到分；不一致时退出码为 1。")
@click.pass_obj
def verify_turnover(context: Any) -> None:
    """Prove that contracts, ledger, counters and flows agree."""
    with context.database.reading() as session:
        report = turnover.verify(session)
    for books, sums in report.sums.items():
        click.echo(f"{turnover.BOOK_NAMES[books]}：{sums.deals} 项，{sums.total_fen} 分")
    if report.first is not None:
        click.echo(f"第一处差异：{report.first.text}")
        raise click.ClickException(f"{report.differing} 处不一致（共核对 {report.cells} 处）。")
    click.echo(f"四者一致（共核对 {report.cells} 处）")


@turnover_group.command("rebuild", help="按台账重算全部计数器与流向。")
@click.pass_obj
def rebuild_counters(context: Any) -> None:
    """Compute all counters and flows anew from the ledger."""
    with context.database.transaction() as session:
        rows = turnover.rebuild_counters(session)
    click.echo(f"已重算计数器与流向 {rows} 行")
