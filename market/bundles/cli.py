"""`market bundles …`: releasing what is due; meant to be run once a day."""

from __future__ import annotations

from typing import Any

import click

from market.accounts.rules import OPERATOR
from market.bundles.queries import due_bundles
from market.bundles.service.releasing import prepare_release, release_bundle
from market.clock import china_day
from market.errors import MarketError


@click.group("bundles", help="成果包。")
def bundles_group() -> None:
    """Group of commands on bundles."""


@bundles_group.command("release-due", help="发布到期的成果包并推送；有不能发布的，说明原因，退出码为 1。")
@click.pass_obj
def release_due(context: Any) -> None:
    """Release all drafts whose day has come, each in a transaction of its own."""
    with context.database.reading() as session:
        due = [
            (bundle.id, bundle.title) for bundle in due_bundles(session, today=china_day(context.clock.now()))
        ]
    refused = 0
    for bundle_id, title in due:
        replica, now = context.replica, context.clock.now()
        try:
            with context.database.reading() as session:
                prepared = prepare_release(session, OPERATOR, bundle_id, replica=replica, now=now)
            with context.database.transaction() as session:
                release_bundle(session, OPERATOR, bundle_id, prepared=prepared, now=now)
        except MarketError as error:
            refused += 1
            click.echo(f"未发布：{bundle_id} {title}。{error.detail}（{error.code}）", err=True)
        else:
            click.echo(f"已发布：{bundle_id} {title}")
    click.echo(f"到期成果包 {len(due)} 个，发布 {len(due) - refused} 个")
    if refused:
        raise click.ClickException(f"有 {refused} 个成果包未能发布")
