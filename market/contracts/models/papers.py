"""Table of the papers handed in with applications, requests and income verifications."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from market.contracts.rules import Scan
from market.db import Base, BigId, Code, UtcDateTime, enum_type


class ContractDocument(Base):
    """A file handed in. Its bytes lie in the document store under their SHA-256, never in the database.

    `request_id` or `income_verification_id` is set where the paper belongs to one of those. A paper
    taken back before the station accepted stays on record with `withdrawn_at`.
    """

    __tablename__ = "contract_documents"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"), index=True)
    request_id: Mapped[int | None] = mapped_column(ForeignKey("contract_requests.id"))
    income_verification_id: Mapped[int | None] = mapped_column(ForeignKey("income_verifications.id"))
    kind: Mapped[str] = mapped_column(Code)
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    scan: Mapped[Scan] = mapped_column(enum_type(Scan))
    uploaded_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
