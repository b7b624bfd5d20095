"""The tree of city, counties and service nodes."""

revision = "2026_11_28_network"
down_revision = "2026_11_28_bundles"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
