"""Entering, editing, submitting, renewing and validating: what is checked, and what is kept."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, Actor, OrganisationKind, OrganisationStatus
from market.audit.models import AuditEvent
from market.db import Database
from market.errors import Conflict, MarketError, PermissionDenied, RuleViolation, StaleVersion
from market.listings import queries, service
from market.listings.models import Need
from market.listings.rules import (
    DEFAULT_VALID_DAYS,
    EDITABLE,
    MAX_VALID_DAYS,
    Action,
    ListingKind,
    Status,
    Validation,
)
from market.search.models import ListingChange, SearchDocument
from matching.types import Kind
from tests.factories import NOW, make_actor, make_organisation
from tests.market.listings.factories import (
    CONTACT,
    ENCODER,
    SECRET,
    TODAY,
    Cast,
    findable,
    make_cast,
    make_listing,
)

NEED, ACHIEVEMENT = ListingKind.NEED, ListingKind.ACHIEVEMENT
FORM = {"title": "印染废水回用", "body": "反渗透膜三个月就要清洗，希望延长清洗周期。"}


@pytest.fixture
def cast(session: Session) -> Cast:
    """The people around a need."""
    return make_cast(session)


def create(session: Session, actor: Actor, kind: ListingKind = NEED, **values: Any) -> Any:
    organisation_id = values.pop("organisation_id", None)
    return service.create_listing(
        session, actor, kind, form={**FORM, **values}, now=NOW, organisation_id=organisation_id
    )


def edit(session: Session, actor: Actor, listing: Any, *, version: int | None = None, **changes: Any) -> Any:
    return service.edit_listing(
        session,
        actor,
        listing.kind,
        listing.id,
        changes=changes,
        version=version if version is not None else listing.version,
        now=NOW + timedelta(hours=1),
    )


def faults(session: Session, work: Callable[[], Any]) -> dict[str, str]:
    """Return pointer and code of every value at fault; what the work did is undone."""
    with pytest.raises(RuleViolation) as caught, session.begin_nested():
        work()
    return {fault.pointer: fault.code for fault in caught.value.fields}


def code_of(session: Session, work: Callable[[], Any]) -> str:
    """Return the code of the error; what the work did is undone."""
    with pytest.raises(MarketError) as caught, session.begin_nested():
        work()
    return caught.value.code


def test_a_draft_belongs_to_its_author_and_region_and_is_valid_for_a_year(
    session: Session, cast: Cast
) -> None:
    need = create(session, cast.owner)
    assert need.status is Status.DRAFT
    assert need.organisation is cast.organisation
    assert (need.region_code, need.created_by) == ("320281", cast.owner.user_id)
    assert need.expires_on == TODAY + timedelta(days=DEFAULT_VALID_DAYS)
    assert (need.version, need.created_at, need.published_at) == (1, NOW, None)
    assert need.validation is Validation.OPEN
    assert findable(session) == set()


@pytest.mark.parametrize("kind", ListingKind)
def test_only_the_kind_of_organisation_that_lists_such_things_enters_them(
    session: Session, kind: ListingKind
) -> None:
    wanted = OrganisationKind.ENTERPRISE if kind is NEED else OrganisationKind.UNIVERSITY
    for other in OrganisationKind:
        actor = make_actor(session, other, uscc=None)
        if other is wanted:
            assert create(session, actor, kind).organisation_id == actor.organisation_id
        else:
            with pytest.raises(PermissionDenied, match="只有"):
                create(session, actor, kind)


def test_an_admin_enters_listings_for_an_organisation_that_may_have_them(
    session: Session, cast: Cast
) -> None:
    need = create(session, cast.admin, organisation_id=cast.organisation.id)
    assert (need.organisation_id, need.created_by) == (cast.organisation.id, cast.admin.user_id)
    pointer = {"/organisation_id": "organisation-missing"}
    assert faults(session, lambda: create(session, cast.admin)) == pointer
    university = make_organisation(session, OrganisationKind.UNIVERSITY)
    wrong = {"/organisation_id": "organisation-kind"}
    assert faults(session, lambda: create(session, cast.admin, organisation_id=university.id)) == wrong
    assert (
        code_of(session, lambda: create(session, cast.admin, organisation_id=10**9))
        == "organisation-not-found"
    )


def test_unknown_codes_are_named_by_their_place(session: Session, cast: Cast) -> None:
    work = lambda: create(  # noqa: E731
        session,
        cast.owner,
        tech_field="99",
        industry_code="Z999",
        chain_code="chain-none",
        need_type="wish",
        cooperation_modes=["joint", "none", "licence", "barter"],
    )
    assert faults(session, work) == dict.fromkeys(
        [
            "/tech_field",
            "/industry_code",
            "/chain_code",
            "/need_type",
            "/cooperation_modes/1",
            "/cooperation_modes/3",
        ],
        "unknown-code",
    )
    university = make_actor(session, OrganisationKind.UNIVERSITY)
    work = lambda: create(  # noqa: E731
        session,
        university,
        ACHIEVEMENT,
        stage="9",
        attribute="x",
        pricing_mode="gift",
        transfer_modes=["gift"],
    )
    assert faults(session, work) == dict.fromkeys(
        ["/stage", "/attribute", "/pricing_mode", "/transfer_modes/0"], "unknown-code"
    )


def test_known_codes_are_kept(session: Session, cast: Cast) -> None:
    values = {
        "tech_field": "07",
        "chain_code": "chain-textile",
        "need_type": "tackle",
        "cooperation_modes": ["joint", "licence"],
    }
    need = create(session, cast.owner, **values)
    assert {name: getattr(need, name) for name in values} == values


def test_patent_numbers_are_checked_and_other_rights_are_not(session: Session) -> None:
    university = make_actor(session, OrganisationKind.UNIVERSITY)
    right = [
        {"kind": "发明专利", "number": "ZL 201710601862.3"},
        {"kind": "发明专利", "number": ""},
        {"kind": "软件著作权", "number": "2023SR0000001"},
    ]
    assert create(session, university, ACHIEVEMENT, ip=right).ip == right
    wrong = [*right, {"kind": "实用新型专利", "number": "201710601862.4"}]
    work = lambda: create(session, university, ACHIEVEMENT, ip=wrong)  # noqa: E731
    assert faults(session, work) == {"/ip/3/number": "bad-patent-number"}


@pytest.mark.parametrize(
    ("days", "fine"), [(-1, False), (0, True), (MAX_VALID_DAYS, True), (MAX_VALID_DAYS + 1, False)]
)
def test_the_last_day_lies_within_three_years_whoever_sets_it(
    session: Session, cast: Cast, days: int, fine: bool
) -> None:
    day = TODAY + timedelta(days=days)
    draft = make_listing(session, NEED, cast.organisation, status=Status.DRAFT)
    live = make_listing(session, NEED, cast.organisation)
    works: list[Callable[[], Any]] = [
        lambda: create(session, cast.owner, expires_on=day),
        lambda: edit(session, cast.owner, draft, expires_on=day),
        lambda: service.renew_listing(
            session, cast.owner, NEED, live.id, expires_on=day, encoder=ENCODER, now=NOW
        ),
    ]
    for work in works:
        if fine:
            assert work().expires_on == day
        else:
            assert faults(session, work) == {"/expires_on": "bad-expiry"}


def test_an_external_number_is_unique_within_organisation_and_kind(session: Session, cast: Cast) -> None:
    first = create(session, cast.owner, external_id="A-1")
    second = create(session, cast.owner, external_id="A-2")
    assert code_of(session, lambda: create(session, cast.owner, external_id="A-1")) == "external-id-taken"
    assert (
        code_of(session, lambda: edit(session, cast.owner, second, external_id="A-1")) == "external-id-taken"
    )
    assert edit(session, cast.owner, first, external_id="A-1", title="换了题目").title == "换了题目"
    assert create(session, cast.stranger, external_id="A-1").external_id == "A-1"
    university = make_actor(session, OrganisationKind.UNIVERSITY)
    assert create(session, university, ACHIEVEMENT, external_id="A-1").external_id == "A-1"
    assert create(session, cast.owner).external_id is None
    found = queries.find_by_external_id(session, cast.organisation.id, NEED, "A-2")
    assert found is second
    assert queries.find_by_external_id(session, cast.organisation.id, ACHIEVEMENT, "A-2") is None


@pytest.mark.parametrize("status", Status)
def test_only_drafts_and_listings_under_rework_are_edited(
    session: Session, cast: Cast, status: Status
) -> None:
    need = make_listing(session, NEED, cast.organisation, status=status)
    if status in EDITABLE:
        edited = edit(session, cast.owner, need, title="改过的题目")
        assert (edited.title, edited.status) == ("改过的题目", status)
        assert edited.updated_at == NOW + timedelta(hours=1)
    else:
        assert code_of(session, lambda: edit(session, cast.owner, need, title="改过的题目")) == "not-editable"


def test_an_edit_names_the_version_it_is_based_on(session: Session, cast: Cast) -> None:
    need = create(session, cast.owner)
    seen = need.version
    edit(session, cast.owner, need, version=seen, title="第二版题目")
    assert need.version == seen + 1
    with pytest.raises(StaleVersion, match=f"第{seen}版，现为第{seen + 1}版"):
        edit(session, cast.owner, need, version=seen, title="第三版题目")
    assert need.title == "第二版题目"


def test_others_do_not_edit(session: Session, cast: Cast) -> None:
    rework = make_listing(session, NEED, cast.organisation, status=Status.REWORK)
    assert code_of(session, lambda: edit(session, cast.broker, rework, title="题目四字")) == "not-owner"
    assert code_of(session, lambda: edit(session, cast.bureau, rework, title="题目四字")) == "not-owner"
    assert (
        code_of(session, lambda: edit(session, cast.stranger, rework, title="题目四字")) == "need-not-found"
    )
    assert edit(session, cast.admin, rework, title="管理员代改").title == "管理员代改"


def test_edits_check_codes_too(session: Session, cast: Cast) -> None:
    need = create(session, cast.owner)
    assert faults(session, lambda: edit(session, cast.owner, need, tech_field="99")) == {
        "/tech_field": "unknown-code"
    }


def test_history_keeps_every_text_as_it_was(session: Session, cast: Cast) -> None:
    need = create(session, cast.owner, confidential=SECRET, deadline=date(2025, 12, 31))
    edit(session, cast.owner, need, title="第二版题目", tech_field="07")
    service.submit_listing(session, cast.owner, NEED, need.id, now=NOW)
    first, second, third = queries.list_events(session, need)
    assert [event.action for event in (first, second, third)] == [Action.CREATE, Action.EDIT, Action.SUBMIT]
    assert (first.source, first.target, first.version) == (None, Status.DRAFT, 1)
    assert first.snapshot is not None
    assert second.snapshot is not None
    assert third.snapshot is None
    assert (first.snapshot["title"], second.snapshot["title"]) == (FORM["title"], "第二版题目")
    assert first.snapshot["confidential"] == SECRET
    assert first.snapshot["deadline"] == "2025-12-31"
    assert second.snapshot["tech_field"] == "07"
    assert {"id", "version", "status", "updated_at"}.isdisjoint(first.snapshot)
    differing = {name for name in first.snapshot if first.snapshot[name] != second.snapshot[name]}
    assert differing == {"title", "tech_field"}


def test_audit_events_hold_no_texts(session: Session, cast: Cast) -> None:
    need = create(session, cast.owner, confidential=SECRET, **CONTACT)
    edit(session, cast.owner, need, title="第二版题目")
    rows = session.scalars(
        select(AuditEvent).where(AuditEvent.entity_id == need.id, AuditEvent.entity == "need")
    )
    assert [(row.action, row.details) for row in rows] == [
        ("need.create", {"from": None, "to": "draft"}),
        ("need.edit", {"from": "draft", "to": "draft"}),
    ]


def test_a_listing_says_enough_before_it_is_reviewed(session: Session, cast: Cast) -> None:
    need = create(session, cast.owner, body="")
    need.expires_on = TODAY - timedelta(days=1)
    session.flush()
    submit = lambda: service.submit_listing(session, cast.owner, NEED, need.id, now=NOW)  # noqa: E731
    assert faults(session, submit) == {
        "/tech_field": "required-to-submit",
        "/body": "required-to-submit",
        "/expires_on": "bad-expiry",
    }
    edit(session, cast.owner, need, tech_field="07", body=FORM["body"], expires_on=TODAY)
    assert submit().status is Status.PENDING


@pytest.mark.parametrize("decision", [Action.RETURN, Action.REJECT])
def test_sending_back_takes_words_to_the_owner(session: Session, cast: Cast, decision: Action) -> None:
    need = make_listing(session, NEED, cast.organisation, status=Status.PENDING)

    def review(note: str | None) -> Any:
        return service.review_listing(
            session, cast.broker, NEED, need.id, decision=decision, note=note, encoder=ENCODER, now=NOW
        )

    assert faults(session, lambda: review(None)) == {"/note": "note-missing"}
    review("请补充水质指标")
    event = queries.list_events(session, need)[-1]
    assert (event.action, event.note) == (decision, "请补充水质指标")


def test_publication_is_dated_and_a_new_review_dates_it_anew(session: Session, cast: Cast) -> None:
    need = make_listing(session, NEED, cast.organisation)
    assert need.published_at == NOW
    later = NOW + timedelta(days=3)
    service.revise_listing(session, cast.owner, NEED, need.id, now=later)
    service.submit_listing(session, cast.owner, NEED, need.id, now=later)
    service.review_listing(
        session, cast.bureau, NEED, need.id, decision=Action.PUBLISH, note=None, encoder=ENCODER, now=later
    )
    assert need.published_at == later


def test_what_the_index_is_told_is_the_public_part(session: Session, cast: Cast) -> None:
    values = {
        "indicators": [{"name": "COD", "value": "≤50mg/L"}],
        "keywords": ["膜法", "回用"],
        "chain_code": "chain-textile",
        "min_trl": 6,
        "cooperation_modes": ["joint"],
        "existing_conditions": "有中试车间",
    }
    need = make_listing(session, NEED, cast.organisation, **values)
    row = session.get(SearchDocument, (Kind.NEED, need.id))
    assert row is not None
    assert row.title == need.title
    assert row.body == f"{need.body}\nCOD ≤50mg/L\n膜法 回用"
    assert row.facets == {
        "tech_field": "07",
        "chain": "chain-textile",
        "region": "320281",
        "min_trl": 6,
        "budget_fen": 80_000_000,
        "modes": ["joint"],
        "organisation": str(cast.organisation.id),
        "published_on": "2025-06-10",
        "expires_on": "2026-06-10",
    }
    assert not any(word in f"{row.title}{row.body}{row.facets}" for word in (SECRET, *CONTACT.values()))


def test_an_achievement_brings_maturity_price_and_modes(session: Session) -> None:
    cast = make_cast(session, ACHIEVEMENT)
    one = make_listing(session, ACHIEVEMENT, cast.organisation, transfer_modes=["licence"])
    row = session.get(SearchDocument, (Kind.ACHIEVEMENT, one.id))
    assert row is not None
    stated = {name: row.facets[name] for name in ("trl", "price_fen", "modes")}
    assert stated == {"trl": 7, "price_fen": 60_000_000, "modes": ["licence"]}


def test_renewal_tells_the_index_the_new_last_day_and_brings_back_what_expired(
    session: Session, cast: Cast
) -> None:
    live = make_listing(session, NEED, cast.organisation)
    expired = make_listing(
        session, NEED, cast.organisation, status=Status.EXPIRED, expires_on=date(2025, 1, 1)
    )
    day = date(2027, 1, 31)
    for need in (live, expired):
        service.renew_listing(session, cast.owner, NEED, need.id, expires_on=day, encoder=ENCODER, now=NOW)
        session.expire_all()
        row = session.get(SearchDocument, (Kind.NEED, need.id))
        assert row is not None
        assert row.facets["expires_on"] == "2027-01-31"
    assert findable(session) == {("need", live.id), ("need", expired.id)}


def test_listings_expire_after_their_last_day_and_not_on_it(session: Session, cast: Cast) -> None:
    days = [TODAY, TODAY - timedelta(days=1), TODAY - timedelta(days=2)]
    needs = [make_listing(session, NEED, cast.organisation) for _ in days]
    matching = make_listing(session, NEED, cast.organisation, status=Status.MATCHING)
    for need, day in zip([*needs, matching], [*days, days[-1]], strict=True):
        need.expires_on = day
    session.flush()
    assert service.expire_due(session, now=NOW, limit=1) == 1
    assert service.expire_due(session, now=NOW) == 1
    assert service.expire_due(session, now=NOW) == 0
    assert [need.status for need in needs] == [Status.PUBLISHED, Status.EXPIRED, Status.EXPIRED]
    assert matching.status is Status.MATCHING
    assert findable(session) == {("need", needs[0].id)}
    assert queries.list_events(session, needs[1])[-1].actor_id is None


def test_a_need_is_validated_by_a_reviewer_after_publication(session: Session, cast: Cast) -> None:
    need = make_listing(session, NEED, cast.organisation)

    def validate(actor: Actor, listing: Any = need) -> Need:
        return service.validate_need(session, actor, listing.id, result=Validation.VALID, now=NOW)

    for actor in (cast.owner, cast.stranger, cast.far_bureau, cast.unverified_broker, cast.registrar):
        with pytest.raises(PermissionDenied):
            validate(actor)
    assert need.validation is Validation.OPEN
    assert validate(cast.bureau) is need
    assert (need.validation, need.validated_by, need.validated_at) == (
        Validation.VALID,
        cast.bureau.user_id,
        NOW,
    )
    audit = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert (audit.action, audit.details) == ("need.validate", {"result": "valid"})
    pending = make_listing(session, NEED, cast.organisation, status=Status.PENDING)
    with pytest.raises(Conflict, match="发布后"):
        validate(cast.broker, pending)


def test_an_achievement_is_not_validated_as_a_need(session: Session, cast: Cast) -> None:
    one = make_listing(session, ACHIEVEMENT, make_organisation(session, OrganisationKind.UNIVERSITY))
    work = lambda: service.validate_need(  # noqa: E731
        session, cast.broker, one.id, result=Validation.VALID, now=NOW
    )
    assert code_of(session, work) == "need-not-found"


def test_of_two_reviewers_who_publish_at_once_one_does(own_database: Database) -> None:
    with own_database.transaction() as session:
        cast = make_cast(session)
        need = make_listing(session, NEED, cast.organisation, status=Status.PENDING)
        need_id = need.id

    def publish(actor: Actor) -> str:
        with own_database.transaction() as session:
            try:
                service.review_listing(
                    session,
                    actor,
                    NEED,
                    need_id,
                    decision=Action.PUBLISH,
                    note=None,
                    encoder=ENCODER,
                    now=NOW,
                )
            except Conflict as error:
                return error.code
            return "published"

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(publish, [cast.broker, cast.bureau]))
    assert sorted(outcomes) == ["illegal-transition", "published"]
    with own_database.reading() as session:
        assert session.scalar(select(func.count()).select_from(ListingChange)) == 1
        assert findable(session) == {("need", need_id)}


def test_suspension_of_an_owner_leaves_its_drafts_editable(session: Session, cast: Cast) -> None:
    need = create(session, cast.owner)
    cast.organisation.status = OrganisationStatus.SUSPENDED
    session.flush()
    assert edit(session, cast.owner, need, title="仍可修改").title == "仍可修改"


def test_the_operator_acts_without_a_user(session: Session, cast: Cast) -> None:
    need = create(session, OPERATOR, organisation_id=cast.organisation.id)
    assert (need.created_by, queries.list_events(session, need)[0].actor_id) == (None, None)
