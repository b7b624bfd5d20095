"""The operator's commands: `market db|user|reference|index|matches|bundles|listings|contracts|turnover|…`.

Parts that are slow to open (the model, the index) are opened only by commands that need them.
"""

from __future__ import annotations

import getpass
import os
import sys
from functools import cached_property
from importlib.metadata import entry_points
from itertools import chain

import click
from rich.console import Console
from rich.progress import Progress
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from market import logs, migrations
from market.accounts import queries as accounts_queries
from market.accounts import service as accounts
from market.accounts.models import User
from market.accounts.rules import OPERATOR, Role
from market.bundles.cli import bundles_group
from market.clock import Clock, clock_of
from market.contracts.cli import contracts_group
from market.contracts.ledger import Ledger
from market.db import Base, Database
from market.errors import MarketError
from market.exchange.cli import import_group
from market.libraries.queries.findable import stream_findable as entries_found
from market.listings import service as listings
from market.listings.queries.findable import stream_findable as listings_found
from market.matches.cli import matches_group
from market.reference.cli import reference_group
from market.search.documents import Encoder, EngineError
from market.search.queries import count_lacking
from market.search.replica import (
    Difference,
    Replica,
    compare_stored,
    describe,
    drop_other_collections,
    hold_moment,
    make_replica,
    open_encoder,
    open_live_encoder,
    open_replica,
    put_right,
)
from market.search.service import drop_other_vectors, encode_missing, hold_change_log, switch_encoder
from market.settings import Settings, SettingsError
from market.turnover.cli import turnover_group
from market.turnover.ledger import TurnoverLedger


class Context:
    """What commands share; each part is opened on first use."""

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock: Clock = clock or clock_of(settings.sample_day)
        self.ledger: Ledger = TurnoverLedger()
        self.console = Console()

    @cached_property
    def database(self) -> Database:
        """The database named in the settings."""
        self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        return Database(self.settings.database_url)

    @cached_property
    def encoder(self) -> Encoder:
        """The model the market runs on; that of the settings on a new one."""
        return open_live_encoder(self.settings, self.database)

    @cached_property
    def replica(self) -> Replica:
        """This process's replica of the index."""
        return open_replica(self.settings, self.database, self.encoder)

    def progress(self) -> Progress:
        """Return a progress bar that stays silent where nobody watches."""
        return Progress(console=self.console, disable=not self.console.is_terminal)


class MarketGroup(click.Group):
    """Turns the market's errors into one Chinese line and exit code 1."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except MarketError as error:
            for fault in error.fields:
                click.echo(f"  {fault.pointer}：{fault.detail}", err=True)
            raise click.ClickException(f"{error.detail}（{error.code}）") from error
        except EngineError as error:
            raise click.ClickException(f"检索引擎无法启动：{error}") from error
        except (OperationalError, ProgrammingError) as error:
            raise click.ClickException(
                f"数据库出错，若尚未初始化请先运行 market db upgrade。原因：{error.orig}"
            ) from error


@click.group(cls=MarketGroup, help="城市技术市场的运维命令。")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Prepare what commands share."""
    if ctx.obj is None:
        try:
            ctx.obj = Context(Settings.from_env(os.environ))
        except SettingsError as error:
            raise click.ClickException(f"配置有误：{error}") from error
    logs.configure(as_json=ctx.obj.settings.log_json)


@cli.group("db", help="数据库结构。")
def db_group() -> None:
    """Group of schema commands."""


@db_group.command("upgrade", help="升级到最新结构。")
@click.option("--revision", default="head", show_default=True, help="目标版本")
@click.pass_obj
def upgrade(context: Context, revision: str) -> None:
    """Bring the schema up to date."""
    migrations.upgrade(context.database.engine, revision)
    click.echo(f"数据库结构版本：{migrations.current(context.database.engine)}")


@db_group.command("downgrade", help="退回到旧结构；会丢失新结构中的数据。")
@click.argument("revision")
@click.confirmation_option(prompt="确定要退回吗？")
@click.pass_obj
def downgrade(context: Context, revision: str) -> None:
    """Take the schema back."""
    migrations.downgrade(context.database.engine, revision)
    click.echo(f"数据库结构版本：{migrations.current(context.database.engine) or '空'}")


