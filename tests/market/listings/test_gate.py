"""Needs at the gate: what is noted, asked back, decided, and counted."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import delete, inspect, select, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from market.accounts.rules import Actor, OrganisationKind
from market.audit.models import AuditEvent
from market.db import PageRequest
from market.errors import Conflict, PermissionDenied, RuleViolation
from market.listings import queries, service
from market.listings.models import Need, NeedAssessment, NeedQuestion, NeedTriage
from market.listings.rules import (
    CONTENT,
    GATE_VERSION,
    TRIAGED_IN,
    Action,
    GateCode,
    ListingKind,
    Status,
    Triage,
    Validation,
)
from tests.factories import NOW, make_organisation
from tests.market.listings.factories import (
    ENCODER,
    NAMES,
    SOLID,
    VAGUE,
    Cast,
    make_listing,
    make_solid_need,
    make_vague_need,
    put_into,
)
from tests.market.listings.refusals import code_of, faults

NEED = ListingKind.NEED
DECIDING = {"broker", "bureau", "admin"}


def assessments(session: Session, need: Need) -> list[NeedAssessment]:
    statement = select(NeedAssessment).where(NeedAssessment.need_id == need.id).order_by(NeedAssessment.id)
    return list(session.scalars(statement))


def validate(session: Session, actor: Actor, need: Need, result: Validation, **notes: str) -> Need:
    return service.validate_need(session, actor, need.id, result=result, **notes, now=NOW)


def ask(session: Session, actor: Actor, need: Need, *codes: GateCode, words: str = "请补充水质。") -> Any:
    return service.ask_questions(session, actor, need.id, codes=codes, words=words, now=NOW)


# --- assessments


def test_handing_in_notes_what_the_rules_find_and_drafts_are_only_looked_at(
    session: Session, cast: Cast
) -> None:
    need = make_vague_need(session, cast.organisation, status=Status.DRAFT)
    report = queries.assessment_of(session, cast.owner, need.id)
    assert (report.stored, list(report.triages), report.rule_version) == (None, [], GATE_VERSION)
    assert report.suggestion.triage is Triage.DIAGNOSE
    assert assessments(session, need) == []
    service.submit_listing(session, cast.owner, NEED, need.id, now=NOW)
    (stored,) = assessments(session, need)
    assert (stored.need_version, stored.rule_version, stored.at) == (need.version, GATE_VERSION, NOW)
    assert (stored.completeness, stored.findings) == (report.completeness, report.findings)
    assert (stored.suggested, stored.reasons) == (Triage.DIAGNOSE, list(report.suggestion.reasons))
    service.review_listing(
        session, cast.broker, NEED, need.id, decision=Action.RETURN, note="退回", encoder=ENCODER, now=NOW
    )
    service.edit_listing(session, cast.owner, NEED, need.id, changes=SOLID, version=need.version, now=NOW)
    live = queries.assessment_of(session, cast.owner, need.id)
    assert live.suggestion.triage is Triage.DIRECT
    assert live.stored is stored
    assert live.completeness > stored.completeness


@pytest.mark.parametrize("name", NAMES)
def test_assessments_and_questions_are_for_the_owner_and_those_who_decide(
    session: Session, cast: Cast, name: str
) -> None:
    need, actor = make_solid_need(session, cast.organisation), getattr(cast, name)
    if name in DECIDING | {"owner"}:
        assert queries.assessment_of(session, actor, need.id).need is need
        assert queries.list_questions(session, actor, need.id) == []
        return
    for read in (queries.assessment_of, queries.list_questions):
        with pytest.raises(PermissionDenied) as caught:
            read(session, actor, need.id)
        assert caught.value.code == "role-not-allowed"


def test_the_database_keeps_what_was_noted(session: Session, cast: Cast) -> None:
    need = make_vague_need(session, cast.organisation, status=Status.PENDING)
    put_into(session, cast.broker, need, Triage.DIAGNOSE)
    ask(session, cast.broker, need, GateCode.NO_GOAL)
    for model in (NeedAssessment, NeedTriage, NeedQuestion):
        for deed in (update(model).values(at=NOW), delete(model)):
            with pytest.raises(DatabaseError, match="append-only"), session.begin_nested():
                session.execute(deed)


# --- questions


def test_questions_send_a_need_back_and_are_answered_by_the_version_without_the_finding(
    session: Session, cast: Cast
) -> None:
    need = make_vague_need(session, cast.organisation, status=Status.DRAFT)
    service.submit_listing(session, cast.owner, NEED, need.id, now=NOW)
    handed_in = need.version
    asked = ask(session, cast.bureau, need, GateCode.VAGUE_WORDS, GateCode.NO_GOAL)
    assert need.status is Status.REWORK
    assert asked.codes == ["no_goal", "vague_words"]  # in the order of the rules
    event = queries.list_events(session, need)[-1]
    assert event.note == "请补充水质。（追问：没有目标值、用语笼统）"
    (first,) = queries.list_questions(session, cast.owner, need.id)
    assert (first.need_version, first.words, first.asked_by) == (
        handed_in,
        "请补充水质。",
        cast.bureau.user_id,
    )
    assert [item.answered_in for item in first.items] == [None, None]
    half = {"body": f"{VAGUE['body']}要求清洗周期不少于12个月。"}
    service.edit_listing(session, cast.owner, NEED, need.id, changes=half, version=need.version, now=NOW)
    service.submit_listing(session, cast.owner, NEED, need.id, now=NOW)
    second_version = need.version
    ask(session, cast.bureau, need, GateCode.VAGUE_WORDS, words="还是笼统。")
    service.edit_listing(session, cast.owner, NEED, need.id, changes=SOLID, version=need.version, now=NOW)
    service.submit_listing(session, cast.owner, NEED, need.id, now=NOW)
    first, second = queries.list_questions(session, cast.owner, need.id)
    assert [(item.code, item.answered_in) for item in first.items] == [
        ("no_goal", second_version),
        ("vague_words", need.version),
    ]
    assert [(item.code, item.answered_in) for item in second.items] == [("vague_words", need.version)]
    assert len(assessments(session, need)) == 3


def test_only_what_the_rules_find_is_asked_by_code_and_only_under_review(
    session: Session, cast: Cast
) -> None:
    pending = make_solid_need(session, cast.organisation, status=Status.PENDING)
    work = lambda: ask(session, cast.broker, pending, GateCode.NO_BUDGET, GateCode.NO_DEADLINE)  # noqa: E731
    assert faults(session, work) == {"/codes/0": "nothing-to-ask"}
    for name in ("owner", "stranger", "unverified_broker", "far_bureau", "registrar"):
        assert code_of(session, lambda name=name: ask(session, getattr(cast, name), pending)) in {
            "conflict-of-interest", "need-not-found",
        }  # fmt: skip
    assert pending.status is Status.PENDING
    assert ask(session, cast.broker, pending).codes == []
    assert queries.list_events(session, pending)[-1].note == "请补充水质。"
    published = make_solid_need(session, cast.organisation)
    assert code_of(session, lambda: ask(session, cast.broker, published)) == "illegal-transition"


def test_the_longest_words_with_all_questions_fit(session: Session, cast: Cast) -> None:
    need = make_listing(
        session,
        NEED,
        cast.organisation,
        status=Status.PENDING,
        title="提高效率",
        body="大幅提高",
        budget_fen=None,
    )
    assert isinstance(need, Need)
    codes = [GateCode(item["code"]) for item in queries.assessment_of(session, cast.admin, need.id).findings]
    ask(session, cast.broker, need, *codes, words="字" * 800)
    note = queries.list_events(session, need)[-1].note
    assert note is not None
    assert 800 < len(note) <= 1000


# --- classes


@pytest.mark.parametrize("name", NAMES)
def test_a_class_is_decided_by_those_who_review(session: Session, cast: Cast, name: str) -> None:
    need = make_solid_need(session, cast.organisation)
    if name not in DECIDING:
        with pytest.raises(PermissionDenied), session.begin_nested():
            put_into(session, getattr(cast, name), need)
        assert need.triage is None
        return
    actor: Actor = getattr(cast, name)
    put_into(session, actor, need, Triage.LONG_TERM)
    assert need.triage is Triage.LONG_TERM
    (decision,) = queries.assessment_of(session, actor, need.id).triages
    assert (decision.decided, decision.assessment.suggested) == (Triage.LONG_TERM, Triage.DIRECT)
    assert (decision.decided_by, decision.note, decision.at) == (actor.user_id, "关键材料依赖国外供应", NOW)
    audit = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert (audit.action, audit.details) == (
        "need.triage",
        {"suggested": "direct", "decided": "long_term"},
    )


def test_classes_need_their_notes_and_a_need_that_is_on_its_way(session: Session, cast: Cast) -> None:
    need = make_solid_need(session, cast.organisation)

    def put(decided: Triage, *, into: Need = need, **notes: str) -> Need:
        words = {"note": None, "visit_note": None, **notes}
        return service.triage_need(session, cast.bureau, into.id, decided=decided, **words, now=NOW)

    assert faults(session, lambda: put(Triage.LONG_TERM)) == {"/note": "note-missing"}
    visit = lambda: put(Triage.DIRECT, visit_note="周三上门")  # noqa: E731
    assert faults(session, visit) == {"/visit_note": "visit-not-applicable"}
    put(Triage.DIAGNOSE, visit_note="周三请江南大学专家上门")
    put(Triage.DIRECT)
    report = queries.assessment_of(session, cast.owner, need.id)
    assert [one.decided for one in report.triages] == [Triage.DIAGNOSE, Triage.DIRECT]
    assert report.triages[0].visit_note == "周三请江南大学专家上门"
    assert len(assessments(session, need)) == 1  # nothing new was found in between
    for status in Status:
        one = make_solid_need(session, cast.organisation, status=status)
        if status is Status.DRAFT:
            assert code_of(session, lambda one=one: put(Triage.DIRECT, into=one)) == "need-not-found"
        elif status in TRIAGED_IN:
            assert put(Triage.DIRECT, into=one).triage is Triage.DIRECT
        elif status in {Status.CONTRACTED, Status.COMPLETED}:
            assert code_of(session, lambda one=one: put(Triage.DIRECT, into=one)) == "illegal-transition"


def test_lists_by_class_show_only_what_one_may_know(session: Session, cast: Cast) -> None:
    need = put_into(session, cast.broker, make_solid_need(session, cast.organisation), Triage.LONG_TERM)
    put_into(session, cast.broker, make_solid_need(session, cast.organisation))
    for name in ("nobody", *NAMES):
        actor = None if name == "nobody" else getattr(cast, name)
        page = queries.list_listings(session, actor, NEED, page=PageRequest(), triage=Triage.LONG_TERM)
        known = name in DECIDING | {"owner"}
        assert [one.id for one in page.items] == ([need.id] if known else []), name


# --- validity


def test_a_need_is_valid_once_it_is_published_put_into_a_class_and_complete(
    session: Session, cast: Cast
) -> None:
    pending = make_solid_need(session, cast.organisation, status=Status.PENDING)
    with pytest.raises(Conflict, match="发布后"):
        validate(session, cast.broker, pending, Validation.VALID)
    need = make_solid_need(session, cast.organisation)
    for name in sorted(set(NAMES) - DECIDING):
        with pytest.raises(PermissionDenied):
            validate(session, getattr(cast, name), need, Validation.VALID)
    refused = lambda: validate(session, cast.bureau, need, Validation.VALID)  # noqa: E731
    assert code_of(session, refused) == "triage-missing"
    put_into(session, cast.broker, need, Triage.DIAGNOSE)
    assert code_of(session, refused) == "triage-undecided"
    put_into(session, cast.broker, need, Triage.LONG_TERM)
    assert need.validation is Validation.OPEN
    assert refused() is need
    assert (need.validation, need.validated_by, need.validated_at) == (
        Validation.VALID,
        cast.bureau.user_id,
        NOW,
    )
    audit = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert (audit.action, audit.details) == ("need.validate", {"result": "valid"})


def test_open_questions_are_passed_over_only_with_a_reason_that_is_kept(session: Session, cast: Cast) -> None:
    need = put_into(session, cast.broker, make_vague_need(session, cast.organisation))
    with pytest.raises(RuleViolation) as caught, session.begin_nested():
        validate(session, cast.broker, need, Validation.VALID)
    assert caught.value.code == "questions-open"
    assert [fault.detail[:5] for fault in caught.value.fields] == ["没有数字：", "没有目标值"]
    assert need.validation is Validation.OPEN
    validate(session, cast.broker, need, Validation.VALID, override_note="现场看过，指标另附。")
    assert (need.validation, need.override_note) == (Validation.VALID, "现场看过，指标另附。")
    audit = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert audit.details == {
        "result": "valid",
        "overridden": ["no_number", "no_goal"],
        "override_note": "现场看过，指标另附。",
    }


def test_other_results_need_no_class_but_invalid_needs_a_reason(session: Session, cast: Cast) -> None:
    need = make_vague_need(session, cast.organisation)
    invalid = lambda **notes: validate(session, cast.bureau, need, Validation.INVALID, **notes)  # noqa: E731
    assert faults(session, invalid) == {"/note": "note-missing"}
    assert faults(session, lambda: invalid(note="重复", override_note="也行")) == {
        "/override_note": "override-not-applicable"
    }
    assert invalid(note="与去年的需求重复").validation_note == "与去年的需求重复"
    taken_back = validate(session, cast.bureau, need, Validation.OPEN)
    assert (taken_back.validation, taken_back.validation_note) == (Validation.OPEN, None)


def hand_in_again(session: Session, cast: Cast, need: Need, *changes: dict[str, Any]) -> Need:
    service.revise_listing(session, cast.owner, NEED, need.id, now=NOW)
    for one in changes:
        service.edit_listing(session, cast.owner, NEED, need.id, changes=one, version=need.version, now=NOW)
    service.submit_listing(session, cast.owner, NEED, need.id, now=NOW)
    return need


def publish(session: Session, actor: Actor, need: Need) -> None:
    service.review_listing(
        session, actor, NEED, need.id, decision=Action.PUBLISH, note=None, encoder=ENCODER, now=NOW
    )


def make_valid_need(session: Session, cast: Cast) -> Need:
    """Insert a need that went the whole way, and was found valid."""
    need = make_solid_need(session, cast.organisation, status=Status.DRAFT)
    service.edit_listing(session, cast.owner, NEED, need.id, changes=SOLID, version=need.version, now=NOW)
    service.submit_listing(session, cast.owner, NEED, need.id, now=NOW)
    publish(session, cast.broker, need)
    put_into(session, cast.broker, need)
    return validate(session, cast.broker, need, Validation.VALID)


@pytest.mark.parametrize(
    "changes",
    [
        {"body": VAGUE["body"]},
        {"title": "染整废水回用的另一个问题"},
        {"indicators": []},
        {"budget_fen": None},
        {"deadline": date(2026, 3, 1)},
    ],
)
def test_a_need_handed_in_with_other_content_is_decided_anew(
    session: Session, cast: Cast, changes: dict[str, Any]
) -> None:
    need = make_valid_need(session, cast)
    hand_in_again(session, cast, need, changes)
    assert (need.triage, need.validation, need.validated_at) == (None, Validation.OPEN, None)
    assert queries.list_events(session, need)[-1].note == "内容有改动，原来的分类和认定不再有效。"
    decided = select(AuditEvent).where(AuditEvent.action == "need.validate").order_by(AuditEvent.id.desc())
    audit = session.scalars(decided.limit(1)).one()
    assert (audit.actor_id, audit.details) == (
        cast.owner.user_id,
        {"result": "open", "why": "content-changed", "was": "valid", "class_was": "direct"},
    )
    assert [one.decided for one in queries.assessment_of(session, cast.broker, need.id).triages] == [
        Triage.DIRECT
    ]
    work = lambda: validate(session, cast.broker, need, Validation.VALID, override_note="核实过")  # noqa: E731
    assert code_of(session, work) == "illegal-transition"
    publish(session, cast.bureau, need)
    assert code_of(session, work) == "triage-outdated"
    put_into(session, cast.bureau, need, Triage.LONG_TERM)
    assert work().validation is Validation.VALID


def test_a_need_handed_in_again_with_the_same_content_keeps_its_class_and_validity(
    session: Session, cast: Cast
) -> None:
    need = make_valid_need(session, cast)
    hand_in_again(session, cast, need)
    publish(session, cast.broker, need)
    contact = {"contact_name": "钱工", "confidential": "供应商换过", "title": need.title}
    hand_in_again(session, cast, need, {"title": "写到一半的题目"}, contact)
    assert (need.triage, need.validation) == (Triage.DIRECT, Validation.VALID)
    assert queries.list_events(session, need)[-1].note is None


def test_content_is_named_as_in_the_tables() -> None:
    assert set(CONTENT) <= set(inspect(Need).column_attrs.keys())


def test_a_need_open_for_editing_is_not_found_valid(session: Session, cast: Cast) -> None:
    need = put_into(session, cast.broker, make_solid_need(session, cast.organisation))
    service.revise_listing(session, cast.owner, NEED, need.id, now=NOW)
    work = lambda: validate(session, cast.broker, need, Validation.VALID)  # noqa: E731
    assert code_of(session, work) == "illegal-transition"
    assert validate(session, cast.broker, need, Validation.INVALID, note="重复").validated_at == NOW


def test_an_achievement_has_no_class_and_is_not_validated(session: Session, cast: Cast) -> None:
    one = make_listing(
        session, ListingKind.ACHIEVEMENT, make_organisation(session, OrganisationKind.UNIVERSITY)
    )
    works = [
        lambda: service.validate_need(session, cast.broker, one.id, result=Validation.VALID, now=NOW),
        lambda: service.triage_need(
            session, cast.broker, one.id, decided=Triage.DIRECT, note=None, visit_note=None, now=NOW
        ),
    ]
    assert [code_of(session, work) for work in works] == ["need-not-found"] * 2
