"""Challenges: bids, panels, scores, notices, awards."""

revision = "2026_11_28_challenges"
down_revision = "2026_11_28_referrals"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