@db_group.command("status", help="显示当前与最新结构版本。")
@click.pass_obj
def db_status(context: Context) -> None:
    """Show the schema's revision and the newest one."""
    click.echo(f"当前：{migrations.current(context.database.engine) or '空'}，最新：{migrations.head()}")


@db_group.command("draft", help="（开发用）按模型与现有结构的差异起草一个迁移。")
@click.argument("message")
@click.pass_obj
def draft(context: Context, message: str) -> None:
    """Draft a migration."""
    migrations.draft(context.database.engine, Base.metadata, message)


@cli.group("user", help="用户。")
def user_group() -> None:
    """Group of user commands."""


@user_group.command("create", help="创建用户；首个管理员也由此创建。")
@click.argument("login")
@click.option("--name", required=True, help="姓名")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True, help="角色")
@click.option("--organisation", type=int, help="单位编号；管理员不填")
@click.option("--password-stdin", is_flag=True, help="从标准输入读取密码")
@click.pass_obj
def create_user(
    context: Context, login: str, name: str, role: str, organisation: int | None, password_stdin: bool
) -> None:
    """Create a user."""
    password = _ask_password(from_stdin=password_stdin)
    form = {"login": login, "name": name, "password": password, "role": role, "organisation_id": organisation}
    with context.database.transaction() as session:
        user = accounts.create_user(session, OPERATOR, form=form, now=context.clock.now())
    click.echo(f"已创建用户 {user.login}（编号 {user.id}，角色 {user.role.value}）")


@user_group.command("deactivate", help="停用用户。")
@click.argument("login")
@click.pass_obj
def deactivate_user(context: Context, login: str) -> None:
    """Shut a user out."""
    with context.database.transaction() as session:
        user = _user_named(session, login)
        accounts.deactivate_user(session, OPERATOR, user.id, now=context.clock.now())
    click.echo(f"已停用用户 {login}")


@user_group.command("activate", help="恢复已停用的用户。")
@click.argument("login")
@click.pass_obj
def activate_user(context: Context, login: str) -> None:
    """Let a user in again."""
    with context.database.transaction() as session:
        user = _user_named(session, login)
        accounts.activate_user(session, OPERATOR, user.id, now=context.clock.now())
    click.echo(f"已恢复用户 {login}")


@user_group.command("password", help="重设用户密码；其令牌随即失效。")
@click.argument("login")
@click.option("--password-stdin", is_flag=True, help="从标准输入读取密码")
@click.pass_obj
def reset_password(context: Context, login: str, password_stdin: bool) -> None:
    """Give a user a new password."""
    password = _ask_password(from_stdin=password_stdin)
    with context.database.transaction() as session:
        user = _user_named(session, login)
        accounts.reset_password(session, OPERATOR, user.id, new=password, now=context.clock.now())
    click.echo(f"已重设 {login} 的密码")


def _user_named(session: Session, login: str) -> User:
    user = accounts_queries.find_user_by_login(session, login.lower())
    if user is None:
        raise click.ClickException(f"没有登录名为 {login} 的用户。")
    return user


def _ask_password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("密码：")
    if password != getpass.getpass("再输一遍："):
        raise click.ClickException("两次输入的密码不一致。")
    return password


@cli.group("index", help="检索索引。")
def index_group() -> None:
    """Group of index commands."""


@index_group.command("rebuild", help="补齐现用模型的向量，从数据库重建索引。")
@click.pass_obj
def rebuild_index(context: Context) -> None:
    """Encode what has no vector of the market's model, then build the index anew."""
    # Not opened first: opening may build the index, and it would then be built twice.
    replica = make_replica(context.settings, context.database, context.encoder)
    encoded = _encode_missing(context, replica.encoder)
    click.echo(f"新编码 {encoded} 条，索引共 {replica.rebuild()} 条")
    replica.close()


@index_group.command(
    "reencode",
    help="把全部条目改用 MARKET_ENCODER 所指的模型编码，完成后整体切换。不用停服务；中断后再次运行即接着做。",
)
@click.option("--drop-old", is_flag=True, help="切换后删除其他模型的向量")
@click.pass_obj
def reencode(context: Context, drop_old: bool) -> None:
    """Encode everything with the settings' model beside the live index, then switch to it."""
    encoder = open_encoder(context.settings)
    encoded = _encode_missing(context, encoder)
    with context.database.transaction() as session:
        record = describe(context.settings, encoder, now=context.clock.now())
        encoded += switch_encoder(session, encoder, record)
    click.echo(f"新编码 {encoded} 条，现用模型：{encoder.key}")
    if drop_old:
        click.echo(f"已删除其他模型的向量 {drop_other_vectors(context.database)} 条")


