"""Entering, editing and submitting listings: what is checked, and what is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, Actor, OrganisationKind, OrganisationStatus
from market.audit.models import AuditEvent
from market.errors import PermissionDenied, StaleVersion
from market.listings import queries, service
from market.listings.rules import (
    DEFAULT_VALID_DAYS,
    EDITABLE,
    MAX_VALID_DAYS,
    Action,
    ListingKind,
    Status,
    Validation,
)
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
    owner_kind,
)
from tests.market.listings.refusals import code_of, faults

NEED, ACHIEVEMENT = ListingKind.NEED, ListingKind.ACHIEVEMENT
FORM = {"title": "印染废水回用", "body": "反渗透膜三个月就要清洗，希望延长清洗周期。"}


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


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        (NEED, {OrganisationKind.ENTERPRISE}),
        (ACHIEVEMENT, {OrganisationKind.UNIVERSITY}),
        (
            ListingKind.SCENARIO,
            {OrganisationKind.ENTERPRISE, OrganisationKind.UNIVERSITY, OrganisationKind.BUREAU},
        ),
    ],
)
def test_only_the_kind_of_organisation_that_lists_such_things_enters_them(
    session: Session, kind: ListingKind, wanted: set[OrganisationKind]
) -> None:
    for other in OrganisationKind:
        actor = make_actor(session, other, uscc=None)
        if other in wanted:
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


@pytest.mark.parametrize("kind", ListingKind)
def test_a_member_enters_listings_for_the_own_organisation_only(session: Session, kind: ListingKind) -> None:
    cast = make_cast(session, kind)
    other = make_organisation(session, owner_kind(kind))
    for wrong in (other.id, 10**9):
        work = lambda wrong=wrong: create(session, cast.owner, kind, organisation_id=wrong)  # noqa: E731
        assert code_of(session, work) == "not-own-organisation"
    own = create(session, cast.owner, kind, organisation_id=cast.organisation.id)
    assert own.organisation is cast.organisation


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
        select(AuditEvent)
        .where(AuditEvent.entity_id == need.id, AuditEvent.entity == "need")
        .order_by(AuditEvent.id)
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


def test_suspension_of_an_owner_leaves_its_drafts_editable(session: Session, cast: Cast) -> None:
    need = create(session, cast.owner)
    cast.organisation.status = OrganisationStatus.SUSPENDED
    session.flush()
    assert edit(session, cast.owner, need, title="仍可修改").title == "仍可修改"


def test_the_operator_acts_without_a_user(session: Session, cast: Cast) -> None:
    need = create(session, OPERATOR, organisation_id=cast.organisation.id)
    assert (need.created_by, queries.list_events(session, need)[0].actor_id) == (None, None)
