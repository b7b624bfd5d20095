"""Challenges: bids, panels, scores, notices, awards."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_challenges"
down_revision = "2026_11_28_referrals"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "challenge_rule_sets",
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("region_code", sa.String(length=6), nullable=True),
        sa.Column("in_force_from", sa.Date(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("recorded_by", BIG_ID, nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["users.id"], name=op.f("fk_challenge_rule_sets_recorded_by")
        ),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_challenge_rule_sets_region_code")
        ),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_challenge_rule_sets")),
    )
    op.create_table(
        "challenges",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("number", sa.String(length=32), nullable=True),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("mode", sa.String(length=32), nullable=False),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("organisation_id", BIG_ID, nullable=False),
        sa.Column("need_id", BIG_ID, nullable=True),
        sa.Column("technology_id", BIG_ID, nullable=True),
        sa.Column("key", sa.Boolean(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("goals", sa.String(length=5000), nullable=False),
        sa.Column("indicators", sa.JSON(), nullable=False),
        sa.Column("conditions", sa.String(length=5000), nullable=False),
        sa.Column("ip_terms", sa.String(length=2000), nullable=False),
        sa.Column("tech_field", sa.String(length=32), nullable=True),
        sa.Column("chain_code", sa.String(length=32), nullable=True),
        sa.Column("budget_fen", sa.BigInteger(), nullable=False),
        sa.Column("grant_fen", sa.BigInteger(), nullable=False),
        sa.Column("solver_percent", sa.Integer(), nullable=False),
        sa.Column("duration_months", sa.Integer(), nullable=False),
        sa.Column("max_awards", sa.Integer(), nullable=False),
        sa.Column("annex", sa.String(), nullable=True),
        sa.Column("annex_terms", sa.String(length=5000), nullable=True),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("criteria", sa.JSON(), nullable=False),
        sa.Column("screening_note", sa.String(length=1000), nullable=True),
        sa.Column("edition_id", BIG_ID, nullable=True),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("invited_id", BIG_ID, nullable=True),
        sa.Column("postponements", sa.JSON(), nullable=False),
        sa.Column("created_by", BIG_ID, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("budget_fen >= 0 AND grant_fen >= 0", name=op.f("ck_challenges_amounts")),
        sa.CheckConstraint(
            "need_id IS NOT NULL OR technology_id IS NOT NULL", name=op.f("ck_challenges_origin")
        ),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_challenges_created_by")),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_challenges_edition_id")),
        sa.ForeignKeyConstraint(["invited_id"], ["organisations.id"], name=op.f("fk_challenges_invited_id")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_challenges_need_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_challenges_organisation_id")
        ),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_challenges_region_code")),
        sa.ForeignKeyConstraint(
            ["technology_id"], ["key_technologies.id"], name=op.f("fk_challenges_technology_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenges")),
        sa.UniqueConstraint("number", name=op.f("uq_challenges_number")),
    )
    op.create_index(op.f("ix_challenges_edition_id"), "challenges", ["edition_id"], unique=False)
    op.create_index(op.f("ix_challenges_need_id"), "challenges", ["need_id"], unique=False)
    op.create_index(op.f("ix_challenges_organisation_id"), "challenges", ["organisation_id"], unique=False)
    op.create_index("ix_challenges_region_code_status", "challenges", ["region_code", "status"], unique=False)
    op.create_index(op.f("ix_challenges_technology_id"), "challenges", ["technology_id"], unique=False)
    op.create_table(
        "annex_agreements",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("challenge_id", BIG_ID, nullable=False),
        sa.Column("organisation_id", BIG_ID, nullable=False),
        sa.Column("terms_digest", sa.String(length=64), nullable=False),
        sa.Column("agreed_by", BIG_ID, nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agreed_by"], ["users.id"], name=op.f("fk_annex_agreements_agreed_by")),
        sa.ForeignKeyConstraint(
            ["challenge_id"], ["challenges.id"], name=op.f("fk_annex_agreements_challenge_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_annex_agreements_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annex_agreements")),
        sa.UniqueConstraint(
            "challenge_id",
            "organisation_id",
            "terms_digest",
            name=op.f("uq_annex_agreements_challenge_id_organisation_id_terms_digest"),
        ),
    )
    op.create_table(
        "challenge_bids",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("challenge_id", BIG_ID, nullable=False),
        sa.Column("organisation_id", BIG_ID, nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("leader_name", sa.String(length=64), nullable=True),
        sa.Column("leader_talent_id", BIG_ID, nullable=True),
        sa.Column("plan", sa.String(), nullable=False),
        sa.Column("confidential", sa.String(), nullable=True),
        sa.Column("results", sa.String(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_by", BIG_ID, nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("check_note", sa.String(length=1000), nullable=True),
        sa.Column("created_by", BIG_ID, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_challenge_bids_amount")),
        sa.CheckConstraint(
            "leader_name IS NOT NULL OR leader_talent_id IS NOT NULL", name=op.f("ck_challenge_bids_led")
        ),
        sa.ForeignKeyConstraint(
            ["challenge_id"], ["challenges.id"], name=op.f("fk_challenge_bids_challenge_id")
        ),
        sa.ForeignKeyConstraint(["checked_by"], ["users.id"], name=op.f("fk_challenge_bids_checked_by")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_challenge_bids_created_by")),
        sa.ForeignKeyConstraint(
            ["leader_talent_id"], ["talents.id"], name=op.f("fk_challenge_bids_leader_talent_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_challenge_bids_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenge_bids")),
    )
    op.create_index(
        op.f("ix_challenge_bids_leader_talent_id"), "challenge_bids", ["leader_talent_id"], unique=False
    )
    op.create_index(
        op.f("ix_challenge_bids_organisation_id"), "challenge_bids", ["organisation_id"], unique=False
    )
    op.create_index(
        "uq_challenge_bids_standing",
        "challenge_bids",
        ["challenge_id", "organisation_id"],
        unique=True,
        sqlite_where=sa.text("status <> 'withdrawn'"),
        postgresql_where=sa.text("status <> 'withdrawn'"),
    )
    op.create_table(
        "integrity_records",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("talent_id", BIG_ID, nullable=True),
        sa.Column("organisation_id", BIG_ID, nullable=True),
        sa.Column("challenge_id", BIG_ID, nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("barred_until", sa.Date(), nullable=False),
        sa.Column("recorded_by", BIG_ID, nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by", BIG_ID, nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawal_note", sa.String(length=1000), nullable=True),
        sa.CheckConstraint(
            "(talent_id IS NULL) <> (organisation_id IS NULL)", name=op.f("ck_integrity_records_one_subject")
        ),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawal_note IS NULL)", name=op.f("ck_integrity_records_withdrawn")
        ),
        sa.ForeignKeyConstraint(
            ["challenge_id"], ["challenges.id"], name=op.f("fk_integrity_records_challenge_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_integrity_records_organisation_id")
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_integrity_records_recorded_by")),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_integrity_records_region_code")
        ),
        sa.ForeignKeyConstraint(["talent_id"], ["talents.id"], name=op.f("fk_integrity_records_talent_id")),
        sa.ForeignKeyConstraint(
            ["withdrawn_by"], ["users.id"], name=op.f("fk_integrity_records_withdrawn_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_integrity_records")),
    )
    op.create_index(
        op.f("ix_integrity_records_organisation_id"), "integrity_records", ["organisation_id"], unique=False
    )
    op.create_index(
        op.f("ix_integrity_records_region_code"), "integrity_records", ["region_code"], unique=False
    )
    op.create_index(op.f("ix_integrity_records_talent_id"), "integrity_records", ["talent_id"], unique=False)
    op.create_table(
        "notices",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("challenge_id", BIG_ID, nullable=False),
        sa.Column("winners", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("published_by", BIG_ID, nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenges.id"], name=op.f("fk_notices_challenge_id")),
        sa.ForeignKeyConstraint(["published_by"], ["users.id"], name=op.f("fk_notices_published_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index(
        "uq_notices_standing",
        "notices",
        ["challenge_id"],
        unique=True,
        sqlite_where=sa.text("withdrawn_at IS NULL"),
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_table(
        "panels",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("challenge_id", BIG_ID, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("region_code", sa.String(length=6), nullable=True),
        sa.Column("note", sa.String(length=900), nullable=True),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("eligible", sa.JSON(), nullable=False),
        sa.Column("excluded", sa.JSON(), nullable=False),
        sa.Column("order", sa.JSON(), nullable=False),
        sa.Column("passed_over", sa.JSON(), nullable=False),
        sa.Column("drawn_by", BIG_ID, nullable=True),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenges.id"], name=op.f("fk_panels_challenge_id")),
        sa.ForeignKeyConstraint(["drawn_by"], ["users.id"], name=op.f("fk_panels_drawn_by")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_panels_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panels")),
        sa.UniqueConstraint("challenge_id", "round", name=op.f("uq_panels_challenge_id_round")),
    )
    op.create_table(
        "awards",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("challenge_id", BIG_ID, nullable=False),
        sa.Column("bid_id", BIG_ID, nullable=False),
        sa.Column("organisation_id", BIG_ID, nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("grant_fen", sa.BigInteger(), nullable=False),
        sa.Column("project_id", BIG_ID, nullable=False),
        sa.Column("awarded_by", BIG_ID, nullable=True),
        sa.Column("awarded_on", sa.Date(), nullable=False),
        sa.Column("contracted_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("amount_fen > 0 AND grant_fen >= 0", name=op.f("ck_awards_amounts")),
        sa.ForeignKeyConstraint(["awarded_by"], ["users.id"], name=op.f("fk_awards_awarded_by")),
        sa.ForeignKeyConstraint(["bid_id"], ["challenge_bids.id"], name=op.f("fk_awards_bid_id")),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenges.id"], name=op.f("fk_awards_challenge_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_awards_organisation_id")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_awards_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_awards")),
        sa.UniqueConstraint("bid_id", name=op.f("uq_awards_bid_id")),
    )
    op.create_index(op.f("ix_awards_awarded_on"), "awards", ["awarded_on"], unique=False)
    op.create_index(op.f("ix_awards_challenge_id"), "awards", ["challenge_id"], unique=False)
    op.create_index(op.f("ix_awards_organisation_id"), "awards", ["organisation_id"], unique=False)
    op.create_index(op.f("ix_awards_project_id"), "awards", ["project_id"], unique=False)
    op.create_table(
        "challenge_bid_members",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("bid_id", BIG_ID, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=True),
        sa.Column("unit", sa.String(length=200), nullable=True),
        sa.Column("organisation_id", BIG_ID, nullable=True),
        sa.Column("talent_id", BIG_ID, nullable=True),
        sa.Column("duty", sa.String(length=100), nullable=True),
        sa.CheckConstraint(
            "name IS NOT NULL OR talent_id IS NOT NULL", name=op.f("ck_challenge_bid_members_named")
        ),
        sa.ForeignKeyConstraint(
            ["bid_id"], ["challenge_bids.id"], name=op.f("fk_challenge_bid_members_bid_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_challenge_bid_members_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["talent_id"], ["talents.id"], name=op.f("fk_challenge_bid_members_talent_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenge_bid_members")),
        sa.UniqueConstraint("bid_id", "talent_id", name=op.f("uq_challenge_bid_members_bid_id_talent_id")),
    )
    op.create_index(
        op.f("ix_challenge_bid_members_bid_id"), "challenge_bid_members", ["bid_id"], unique=False
    )
    op.create_index(
        op.f("ix_challenge_bid_members_talent_id"), "challenge_bid_members", ["talent_id"], unique=False
    )
    op.create_table(
        "challenge_objections",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("challenge_id", BIG_ID, nullable=False),
        sa.Column("notice_id", BIG_ID, nullable=False),
        sa.Column("words", sa.String(length=2000), nullable=False),
        sa.Column("evidence", sa.String(length=2000), nullable=True),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("filed_by", BIG_ID, nullable=True),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.String(length=2000), nullable=True),
        sa.Column("answered_by", BIG_ID, nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["users.id"], name=op.f("fk_challenge_objections_answered_by")
        ),
        sa.ForeignKeyConstraint(
            ["challenge_id"], ["challenges.id"], name=op.f("fk_challenge_objections_challenge_id")
        ),
        sa.ForeignKeyConstraint(["filed_by"], ["users.id"], name=op.f("fk_challenge_objections_filed_by")),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notices.id"], name=op.f("fk_challenge_objections_notice_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenge_objections")),
    )
    op.create_index(
        op.f("ix_challenge_objections_challenge_id"), "challenge_objections", ["challenge_id"], unique=False
    )
    op.create_table(
        "panel_seats",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("panel_id", BIG_ID, nullable=False),
        sa.Column("challenge_id", BIG_ID, nullable=False),
        sa.Column("talent_id", BIG_ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("words", sa.String(length=1000), nullable=True),
        sa.Column("declared_by", BIG_ID, nullable=True),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["challenge_id"], ["challenges.id"], name=op.f("fk_panel_seats_challenge_id")
        ),
        sa.ForeignKeyConstraint(["declared_by"], ["users.id"], name=op.f("fk_panel_seats_declared_by")),
        sa.ForeignKeyConstraint(["panel_id"], ["panels.id"], name=op.f("fk_panel_seats_panel_id")),
        sa.ForeignKeyConstraint(["talent_id"], ["talents.id"], name=op.f("fk_panel_seats_talent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panel_seats")),
        sa.UniqueConstraint("challenge_id", "talent_id", name=op.f("uq_panel_seats_challenge_id_talent_id")),
    )
    op.create_index(op.f("ix_panel_seats_panel_id"), "panel_seats", ["panel_id"], unique=False)
    op.create_index(op.f("ix_panel_seats_talent_id"), "panel_seats", ["talent_id"], unique=False)
    op.create_table(
        "award_reviews",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("award_id", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("decision", sa.String(length=32), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("rectify_by", sa.Date(), nullable=True),
        sa.Column("reviewed_by", BIG_ID, nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["award_id"], ["awards.id"], name=op.f("fk_award_reviews_award_id")),
        sa.ForeignKeyConstraint(["reviewed_by"], ["users.id"], name=op.f("fk_award_reviews_reviewed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award_reviews")),
    )
    op.create_index(op.f("ix_award_reviews_award_id"), "award_reviews", ["award_id"], unique=False)
    op.create_table(
        "challenge_events",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("challenge_id", BIG_ID, nullable=False),
        sa.Column("bid_id", BIG_ID, nullable=True),
        sa.Column("award_id", BIG_ID, nullable=True),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=True),
        sa.Column("target", sa.String(length=32), nullable=False),
        sa.Column("actor_id", BIG_ID, nullable=True),
        sa.Column("note", sa.String(length=1000), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_challenge_events_actor_id")),
        sa.ForeignKeyConstraint(["award_id"], ["awards.id"], name=op.f("fk_challenge_events_award_id")),
        sa.ForeignKeyConstraint(["bid_id"], ["challenge_bids.id"], name=op.f("fk_challenge_events_bid_id")),
        sa.ForeignKeyConstraint(
            ["challenge_id"], ["challenges.id"], name=op.f("fk_challenge_events_challenge_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenge_events")),
    )
    op.create_index(
        op.f("ix_challenge_events_challenge_id"), "challenge_events", ["challenge_id"], unique=False
    )
    op.create_table(
        "grant_payments",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("award_id", BIG_ID, nullable=False),
        sa.Column("payee", sa.String(length=32), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=True),
        sa.Column("project_payment_id", BIG_ID, nullable=False),
        sa.Column("recorded_by", BIG_ID, nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by", BIG_ID, nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_grant_payments_amount")),
        sa.ForeignKeyConstraint(["award_id"], ["awards.id"], name=op.f("fk_grant_payments_award_id")),
        sa.ForeignKeyConstraint(
            ["project_payment_id"], ["project_payments.id"], name=op.f("fk_grant_payments_project_payment_id")
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_grant_payments_recorded_by")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["users.id"], name=op.f("fk_grant_payments_withdrawn_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant_payments")),
        sa.UniqueConstraint("project_payment_id", name=op.f("uq_grant_payments_project_payment_id")),
    )
    op.create_index(op.f("ix_grant_payments_award_id"), "grant_payments", ["award_id"], unique=False)
    op.create_table(
        "score_sheets",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("bid_id", BIG_ID, nullable=False),
        sa.Column("seat_id", BIG_ID, nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("points", sa.JSON(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("comment", sa.String(length=2000), nullable=True),
        sa.Column("scored_by", BIG_ID, nullable=True),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["bid_id"], ["challenge_bids.id"], name=op.f("fk_score_sheets_bid_id")),
        sa.ForeignKeyConstraint(["scored_by"], ["users.id"], name=op.f("fk_score_sheets_scored_by")),
        sa.ForeignKeyConstraint(["seat_id"], ["panel_seats.id"], name=op.f("fk_score_sheets_seat_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_sheets")),
        sa.UniqueConstraint("bid_id", "seat_id", "round", name=op.f("uq_score_sheets_bid_id_seat_id_round")),
    )
    op.create_index(op.f("ix_score_sheets_seat_id"), "score_sheets", ["seat_id"], unique=False)
    op.create_index(
        "uq_score_sheets_owner",
        "score_sheets",
        ["bid_id", "round"],
        unique=True,
        sqlite_where=sa.text("seat_id IS NULL"),
        postgresql_where=sa.text("seat_id IS NULL"),
    )
    op.add_column(
        "contracts",
        sa.Column(
            "award_id", BIG_ID, sa.ForeignKey("awards.id", name=op.f("fk_contracts_award_id")), nullable=True
        ),
        inline_references=True,
    )
    op.create_index(op.f("ix_contracts_award_id"), "contracts", ["award_id"])
    op.add_column(
        "project_payments",
        sa.Column("held_elsewhere", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    op.drop_column("project_payments", "held_elsewhere")
    op.drop_index(op.f("ix_contracts_award_id"), "contracts")
    op.drop_column("contracts", "award_id")
    op.drop_index(
        "uq_score_sheets_owner",
        table_name="score_sheets",
        sqlite_where=sa.text("seat_id IS NULL"),
        postgresql_where=sa.text("seat_id IS NULL"),
    )
    op.drop_index(op.f("ix_score_sheets_seat_id"), table_name="score_sheets")
    op.drop_table("score_sheets")
    op.drop_index(op.f("ix_grant_payments_award_id"), table_name="grant_payments")
    op.drop_table("grant_payments")
    op.drop_index(op.f("ix_challenge_events_challenge_id"), table_name="challenge_events")
    op.drop_table("challenge_events")
    op.drop_index(op.f("ix_award_reviews_award_id"), table_name="award_reviews")
    op.drop_table("award_reviews")
    op.drop_index(op.f("ix_panel_seats_talent_id"), table_name="panel_seats")
    op.drop_index(op.f("ix_panel_seats_panel_id"), table_name="panel_seats")
    op.drop_table("panel_seats")
    op.drop_index(op.f("ix_challenge_objections_challenge_id"), table_name="challenge_objections")
    op.drop_table("challenge_objections")
    op.drop_index(op.f("ix_challenge_bid_members_talent_id"), table_name="challenge_bid_members")
    op.drop_index(op.f("ix_challenge_bid_members_bid_id"), table_name="challenge_bid_members")
    op.drop_table("challenge_bid_members")
    op.drop_index(op.f("ix_awards_project_id"), table_name="awards")
    op.drop_index(op.f("ix_awards_organisation_id"), table_name="awards")
    op.drop_index(op.f("ix_awards_challenge_id"), table_name="awards")
    op.drop_index(op.f("ix_awards_awarded_on"), table_name="awards")
    op.drop_table("awards")
    op.drop_table("panels")
    op.drop_index(
        "uq_notices_standing",
        table_name="notices",
        sqlite_where=sa.text("withdrawn_at IS NULL"),
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.drop_table("notices")
    op.drop_index(op.f("ix_integrity_records_talent_id"), table_name="integrity_records")
    op.drop_index(op.f("ix_integrity_records_region_code"), table_name="integrity_records")
    op.drop_index(op.f("ix_integrity_records_organisation_id"), table_name="integrity_records")
    op.drop_table("integrity_records")
    op.drop_index(
        "uq_challenge_bids_standing",
        table_name="challenge_bids",
        sqlite_where=sa.text("status <> 'withdrawn'"),
        postgresql_where=sa.text("status <> 'withdrawn'"),
    )
    op.drop_index(op.f("ix_challenge_bids_organisation_id"), table_name="challenge_bids")
    op.drop_index(op.f("ix_challenge_bids_leader_talent_id"), table_name="challenge_bids")
    op.drop_table("challenge_bids")
    op.drop_table("annex_agreements")
    op.drop_index(op.f("ix_challenges_technology_id"), table_name="challenges")
    op.drop_index("ix_challenges_region_code_status", table_name="challenges")
    op.drop_index(op.f("ix_challenges_organisation_id"), table_name="challenges")
    op.drop_index(op.f("ix_challenges_need_id"), table_name="challenges")
    op.drop_index(op.f("ix_challenges_edition_id"), table_name="challenges")
    op.drop_table("challenges")
    op.drop_table("challenge_rule_sets")
