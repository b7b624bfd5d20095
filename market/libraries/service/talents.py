"""People of the talent pool: their consents, their account, their contact, and their being forgotten."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from market.accounts.models import User
from market.accounts.rules import Actor
from market.audit.service import record
from market.clock import china_day
from market.errors import Conflict, PermissionDenied, violation
from market.libraries.models import (
    EntryEvent,
    Project,
    ProjectMember,
    Talent,
    TalentConsent,
)
from market.libraries.queries.consents import is_own_unit, speaks_for
from market.libraries.queries.entries import get_entry, is_about, is_checker
from market.libraries.queries.kinds import may_be_found
from market.libraries.queries.talents import has_agreed
from market.libraries.rules import EntryAction, EntryStatus
from market.libraries.rules.talents import (
    CONSENT_SCOPE_NAMES,
    ERASED_NAME,
    ConsentScope,
    ErasureReason,
)
from market.libraries.service.entries import record_with
from market.libraries.service.steps import keep_index, take_step
from market.search.documents import Encoder, Kind
from market.search.service import forget_document


def give_consent(
    session: Session,
    actor: Actor,
    talent_id: int,
    *,
    scope: ConsentScope,
    given_on: date,
    evidence: str | None,
    encoder: Encoder,
    now: datetime,
) -> TalentConsent:
    """Record that a person agreed; with `find`, a listed person may be found from the commit on.

    Args:
        session: open transaction.
        actor: the person, the person's unit or the bureau.
        talent_id: the person.
        scope: to what.
        given_on: when, today or earlier.
        evidence: where the consent can be seen; not needed of the person.
        encoder: makes the vector.
        now: present time.

    Raises:
        PermissionDenied: anybody else.
        Conflict: such a consent is in force.
        RuleViolation: no evidence, or a day ahead.
    """
    talent = _talent_spoken_for(session, actor, talent_id)
    if given_on > china_day(now):
        raise violation("/given_on", "day-ahead", "同意日期不能晚于今天。")
    if not evidence and not is_about(actor, talent):
        raise violation("/evidence", "evidence-missing", "请写明本人同意的依据，如同意书的存放处和编号。")
    if has_agreed(session, talent.id, scope):
        raise Conflict(f"已经登记“{CONSENT_SCOPE_NAMES[scope]}”的同意。", code="consent-in-force")
    consent = TalentConsent(
        talent_id=talent.id,
        scope=scope,
        given_on=given_on,
        evidence=evidence or None,
        recorded_by=actor.user_id,
        recorded_at=now,
    )
    session.add(consent)
    note = f"登记同意：{CONSENT_SCOPE_NAMES[scope]}"
    new = encoder if scope is ConsentScope.FIND else None  # the others change nothing that is found
    record_with(session, actor, talent, note=note, encoder=new, now=now)
    return consent


def withdraw_consent(
    session: Session, actor: Actor, talent_id: int, *, scope: ConsentScope, now: datetime
) -> None:
    """End a consent; the person is not found or shown any more from the commit on.

    Whoever no longer agrees to be kept is erased, as 个人信息保护法（2021）第四十七条 asks.

    Raises:
        PermissionDenied: neither the person, nor the person's unit, nor the bureau.
        Conflict: there is no such consent in force.
    """
    talent = _talent_spoken_for(session, actor, talent_id)
    consent = session.scalar(
        select(TalentConsent).where(
            TalentConsent.talent_id == talent.id,
            TalentConsent.scope == scope,
            TalentConsent.withdrawn_at.is_(None),
        )
    )
    if consent is None:
        raise Conflict(
            f"没有登记过“{CONSENT_SCOPE_NAMES[scope]}”的同意，或已撤回。", code="consent-not-given"
        )
    if scope is ConsentScope.KEEP:
        _erase(session, actor, talent, reason=ErasureReason.CONSENT_WITHDRAWN, now=now)
        return
    found_before = may_be_found(session, talent)
    consent.withdrawn_at, consent.withdrawn_by = now, actor.user_id
    note = f"撤回同意：{CONSENT_SCOPE_NAMES[scope]}"
    record_with(session, actor, talent, note=note, encoder=None, now=now)
    if found_before and not may_be_found(session, talent):
        keep_index(session, talent, found_before=True, encoder=None, now=now)


def link_account(
    session: Session, actor: Actor, talent_id: int, *, login: str | None, now: datetime
) -> Talent:
    """Say which account is the person's own, who may then agree, withdraw and ask to be erased.

    Args:
        session: open transaction.
        actor: the bureau, or the person's unit for one of its own accounts.
        talent_id: the person.
        login: of the account; None for none.
        now: present time.

    Raises:
        PermissionDenied: anybody else.
        Conflict: it is another person's account (`account-taken`).
        RuleViolation: there is no such account, or it is not of the unit.
    """
    talent = get_entry(session, actor, Talent, talent_id, lock=True)
    checks = is_checker(actor, talent)
    if not checks and not is_own_unit(actor, talent):
        raise PermissionDenied("账号由所属单位或所在地主管部门关联。", code="role-not-allowed")
    user = None
    if login is not None:
        # Locked, so that of two who link it at once the second finds the first.
        user = session.scalar(
            select(User).where(User.login == login, User.active).with_for_update(key_share=True, of=User)
        )
        if user is None or not (checks or user.organisation_id == actor.organisation_id):
            raise violation("/login", "unknown-account", "没有这个账号，或不是本单位的账号。")
        taken = select(Talent.id).where(Talent.user_id == user.id, Talent.id != talent.id)
        if session.scalar(taken) is not None:
            raise Conflict("该账号已关联到另一个人，请先在那里解除关联。", code="account-taken")
    talent.user_id = user.id if user else None
    note = "关联本人账号" if user else "解除本人账号的关联"
    record_with(session, actor, talent, note=note, encoder=None, now=now)
    return talent


def contact_of(
    session: Session, actor: Actor, talent: Talent, *, released: bool, now: datetime
) -> str | None:
    """Return how a person can be reached, and write down who asked, unless it is the person.

    Args:
        session: open transaction.
        actor: the person, the person's unit, the bureau; or whoever the caller's own rules released it to.
        talent: the person.
        released: whether those rules are met, such as a referral that was agreed to; the person's consent of
            scope `contact` is asked for besides.
        now: present time.

    Raises:
        PermissionDenied: it is not released, or the person did not agree.
    """
    if is_about(actor, talent):
        return talent.contact
    if not speaks_for(actor, talent):
        if not released:
            words = "引荐的双方都表示有意以后，才能由需要的一方和承办的经纪人查看联系方式。"
            raise PermissionDenied(words, code="contact-not-released")
        agreed = has_agreed(session, talent.id, ConsentScope.CONTACT)
        if talent.status is not EntryStatus.LISTED or not agreed:
            raise PermissionDenied("本人没有同意向您转达联系方式。", code="contact-not-released")
    record(
        session, actor.user_id, action="talent.read_contact", entity="talent", entity_id=talent.id, now=now,
        details={"released": released},
    )  # fmt: skip
    return talent.contact


def read_contact(session: Session, actor: Actor, talent_id: int, *, now: datetime) -> str | None:
    """Return how a person can be reached, to those who keep the record; see `contact_of`."""
    return contact_of(session, actor, get_entry(session, actor, Talent, talent_id), released=False, now=now)


def erase_talent(
    session: Session, actor: Actor, talent_id: int, *, reason: ErasureReason, now: datetime
) -> Talent:
    """Erase all that is known of a person; what points to the record keeps pointing to an empty one.

    That a role was held, and when, is kept for the figures, without a name or number.

    Args:
        session: open transaction; after its commit the index of this process should catch up.
        actor: the person, the person's unit or the bureau.
        talent_id: the person.
        reason: why.
        now: present time.

    Raises:
        NotFound: there is none, or it has been erased.
        PermissionDenied: anybody else.
    """
    talent = _talent_spoken_for(session, actor, talent_id)
    _erase(session, actor, talent, reason=reason, now=now)
    return talent


def _erase(session: Session, actor: Actor, talent: Talent, *, reason: ErasureReason, now: datetime) -> None:
    session.execute(
        update(EntryEvent).where(EntryEvent.entry_id == talent.id).values(note=None, snapshot=None)
    )  # words written at a step may name the person
    # Members who are linked are not named again, but the name may have been written before the link. This
    # comes before the index: whoever has one of these projects in hand may be waiting to write there.
    session.execute(
        update(ProjectMember).where(ProjectMember.talent_id == talent.id).values(name=None, unit=None)
    )
    session.execute(update(Project).where(Project.leader_talent_id == talent.id).values(leader_name=None))
    take_step(session, actor, talent, EntryAction.ERASE, encoder=None, now=now, note=reason.value)
    talent.person_name, talent.unit_name, talent.post = ERASED_NAME, "", ""
    talent.summary, talent.source = "", ERASED_NAME
    talent.fields, talent.works, talent.keywords = [], [], []
    for name in (
        "internal", "external_id", "tech_field", "chain_code", "organisation_id", "availability", "contact",
        "declared_interests", "user_id",
    ):  # fmt: skip
        setattr(talent, name, None)
    for role in talent.roles:
        role.certificate_no = role.issuer = role.note = None
    mine = TalentConsent.talent_id == talent.id
    session.execute(update(TalentConsent).where(mine).values(evidence=None))
    session.execute(
        update(TalentConsent)
        .where(mine, TalentConsent.withdrawn_at.is_(None))
        .values(withdrawn_at=now, withdrawn_by=actor.user_id)
    )
    session.flush()
    once = select(TalentConsent.id).where(mine, TalentConsent.scope == ConsentScope.FIND).exists()
    if talent.published_at is not None and session.scalar(select(once)):
        # Also where it cannot be found any more: older snapshots of the index may hold it.
        forget_document(session, Kind.EXPERT, talent.id, now=now)


def _talent_spoken_for(session: Session, actor: Actor, talent_id: int) -> Talent:
    talent = get_entry(session, actor, Talent, talent_id, lock=True)
    if not speaks_for(actor, talent):
        raise PermissionDenied("由本人、所属单位或所在地主管部门办理。", code="role-not-allowed")
    return talent
