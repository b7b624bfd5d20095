"""Bundles of achievements and who subscribes to them."""

revision = "2026_11_28_bundles"
down_revision = "2026_11_28_conduct"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
