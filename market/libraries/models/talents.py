"""People of the talent pool, the roles they hold and what they agreed to."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from market.db import Base, BigId, Code, UtcDateTime, enum_type
from market.libraries.models.entries import RegisterEntry
from market.libraries.rules import EntryKind
from market.libraries.rules.talents import ConsentScope, talent_title


class Talent(RegisterEntry):
    """A person. Shown to others only while they agree to be found; `title` follows name, post and unit."""

    __tablename__ = "talents"

    id: Mapped[int] = mapped_column(ForeignKey("register_entries.id"), primary_key=True)
    person_name: Mapped[str] = mapped_column(String(40))
    unit_name: Mapped[str] = mapped_column(String(100), default="")
    post: Mapped[str] = mapped_column(String(50), default="")
    fields: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Technical fields, as codes."""
    works: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Papers, patents and the like; what was done in projects of the pool is known by link."""
    availability: Mapped[str | None] = mapped_column(String(500))
    contact: Mapped[str | None] = mapped_column(String(200))
    """In no view; whoever reads it is written down."""
    declared_interests: Mapped[str | None] = mapped_column(String(2000))
    """Interests that may conflict with the role, and complaints; internal."""
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), unique=True)
    """The person's own account, if there is one; nobody else's."""

    roles: Mapped[list[TalentRole]] = relationship(
        order_by="TalentRole.id", cascade="all, delete-orphan", lazy="selectin"
    )  # every view shows them

    __mapper_args__ = {"polymorphic_identity": EntryKind.TALENT, "polymorphic_load": "selectin"}

    @validates("person_name", "post", "unit_name")
    def _keep_title(self, key: str, value: str) -> str:
        parts = {"person_name": self.person_name, "post": self.post, "unit_name": self.unit_name, key: value}
        self.title = talent_title(parts["person_name"], parts["post"], parts["unit_name"])
        return value


class TalentRole(Base):
    """A role that a person holds for a time; codes of scheme `talent_role`."""

    __tablename__ = "talent_roles"
    __table_args__ = (Index("ix_talent_roles_role_valid_from", "role", "valid_from"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    talent_id: Mapped[int] = mapped_column(ForeignKey("talents.id"), index=True)
    role: Mapped[str] = mapped_column(Code)
    level: Mapped[str | None] = mapped_column(Code)
    """Of technology managers, as code of scheme `broker_level`; None while only trained."""
    certificate_no: Mapped[str | None] = mapped_column(String(64))
    issuer: Mapped[str | None] = mapped_column(String(200))
    agency_entry_id: Mapped[int | None] = mapped_column(ForeignKey("agency_filings.id"), index=True)
    """The agency on file where a technology manager works."""
    trained_on: Mapped[date | None]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    """Last day; None for no end."""
    note: Mapped[str | None] = mapped_column(String(500))


class TalentConsent(Base):
    """What a person agreed to, and until when. At most one of a scope is in force."""

    __tablename__ = "talent_consents"
    __table_args__ = (
        Index(
            "uq_talent_consents_in_force",
            "talent_id",
            "scope",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    talent_id: Mapped[int] = mapped_column(ForeignKey("talents.id"), index=True)
    scope: Mapped[ConsentScope] = mapped_column(enum_type(ConsentScope))
    given_on: Mapped[date]
    evidence: Mapped[str | None] = mapped_column(String(500))
    """Where the consent can be seen; None where the person gave it here."""
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
