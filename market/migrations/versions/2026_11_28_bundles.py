"""Bundles of achievements and who subscribes to them."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_bundles"
down_revision = "2026_11_28_conduct"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "bundle_subscriptions",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("organisation_id", BIG_ID, nullable=False),
        sa.Column("chain_code", sa.String(length=32), nullable=True),
        sa.Column("tech_field", sa.String(length=32), nullable=True),
        sa.Column("without_match", sa.Boolean(), nullable=False),
        sa.Column("created_by", BIG_ID, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "chain_code IS NOT NULL OR tech_field IS NOT NULL", name=op.f("ck_bundle_subscriptions_subject")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_bundle_subscriptions_created_by")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_bundle_subscriptions_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bundle_subscriptions")),
        sa.UniqueConstraint(
            "organisation_id",
            "chain_code",
            "tech_field",
            name=op.f("uq_bundle_subscriptions_organisation_id_chain_code_tech_field"),
        ),
    )
    op.create_index(
        "uq_bundle_subscriptions_chain",
        "bundle_subscriptions",
        ["organisation_id", "chain_code"],
        unique=True,
        sqlite_where=sa.text("tech_field IS NULL"),
        postgresql_where=sa.text("tech_field IS NULL"),
    )
    op.create_index(
        "uq_bundle_subscriptions_field",
        "bundle_subscriptions",
        ["organisation_id", "tech_field"],
        unique=True,
        sqlite_where=sa.text("chain_code IS NULL"),
        postgresql_where=sa.text("chain_code IS NULL"),
    )
    op.create_table(
        "bundles",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("chain_code", sa.String(length=32), nullable=False),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("organisation_id", BIG_ID, nullable=True),
        sa.Column("release_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawal_note", sa.String(length=1000), nullable=True),
        sa.Column("created_by", BIG_ID, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_bundles_created_by")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_bundles_organisation_id")
        ),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_bundles_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bundles")),
    )
    op.create_index(op.f("ix_bundles_organisation_id"), "bundles", ["organisation_id"], unique=False)
    op.create_index("ix_bundles_status_release_on", "bundles", ["status", "release_on"], unique=False)
    op.create_table(
        "bundle_deliveries",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("bundle_id", BIG_ID, nullable=False),
        sa.Column("organisation_id", BIG_ID, nullable=False),
        sa.Column("need_id", BIG_ID, nullable=True),
        sa.Column("achievement_id", BIG_ID, nullable=True),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("reasons", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(need_id IS NULL) = (achievement_id IS NULL) AND (need_id IS NULL) = (score IS NULL)",
            name=op.f("ck_bundle_deliveries_pair"),
        ),
        sa.ForeignKeyConstraint(
            ["achievement_id"], ["achievements.id"], name=op.f("fk_bundle_deliveries_achievement_id")
        ),
        sa.ForeignKeyConstraint(["bundle_id"], ["bundles.id"], name=op.f("fk_bundle_deliveries_bundle_id")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_bundle_deliveries_need_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_bundle_deliveries_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bundle_deliveries")),
        sa.UniqueConstraint(
            "bundle_id",
            "need_id",
            "achievement_id",
            name=op.f("uq_bundle_deliveries_bundle_id_need_id_achievement_id"),
        ),
    )
    op.create_index(
        "uq_bundle_deliveries_alone",
        "bundle_deliveries",
        ["bundle_id", "organisation_id"],
        unique=True,
        sqlite_where=sa.text("need_id IS NULL"),
        postgresql_where=sa.text("need_id IS NULL"),
    )
    op.create_index(op.f("ix_bundle_deliveries_need_id"), "bundle_deliveries", ["need_id"], unique=False)
    op.create_index(
        op.f("ix_bundle_deliveries_organisation_id"), "bundle_deliveries", ["organisation_id"], unique=False
    )
    op.create_table(
        "bundle_items",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("bundle_id", BIG_ID, nullable=False),
        sa.Column("achievement_id", BIG_ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(length=500), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("provider", sa.String(length=200), nullable=False),
        sa.Column("trl", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["achievement_id"], ["achievements.id"], name=op.f("fk_bundle_items_achievement_id")
        ),
        sa.ForeignKeyConstraint(["bundle_id"], ["bundles.id"], name=op.f("fk_bundle_items_bundle_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bundle_items")),
        sa.UniqueConstraint(
            "bundle_id", "achievement_id", name=op.f("uq_bundle_items_bundle_id_achievement_id")
        ),
    )
    op.create_index(op.f("ix_bundle_items_achievement_id"), "bundle_items", ["achievement_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_bundle_items_achievement_id"), table_name="bundle_items")
    op.drop_table("bundle_items")
    op.drop_index(op.f("ix_bundle_deliveries_organisation_id"), table_name="bundle_deliveries")
    op.drop_index(op.f("ix_bundle_deliveries_need_id"), table_name="bundle_deliveries")
    op.drop_index(
        "uq_bundle_deliveries_alone",
        table_name="bundle_deliveries",
        sqlite_where=sa.text("need_id IS NULL"),
        postgresql_where=sa.text("need_id IS NULL"),
    )
    op.drop_table("bundle_deliveries")
    op.drop_index("ix_bundles_status_release_on", table_name="bundles")
    op.drop_index(op.f("ix_bundles_organisation_id"), table_name="bundles")
    op.drop_table("bundles")
    op.drop_index(
        "uq_bundle_subscriptions_field",
        table_name="bundle_subscriptions",
        sqlite_where=sa.text("chain_code IS NULL"),
        postgresql_where=sa.text("chain_code IS NULL"),
    )
    op.drop_index(
        "uq_bundle_subscriptions_chain",
        table_name="bundle_subscriptions",
        sqlite_where=sa.text("tech_field IS NULL"),
        postgresql_where=sa.text("tech_field IS NULL"),
    )
    op.drop_table("bundle_subscriptions")
