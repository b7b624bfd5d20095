"""The rules registration stands under, over HTTP; open to anyone."""

from __future__ import annotations

from typing import Any

from market.clock import china_day
from market.contracts.api.blueprint import blp
from market.contracts.queries import rulebook
from market.contracts.schemas.rulebook import RequirementArgs, RequirementView, RuleSetView
from market.http.edge import now, reading


@blp.route("/registration-rules")
@blp.response(200, RuleSetView(many=True))
def list_rules() -> Any:
    """列出登记规则的各个版本（期限、大额标准、出处），旧的在前"""
    with reading() as session:
        return list(rulebook.rule_sets(session))


@blp.route("/document-requirements")
@blp.arguments(RequirementArgs, location="query")
@blp.response(200, RequirementView(many=True))
def list_requirements(args: dict[str, Any]) -> Any:
    """列出申请登记应交的材料，必交的在前；可按合同类别、按某日有效的规则"""
    day = args["day"] or china_day(now())
    with reading() as session:
        rules = rulebook.rule_set_on(session, day)
        return rulebook.list_requirements(session, rules, type_code=args["type_code"])
