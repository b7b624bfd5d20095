"""Tables of bundles, of who subscribes to them, and of what was sent to whom."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from market.accounts.models import Organisation
from market.bundles.rules import ShownItem, Status, place_of
from market.db import Base, BigId, Code, UtcDateTime, enum_type
from market.listings.models import Achievement, Need
from market.listings.rules import PUBLIC


class Bundle(Base):
    """Achievements put together under a theme of an industrial chain, to be released on a day.

    `organisation` is the unit that made it; an admin's has none.
    """

    __tablename__ = "bundles"
    __table_args__ = (Index("ix_bundles_status_release_on", "status", "release_on"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str]
    chain_code: Mapped[str] = mapped_column(Code)
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    release_on: Mapped[date]
    status: Mapped[Status] = mapped_column(enum_type(Status), default=Status.DRAFT)
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawal_note: Mapped[str | None] = mapped_column(String(1000))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)

    organisation: Mapped[Organisation | None] = relationship()
    items: Mapped[list[BundleItem]] = relationship(
        order_by="BundleItem.position", cascade="all, delete-orphan"
    )

    __mapper_args__ = {"version_id_col": version}

    @property
    def shown_items(self) -> list[ShownItem]:
        """Its achievements as readers see them, in their order."""
        return [item.shown(self.status) for item in self.items]


class BundleItem(Base):
    """An achievement of a bundle, and why it is in.

    `title`, `provider` and `trl` are copies, made for the last time at the release, so that a bundle goes on
    reading as it did that day.
    """

    __tablename__ = "bundle_items"
    __table_args__ = (UniqueConstraint("bundle_id", "achievement_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    bundle_id: Mapped[int] = mapped_column(ForeignKey("bundles.id"))
    achievement_id: Mapped[int] = mapped_column(ForeignKey("achievements.id"), index=True)
    position: Mapped[int]
    words: Mapped[str] = mapped_column(String(500))
    title: Mapped[str] = mapped_column(String(200))
    provider: Mapped[str] = mapped_column(String(200))
    trl: Mapped[int | None]

    achievement: Mapped[Achievement] = relationship()

    def copy_achievement(self) -> None:
        """Copy what the achievement says of itself now."""
        self.title, self.trl = self.achievement.title, self.achievement.trl
        self.provider = self.achievement.organisation.name

    def shown(self, status: Status) -> ShownItem:
        """Return it as readers of a bundle in this state see it."""
        public = self.achievement.status in PUBLIC
        achievement_id, state_name = place_of(status, self.achievement_id, public=public)
        return ShownItem(achievement_id, state_name, self.title, self.provider, self.trl, self.words)


class Subscription(Base):
    """A unit's wish to be sent bundles of a chain, of a field, or of both at once.

    Those are meant that suit a need of the unit; `without_match` asks for the others, too.
    """

    __tablename__ = "bundle_subscriptions"
    __table_args__ = (
        CheckConstraint("chain_code IS NOT NULL OR tech_field IS NOT NULL", name="subject"),
        UniqueConstraint("organisation_id", "chain_code", "tech_field"),
        # Two rows are not alike to the constraint above where something is null in them.
        Index(
            "uq_bundle_subscriptions_chain", "organisation_id", "chain_code", unique=True,
            sqlite_where=text("tech_field IS NULL"), postgresql_where=text("tech_field IS NULL"),
        ),
        Index(
            "uq_bundle_subscriptions_field", "organisation_id", "tech_field", unique=True,
            sqlite_where=text("chain_code IS NULL"), postgresql_where=text("chain_code IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    chain_code: Mapped[str | None] = mapped_column(Code)
    tech_field: Mapped[str | None] = mapped_column(Code)
    without_match: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class BundleDelivery(Base):
    """A bundle in a unit's inbox: an achievement of it for one of the unit's needs, or the bundle alone."""

    __tablename__ = "bundle_deliveries"
    __table_args__ = (
        UniqueConstraint("bundle_id", "need_id", "achievement_id"),
        # Rows without a need are not alike to the constraint above.
        Index(
            "uq_bundle_deliveries_alone", "bundle_id", "organisation_id", unique=True,
            sqlite_where=text("need_id IS NULL"), postgresql_where=text("need_id IS NULL"),
        ),
        CheckConstraint(
            "(need_id IS NULL) = (achievement_id IS NULL) AND (need_id IS NULL) = (score IS NULL)",
            name="pair",
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    bundle_id: Mapped[int] = mapped_column(ForeignKey("bundles.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    need_id: Mapped[int | None] = mapped_column(ForeignKey("needs.id"), index=True)
    achievement_id: Mapped[int | None] = mapped_column(ForeignKey("achievements.id"))
    rank: Mapped[int | None]
    """Among the achievements of the bundle that were sent for this need, from 1."""
    score: Mapped[float | None]
    reasons: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    bundle: Mapped[Bundle] = relationship()
    need: Mapped[Need | None] = relationship()
    item: Mapped[BundleItem | None] = relationship(
        primaryjoin=lambda: (
            (foreign(BundleDelivery.bundle_id) == BundleItem.bundle_id)
            & (foreign(BundleDelivery.achievement_id) == BundleItem.achievement_id)
        ),
        viewonly=True,
    )

    @property
    def achievement(self) -> ShownItem | None:
        """The achievement as the bundle shows it."""
        return None if self.item is None else self.item.shown(self.bundle.status)
