"""Writing imported entries of lists and pools, through the same steps that people take.

An import proposes; somebody else checks. Nothing is listed by it, and a listed entry is not changed by it
beyond what its keepers may record beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.errors import MarketError, violation
from market.exchange.queries.registers import (
    ALWAYS_ONE,
    ENTRY_KINDS,
    NATURAL,
    find_entry,
    find_node,
    hold_registers,
    node_titles,
    region_of,
)
from market.exchange.rules.runs import PERSONAL, ImportKind, Outcome
from market.exchange.rules.texts import regroup
from market.exchange.service.listings import is_repetition
from market.exchange.service.register_parts import PART_NAMES, Hand, require_consent, write_parts
from market.libraries.models import ChainNode, Project, RegisterEntry, Talent
from market.libraries.queries.kinds import SPECS
from market.libraries.queries.talents import has_agreed
from market.libraries.rules import EntryStatus
from market.libraries.rules.cells import told_indicator
from market.libraries.rules.graph import layers
from market.libraries.rules.talents import ConsentScope
from market.libraries.rules.technologies import SOLVED
from market.libraries.service.entries import create_entry, edit_entry, propose_entry
from market.search.documents import Encoder

BATCH = 200
ALL_AT_ONCE = 5000
"""Rows written together; nodes name each other, so that as many of them as possible go together."""

Row = tuple[int, Mapping[str, Any]]


class PersonNotWritten(RuntimeError):
    """The database refused a person; its own words would hold the row, and be logged."""


class RegisterWriter:
    """Writes the rows of one file of entries of a kind.

    Args:
        actor: who imports, and so proposes.
        kind: which entries.
        encoder: makes vectors of what is recorded with entries that can be found already.
        draft: leave what is new or changed as drafts.
    """

    def __init__(self, actor: Actor, kind: ImportKind, *, encoder: Encoder, draft: bool) -> None:
        self._actor = actor
        self._kind = kind
        self._encoder = encoder
        self._draft = draft
        self.batch = ALL_AT_ONCE if kind is ImportKind.NODES else BATCH

    def key_fields(self) -> tuple[str, ...]:
        """Return the fields by which a row is told from others."""
        return (*NATURAL[self._kind][-1:], "external_id")

    def keys_of(self, owner_id: int, values: Mapping[str, Any]) -> tuple[object, ...]:
        """Return what no other row of the file may have: its number, or what stands for one."""
        where = values.get("region_code") or owner_id
        number = values.get("external_id")
        keys: list[object] = [] if number is None else [("external_id", where, number)]
        if number is None or self._kind in ALWAYS_ONE:
            keys.append((where, *(values.get(name) for name in NATURAL[self._kind])))
        return tuple(keys)

    def write(self, session: Session, rows: Sequence[Row], *, now: datetime) -> list[Outcome | MarketError]:
        """Propose the entries that are not there, and change those that are open for editing.

        Entries that are there and say the same stay as they are, in whatever state. What is new or changed
        is handed in to be checked; nodes are when all were written, since rows add to each other's nodes.
        """
        hold_registers(session)
        hand = Hand(session, self._actor, self._encoder, now)
        order, outcomes = self._order(session, rows)
        waiting: dict[int, tuple[RegisterEntry, Outcome]] = {}
        for place in order:
            outcomes[place] = self._whole(session, partial(self._write, hand, rows[place], waiting, place))
        for place, (entry, outcome) in waiting.items():
            outcomes[place] = self._whole(session, partial(self._hand_in, hand, entry, outcome))
        return [outcomes[place] for place in range(len(rows))]

    def _order(
        self, session: Session, rows: Sequence[Row]
    ) -> tuple[Sequence[int], dict[int, Outcome | MarketError]]:
        """Return the places of rows in the order in which they can be written, and those that cannot."""
        if self._kind is not ImportKind.NODES:
            return range(len(rows)), {}
        places = {(values["chain_code"], values["title"]): place for place, (_, values) in enumerate(rows)}
        titles = {title for _, title in places}
        titles |= node_titles(session, sorted({chain for chain, _ in places}))
        edges = []
        for place, (_, values) in enumerate(rows):
            for title in regroup(values.get("upstream") or (), titles.__contains__):
                before = places.get((values["chain_code"], title))
                if before is not None:
                    edges.append((before, place))
        layer = layers(range(len(rows)), edges)
        detail = "文件中的上下游关系成环，请检查“上游环节”一列。"
        caught: dict[int, Outcome | MarketError] = {
            place: violation("/upstream", "chain-cycle", detail)
            for place in range(len(rows))
            if place not in layer
        }
        return sorted(layer, key=lambda place: (layer[place], place)), caught

    def _whole(self, session: Session, work: Callable[[], Outcome]) -> Outcome | MarketError:
        """Do all of a piece of work or nothing of it; return what became of it, or why it was refused."""
        try:
            with session.begin_nested():
                return work()
        except MarketError as error:
            return error
        except (IntegrityError, DataError) as error:
            if isinstance(error, IntegrityError) and is_repetition(error):
                return violation("/external_id", "duplicate-record", "与刚刚由他人写入的记录重复。")
            if self._kind in PERSONAL:
                raise PersonNotWritten(type(error.orig).__name__) from None
            raise

    def _write(
        self, hand: Hand, row: Row, waiting: dict[int, tuple[RegisterEntry, Outcome]], place: int
    ) -> Outcome:
        entry, outcome = self._write_one(hand, *row)
        if self._kind is not ImportKind.NODES:
            return self._hand_in(hand, entry, outcome)
        waiting[place] = entry, outcome
        return outcome

    def _hand_in(self, hand: Hand, entry: RegisterEntry, outcome: Outcome) -> Outcome:
        """Hand an entry in if it is new or changed, or was left as a draft before."""
        returned = entry.status is EntryStatus.RETURNED and outcome is not Outcome.UNCHANGED
        if self._draft or not (returned or entry.status is EntryStatus.DRAFT):
            return outcome
        propose_entry(hand.session, self._actor, type(entry), entry.id, now=hand.now)
        return Outcome.UPDATED if outcome is Outcome.UNCHANGED else outcome

    def _write_one(
        self, hand: Hand, owner_id: int, values: Mapping[str, Any]
    ) -> tuple[RegisterEntry, Outcome]:
        session, kind = hand.session, ENTRY_KINDS[self._kind]
        model = SPECS[kind].model
        region = region_of(session, self._actor, owner_id, values)
        parts = {name: value for name, value in values.items() if name in PART_NAMES}
        form = {name: value for name, value in values.items() if name not in PART_NAMES}
        known = find_entry(session, self._actor, self._kind, form, region_code=region) if region else None
        self._complete(hand, form, parts, region=region, known=known)
        nullable = inspect(model).columns
        form = {name: value for name, value in form.items() if value is not None or nullable[name].nullable}
        if self._kind is ImportKind.TALENTS and (
            known is None or not has_agreed(session, known.id, ConsentScope.KEEP)
        ):
            require_consent(parts)
        if known is None:
            given = {name: value for name, value in form.items() if value is not None}
            if owner_id:
                given["organisation_id"] = owner_id
            if region:
                given["region_code"] = region
            entry = create_entry(session, self._actor, kind, form=given, now=hand.now)
            write_parts(hand, self._kind, entry, parts)
            return entry, Outcome.CREATED
        if owner_id and owner_id != known.organisation_id:
            raise violation("/organisation", "organisation-differs", "该条目属于另一单位，导入不能改动。")
        changes = differences(known, form)
        if changes:
            known = edit_entry(
                session, self._actor, model, known.id, changes=changes, version=known.version, now=hand.now
            )
        added = write_parts(hand, self._kind, known, parts)
        return known, Outcome.UPDATED if changes or added else Outcome.UNCHANGED

    def _complete(
        self,
        hand: Hand,
        form: dict[str, Any],
        parts: dict[str, Any],
        *,
        region: str | None,
        known: RegisterEntry | None,
    ) -> None:
        """Put in place of names what they mean.

        Raises:
            RuleViolation: a node is unknown, or a day and a state do not agree.
        """
        if self._kind is ImportKind.NODES and parts.get("upstream"):
            titles = node_titles(hand.session, [form["chain_code"]])
            parts["upstream"] = regroup(parts["upstream"], titles.__contains__)
        if self._kind is ImportKind.TECHNOLOGIES:
            title = form.pop("node", None)
            if title is not None and region is not None and not _names_node_of(hand.session, known, title):
                chain = form.get("chain_code") or (known.chain_code if known is not None else None)
                node = find_node(
                    hand.session, self._actor, title, region_code=region, chain_code=chain, pointer="/node"
                )
                form["node_id"] = node.id
            solved, day = form.get("progress") == SOLVED, form.get("solved_on")
            if "progress" in form and solved != (day is not None):
                detail = "“已攻克”的请填写攻克日期，其他进展不填。"
                raise violation("/solved_on", "solved-day-mismatch", detail)


def differences(entry: RegisterEntry, form: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a row that say something else than its entry."""
    return {
        name: value
        for name, value in form.items()
        if name != "region_code" and not _same(_told(entry, name), value)
    }


