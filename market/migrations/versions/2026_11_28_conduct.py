"""Conduct records and appeals."""

revision = "2026_11_28_conduct"
down_revision = "2026_11_28_challenges"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
