"""The model a market runs on, recorded in its database."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_index_encoder"
down_revision = "2026_11_23_initial"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # It stays empty: the first process that opens the index records its own model.
    op.create_table(
        "index_encoder",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("revision", sa.String(), nullable=True),
        sa.Column("query_prompt", sa.String(), nullable=True),
        sa.Column("document_prompt", sa.String(), nullable=True),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("switched_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_index_encoder")),
    )


def downgrade() -> None:
    op.drop_table("index_encoder")
