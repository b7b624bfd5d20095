"""Projects and key technologies: milestones, payments, links."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_projects"
down_revision = "2026_11_27_talents"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "key_technologies",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("indicators", sa.JSON(), nullable=False),
        sa.Column("gap", sa.String(), nullable=True),
        sa.Column("gap_public", sa.Boolean(), nullable=False),
        sa.Column("progress", sa.String(length=32), nullable=False),
        sa.Column("solved_on", sa.Date(), nullable=True),
        sa.Column("node_id", BIG_ID, nullable=True),
        sa.ForeignKeyConstraint(["id"], ["register_entries.id"], name=op.f("fk_key_technologies_id")),
        sa.ForeignKeyConstraint(["node_id"], ["chain_nodes.id"], name=op.f("fk_key_technologies_node_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_technologies")),
    )
    op.create_index(op.f("ix_key_technologies_node_id"), "key_technologies", ["node_id"], unique=False)
    op.create_table(
        "projects",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("trl", sa.Integer(), nullable=True),
        sa.Column("key_project", sa.Boolean(), nullable=False),
        sa.Column("leader_name", sa.String(length=64), nullable=True),
        sa.Column("leader_talent_id", BIG_ID, nullable=True),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("total_fen", sa.BigInteger(), nullable=True),
        sa.Column("grant_fen", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.String(length=32), nullable=False),
        sa.Column("achievement_id", BIG_ID, nullable=True),
        sa.Column("need_id", BIG_ID, nullable=True),
        sa.Column("challenge_id", sa.BigInteger(), nullable=True),
        sa.Column("award_id", sa.BigInteger(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("closing_accepted", sa.Boolean(), nullable=True),
        sa.Column("closing_note", sa.String(length=1000), nullable=True),
        sa.CheckConstraint(
            "grant_fen >= 0 AND grant_fen <= coalesce(total_fen, 0)", name=op.f("ck_projects_grant")
        ),
        sa.ForeignKeyConstraint(
            ["achievement_id"], ["achievements.id"], name=op.f("fk_projects_achievement_id")
        ),
        sa.ForeignKeyConstraint(["id"], ["register_entries.id"], name=op.f("fk_projects_id")),
        sa.ForeignKeyConstraint(
            ["leader_talent_id"], ["talents.id"], name=op.f("fk_projects_leader_talent_id")
        ),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_projects_need_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
    )
    op.create_index(op.f("ix_projects_achievement_id"), "projects", ["achievement_id"], unique=False)
    op.create_index("ix_projects_category_started_on", "projects", ["category", "started_on"], unique=False)
    op.create_index(op.f("ix_projects_leader_talent_id"), "projects", ["leader_talent_id"], unique=False)
    op.create_index(op.f("ix_projects_need_id"), "projects", ["need_id"], unique=False)
    op.create_table(
        "project_members",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("project_id", BIG_ID, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=True),
        sa.Column("unit", sa.String(length=200), nullable=True),
        sa.Column("talent_id", BIG_ID, nullable=True),
        sa.Column("duty", sa.String(length=100), nullable=True),
        sa.CheckConstraint(
            "name IS NOT NULL OR talent_id IS NOT NULL", name=op.f("ck_project_members_named")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_project_members_project_id")),
        sa.ForeignKeyConstraint(["talent_id"], ["talents.id"], name=op.f("fk_project_members_talent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_members")),
        sa.UniqueConstraint("project_id", "talent_id", name=op.f("uq_project_members_project_id_talent_id")),
    )
    op.create_index(op.f("ix_project_members_project_id"), "project_members", ["project_id"], unique=False)
    op.create_index(op.f("ix_project_members_talent_id"), "project_members", ["talent_id"], unique=False)
    op.create_table(
        "project_milestones",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("project_id", BIG_ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("target", sa.String(length=2000), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("evidence", sa.String(length=1000), nullable=True),
        sa.Column("submitted_by", BIG_ID, nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", BIG_ID, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=1000), nullable=True),
        sa.CheckConstraint("amount_fen >= 0", name=op.f("ck_project_milestones_amount")),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name=op.f("fk_project_milestones_decided_by")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_milestones_project_id")
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by"], ["users.id"], name=op.f("fk_project_milestones_submitted_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_milestones")),
        sa.UniqueConstraint("project_id", "number", name=op.f("uq_project_milestones_project_id_number")),
    )
    op.create_table(
        "technology_needs",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("technology_id", BIG_ID, nullable=False),
        sa.Column("need_id", BIG_ID, nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_technology_needs_need_id")),
        sa.ForeignKeyConstraint(
            ["technology_id"], ["key_technologies.id"], name=op.f("fk_technology_needs_technology_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_technology_needs")),
        sa.UniqueConstraint(
            "technology_id", "need_id", name=op.f("uq_technology_needs_technology_id_need_id")
        ),
    )
    op.create_index(op.f("ix_technology_needs_need_id"), "technology_needs", ["need_id"], unique=False)
    op.create_table(
        "project_payments",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("project_id", BIG_ID, nullable=False),
        sa.Column("milestone_id", BIG_ID, nullable=True),
        sa.Column("payer", sa.String(length=32), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=True),
        sa.Column("recorded_by", BIG_ID, nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by", BIG_ID, nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_project_payments_amount")),
        sa.ForeignKeyConstraint(
            ["milestone_id"], ["project_milestones.id"], name=op.f("fk_project_payments_milestone_id")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_project_payments_project_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_project_payments_recorded_by")),
        sa.ForeignKeyConstraint(
            ["withdrawn_by"], ["users.id"], name=op.f("fk_project_payments_withdrawn_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_payments")),
    )
    op.create_index(
        op.f("ix_project_payments_milestone_id"), "project_payments", ["milestone_id"], unique=False
    )
    op.create_index(op.f("ix_project_payments_project_id"), "project_payments", ["project_id"], unique=False)
    op.add_column(
        "contracts",
        sa.Column(
            "project_id", BIG_ID, sa.ForeignKey("projects.id", name="fk_contracts_project_id"), nullable=True
        ),
        inline_references=True,
    )
    op.create_index(op.f("ix_contracts_project_id"), "contracts", ["project_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_contracts_project_id"), table_name="contracts")
    op.drop_column("contracts", "project_id")
    op.drop_index(op.f("ix_project_payments_project_id"), table_name="project_payments")
    op.drop_index(op.f("ix_project_payments_milestone_id"), table_name="project_payments")
    op.drop_table("project_payments")
    op.drop_index(op.f("ix_technology_needs_need_id"), table_name="technology_needs")
    op.drop_table("technology_needs")
    op.drop_table("project_milestones")
    op.drop_index(op.f("ix_project_members_talent_id"), table_name="project_members")
    op.drop_index(op.f("ix_project_members_project_id"), table_name="project_members")
    op.drop_table("project_members")
    op.drop_index(op.f("ix_projects_need_id"), table_name="projects")
    op.drop_index(op.f("ix_projects_leader_talent_id"), table_name="projects")
    op.drop_index("ix_projects_category_started_on", table_name="projects")
    op.drop_index(op.f("ix_projects_achievement_id"), table_name="projects")
    op.drop_table("projects")
    op.drop_index(op.f("ix_key_technologies_node_id"), table_name="key_technologies")
    op.drop_table("key_technologies")
