"""Red and black lists over HTTP, and what asks them first: recording a yearly evaluation.

Views parse, name the actor, open the transaction and call one function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.auth import current_actor, find_current_actor
from market.accounts.rules import Actor
from market.clock import china_day
from market.conduct import queries, service
from market.conduct.models import ConductRecord
from market.conduct.rules import Action
from market.conduct.schemas import (
    ConductAppealDecisionInput,
    ConductArgs,
    ConductCheckInput,
    ConductDecisionInput,
    ConductEventView,
    ConductInput,
    ConductNoteInput,
    ConductPleaInput,
    ConductView,
    ConductWholeView,
)
from market.http.edge import now, page_request, reading, transaction
from market.http.etag import versioned
from market.http.schema import MarketBlueprint, page_of
from market.libraries.schemas.agencies import EvaluationInput, EvaluationView

blp = MarketBlueprint("conduct", __name__, description="红黑榜：提出、核对、公示告知、异议、列入、移出与申诉")


def _take(work: Callable[[Session, Actor], ConductRecord], status: int = 200) -> Any:
    """Do the work in a transaction, and answer the record as the actor sees it."""
    with transaction() as session:
        actor = current_actor(session)
        seen = queries.see(session, actor, work(session, actor), day=china_day(now()))
    return versioned(seen, status)


@blp.route("/conduct-records", methods=["POST"])
@blp.arguments(ConductInput)
@blp.response(201, ConductWholeView)
def propose_record(form: dict[str, Any]) -> Any:
    """提出红黑榜记录，须附证据（所在地主管部门）"""
    return _take(lambda session, actor: service.propose_record(session, actor, form=form, now=now()), 201)


@blp.route("/conduct-records")
@blp.arguments(ConductArgs, location="query")
@blp.response(200, page_of(ConductView))
def list_records(args: dict[str, Any]) -> Any:
    """列出可见的红黑榜记录，新的在前；任何人可看现行在列的"""
    page = page_request(args)
    with reading() as session:
        return queries.list_records(
            session, find_current_actor(session), page=page, day=china_day(now()), **args
        )


@blp.route("/conduct-records/<int:conduct_id>")
@blp.response(200, ConductWholeView)
def get_record(conduct_id: int) -> Any:
    """查看红黑榜记录；证据只有所在地主管部门可见，异议申诉及答复所涉主体也可见"""
    with reading() as session:
        actor = find_current_actor(session)
        return versioned(queries.read_record(session, actor, conduct_id, day=china_day(now())))


@blp.route("/conduct-records/<int:conduct_id>/checks", methods=["POST"])
@blp.arguments(ConductCheckInput)
@blp.response(200, ConductWholeView)
def check_record(form: dict[str, Any], conduct_id: int) -> Any:
    """核对记录，通过的即开始公示告知（所在地主管部门，提出人除外）"""
    return _take(lambda session, actor: service.check_record(session, actor, conduct_id, **form, now=now()))


@blp.route("/conduct-records/<int:conduct_id>/objections", methods=["POST"])
@blp.arguments(ConductPleaInput)
@blp.response(201, ConductWholeView)
def object_to(form: dict[str, Any], conduct_id: int) -> Any:
    """公示告知期内提出异议（记录所涉的单位或本人；主管部门可代为登记书面异议）"""
    return _take(lambda session, actor: service.object_to(session, actor, conduct_id, **form, now=now()), 201)


@blp.route("/conduct-records/<int:conduct_id>/decisions", methods=["POST"])
@blp.arguments(ConductDecisionInput)
@blp.response(200, ConductWholeView)
def decide_record(form: dict[str, Any], conduct_id: int) -> Any:
    """处理异议，期满后列入，或终止列入（所在地主管部门，提出人除外）"""
    decision = Action(form["decision"])
    return _take(
        lambda session, actor: service.decide_record(
            session, actor, conduct_id, decision=decision, note=form["note"], now=now()
        )
    )


@blp.route("/conduct-records/<int:conduct_id>/removals", methods=["POST"])
@blp.arguments(ConductNoteInput)
@blp.response(200, ConductWholeView)
def remove_record(form: dict[str, Any], conduct_id: int) -> Any:
    """提前移出，如完成信用修复（所在地主管部门，提出人除外）"""
    return _take(lambda session, actor: service.remove_record(session, actor, conduct_id, **form, now=now()))


@blp.route("/conduct-records/<int:conduct_id>/appeals", methods=["POST"])
@blp.arguments(ConductPleaInput)
@blp.response(201, ConductWholeView)
def appeal_against(form: dict[str, Any], conduct_id: int) -> Any:
    """列入后提出申诉（记录所涉的单位或本人；主管部门可代为登记书面申诉）"""
    return _take(
        lambda session, actor: service.appeal_against(session, actor, conduct_id, **form, now=now()), 201
    )


@blp.route("/conduct-records/<int:conduct_id>/appeal-decisions", methods=["POST"])
@blp.arguments(ConductAppealDecisionInput)
@blp.response(200, ConductWholeView)
def decide_appeal(form: dict[str, Any], conduct_id: int) -> Any:
    """处理申诉，成立的即移出（所在地主管部门，没有提出、核对、决定过该记录的人）"""
    return _take(lambda session, actor: service.decide_appeal(session, actor, conduct_id, **form, now=now()))


@blp.route("/conduct-records/<int:conduct_id>/events")
@blp.response(200, ConductEventView(many=True))
def list_events(conduct_id: int) -> Any:
    """查看办理经过（所在地主管部门；记录所涉的单位或本人，不含经办人和内部意见）"""
    day = china_day(now())
    with reading() as session:
        actor = current_actor(session)
        return queries.list_events(
            session, actor, queries.get_record(session, actor, conduct_id, day=day), day=day
        )


@blp.route("/entries/<int:entry_id>/evaluations", methods=["POST"])
@blp.arguments(EvaluationInput)
@blp.response(201, EvaluationView)
def record_evaluation(form: dict[str, Any], entry_id: int) -> Any:
    """记录资源或机构的年度评价，失信限制期内的新型研发机构除外（所在地主管部门）"""
    with transaction() as session:
        return service.record_evaluation(session, current_actor(session), entry_id, form=form, now=now())
