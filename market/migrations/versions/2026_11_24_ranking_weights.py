"""Versions of the weights that pairs are ranked by."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_ranking_weights"
down_revision = "2026_11_24_index_encoder"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    # It stays empty: until weights are learned, those that come with the program are used.
    op.create_table(
        "ranking_weights",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("weights", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("examples", sa.JSON(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("promoted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ranking_weights")),
        sa.UniqueConstraint("version", name=op.f("uq_ranking_weights_version")),
    )
    op.create_index(
        "uq_ranking_weights_active",
        "ranking_weights",
        ["active"],
        unique=True,
        sqlite_where=sa.text("active"),
        postgresql_where=sa.text("active"),
    )


def downgrade() -> None:
    op.drop_index("uq_ranking_weights_active", table_name="ranking_weights")
    op.drop_table("ranking_weights")
