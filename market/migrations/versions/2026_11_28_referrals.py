"""Suggestions across kinds, beside those of needs and achievements."""

revision = "2026_11_28_referrals"
down_revision = "2026_11_27_projects"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
