"""`market seed …`: reference data, the sample market, and the thread run through it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from market import migrations
from market.app import create_app
from market.clock import FixedClock
from seed import challenge, loaders, reach, records, sample, thread
from seed.person import DemoFailed

FAREWELL = f"""
接着运行 make serve，在浏览器中打开 http://127.0.0.1:8000/docs ，即可亲自操作。
样例用户的密码均为 {records.PASSWORD}，
例如技术经纪人 {thread.BROKER}、登记员 {thread.REGISTRAR}、主管部门 {thread.BUREAU}。"""


@click.group(help="基础数据与样例市场。")
def seed_group() -> None:
    """Group of seed commands."""


@seed_group.command("reference", help="载入代码表、登记规则与材料、指数口径和计划目标；可重复运行。")
@click.pass_obj
def load_reference(context: Any) -> None:
    """Load the code tables."""
    try:
        with context.database.transaction() as session:
            counts = loaders.load_reference(session)
    except loaders.SeedError as error:
        raise click.ClickException(f"基础数据有误：{error}") from error
    for name, count in counts.items():
        click.echo(f"{name}：{count} 行")


@seed_group.command("demo", help="载入样例市场，走完两条线：揭榜挂帅，以及从需求到成交额。")
@click.pass_obj
def run_demo(context: Any) -> None:
    """Load the sample market and run the thread through its API."""
    if context.settings.sample_day is None:
        raise click.ClickException("样例市场须在固定日期中运行，请用 make demo，或设置 MARKET_SAMPLE_DAY。")
    migrations.upgrade(context.database.engine)
    with context.progress() as progress:
        summary = sample.load(
            context.database,
            context.encoder,
            ledger=context.ledger,
            day=context.settings.sample_day,
            progress=progress,
        )
    click.echo(summary.text)
    today = context.clock.now()
    clock = FixedClock(today)
    # A whole city signs in from one address here.
    settings = replace(context.settings, login_limit="1000 per minute")
    app = create_app(settings, database=context.database, clock=clock, encoder=context.encoder)
    made = sample.suggest(context.database, app, clock)
    click.echo(f"匹配建议和引荐 {made} 条")
    try:
        click.echo("\n════ 上篇　揭榜挂帅：从一条说不清的需求到通过验收的节点（2025年9月至11月） ════")
        challenge.run(app.test_client(), click.echo, clock=clock)
        clock.moment = today
        click.echo("\n════ 下篇　一条线：从需求到成交额，再由数字溯源到需求 ════")
        thread.run(app.test_client(), click.echo, folder=context.settings.data_dir / "样例文件")
        reach.run(app.test_client(), click.echo, clock=clock)
        click.echo(FAREWELL)
    except DemoFailed as error:
        message = f"演示中断（样例市场可能已演示过，请用 make demo 重来）：{error}"
        raise click.ClickException(message) from error
