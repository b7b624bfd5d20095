"""Whole registers over HTTP: counts, checks of many entries, files."""

from __future__ import annotations

from typing import Any

from market.accounts.auth import current_actor
from market.http.edge import now, reading, transaction
from market.http.files import BINARY, made_answer
from market.libraries.api.blueprint import blp
from market.libraries.printing import MEDIA_TYPES, SheetFormat, sheets_file
from market.libraries.queries import registers as queries
from market.libraries.rules import REGISTER_NAMES, EntryAction
from market.libraries.schemas.entries import (
    RegisterCheckedView,
    RegisterCheckInput,
    RegisterCountArgs,
    RegisterCountView,
)
from market.libraries.schemas.registers import RegisterFileArgs
from market.libraries.service import entries as service
from market.libraries.service.registers import export_register
from market.search.access import current_encoder, index_changed


@blp.route("/registers")
@blp.arguments(RegisterCountArgs, location="query")
@blp.response(200, RegisterCountView(many=True))
def count_registers(args: dict[str, Any]) -> Any:
    """按状态统计各清单和库的条目数（所在地主管部门）"""
    with reading() as session:
        return queries.count_registers(session, current_actor(session), region_code=args["region"])


@blp.route("/registers/<register>/checks", methods=["POST"])
@blp.arguments(RegisterCheckInput)
@blp.response(200, RegisterCheckedView)
def check_register(form: dict[str, Any], register: str) -> Any:
    """一次核对多个条目，全部成功或全部不变（所在地主管部门）"""
    decision = EntryAction(form.pop("decision"))
    with transaction() as session:
        entries = service.check_register(
            session, current_actor(session), queries.get_register(register), decision=decision, **form,
            encoder=current_encoder(), now=now(),
        )  # fmt: skip
    index_changed()
    return {"checked": len(entries), "ids": [entry.id for entry in entries]}


@blp.route("/registers/<register>/files/<any(xlsx, csv):file_format>")
@blp.arguments(RegisterFileArgs, location="query")
@blp.response(200, BINARY, content_type="application/octet-stream")
def get_register_file(args: dict[str, Any], register: str, file_format: str) -> Any:
    """导出清单或库现有的在列条目（所在地主管部门）"""
    chosen, which, region = SheetFormat(file_format), queries.get_register(register), args.pop("region")
    with transaction() as session:  # who took a copy, and when, is written down
        found = export_register(session, current_actor(session), which, region_code=region, now=now())
        content = sheets_file(
            session, found.rows, title=found.title, notes=(found.note,), created_at=now(),
            file_format=chosen, **args, office=True,
        )  # fmt: skip
    return made_answer(content, name=f"{REGISTER_NAMES[which]}.{chosen}", media_type=MEDIA_TYPES[chosen])
