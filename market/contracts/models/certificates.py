"""Tables of what a station hands out: registration certificates and certificate lists."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.contracts.models.contract import Contract
from market.db import Base, BigId, UtcDateTime


class Certificate(Base):
    """A certificate of registration (登记证明) as it was handed out; at most one of a contract is valid.

    `content` is everything printed on it, `digest` the SHA-256 of its canonical JSON, `code` what a
    reader checks it by. It is voided, never changed: by a newer one, or by the end of the registration.
    """

    __tablename__ = "certificates"
    __table_args__ = (
        Index(
            "uq_certificates_valid",
            "contract_id",
            unique=True,
            sqlite_where=text("voided_at IS NULL"),
            postgresql_where=text("voided_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"), index=True)
    contract_version: Mapped[int]
    number: Mapped[str] = mapped_column(String(32), unique=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    digest: Mapped[str] = mapped_column(String(64))
    issued_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    voided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    void_reason: Mapped[str | None] = mapped_column(String(200))

    contract: Mapped[Contract] = relationship()


class RegistrationList(Base):
    """A list of one applicant's registered contracts (登记清单), all large or none of them.

    It becomes void as soon as one contract on it is changed, cancelled or revoked.
    """

    __tablename__ = "registration_lists"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    station_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    applicant_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    large: Mapped[bool]
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    digest: Mapped[str] = mapped_column(String(64))
    issued_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    voided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    void_reason: Mapped[str | None] = mapped_column(String(200))

    items: Mapped[list[RegistrationListItem]] = relationship(back_populates="registration_list")


class RegistrationListItem(Base):
    """One contract on a list."""

    __tablename__ = "registration_list_items"

    list_id: Mapped[int] = mapped_column(ForeignKey("registration_lists.id"), primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"), primary_key=True, index=True)
    position: Mapped[int]

    registration_list: Mapped[RegistrationList] = relationship(back_populates="items")
    contract: Mapped[Contract] = relationship()
