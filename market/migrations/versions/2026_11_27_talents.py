"""Talents: roles, consents, erasures."""

revision = "2026_11_27_talents"
down_revision = "2026_11_27_resources"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
