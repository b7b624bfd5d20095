"""Innovation resources: opening hours, bookings, recognitions, evaluations."""

revision = "2026_11_27_resources"
down_revision = "2026_11_27_chains"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
