"""Chain nodes, edges, enterprises and their tags."""

revision = "2026_11_27_chains"
down_revision = "2026_11_26_registers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
