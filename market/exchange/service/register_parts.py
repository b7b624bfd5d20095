"""What hangs on an entry and has services of its own: edges, positions, titles, members, roles, consents.

A file only adds: what hangs on an entry and does not stand in the file stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.rules import Actor, OrganisationKind
from market.errors import FieldError, MarketError, RuleViolation, violation
from market.exchange.queries import find_organisations
from market.exchange.queries.registers import agency_named, find_node, standing_on, upstream_titles
from market.exchange.rules.register_values import consent_details_fault, consent_fault
from market.exchange.rules.runs import ImportKind
from market.libraries.models import ChainEnterprise, ChainNode, Consortium, Project, RegisterEntry, Talent
from market.libraries.queries.talents import has_agreed
from market.libraries.rules.talents import MANAGER_ROLE, ConsentScope
from market.libraries.service import chains, project_plans, records
from market.libraries.service.talent_roles import add_role
from market.libraries.service.talents import give_consent
from market.search.documents import Encoder


@dataclass(frozen=True, slots=True)
class Hand:
    """Who writes, where to and when."""

    session: Session
    actor: Actor
    encoder: Encoder
    now: datetime


@contextmanager
def said_at(pointer: str, *, inside: bool = False) -> Iterator[None]:
    """Let a refusal point at a field of the file; `inside` keeps the service's own pointer behind it."""
    try:
        yield
    except MarketError as error:
        own = error.fields or (FieldError("", error.code, error.detail),)
        fields = tuple(
            FieldError(pointer + (each.pointer if inside else ""), each.code, each.detail, each.source)
            for each in own
        )
        raise RuleViolation(error.detail, code=error.code, fields=fields) from error


def add_edges(hand: Hand, node: ChainNode, parts: Mapping[str, Any]) -> bool:
    """Record what delivers to a node."""
    known = upstream_titles(hand.session, node.id)  # the nearest of a name need not be the one that delivers
    added = False
    for title in parts.get("upstream") or ():
        if title in known:
            continue
        with said_at("/upstream"):
            other = find_node(
                hand.session, hand.actor, title, region_code=node.region_code, chain_code=node.chain_code,
                pointer="",
            )  # fmt: skip
            chains.add_edge(
                hand.session, hand.actor, other.id, downstream_id=node.id, words=None, encoder=hand.encoder,
                now=hand.now,
            )  # fmt: skip
            added = True
    return added


def add_to_enterprise(hand: Hand, enterprise: ChainEnterprise, parts: Mapping[str, Any]) -> bool:
    """Put an enterprise on nodes, and record its titles."""
    standing = standing_on(hand.session, hand.actor, enterprise)
    held = {(one.tag, one.year) for one in enterprise.tags}
    added = False
    for position in parts.get("positions") or ():
        if (position["node"], position["chain"], position["role"]) in standing:
            continue
        with said_at("/positions"):
            node = find_node(
                hand.session, hand.actor, position["node"], region_code=enterprise.region_code,
                chain_code=position["chain"], pointer="",
            )  # fmt: skip
            chains.add_position(
                hand.session, hand.actor, enterprise.id, node_id=node.id, role=position["role"],
                encoder=hand.encoder, now=hand.now,
            )  # fmt: skip
            added = True
    for title in parts.get("tags") or ():
        if (title["tag"], title["year"]) in held:
            continue
        with said_at("/tags"):
            chains.add_tag(
                hand.session, hand.actor, enterprise.id, form={**title, "source": parts["source"]},
                encoder=hand.encoder, now=hand.now,
            )  # fmt: skip
            added = True
    return added


def add_units(hand: Hand, consortium: Consortium, parts: Mapping[str, Any]) -> bool:
    """Add units to a consortium, linked where the market knows them by exactly this name."""
    known = {member.name for member in consortium.members}
    added = False
    for unit in parts.get("members") or ():
        if unit["name"] in known:
            continue
        linked = _unit_named(hand.session, unit["name"])
        with said_at("/members"):
            records.add_member(
                hand.session,
                hand.actor,
                consortium.id,
                form={
                    "name": unit["name"],
                    "organisation_id": linked.id if linked is not None else None,
                    "lead": unit["lead"],
                    "is_enterprise": unit["is_enterprise"]
                    or (linked is not None and linked.kind is OrganisationKind.ENTERPRISE),
                    "joined_on": unit["joined_on"] or consortium.founded_on,
                },
                now=hand.now,
            )
            added = True
    return added


