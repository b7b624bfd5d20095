"""Table of verified technical income: money received under a registered contract."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.contracts.models.contract import Contract
from market.contracts.rules import IncomeStatus
from market.db import Base, BigId, UtcDateTime, enum_type


class IncomeVerification(Base):
    """A verification of technical income (技术性收入核定); a third amount, by receipt, in no counter.

    What was received from a day to a day, less what paid for equipment, parts and material, is the
    technical income; the bonus (奖酬金) is what the seller means to pay out of it. Amounts are fen.
    """

    __tablename__ = "income_verifications"
    __table_args__ = (
        CheckConstraint(
            "received_fen > 0 AND deducted_fen >= 0 AND deducted_fen <= received_fen "
            "AND income_fen = received_fen - deducted_fen",
            name="amounts",
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"), index=True)
    status: Mapped[IncomeStatus] = mapped_column(enum_type(IncomeStatus))
    number: Mapped[str | None] = mapped_column(String(32), unique=True)
    received_from: Mapped[date]
    received_to: Mapped[date]
    received_fen: Mapped[int] = mapped_column(BigInteger)
    deducted_fen: Mapped[int] = mapped_column(BigInteger)
    income_fen: Mapped[int] = mapped_column(BigInteger)
    bonus_fen: Mapped[int | None] = mapped_column(BigInteger)
    note: Mapped[str | None] = mapped_column(String(1000))
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decision_note: Mapped[str | None] = mapped_column(String(1000))
    version: Mapped[int] = mapped_column(default=1)

    contract: Mapped[Contract] = relationship()

    __mapper_args__ = {"version_id_col": version}
