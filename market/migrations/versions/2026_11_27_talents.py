"""Talents: roles, consents, erasures."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_talents"
down_revision = "2026_11_27_resources"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "talents",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("person_name", sa.String(length=40), nullable=False),
        sa.Column("unit_name", sa.String(length=100), nullable=False),
        sa.Column("post", sa.String(length=50), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("works", sa.JSON(), nullable=False),
        sa.Column("availability", sa.String(length=500), nullable=True),
        sa.Column("contact", sa.String(length=200), nullable=True),
        sa.Column("declared_interests", sa.String(length=2000), nullable=True),
        sa.Column("user_id", BIG_ID, nullable=True),
        sa.ForeignKeyConstraint(["id"], ["register_entries.id"], name=op.f("fk_talents_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_talents_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_talents")),
        sa.UniqueConstraint("user_id", name=op.f("uq_talents_user_id")),
    )
    op.create_table(
        "talent_consents",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("talent_id", BIG_ID, nullable=False),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("evidence", sa.String(length=500), nullable=True),
        sa.Column("recorded_by", BIG_ID, nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by", BIG_ID, nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_talent_consents_recorded_by")),
        sa.ForeignKeyConstraint(["talent_id"], ["talents.id"], name=op.f("fk_talent_consents_talent_id")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["users.id"], name=op.f("fk_talent_consents_withdrawn_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_talent_consents")),
    )
    op.create_index(op.f("ix_talent_consents_talent_id"), "talent_consents", ["talent_id"], unique=False)
    op.create_index(
        "uq_talent_consents_in_force",
        "talent_consents",
        ["talent_id", "scope"],
        unique=True,
        sqlite_where=sa.text("withdrawn_at IS NULL"),
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_table(
        "talent_roles",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("talent_id", BIG_ID, nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("level", sa.String(length=32), nullable=True),
        sa.Column("certificate_no", sa.String(length=64), nullable=True),
        sa.Column("issuer", sa.String(length=200), nullable=True),
        sa.Column("agency_entry_id", BIG_ID, nullable=True),
        sa.Column("trained_on", sa.Date(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(
            ["agency_entry_id"], ["agency_filings.id"], name=op.f("fk_talent_roles_agency_entry_id")
        ),
        sa.ForeignKeyConstraint(["talent_id"], ["talents.id"], name=op.f("fk_talent_roles_talent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_talent_roles")),
    )
    op.create_index(
        op.f("ix_talent_roles_agency_entry_id"), "talent_roles", ["agency_entry_id"], unique=False
    )
    op.create_index("ix_talent_roles_role_valid_from", "talent_roles", ["role", "valid_from"], unique=False)
    op.create_index(op.f("ix_talent_roles_talent_id"), "talent_roles", ["talent_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_talent_roles_talent_id"), table_name="talent_roles")
    op.drop_index("ix_talent_roles_role_valid_from", table_name="talent_roles")
    op.drop_index(op.f("ix_talent_roles_agency_entry_id"), table_name="talent_roles")
    op.drop_table("talent_roles")
    op.drop_index("uq_talent_consents_in_force", table_name="talent_consents")
    op.drop_index(op.f("ix_talent_consents_talent_id"), table_name="talent_consents")
    op.drop_table("talent_consents")
    op.drop_table("talents")
