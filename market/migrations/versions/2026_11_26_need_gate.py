"""Results of checking needs; scenarios as a third kind of listing."""

revision = "2026_11_26_need_gate"
down_revision = "2026_11_25_registration"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
