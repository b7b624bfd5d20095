"""Registering, verifying and changing organisations; users; each write leaves an audit event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts import queries, service
from market.accounts.models import Organisation
from market.accounts.rules import OPERATOR, Actor, OrganisationKind, OrganisationStatus, Role
from market.audit.models import AuditEvent
from market.errors import Conflict, NotFound, PermissionDenied, RuleViolation, StaleVersion
from tests.factories import NOW, make_actor, make_organisation, make_uscc, make_user
from tests.market.accounts.conftest import PASSWORD, organisation_form

Events = Callable[[str], list[Any]]
Status = OrganisationStatus


def member_of(session: Session, organisation: Organisation) -> Actor:
    return queries.actor_of(make_user(session, organisation))


def user_form(**values: Any) -> dict[str, Any]:
    return {"login": "new.user", "name": "新人", "password": PASSWORD, "role": "enterprise", **values}


def test_organisation_that_registers_itself_is_pending(session: Session, events: Events) -> None:
    form = organisation_form(contact_name="王五", tags=["高企"], park_code="320281-P01")
    organisation = service.register_organisation(session, None, form=form, now=NOW)
    assert organisation.status is Status.PENDING
    assert organisation.tags == []
    assert (organisation.park_code, organisation.contact_name) == ("320281-P01", "王五")
    assert events("organisation.register") == [(None, "organisation", organisation.id, {})]


def test_organisation_the_operator_enters_is_verified(session: Session) -> None:
    form = organisation_form(kind="station", tags=["试点"])
    organisation = service.register_organisation(session, OPERATOR, form=form, now=NOW)
    assert organisation.status is Status.VERIFIED
    assert organisation.tags == ["试点"]


def test_credit_code_is_stored_without_blanks_in_capitals(session: Session) -> None:
    code = make_uscc()
    form = organisation_form(uscc=f" {code[:8].lower()}-{code[8:].lower()} ")
    assert service.register_organisation(session, None, form=form, now=NOW).uscc == code


@pytest.mark.parametrize("kind", ["station", "bureau"])
@pytest.mark.parametrize("role", [None, OrganisationKind.BUREAU, OrganisationKind.ENTERPRISE])
def test_stations_and_bureaus_are_set_up_by_the_operator(
    session: Session, kind: str, role: OrganisationKind | None
) -> None:
    actor = make_actor(session, role) if role else None
    with pytest.raises(PermissionDenied) as caught:
        service.register_organisation(session, actor, form=organisation_form(kind=kind), now=NOW)
    assert caught.value.code == "kind-not-open"


@pytest.mark.parametrize(
    ("values", "code", "pointer"),
    [
        ({"uscc": None}, "uscc-missing", "/uscc"),
        ({"uscc": "91320281MA00000000"}, "uscc-invalid", "/uscc"),
        ({"region_code": "999999"}, "unknown-code", "/region_code"),
        ({"park_code": "nowhere"}, "unknown-code", "/park_code"),
        ({"nature_code": "nothing"}, "unknown-code", "/nature_code"),
    ],
)
def test_form_with_a_wrong_value_is_refused(
    session: Session, values: dict[str, Any], code: str, pointer: str
) -> None:
    with pytest.raises(RuleViolation) as caught:
        service.register_organisation(session, None, form=organisation_form(**values), now=NOW)
    assert caught.value.code == code
    assert [item.pointer for item in caught.value.fields] == [pointer]


def test_bureau_needs_no_credit_code(session: Session) -> None:
    form = organisation_form(kind="bureau", uscc=None)
    assert service.register_organisation(session, OPERATOR, form=form, now=NOW).uscc is None


def test_credit_code_is_registered_once(session: Session) -> None:
    taken = make_organisation(session).uscc
    with pytest.raises(Conflict) as caught:
        service.register_organisation(session, None, form=organisation_form(uscc=taken), now=NOW)
    assert caught.value.code == "uscc-taken"


@pytest.mark.parametrize(
    ("kind", "role"),
    [("enterprise", Role.ENTERPRISE), ("university", Role.UNIVERSITY), ("agency", Role.BROKER)],
)
def test_first_user_has_the_role_of_the_organisation(
    session: Session, events: Events, kind: str, role: Role
) -> None:
    person = {"login": "First.User", "name": "王五", "password": PASSWORD}
    organisation = service.register_with_user(
        session, form=organisation_form(kind=kind), user=person, now=NOW
    )
    user = queries.find_user_by_login(session, "first.user")
    assert user is not None
    assert (user.role, user.organisation) == (role, organisation)
    assert events("user.create") == [(None, "user", user.id, {"role": role.value})]


@pytest.mark.parametrize(
    ("start", "decision"),
    [
        (Status.PENDING, Status.VERIFIED),
        (Status.PENDING, Status.REJECTED),
        (Status.REJECTED, Status.VERIFIED),
        (Status.VERIFIED, Status.SUSPENDED),
        (Status.SUSPENDED, Status.VERIFIED),
    ],
)
def test_bureau_of_the_region_decides(
    session: Session, bureau: Actor, events: Events, start: Status, decision: Status
) -> None:
    organisation = make_organisation(session, status=start)
    service.verify_organisation(session, bureau, organisation.id, decision=decision, note="依据", now=NOW)
    assert (organisation.status, organisation.status_note, organisation.version) == (decision, "依据", 2)
    details = {"from": start.value, "to": decision.value}
    assert events("organisation.verify") == [(bureau.user_id, "organisation", organisation.id, details)]


def test_bureau_of_another_region_may_not_decide(session: Session, other_bureau: Actor) -> None:
    organisation = make_organisation(session, status=Status.PENDING)
    with pytest.raises(PermissionDenied):
        service.verify_organisation(
            session, other_bureau, organisation.id, decision=Status.VERIFIED, note=None, now=NOW
        )
    assert organisation.status is Status.PENDING


@pytest.mark.parametrize("kind", [kind for kind in OrganisationKind if kind is not OrganisationKind.BUREAU])
def test_nobody_else_may_decide(session: Session, kind: OrganisationKind) -> None:
    organisation = make_organisation(session, status=Status.PENDING)
    with pytest.raises(PermissionDenied):
        service.verify_organisation(
            session, make_actor(session, kind), organisation.id, decision=Status.VERIFIED, note=None, now=NOW
        )


def test_step_that_the_table_lacks_is_a_conflict(session: Session) -> None:
    organisation = make_organisation(session, status=Status.VERIFIED)
    with pytest.raises(Conflict) as caught:
        service.verify_organisation(
            session, OPERATOR, organisation.id, decision=Status.REJECTED, note="迟了", now=NOW
        )
    assert caught.value.code == "illegal-transition"


@pytest.mark.parametrize("note", [None, ""])
def test_rejection_needs_a_reason(session: Session, note: str | None) -> None:
    organisation = make_organisation(session, status=Status.PENDING)
    with pytest.raises(RuleViolation) as caught:
        service.verify_organisation(
            session, OPERATOR, organisation.id, decision=Status.REJECTED, note=note, now=NOW
        )
    assert caught.value.code == "note-missing"


@pytest.mark.parametrize(
    "changes",
    [{"name": "新名"}, {"uscc": make_uscc()}, {"region_code": "320282"}],
    ids=lambda changes: next(iter(changes)),
)
def test_member_who_changes_identity_starts_verification_anew(
    session: Session, events: Events, changes: dict[str, Any]
) -> None:
    organisation = make_organisation(session)
    actor = member_of(session, organisation)
    service.change_organisation(session, actor, organisation.id, changes=changes, version=1, now=NOW)
    assert organisation.status is Status.PENDING
    assert organisation.version == 2
    details = {"fields": sorted(changes)}
    assert events("organisation.change") == [(actor.user_id, "organisation", organisation.id, details)]


def test_member_who_changes_the_contact_stays_verified(session: Session) -> None:
    organisation = make_organisation(session)
    changes = {"contact_phone": "0510-12345678", "name": organisation.name, "park_code": None}
    service.change_organisation(
        session, member_of(session, organisation), organisation.id, changes=changes, version=1, now=NOW
    )
    assert organisation.status is Status.VERIFIED
    assert organisation.contact_phone == "0510-12345678"


def test_own_credit_code_may_be_sent_again(session: Session) -> None:
    organisation = make_organisation(session)
    service.change_organisation(
        session,
        member_of(session, organisation),
        organisation.id,
        changes={"uscc": organisation.uscc.lower() if organisation.uscc else None},
        version=1,
        now=NOW,
    )
    assert organisation.status is Status.VERIFIED


def test_official_changes_leave_the_status(session: Session, bureau: Actor) -> None:
    organisation = make_organisation(session)
    changes = {"name": "更名", "tags": ["高企", "专精特新"]}
    service.change_organisation(session, bureau, organisation.id, changes=changes, version=1, now=NOW)
    assert organisation.status is Status.VERIFIED
    assert organisation.tags == ["高企", "专精特新"]


def test_changes_are_for_members_and_officials(session: Session, other_bureau: Actor) -> None:
    organisation = make_organisation(session)
    for stranger in (other_bureau, make_actor(session), make_actor(session, OrganisationKind.AGENCY)):
        with pytest.raises(PermissionDenied):
            service.change_organisation(
                session, stranger, organisation.id, changes={"name": "冒名"}, version=1, now=NOW
            )


def test_tags_are_for_officials(session: Session) -> None:
    organisation = make_organisation(session)
    with pytest.raises(PermissionDenied) as caught:
        service.change_organisation(
            session,
            member_of(session, organisation),
            organisation.id,
            changes={"tags": []},
            version=1,
            now=NOW,
        )
    assert caught.value.code == "tags-not-open"


def test_change_of_a_version_that_is_past_is_refused(session: Session) -> None:
    organisation = make_organisation(session)
    for changes in ({"name": "一"}, {"name": "二"}):
        if organisation.version == 1:
            service.change_organisation(
                session, OPERATOR, organisation.id, changes=changes, version=1, now=NOW
            )
        else:
            with pytest.raises(StaleVersion):
                service.change_organisation(
                    session, OPERATOR, organisation.id, changes=changes, version=1, now=NOW
                )
    assert organisation.name == "一"


@pytest.mark.parametrize("field", ["region_code", "park_code", "nature_code"])
def test_changed_codes_are_checked(session: Session, field: str) -> None:
    organisation = make_organisation(session)
    with pytest.raises(RuleViolation) as caught:
        service.change_organisation(
            session, OPERATOR, organisation.id, changes={field: "zzzzzz"}, version=1, now=NOW
        )
    assert [item.pointer for item in caught.value.fields] == [f"/{field}"]


def test_admin_creates_users_anywhere(session: Session, events: Events) -> None:
    organisation = make_organisation(session, OrganisationKind.STATION)
    form = user_form(role="registrar", organisation_id=organisation.id)
    user = service.create_user(session, OPERATOR, form=form, now=NOW)
    assert (user.login, user.role, user.active) == ("new.user", Role.REGISTRAR, True)
    assert PASSWORD not in user.password_hash
    assert user.password_hash.startswith("$argon2id$")
    admin = service.create_user(session, OPERATOR, form=user_form(login="root2", role="admin"), now=NOW)
    assert admin.organisation is None
    assert [event[2] for event in events("user.create")] == [user.id, admin.id]


def test_member_creates_users_of_the_own_organisation(session: Session) -> None:
    actor = make_actor(session)
    user = service.create_user(session, actor, form=user_form(organisation_id=actor.organisation_id), now=NOW)
    assert user.organisation_id == actor.organisation_id


def test_member_creates_no_users_elsewhere(session: Session) -> None:
    actor = make_actor(session)
    other = make_organisation(session)
    for values in ({"organisation_id": other.id}, {"role": "admin"}, {}):
        with pytest.raises(PermissionDenied):
            service.create_user(session, actor, form=user_form(**values), now=NOW)


@pytest.mark.parametrize(
    ("role", "with_organisation", "pointer"),
    [
        ("enterprise", False, "/organisation_id"),
        ("admin", True, "/organisation_id"),
        ("broker", True, "/role"),
    ],
)
def test_role_and_organisation_must_agree(
    session: Session, role: str, with_organisation: bool, pointer: str
) -> None:
    organisation_id = make_organisation(session).id if with_organisation else None
    with pytest.raises(RuleViolation) as caught:
        service.create_user(
            session, OPERATOR, form=user_form(role=role, organisation_id=organisation_id), now=NOW
        )
    assert caught.value.code == "organisation-role-mismatch"
    assert caught.value.fields[0].pointer == pointer


def test_user_of_an_unknown_organisation(session: Session) -> None:
    with pytest.raises(NotFound):
        service.create_user(session, OPERATOR, form=user_form(organisation_id=999_999_999), now=NOW)


def test_weak_password_is_refused(session: Session) -> None:
    with pytest.raises(RuleViolation) as caught:
        service.create_user(session, OPERATOR, form=user_form(role="admin", password="12345"), now=NOW)
    assert caught.value.code == "weak-password"


def test_login_name_is_taken_whatever_the_case(session: Session) -> None:
    make_user(session, login="new.user")
    with pytest.raises(Conflict) as caught:
        service.create_user(session, OPERATOR, form=user_form(login="New.User", role="admin"), now=NOW)
    assert caught.value.code == "login-taken"


def test_audit_holds_no_personal_data(session: Session) -> None:
    person = {"login": "first.user", "name": "王五", "password": PASSWORD}
    form = organisation_form(contact_name="赵六", contact_phone="0510-12345678")
    service.register_with_user(session, form=form, user=person, now=NOW)
    written = " ".join(
        f"{event.action} {event.entity} {event.details}" for event in session.scalars(select(AuditEvent))
    )
    assert written
    for private in ("first.user", "王五", "赵六", "0510-12345678", PASSWORD, form["uscc"]):
        assert private not in written
