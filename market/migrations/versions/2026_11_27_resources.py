"""Innovation resources: opening hours, closures, bookings."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_resources"
down_revision = "2026_11_27_chains"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "resources",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("level", sa.String(length=32), nullable=True),
        sa.Column("place", sa.String(length=200), nullable=True),
        sa.Column("min_trl", sa.Integer(), nullable=True),
        sa.Column("max_trl", sa.Integer(), nullable=True),
        sa.Column("model", sa.String(length=100), nullable=True),
        sa.Column("value_fen", sa.BigInteger(), nullable=True),
        sa.Column("area_m2", sa.Integer(), nullable=True),
        sa.Column("opening_terms", sa.String(length=2000), nullable=True),
        sa.Column("bookable", sa.Boolean(), nullable=False),
        sa.Column("fee_fen_per_hour", sa.BigInteger(), nullable=True),
        sa.Column("open_weekdays", sa.JSON(), nullable=False),
        sa.Column("opens_at", sa.Time(), nullable=True),
        sa.Column("closes_at", sa.Time(), nullable=True),
        sa.Column("contact", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["register_entries.id"], name=op.f("fk_resources_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resources")),
    )
    op.create_index(op.f("ix_resources_category"), "resources", ["category"], unique=False)
    op.create_table(
        "bookings",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("resource_id", BIG_ID, nullable=False),
        sa.Column("organisation_id", BIG_ID, nullable=False),
        sa.Column("booked_by", BIG_ID, nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("purpose", sa.String(length=500), nullable=False),
        sa.Column("fee_fen_per_hour", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("used_minutes", sa.Integer(), nullable=True),
        sa.Column("charged_fen", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", BIG_ID, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_bookings_slot")),
        sa.ForeignKeyConstraint(["booked_by"], ["users.id"], name=op.f("fk_bookings_booked_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name=op.f("fk_bookings_decided_by")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_bookings_organisation_id")
        ),
        sa.ForeignKeyConstraint(["resource_id"], ["resources.id"], name=op.f("fk_bookings_resource_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bookings")),
    )
    op.create_index(op.f("ix_bookings_organisation_id"), "bookings", ["organisation_id"], unique=False)
    op.create_index(
        "ix_bookings_resource_id_starts_at", "bookings", ["resource_id", "starts_at"], unique=False
    )
    op.create_table(
        "resource_closures",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("resource_id", BIG_ID, nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["resources.id"], name=op.f("fk_resource_closures_resource_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_closures")),
    )
    op.create_index(
        op.f("ix_resource_closures_resource_id"), "resource_closures", ["resource_id"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_resource_closures_resource_id"), table_name="resource_closures")
    op.drop_table("resource_closures")
    op.drop_index("ix_bookings_resource_id_starts_at", table_name="bookings")
    op.drop_index(op.f("ix_bookings_organisation_id"), table_name="bookings")
    op.drop_table("bookings")
    op.drop_index(op.f("ix_resources_category"), table_name="resources")
    op.drop_table("resources")
