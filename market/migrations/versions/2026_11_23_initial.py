"""The first schema."""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_initial"
down_revision = None
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

APPEND_ONLY = {
    "sqlite": (
        "CREATE TRIGGER turnover_entries_no_update BEFORE UPDATE ON turnover_entries "
        "BEGIN SELECT RAISE(ABORT, 'turnover_entries is append-only'); END",
        "CREATE TRIGGER turnover_entries_no_delete BEFORE DELETE ON turnover_entries "
        "BEGIN SELECT RAISE(ABORT, 'turnover_entries is append-only'); END",
    ),
    "postgresql": (
        """
    CREATE FUNCTION turnover_entries_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'turnover_entries is append-only' USING ERRCODE = 'restrict_violation';
    END $$
    """,
        """
    CREATE TRIGGER turnover_entries_no_change BEFORE UPDATE OR DELETE ON turnover_entries
    FOR EACH ROW EXECUTE FUNCTION turnover_entries_refuse()
    """,
        """
    CREATE TRIGGER turnover_entries_no_truncate BEFORE TRUNCATE ON turnover_entries
    FOR EACH STATEMENT EXECUTE FUNCTION turnover_entries_refuse()
    """,
    ),
}
"""Statements that make the database itself refuse to change or delete ledger lines."""


def upgrade() -> None:
    op.create_table(
        "codes",
        sa.Column("scheme", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("parent_code", sa.String(length=32), nullable=True),
        sa.Column("sort", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("scheme", "code", name=op.f("pk_codes")),
    )
    op.create_table(
        "index_identity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("database", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_index_identity")),
    )
    op.create_table(
        "listing_changes",
        sa.Column("seq", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("record_id", BIG_ID, nullable=False),
        sa.Column("operation", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_listing_changes")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_listing_changes_record", "listing_changes", ["kind", "record_id"], unique=False)
    op.create_table(
        "listing_vectors",
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("record_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("encoder", sa.String(length=200), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "record_id", "encoder", name=op.f("pk_listing_vectors")),
    )
    op.create_table(
        "regions",
        sa.Column("code", sa.String(length=6), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("level", sa.String(length=32), nullable=False),
        sa.Column("parent_code", sa.String(length=6), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("former", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["parent_code"], ["regions.code"], name=op.f("fk_regions_parent_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_regions")),
    )
    op.create_index(op.f("ix_regions_name"), "regions", ["name"], unique=False)
    op.create_index(op.f("ix_regions_parent_code"), "regions", ["parent_code"], unique=False)
    op.create_table(
        "registration_serials",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("area", sa.String(length=6), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration_serials")),
        sa.UniqueConstraint("area", "year", name=op.f("uq_registration_serials_area_year")),
    )
    op.create_table(
        "search_documents",
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("record_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("facets", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "record_id", name=op.f("pk_search_documents")),
    )
    op.create_table(
        "suggestion_progress",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", BIG_ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestion_progress")),
    )
    op.create_table(
        "turnover_counters",
        sa.Column("measure", sa.String(length=32), nullable=False),
        sa.Column("area_kind", sa.String(length=32), nullable=False),
        sa.Column("area", sa.String(length=32), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("type_code", sa.String(length=32), nullable=False),
        sa.Column("tech_field", sa.String(length=32), nullable=False),
        sa.Column("deals", sa.Integer(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("tech_fen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "measure",
            "area_kind",
            "area",
            "month",
            "type_code",
            "tech_field",
            name=op.f("pk_turnover_counters"),
        ),
    )
    op.create_table(
        "parks",
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_parks_region_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_parks")),
    )
    op.create_index(op.f("ix_parks_region_code"), "parks", ["region_code"], unique=False)
    op.create_table(
        "targets",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("indicator", sa.String(length=64), nullable=False),
        sa.Column("phrase", sa.String(length=200), nullable=False),
        sa.Column("comparator", sa.String(length=32), nullable=False),
        sa.Column("value", sa.String(length=32), nullable=True),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("basis", sa.String(length=32), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=True),
        sa.Column("period_end", sa.Date(), nullable=True),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_targets_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_targets")),
        sa.UniqueConstraint(
            "region_code",
            "indicator",
            "phrase",
            "basis",
            name=op.f("uq_targets_region_code_indicator_phrase_basis"),
        ),
    )
    op.create_table(
        "organisations",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=True),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("park_code", sa.String(length=32), nullable=True),
        sa.Column("nature_code", sa.String(length=32), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("contact_name", sa.String(length=64), nullable=True),
        sa.Column("contact_phone", sa.String(length=32), nullable=True),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("status_note", sa.String(length=500), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["park_code"], ["parks.code"], name=op.f("fk_organisations_park_code")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_organisations_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
        sa.UniqueConstraint("uscc", name=op.f("uq_organisations_uscc")),
    )
    op.create_index(op.f("ix_organisations_kind"), "organisations", ["kind"], unique=False)
    op.create_index(op.f("ix_organisations_name"), "organisations", ["name"], unique=False)
    op.create_index(op.f("ix_organisations_region_code"), "organisations", ["region_code"], unique=False)
    op.create_table(
        "contract_parties",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("organisation_id", BIG_ID, nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=True),
        sa.Column("nature_code", sa.String(length=32), nullable=False),
        sa.Column("country_code", sa.String(length=3), nullable=False),
        sa.Column("region_code", sa.String(length=6), nullable=True),
        sa.Column("park_code", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_contract_parties_organisation_id")
        ),
        sa.ForeignKeyConstraint(["park_code"], ["parks.code"], name=op.f("fk_contract_parties_park_code")),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_contract_parties_region_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_parties")),
    )
    op.create_index(
        op.f("ix_contract_parties_organisation_id"), "contract_parties", ["organisation_id"], unique=False
    )
    op.create_table(
        "users",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("organisation_id", BIG_ID, nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_users_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("login", name=op.f("uq_users_login")),
    )
    op.create_index(op.f("ix_users_organisation_id"), "users", ["organisation_id"], unique=False)
    op.create_table(
        "access_tokens",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_access_tokens_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_access_tokens_digest")),
    )
    op.create_index(op.f("ix_access_tokens_user_id"), "access_tokens", ["user_id"], unique=False)
    op.create_table(
        "audit_events",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", BIG_ID, nullable=True),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("entity", sa.String(length=32), nullable=False),
        sa.Column("entity_id", BIG_ID, nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_audit_events_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
    )
    op.create_index(op.f("ix_audit_events_actor_id"), "audit_events", ["actor_id"], unique=False)
    op.create_index(op.f("ix_audit_events_at"), "audit_events", ["at"], unique=False)
    op.create_index("ix_audit_events_entity", "audit_events", ["entity", "entity_id"], unique=False)
    op.create_table(
        "idempotency_keys",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.JSON(), nullable=True),
        sa.Column("etag", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_idempotency_keys_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency_keys")),
        sa.UniqueConstraint("user_id", "key", name=op.f("uq_idempotency_keys_user_id_key")),
    )
    op.create_table(
        "imports",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("mode", sa.String(length=32), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("publish", sa.Boolean(), nullable=False),
        sa.Column("result", sa.String(length=32), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("unmapped", sa.JSON(), nullable=False),
        sa.Column("errors", sa.JSON(), nullable=False),
        sa.Column("actor_id", BIG_ID, nullable=True),
        sa.Column("organisation_id", BIG_ID, nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_imports_actor_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_imports_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index(op.f("ix_imports_actor_id"), "imports", ["actor_id"], unique=False)
    op.create_index(op.f("ix_imports_organisation_id"), "imports", ["organisation_id"], unique=False)
    op.create_index(op.f("ix_imports_sha256"), "imports", ["sha256"], unique=False)
    op.create_table(
        "listings",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("organisation_id", BIG_ID, nullable=False),
        sa.Column("created_by", BIG_ID, nullable=True),
        sa.Column("external_id", sa.String(length=64), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("confidential", sa.String(), nullable=True),
        sa.Column("tech_field", sa.String(length=32), nullable=True),
        sa.Column("industry_code", sa.String(length=32), nullable=True),
        sa.Column("chain_code", sa.String(length=32), nullable=True),
        sa.Column("keywords", sa.JSON(), nullable=False),
        sa.Column("indicators", sa.JSON(), nullable=False),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("contact_name", sa.String(length=64), nullable=True),
        sa.Column("contact_phone", sa.String(length=32), nullable=True),
        sa.Column("source", sa.String(length=200), nullable=True),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_listings_created_by")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_listings_organisation_id")
        ),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_listings_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listings")),
        sa.UniqueConstraint(
            "organisation_id",
            "kind",
            "external_id",
            name=op.f("uq_listings_organisation_id_kind_external_id"),
        ),
    )
    op.create_index("ix_listings_kind_status", "listings", ["kind", "status"], unique=False)
    op.create_index(op.f("ix_listings_organisation_id"), "listings", ["organisation_id"], unique=False)
    op.create_index(op.f("ix_listings_region_code"), "listings", ["region_code"], unique=False)
    op.create_index(op.f("ix_listings_tech_field"), "listings", ["tech_field"], unique=False)
    op.create_table(
        "achievements",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("trl", sa.Integer(), nullable=True),
        sa.Column("stage", sa.String(length=32), nullable=True),
        sa.Column("attribute", sa.String(length=32), nullable=True),
        sa.Column("transfer_modes", sa.JSON(), nullable=False),
        sa.Column("pricing_mode", sa.String(length=32), nullable=True),
        sa.Column("price_fen", sa.BigInteger(), nullable=True),
        sa.Column("ip", sa.JSON(), nullable=False),
        sa.Column("registration_no", sa.String(length=12), nullable=True),
        sa.Column("completers", sa.JSON(), nullable=False),
        sa.Column("awards", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["listings.id"], name=op.f("fk_achievements_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_achievements")),
    )
    op.create_table(
        "listing_events",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("listing_id", BIG_ID, nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=True),
        sa.Column("target", sa.String(length=32), nullable=False),
        sa.Column("actor_id", BIG_ID, nullable=True),
        sa.Column("note", sa.String(length=1000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("snapshot", sa.JSON(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_listing_events_actor_id")),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.id"], name=op.f("fk_listing_events_listing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing_events")),
    )
    op.create_index(op.f("ix_listing_events_listing_id"), "listing_events", ["listing_id"], unique=False)
    op.create_table(
        "needs",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("need_type", sa.String(length=32), nullable=True),
        sa.Column("existing_conditions", sa.String(), nullable=True),
        sa.Column("cooperation_modes", sa.JSON(), nullable=False),
        sa.Column("budget_fen", sa.BigInteger(), nullable=True),
        sa.Column("min_trl", sa.Integer(), nullable=True),
        sa.Column("desired_partners", sa.String(length=500), nullable=True),
        sa.Column("deadline", sa.Date(), nullable=True),
        sa.Column("validation", sa.String(length=32), nullable=False),
        sa.Column("validated_by", BIG_ID, nullable=True),
        sa.Column("validated_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["listings.id"], name=op.f("fk_needs_id")),
        sa.ForeignKeyConstraint(["validated_by"], ["users.id"], name=op.f("fk_needs_validated_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_needs")),
    )
    op.create_table(
        "suggestions",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("need_id", BIG_ID, nullable=False),
        sa.Column("achievement_id", BIG_ID, nullable=False),
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
        sa.Column("need_interest", sa.Boolean(), nullable=True),
        sa.Column("achievement_interest", sa.Boolean(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["achievement_id"], ["achievements.id"], name=op.f("fk_suggestions_achievement_id")
        ),
        sa.ForeignKeyConstraint(["broker_id"], ["users.id"], name=op.f("fk_suggestions_broker_id")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_suggestions_need_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestions")),
        sa.UniqueConstraint("need_id", "achievement_id", name=op.f("uq_suggestions_need_id_achievement_id")),
    )
    op.create_index(op.f("ix_suggestions_achievement_id"), "suggestions", ["achievement_id"], unique=False)
    op.create_index(op.f("ix_suggestions_broker_id"), "suggestions", ["broker_id"], unique=False)
    op.create_index("ix_suggestions_status_score", "suggestions", ["status", "score"], unique=False)
    op.create_table(
        "contracts",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("station_id", BIG_ID, nullable=False),
        sa.Column("suggestion_id", BIG_ID, nullable=True),
        sa.Column("external_id", sa.String(length=64), nullable=True),
        sa.Column("acceptance_no", sa.String(length=32), nullable=True),
        sa.Column("reg_no", sa.String(length=16), nullable=True),
        sa.Column("rule_version", sa.String(length=16), nullable=True),
        sa.Column("live_identity", sa.String(length=64), nullable=True),
        sa.Column("project_name", sa.String(length=300), nullable=False),
        sa.Column("type_code", sa.String(length=32), nullable=False),
        sa.Column("subtype_code", sa.String(length=32), nullable=True),
        sa.Column("seller_id", BIG_ID, nullable=False),
        sa.Column("buyer_id", BIG_ID, nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("tech_field", sa.String(length=32), nullable=False),
        sa.Column("ip_kind", sa.String(length=32), nullable=False),
        sa.Column("licence_kind", sa.String(length=32), nullable=True),
        sa.Column("plan_source", sa.String(length=32), nullable=False),
        sa.Column("seo", sa.String(length=32), nullable=True),
        sa.Column("industry_code", sa.String(length=32), nullable=True),
        sa.Column("total_amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("tech_amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("amount_is_estimate", sa.Boolean(), nullable=False),
        sa.Column("payment_mode", sa.String(length=32), nullable=False),
        sa.Column("new_input_fen", sa.BigInteger(), nullable=True),
        sa.Column("new_output_fen", sa.BigInteger(), nullable=True),
        sa.Column("related_party", sa.Boolean(), nullable=False),
        sa.Column("abroad", sa.Boolean(), nullable=False),
        sa.Column("submitted_on", sa.Date(), nullable=True),
        sa.Column("accepted_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("created_by", BIG_ID, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "tech_amount_fen >= 0 AND tech_amount_fen <= total_amount_fen", name=op.f("ck_contracts_amounts")
        ),
        sa.ForeignKeyConstraint(["buyer_id"], ["contract_parties.id"], name=op.f("fk_contracts_buyer_id")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_contracts_created_by")),
        sa.ForeignKeyConstraint(["seller_id"], ["contract_parties.id"], name=op.f("fk_contracts_seller_id")),
        sa.ForeignKeyConstraint(["station_id"], ["organisations.id"], name=op.f("fk_contracts_station_id")),
        sa.ForeignKeyConstraint(
            ["suggestion_id"], ["suggestions.id"], name=op.f("fk_contracts_suggestion_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contracts")),
        sa.UniqueConstraint("acceptance_no", name=op.f("uq_contracts_acceptance_no")),
        sa.UniqueConstraint("external_id", name=op.f("uq_contracts_external_id")),
        sa.UniqueConstraint("live_identity", name=op.f("uq_contracts_live_identity")),
        sa.UniqueConstraint("reg_no", name=op.f("uq_contracts_reg_no")),
    )
    op.create_index(op.f("ix_contracts_registered_on"), "contracts", ["registered_on"], unique=False)
    op.create_index("ix_contracts_station_status", "contracts", ["station_id", "status"], unique=False)
    op.create_index(op.f("ix_contracts_suggestion_id"), "contracts", ["suggestion_id"], unique=False)
    op.create_table(
        "suggestion_events",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("suggestion_id", BIG_ID, nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=True),
        sa.Column("target", sa.String(length=32), nullable=False),
        sa.Column("actor_id", BIG_ID, nullable=True),
        sa.Column("side", sa.String(length=32), nullable=True),
        sa.Column("reason_code", sa.String(length=32), nullable=True),
        sa.Column("words", sa.String(length=2000), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_suggestion_events_actor_id")),
        sa.ForeignKeyConstraint(
            ["suggestion_id"], ["suggestions.id"], name=op.f("fk_suggestion_events_suggestion_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestion_events")),
    )
    op.create_index(
        op.f("ix_suggestion_events_suggestion_id"), "suggestion_events", ["suggestion_id"], unique=False
    )
    op.create_table(
        "contract_events",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("contract_id", BIG_ID, nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=True),
        sa.Column("target", sa.String(length=32), nullable=False),
        sa.Column("actor_id", BIG_ID, nullable=True),
        sa.Column("reason_code", sa.String(length=32), nullable=True),
        sa.Column("note", sa.String(length=1000), nullable=True),
        sa.Column("snapshot", sa.JSON(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_contract_events_actor_id")),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts.id"], name=op.f("fk_contract_events_contract_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_events")),
    )
    op.create_index(op.f("ix_contract_events_contract_id"), "contract_events", ["contract_id"], unique=False)
    op.create_table(
        "contract_requests",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("contract_id", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("requested_by", BIG_ID, nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=True),
        sa.Column("decided_by", BIG_ID, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_note", sa.String(length=1000), nullable=True),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts.id"], name=op.f("fk_contract_requests_contract_id")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name=op.f("fk_contract_requests_decided_by")),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["users.id"], name=op.f("fk_contract_requests_requested_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_requests")),
    )
    op.create_index(
        op.f("ix_contract_requests_contract_id"), "contract_requests", ["contract_id"], unique=False
    )
    op.create_table(
        "turnover_entries",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("contract_id", BIG_ID, nullable=False),
        sa.Column("contract_version", sa.Integer(), nullable=False),
        sa.Column("line", sa.String(length=32), nullable=False),
        sa.Column("reverses_id", BIG_ID, nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("tech_fen", sa.BigInteger(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("station_id", BIG_ID, nullable=False),
        sa.Column("station_region", sa.String(length=6), nullable=False),
        sa.Column("station_park", sa.String(length=32), nullable=True),
        sa.Column("seller_region", sa.String(length=6), nullable=True),
        sa.Column("seller_park", sa.String(length=32), nullable=True),
        sa.Column("buyer_region", sa.String(length=6), nullable=True),
        sa.Column("buyer_park", sa.String(length=32), nullable=True),
        sa.Column("seller_nature", sa.String(length=32), nullable=False),
        sa.Column("buyer_nature", sa.String(length=32), nullable=False),
        sa.Column("type_code", sa.String(length=32), nullable=False),
        sa.Column("subtype_code", sa.String(length=32), nullable=True),
        sa.Column("tech_field", sa.String(length=32), nullable=False),
        sa.Column("ip_kind", sa.String(length=32), nullable=False),
        sa.Column("plan_source", sa.String(length=32), nullable=False),
        sa.CheckConstraint(
            "(line = 'reversal') = (reverses_id IS NOT NULL)", name=op.f("ck_turnover_entries_reversal")
        ),
        sa.CheckConstraint(
            "count = CASE WHEN line = 'reversal' THEN -1 ELSE 1 END", name=op.f("ck_turnover_entries_sign")
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts.id"], name=op.f("fk_turnover_entries_contract_id")
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["turnover_entries.id"], name=op.f("fk_turnover_entries_reverses_id")
        ),
        sa.ForeignKeyConstraint(
            ["station_id"], ["organisations.id"], name=op.f("fk_turnover_entries_station_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_turnover_entries")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_turnover_entries_reverses_id")),
    )
    op.create_index(
        "ix_turnover_entries_buyer_park_effective_on",
        "turnover_entries",
        ["buyer_park", "effective_on"],
        unique=False,
        sqlite_where=sa.text("buyer_park IS NOT NULL"),
        postgresql_where=sa.text("buyer_park IS NOT NULL"),
    )
    op.create_index(
        "ix_turnover_entries_buyer_region_effective_on",
        "turnover_entries",
        ["buyer_region", "effective_on"],
        unique=False,
        sqlite_where=sa.text("buyer_region IS NOT NULL"),
        postgresql_where=sa.text("buyer_region IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_turnover_entries_contract_id"), "turnover_entries", ["contract_id"], unique=False
    )
    op.create_index(
        "ix_turnover_entries_effective_on_id", "turnover_entries", ["effective_on", "id"], unique=False
    )
    op.create_index(
        "ix_turnover_entries_seller_park_effective_on",
        "turnover_entries",
        ["seller_park", "effective_on"],
        unique=False,
        sqlite_where=sa.text("seller_park IS NOT NULL"),
        postgresql_where=sa.text("seller_park IS NOT NULL"),
    )
    op.create_index(
        "ix_turnover_entries_seller_region_effective_on",
        "turnover_entries",
        ["seller_region", "effective_on"],
        unique=False,
        sqlite_where=sa.text("seller_region IS NOT NULL"),
        postgresql_where=sa.text("seller_region IS NOT NULL"),
    )
    op.create_index(
        "ix_turnover_entries_station_park_effective_on",
        "turnover_entries",
        ["station_park", "effective_on"],
        unique=False,
        sqlite_where=sa.text("station_park IS NOT NULL"),
        postgresql_where=sa.text("station_park IS NOT NULL"),
    )
    op.create_index(
        "ix_turnover_entries_station_region_effective_on",
        "turnover_entries",
        ["station_region", "effective_on"],
        unique=False,
        sqlite_where=sa.text("station_region IS NOT NULL"),
        postgresql_where=sa.text("station_region IS NOT NULL"),
    )
    op.create_index(
        "uq_turnover_entries_registration",
        "turnover_entries",
        ["contract_id"],
        unique=True,
        sqlite_where=sa.text("line = 'registration'"),
        postgresql_where=sa.text("line = 'registration'"),
    )
    connection = op.get_bind()
    for statement in APPEND_ONLY[connection.dialect.name]:
        op.execute(statement)
    # The name by which snapshots of the index know this database.
    identity = sa.table("index_identity", sa.column("id"), sa.column("database"))
    op.bulk_insert(identity, [{"id": 1, "database": uuid.uuid4().hex}])


def downgrade() -> None:
    op.drop_index(
        "uq_turnover_entries_registration",
        table_name="turnover_entries",
        sqlite_where=sa.text("line = 'registration'"),
        postgresql_where=sa.text("line = 'registration'"),
    )
    op.drop_index(
        "ix_turnover_entries_station_region_effective_on",
        table_name="turnover_entries",
        sqlite_where=sa.text("station_region IS NOT NULL"),
        postgresql_where=sa.text("station_region IS NOT NULL"),
    )
    op.drop_index(
        "ix_turnover_entries_station_park_effective_on",
        table_name="turnover_entries",
        sqlite_where=sa.text("station_park IS NOT NULL"),
        postgresql_where=sa.text("station_park IS NOT NULL"),
    )
    op.drop_index(
        "ix_turnover_entries_seller_region_effective_on",
        table_name="turnover_entries",
        sqlite_where=sa.text("seller_region IS NOT NULL"),
        postgresql_where=sa.text("seller_region IS NOT NULL"),
    )
    op.drop_index(
        "ix_turnover_entries_seller_park_effective_on",
        table_name="turnover_entries",
        sqlite_where=sa.text("seller_park IS NOT NULL"),
        postgresql_where=sa.text("seller_park IS NOT NULL"),
    )
    op.drop_index("ix_turnover_entries_effective_on_id", table_name="turnover_entries")
    op.drop_index(op.f("ix_turnover_entries_contract_id"), table_name="turnover_entries")
    op.drop_index(
        "ix_turnover_entries_buyer_region_effective_on",
        table_name="turnover_entries",
        sqlite_where=sa.text("buyer_region IS NOT NULL"),
        postgresql_where=sa.text("buyer_region IS NOT NULL"),
    )
    op.drop_index(
        "ix_turnover_entries_buyer_park_effective_on",
        table_name="turnover_entries",
        sqlite_where=sa.text("buyer_park IS NOT NULL"),
        postgresql_where=sa.text("buyer_park IS NOT NULL"),
    )
    op.drop_table("turnover_entries")
    op.drop_index(op.f("ix_contract_requests_contract_id"), table_name="contract_requests")
    op.drop_table("contract_requests")
    op.drop_index(op.f("ix_contract_events_contract_id"), table_name="contract_events")
    op.drop_table("contract_events")
    op.drop_index(op.f("ix_suggestion_events_suggestion_id"), table_name="suggestion_events")
    op.drop_table("suggestion_events")
    op.drop_index(op.f("ix_contracts_suggestion_id"), table_name="contracts")
    op.drop_index("ix_contracts_station_status", table_name="contracts")
    op.drop_index(op.f("ix_contracts_registered_on"), table_name="contracts")
    op.drop_table("contracts")
    op.drop_index("ix_suggestions_status_score", table_name="suggestions")
    op.drop_index(op.f("ix_suggestions_broker_id"), table_name="suggestions")
    op.drop_index(op.f("ix_suggestions_achievement_id"), table_name="suggestions")
    op.drop_table("suggestions")
    op.drop_table("needs")
    op.drop_index(op.f("ix_listing_events_listing_id"), table_name="listing_events")
    op.drop_table("listing_events")
    op.drop_table("achievements")
    op.drop_index(op.f("ix_listings_tech_field"), table_name="listings")
    op.drop_index(op.f("ix_listings_region_code"), table_name="listings")
    op.drop_index(op.f("ix_listings_organisation_id"), table_name="listings")
    op.drop_index("ix_listings_kind_status", table_name="listings")
    op.drop_table("listings")
    op.drop_index(op.f("ix_imports_sha256"), table_name="imports")
    op.drop_index(op.f("ix_imports_organisation_id"), table_name="imports")
    op.drop_index(op.f("ix_imports_actor_id"), table_name="imports")
    op.drop_table("imports")
    op.drop_table("idempotency_keys")
    op.drop_index("ix_audit_events_entity", table_name="audit_events")
    op.drop_index(op.f("ix_audit_events_at"), table_name="audit_events")
    op.drop_index(op.f("ix_audit_events_actor_id"), table_name="audit_events")
    op.drop_table("audit_events")
    op.drop_index(op.f("ix_access_tokens_user_id"), table_name="access_tokens")
    op.drop_table("access_tokens")
    op.drop_index(op.f("ix_users_organisation_id"), table_name="users")
    op.drop_table("users")
    op.drop_index(op.f("ix_contract_parties_organisation_id"), table_name="contract_parties")
    op.drop_table("contract_parties")
    op.drop_index(op.f("ix_organisations_region_code"), table_name="organisations")
    op.drop_index(op.f("ix_organisations_name"), table_name="organisations")
    op.drop_index(op.f("ix_organisations_kind"), table_name="organisations")
    op.drop_table("organisations")
    op.drop_table("targets")
    op.drop_index(op.f("ix_parks_region_code"), table_name="parks")
    op.drop_table("parks")
    op.drop_table("turnover_counters")
    op.drop_table("suggestion_progress")
    op.drop_table("search_documents")
    op.drop_table("registration_serials")
    op.drop_index(op.f("ix_regions_parent_code"), table_name="regions")
    op.drop_index(op.f("ix_regions_name"), table_name="regions")
    op.drop_table("regions")
    op.drop_table("listing_vectors")
    op.drop_index("ix_listing_changes_record", table_name="listing_changes")
    op.drop_table("listing_changes")
    op.drop_table("index_identity")
    op.drop_table("codes")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION turnover_entries_refuse()")  # triggers go with their table, it does not
