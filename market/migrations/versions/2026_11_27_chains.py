"""Chain nodes, edges, enterprises and their tags."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_chains"
down_revision = "2026_11_26_registers"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "chain_enterprises",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["register_entries.id"], name=op.f("fk_chain_enterprises_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_enterprises")),
    )
    op.create_index(op.f("ix_chain_enterprises_uscc"), "chain_enterprises", ["uscc"], unique=False)
    op.create_table(
        "chain_nodes",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("segment", sa.String(length=32), nullable=False),
        sa.Column("wanted", sa.String(length=2000), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["register_entries.id"], name=op.f("fk_chain_nodes_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_nodes")),
    )
    op.create_table(
        "chain_edges",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("upstream_id", BIG_ID, nullable=False),
        sa.Column("downstream_id", BIG_ID, nullable=False),
        sa.Column("words", sa.String(length=200), nullable=True),
        sa.Column("added_by", BIG_ID, nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["added_by"], ["users.id"], name=op.f("fk_chain_edges_added_by")),
        sa.ForeignKeyConstraint(
            ["downstream_id"], ["chain_nodes.id"], name=op.f("fk_chain_edges_downstream_id")
        ),
        sa.ForeignKeyConstraint(["upstream_id"], ["chain_nodes.id"], name=op.f("fk_chain_edges_upstream_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_edges")),
        sa.UniqueConstraint(
            "upstream_id", "downstream_id", name=op.f("uq_chain_edges_upstream_id_downstream_id")
        ),
    )
    op.create_index(op.f("ix_chain_edges_downstream_id"), "chain_edges", ["downstream_id"], unique=False)
    op.create_table(
        "chain_positions",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("enterprise_id", BIG_ID, nullable=False),
        sa.Column("node_id", BIG_ID, nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["enterprise_id"], ["chain_enterprises.id"], name=op.f("fk_chain_positions_enterprise_id")
        ),
        sa.ForeignKeyConstraint(["node_id"], ["chain_nodes.id"], name=op.f("fk_chain_positions_node_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_positions")),
        sa.UniqueConstraint(
            "enterprise_id", "node_id", name=op.f("uq_chain_positions_enterprise_id_node_id")
        ),
    )
    op.create_index(op.f("ix_chain_positions_node_id"), "chain_positions", ["node_id"], unique=False)
    op.create_table(
        "enterprise_tags",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("enterprise_id", BIG_ID, nullable=False),
        sa.Column("tag", sa.String(length=32), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["enterprise_id"], ["chain_enterprises.id"], name=op.f("fk_enterprise_tags_enterprise_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enterprise_tags")),
        sa.UniqueConstraint(
            "enterprise_id", "tag", "year", name=op.f("uq_enterprise_tags_enterprise_id_tag_year")
        ),
    )
    op.create_index("ix_enterprise_tags_tag_year", "enterprise_tags", ["tag", "year"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_enterprise_tags_tag_year", table_name="enterprise_tags")
    op.drop_table("enterprise_tags")
    op.drop_index(op.f("ix_chain_positions_node_id"), table_name="chain_positions")
    op.drop_table("chain_positions")
    op.drop_index(op.f("ix_chain_edges_downstream_id"), table_name="chain_edges")
    op.drop_table("chain_edges")
    op.drop_table("chain_nodes")
    op.drop_index(op.f("ix_chain_enterprises_uscc"), table_name="chain_enterprises")
    op.drop_table("chain_enterprises")
