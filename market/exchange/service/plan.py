"""Looking at a file before anything is written: its columns, what they mean, and who owns its rows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, BinaryIO

from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.rules import Actor, OrganisationKind, OrganisationStatus, Role
from market.errors import PermissionDenied, violation
from market.exchange import queries
from market.exchange.readers import CHUNK, Source, read_source
from market.exchange.rules.codes import Tables
from market.exchange.rules.mapping import ColumnMapping, guess_mapping, require_columns
from market.exchange.rules.rows import CellReader, RowForm, read_defaults, read_words_meant
from market.exchange.rules.runs import KIND_NAMES, REGISTERS, ImportKind, ImportOptions
from market.exchange.service.survey import survey_contracts
from market.libraries.queries.entries import may_propose
from market.listings.rules import OWNER_ROLES, ListingKind

LISTING_KINDS: Mapping[ImportKind, ListingKind] = {
    ImportKind.NEEDS: ListingKind.NEED,
    ImportKind.ACHIEVEMENTS: ListingKind.ACHIEVEMENT,
}


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """A file that can be imported.

    Attributes:
        options: what was asked for.
        file_name: without folders.
        sha256: of its content, in hex.
        source: its rows.
        mapping: what its columns are taken for.
        tables: codes, regions and parks that cells may name.
        defaults: values for rows that say nothing, by field.
        words: by field, what words of the file mean.
        owner_id: the organisation that owns every row, or the station of every contract; None means that
            the rows name it.
    """

    options: ImportOptions
    file_name: str
    sha256: str
    source: Source
    mapping: ColumnMapping
    tables: Tables
    defaults: Mapping[str, Any]
    words: Mapping[str, Mapping[str, str]]
    owner_id: int | None


def plan_import(
    session: Session, actor: Actor, *, stream: BinaryIO, file_name: str, options: ImportOptions
) -> ImportPlan:
    """Look at a file.

    Args:
        session: open session; nothing is written.
        actor: who wants to import it.
        stream: seekable, and left open until the import is over.
        file_name: its suffix names the format.
        options: how it is to be imported.

    Raises:
        PermissionDenied: the actor may not import such a file, or not so.
        RuleViolation: the file cannot be read, a needed column is missing, an option names something
            that is not there, or the amounts of contracts look like another unit of money.
    """
    _require_importer(actor, options)
    owner_id = _fixed_owner(session, actor, options)
    tables = queries.load_tables(session, options.kind)
    defaults = read_defaults(options.kind, options.defaults, tables)
    source = read_source(stream, file_name, sheet=options.sheet, holding=KIND_NAMES[options.kind])
    mapping = guess_mapping(
        options.kind,
        source.columns,
        chosen=options.columns,
        one_organisation=options.organisation is not None,
    )
    require_columns(options.kind, mapping, defaults=defaults)
    words = read_words_meant(options.kind, options.words, tables)
    if options.kind is ImportKind.CONTRACTS:
        mapping = survey_contracts(
            session,
            source,
            mapping,
            reader=CellReader(tables, words),
            confirm_unit=options.confirm_unit,
        )
    return ImportPlan(
        options=options,
        file_name=PurePath(file_name).name[:255],
        sha256=_digest(stream),
        source=source,
        mapping=mapping,
        tables=tables,
        defaults=defaults,
        words=words,
        owner_id=owner_id,
    )


def _require_importer(actor: Actor, options: ImportOptions) -> None:
    if options.publish and options.kind is ImportKind.CONTRACTS:
        raise violation("/publish", "publish-not-applicable", "合同按已登记导入，不存在发布。")
    if options.publish and options.kind in REGISTERS:
        detail = "清单和库的条目须由另一人核对，不能导入并发布。"
        raise violation("/publish", "publish-not-applicable", detail)
    if options.draft and options.kind not in REGISTERS:
        raise violation("/draft", "draft-not-applicable", "只有清单和库的条目分草稿和待核对。")
    if actor.role is Role.ADMIN:
        return
    if options.kind is ImportKind.CONTRACTS:
        allowed = actor.role is Role.REGISTRAR and actor.verified
    elif options.kind in REGISTERS:
        # Consents, without which nobody is kept, are recorded by the unit or the bureau.
        speaks = options.kind is not ImportKind.TALENTS or actor.role is not Role.BROKER
        allowed = may_propose(actor) and actor.verified and speaks
    else:
        allowed = actor.role in OWNER_ROLES[LISTING_KINDS[options.kind]]
    if not allowed:
        raise PermissionDenied("您不能导入这类数据。", code="role-not-allowed")
    if options.publish:
        raise PermissionDenied(
            "只有系统管理员可以导入并直接发布；请导入为草稿后提交审核。", code="publish-not-open"
        )


def _fixed_owner(session: Session, actor: Actor, options: ImportOptions) -> int | None:
    if options.organisation is None:
        return None
    owner = only_organisation(session, options.organisation)
    if owner is None:
        raise violation(
            "/organisation", "organisation-unknown", f"没有或不止一个单位是“{options.organisation}”。"
        )
    proposes_for_others = options.kind in REGISTERS and actor.role is not Role.UNIVERSITY
    if actor.role is not Role.ADMIN and not proposes_for_others and owner.id != actor.organisation_id:
        raise PermissionDenied("只能为本单位导入。", code="not-own-organisation")
    if options.kind is ImportKind.CONTRACTS and owner.kind is not OrganisationKind.STATION:
        raise violation("/organisation", "station-unknown", f"“{owner.name}”不是技术合同登记机构。")
    if options.publish and owner.status is not OrganisationStatus.VERIFIED:
        raise PermissionDenied("该单位尚未通过主管部门核验，不能发布。", code="organisation-not-verified")
    return owner.id


def only_organisation(session: Session, text: str) -> Organisation | None:
    """Return the one organisation that an id, a credit code or a name means."""
    found = queries.find_organisations(session, text)
    return found[0] if len(found) == 1 else None


class Owners:
    """Finds the organisation each row names; remembers ids, since files name few organisations often."""

    def __init__(self, actor: Actor, plan: ImportPlan) -> None:
        self._actor = actor
        self._fixed = plan.owner_id
        self._known: dict[str, int | None] = {}

    def of(self, session: Session, form: RowForm) -> int | tuple[str, str]:
        """Return the id of a row's organisation, or code and Chinese words for what is wrong.

        A member's rows that name nobody are their own organisation's.
        """
        if self._fixed is not None:
            return self._fixed
        named = form.organisation_uscc or form.organisation
        own = None if self._actor.role is Role.ADMIN else self._actor.organisation_id
        if named is None:
            return own if own is not None else ("organisation-missing", "请填写单位，或导入时指明单位。")
        if named not in self._known:
            owner = only_organisation(session, named)
            self._known[named] = None if owner is None else owner.id
        found = self._known[named]
        if found is None:
            return "organisation-unknown", f"没有或不止一个单位是“{named[:50]}”。"
        if own is not None and found != own:
            return "not-own-organisation", "只能为本单位导入。"
        return found


NO_UNIT = 0
"""In place of an organisation's id: the entry belongs to none on the market."""


class Units:
    """Finds the unit that each row of a register names, as `Owners` does; rows need name none."""

    def __init__(self, actor: Actor, plan: ImportPlan) -> None:
        self._own = (actor.organisation_id or NO_UNIT) if actor.role is Role.UNIVERSITY else NO_UNIT
        self._fixed = plan.owner_id
        self._known: dict[str, int | None] = {}

    def of(self, session: Session, form: RowForm) -> int | tuple[str, str]:
        """Return the id of a row's unit, `NO_UNIT`, or code and Chinese words for what is wrong.

        A university's rows that name nobody are its own; whose entries the actor may propose otherwise is
        for the service that writes them.
        """
        if self._fixed is not None:
            return self._fixed
        named = form.organisation_uscc or form.organisation
        if named is None:
            return self._own
        if named not in self._known:
            unit = only_organisation(session, named)
            self._known[named] = None if unit is None else unit.id
        found = self._known[named]
        if found is None:
            return "organisation-unknown", f"没有或不止一个单位是“{named[:50]}”；不在平台上的单位请留空。"
        return found


def _digest(stream: BinaryIO) -> str:
    stream.seek(0)
    digest = hashlib.sha256()
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
