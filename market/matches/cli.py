"""`market matches …`: making suggestions, learning from decisions, and how good suggestions are."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from market.accounts.rules import OPERATOR
from market.clock import china_day
from market.matches import learning, quality, suggesting, weights
from market.matches.models import RankingWeights
from market.matches.rules import WeightsSource
from market.reference.queries import code_names
from market.reference.rules import Scheme
from market.search.documents import PART_NAMES
from market.search.queries import recorded_encoder

SOURCE_NAMES = {WeightsSource.SHIPPED: "随程序", WeightsSource.LEARNED: "学习所得"}
MOVES_PRINTED = 6


@click.group("matches", help="匹配建议。")
def matches_group() -> None:
    """Group of suggestion commands."""


@matches_group.command("suggest", help="为新发布的条目补做匹配建议和引荐。")
@click.pass_obj
def suggest(context: Any) -> None:
    """Work off the change log."""
    with context.database.reading() as session:
        total = suggesting.pending(session)
    with context.progress() as progress:
        task = progress.add_task("匹配", total=total)
        made = suggesting.catch_up(
            context.database,
            context.replica,
            context.clock,
            progress=lambda done: progress.advance(task, done),
        )
    click.echo(f"新增匹配建议 {made} 条（含引荐）")


@matches_group.command(
    "learn", help="由经纪人的推荐与否决学习排序权重；在留出的条目上确实更好才启用，否则只记录。"
)
@click.option("--dry-run", is_flag=True, help="只试算，不写入")
@click.option(
    "--share",
    type=click.FloatRange(0.1, 0.5),
    default=0.25,
    show_default=True,
    help="留作检验的条目所占比例",
)
@click.option("--seed", type=int, default=0, show_default=True, help="抽取检验条目的随机种子")
@click.pass_obj
def learn(context: Any, dry_run: bool, share: float, seed: int) -> None:
    """Fit weights to the decisions made, and use them if they are better."""
    with context.database.reading() as session:
        record = recorded_encoder(session)
        lesson = learning.study(
            session,
            weights.current_weights(session),
            encoder=record.key if record is not None else None,
            share=share,
            seed=seed,
        )
        reasons = code_names(session, Scheme.DECLINE_REASON)
    _print_lesson(context, lesson, reasons)
    note = _note(lesson)
    click.echo(note)
    if dry_run:
        click.echo("仅为试算，没有写入任何数据")
        return
    with context.database.transaction() as session:
        row = weights.record_learned(
            session,
            OPERATOR,
            lesson.new,
            prior=lesson.old.version,
            promote=lesson.better,
            examples=lesson.counts,
            figures=lesson.figures(),
            note=note,
            now=context.clock.now(),
        )
    if row.active:
        click.echo(f"已启用权重 {row.version}，各进程从下一次检索起使用")
    else:
        click.echo(f"已记录权重 {row.version}，仍用 {lesson.old.version}")


@matches_group.command("weights", help="列出排序权重的全部版本。")
@click.pass_obj
def list_weights(context: Any) -> None:
    """List all versions."""
    with context.database.reading() as session:
        rows = weights.list_versions(session)
    table = _table("版本", "来源", "记录于", "现用", "对数损失", "排序正确率")
    for row in rows:
        before, after = row.figures.get("before"), row.figures.get("after")
        table.add_row(
            row.version,
            SOURCE_NAMES[row.source],
            _day(row),
            "是" if row.active else "",
            *(_change(before, after, name) for name in ("log_loss", "order_quality")),
        )
    context.console.print(table)


@matches_group.command("rollback", help="改用另一个版本的排序权重（旧的或新的均可）。")
@click.argument("version")
@click.pass_obj
def rollback(context: Any, version: str) -> None:
    """Make another version the active one."""
    with context.database.transaction() as session:
        weights.activate(session, OPERATOR, version, now=context.clock.now())
    click.echo(f"已启用权重 {version}，各进程从下一次检索起使用")


@matches_group.command("quality", help="匹配质量：经纪人的采纳率与采纳者的排位。")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="只计这一天（北京时间）起的决定")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出")
@click.pass_obj
def show_quality(context: Any, since: datetime | None, as_json: bool) -> None:
    """Print how good suggestions are."""
    with context.database.reading() as session:
        found = quality.quality(session, OPERATOR, since=since.date() if since is not None else None)
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False, indent=2, default=date.isoformat))
        return
    for title, figures in (
        ("总计", [found.overall]),
        ("按技术领域", found.by_field),
        ("按模型", found.by_encoder),
        ("按权重", found.by_weights),
        ("按月", found.by_month),
    ):
        table = _table(title, "已决定", "已推荐", "采纳率", "平均倒数排位")
        for figure in figures:
            table.add_row(
                Text(figure.label),
                str(figure.decided),
                str(figure.accepted),
                _number(figure.acceptance_rate),
                _number(figure.mean_reciprocal_rank),
            )
        context.console.print(table)


def _print_lesson(context: Any, lesson: learning.Lesson, reasons: dict[str, str]) -> None:
    counts = lesson.counts
    click.echo(
        f"决定 {counts['decisions']} 条（推荐 {counts['recommended']}，因不匹配而否决 {counts['declined']}）"
        f"，涉及 {counts['groups']} 个条目；学习用 {counts['fitted']} 条，检验用 {counts['held_out']} 条"
    )
    for code, count in counts["silent"].items():
        click.echo(f"未用：以“{reasons.get(code, code)}”否决 {count} 条，与是否匹配无关")
    if counts["other_encoders"]:
        click.echo(f"未用：其他模型打分的 {counts['other_encoders']} 条")
    table = _table("检验条目上", f"现用 {lesson.old.version}", "新权重")
    for name, label in (
        ("log_loss", "对数损失（低者好）"),
        ("order_quality", "排序正确率（高者好）"),
        ("calibration_error", "校准误差（低者好）"),
    ):
        table.add_row(label, *(_number(getattr(one, name)) for one in (lesson.before, lesson.after)))
    table.add_row("碰巧的可能（低于0.05为好）", "", _number(lesson.chance))
    context.console.print(table)
    moved = _table("变动最大的权重", "原", "新")
    for name, old, new in lesson.moves()[:MOVES_PRINTED]:
        moved.add_row(PART_NAMES[name], f"{old:.2f}", f"{new:.2f}")
    context.console.print(moved)


def _note(lesson: learning.Lesson) -> str:
    if lesson.better:
        return "新权重在检验条目上更准，排序不差，启用。"
    faults = []
    if lesson.after.log_loss >= lesson.before.log_loss:
        faults.append("对数损失没有降低")
    if lesson.after.order_quality < lesson.before.order_quality:
        faults.append("排序变差")
    if lesson.chance >= learning.SURE:
        faults.append("排序正确可能是碰巧")
    return f"不启用新权重：{'；'.join(faults)}。"


def _table(*columns: str) -> Table:
    table = Table()
    for number, name in enumerate(columns):
        table.add_column(name, justify="left" if number == 0 else "right", overflow="fold")
    return table


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}"


def _change(before: dict[str, float] | None, after: dict[str, float] | None, name: str) -> str:
    return "—" if before is None or after is None else f"{before[name]:.3f}→{after[name]:.3f}"


def _day(row: RankingWeights) -> str:
    # Shipped weights are listed before anybody has recorded them.
    recorded: datetime | None = row.created_at
    return "—" if recorded is None else china_day(recorded).isoformat()