def _told(entry: RegisterEntry, name: str) -> Any:
    """Return what an entry says of a field; a leader of the talent pool is named there alone."""
    if name == "open_weekdays":
        return sorted(set(getattr(entry, name)))
    if name == "leader_name" and isinstance(entry, Project) and entry.leader_talent_id is not None:
        session = inspect(entry).session
        leader = session.get(Talent, entry.leader_talent_id) if session is not None else None
        return None if leader is None else leader.person_name
    return getattr(entry, name)


def _names_node_of(session: Session, entry: RegisterEntry | None, title: str) -> bool:
    """Tell whether a name is that of the node an entry speaks of already, whatever else is called so."""
    node_id = getattr(entry, "node_id", None)
    node = None if node_id is None else session.get(ChainNode, node_id)
    return node is not None and node.title == title


def _same(present: Any, stated: Any) -> bool:
    """Tell whether two values say the same: blanks and the marks of lists apart."""
    if isinstance(stated, list) and isinstance(present, list):
        return present == stated or _flat(present) == _flat(stated)
    if isinstance(stated, str):
        return " ".join(str(present or "").split()) == " ".join(stated.split())
    return bool(present == stated)


def _flat(values: Sequence[Any]) -> str:
    told = (told_indicator(value) if isinstance(value, Mapping) else str(value) for value in values)
    return re.sub(r"[、，,；;\s]+", "、", "、".join(told))
