"""Projects of the pool: team, milestones, payments."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Table,
    UniqueConstraint,
    case,
    exists,
    func,
    select,
)
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from market.db import Base, BigId, Code, UtcDateTime, enum_type
from market.libraries.models.entries import RegisterEntry
from market.libraries.models.talents import Talent, TalentConsent
from market.libraries.rules import EntryKind, EntryStatus
from market.libraries.rules.projects import PLANNED, MilestoneStatus, Payer, ProjectOrigin
from market.libraries.rules.talents import ConsentScope


def _name_of(talent_id: Mapped[int | None], *, found: bool) -> ColumnElement[Any]:
    """Return the name of somebody in the talent pool; where `found`, only while anyone may know of them."""
    talents = cast(Table, Talent.__table__).alias("member")
    entries = cast(Table, RegisterEntry.__table__).alias("member_entry")
    consents = cast(Table, TalentConsent.__table__).alias("member_consent")
    statement = select(talents.c.person_name).where(talents.c.id == talent_id)
    if found:
        statement = statement.where(
            exists().where(entries.c.id == talents.c.id, entries.c.status == EntryStatus.LISTED),
            exists().where(
                consents.c.talent_id == talents.c.id,
                consents.c.scope == ConsentScope.FIND,
                consents.c.withdrawn_at.is_(None),
            ),
        )
    return statement.correlate_except(talents, entries, consents).scalar_subquery()


class Project(RegisterEntry):
    """A project. `total_fen` of None has not been settled; `grant_fen` is the part of public funds.

    A leader who is in the talent pool is named by `leader_talent_id` alone, so that no copy of the
    name is kept here. What belongs to a project is loaded with it: every view shows it.
    """

    __tablename__ = "projects"
    __table_args__ = (  # type: ignore[assignment]  # those of the common table are of other types
        CheckConstraint("grant_fen >= 0 AND grant_fen <= coalesce(total_fen, 0)", name="grant"),
        Index("ix_projects_category_started_on", "category", "started_on"),
    )

    id: Mapped[int] = mapped_column(ForeignKey("register_entries.id"), primary_key=True)
    category: Mapped[str] = mapped_column(Code)
    stage: Mapped[str] = mapped_column(Code, default=PLANNED)
    trl: Mapped[int | None]
    key_project: Mapped[bool] = mapped_column(default=False)
    """Whether it is one of the region's major projects (重点)."""
    leader_name: Mapped[str | None] = mapped_column(String(64))
    leader_talent_id: Mapped[int | None] = mapped_column(ForeignKey("talents.id"), index=True)
    started_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    total_fen: Mapped[int | None] = mapped_column(BigInteger)
    grant_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    origin: Mapped[ProjectOrigin] = mapped_column(enum_type(ProjectOrigin), default=ProjectOrigin.OWN)
    achievement_id: Mapped[int | None] = mapped_column(ForeignKey("achievements.id"), index=True)
    need_id: Mapped[int | None] = mapped_column(ForeignKey("needs.id"), index=True)
    challenge_id: Mapped[int | None] = mapped_column(BigInteger)
    award_id: Mapped[int | None] = mapped_column(BigInteger)
    """Of a project that an award opened. No keys: those tables belong to a feature above this one."""
    closed_on: Mapped[date | None]
    closing_accepted: Mapped[bool | None]
    closing_note: Mapped[str | None] = mapped_column(String(1000))

    members: Mapped[list[ProjectMember]] = relationship(
        order_by="ProjectMember.id", cascade="all, delete-orphan", lazy="selectin"
    )
    milestones: Mapped[list[ProjectMilestone]] = relationship(
        order_by="ProjectMilestone.number", cascade="all, delete-orphan", lazy="selectin"
    )
    payments: Mapped[list[ProjectPayment]] = relationship(
        order_by="ProjectPayment.id", cascade="all, delete-orphan", lazy="selectin"
    )

    full_leader: Mapped[str | None] = column_property(
        func.coalesce(_name_of(leader_talent_id, found=False), leader_name), expire_on_flush=False
    )
    """The leader's name, wherever it is kept."""
    public_leader: Mapped[str | None] = column_property(
        case(
            (leader_talent_id.is_not(None), _name_of(leader_talent_id, found=True)),
            (origin != ProjectOrigin.CHALLENGE, leader_name),
        ),
        expire_on_flush=False,
    )
    """The same as anyone reads it; see `ProjectMember.public_name`."""

    __mapper_args__ = {"polymorphic_identity": EntryKind.PROJECT, "polymorphic_load": "selectin"}

    @property
    def public_leader_name(self) -> str | None:
        """The leader's name as it was written here, where anyone may read it."""
        return None if self.origin is ProjectOrigin.CHALLENGE else self.leader_name

    @property
    def paid_fen(self) -> int:
        """What was paid so far."""
        return sum(payment.amount_fen for payment in self.payments if payment.withdrawn_at is None)


