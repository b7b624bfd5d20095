"""Imports over HTTP: small files, in one transaction. Large ones go through the command line."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from market.accounts.auth import current_actor, current_user_id
from market.contracts.api import current_ledger
from market.errors import violation
from market.exchange import queries
from market.exchange.rules.runs import REGISTERS, ImportKind, ImportOptions
from market.exchange.schemas import ImportFile, ImportInput, ImportView
from market.exchange.service import import_within, plan_import
from market.http.edge import now, reading, transaction
from market.http.idempotency import HEADER_DOC, once
from market.http.schema import MarketBlueprint
from market.search.access import current_encoder, index_changed

blp = MarketBlueprint("exchange", __name__, description="批量导入")

MAX_ROWS = 5000
"""Rows of a file that a request may bring: the transaction must end within the patience of other writers."""

MAX_ENTRIES = 500
"""The same of entries of registers, each of which takes many steps."""


@blp.route("/imports", methods=["POST"])
@blp.doc(**HEADER_DOC)
@blp.arguments(ImportInput, location="form")
@blp.arguments(ImportFile, location="files")
@blp.response(201, ImportView)
def create_import(form: dict[str, Any], files: dict[str, Any]) -> Any:
    """导入需求、成果、已登记合同或清单和库的条目；可重复提交，已有且未变的行不受影响"""
    upload = files["file"]
    options = ImportOptions(
        kind=form["kind"],
        mode=form["mode"],
        dry_run=form["dry_run"],
        publish=form["publish"],
        organisation=form["organisation"],
        columns=_pairs(form["map"]),
        defaults=_pairs(form["set"]),
        sheet=form["sheet"],
        confirm_unit=form["confirm_unit"],
        draft=form["draft"],
    )
    searched = options.publish or options.kind in REGISTERS
    with closing(upload), transaction() as session:
        actor = current_actor(session)

        def work() -> Any:
            plan = plan_import(
                session, actor, stream=upload.stream, file_name=upload.filename or "", options=options
            )
            most = MAX_ENTRIES if options.kind in REGISTERS else MAX_ROWS
            if plan.source.row_count > most:
                raise violation(
                    "/file", "too-many-rows", f"在线导入每次不超过{most}行，请拆分文件或联系管理员。"
                )
            return import_within(
                session,
                actor,
                plan,
                encoder=current_encoder() if searched else None,
                ledger=current_ledger() if options.kind is ImportKind.CONTRACTS else None,
                now=now(),
            ).run

        answer = once(session, current_user_id(actor), work, schema=ImportView, status=201, now=now())
    if searched and not options.dry_run:
        index_changed()
    return answer


@blp.route("/imports/<int:import_id>")
@blp.response(200, ImportView)
def get_import(import_id: int) -> Any:
    """查看一次导入的结果；仅本人、本单位和管理员可见"""
    with reading() as session:
        return queries.get_import(session, current_actor(session), import_id)


def _pairs(texts: list[str]) -> dict[str, str]:
    return {name.strip(): value.strip() for name, _, value in (text.partition("=") for text in texts)}
