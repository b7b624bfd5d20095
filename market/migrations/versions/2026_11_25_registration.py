"""Registration in full, counters of every dimension, releases, rankings, reports."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_registration"
down_revision = "2026_11_24_ranking_weights"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

FROZEN = {
    "sqlite": (
        "CREATE TRIGGER releases_no_update BEFORE UPDATE OF region_code, kind, period, period_start, "
        "period_end, title, known_at, content, digest ON releases "
        "BEGIN SELECT RAISE(ABORT, 'a release is frozen'); END",
        "CREATE TRIGGER releases_no_delete BEFORE DELETE ON releases "
        "BEGIN SELECT RAISE(ABORT, 'a release is frozen'); END",
    ),
    "postgresql": (
        """
    CREATE FUNCTION releases_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'a release is frozen' USING ERRCODE = 'restrict_violation';
    END $$
    """,
        """
    CREATE TRIGGER releases_no_change BEFORE DELETE OR UPDATE OF region_code, kind, period, period_start,
        period_end, title, known_at, content, digest ON releases
    FOR EACH ROW EXECUTE FUNCTION releases_refuse()
    """,
        """
    CREATE TRIGGER releases_no_truncate BEFORE TRUNCATE ON releases
    FOR EACH STATEMENT EXECUTE FUNCTION releases_refuse()
    """,
    ),
}
"""Statements that make the database itself refuse to change what was published."""


def upgrade() -> None:
    _create_tables()
    for statement in FROZEN[op.get_bind().dialect.name]:
        op.execute(statement)
    _add_columns()
    _widen_ledger()
    _renew_counters()
    _grant_duties()


def _create_tables() -> None:
    op.create_table(
        "calendar_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("workday", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_days")),
    )
    op.create_table(
        "index_definitions",
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("in_force_from", sa.Date(), nullable=False),
        sa.Column("base_year", sa.Integer(), nullable=False),
        sa.Column("indicators", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_index_definitions")),
    )
    op.create_table(
        "registration_rules",
        sa.Column("version", sa.String(length=16), nullable=False),
        sa.Column("in_force_from", sa.Date(), nullable=False),
        sa.Column("types", sa.JSON(), nullable=False),
        sa.Column("limit_days", sa.Integer(), nullable=False),
        sa.Column("large_limit_days", sa.Integer(), nullable=False),
        sa.Column("working_days", sa.Boolean(), nullable=False),
        sa.Column("large_from_fen", sa.BigInteger(), nullable=False),
        sa.Column("large_by", sa.String(length=32), nullable=False),
        sa.Column("approver_differs", sa.Boolean(), nullable=False),
        sa.Column("experts_from_fen", sa.BigInteger(), nullable=True),
        sa.Column("min_experts", sa.Integer(), nullable=False),
        sa.Column("needs_forecast", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_registration_rules")),
        sa.UniqueConstraint("in_force_from", name=op.f("uq_registration_rules_in_force_from")),
    )
    op.create_table(
        "turnover_flows",
        sa.Column("level", sa.String(length=32), nullable=False),
        sa.Column("seller_area", sa.String(length=32), nullable=False),
        sa.Column("buyer_area", sa.String(length=32), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("deals", sa.Integer(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("tech_fen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "level", "seller_area", "buyer_area", "month", name=op.f("pk_turnover_flows")
        ),
    )
    op.create_index(
        "ix_turnover_flows_level_buyer_area", "turnover_flows", ["level", "buyer_area", "month"], unique=False
    )

    op.create_table(
        "document_requirements",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("rule_version", sa.String(length=16), nullable=False),
        sa.Column("type_code", sa.String(length=32), nullable=True),
        sa.Column("condition", sa.String(length=32), nullable=False),
        sa.Column("document_kind", sa.String(length=32), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["rule_version"],
            ["registration_rules.version"],
            name=op.f("fk_document_requirements_rule_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_requirements")),
        sa.UniqueConstraint(
            "rule_version", "type_code", "condition", "document_kind", name="uq_document_requirements_paper"
        ),
    )
    op.create_table(
        "region_successions",
        sa.Column("old_code", sa.String(length=6), nullable=False),
        sa.Column("new_code", sa.String(length=6), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["new_code"], ["regions.code"], name=op.f("fk_region_successions_new_code")),
        sa.ForeignKeyConstraint(["old_code"], ["regions.code"], name=op.f("fk_region_successions_old_code")),
        sa.PrimaryKeyConstraint("old_code", "new_code", name=op.f("pk_region_successions")),
    )
    op.create_table(
        "station_territories",
        sa.Column("station_id", BIG_ID, nullable=False),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_station_territories_region_code")
        ),
        sa.ForeignKeyConstraint(
            ["station_id"], ["organisations.id"], name=op.f("fk_station_territories_station_id")
        ),
        sa.PrimaryKeyConstraint("station_id", "region_code", name=op.f("pk_station_territories")),
    )
    op.create_table(
        "conversion_reports",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("organisation_id", BIG_ID, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("declared", sa.JSON(), nullable=False),
        sa.Column("computed", sa.JSON(), nullable=False),
        sa.Column("created_by", BIG_ID, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_conversion_reports_created_by")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_conversion_reports_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversion_reports")),
        sa.UniqueConstraint(
            "organisation_id", "year", name=op.f("uq_conversion_reports_organisation_id_year")
        ),
    )
    op.create_table(
        "index_values",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.Column("definition_version", sa.String(length=32), nullable=False),
        sa.Column("value", sa.String(length=32), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", BIG_ID, nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["definition_version"],
            ["index_definitions.version"],
            name=op.f("fk_index_values_definition_version"),
        ),
        sa.ForeignKeyConstraint(["published_by"], ["users.id"], name=op.f("fk_index_values_published_by")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_index_values_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_index_values")),
        sa.UniqueConstraint(
            "region_code",
            "period",
            "definition_version",
            name=op.f("uq_index_values_region_code_period_definition_version"),
        ),
    )
    op.create_table(
        "rankings",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("objections_until", sa.Date(), nullable=True),
        sa.Column("final_on", sa.Date(), nullable=True),
        sa.Column("note", sa.String(length=1000), nullable=True),
        sa.Column("created_by", BIG_ID, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_rankings_created_by")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_rankings_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rankings")),
    )
    op.create_index(
        "uq_rankings_standing",
        "rankings",
        ["region_code", "year"],
        unique=True,
        sqlite_where=sa.text("status <> 'withdrawn'"),
        postgresql_where=sa.text("status <> 'withdrawn'"),
    )

    op.create_table(
        "registration_lists",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("station_id", BIG_ID, nullable=False),
        sa.Column("applicant_id", BIG_ID, nullable=False),
        sa.Column("large", sa.Boolean(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("issued_by", BIG_ID, nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("void_reason", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["applicant_id"], ["organisations.id"], name=op.f("fk_registration_lists_applicant_id")
        ),
        sa.ForeignKeyConstraint(["issued_by"], ["users.id"], name=op.f("fk_registration_lists_issued_by")),
        sa.ForeignKeyConstraint(
            ["station_id"], ["organisations.id"], name=op.f("fk_registration_lists_station_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration_lists")),
        sa.UniqueConstraint("code", name=op.f("uq_registration_lists_code")),
        sa.UniqueConstraint("number", name=op.f("uq_registration_lists_number")),
    )
    op.create_index(
        op.f("ix_registration_lists_applicant_id"), "registration_lists", ["applicant_id"], unique=False
    )
    op.create_index(
        op.f("ix_registration_lists_station_id"), "registration_lists", ["station_id"], unique=False
    )

    op.create_table(
        "releases",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=True),
        sa.Column("published_by", BIG_ID, nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by", BIG_ID, nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdraw_reason", sa.String(length=1000), nullable=True),
        sa.Column("superseded_by", BIG_ID, nullable=True),
        sa.ForeignKeyConstraint(["published_by"], ["users.id"], name=op.f("fk_releases_published_by")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_releases_region_code")),
        sa.ForeignKeyConstraint(["superseded_by"], ["releases.id"], name=op.f("fk_releases_superseded_by")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["users.id"], name=op.f("fk_releases_withdrawn_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases")),
    )
    op.create_index(
        "uq_releases_standing",
        "releases",
        ["region_code", "kind", "period"],
        unique=True,
        sqlite_where=sa.text("withdrawn_at IS NULL"),
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )

    op.create_table(
        "station_duties",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("station_id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("duty", sa.String(length=32), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("granted_by", BIG_ID, nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["granted_by"], ["users.id"], name=op.f("fk_station_duties_granted_by")),
        sa.ForeignKeyConstraint(
            ["station_id"], ["organisations.id"], name=op.f("fk_station_duties_station_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_station_duties_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_station_duties")),
    )
    op.create_index(op.f("ix_station_duties_station_id"), "station_duties", ["station_id"], unique=False)
    op.create_index(
        "uq_station_duties_open",
        "station_duties",
        ["user_id", "duty"],
        unique=True,
        sqlite_where=sa.text("valid_to IS NULL"),
        postgresql_where=sa.text("valid_to IS NULL"),
    )

    op.create_table(
        "ranking_objections",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("ranking_id", BIG_ID, nullable=False),
        sa.Column("agency_id", BIG_ID, nullable=False),
        sa.Column("words", sa.String(length=2000), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("filed_by", BIG_ID, nullable=True),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", BIG_ID, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_note", sa.String(length=2000), nullable=True),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["organisations.id"], name=op.f("fk_ranking_objections_agency_id")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name=op.f("fk_ranking_objections_decided_by")),
        sa.ForeignKeyConstraint(["filed_by"], ["users.id"], name=op.f("fk_ranking_objections_filed_by")),
        sa.ForeignKeyConstraint(
            ["ranking_id"], ["rankings.id"], name=op.f("fk_ranking_objections_ranking_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ranking_objections")),
    )
    op.create_index(
        op.f("ix_ranking_objections_ranking_id"), "ranking_objections", ["ranking_id"], unique=False
    )

    op.create_table(
        "ranking_rows",
        sa.Column("ranking_id", BIG_ID, nullable=False),
        sa.Column("agency_id", BIG_ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("rank_by_deals", sa.Integer(), nullable=False),
        sa.Column("rank_by_amount", sa.Integer(), nullable=False),
        sa.Column("deals", sa.Integer(), nullable=False),
        sa.Column("deals_share_bp", sa.BigInteger(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("tech_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["organisations.id"], name=op.f("fk_ranking_rows_agency_id")),
        sa.ForeignKeyConstraint(["ranking_id"], ["rankings.id"], name=op.f("fk_ranking_rows_ranking_id")),
        sa.PrimaryKeyConstraint("ranking_id", "agency_id", name=op.f("pk_ranking_rows")),
        sa.UniqueConstraint("ranking_id", "position", name=op.f("uq_ranking_rows_ranking_id_position")),
    )
    op.create_table(
        "report_events",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("report_id", BIG_ID, nullable=False),
        sa.Column("source", sa.String(length=32), nullable=True),
        sa.Column("target", sa.String(length=32), nullable=False),
        sa.Column("actor_id", BIG_ID, nullable=True),
        sa.Column("note", sa.String(length=1000), nullable=True),
        sa.Column("snapshot", sa.JSON(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_report_events_actor_id")),
        sa.ForeignKeyConstraint(
            ["report_id"], ["conversion_reports.id"], name=op.f("fk_report_events_report_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_events")),
    )
    op.create_index(op.f("ix_report_events_report_id"), "report_events", ["report_id"], unique=False)

    op.create_table(
        "attributions",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("contract_id", BIG_ID, nullable=False),
        sa.Column("agency_id", BIG_ID, nullable=False),
        sa.Column("broker_id", BIG_ID, nullable=True),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("share_bp", sa.Integer(), nullable=False),
        sa.Column("created_by", BIG_ID, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by", BIG_ID, nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("share_bp > 0 AND share_bp <= 10000", name=op.f("ck_attributions_share")),
        sa.ForeignKeyConstraint(["agency_id"], ["organisations.id"], name=op.f("fk_attributions_agency_id")),
        sa.ForeignKeyConstraint(["broker_id"], ["users.id"], name=op.f("fk_attributions_broker_id")),
        sa.ForeignKeyConstraint(["contract_id"], ["contracts.id"], name=op.f("fk_attributions_contract_id")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_attributions_created_by")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["users.id"], name=op.f("fk_attributions_withdrawn_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attributions")),
    )
    op.create_index(op.f("ix_attributions_agency_id"), "attributions", ["agency_id"], unique=False)
    op.create_index(op.f("ix_attributions_broker_id"), "attributions", ["broker_id"], unique=False)
    op.create_index(op.f("ix_attributions_contract_id"), "attributions", ["contract_id"], unique=False)

    op.create_table(
        "certificates",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("contract_id", BIG_ID, nullable=False),
        sa.Column("contract_version", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("issued_by", BIG_ID, nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("void_reason", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["contract_id"], ["contracts.id"], name=op.f("fk_certificates_contract_id")),
        sa.ForeignKeyConstraint(["issued_by"], ["users.id"], name=op.f("fk_certificates_issued_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
        sa.UniqueConstraint("code", name=op.f("uq_certificates_code")),
        sa.UniqueConstraint("number", name=op.f("uq_certificates_number")),
    )
    op.create_index(op.f("ix_certificates_contract_id"), "certificates", ["contract_id"], unique=False)
    op.create_index(
        "uq_certificates_valid",
        "certificates",
        ["contract_id"],
        unique=True,
        sqlite_where=sa.text("voided_at IS NULL"),
        postgresql_where=sa.text("voided_at IS NULL"),
    )

    op.create_table(
        "expert_opinions",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("contract_id", BIG_ID, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("unit", sa.String(length=200), nullable=False),
        sa.Column("conclusion", sa.String(length=32), nullable=False),
        sa.Column("words", sa.String(length=2000), nullable=False),
        sa.Column("opined_on", sa.Date(), nullable=False),
        sa.Column("recorded_by", BIG_ID, nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts.id"], name=op.f("fk_expert_opinions_contract_id")
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_expert_opinions_recorded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expert_opinions")),
        sa.UniqueConstraint(
            "contract_id", "name", "unit", name=op.f("uq_expert_opinions_contract_id_name_unit")
        ),
    )
    op.create_index(op.f("ix_expert_opinions_contract_id"), "expert_opinions", ["contract_id"], unique=False)

    op.create_table(
        "income_verifications",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("contract_id", BIG_ID, nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=True),
        sa.Column("received_from", sa.Date(), nullable=False),
        sa.Column("received_to", sa.Date(), nullable=False),
        sa.Column("received_fen", sa.BigInteger(), nullable=False),
        sa.Column("deducted_fen", sa.BigInteger(), nullable=False),
        sa.Column("income_fen", sa.BigInteger(), nullable=False),
        sa.Column("bonus_fen", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.String(length=1000), nullable=True),
        sa.Column("submitted_by", BIG_ID, nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", BIG_ID, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_note", sa.String(length=1000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "received_fen > 0 AND deducted_fen >= 0 AND deducted_fen <= received_fen "
            "AND income_fen = received_fen - deducted_fen",
            name=op.f("ck_income_verifications_amounts"),
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts.id"], name=op.f("fk_income_verifications_contract_id")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["users.id"], name=op.f("fk_income_verifications_decided_by")
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by"], ["users.id"], name=op.f("fk_income_verifications_submitted_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_income_verifications")),
        sa.UniqueConstraint("number", name=op.f("uq_income_verifications_number")),
    )
    op.create_index(
        op.f("ix_income_verifications_contract_id"), "income_verifications", ["contract_id"], unique=False
    )

    op.create_table(
        "registration_list_items",
        sa.Column("list_id", BIG_ID, nullable=False),
        sa.Column("contract_id", BIG_ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts.id"], name=op.f("fk_registration_list_items_contract_id")
        ),
        sa.ForeignKeyConstraint(
            ["list_id"], ["registration_lists.id"], name=op.f("fk_registration_list_items_list_id")
        ),
        sa.PrimaryKeyConstraint("list_id", "contract_id", name=op.f("pk_registration_list_items")),
    )
    op.create_index(
        op.f("ix_registration_list_items_contract_id"),
        "registration_list_items",
        ["contract_id"],
        unique=False,
    )

    op.create_table(
        "contract_documents",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("contract_id", BIG_ID, nullable=False),
        sa.Column("request_id", BIG_ID, nullable=True),
        sa.Column("income_verification_id", BIG_ID, nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("scan", sa.String(length=32), nullable=False),
        sa.Column("uploaded_by", BIG_ID, nullable=True),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by", BIG_ID, nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts.id"], name=op.f("fk_contract_documents_contract_id")
        ),
        sa.ForeignKeyConstraint(
            ["income_verification_id"],
            ["income_verifications.id"],
            name=op.f("fk_contract_documents_income_verification_id"),
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["contract_requests.id"], name=op.f("fk_contract_documents_request_id")
        ),
        sa.ForeignKeyConstraint(
            ["uploaded_by"], ["users.id"], name=op.f("fk_contract_documents_uploaded_by")
        ),
        sa.ForeignKeyConstraint(
            ["withdrawn_by"], ["users.id"], name=op.f("fk_contract_documents_withdrawn_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_documents")),
    )
    op.create_index(
        op.f("ix_contract_documents_contract_id"), "contract_documents", ["contract_id"], unique=False
    )
    op.create_index(op.f("ix_contract_documents_sha256"), "contract_documents", ["sha256"], unique=False)


def _contract_columns() -> list[sa.Column]:
    return [
        sa.Column(
            "brokered_id",
            BIG_ID,
            sa.ForeignKey("contracts.id", name="fk_contracts_brokered_id"),
            nullable=True,
        ),
        sa.Column("applicant", sa.String(length=32), nullable=False, server_default="seller"),
        sa.Column("royalty_base", sa.String(length=32), nullable=True),
        sa.Column("royalty_terms", sa.String(length=500), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False, server_default="CNY"),
        sa.Column("foreign_amount", sa.BigInteger(), nullable=True),
        sa.Column("exchange_rate", sa.String(length=24), nullable=True),
        sa.Column("rate_on", sa.Date(), nullable=True),
        sa.Column("rate_source", sa.String(length=100), nullable=True),
        sa.Column("confirmed", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("disputed", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("experts_called", sa.Boolean(), nullable=False, server_default=sa.false()),
    ]


def _request_columns() -> list[sa.Column]:
    return [
        sa.Column("reason_code", sa.String(length=32), nullable=True),
        sa.Column(
            "examined_by",
            BIG_ID,
            sa.ForeignKey("users.id", name="fk_contract_requests_examined_by"),
            nullable=True,
        ),
        sa.Column("examined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("examination_note", sa.String(length=1000), nullable=True),
    ]


def _add_columns() -> None:
    for column in _contract_columns():
        op.add_column("contracts", column, inline_references=True)
    op.create_index(op.f("ix_contracts_brokered_id"), "contracts", ["brokered_id"], unique=False)
    for column in _request_columns():
        op.add_column("contract_requests", column, inline_references=True)
    op.add_column("targets", sa.Column("base_year", sa.Integer(), nullable=True))


def _widen_ledger() -> None:
    """Give every line its reach; the one time lines are touched, so the guards step aside for it."""
    op.add_column(
        "turnover_entries",
        sa.Column("reach", sa.String(length=32), nullable=False, server_default="domestic"),
    )
    guards = GUARDS[op.get_bind().dialect.name]
    for name, _ in guards:
        op.execute(f"DROP TRIGGER {name}" + ("" if _on_sqlite() else " ON turnover_entries"))
    for reach, countries in (
        ("hmt", "IN ('344', '446', '158')"),
        ("foreign", "NOT IN ('156', '344', '446', '158')"),
    ):
        op.execute(
            f"UPDATE turnover_entries SET reach = '{reach}' WHERE contract_id IN (SELECT contracts.id "  # noqa: S608
            "FROM contracts JOIN contract_parties ON contract_parties.id IN (seller_id, buyer_id) "
            f"WHERE contract_parties.country_code {countries})"
        )
    for _, statement in guards:
        op.execute(statement)


def _on_sqlite() -> bool:
    return bool(op.get_bind().dialect.name == "sqlite")


GUARDS = {
    "sqlite": tuple(
        (
            f"turnover_entries_no_{deed.lower()}",
            f"CREATE TRIGGER turnover_entries_no_{deed.lower()} BEFORE {deed} ON turnover_entries "
            "BEGIN SELECT RAISE(ABORT, 'turnover_entries is append-only'); END",
        )
        for deed in ("UPDATE", "DELETE")
    ),
    "postgresql": (
        (
            "turnover_entries_no_change",
            "CREATE TRIGGER turnover_entries_no_change BEFORE UPDATE OR DELETE ON turnover_entries "
            "FOR EACH ROW EXECUTE FUNCTION turnover_entries_refuse()",
        ),
    ),
}

AREAS = {
    ("registered", "region"): "station_region",
    ("registered", "province"): "substr(station_region, 1, 2) || '0000'",
    ("registered", "park"): "station_park",
    ("registered", "station"): "CAST(station_id AS VARCHAR(32))",
    ("output", "region"): "seller_region",
    ("output", "province"): "substr(seller_region, 1, 2) || '0000'",
    ("output", "park"): "seller_park",
    ("absorbed", "region"): "buyer_region",
    ("absorbed", "province"): "substr(buyer_region, 1, 2) || '0000'",
    ("absorbed", "park"): "buyer_park",
}
DIMENSIONS = {
    "type": "type_code",
    "field": "tech_field",
    "type_field": "type_code || '/' || tech_field",
    "seller_nature": "seller_nature",
    "buyer_nature": "buyer_nature",
    "ip_kind": "ip_kind",
    "plan_source": "plan_source",
    "reach": "reach",
}
FLOWS = {
    "region_province": ("{seller}", "{buyer_province}"),
    "province_region": ("{seller_province}", "{buyer}"),
    "provinces": ("{seller_province}", "{buyer_province}"),
}
ENDS = {
    "seller": "coalesce(seller_region, 'abroad')",
    "buyer": "coalesce(buyer_region, 'abroad')",
    "seller_province": "coalesce(substr(seller_region, 1, 2) || '0000', 'abroad')",
    "buyer_province": "coalesce(substr(buyer_region, 1, 2) || '0000', 'abroad')",
}
LOCAL_FLOWS = {
    "seller_region": "seller_region = buyer_region AND substr(seller_region, 5, 2) <> '00'",
    "substr(seller_region, 1, 4) || '00'": "substr(seller_region, 1, 4) = substr(buyer_region, 1, 4) "
    "AND substr(seller_region, 3, 2) <> '00'",
}
SUMS = "sum(count), sum(total_fen), sum(tech_fen) FROM turnover_entries"
COUNTED = "sum(count) <> 0 OR sum(total_fen) <> 0 OR sum(tech_fen) <> 0"


def _month() -> str:
    return (
        "date(effective_on, 'start of month')" if _on_sqlite() else "date_trunc('month', effective_on)::date"
    )


def _renew_counters() -> None:
    """Make the counters anew in their wider form, from the ledger."""
    op.drop_table("turnover_counters")
    op.create_table(
        "turnover_counters",
        sa.Column("measure", sa.String(length=32), nullable=False),
        sa.Column("area_kind", sa.String(length=32), nullable=False),
        sa.Column("dimension", sa.String(length=32), nullable=False),
        sa.Column("area", sa.String(length=32), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("deals", sa.Integer(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("tech_fen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "measure", "area_kind", "dimension", "area", "month", "code", name=op.f("pk_turnover_counters")
        ),
    )
    for (measure, kind), area in AREAS.items():
        for dimension, code in DIMENSIONS.items():
            op.execute(
                f"INSERT INTO turnover_counters SELECT '{measure}', '{kind}', '{dimension}', {area}, "
                f"{_month()}, {code}, {SUMS} WHERE {area} IS NOT NULL "
                f"GROUP BY {area}, {_month()}, {code} HAVING {COUNTED}"
            )
    for level, (seller, buyer) in FLOWS.items():
        ends = f"{seller}, {buyer}".format(**ENDS)
        op.execute(
            f"INSERT INTO turnover_flows SELECT '{level}', {ends}, {_month()}, {SUMS} "
            f"GROUP BY {ends}, {_month()} HAVING {COUNTED}"
        )
    for area, where in LOCAL_FLOWS.items():
        op.execute(
            f"INSERT INTO turnover_flows SELECT 'local', {area}, {area}, {_month()}, {SUMS} "
            f"WHERE {where} GROUP BY {area}, {_month()} HAVING {COUNTED}"
        )


def _grant_duties() -> None:
    """Let registrars go on doing what they could, where stations have so far served."""
    op.execute(
        "INSERT INTO station_territories SELECT id, region_code, '升级前的登记机构所在地' FROM organisations "
        "WHERE kind = 'station'"
    )
    for duty in ("examine", "approve", "approve_large"):
        op.execute(
            "INSERT INTO station_duties (station_id, user_id, duty, valid_from, granted_at) "  # noqa: S608
            f"SELECT organisation_id, id, '{duty}', date(created_at), created_at FROM users "
            "WHERE role = 'registrar' AND organisation_id IS NOT NULL"
        )


def downgrade() -> None:
    _restore_counters()
    op.drop_column("turnover_entries", "reach")
    op.drop_column("targets", "base_year")
    for column in _request_columns():
        op.drop_column("contract_requests", column.name)
    op.drop_index(op.f("ix_contracts_brokered_id"), table_name="contracts")
    for column in _contract_columns():
        op.drop_column("contracts", column.name)
    for table in TABLES:
        op.drop_table(table)
    if not _on_sqlite():
        op.execute("DROP FUNCTION releases_refuse()")


TABLES = (
    "contract_documents",
    "registration_list_items",
    "income_verifications",
    "expert_opinions",
    "certificates",
    "attributions",
    "report_events",
    "ranking_rows",
    "ranking_objections",
    "station_duties",
    "releases",
    "registration_lists",
    "rankings",
    "index_values",
    "conversion_reports",
    "station_territories",
    "region_successions",
    "document_requirements",
    "turnover_flows",
    "registration_rules",
    "index_definitions",
    "calendar_days",
)
"""What this migration makes, those that refer to others first."""


def _restore_counters() -> None:
    op.drop_table("turnover_counters")
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
    for (measure, kind), area in AREAS.items():
        if kind in {"region", "park"}:
            op.execute(
                f"INSERT INTO turnover_counters SELECT '{measure}', '{kind}', {area}, {_month()}, type_code, "
                f"tech_field, {SUMS} WHERE {area} IS NOT NULL "
                f"GROUP BY {area}, {_month()}, type_code, tech_field HAVING {COUNTED}"
            )
