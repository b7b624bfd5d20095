"""Publishing a list: all its entries checked, frozen, compared with the edition before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from market.accounts.rules import Actor, Role, oversees
from market.audit.service import record
from market.canonical import digest_of
from market.clock import china_day
from market.db import AdvisoryLock, advisory_lock
from market.errors import Conflict, PermissionDenied, violation
from market.libraries.models import Edition, EditionRow, RegisterEntry
from market.libraries.queries.editions import entries_in_state, frozen_rows, latest_edition
from market.libraries.queries.kinds import SPECS, freeze, to_document
from market.libraries.rules import POOLS, REGISTER_NAMES, Comparison, EntryStatus, Frozen, Register, compare
from market.reference.queries import check_region
from market.search.documents import Encoder
from market.search.service import put_documents


@dataclass(frozen=True, slots=True)
class Preview:
    """What an edition published now would hold.

    Attributes:
        rows: how many entries.
        unverified: entries that have been proposed and not checked; while there are any, none is published.
        comparison: against the newest edition.
    """

    rows: int
    unverified: Sequence[RegisterEntry]
    comparison: Comparison


def require_publisher(actor: Actor, region_code: str) -> None:
    """Refuse all but the bureau of a region and admins.

    Raises:
        PermissionDenied: the actor is neither.
    """
    if actor.role is not Role.ADMIN and not oversees(actor, region_code):
        raise PermissionDenied("清单由所在地主管部门发布。", code="role-not-allowed")


def preview_edition(session: Session, actor: Actor, register: Register, *, region_code: str) -> Preview:
    """Tell what an edition published now would hold, and what stands in its way.

    Raises:
        PermissionDenied: another region's bureau.
        RuleViolation: the register has no editions, or there is no such region.
    """
    require_publisher(actor, region_code)
    _require_list(register)
    check_region(session, region_code, pointer="/region_code")
    rows = freeze(session, entries_in_state(session, register, region_code, EntryStatus.LISTED))
    before = frozen_rows(session, latest_edition(session, register, region_code))
    return Preview(
        rows=len(rows),
        unverified=entries_in_state(session, register, region_code, EntryStatus.PROPOSED),
        comparison=compare(before, {row.key: row for row in rows}),
    )


def publish_edition(
    session: Session,
    actor: Actor,
    register: Register,
    *,
    region_code: str,
    title: str | None,
    as_of: date,
    note: str | None,
    encoder: Encoder,
    now: datetime,
) -> Edition:
    """Freeze a list as it stands; from now on anyone may read and find what is on it.

    Args:
        session: open transaction.
        actor: the bureau of the region.
        register: which list.
        region_code: whose; entries of regions inside it stand on it too.
        title: None for a title made from region, list and day.
        as_of: the date that the publisher states, today or earlier. The entries are frozen as they are
            now; what they were on a past day is not reconstructed.
        note: words that go with it.
        encoder: makes the vectors of entries that become findable.
        now: present time.

    Raises:
        PermissionDenied: another region's bureau.
        Conflict: an entry is waiting to be checked (`edition-unverified-entries`), or nothing has changed
            since the newest edition of the same day (`edition-unchanged`).
        RuleViolation: a pool, an empty list, an unknown region or a day ahead.
    """
    require_publisher(actor, region_code)
    _require_list(register)
    advisory_lock(session, AdvisoryLock.EDITIONS)
    waiting = entries_in_state(session, register, region_code, EntryStatus.PROPOSED)
    if waiting:
        names = "、".join(f"《{entry.title}》" for entry in waiting[:3])
        raise Conflict(
            f"还有 {len(waiting)} 个条目待核对（{names}{'等' if len(waiting) > 3 else ''}），"
            "核对完毕后才能发布。",
            code="edition-unverified-entries",
        )
    entries = entries_in_state(session, register, region_code, EntryStatus.LISTED, lock=True)
    if not entries:
        raise violation("/register", "edition-empty", "清单上还没有条目，不能发布。")
    edition = freeze_edition(
        session, actor, register, region_code=region_code, title=title, as_of=as_of, note=note,
        rows=freeze(session, entries), now=now,
    )  # fmt: skip
    _make_public(session, entries, encoder, now=now)
    return edition


def _make_public(
    session: Session, entries: Sequence[RegisterEntry], encoder: Encoder, *, now: datetime
) -> None:
    fresh = [entry for entry in entries if entry.published_at is None]
    for entry in fresh:
        entry.published_at = now
    session.flush()  # before they are read for the index
    found = [
        to_document(session, entry)
        for entry in fresh
        if SPECS[entry.kind].index_kind is not None and SPECS[entry.kind].may_be_found(session, entry)
    ]
    put_documents(session, encoder, found, now=now)


def freeze_edition(
    session: Session,
    actor: Actor,
    register: Register,
    *,
    region_code: str,
    title: str | None,
    as_of: date,
    note: str | None,
    rows: Sequence[Frozen],
    now: datetime,
) -> Edition:
    """Write an edition of rows that were made ready; for lists whose records are not entries too.

    Raises:
        Conflict: the newest edition has the same rows and the same day (`edition-unchanged`).
        RuleViolation: an unknown region or a day ahead.
    """
    region = check_region(session, region_code, pointer="/region_code")
    if as_of > china_day(now):
        raise violation("/as_of", "day-ahead", "清单截止日期不能晚于今天。")
    advisory_lock(session, AdvisoryLock.EDITIONS)  # so that no two draw the same number
    previous = latest_edition(session, register, region_code)
    after = {row.key: row for row in rows}
    digest = digest_of({"rows": [_proved(row) for row in rows]})
    if previous is not None and (previous.digest, previous.as_of) == (digest, as_of):
        raise Conflict(
            f"第{previous.number}版的截止日期和内容与此完全相同，不必再发布。", code="edition-unchanged"
        )
    edition = Edition(
        register=register,
        region_code=region_code,
        number=previous.number + 1 if previous else 1,
        title=title or f"{region.name}{REGISTER_NAMES[register]}（{_day_text(as_of)}）",
        as_of=as_of,
        note=note,
        row_count=len(rows),
        digest=digest,
        comparison=compare(frozen_rows(session, previous), after).to_json(),
        published_by=actor.user_id,
        published_at=now,
    )
    session.add(edition)
    session.flush()  # draws the id
    if rows:
        session.execute(
            insert(EditionRow),
            [
                {
                    "edition_id": edition.id,
                    "record_id": row.record_id,
                    "key": row.key,
                    "position": position,
                    "title": row.title,
                    "content": dict(row.content),
                }
                for position, row in enumerate(rows)
            ],
        )
    record(
        session, actor.user_id, action="edition.publish", entity="edition", entity_id=edition.id, now=now,
        details={"register": register.value, "region": region_code, "number": edition.number},
    )  # fmt: skip
    return edition


def _day_text(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _proved(row: Frozen) -> dict[str, Any]:
    return {"key": row.key, "title": row.title, "content": dict(row.content)}


def _require_list(register: Register) -> None:
    if register in POOLS:
        raise violation(
            "/register", "register-has-no-editions", "项目库和人才库不发布版本，条目核对后即公开。"
        )
    if register is Register.CHALLENGES:
        raise violation("/register", "register-has-no-editions", "榜单在揭榜挂帅中发布。")
