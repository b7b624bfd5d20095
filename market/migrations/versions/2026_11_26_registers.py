"""Registers: entries, their steps, and published editions."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_registers"
down_revision = "2026_11_26_need_gate"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FROZEN = ("editions", "edition_rows")

GUARDS = {
    "sqlite": tuple(
        f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
        "BEGIN SELECT RAISE(ABORT, 'an edition is frozen'); END"
        for table in FROZEN
        for deed in ("UPDATE", "DELETE")
    ),
    "postgresql": (
        """
        CREATE FUNCTION editions_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'an edition is frozen' USING ERRCODE = 'restrict_violation';
        END $$
        """,
        *(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION editions_refuse()"
            for table in FROZEN
        ),
        *(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION editions_refuse()"
            for table in FROZEN
        ),
    ),
}
"""Statements that make the database itself refuse to change what was published."""


def upgrade() -> None:
    op.create_table(
        "editions",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("register", sa.String(length=32), nullable=False),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=True),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("comparison", sa.JSON(), nullable=False),
        sa.Column("published_by", BIG_ID, nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["published_by"], ["users.id"], name=op.f("fk_editions_published_by")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_editions_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_editions")),
        sa.UniqueConstraint(
            "register", "region_code", "number", name=op.f("uq_editions_register_region_code_number")
        ),
    )
    op.create_table(
        "register_entries",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("organisation_id", BIG_ID, nullable=True),
        sa.Column("external_id", sa.String(length=64), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("internal", sa.String(), nullable=True),
        sa.Column("tech_field", sa.String(length=32), nullable=True),
        sa.Column("chain_code", sa.String(length=32), nullable=True),
        sa.Column("keywords", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("source_date", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("proposed_by", BIG_ID, nullable=True),
        sa.Column("checked_by", BIG_ID, nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["checked_by"], ["users.id"], name=op.f("fk_register_entries_checked_by")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_register_entries_organisation_id")
        ),
        sa.ForeignKeyConstraint(["proposed_by"], ["users.id"], name=op.f("fk_register_entries_proposed_by")),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_register_entries_region_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_entries")),
        sa.UniqueConstraint(
            "kind",
            "region_code",
            "external_id",
            name=op.f("uq_register_entries_kind_region_code_external_id"),
        ),
    )
    op.create_index(op.f("ix_register_entries_chain_code"), "register_entries", ["chain_code"], unique=False)
    op.create_index("ix_register_entries_kind_status", "register_entries", ["kind", "status"], unique=False)
    op.create_index(
        op.f("ix_register_entries_organisation_id"), "register_entries", ["organisation_id"], unique=False
    )
    op.create_index(
        op.f("ix_register_entries_region_code"), "register_entries", ["region_code"], unique=False
    )
    op.create_table(
        "agency_filings",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("tier", sa.String(length=32), nullable=True),
        sa.Column("uscc", sa.String(length=18), nullable=True),
        sa.Column("filed_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("services", sa.JSON(), nullable=False),
        sa.Column("transfer_staff", sa.Integer(), nullable=True),
        sa.Column("above_scale", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["register_entries.id"], name=op.f("fk_agency_filings_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agency_filings")),
    )
    op.create_table(
        "consortia",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("founded_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["register_entries.id"], name=op.f("fk_consortia_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consortia")),
    )
    op.create_table(
        "edition_rows",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("edition_id", BIG_ID, nullable=False),
        sa.Column("record_id", BIG_ID, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_edition_rows_edition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edition_rows")),
        sa.UniqueConstraint("edition_id", "key", name=op.f("uq_edition_rows_edition_id_key")),
    )
    op.create_index(op.f("ix_edition_rows_record_id"), "edition_rows", ["record_id"], unique=False)
    op.create_table(
        "entry_events",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("entry_id", BIG_ID, nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=True),
        sa.Column("target", sa.String(length=32), nullable=False),
        sa.Column("actor_id", BIG_ID, nullable=True),
        sa.Column("note", sa.String(length=1000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("snapshot", sa.JSON(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_entry_events_actor_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["register_entries.id"], name=op.f("fk_entry_events_entry_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry_events")),
    )
    op.create_index(op.f("ix_entry_events_entry_id"), "entry_events", ["entry_id"], unique=False)
    op.create_table(
        "evaluations",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("entry_id", BIG_ID, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("grade", sa.String(length=32), nullable=False),
        sa.Column("score_tenths", sa.Integer(), nullable=True),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=True),
        sa.Column("recorded_by", BIG_ID, nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by", BIG_ID, nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawal_note", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["register_entries.id"], name=op.f("fk_evaluations_entry_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_evaluations_recorded_by")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["users.id"], name=op.f("fk_evaluations_withdrawn_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluations")),
    )
    op.create_index(
        "uq_evaluations_standing",
        "evaluations",
        ["entry_id", "year"],
        unique=True,
        sqlite_where=sa.text("withdrawn_at IS NULL"),
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_table(
        "recognitions",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("entry_id", BIG_ID, nullable=False),
        sa.Column("level", sa.String(length=32), nullable=False),
        sa.Column("recognised_on", sa.Date(), nullable=False),
        sa.Column("recognised_by", sa.String(length=200), nullable=False),
        sa.Column("document", sa.String(length=200), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["register_entries.id"], name=op.f("fk_recognitions_entry_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recognitions")),
        sa.UniqueConstraint(
            "entry_id", "level", "recognised_on", name=op.f("uq_recognitions_entry_id_level_recognised_on")
        ),
    )
    op.create_table(
        "consortium_members",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("consortium_id", BIG_ID, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("organisation_id", BIG_ID, nullable=True),
        sa.Column("lead", sa.Boolean(), nullable=False),
        sa.Column("is_enterprise", sa.Boolean(), nullable=False),
        sa.Column("joined_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consortium_id"], ["consortia.id"], name=op.f("fk_consortium_members_consortium_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_consortium_members_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consortium_members")),
        sa.UniqueConstraint("consortium_id", "name", name=op.f("uq_consortium_members_consortium_id_name")),
    )
    op.create_index(
        op.f("ix_consortium_members_consortium_id"), "consortium_members", ["consortium_id"], unique=False
    )
    for statement in GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    op.drop_index(op.f("ix_consortium_members_consortium_id"), table_name="consortium_members")
    op.drop_table("consortium_members")
    op.drop_table("recognitions")
    op.drop_index(
        "uq_evaluations_standing",
        table_name="evaluations",
        sqlite_where=sa.text("withdrawn_at IS NULL"),
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.drop_table("evaluations")
    op.drop_index(op.f("ix_entry_events_entry_id"), table_name="entry_events")
    op.drop_table("entry_events")
    op.drop_index(op.f("ix_edition_rows_record_id"), table_name="edition_rows")
    op.drop_table("edition_rows")
    op.drop_table("consortia")
    op.drop_table("agency_filings")
    op.drop_index(op.f("ix_register_entries_region_code"), table_name="register_entries")
    op.drop_index(op.f("ix_register_entries_organisation_id"), table_name="register_entries")
    op.drop_index("ix_register_entries_kind_status", table_name="register_entries")
    op.drop_index(op.f("ix_register_entries_chain_code"), table_name="register_entries")
    op.drop_table("register_entries")
    op.drop_table("editions")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION editions_refuse()")
