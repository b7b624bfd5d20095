"""The tree of city, counties and service nodes, and who works there."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_network"
down_revision = "2026_11_28_bundles"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "network_nodes",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("parent_id", BIG_ID, nullable=True),
        sa.Column("level", sa.String(length=32), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("park_code", sa.String(length=32), nullable=True),
        sa.Column("organisation_id", BIG_ID, nullable=True),
        sa.Column("contact", sa.String(length=500), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("created_by", BIG_ID, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(level = 'hub') = (parent_id IS NULL)", name=op.f("ck_network_nodes_root")),
        sa.CheckConstraint(
            "(status = 'closed') = (closed_on IS NOT NULL)", name=op.f("ck_network_nodes_closed")
        ),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_network_nodes_created_by")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_network_nodes_organisation_id")
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["network_nodes.id"], name=op.f("fk_network_nodes_parent_id")),
        sa.ForeignKeyConstraint(["park_code"], ["parks.code"], name=op.f("fk_network_nodes_park_code")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_network_nodes_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network_nodes")),
    )
    op.create_index(
        op.f("ix_network_nodes_organisation_id"), "network_nodes", ["organisation_id"], unique=False
    )
    op.create_index(op.f("ix_network_nodes_parent_id"), "network_nodes", ["parent_id"], unique=False)
    op.create_index(
        "uq_network_nodes_hub",
        "network_nodes",
        ["region_code"],
        unique=True,
        sqlite_where=sa.text("level = 'hub' AND status = 'active'"),
        postgresql_where=sa.text("level = 'hub' AND status = 'active'"),
    )
    op.create_table(
        "network_staff",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("node_id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("duty", sa.String(length=32), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("recorded_by", BIG_ID, nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("until IS NULL OR until >= since", name=op.f("ck_network_staff_days")),
        sa.ForeignKeyConstraint(["node_id"], ["network_nodes.id"], name=op.f("fk_network_staff_node_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_network_staff_recorded_by")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_network_staff_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network_staff")),
    )
    op.create_index(op.f("ix_network_staff_node_id"), "network_staff", ["node_id"], unique=False)
    op.create_index(op.f("ix_network_staff_user_id"), "network_staff", ["user_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_network_staff_user_id"), table_name="network_staff")
    op.drop_index(op.f("ix_network_staff_node_id"), table_name="network_staff")
    op.drop_table("network_staff")
    op.drop_index(
        "uq_network_nodes_hub",
        table_name="network_nodes",
        sqlite_where=sa.text("level = 'hub' AND status = 'active'"),
        postgresql_where=sa.text("level = 'hub' AND status = 'active'"),
    )
    op.drop_index(op.f("ix_network_nodes_parent_id"), table_name="network_nodes")
    op.drop_index(op.f("ix_network_nodes_organisation_id"), table_name="network_nodes")
    op.drop_table("network_nodes")
