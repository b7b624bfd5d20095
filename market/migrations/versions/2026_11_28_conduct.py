"""Red and black lists: records, objections and appeals, and each step."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_conduct"
down_revision = "2026_11_28_challenges"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "conduct_records",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("board", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("organisation_id", BIG_ID, nullable=True),
        sa.Column("entry_id", BIG_ID, nullable=True),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("ground", sa.String(length=32), nullable=False),
        sa.Column("facts", sa.String(length=2000), nullable=False),
        sa.Column("evidence", sa.String(length=10000), nullable=False),
        sa.Column("documents", sa.JSON(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("notice_until", sa.Date(), nullable=True),
        sa.Column("listed_on", sa.Date(), nullable=True),
        sa.Column("proposed_by", BIG_ID, nullable=True),
        sa.Column("checked_by", BIG_ID, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(organisation_id IS NULL) <> (entry_id IS NULL)", name=op.f("ck_conduct_records_one_subject")
        ),
        sa.ForeignKeyConstraint(["checked_by"], ["users.id"], name=op.f("fk_conduct_records_checked_by")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["register_entries.id"], name=op.f("fk_conduct_records_entry_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_conduct_records_organisation_id")
        ),
        sa.ForeignKeyConstraint(["proposed_by"], ["users.id"], name=op.f("fk_conduct_records_proposed_by")),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_conduct_records_region_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conduct_records")),
    )
    op.create_index(op.f("ix_conduct_records_entry_id"), "conduct_records", ["entry_id"], unique=False)
    op.create_index(
        op.f("ix_conduct_records_organisation_id"), "conduct_records", ["organisation_id"], unique=False
    )
    op.create_index(
        "ix_conduct_records_region_code_status", "conduct_records", ["region_code", "status"], unique=False
    )
    op.create_table(
        "conduct_events",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("record_id", BIG_ID, nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=True),
        sa.Column("target", sa.String(length=32), nullable=False),
        sa.Column("actor_id", BIG_ID, nullable=True),
        sa.Column("note", sa.String(length=1000), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_conduct_events_actor_id")),
        sa.ForeignKeyConstraint(
            ["record_id"], ["conduct_records.id"], name=op.f("fk_conduct_events_record_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conduct_events")),
    )
    op.create_index(op.f("ix_conduct_events_record_id"), "conduct_events", ["record_id"], unique=False)
    op.create_table(
        "conduct_pleas",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("record_id", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("words", sa.String(length=5000), nullable=False),
        sa.Column("evidence", sa.String(length=5000), nullable=True),
        sa.Column("filed_by", BIG_ID, nullable=True),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.String(length=5000), nullable=True),
        sa.Column("decided_by", BIG_ID, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name=op.f("fk_conduct_pleas_decided_by")),
        sa.ForeignKeyConstraint(["filed_by"], ["users.id"], name=op.f("fk_conduct_pleas_filed_by")),
        sa.ForeignKeyConstraint(
            ["record_id"], ["conduct_records.id"], name=op.f("fk_conduct_pleas_record_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conduct_pleas")),
    )
    op.create_index(op.f("ix_conduct_pleas_record_id"), "conduct_pleas", ["record_id"], unique=False)
    op.create_index(
        "uq_conduct_pleas_open",
        "conduct_pleas",
        ["record_id"],
        unique=True,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )


def downgrade() -> None:
    op.drop_index(
        "uq_conduct_pleas_open",
        table_name="conduct_pleas",
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.drop_index(op.f("ix_conduct_pleas_record_id"), table_name="conduct_pleas")
    op.drop_table("conduct_pleas")
    op.drop_index(op.f("ix_conduct_events_record_id"), table_name="conduct_events")
    op.drop_table("conduct_events")
    op.drop_index("ix_conduct_records_region_code_status", table_name="conduct_records")
    op.drop_index(op.f("ix_conduct_records_organisation_id"), table_name="conduct_records")
    op.drop_index(op.f("ix_conduct_records_entry_id"), table_name="conduct_records")
    op.drop_table("conduct_records")