def _encode_missing(context: Context, encoder: Encoder) -> int:
    with context.database.reading() as session:
        total = count_lacking(session, encoder.key)
    with context.progress() as progress:
        task = progress.add_task("编码", total=total)
        return encode_missing(context.database, encoder, progress=lambda done: progress.advance(task, done))


@index_group.command("status", help="显示索引与数据库的进度，以及各模型的向量数。")
@click.pass_obj
def index_status(context: Context) -> None:
    """Show where this machine's index stands."""
    status = context.replica.status()
    click.echo(f"引擎：{context.settings.engine}")
    click.echo(f"模型：{status.encoder}")
    click.echo(f"进度：{status.seq} / {status.last_seq}")
    for kind, count in status.stored.items():
        click.echo(f"{kind.value}：索引 {status.indexed[kind]} 条，数据库 {count} 条")
    for key, count in status.vectors.items():
        click.echo(f"向量 {key}：{count} 条")


@index_group.command("verify", help="逐条核对记录、可检索的内容、向量与索引；有差异时退出码为 1。")
@click.option("--repair", is_flag=True, help="先按记录改正可检索的内容和向量，再核对")
@click.pass_obj
def verify_index(context: Context, repair: bool) -> None:
    """Compare what is stored for the index with the records, and the index with what is stored."""
    encoder = context.encoder
    if repair:
        _encode_missing(context, encoder)
        with context.database.transaction() as session:
            hold_change_log(session)
            found = _compare_stored(session, encoder.key)
            click.echo(f"已改正 {put_right(session, encoder, found, now=context.clock.now())} 条")
    with context.database.reading() as session:
        hold_moment(session)
        found = _compare_stored(session, encoder.key)
    differences = [one.line for one in found]
    if any(one.lacks_vector for one in found):
        click.echo("有条目缺少向量，而打开索引就会补上，所以没有核对索引本身。")
    else:
        differences += context.replica.verify()
    for line in differences[:50]:
        click.echo(line)
    if differences:
        way = "market index verify --repair" if found else "market index rebuild"
        raise click.ClickException(f"共 {len(differences)} 处差异，请运行 {way}")
    click.echo("索引与数据库一致")


def _compare_stored(session: Session, encoder_key: str) -> list[Difference]:
    expected = chain(listings_found(session), entries_found(session))
    return compare_stored(session, expected, encoder_key=encoder_key)


@index_group.command("prune", help="删除 Milvus 服务器上本市场在现用模型以外的集合。")
@click.pass_obj
def prune_index(context: Context) -> None:
    """Delete what former models left on the Milvus server."""
    if context.settings.engine != "milvus":
        raise click.ClickException("仅在 MARKET_ENGINE=milvus 时使用。")
    dropped = drop_other_collections(context.settings, context.database, context.encoder)
    for name in dropped:
        click.echo(name)
    click.echo(f"已删除 {len(dropped)} 个集合")


@cli.group("listings", help="需求与成果。")
def listings_group() -> None:
    """Group of listing commands."""


@listings_group.command("expire", help="把过了有效期的条目转为已过期；每日运行一次。")
@click.pass_obj
def expire_listings(context: Context) -> None:
    """Expire listings whose last day has passed."""
    total = 0
    while True:
        with context.database.transaction() as session:
            count = listings.expire_due(session, now=context.clock.now())
        if not count:
            break
        total += count
    click.echo(f"已过期 {total} 条")


cli.add_command(reference_group)
cli.add_command(matches_group)
cli.add_command(bundles_group)
cli.add_command(contracts_group)
cli.add_command(turnover_group)
cli.add_command(import_group, "import")


def main() -> None:
    """Run the command line, with the commands that other packages offer."""
    for entry in entry_points(group="flask.commands"):
        if entry.module.startswith("seed"):
            cli.add_command(entry.load(), entry.name)
    cli()
