"""Suggestions across kinds, beside those of needs and achievements."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_referrals"
down_revision = "2026_11_27_projects"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "referrals",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("demand_kind", sa.String(length=32), nullable=False),
        sa.Column("demand_id", BIG_ID, nullable=False),
        sa.Column("supply_kind", sa.String(length=32), nullable=False),
        sa.Column("supply_id", BIG_ID, nullable=False),
        sa.Column("asked_by", sa.String(length=32), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("encoder", sa.String(length=200), nullable=False),
        sa.Column("lexicon", sa.String(length=64), nullable=False),
        sa.Column("weights", sa.String(length=64), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("broker_id", BIG_ID, nullable=True),
        sa.Column("reason_code", sa.String(length=32), nullable=True),
        sa.Column("demand_interest", sa.Boolean(), nullable=True),
        sa.Column("supply_interest", sa.Boolean(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["broker_id"], ["users.id"], name=op.f("fk_referrals_broker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referrals")),
        sa.UniqueConstraint(
            "demand_kind",
            "demand_id",
            "supply_kind",
            "supply_id",
            name=op.f("uq_referrals_demand_kind_demand_id_supply_kind_supply_id"),
        ),
    )
    op.create_index(op.f("ix_referrals_broker_id"), "referrals", ["broker_id"], unique=False)
    op.create_index("ix_referrals_status_score", "referrals", ["status", "score"], unique=False)
    op.create_index("ix_referrals_supply", "referrals", ["supply_kind", "supply_id"], unique=False)
    op.create_table(
        "referral_events",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("referral_id", BIG_ID, nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=True),
        sa.Column("target", sa.String(length=32), nullable=False),
        sa.Column("actor_id", BIG_ID, nullable=True),
        sa.Column("side", sa.String(length=32), nullable=True),
        sa.Column("reason_code", sa.String(length=32), nullable=True),
        sa.Column("words", sa.String(length=2000), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_referral_events_actor_id")),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referrals.id"], name=op.f("fk_referral_events_referral_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_events")),
    )
    op.create_index(op.f("ix_referral_events_referral_id"), "referral_events", ["referral_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_referral_events_referral_id"), table_name="referral_events")
    op.drop_table("referral_events")
    op.drop_index("ix_referrals_supply", table_name="referrals")
    op.drop_index("ix_referrals_status_score", table_name="referrals")
    op.drop_index(op.f("ix_referrals_broker_id"), table_name="referrals")
    op.drop_table("referrals")
