"""Registers: entries, their steps, and published editions."""

revision = "2026_11_26_registers"
down_revision = "2026_11_26_need_gate"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
