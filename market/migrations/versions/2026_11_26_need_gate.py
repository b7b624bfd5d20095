"""Results of checking needs; scenarios as a third kind of listing."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_need_gate"
down_revision = "2026_11_25_registration"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
APPEND_ONLY = ("need_assessments", "need_triages", "need_questions")

GUARDS = {
    "sqlite": tuple(
        f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for table in APPEND_ONLY
        for deed in ("UPDATE", "DELETE")
    ),
    "postgresql": (
        """
        CREATE FUNCTION need_gate_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END $$
        """,
        *(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION need_gate_refuse()"
            for table in APPEND_ONLY
        ),
    ),
}
"""Statements that make the database itself keep what was found and decided."""


def upgrade() -> None:
    op.add_column("needs", sa.Column("validation_note", sa.String(length=1000), nullable=True))
    op.add_column("needs", sa.Column("override_note", sa.String(length=1000), nullable=True))
    op.add_column("needs", sa.Column("triage", sa.String(length=32), nullable=True))
    op.create_table(
        "scenarios",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("scenario_type", sa.String(length=32), nullable=True),
        sa.Column("opening_terms", sa.String(), nullable=True),
        sa.Column("place", sa.String(length=200), nullable=True),
        sa.Column("investment_fen", sa.BigInteger(), nullable=True),
        sa.Column("min_trl", sa.Integer(), nullable=True),
        sa.Column("opens_on", sa.Date(), nullable=True),
        sa.Column("closes_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["listings.id"], name=op.f("fk_scenarios_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scenarios")),
    )
    op.create_table(
        "need_assessments",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("need_id", BIG_ID, nullable=False),
        sa.Column("need_version", sa.Integer(), nullable=False),
        sa.Column("rule_version", sa.String(length=16), nullable=False),
        sa.Column("completeness", sa.Integer(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("suggested", sa.String(length=32), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_need_assessments_need_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_assessments")),
    )
    op.create_index(op.f("ix_need_assessments_at"), "need_assessments", ["at"], unique=False)
    op.create_index(op.f("ix_need_assessments_need_id"), "need_assessments", ["need_id"], unique=False)
    op.create_table(
        "need_triages",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("need_id", BIG_ID, nullable=False),
        sa.Column("assessment_id", BIG_ID, nullable=False),
        sa.Column("decided", sa.String(length=32), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=True),
        sa.Column("visit_note", sa.String(length=500), nullable=True),
        sa.Column("decided_by", BIG_ID, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["need_assessments.id"], name=op.f("fk_need_triages_assessment_id")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name=op.f("fk_need_triages_decided_by")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_need_triages_need_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_triages")),
    )
    op.create_index(op.f("ix_need_triages_need_id"), "need_triages", ["need_id"], unique=False)
    op.create_table(
        "need_questions",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("need_id", BIG_ID, nullable=False),
        sa.Column("assessment_id", BIG_ID, nullable=False),
        sa.Column("codes", sa.JSON(), nullable=False),
        sa.Column("words", sa.String(length=800), nullable=False),
        sa.Column("asked_by", BIG_ID, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["asked_by"], ["users.id"], name=op.f("fk_need_questions_asked_by")),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["need_assessments.id"], name=op.f("fk_need_questions_assessment_id")
        ),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_need_questions_need_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_questions")),
    )
    op.create_index(op.f("ix_need_questions_need_id"), "need_questions", ["need_id"], unique=False)
    for statement in GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    for table in reversed(APPEND_ONLY):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION need_gate_refuse()")
    _forget_scenarios()
    for column in ("triage", "override_note", "validation_note"):
        op.drop_column("needs", column)


def _forget_scenarios() -> None:
    """Drop them with all that names them: the schema before knows no such kind."""
    op.execute("DELETE FROM listing_events WHERE listing_id IN (SELECT id FROM scenarios)")
    op.execute("DELETE FROM search_documents WHERE kind = 'scenario'")
    op.execute("DELETE FROM listing_vectors WHERE kind = 'scenario'")
    op.execute("DELETE FROM listing_changes WHERE kind = 'scenario'")
    op.drop_table("scenarios")
    op.execute("DELETE FROM listings WHERE kind = 'scenario'")