def _unit_named(session: Session, name: str) -> Organisation | None:
    found = [unit for unit in find_organisations(session, name) if unit.name == name]
    return found[0] if len(found) == 1 else None


def add_people(hand: Hand, project: Project, parts: Mapping[str, Any]) -> bool:
    """Add people to the team of a project by name; nobody is linked to the talent pool by guessing."""
    added = False
    for person in parts.get("members") or ():
        if any(
            one.full_name == person["name"]
            and (None in (person["unit"], one.unit) or one.unit == person["unit"])
            for one in project.members
        ):
            continue
        with said_at("/members"):
            project_plans.add_member(hand.session, hand.actor, project.id, form=person, now=hand.now)
            added = True
    return added


def require_consent(parts: Mapping[str, Any]) -> None:
    """Refuse a person not known to have agreed to be kept where the row does not say so either.

    Raises:
        RuleViolation: `consent-missing` or `consent-incomplete`.
    """
    fault = consent_fault(parts.get("consent") or {}, keep=ConsentScope.KEEP)
    if fault is not None:
        raise violation(f"/consent/{fault[0]}", *fault[1:])


def add_to_talent(hand: Hand, talent: Talent, parts: Mapping[str, Any]) -> bool:
    """Record the roles of a person, and what the person agreed to."""
    added = _add_roles(hand, talent, parts)
    consent = parts.get("consent") or {}
    new = [scope for scope in consent.get("scopes") or () if not has_agreed(hand.session, talent.id, scope)]
    fault = consent_details_fault(consent) if new else None
    if fault is not None:
        raise violation(f"/consent/{fault[0]}", *fault[1:])
    for scope in new:
        with said_at("/consent", inside=True):
            give_consent(
                hand.session, hand.actor, talent.id, scope=scope, given_on=consent["given_on"],
                evidence=consent["evidence"], encoder=hand.encoder, now=hand.now,
            )  # fmt: skip
    return added or bool(new)


def _add_roles(hand: Hand, talent: Talent, parts: Mapping[str, Any]) -> bool:
    held = {(one.role, one.level, one.valid_from, one.valid_until) for one in talent.roles}
    wanted = [("/roles", False, each) for each in parts.get("roles") or ()]
    own = _role_of_columns(parts.get("role") or {})
    if own is not None:
        wanted.append(("/role", True, own))
    added = False
    for pointer, inside, form in wanted:
        if (form["role"], form.get("level"), form["valid_from"], form.get("valid_until")) in held:
            continue
        whole = _with_agency(hand.session, form, pointer=pointer + ("/agency" if inside else ""))
        with said_at(pointer, inside=inside):
            add_role(hand.session, hand.actor, talent.id, form=whole, encoder=hand.encoder, now=hand.now)
            added = True
    return added


def _role_of_columns(stated: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the form of the role that the columns of a row describe; None if they describe none."""
    form = {name: value for name, value in stated.items() if value is not None}
    if not form:
        return None
    if "role" not in form and "level" in form:
        form["role"] = MANAGER_ROLE
    for name, label in (("role", "身份类别"), ("valid_from", "身份起始日期")):
        if name not in form:
            raise violation(f"/role/{name}", "field-missing", f"请填写{label}。")
    return form


def _with_agency(session: Session, stated: Mapping[str, Any], *, pointer: str) -> dict[str, Any]:
    """Return the form of a role with the agency that its name means, which is on file only while it lasts."""
    form = dict(stated)
    agency = form.pop("agency", None)
    if agency is not None:
        form["agency_entry_id"] = agency_named(session, agency, pointer=pointer).id
    return form


PARTS: Mapping[ImportKind, Callable[[Hand, Any, Mapping[str, Any]], bool]] = {
    ImportKind.NODES: add_edges,
    ImportKind.ENTERPRISES: add_to_enterprise,
    ImportKind.PROJECTS: add_people,
    ImportKind.TALENTS: add_to_talent,
    ImportKind.CONSORTIA: add_units,
}
"""What adds to entries of a kind; each tells whether it added anything."""

PART_NAMES = frozenset({"upstream", "positions", "tags", "members", "roles", "role", "consent"})
"""Values of a row that are no columns of its entry."""


def write_parts(hand: Hand, kind: ImportKind, entry: RegisterEntry, parts: Mapping[str, Any]) -> bool:
    """Add what a row says of things that hang on its entry; tells whether anything was new.

    Raises:
        RuleViolation: one of them is refused, with the rule's own code.
    """
    return kind in PARTS and PARTS[kind](hand, entry, {"source": entry.source, **parts})