def _written_in_the_open(project_id: Mapped[int]) -> ColumnElement[bool]:
    projects = cast(Table, Project.__table__).alias("member_project")
    found = exists().where(projects.c.id == project_id, projects.c.origin != ProjectOrigin.CHALLENGE)
    return found.correlate_except(projects)


class ProjectMember(Base):
    """One of the team: somebody of the talent pool, who is named there alone, or anybody by name."""

    __tablename__ = "project_members"
    __table_args__ = (
        UniqueConstraint("project_id", "talent_id"),
        CheckConstraint("name IS NOT NULL OR talent_id IS NOT NULL", name="named"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    name: Mapped[str | None] = mapped_column(String(64))
    unit: Mapped[str | None] = mapped_column(String(200))
    talent_id: Mapped[int | None] = mapped_column(ForeignKey("talents.id"), index=True)
    duty: Mapped[str | None] = mapped_column(String(100))

    full_name: Mapped[str] = column_property(
        func.coalesce(_name_of(talent_id, found=False), name), expire_on_flush=False
    )
    """The name, wherever it is kept."""
    public_name: Mapped[str | None] = column_property(
        case(
            (talent_id.is_not(None), _name_of(talent_id, found=True)),
            (_written_in_the_open(project_id), name),
        ),
        expire_on_flush=False,
    )
    """The same as anyone reads it: None while somebody of the talent pool may not be found there, and where
    the name comes from a bid, in which nobody was asked whether it may be made public."""


class ProjectMilestone(Base):
    """A milestone: what is to be reached by when, and what became of it. `number` counts from 1."""

    __tablename__ = "project_milestones"
    __table_args__ = (
        UniqueConstraint("project_id", "number"),
        CheckConstraint("amount_fen >= 0", name="amount"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    number: Mapped[int]
    name: Mapped[str] = mapped_column(String(100))
    target: Mapped[str] = mapped_column(String(2000))
    due_on: Mapped[date]
    amount_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    status: Mapped[MilestoneStatus] = mapped_column(
        enum_type(MilestoneStatus), default=MilestoneStatus.PLANNED
    )
    evidence: Mapped[str | None] = mapped_column(String(1000))
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    note: Mapped[str | None] = mapped_column(String(1000))


class ProjectPayment(Base):
    """Money paid to a project. One that was recorded by mistake is withdrawn, never changed."""

    __tablename__ = "project_payments"
    __table_args__ = (CheckConstraint("amount_fen > 0", name="amount"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    milestone_id: Mapped[int | None] = mapped_column(ForeignKey("project_milestones.id"), index=True)
    payer: Mapped[Payer] = mapped_column(enum_type(Payer))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    paid_on: Mapped[date]
    note: Mapped[str | None] = mapped_column(String(1000))
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    held_elsewhere: Mapped[bool] = mapped_column(default=False)
    """Whether it is the same money as a payment of an award's grant, with which alone it is withdrawn."""
