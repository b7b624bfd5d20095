"""`market import KIND FILE`: needs, achievements, contracts, and the entries of each register."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from market.accounts.rules import OPERATOR
from market.errors import MarketError
from market.exchange.rules.runs import KIND_NAMES, REGISTERS, ImportKind, ImportOptions, Mode, Result
from market.exchange.service import ImportPlan, ImportReport, plan_import, run_import, write_report
from market.exchange.service.mapping_file import (
    MappingFile,
    read_mapping_file,
    require_mapping_suffix,
    write_mapping_file,
)
from market.exchange.service.report import require_report_suffix

ERRORS_PRINTED = 20


class ImportFailed(click.ClickException):
    """The file or an option is unusable; nothing was begun."""

    exit_code = 2


@click.group("import")
def import_group() -> None:
    """从 .csv、.xlsx、.jsonl 文件导入；可重复运行，已有且未变的行不受影响"""


def _pairs(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for value in values:
        name, equals, rest = value.partition("=")
        if not equals or not name.strip():
            raise click.BadParameter(f"应写成“名称=值”，而不是“{value}”")
        pairs[name.strip()] = rest.strip()
    return pairs


def _command(kind: ImportKind, help_text: str, *more: click.Option) -> click.Command:
    parameters: list[click.Parameter] = [
        click.Argument(["file"], type=click.Path(exists=True, dir_okay=False, path_type=Path)),
        click.Option(["--map", "columns"], multiple=True, callback=_pairs, metavar="列=字段",
                     help="指定某列对应的字段；字段留空则不导入该列；金额可带单位，如 预算=budget_fen:万元"),
        click.Option(["--set", "defaults"], multiple=True, callback=_pairs, metavar="字段=值",
                     help="某字段未填时的取值，如 tech_field=07"),
        click.Option(["--sheet"], help="工作表名称；默认取第一张有内容的可见表"),
        click.Option(["--mapping"], type=click.Path(exists=True, dir_okay=False, path_type=Path),
                     help="从 .toml 或 .json 文件读取列与字段的对应；--map、--set 优先"),
        click.Option(["--save-mapping"], type=click.Path(dir_okay=False, writable=True, path_type=Path),
                     help="把这次的对应关系存入 .toml 或 .json 文件，供下次 --mapping 使用"),
        click.Option(["--dry-run"], is_flag=True, help="只检查，不写入"),
        click.Option(["--skip-bad-rows/--all-or-nothing"], default=kind is ImportKind.CONTRACTS,
                     help="跳过有错的行，或有一行出错即全部不导入；默认"
                     + ("跳过" if kind is ImportKind.CONTRACTS else "全部不导入")),
        click.Option(["--report"], type=click.Path(dir_okay=False, writable=True, path_type=Path),
                     help="把出错的行写入 .csv 或 .xlsx 文件"),
        *more,
    ]  # fmt: skip

    @click.pass_context
    def run(
        ctx: click.Context,
        *,
        file: Path,
        columns: dict[str, str],
        defaults: dict[str, str],
        sheet: str | None,
        mapping: Path | None,
        save_mapping: Path | None,
        dry_run: bool,
        skip_bad_rows: bool,
        report: Path | None,
        organisation: str | None,
        publish: bool = False,
        confirm_unit: bool = False,
        draft: bool = False,
    ) -> None:
        try:
            kept = MappingFile() if mapping is None else read_mapping_file(mapping)
            options = ImportOptions(
                kind=kind,
                mode=Mode.SKIP_BAD_ROWS if skip_bad_rows else Mode.ALL_OR_NOTHING,
                dry_run=dry_run,
                publish=publish,
                organisation=organisation,
                columns={**kept.columns, **columns},
                defaults={**kept.defaults, **defaults},
                words=kept.words,
                sheet=sheet,
                confirm_unit=confirm_unit,
                draft=draft,
            )
            bad_rows = _import(ctx, file, options, report=report, save_mapping=save_mapping)
        except MarketError as error:
            details = dict.fromkeys([error.detail, *(fault.detail for fault in error.fields)])
            raise ImportFailed("\n".join(details) + f"（{error.code}）") from error
        if bad_rows:
            ctx.exit(1)

    return click.Command(kind.value, params=parameters, callback=run, help=help_text)


def _owner(name: str, help_text: str) -> click.Option:
    return click.Option([f"--{name}", "organisation"], metavar="单位", help=help_text)


def _publish() -> click.Option:
    return click.Option(["--publish"], is_flag=True, help="导入并发布；默认为草稿，不能被检索")


def _draft() -> click.Option:
    return click.Option(["--draft"], is_flag=True, help="只存为草稿；默认提交核对，由主管部门核对后列入")


def _confirm_unit() -> click.Option:
    help_text = "金额单位已核对无误；不给出时，中位数与同类合同相差千倍以上的文件不导入"
    return click.Option(["--confirm-unit"], is_flag=True, help=help_text)


ONE_OWNER = "所有行的单位：编号、统一社会信用代码或名称；不给出则每行自报单位"
ENTRY_UNIT = "所有条目的所属单位：编号、统一社会信用代码或名称；不给出则每行自报，也可以没有"

import_group.add_command(
    _command(ImportKind.NEEDS, "导入技术需求", _owner("organisation", ONE_OWNER), _publish())
)
import_group.add_command(
    _command(ImportKind.ACHIEVEMENTS, "导入科技成果", _owner("organisation", ONE_OWNER), _publish())
)
import_group.add_command(
    _command(
        ImportKind.CONTRACTS,
        "导入已在别处登记的技术合同",
        _owner("station", "所有合同的登记机构：编号、统一社会信用代码或名称；不给出则每行自报登记机构"),
        _confirm_unit(),
    )
)

for each in ImportKind:
    if each in REGISTERS:
        help_text = f"导入{KIND_NAMES[each]}，提交核对"
        import_group.add_command(_command(each, help_text, _owner("organisation", ENTRY_UNIT), _draft()))


def _import(
    ctx: click.Context,
    file: Path,
    options: ImportOptions,
    *,
    report: Path | None,
    save_mapping: Path | None,
) -> bool:
    """Import a file and say what came of it; returns whether there were bad rows."""
    context, console = ctx.obj, Console()
    if report is not None:
        require_report_suffix(report)
    if save_mapping is not None:
        require_mapping_suffix(save_mapping)
    with file.open("rb") as stream:
        with context.database.reading() as session:
            plan = plan_import(session, OPERATOR, stream=stream, file_name=file.name, options=options)
        _print_plan(console, plan)
        if save_mapping is not None:
            kept = MappingFile.of(plan.mapping, defaults=options.defaults, words=options.words)
            write_mapping_file(save_mapping, kept)
        with _progress() as progress:
            task = progress.add_task("检查" if options.dry_run else "导入", total=plan.source.row_count)
            done = run_import(
                context.database,
                OPERATOR,
                plan,
                encoder=context.encoder if options.publish or options.kind in REGISTERS else None,
                ledger=context.ledger if options.kind is ImportKind.CONTRACTS else None,
                clock=context.clock,
                progress=lambda rows: progress.advance(task, rows),
            )
    if report is not None:
        write_report(report, done.errors)
    _print_result(console, done, report)
    return bool(done.errors)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    return Progress(*columns, console=console, disable=not sys.stderr.isatty())


def _print_plan(console: Console, plan: ImportPlan) -> None:
    where = f"，工作表“{plan.source.sheet}”" if plan.source.sheet is not None else ""
    kind = KIND_NAMES[plan.options.kind]
    console.print(
        f"{plan.file_name}{where}：{plan.source.row_count} 行{kind}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    table = Table(title="列与字段的对应")
    for name in ("列", "字段", "含义", "依据"):
        table.add_column(name, overflow="fold")
    for mapped in plan.mapping.columns:
        label = mapped.field.label + (f"（{mapped.unit}）" if mapped.unit else "")
        chosen = "指定" if mapped.chosen else "推测"
        table.add_row(Text(mapped.column), mapped.field.name, label, chosen)
    for name, value in plan.options.defaults.items():
        table.add_row("—", Text(name), Text(f"未填时取 {value}"), "指定")
    for column in plan.mapping.unmapped:
        table.add_row(Text(column), "—", "不导入", "—")
    console.print(table)


def _print_result(console: Console, done: ImportReport, report: Path | None) -> None:
    run = done.run
    for error in done.errors[:ERRORS_PRINTED]:
        place = "".join(f" {part}" for part in (error.position, error.column) if part)
        console.print(
            f"第 {error.row} 行{place}：{error.detail}", markup=False, highlight=False, soft_wrap=True
        )
    if len(done.errors) > ERRORS_PRINTED:
        console.print(f"…… 另有 {len(done.errors) - ERRORS_PRINTED} 处错误")
    counts = (
        f"共 {run.rows} 行：新增 {run.created}，更新 {run.updated}，未变 {run.unchanged}，出错 {run.failed}"
    )
    ending = "有错，全部未导入" if run.result is Result.REJECTED else "完成"
    if run.dry_run:
        ending = "仅为检查，没有写入任何数据"
    console.print(f"{counts}。{ending}。（导入记录 {run.id}）", highlight=False, soft_wrap=True)
    if report is not None:
        console.print(f"报告已写入 {report}", markup=False, highlight=False, soft_wrap=True)
